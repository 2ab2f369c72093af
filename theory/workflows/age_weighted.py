"""Age-weighted: what a block counts depends on its age alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from sympy import Eq, Expr, Matrix, Piecewise, S, Symbol, eye, floor, zeros

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, shown, whole_number
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import l
from theory.workflows.ages import MOST_STATES, Ages, law_of
from theory.workflows.base import Workflow
from theory.workflows.capped_real import verified_amount
from theory.workflows.dynamics import LinearDynamics, StationaryAges

_Q = Symbol("q", positive=True)

#: Blocks that a cap holds, at most.
LARGEST_CAP = 1000


@dataclass(frozen=True)
class AgeWeighted(Workflow):
    r"""Model :math:`g` weighs a block by its age: :math:`w_l` for age l, the newest block having age 1.

    .. math:: \theta_g = \sum_{l < g} w_l\,\bar x_{g-l+1} + \Bigl(1 - \sum_{l < g} w_l\Bigr)\bar x_1

    What is left of weight 1 goes to block 1, the real one: whatever is older than the loop, and the share of real data
    kept for ever where the weights sum to less than 1.

    With :math:`u_0 = 1`, :math:`u_m = \sum_l w_l u_{m-l}`, the renewal sequence of the ages, the noise of block
    :math:`j \ge 2` is in model g with :math:`C_{g,j} = u_{g-j+1}`, that of the real one in full: the ratio is
    :math:`1 + \sum_{m<G} u_m^2`.

    Parameters
    ----------
    weight : expression in ``theory.l``, or a list of the weights of ages 1, 2, …, optional
        No weight is below 0, and all together are at most 1. Without it geometric ages, (1 − q) q^(l − 1).

    Notes
    -----
    Derived here: the risk grows as :math:`d\,G/(\sum l w_l)^2`, d the greatest common
    divisor of the ages, where the mean age is finite, and is bounded where weights sum to less than 1; see docs/laws.md
    for what infinite mean ages do.

    Examples
    --------
    >>> from theory import AgeWeighted, Regular, expected_risk, l
    >>> AgeWeighted(1 / (l * (l + 1))).weights(3)
    [1/3, 1/6, 1/2]
    >>> expected_risk(Regular(), AgeWeighted(["1/2", "1/2"])).ratio.growth
    4*G/9
    >>> expected_risk(Regular(), AgeWeighted.lag(1)).ratio.at(5)
    3
    """

    weight: Exact = None
    name: ClassVar[str] = "age-weighted"
    roles: ClassVar[dict[str, str]] = {"weight": "ages"}

    def __post_init__(self) -> None:
        weight = (1 - _Q) * _Q ** (l - 1) if self.weight is None else self.weight
        object.__setattr__(self, "weight", verified_ages(weight))

    @classmethod
    def lag(cls, lag: object) -> AgeWeighted:
        """Training that is late: model g is fitted on block g − lag, and on real data before.

        Examples
        --------
        >>> AgeWeighted.lag(1).weights(4)
        [0, 0, 1, 0]
        """
        age = whole_number("lag", lag, least=0) + 1
        return cls([0] * (age - 1) + [1])  # type: ignore[arg-type]

    @classmethod
    def fifo(cls, cap: object) -> AgeWeighted:
        """A store of n·cap samples, first in, first out, filled with copies of the real block before the loop begins.

        The newest blocks are in it whole, and the oldest one with the part of its weight for which there is room.

        Examples
        --------
        >>> AgeWeighted.fifo("5/2").weights(4)
        [0, 1/5, 2/5, 2/5]
        """
        held = verified_amount("cap", cap)
        if not held.is_Rational or held < 1 or held > LARGEST_CAP:
            raise DomainError(f"cap = {shown(cap)} is not allowed: give a number of blocks, 1 to {LARGEST_CAP}.")
        whole = int(floor(held))
        rest = [] if held == whole else [(held - whole) / held]
        return cls([1 / held] * whole + rest)  # type: ignore[arg-type]

    @property
    def ages(self) -> Ages:
        """The law of ages."""
        return law_of(self.weight)

    def ranges(self) -> dict[Symbol, Expr]:
        """Bases of powers of the age run from 0 to 1: the weights are a law."""
        cover = self.ages.covering
        return {symbol: run for symbol, run in cover.items() if symbol != l}

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the weights, other than ``theory.l``."""
        return set(self.weight.free_symbols) - {l}

    def weights(self, g: int) -> list[Expr]:
        """(1 − w_1 − … − w_{g−1}, w_{g−1}, …, w_1)."""
        newest = list(islice(self.ages.values(), g - 1))
        return [1 - sum(newest, S.Zero), *reversed(newest)]

    def dynamics(self) -> LinearDynamics | StationaryAges:
        """The latest block means as a state, or one mean for each geometric sequence; else the law of ages itself."""
        ages = self.ages
        longest, terms = ages.longest, ages.geometric
        if longest is not None and longest <= MOST_STATES:
            return _of_blocks([ages.at(age) for age in range(1, longest + 1)])
        if terms is not None and len(terms) <= MOST_STATES:
            return _of_means(terms)
        return StationaryAges(self.weight)


