"""The expected test risk of a model under a workflow, for every generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from sympy import (
    Basic,
    Eq,
    Expr,
    Piecewise,
    RootSum,
    S,
    Symbol,
    factor,
    gamma,
    harmonic,
    nan,
    oo,
    polygamma,
    simplify,
    zoo,
)

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import exact
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.numerals import printable
from theory.expressions.signs import Ranges, sign, unit_interval
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.stationary import StationaryRecurrence
from theory.solver.bounds import DECREASING, INCREASING
from theory.solver.solution import Solution
from theory.solver.tidy import orient, tidy, tidy_constant, tidy_function
from theory.workflows.base import Workflow

#: Exact values by the recurrence are cheap up to here; beyond, closed forms are tried first.
SHORT_RUN, SYMBOLIC_RUN, LONGEST_RUN = 2000, 32, 50_000


@dataclass(frozen=True)
class Risk:
    r"""Expected test risk :math:`R_G`, or its ratio to :math:`R_1`.

    Made by :func:`theory.expected_risk`. Everything is derived from ``recurrence`` when first asked for.

    Attributes
    ----------
    model, workflow, loss
        What it is the risk of.
    recurrence
        The linear recurrence of moments that model and workflow compose to.
    relative : bool
        Whether this is a ratio to generation 1.
    part : str
        "risk", or what :attr:`bias` and :attr:`variance` are of it.

    Examples
    --------
    >>> from theory import Accumulate, Regular, Replace, expected_risk
    >>> risk = expected_risk(Regular(p=3, n=100), Accumulate())
    >>> risk.at(2), risk.ratio.bound, risk.expansion(2)
    (3/80, pi**2/6, pi**2/200 - 3/(100*G))
    >>> expected_risk(Regular(p=3, n=100), Replace()).limit
    oo
    """

    model: Model
    workflow: Workflow
    loss: str
    recurrence: Recurrence
    relative: bool = False
    part: str = "risk"

    @classmethod
    def of(cls, model: Model, workflow: Workflow, loss: str) -> Risk:
        """The risk that model and workflow compose to; see :func:`theory.expected_risk`."""
        return cls(model=model, workflow=workflow, loss=loss, recurrence=model.recurrence(workflow, loss))

    # -- values ----------------------------------------------------------------------------------------

    def at(self, generation: object) -> Expr:
        """Exact value at a whole g ≥ 1 (a Rational when the parameters are); ``oo`` where the expectation is infinite.

        Raises
        ------
        DomainError
            When g is no generation, or so large that the exact number would fill pages: see ``numerics.evaluate``.
        """
        g = whole_generation("generation", generation)
        if g <= (SYMBOLIC_RUN if self._parameters else SHORT_RUN):
            return self._run(g)
        closed = self.closed_form
        elementary = closed is not None and not closed.has(harmonic, gamma, polygamma, Piecewise, RootSum)
        if closed is not None and (elementary or (self._parameters and not closed.has(RootSum, Piecewise))):
            return closed.subs(G, g)
        if g > LONGEST_RUN:
            where = "this risk has no closed form" if closed is None else "use numerics.evaluate"
            raise DomainError(f"generation = {g} is beyond exact values, {LONGEST_RUN} at most: {where}.")
        return self._run(g)

    def _run(self, g: int) -> Expr:
        return self._written(self.recurrence.at(g))

    def _written(self, value: Expr) -> Expr:
        if value.is_number or not value.is_rational_function(*value.free_symbols):
            return value
        return orient(factor(value), self._ranges)

    @cached_property
    def baseline(self) -> Expr:
        """Risk at generation 1: the model fitted on real data alone."""
        if isinstance(self.recurrence, StationaryRecurrence):
            return self.recurrence.offset + self.recurrence.scale
        return self._run(1)

    @cached_property
    def ratio(self) -> Risk:
        """Risk divided by the risk at generation 1.

        Raises
        ------
        DomainError
            When the baseline is zero or infinite.
        """
        base = self.baseline
        if base.is_zero or base.is_infinite or base.has(zoo, nan):
            raise DomainError(f"the risk at generation 1 is {base}, so there is no ratio to it: {self.model}.")
        ratio = replace(self, recurrence=_over(self.recurrence, base), relative=True)
        # Only scale and offset differ: what was solved stays solved.
        ratio.__dict__["_ranges"] = self._ranges
        ratio.__dict__["_solution"] = self._solution
        return ratio

    @property
    def bias(self) -> Risk:
        """E δ of the fitted parameter, which is no risk, but is asked the same: value, closed form, limit, growth.

        Raises
        ------
        NotDerivedError
            Where the model does not split its loss into bias and variance.
        """
        return self._part("bias")

    @property
    def variance(self) -> Risk:
        """E (δ − E δ)² of the fitted parameter: the risk less the squared bias."""
        return self._part("variance")

    def _part(self, part: str) -> Risk:
        recurrence = self.model.part(self.workflow, self.loss, part)
        return replace(self, recurrence=recurrence, relative=False, part=part)

    # -- closed form and asymptotics -------------------------------------------------------------------

    @cached_property
    def _ranges(self) -> Ranges:
        return {**self.model.ranges(), **self.workflow.ranges()}

    @cached_property
    def _solution(self) -> Solution:
        return Solution(self.recurrence, self._ranges)

    @cached_property
    def closed_form(self) -> Expr | None:
        """The risk as an expression in ``theory.G`` and the parameters; None when none was derived.

        Where a parameter makes it 0/0 (v2 = 0, a share of 1), :meth:`subs` derives the risk again.
        """
        if self.domain == S.false:
            # Infinite from some generation on: a formula that runs past it would be a lie.
            return oo if self._always_infinite else None
        solution = self._solution.closed_form
        if solution is None:
            return None
        return tidy(solution, self.recurrence.scale, self.recurrence.offset, self._ranges)

    @cached_property
    def _always_infinite(self) -> bool:
        return bool(self.domain == S.false and self._run(1) == oo)

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞: an expression, ``oo`` when the risk diverges, None when unknown."""
        if self.domain == S.false:
            return oo
        found = self._rescaled(self._solution.limit)
        return self._limit_by_bias() if found is None else found

    def _limit_by_bias(self) -> Expr | None:
        """Where the bias grows for ever, so does the squared error, which is no less than its square."""
        if self.part != "risk" or self.loss != "squared" or not isinstance(self.recurrence, MomentRecurrence):
            return None
        try:
            bias = self.bias.limit
        except NotDerivedError:
            return None
        if bias in (oo, -oo):
            return oo
        if not isinstance(bias, Piecewise) or len(bias.args) != 3 or bias.args[2][0] not in (oo, -oo):
            return None
        below, at = (condition for _, condition in bias.args[:2])
        symbol, boundary = at.lhs, at.rhs
        if below != (symbol < boundary) or not symbol.is_Symbol or self._ranges.get(symbol) is None:
            return None
        least = S.Zero if self._ranges[symbol].is_nonnegative else None
        if least is None or sign(boundary, self._ranges) != 1:
            return None
        lower = Solution(self.recurrence, {**self._ranges, symbol: boundary * unit_interval()}).limit
        middle = Solution(self.recurrence.subs(symbol, boundary), self._ranges).limit
        if lower is None or middle is None or isinstance(lower, Piecewise) or isinstance(middle, Piecewise):
            return None
        return Piecewise((self._rescaled(lower), below), (self._rescaled(middle), at), (oo, True))

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, the limit when that is finite and not zero; None when unknown."""
        if self.domain == S.false:
            return oo
        moment = self._solution.growth
        if moment is None or not moment.has(G) or isinstance(moment, Piecewise):
            return self._rescaled(moment)
        if self.limit not in (oo, -oo, S.Zero):
            return self.limit
        return self._rescaled(moment, with_offset=False)

    def expansion(self, terms: int = 3) -> Expr | None:
        """The first terms of the asymptotic expansion as G → ∞; None when unknown.

        Contributions that decay exponentially beside powers of G may be left out: they are beyond all orders.
        """
        count = exact("terms", terms)
        if not (count.is_Integer and count >= 1):
            raise DomainError(f"terms = {terms} is not a number of terms: give a whole number, 1 or more.")
        found = self._solution.expansion(int(count))
        if found is None:
            return None
        total: Expr = self.recurrence.offset
        for item in found:
            total += self._rescaled(item, with_offset=False)
        return total

    def _rescaled(self, value: Expr | None, with_offset: bool = True) -> Expr | None:
        """offset + scale × value, branch by branch."""
        if value is None:
            return None
        if value in (oo, -oo):
            return -value if self._reversed else value
        if isinstance(value, Piecewise):
            return Piecewise(*((self._branch(part, condition), condition) for part, condition in value.args))
        offset = self.recurrence.offset if with_offset else S.Zero
        coefficient, function = value.as_independent(G, as_Add=False)
        coefficient = tidy_constant(coefficient, self.recurrence.scale, offset, self._ranges)
        return coefficient * tidy_function(function, self._ranges)

    def _branch(self, value: Expr, condition: Basic) -> Expr:
        if value in (oo, -oo):
            return -value if self._reversed else value
        at = {condition.lhs: condition.rhs} if isinstance(condition, Eq) else {}
        scale, offset = self.recurrence.scale.subs(at), self.recurrence.offset.subs(at)
        coefficient, function = value.as_independent(G, as_Add=False)
        coefficient = tidy_constant(coefficient, scale, offset if function == 1 else S.Zero, self._ranges)
        return coefficient * tidy_function(function, self._ranges)

    @cached_property
    def monotonicity(self) -> str | None:
        """ "increasing", "decreasing" or "monotone" (one of them, depending on parameters); None when not decided."""
        found = self._solution.monotonicity
        if self._reversed and found in (INCREASING, DECREASING):
            return DECREASING if found == INCREASING else INCREASING
        return found

    @cached_property
    def _reversed(self) -> bool:
        """Whether the risk falls as its moment grows: a diversity, or the logarithm of a determinant."""
        return sign(self.recurrence.scale, self._ranges) == -1

    @cached_property
    def bound(self) -> Expr | None:
        """The least upper bound over all generations: ``oo`` when the risk diverges, None when not derived."""
        if self.domain == S.false:
            return oo
        if self.closed_form is not None and self.closed_form.is_number:
            return self.closed_form
        if not isinstance(self.recurrence, MomentRecurrence):
            constant = self.closed_form is not None and not self.closed_form.has(G)
            return self.closed_form if constant else oo if self.limit == oo else None
        first = (
            simplify((self.baseline - self.recurrence.offset) / self.recurrence.scale)
            if self.recurrence.scale
            else S.Zero
        )
        extreme = self._solution.infimum(first) if self._reversed else self._solution.supremum(first)
        return self._rescaled(extreme)

    # -- conditions ------------------------------------------------------------------------------------

    @property
    def domain(self) -> Basic:
        """Condition on the parameters under which the expectation is finite at every generation."""
        return self.recurrence.domain

    @property
    def exactness(self) -> str:
        """``"exact"`` or ``"leading order"`` (in 1/n, n the size of a unit block)."""
        return self.recurrence.exactness

    @cached_property
    def leading_order(self) -> Risk:
        """The same risk to leading order in 1/n."""
        if self.exactness == "leading order":
            return self
        recurrence = self.model.leading_recurrence(self.workflow, self.loss)
        leading = replace(self, recurrence=recurrence, relative=False)
        return leading.ratio if self.relative else leading

    # -- how it is derived -------------------------------------------------------------------------------

    @cached_property
    def derivation(self) -> Any:
        """The steps from what model and workflow state to limit and bound, each with a check that can fail.

        Those of the risk itself, its ratio to generation 1 among them. See :class:`theory.derivation.Derivation`:
        ``.check()``, ``.latex()``, ``.text()``.
        """
        return _TOLD["derivation"](self)

    # -- as in SymPy -----------------------------------------------------------------------------------

    def subs(self, *args: Any, **kwargs: Any) -> Any:
        """Replace parameters and derive again; with ``theory.G`` among them, the value at that generation.

        Takes what SymPy's ``subs`` takes, and keywords. A parameter is named by its symbol, by the symbol's name, or
        by its name in the constructor.
        """
        model, workflow, at = self.model, self.workflow, None
        pairs = _pairs(args) if args or not kwargs else []
        for key, value in (*pairs, *kwargs.items()):
            name = key if isinstance(key, str) else getattr(key, "name", str(key))
            symbol = next((symbol for symbol in self._parameters if symbol.name == name), None)
            if name == "G":
                at = value
            elif symbol is not None:
                number = exact(name, value)
                model, workflow = model.subs(symbol, number), workflow.subs(symbol, number)
            elif name in model.parameters:
                model = replace(model, **{name: value})  # type: ignore[type-var]
            elif is_dataclass(workflow) and name in {item.name for item in fields(workflow)}:
                workflow = replace(workflow, **{name: value})  # type: ignore[type-var]
            else:
                names = sorted({symbol.name for symbol in self._parameters} | set(model.parameters))
                raise DomainError(f"{name} = {value} names no parameter of this risk: use {', '.join(names)} or G.")
        risk = Risk.of(model, workflow, self.loss)
        if self.part != "risk":
            risk = risk._part(self.part)
        if self.exactness == "leading order" and risk.exactness == "exact":
            risk = risk.leading_order
        if self.relative:
            risk = risk.ratio
        return risk if at is None else risk.at(at)

    @property
    def _parameters(self) -> set[Symbol]:
        return self.model.free_symbols | self.workflow.free_symbols

    @property
    def free_symbols(self) -> set[Symbol]:
        """Symbols in the parameters of the model and the workflow."""
        return self._parameters

    def latex(self) -> str:
        """The theorem line for a paper: risk, limit, bound and condition, in display mathematics."""
        return _TOLD["theorem"](self)

    def _repr_latex_(self) -> str:
        return _TOLD["inline"](self)

    def __str__(self) -> str:
        what = "ratio" if self.relative else self.part
        closed = self.closed_form
        return (
            f"{what} of {self.model.name} under {self.workflow.name}: "
            f"{'no closed form' if closed is None else printable(closed)}"
        )


#: How a risk is told, by what is built on it: its theorem, its formula in a notebook, its derivation.
_TOLD: dict[str, Callable[[Risk], Any]] = {}


def tells(what: str) -> Callable[[Callable[[Risk], Any]], Callable[[Risk], Any]]:
    """Register the function behind ``Risk.latex`` ("theorem"), ``_repr_latex_`` ("inline") or ``.derivation``."""

    def register(function: Callable[[Risk], Any]) -> Callable[[Risk], Any]:
        _TOLD[what] = function
        return function

    return register


def _over(recurrence: Recurrence, base: Expr) -> Recurrence:
    return recurrence.changed(scale=simplify(recurrence.scale / base), offset=simplify(recurrence.offset / base))


def _pairs(args: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    if len(args) == 2:
        return [(args[0], args[1])]
    if len(args) == 1 and isinstance(args[0], dict):
        return list(args[0].items())
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        return [tuple(pair) for pair in args[0]]
    raise DomainError("subs takes a symbol and a value, a dictionary, or a list of pairs.")
