r"""Memories that fade, blocks of random size, at any curvature (derived here).

With :math:`M_g = q_g M_{g-1} + N_g` the risk given the sizes is
:math:`r_g = r_{g-1} + \frac{N_g}{M_g^2}(1 + \kappa r_{g-1})`. Let :math:`L_g(u) = E\,e^{-uM_g}` and
:math:`R_g(u) = E\,r_g e^{-uM_g}`. As :math:`e^{-uM}/M^2 = \int_u^\infty (v-u)\,e^{-vM}\,dv` and the newest size is
independent of all before,

.. math:: L_g(u) &= f(e^{-u})\,L_{g-1}(q_g u), \\
          R_g(u) &= f(e^{-u})\,R_{g-1}(q_g u) + \int_u^\infty (v-u)\,e^{-v} f'(e^{-v})\,
          \bigl(L_{g-1} + \kappa R_{g-1}\bigr)(q_g v)\,dv ,

and the risk is :math:`R_g(0)`. The functions are analytic where f is at 1; they are carried on as their values at
Chebyshev's points of pieces of [0, ∞), of which so many are taken that twice as dense ones change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from math import ceil, log
from typing import Any

from flint import arb, arb_mat, ctx, fmpq
from sympy import Eq, Expr, Lambda, diff, oo

from theory.errors import DomainError
from theory.expressions.balls import BallProgram
from theory.expressions.expansion import Order
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import t
from theory.moments.means_over_sizes import AT, MOMENT, SIZE, MeanOverSizes, dies_out, number, total_of
from theory.moments.recurrence import Recurrence

#: Bits that a point of a piece is worth: pieces are no longer than the distance to the next pole of f.
_BITS_A_POINT = 2.2
#: Bits that are carried beyond those asked for.
_SPARE = 30
#: Generations that are run.
MOST_GENERATIONS = 2000


@dataclass(frozen=True)
class FadingSizes(Recurrence):
    """Memories that fade by ``rate``, a function of the generation, with blocks of a law that has light tails.

    Examples
    --------
    >>> from sympy import N, Rational, Symbol
    >>> half = Lambda(Symbol("l"), Rational(1, 2))
    >>> N(FadingSizes(RandomSizes.geometric("1/2"), Rational(-1, 4), half).at(3), 10)
    1.039222718
    """

    sizes: RandomSizes
    curvature: Expr
    rate: Lambda

    @property
    def rises(self) -> bool:
        """Every generation adds the variance of new noise."""
        return True

    def values(self) -> Iterator[Expr]:
        """Risks at generations 1, 2, …, numbers to any precision."""
        yield self.offset + self.scale * self.sizes.mean_inverse
        for g in count(2):
            yield self.offset + self.scale * FadingMean(self.sizes, self.curvature, self.rate, g)

    def limit(self, order: Order) -> Expr | None:
        """Infinite for a constant rate below 1 and κ ≥ 0, −1/κ for −1 ≤ κ < 0: the sum of N_g/M_g² is infinite."""
        rate = self.rate.expr
        if not (rate.is_number and (1 - rate).is_positive):
            return None
        return oo if self.curvature.is_nonnegative else dies_out(self.curvature)

    def growth(self, order: Order) -> Expr | None:
        """Not derived: it hangs on the largest eigenvalue of the step from R to R."""
        limit = self.limit(order)
        return None if limit is oo else limit


class FadingMean(MeanOverSizes):
    """The moment at one generation: sizes, κ, q as a function of the generation, and the generation.

    To so many digits as are asked for, and not enclosed.
    """

    @property
    def free_symbols(self) -> set[Expr]:
        """Symbols of the sizes, κ and q, but the generation."""
        return set().union(*(part.free_symbols for part in self.args))

    def summed(self, bits: int) -> arb:
        """R(0)."""
        if self.generation > MOST_GENERATIONS:
            raise DomainError(
                f"generation = {self.generation} is beyond exact values, {MOST_GENERATIONS} at most: use "
                f"numerics.evaluate."
            )
        found = next(islice(moments(self.sizes, self.args[1], self.args[2], bits), self.generation - 1, None))
        return found + found * arb(0, arb(2) ** -bits)

    def given_the_sizes(self) -> tuple[Any, ...]:
        """y_g = y_{g−1} + N_g (1 + κ y_{g−1})/M_g²."""
        total, defined = total_of("M", kept=self.args[2](AT))
        step = MOMENT[AT - 1] + SIZE[AT] * (1 + self.args[1] * MOMENT[AT - 1]) / total**2
        return Eq(MOMENT[AT], step, evaluate=False), Eq(MOMENT[0], 0, evaluate=False), *defined


def moments(sizes: RandomSizes, curvature: Expr, rate: Lambda, bits: int) -> Iterator[arb]:
    """R_g(0) at g = 1, 2, …"""
    with ctx.workprec(bits + _SPARE):
        line = _Line(sizes, bits)
        kappa, start = number(curvature, ctx.prec), line.at([arb(0)])
    risks, laws = [arb(0)] * len(line.nodes), [arb(1)] * len(line.nodes)
    before, known = risks, None
    for g in count(1):
        with ctx.workprec(bits + _SPARE):
            if g > 1:
                rate_now = rate(g)
                if known is None or known[0] != rate_now:
                    q = number(rate_now, ctx.prec)
                    known = rate_now, line.at([q * u for u in line.nodes])
                before, laws = known[1](risks), known[1](laws)
            noise = [s * (p + kappa * r) for s, p, r in zip(line.slopes, laws, before, strict=True)]
            gained = line.twice_integrated(noise)
            risks = [(f * r + e).mid() for f, r, e in zip(line.law, before, gained, strict=True)]
            laws = [(f * p).mid() for f, p in zip(line.law, laws, strict=True)]
            (found,) = start(risks)
        yield found


class _Line:
    """[0, ∞) in pieces, up to where e^(−u) is negligible, with Chebyshev's points on each."""

    def __init__(self, sizes: RandomSizes, bits: int) -> None:
        self.points = ceil((bits + _SPARE) / _BITS_A_POINT) + 4
        mean = float(number(sizes.mean or oo, ctx.prec))
        self.ends = _ends(1 / (2 * mean), (bits + _SPARE) * log(2) + 2)
        self.unit, self.weights, self._once, self._twice = _rule(self.points, ctx.prec)
        self.halves = [(b - a) / 2 for a, b in zip(self.ends, self.ends[1:], strict=False)]
        self.nodes = [a + h * (1 + x) for a, h in zip(self.ends, self.halves, strict=False) for x in self.unit]
        function = sizes.generating_function
        f, slope = (BallProgram(part, t).at_precision(ctx.prec) for part in (function, diff(function, t)))
        shrunk = [(-u).exp() for u in self.nodes]
        self.law = [f(x).real.mid() for x in shrunk]
        self.slopes = [(x * slope(x).real).mid() for x in shrunk]

    def at(self, points: list[arb]) -> _Interpolation:
        """The map from values at the nodes to those at other points, ascending."""
        return _Interpolation(self, points)

    def twice_integrated(self, values: list[arb]) -> list[arb]:
        """∫_u^∞ (v − u) h(v) dv."""
        pieces, size = len(self.halves), self.points
        table = arb_mat(size, pieces, [values[piece * size + row] for row in range(size) for piece in range(pieces)])
        once, twice = self._once * table, self._twice * table
        found = [arb(0)] * len(values)
        total = moment = arb(0)  # ∫ h and ∫ (v − end) h beyond the end of the piece
        for piece in reversed(range(pieces)):
            half = self.halves[piece]
            for row in range(size):
                left = half * (1 - self.unit[row])
                found[piece * size + row] = half * half * twice[row, piece] + left * total + moment
            moment = moment + 2 * half * total + half * half * twice[size, piece]
            total = total + half * once[0, piece]
        return found