def _of_blocks(weights: list[Expr]) -> LinearDynamics:
    """The latest block means, block 1 in place of those before it, and block 1 once more where weights leave a rest."""
    rest = 1 - sum(weights, S.Zero)
    read = [*weights, rest] if rest != 0 or not weights else weights
    size = len(read)
    # θ_{g−1} is the mean of the newest block; the others move on, and a rest stays.
    transition = zeros(size, size)
    transition[0, :] = Matrix([read])
    for row in range(1, len(weights)):
        transition[row, row - 1] = S.One
    if size > len(weights):
        transition[size - 1, :] = eye(size)[size - 1, :]
    innovation = zeros(size, 1)
    if weights:
        innovation[0] = S.One
    return LinearDynamics(
        start=2, transition=transition, innovation=innovation, readout=Matrix([read]), initial=Matrix([S.One] * size)
    )


def _of_means(terms: tuple[tuple[Expr, Expr], ...]) -> LinearDynamics:
    r"""m_i = Σ_l a_i^(l−1) x̄_{g−l+1}, with block 1 before the loop: m_i ← a_i m_i + θ_{g−1} + ε_g."""
    rest = in_lowest_terms(1 - sum((c / (1 - a) for c, a in terms), S.Zero))
    read = Matrix([[*(c for c, _ in terms), *([rest] if rest != 0 else [])]])
    size, count = read.shape[1], len(terms)
    transition, innovation = zeros(size, size), zeros(size, 1)
    for row, (_, a) in enumerate(terms):
        transition[row, :] = read
        transition[row, row] += a
        innovation[row] = S.One
    if size > count:
        transition[count, count] = S.One
    initial = Matrix([*(1 / (1 - a) for _, a in terms), *([S.One] if rest != 0 else [])])
    if size == 1:
        # Then the mean moves by the newest noise alone.
        ((c, _),) = terms
        return LinearDynamics(2, Matrix([[1]]), Matrix([[c]]), Matrix([[1]]), Matrix([[1]]))
    return LinearDynamics(2, transition.applyfunc(in_lowest_terms), innovation, read, initial)


def verified_ages(weight: object) -> Expr:
    """Verify a law of ages: an expression in ``theory.l``, or a list of weights of ages 1, 2, …"""
    if isinstance(weight, Sequence) and not isinstance(weight, str | bytes):
        listed = [exact(f"weight[{index}]", value) for index, value in enumerate(weight)]
        branches = [(value, Eq(l, age)) for age, value in enumerate(listed, start=1) if value != 0]
        law: Expr = Piecewise(*branches, (S.Zero, True)) if branches else S.Zero
    else:
        law = exact("weight", weight, indices=(l,))
    law_of(law).verify()
    return law
