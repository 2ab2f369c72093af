"""A workflow: what each generation trains on."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from inspect import isfunction
from typing import Any, ClassVar, Self, TypeGuard, TypeVar

from flint import fmpq
from sympy import (
    Add,
    Eq,
    Expr,
    Integer,
    N,
    Piecewise,
    Poly,
    Rational,
    S,
    Symbol,
    expand,
    floor,
    fraction,
    oo,
    piecewise_fold,
    radsimp,
    simplify,
    together,
)
from sympy.core.relational import Relational

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, exact, quoted, replacements, unchanging
from theory.expressions.block_size import BlockSize
from theory.expressions.parser import parse
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.signs import ranges_of
from theory.expressions.symbols import j
from theory.workflows.dynamics import Draw, Dynamics

ONE: Expr = Integer(1)


class Workflow(ABC):
    r"""What model :math:`g` is fitted on, for every generation :math:`g \ge 1`.

    Model :math:`g` weighs the blocks :math:`1, \dots, g`,

    .. math:: \theta_g = \sum_{j \le g} w_{g,j}\, \bar x_j \;(+\; \sum_{i \le g} \omega_{g,i}\, \bar x^{\text{real}}_i),

    where block 1 is real, block :math:`j \ge 2` is sampled from model :math:`j-1`, and
    :math:`\bar x^{\text{real}}_i` are real samples drawn afresh at generation :math:`i` (no workflow
    has them unless it says so; most use them in model i alone, :math:`\omega_{g,i} = 0` for i < g). For
    estimators that are not means, model :math:`g` minimises
    :math:`\sum_j w_{g,j}` times the mean loss on block :math:`j`.

    To write your own workflow, subclass and implement :meth:`weights`; then run
    :func:`theory.testing.check_workflow` on it.

    Attributes
    ----------
    sizes : SymPy expression in ``theory.j``, or :class:`theory.RandomSizes`
        Size schedule s(j): block j holds n·s(j) samples. Default 1.

    Notes
    -----
    The convention of the papers in :mod:`theory.papers`: weights of blocks, one row a generation.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from sympy import Rational
    >>> from theory import Bernoulli, Workflow, expected_risk
    >>> @dataclass(frozen=True)
    ... class Halves(Workflow):
    ...     name = "halves"
    ...     def weights(self, g):
    ...         return [1] if g == 1 else [Rational(1, 2)] + [0] * (g - 2) + [Rational(1, 2)]
    >>> expected_risk(Bernoulli(p="1/2", n=10), Halves()).at(3)
    2041/64000
    """

    sizes: Exact = ONE
    name: ClassVar[str] = "workflow"
    #: What each parameter is: a "count", a "probability", an "amount" of data in units of n, or a "schedule" of sizes.
    roles: ClassVar[dict[str, str]] = {}
    #: Whether real samples drawn afresh at one generation have a weight in later models too.
    keeps_fresh: ClassVar[bool] = False
    #: Whether every row stays: each model is fitted on all those of the model before, and more.
    only_grows: ClassVar[bool] = False
    #: Whether the weights look at the sizes of blocks, as those of pools do.
    weighs_by_size: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Plain whole numbers and fractions are exact: where a user's own method gives one, it is taken as such."""
        super().__init_subclass__(**kwargs)
        if not cls.__module__.startswith("theory."):
            for name in ("size", "fresh_weight", "fresh_size", "fresh_weights"):
                if isfunction(own := vars(cls).get(name)):
                    setattr(cls, name, _exact_amounts(own))
            # Weights of its own are not those that a parent's shorter words for its weights tell of.
            if "weights" in vars(cls) and "weight_runs" not in vars(cls):
                cls.weight_runs = Workflow.weight_runs  # type: ignore[method-assign]
            if "fresh_weights" in vars(cls) and "fresh_runs" not in vars(cls):
                cls.fresh_runs = Workflow.fresh_runs  # type: ignore[method-assign]

    @abstractmethod
    def weights(self, g: int) -> Sequence[Any]:
        """Weights of blocks 1..g in model ``g``: exact rationals (or expressions) that sum to 1.

        With fresh real data they sum to 1 less the weights of those.
        """

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """:meth:`weights` in runs of equals, each a number of blocks and the weight that each of them has; else None.

        A class with weights of its own has none unless it says so.
        """
        return None

    def size(self, index: int | Expr) -> Expr:
        """s(index), the size of a block in units of n; of fresh or pooled blocks alike."""
        sizes = self.schedule
        if sizes.is_Rational:
            return sizes
        value = sizes.subs(j, index)
        if value.is_number and not value.is_positive:
            raise DomainError(
                f"sizes = {self.sizes} is not a size schedule: s({index}) = {value}, and every size must be positive."
            )
        return value

    @property
    def schedule(self) -> Expr:
        """``sizes`` as an exact expression in ``theory.j``.

        Raises
        ------
        NotDerivedError
            For random sizes, which are no schedule.
        """
        if self.random_sizes is not None:
            raise NotDerivedError(
                f"workflow = {self.name} has blocks of random size: this is derived for schedules of sizes only."
            )
        return self.sizes if isinstance(self.sizes, Expr) else exact("sizes", self.sizes)

    @property
    def random_sizes(self) -> RandomSizes | None:
        """The law of the sizes where they are random; None where they are a schedule."""
        return self.sizes if isinstance(self.sizes, RandomSizes) else None

    def equal_sizes(self) -> Workflow | None:
        """The same workflow with blocks of n samples, where its weights do not look at sizes that are random."""
        return None if self.weighs_by_size else self.with_sizes(ONE)

    def with_sizes(self, sizes: Expr) -> Workflow:
        """The same workflow with other block sizes."""
        return replace(self, sizes=sizes)  # type: ignore[type-var]

    def rows(self, g: int | Expr) -> Expr:
        """Number of samples that model ``g`` is fitted on, in units of n: those with a weight.

        Raises
        ------
        NotDerivedError
            For a generation that is a symbol, where the workflow has no formula.
        """
        draw = self.draw(g)
        if draw is not None:
            return draw.size
        if not isinstance(g, int):
            raise NotDerivedError(f"generation = {g} is symbolic: {type(self).__name__} has no formula for its rows.")
        used = (self.size(index) for index, weight in enumerate(self.weights(g), start=1) if weight != 0)
        return sum(used, self.fresh_rows(g))

    @property
    def pooled(self) -> Expr | None:
        """How many of the latest blocks are pooled, every sample alike: 1, k, ``oo`` for all; None for other weights.

        What it says is compared with :meth:`weights` where it is used; see :func:`pooled_blocks`.
        """
        return None

    @property
    def pools_by_size(self) -> bool:
        """Whether :attr:`pooled` tells of the weights that this class has, and not of those of a parent."""
        owners = (next(cls for cls in type(self).__mro__ if name in vars(cls)) for name in ("weights", "pooled"))
        return next(owners) is next(owners) and type(self).__module__.startswith("theory.") and self.pooled is not None

    def fresh_weight(self, g: int | Expr) -> Expr:
        """Weight of the real samples drawn afresh at generation ``g``; 0 when there are none."""
        return S.Zero

    def fresh_size(self, g: int | Expr) -> Expr:
        """Number of real samples drawn afresh at generation ``g``, in units of n."""
        return S.Zero

    def fresh_weights(self, g: int) -> list[Expr]:
        """Weights in model ``g`` of the real samples drawn afresh at generations 1 … g, the first of them 0.

        A workflow that gives earlier ones a weight says so by ``keeps_fresh``.
        """
        return [S.Zero] * (g - 1) + [self.fresh_weight(g) if g > 1 else S.Zero]

    def fresh_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """:meth:`fresh_weights` in runs of equals, as :meth:`weight_runs` has the weights; None where it has none."""
        return None

    def fresh_rows(self, g: int) -> Expr:
        """Number of real samples, drawn afresh at generations 2 … g, that model ``g`` gives a weight, in units of n."""
        weights = enumerate(self.fresh_weights(g), start=1)
        return sum((self.fresh_size(index) for index, weight in weights if weight != 0), S.Zero)

    @property
    def biased_real(self) -> bool:
        """Whether some real samples are biased: :meth:`fresh_bias` is not 0 for ever."""
        return False

    def fresh_bias(self, g: int | Expr) -> Expr:
        """How far from the truth the real samples of generation ``g`` are on average; block 1 among them."""
        return S.Zero

    def draw(self, g: int | Expr) -> Draw | None:
        """The random subsample that model ``g`` is fitted on, or None: it is fitted on every sample."""
        return None

    def drawn_noise(self, g: int) -> Expr:
        """Variance of the draw's mean about that of all rows, beside a unit block's, to leading order.

        0 where no subsample is drawn, or all rows are.

        Raises
        ------
        NotDerivedError
            Where the workflow draws a subsample and does not say.
        """
        if self.draw(g) is None:
            return S.Zero
        raise NotDerivedError(
            f"workflow = {self.name} draws a subsample but states no pool dynamics: no limit is derived."
        )

    def undrawn(self) -> Workflow:
        """The same without the draw, from whose rows is drawn: its expectations are the same."""
        return self

    def dynamics(self) -> Dynamics | None:
        """The same workflow as a recursion whose coefficients are expressions in g; None if it has none.

        Closed forms come from here. Without it every quantity is still exact at every G, by the weights.
        """
        return None

    @property
    def chain(self) -> Workflow:
        """One chain of models that holds those of this workflow, at the places :meth:`place`; often itself.

        An ecosystem of several models is one chain in which they take turns.
        """
        return self

    def place(self, g: int) -> int:
        """Which model of :attr:`chain` model ``g`` is."""
        return g

    def simplest(self) -> Workflow:
        """The workflow with fewest parts whose models have the same law at every generation; often itself.

        Risks are derived for it, so that a share of 0, or a window of one block, is known as well as replace is.
        """
        return self

    @property
    def real_only(self) -> Expr | None:
        """Amount of real data, in units of n, that models 2, 3, … are fitted on alone; None where they have more."""
        return None

    def ranges(self) -> dict[Symbol, Expr]:
        """Parameters that are symbols, in variables that run over [0, ∞); see :mod:`theory.expressions.signs`."""
        return ranges_of(self.roles, {name: getattr(self, name) for name in self.roles})

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """The workflow with symbols replaced in its parameters, as in SymPy."""
        if not is_dataclass(self):
            return self
        pairs, changed = replacements(self.free_symbols, args, kwargs), {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Expr):
                changed[field.name] = value.subs(pairs)
        return replace(self, **changed)  # type: ignore[return-value]

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the parameters, other than ``theory.j``."""
        found: set[Any] = set()
        if is_dataclass(self):
            for field in fields(self):
                value = getattr(self, field.name)
                if isinstance(value, Expr):
                    found |= value.free_symbols
        else:
            found |= self.schedule.free_symbols
        return found - {j}


def _exact_amounts(method: Callable[..., Any]) -> Callable[..., Any]:
    def in_fractions(value: Any) -> Any:
        plain = isinstance(value, numbers.Rational) and not isinstance(value, (bool, Expr))
        return Rational(int(value.numerator), int(value.denominator)) if plain else value

    @wraps(method)
    def amount(self: Workflow, index: Any) -> Any:
        value = method(self, index)
        return [in_fractions(entry) for entry in value] if isinstance(value, list | tuple) else in_fractions(value)

    return amount


def verify_workflow(workflow: object) -> None:
    """Refuse what is no workflow, such as the name or the class of one."""
    if not isinstance(workflow, Workflow):
        raise DomainError(
            f"workflow = {quoted(workflow)} is not a workflow: give an instance, such as Accumulate(), or your own."
        )


def size_schedule(value: object) -> Expr:
    """Verify sizes: an expression in ``theory.j``, positive on the first blocks, a table, or a law of random ones.

    A table is a list of the first sizes, two or more; the last of them is that of every later block.
    """
    if isinstance(value, list) and len(value) > 1:
        *first, last = (unchanging("sizes", size) for size in value)
        value = Piecewise(*((size, Eq(j, index)) for index, size in enumerate(first, start=1)), (last, True))
    if isinstance(value, RandomSizes):
        return RandomSizes(value.generating_function)  # where symbols were replaced it has not been verified
    if isinstance(value, str) and value.strip().startswith("random"):
        return RandomSizes.read(value)
    if isinstance(value, BlockSize):
        return value
    schedule = exact("sizes", value)
    for index in probes(schedule):
        size = schedule.subs(j, index)
        if size.is_positive is False or size.is_real is False:
            raise DomainError(
                f"sizes = {value} is not a size schedule: s({index}) = {size}, and every size must be positive."
            )
    return schedule


def probes(schedule: Expr) -> list[int]:
    """Blocks at which a schedule must be positive; where :func:`is_decided`, none other need be looked at.

    A rational function keeps its sign between two roots of its numerator or denominator, a condition its truth between
    two roots of what it compares. So the first blocks and the whole numbers around every root meet every sign there is.
    """
    # Powers of two as well: a schedule that is no rational function may turn negative late.
    found = {1, 2, 3, 10, 100, *(2**power for power in range(11))}
    for polynomial in _turns(schedule)[0]:
        for root in polynomial.real_roots():
            last = int(floor(root))
            found |= {last - 1, last, last + 1, last + 2}
    return sorted(index for index in found if index >= 1)


def is_decided(schedule: Expr) -> bool:
    """Whether the signs at :func:`probes` are all the signs that a schedule ever has."""
    return _turns(schedule)[1]


def _turns(schedule: Expr) -> tuple[list[Poly], bool]:
    """Polynomials whose roots are all the places where a schedule turns; and whether these are all of them."""
    whole = piecewise_fold(schedule) if schedule.has(Piecewise) else schedule
    found: list[Poly] = []
    complete = True
    for branch, condition in whole.args if isinstance(whole, Piecewise) else ((whole, S.true),):
        compared = [relation.lhs - relation.rhs for relation in condition.atoms(Relational)]
        for function in (branch, *compared):
            if not function.is_rational_function(j) or function.free_symbols - {j}:
                complete = False
                continue
            for part in fraction(together(function)):
                polynomial = Poly(part, j)
                if not (polynomial.domain.is_QQ or polynomial.domain.is_ZZ):
                    complete = False
                elif polynomial.degree() > 0:
                    found.append(polynomial)
    return found, complete


Kind = TypeVar("Kind", bound=Workflow)


def weighs_as(workflow: Workflow, kind: type[Kind]) -> TypeGuard[Kind]:
    """Whether a workflow is of a class and has its weights: one that is derived from the class may have others."""
    return isinstance(workflow, kind) and type(workflow).weights is kind.weights


def pooled_weights(workflow: Workflow, first: int, g: int) -> list[Expr]:
    """Weights proportional to size over blocks first..g, zero before."""
    if workflow.schedule.is_Rational:
        return [S.Zero] * (first - 1) + [Rational(1, g - first + 1)] * (g - first + 1)
    sizes = [workflow.size(index) for index in range(first, g + 1)]
    total = sum(sizes, S.Zero)
    return [S.Zero] * (first - 1) + [size / total for size in sizes]


def pooled_runs(workflow: Workflow, first: int, g: int) -> list[tuple[int, Expr]] | None:
    """:func:`pooled_weights` of equal blocks in runs of equals; None where sizes differ."""
    if workflow.random_sizes is not None or not workflow.schedule.is_Rational:
        return None
    return [(first - 1, S.Zero), (g - first + 1, Rational(1, g - first + 1))]


def pooled_blocks(workflow: Workflow) -> Expr | None:
    """``workflow.pooled``, seen to be what the first weights say.

    Raises
    ------
    DomainError
        When a weight of the first generations is not that of the pool.
    """
    count = workflow.pooled
    if workflow.random_sizes is not None:
        return None  # they are no weights that are known beforehand
    if count is None or not (count == oo or count.is_Integer):
        return count
    for g in range(1, (3 if count == oo else min(int(count), 6)) + 3):
        stated = pooled_weights(workflow, 1 if count == oo else max(1, g - int(count) + 1), g)
        if any(_differ(*pair) for pair in zip(exact_weights(workflow, g), stated, strict=True)):
            name = type(workflow).__name__
            raise DomainError(f"{name}.pooled = {count} is not what {name}.weights({g}) says: {workflow.weights(g)}.")
    return count


def exact_weights(workflow: Workflow, g: int) -> list[Expr]:
    """``workflow.weights(g)`` verified: one weight a block, exact, and summing to one.

    Notes
    -----
    Verified here.

    Examples
    --------
    >>> from theory import Accumulate
    >>> exact_weights(Accumulate(), 3)
    [1/3, 1/3, 1/3]
    """
    name = type(workflow).__name__
    returned = workflow.weights(g)
    if not isinstance(returned, Iterable):
        raise DomainError(
            f"{name}.weights({g}) = {quoted(returned)} is not a list: give one weight for each of the {g} blocks."
        )
    raw = list(returned)
    if len(raw) != g:
        raise DomainError(f"{name}.weights({g}) has {len(raw)} entries: give one weight for each of the {g} blocks.")
    fresh = [value for value in workflow.fresh_weights(g) if value != 0]
    known = all(isinstance(value, Rational) for value in (*raw, *fresh))
    # Summed by FLINT, since long tables of rationals are common.
    if known and sum((fmpq(value.p, value.q) for value in (*raw, *fresh)), fmpq(0)) == 1:
        return raw
    weights = []
    for index, value in enumerate(raw, start=1):
        if isinstance(value, float) or getattr(value, "is_Float", False):
            raise DomainError(
                f"{name}.weights({g})[{index - 1}] = {value} is a float: give an exact fraction, "
                f"such as Rational({Rational(str(value)).limit_denominator(1000)})."
            )
        entry = f"{name}.weights({g})[{index - 1}]"
        # A function gave them, so any name in them is its own; that they sum to 1 says enough.
        weight = exact(entry, parse(value, entry) if isinstance(value, str) else value, most_bits=None)
        if weight.is_real is False:
            raise DomainError(f"{entry} = {weight} is not a real number: weights are shares.")
        weights.append(weight)
    missing = sum((*weights, *fresh), S.Zero) - 1
    if missing == 0 or expand(fraction(together(missing))[0]) == 0:
        return [_cleared(weight) for weight in weights]
    weights = [_cleared(weight) for weight in weights]
    missing = sum((*weights, *fresh), S.Zero) - 1
    if missing != 0 and expand(missing) != 0 and (_is_apparent(missing) or missing.simplify() != 0):
        raise DomainError(f"{name}.weights({g}) sums to {missing + 1}: the weights must sum to 1.")
    return weights


def _cleared(weight: Expr) -> Expr:
    """Without roots in the denominator: sums of such weights fold. A denominator of more than four terms stays."""
    if not weight.is_number or weight.is_Rational or len(Add.make_args(fraction(weight)[1])) > 4:
        return weight
    return radsimp(weight)


def _differ(one: Expr, other: Expr) -> bool:
    """Whether two exact numbers differ, however their roots are written."""
    difference = one - other
    return difference != 0 and (_is_apparent(difference) if difference.is_number else simplify(difference) != 0)


def _is_apparent(number: Expr) -> bool:
    """Whether a number is seen not to be 0: simplifying a sum of many roots takes minutes."""
    return bool(number.is_number and abs(N(number, 30)) > Rational(1, 10**25))
