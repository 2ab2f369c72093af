r"""The risk where blocks are weighed by their ages: a renewal equation, solved by power series.

With :math:`u` the renewal sequence of the weights, :math:`\sum u_m z^m = 1/(1 - \sum w_l z^l)`, and
:math:`v_m = u_m^2`, :math:`V = \sum_{m \ge 1} v_m z^m`,

.. math:: r_g = 1 + \sum_{m=1}^{g-1} v_m (1 + \kappa\,r_{g-m}), \qquad
          \sum_g r_g z^g = \frac{z}{1-z}\;\frac{1 + V(z)}{1 - \kappa V(z)}

in units of the model's noise, κ its curvature (derived here).

*Where the weights leave a rest* :math:`p = 1 - \sum_l w_l > 0` to block 1, :math:`\sum_m u_m = 1/p`, so that with
:math:`\varepsilon_M = 1/p - \sum_{m \le M} u_m \ge 0`

.. math:: \sum_{m \le M} v_m \;\le\; V \;\le\; \sum_{m \le M} v_m + \varepsilon_M^2 ,

for a sum of squares is at most the square of the sum. The risk tends to :math:`(1 + V)/(1 - \kappa V)` where
:math:`|\kappa| V < 1`: then :math:`1 - \kappa V(z)` has no zero in the closed disc, and the coefficients of its inverse
are summable (Wiener). For :math:`\kappa V \ge 1` it grows without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any

from flint import arb, arb_series, ctx, fmpq, fmpq_series
from sympy import Expr, Rational, S, oo

from theory.errors import NotDerivedError
from theory.expressions.balls import BallProgram
from theory.expressions.enclosure import ends
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import l
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.ages import Ages, law_of
from theory.workflows.dynamics import StationaryAges

#: Generations of the first power series; each that follows is twice as long.
FIRST_LENGTH = 32
#: Ages that an enclosed limit takes at most, and bits beyond those asked for.
LONGEST_LENGTH, SPARE = 2**15, 64


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

    def limit_enclosure(self, digits: int) -> tuple[Expr, Expr] | None:
        """Fractions below and above the limit, a relative 10^(−digits) apart; None where no limit is derived.

        For weights that leave a rest to block 1, all numbers given.

        Raises
        ------
        NotDerivedError
            Where so many digits take more than :data:`LONGEST_LENGTH` ages.
        """
        law, kappa = law_of(self.ages.weight), self.curvature
        numbers = all(part.is_Rational for part in (law.total, kappa, self.scale, self.offset))
        if not numbers or not self._is_rational(8) or law.total >= 1 or kappa < -1:
            return None
        low = high = S.Zero
        for low, high in squares_enclosed(law, int(digits * 3.33) + SPARE):
            if abs(kappa) * low >= 1:
                return (oo, oo) if kappa > 0 else None
            if abs(kappa) * high >= 1:
                continue
            # (1 + V)/(1 − κV) grows with V, for κ ≥ −1.
            ends = sorted(self.offset + self.scale * (1 + end) / (1 - kappa * end) for end in (low, high))
            if ends[1] - ends[0] <= abs(ends[0]) / 10**digits:
                return ends[0], ends[1]
        raise NotDerivedError(
            f"weight = {law.weight}: {digits} digits of the limit need more than {LONGEST_LENGTH} ages; ask for fewer."
        )

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


def squares_enclosed(law: Ages, bits: int) -> Iterator[tuple[Rational, Rational]]:
    """Ever closer fractions below and above V, for rational weights that leave a rest.

    Examples
    --------
    >>> from theory.expressions.symbols import l
    >>> *_, (low, high) = squares_enclosed(Ages(Rational(1, 4) ** l), 80)
    >>> low < Rational(1, 12) < high, high - low < Rational(1, 10**12)
    (True, True)
    """
    whole = 1 / (1 - law.total)
    weight = BallProgram(law.weight, l).at_precision(bits) if law.table is None else None
    length = FIRST_LENGTH
    while length <= LONGEST_LENGTH:
        with ctx.workprec(bits), _capped(length):
            if weight is None:
                weights = [arb(int(w.p)) / int(w.q) for w in islice(law.values(), length - 1)]
            else:
                weights = [weight(age).real for age in range(1, length)]
            series = 1 / arb_series([1, *(-w for w in weights)], prec=length)
            renewal = [series[index] for index in range(length)]
            squared = sum((u * u for u in renewal[1:]), arb(0))
            left = arb(int(whole.p)) / int(whole.q) - sum(renewal, arb(0))
            found = ends(squared.union(squared + left * left))
        yield found
        length *= 2


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
