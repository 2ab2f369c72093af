r"""Higher moments of the error of a chain, exactly: how far the average of squared errors strays from its mean.

A block mean :math:`\bar x` of N points from a family with :math:`V(\mu) = v_0 + v_1\mu + v_2\mu^2` (Morris 1982) has,
given the model that it is drawn from, cumulants that are polynomials in that model's mean,

.. math:: \kappa_1 = \mu, \qquad \kappa_{r+1}(\mu) = \frac{V(\mu)\,\kappa_r'(\mu)}{N},

of degree r at most, and so has :math:`E[(\bar x - \theta_0)^r \mid \delta]` in :math:`\delta = \mu - \theta_0`.
Moments up to degree D of whatever the future depends on (the current model, and those blocks that later models still
weigh apart from it) are therefore mapped to moments up to degree D, linearly: they close for every deterministic
workflow. D = 4 gives the variance of a squared error, and its covariance between generations; D = 8 its skewness
and kurtosis. Nothing is stated about subsamples, whose points' moments do not close in these.

What the future depends on is read off the weights, as long as they are rational: row g is a multiple of row g − 1 but
for a few blocks. Derived here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb
from typing import TYPE_CHECKING

from flint import fmpq
from sympy import Expr, Rational, S

from theory.errors import NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.numerals import to_flint
from theory.moments.bent import Bend
from theory.moments.block_law import BlockLaw, Number
from theory.workflows.dynamics import GENERATION

if TYPE_CHECKING:
    from theory.workflows.base import Workflow

#: More moments than this are not run: a state of k numbers has binomial(k + D, D) of them.
MOST_MOMENTS = 500

Monomial = tuple[str | int, ...]
"""Letters in order: a block by its number, or ``MODEL``, repeated as often as it is multiplied."""

MODEL = "model"
ZERO, ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class QuadraticNoise:
    r"""What a scalar family's blocks are like: V at the truth, V' there, v_2, and the points of a unit block.

    ``copies`` independent errors of the same law are squared and added up.
    """

    variance: Expr
    slope: Expr
    curvature: Expr
    points: Expr
    copies: Expr = S.One

    @property
    def bend(self) -> Bend:
        """The same as a sampler and an estimator that do not bend."""
        return Bend(variance=self.variance, slope=self.slope, curvature=self.curvature, points=self.points)


class ErrorMoments:
    r"""Exact moments of :math:`\delta_g^2` at generations 1 … ``generations``, and between them.

    Parameters
    ----------
    noise : QuadraticNoise or Bend
        Parameters may be symbols: moments are then rational functions of them. Of a bent loop the moments ``power``
        are derived, not those between generations.
    workflow : Workflow
        Deterministic, with rational weights and sizes.
    generations : int
    degree : even int
        Of the highest moment: 4 for variances, 8 for skewness and kurtosis too.
    most : int
        Moments of the state that are run at most.

    Raises
    ------
    NotDerivedError
        Where the workflow draws a subsample, a weight or a parameter is no rational number or function, or the state
        is too large.

    Examples
    --------
    >>> from theory import Exponential, Replace
    >>> moments = ErrorMoments(Exponential(mean=1, n=20).noise(), Replace(), 2)
    >>> moments.power(2), moments.power(4)  # E δ² and E δ⁴ at generations 1 and 2
    ([1/20, 41/400], [33/4000, 690369/16000000])
    """

    def __init__(
        self,
        noise: QuadraticNoise | Bend,
        workflow: Workflow,
        generations: int,
        degree: int = 4,
        most: int = MOST_MOMENTS,
    ) -> None:
        bend = noise if isinstance(noise, Bend) else noise.bend
        self.degree, self.generations = degree, generations
        copies = noise.copies if isinstance(noise, QuadraticNoise) else S.One
        self._ring = Arithmetic([*_numbers(bend), copies], GENERATION)
        if not self._ring.is_field:
            raise NotDerivedError("higher moments are exact: give rational numbers, or symbols, for the parameters.")
        self.copies = self._ring.constant(copies)
        plan = _plan(workflow, generations)
        widest = _widest(plan)
        #: Moments of the largest state.
        self.count = comb(widest + degree, degree)
        if self.count > most:
            raise NotDerivedError(
                f"workflow = {workflow.name} has a state of {widest} numbers: its moments of degree {degree} are "
                f"{self.count}, more than the {most} that are run."
            )
        self._law = BlockLaw(bend, self._ring.constant)
        self._rows = [self._ring.constant(workflow.rows(g)) if bend.counts_rows else ONE
                      for g in range(1, generations + 1)]  # fmt: skip
        before = [ONE, *self._rows]
        self._steps = [
            _Map(step, self._law, rows, degree, self._number) for step, rows in zip(plan, before, strict=False)
        ]

    def _number(self, value: fmpq) -> Number:
        """A weight or a size among the numbers that moments are."""
        return self._ring.constant(Rational(int(value.p), int(value.q)))

    @cached_property
    def _tables(self) -> list[dict[Monomial, Number]]:
        """All moments of the state after each generation."""
        tables = []
        table: dict[Monomial, Number] = {(): self._ring.constant(S.One)}
        for step in self._steps:
            table = step.apply(table, self.degree)
            tables.append(table)
        return tables

    def _moment(self, g: int, order: int) -> Number:
        """E θ_g^order about the truth, of the model fitted on the weighted mean that is in the state."""
        fitted = self._law.fitted(self._rows[g - 1], order)[order]
        table = self._tables[g - 1]
        return sum(
            (value * table[(MODEL,) * power] for power, value in enumerate(fitted) if value),
            fitted[0] - fitted[0],
        )

    def power(self, order: int) -> list[Expr]:
        """E δ_g^order, of one of the copies, at each generation."""
        return [self.power_at(g, order) for g in range(1, self.generations + 1)]

    def power_at(self, generation: int, order: int) -> Expr:
        """E δ_g^order, of one of the copies, at one generation."""
        return self._ring.to_expression(self._moment(generation, order))

    def cumulants(self, order: int) -> list[Number]:
        r"""The cumulant of the given order (1 to ``degree``/2) of the squared error, at each generation."""
        found = []
        for g in range(1, self.generations + 1):
            raw = [self._moment(g, 2 * r) for r in range(order + 1)]
            zero = raw[0] - raw[0]
            cumulants = [zero]
            for r in range(1, order + 1):
                cumulants.append(raw[r] - sum((comb(r - 1, i - 1) * cumulants[i] * raw[r - i] for i in range(1, r)),
                                              zero))  # fmt: skip
            found.append(self.copies * cumulants[order])
        return found

    def covariance(self) -> list[list[Number]]:
        r"""Cov(δ_g², δ_h²), added up over the copies, (G, G), without a bend."""
        assert self._law.bend.straight
        square = (MODEL, MODEL)
        means = [table[square] for table in self._tables]
        found = [[ZERO] * self.generations for _ in range(self.generations)]
        for g, table in enumerate(self._tables):
            # E[δ_g² · (moments of degree up to two)] moves on as those moments do.
            weighted = {
                monomial: table[tuple(sorted((*monomial, *square), key=_order))]
                for monomial in table
                if len(monomial) <= 2
            }
            for h in range(g, self.generations):
                if h > g:
                    weighted = self._steps[h].apply(weighted, 2)
                value = self.copies * (weighted[square] - means[g] * means[h])
                found[g][h] = found[h][g] = value
        return found


@dataclass(frozen=True)
class _Step:
    """θ_g = carry·θ_{g−1} + Σ weight·x̄_block + fresh·x̄_real, and what the future depends on afterwards."""

    block: int
    carry: fmpq
    terms: dict[int, fmpq]
    fresh: fmpq
    size: fmpq
    fresh_size: fmpq
    before: tuple[str | int, ...]
    state: tuple[str | int, ...]


class _Map:
    """One generation as a linear map from moments to moments."""

    def __init__(
        self, step: _Step, law: BlockLaw, rows_before: Number, degree: int, number: Callable[[fmpq], Number]
    ) -> None:
        self.step, self.number, self.zero = step, number, number(ZERO)
        size, fresh = number(step.size), number(step.fresh_size)
        # The first block is real data, about which there is nothing to know before.
        self.block = law.block(size, rows_before, degree) if step.before else [[m] for m in law.real(size, degree)]
        self.real = law.real(fresh, degree) if step.fresh else []
        self.rows: dict[Monomial, dict[Monomial, Number]] = {}

    def apply(self, table: Mapping[Monomial, Number], degree: int) -> dict[Monomial, Number]:
        """Moments up to ``degree`` of the state after the generation."""
        found = {}
        for size in range(degree + 1):
            for monomial in combinations_with_replacement(self.step.state, size):
                row = self.rows.get(monomial)
                if row is None:
                    row = self.rows[monomial] = self._row(monomial)
                found[monomial] = sum((value * table[source] for source, value in row.items()), self.zero)
        return found

    def _row(self, monomial: Monomial) -> dict[Monomial, Number]:
        """E[monomial of the state afterwards | state before], as a polynomial in it."""
        step = self.step
        count = Counter(monomial)
        model = count.pop(MODEL, 0)
        newest = count.pop(step.block, 0)
        kept = tuple(letter for letter in step.before if letter in count for _ in range(count[letter]))
        letters: list[tuple[str | int, fmpq]] = list(step.terms.items())
        if step.carry:
            letters.append((MODEL, step.carry))
        if step.fresh:
            letters.append(("real", step.fresh))
        row: dict[Monomial, Number] = {}
        for exponents, coefficient in _powers([weight for _, weight in letters], model):
            value, at, rest = self.number(coefficient), newest, list(kept)
            for (letter, _), exponent in zip(letters, exponents, strict=True):
                if letter == step.block:
                    at += exponent
                elif letter == "real":
                    value *= self.real[exponent]
                else:
                    rest += [letter] * exponent
            for power, factor in enumerate(self.block[at]):
                if factor and value:
                    source = tuple(sorted((*rest, *[MODEL] * power), key=_order))
                    row[source] = row[source] + value * factor if source in row else value * factor
        return row


def _powers(weights: list[fmpq], power: int) -> Iterator[tuple[tuple[int, ...], fmpq]]:
    """Exponents and coefficients of (Σ weight·letter)^power."""
    if not weights:
        if power == 0:
            yield (), ONE
        return
    first, *others = weights
    for exponent in range(power + 1) if others else (power,):
        for rest, coefficient in _powers(others, power - exponent):
            yield (exponent, *rest), comb(power, exponent) * first**exponent * coefficient


def _plan(workflow: Workflow, generations: int) -> list[_Step]:
    """The steps of a workflow, with the fewest numbers kept that its weights allow."""
    from theory.workflows.base import exact_weights

    rows: list[_Row] = []
    kept: list[list[fmpq]] = []
    sizes: list[tuple[fmpq, fmpq]] = []
    for g in range(1, generations + 1):
        if workflow.draw(g) is not None:
            raise NotDerivedError(f"workflow = {workflow.name} draws a subsample: its higher moments are not derived.")
        weights = [_flint(weight, workflow) for weight in exact_weights(workflow, g)]
        if workflow.biased_real:
            raise NotDerivedError(f"workflow = {workflow.name} draws biased real data: higher moments are not derived.")
        fresh = _flint(workflow.fresh_weight(g), workflow) if g > 1 else ZERO
        kept.append([_flint(share, workflow) for share in workflow.fresh_weights(g)])
        rows.append((weights, fresh))
        sizes.append((_flint(workflow.size(g), workflow), _flint(workflow.fresh_size(g), workflow) if fresh else ZERO))
    # A window keeps its blocks, and carries nothing; accumulation keeps none, and carries all.
    if workflow.keeps_fresh:
        found = _steps(rows, sizes, True, kept)
        if not all(step.carry or not any(real[:-1]) for step, real in zip(found, kept, strict=True)):
            raise NotDerivedError(
                f"workflow = {workflow.name} weighs older real data apart: its higher moments are not derived."
            )
        return found
    return min((_steps(rows, sizes, carried) for carried in (True, False)), key=_widest)


_Row = tuple[list[fmpq], fmpq]
"""Weights of blocks 1..g, and of the fresh real data, in model g."""


def _widest(plan: list[_Step]) -> int:
    return max(len(step.state) for step in plan)


def _steps(
    weighed: list[_Row], sizes: list[tuple[fmpq, fmpq]], carried: bool, kept: list[list[fmpq]] | None = None
) -> list[_Step]:
    """The steps where the row before is, or is not, carried over; ``kept`` are the weights of all fresh real data."""
    rows: list[tuple[fmpq, dict[int, fmpq], fmpq]] = []
    before: list[fmpq] = []
    for weights, fresh in weighed:
        # Real data drawn afresh at g − 1 that have no weight at g must not be carried over.
        carry = _carry(weights, before) if carried and rows and (kept or not rows[-1][2]) else ZERO
        if kept and carry and kept[len(rows)][:-1] != [carry * share for share in kept[len(rows) - 1]]:
            carry = ZERO
        apart = [weight - carry * old for weight, old in zip(weights, [*before, ZERO], strict=True)]
        rows.append((carry, {index: weight for index, weight in enumerate(apart, start=1) if weight}, fresh))
        before = weights
    last = {block: g for g, (_, terms, _) in enumerate(rows, start=1) for block in terms}
    steps = []
    state: tuple[str | int, ...] = ()
    for g, ((carry, terms, fresh), (size, fresh_size)) in enumerate(zip(rows, sizes, strict=True), start=1):
        held = [letter for letter in (*state, g) if isinstance(letter, int) and last.get(letter, 0) > g]
        following: tuple[str | int, ...] = (*held, MODEL)
        steps.append(_Step(g, carry, terms, fresh, size, fresh_size, state, following))
        state = following
    return steps


def _carry(weights: list[fmpq], before: list[fmpq]) -> fmpq:
    """The multiple of the row before that leaves the fewest blocks to be weighed apart."""
    ratios = Counter(
        (int(ratio.p), int(ratio.q))
        for ratio in (weight / old for weight, old in zip(weights, before, strict=False) if weight and old)
    )
    if not ratios:
        return ZERO
    (top, bottom), _ = ratios.most_common(1)[0]
    carry = fmpq(top, bottom)
    apart = sum(weight != carry * old for weight, old in zip(weights, [*before, ZERO], strict=True))
    return carry if apart < sum(map(bool, weights)) else ZERO


def _order(letter: str | int) -> tuple[int, int]:
    """Blocks by number, the model last: the order of a state."""
    return (1, 0) if letter == MODEL else (0, int(letter))


def _numbers(bend: Bend) -> list[Expr]:
    return [value for value in vars(bend).values() if isinstance(value, Expr)]


def _flint(value: Expr, workflow: Workflow) -> fmpq:
    if value.has(BlockSize, PoolSize):
        raise NotDerivedError(
            f"workflow = {workflow.name} has blocks of random size: its higher moments are not derived."
        )
    if not value.is_Rational:
        raise NotDerivedError(
            f"{value} of workflow = {workflow.name} is not a rational number: its higher moments are not derived."
        )
    return to_flint(value)
