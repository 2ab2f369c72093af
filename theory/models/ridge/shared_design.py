r"""Ridge on a shared design: every eigen-direction of XᵀX is a shrinking mean of its own.

The same rows are labelled again every generation. Along an eigenvector of eigenvalue s the least-squares answer of
block j
is unbiased for the model it was labelled by, with variance :math:`\sigma^2/(s\,s(j))`, and a ridge fit keeps
:math:`K = sN/(sN + \lambda)` of the weighted mean of such answers, N the blocks in use (in units of T): a bent mean
(:mod:`theory.moments.bent`) whose prior is at 0. So every workflow is exact given the eigenvalues; with v = s/λ the
risk
of a direction is

.. math:: f_G(s) = \frac{|w^*|^2}{d}\, b_G(v) + \frac{\sigma^2}{\lambda}\, n_G(v),

with b and n rational in v, poles at v = −1/N alone. When X is random, of T rows of standard normal numbers drawn once,
the risk is :math:`E \sum_s f_G(s)`, a combination of :math:`E \sum_s (s + \lambda/N)^{-k}` by partial
fractions. Derived
here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, S, Symbol, oo, sqrt

from theory.errors import NotDerivedError
from theory.expressions.expansion import Order
from theory.expressions.numerals import to_sympy
from theory.expressions.signs import at_least
from theory.models.ridge.partial_fractions import partial_fractions
from theory.models.ridge.trace_moments import wishart_trace
from theory.moments.bent import BIAS, RISK, Bend, compose_bent
from theory.moments.recurrence import Recurrence
from theory.solver.solution import Solution
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class ConstantShrinkage(Bend):
    """A fit that keeps the same share whatever its rows: the penalty grows with them."""

    def kept(self, rows: Any) -> Any:
        """K."""
        return self.points / (self.points + self.strength)


@dataclass(frozen=True)
class Shrinking:
    """Ridge along one direction, in units of the penalty: v = s/λ.

    Attributes
    ----------
    workflow : what each generation is fitted on
    per_row : whether the penalty is multiplied by the rows in use
    drawn : whether the model is a draw from the posterior
    """

    workflow: Workflow
    per_row: bool
    drawn: bool = False

    def signal(self, eigenvalue: Expr, part: str = RISK) -> Recurrence:
        """b_G(v), what is lost of a signal of size 1 (or, as a bias, its negative share)."""
        return compose_bent(self.workflow, self._bend(eigenvalue, S.Zero, S.NegativeOne), part)

    def noise(self, eigenvalue: Expr) -> Recurrence:
        """n_G(v), the noise in units of σ²/λ."""
        return compose_bent(self.workflow, self._bend(eigenvalue, S.One, S.Zero), RISK)

    def _bend(self, eigenvalue: Expr, variance: Expr, prior: Expr) -> Bend:
        kind = ConstantShrinkage if self.per_row else Bend
        return kind(variance, S.Zero, S.Zero, points=eigenvalue, strength=S.One, prior=prior, drawn=self.drawn)


@dataclass(frozen=True)
class GivenEigenvalues(Recurrence):
    """A sum of recurrences with constant factors, one or two a direction: solved part by part."""

    parts: tuple[tuple[Expr, Recurrence], ...]

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        running = [recurrence.values() for _, recurrence in self.parts]
        while True:
            total = sum((factor * next(value) for (factor, _), value in zip(self.parts, running, strict=True)), S.Zero)
            yield self.offset + self.scale * total

    def closed_form(self) -> Expr | None:
        """The sum of the closed forms, where all parts have one."""
        return self._total([Solution(part, {}).closed_form for _, part in self.parts])

    def limit(self, order: Order) -> Expr | None:
        """The sum of the limits, where all are known."""
        return self._total([Solution(part, order.ranges).limit for _, part in self.parts])

    def _total(self, found: list[Expr | None]) -> Expr | None:
        total: Expr = S.Zero
        for (factor, _), value in zip(self.parts, found, strict=True):
            if value is None or (value is oo and not factor.is_positive):
                return None
            total += factor * value
        return total


def given_eigenvalues(
    shrinking: Shrinking, eigenvalues: tuple[Expr, ...], penalty: Expr, signal: Expr, sigma2: Expr, part: str
) -> Recurrence:
    """Risk, bias or variance for eigenvalues of XᵀX that are given, w* spread evenly over their directions."""
    d = len(eigenvalues)
    parts: list[tuple[Expr, Recurrence]] = []
    lost: Expr = S.Zero
    for value, times in Counter(eigenvalues).items():
        share = signal * Integer(times) / d
        if value == 0:
            lost += share if part == RISK else -sqrt(signal) * times / d if part == BIAS else S.Zero
            continue
        scaled = value / penalty
        if part == BIAS:
            parts.append((sqrt(signal) * times / d, shrinking.signal(scaled, BIAS)))
            continue
        if part == RISK and share != 0:
            parts.append((share, shrinking.signal(scaled)))
        parts.append((sigma2 * times / penalty, shrinking.noise(scaled)))
    return GivenEigenvalues(tuple(parts), offset=lost)


@dataclass(frozen=True)
class RandomDesign(Recurrence):
    """The same in expectation over a design of standard normal rows that is drawn once."""

    shrinking: Shrinking
    d: Expr
    T: Expr
    penalty: Expr
    signal: Expr
    sigma2: Expr
    part: str = RISK

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        lost = self.shrinking.signal(_V, BIAS if self.part == BIAS else RISK).values()
        noise = self.shrinking.noise(_V).values()
        while True:
            yield self.offset + self.scale * self._expected(next(lost), next(noise))

    def at(self, generation: int) -> Expr:
        """Exact value at one generation."""
        lost = self.shrinking.signal(_V, BIAS if self.part == BIAS else RISK).at(generation)
        return self.offset + self.scale * self._expected(lost, self.shrinking.noise(_V).at(generation))

    def limit(self, order: Order) -> Expr | None:
        r"""The expected limit, where that is rational in s.

        Limit and expectation change places by dominated convergence: the part of the signal stays below 1, and the
        noise below :math:`(K/(1-K))^2 \sigma^2/s \le s N^2\sigma^2/\lambda^2` for fits on N blocks or fewer, whose
        mean is
        finite. Where the rows pile up the limit has no partial fractions, and is not given.
        """
        ranges = {_V: at_least(S.Zero)}
        lost = Solution(self.shrinking.signal(_V, BIAS if self.part == BIAS else RISK), ranges).limit
        noise = Solution(self.shrinking.noise(_V), ranges).limit
        if lost is None or noise is None or not (lost.is_rational_function(_V) and noise.is_rational_function(_V)):
            return None
        try:
            return self._expected(lost, noise)
        except NotDerivedError:
            return None

    def _expected(self, lost: Expr, noise: Expr) -> Expr:
        d, rows = self.d, Integer(min(int(self.d), int(self.T)))
        wide = (d - rows) / d
        if self.part == BIAS:
            return sqrt(self.signal) * (self._over_eigenvalues(lost) / d - wide)
        spread = self.sigma2 / self.penalty * self._over_eigenvalues(noise)
        if self.part != RISK:
            return spread
        return self.signal * (self._over_eigenvalues(lost) / d + wide) + spread

    def _over_eigenvalues(self, function: Expr) -> Expr:
        """E Σ f(s/λ) over the nonzero eigenvalues, by partial fractions."""
        whole, fractions = partial_fractions(function, _V)
        if whole.degree() > 0:
            raise NotDerivedError("a direction of large eigenvalue has no finite risk.")
        total: Expr = to_sympy(whole[0]) * min(self.d, self.T)
        for part in fractions:
            trace = wishart_trace(0, part.power, self.d, self.T, -self.penalty * to_sympy(part.pole))
            total += to_sympy(part.weight) * self.penalty**part.power * trace
        return total


@dataclass(frozen=True)
class LessSquaredBias(Recurrence):
    """The variance about the mean of all fits: directions, and designs, shrink differently, which is part of it."""

    risk: Recurrence
    bias: Recurrence

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        for risk, bias in zip(self.risk.values(), self.bias.values(), strict=True):
            yield risk - bias**2

    def at(self, generation: int) -> Expr:
        """Exact value at one generation."""
        return self.risk.at(generation) - self.bias.at(generation) ** 2

    def closed_form(self) -> Expr | None:
        """Where both have one."""
        return self._split(lambda part: part.closed_form())

    def limit(self, order: Order) -> Expr | None:
        """Where both are known."""
        return self._split(lambda part: part.limit(order))

    def _split(self, told: Callable[[Recurrence], Expr | None]) -> Expr | None:
        risk, bias = (
            None if (moment := told(part)) is None else part.offset + part.scale * moment
            for part in (self.risk, self.bias)
        )
        return None if risk is None or bias is None else risk - bias**2


_V = Symbol("v", positive=True)