class _Interpolation:
    """The barycentric formula on the piece that each point lies in: a matrix for all points of a piece."""

    def __init__(self, line: _Line, points: list[arb]) -> None:
        self.size = line.points
        self._parts: list[tuple[int, arb_mat, list[arb]]] = []
        rows: list[list[arb]] = []
        piece = 0
        for u in points:
            while piece + 1 < len(line.halves) and u > line.ends[piece + 1]:
                self._end(piece, rows)
                rows, piece = [], piece + 1
            x = ((u - line.ends[piece]) / line.halves[piece] - 1).mid()
            apart = [(x - node).mid() for node in line.unit]
            if any(gap == 0 for gap in apart):
                rows.append([arb(int(gap == 0)) for gap in apart])
            else:
                rows.append([weight / gap for weight, gap in zip(line.weights, apart, strict=True)])
        self._end(piece, rows)

    def _end(self, piece: int, rows: list[list[arb]]) -> None:
        if rows:
            entries = [entry for row in rows for entry in row]
            self._parts.append((piece, arb_mat(len(rows), self.size, entries), [sum(row, arb(0)) for row in rows]))

    def __call__(self, values: list[arb]) -> list[arb]:
        found: list[arb] = []
        for piece, matrix, totals in self._parts:
            column = arb_mat(self.size, 1, values[piece * self.size : (piece + 1) * self.size])
            shown = matrix * column
            found += [(shown[row, 0] / total).mid() for row, total in enumerate(totals)]
        return found


