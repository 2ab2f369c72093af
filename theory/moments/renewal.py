r"""The risk where blocks are weighed by their ages: a renewal equation, solved by power series.

With :math:`u` the renewal sequence of the weights, :math:`\sum u_m z^m = 1/(1 - \sum w_l z^l)`, and
:math:`v_m = u_m^2`, :math:`V = \sum_{m \ge 1} v_m z^m`,

.. math:: r_g = 1 + \sum_{m=1}^{g-1} v_m (1 + \kappa\,r_{g-m}), \qquad
          \sum_g r_g z^g = \frac{z}{1-z}\;\frac{1 + V(z)}{1 - \kappa V(z)}

in units of the model's noise, κ its curvature (derived here).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any

from flint import ctx, fmpq, fmpq_series
from sympy import Expr, Rational, S, oo

from theory.expressions.fraction_field import in_lowest_terms
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.ages import Ages, law_of
from theory.workflows.dynamics import StationaryAges

#: Generations of the first power series; each that follows is twice as long.
FIRST_LENGTH = 32


@dataclass(frozen=True)
class RenewalRecurrence(PathwayRecurrence):
    """Values by the power series, in rationals by FLINT.

    Examples
    --------
    >>> from theory import AgeWeighted, l
    >>> from theory.moments.composition import compose
    >>> recurrence = compose(AgeWeighted(1 / (l * (l + 1))), noise=S.One, curvature=S.Zero)
    >>> list(islice(recurrence.values(), 4))
    [1, 5/4, 205/144, 901/576]
    """

    ages: StationaryAges = field(kw_only=True)

    @property
    def rises(self) -> bool:
        """Term by term in g where a larger risk makes no smaller noise: 1 + κ r with κ ≥ 0."""
        return bool(self.curvature.is_nonnegative)

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        finite = True
        for g, moment in enumerate(self._moments(), start=1):
            finite = finite and self._is_finite(g)
            value = self.offset + self.scale * moment
            yield (value if value.is_Rational else in_lowest_terms(value)) if finite else oo

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation, by one series."""
        if not self._is_rational(generation):
            return super().at(generation)
        if any(not self._is_finite(g) for g in range(1, generation + 1)):
            return oo
        value = self.offset + self.scale * _rational(self._series(generation)[-1])
        return value if value.is_Rational else in_lowest_terms(value)

    def _is_rational(self, count: int) -> bool:
        law = law_of(self.ages.weight)
        return bool(self.curvature.is_Rational) and all(w.is_Rational for w in islice(law.values(), min(count, 8)))

    def _moments(self) -> Iterator[Expr]:
        if not self._is_rational(8):
            yield from self._in_parameters()
            return
        known, length = 0, FIRST_LENGTH
        while True:
            for value in self._series(length)[known:]:
                yield _rational(value)
            known, length = length, 2 * length

    def _series(self, length: int) -> list[fmpq]:
        """The moments of generations 1 … length."""
        squares = [value * value for value in renewals(law_of(self.ages.weight), length)]
        summed = list(accumulate(squares))
        if self.curvature == 0:
            return summed
        kappa = fmpq(int(self.curvature.p), int(self.curvature.q))
        with _capped(length):
            whole = fmpq_series(summed, prec=length)
            return _coefficients(whole / fmpq_series([1, *(-kappa * v for v in squares[1:])], prec=length), length)

    def _in_parameters(self) -> Iterator[Expr]:
        """The same term by term, where the weights or the curvature hold symbols or roots."""
        weights: list[Expr] = []
        renewal: list[Expr] = [S.One]
        squares: list[Expr] = []
        risks: list[Expr] = []
        for weight in law_of(self.ages.weight).values():
            total = S.One + sum(
                (v * (1 + self.curvature * r) for v, r in zip(squares, reversed(risks), strict=True)), S.Zero
            )
            risks.append(total if total.is_Rational else in_lowest_terms(total))
            yield risks[-1]
            weights.append(weight)
            latest = sum((w * u for w, u in zip(weights, reversed(renewal), strict=True)), S.Zero)
            renewal.append(latest if latest.is_Rational else in_lowest_terms(latest))
            squares.append(renewal[-1] ** 2)


def renewals(law: Ages, length: int) -> list[fmpq]:
    """u_0 … u_{length−1} of a law with rational weights.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory.expressions.symbols import l
    >>> renewals(Ages(Rational(1, 2) ** l), 4)
    [1, 1/2, 1/2, 1/2]
    """
    weights = [fmpq(int(w.p), int(w.q)) for w in islice(law.values(), length - 1)]
    with _capped(length):
        return _coefficients(1 / fmpq_series([1, *(-w for w in weights)], prec=length), length)


class _capped:  # noqa: N801 - used as a function
    """FLINT's series are cut at a length of the context; put back afterwards."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __enter__(self) -> None:
        self._before, ctx.cap = ctx.cap, self._length

    def __exit__(self, *error: Any) -> None:
        ctx.cap = self._before


def _coefficients(series: fmpq_series, length: int) -> list[fmpq]:
    return [series[index] for index in range(length)]


def _rational(value: fmpq) -> Rational:
    return Rational(int(value.p), int(value.q))