def _ends(first: float, last: float) -> list[arb]:
    """0, and pieces that double up to the length 1, and from u = 8 on to a quarter of u."""
    found, step = [fmpq(0)], fmpq(1)
    while step > fmpq(*first.as_integer_ratio()):
        step /= 2
    while found[-1] < fmpq(ceil(last)):
        found.append(found[-1] + step)
        if step < 1 and found[-1] >= step:
            step = min(found[-1], fmpq(1))
        elif found[-1] >= 8:
            step = fmpq(2)
    return [arb(end) for end in found]


@lru_cache(maxsize=8)
def _rule(size: int, bits: int) -> tuple[list[arb], list[arb], arb_mat, arb_mat]:
    """Points x on [−1, 1], barycentric weights, and ∫_{−1}^1 ℓ_k, ∫_{x}^1 (y − x) ℓ_k dy at all x, at −1 last."""
    with ctx.workprec(bits + size):
        angles = [arb(2 * k + 1) / (2 * size) for k in range(size)]
        nodes = [-angle.cos_pi() for angle in angles]
        weights = [(-1) ** k * angle.sin_pi() for k, angle in enumerate(angles)]
        # Column k of the transform: the coefficients of ℓ_k by T_0, …, T_(n−1).
        told = arb_mat(
            size,
            size,
            [
                (arb(2 if m else 1) / size) * (m * angles[size - 1 - k]).cos_pi()
                for m in range(size)
                for k in range(size)
            ],
        )
        columns = [_twice(m) for m in range(size)]
        rows = [[_at(column, x) for column in columns] for x in [*nodes, arb(-1)]]
        whole = [arb(2) / (1 - m * m) if m % 2 == 0 else arb(0) for m in range(size)]
        once, twice = arb_mat(1, size, whole) * told, arb_mat(size + 1, size, [v for row in rows for v in row]) * told
    with ctx.workprec(bits):
        middle = [m.mid() for m in nodes], [w.mid() for w in weights]
        return *middle, once.mid(), twice.mid()


def _twice(m: int) -> list[fmpq]:
    """∫_x^1 (y − x) T_m(y) dy by T_0, T_1, …: the second antiderivative that vanishes at 1 with its slope."""
    second = _antiderivative(_antiderivative([fmpq(int(k == m)) for k in range(m + 1)]))
    slope = sum((c * k * k for k, c in enumerate(second)), fmpq(0))
    second += [fmpq(0)] * (2 - len(second))
    second[1] -= slope
    second[0] -= sum(second, fmpq(0))
    return second


def _antiderivative(coefficients: list[fmpq]) -> list[fmpq]:
    padded = [*coefficients, fmpq(0), fmpq(0)]
    found = [fmpq(0)] * (len(coefficients) + 1)
    for k in range(1, len(found)):
        before = padded[k - 1] * (2 if k == 1 else 1)
        found[k] = (before - padded[k + 1]) / (2 * k)
    return found


def _at(coefficients: list[fmpq], x: arb) -> arb:
    """Clenshaw's rule."""
    one = two = arb(0)
    for c in reversed(coefficients[1:]):
        one, two = 2 * x * one - two + arb(c), one
    return x * one - two + arb(coefficients[0])
