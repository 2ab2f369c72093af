"""The range of a function over an interval of numbers, its end possibly infinite: enclosed, never estimated.

Ends are balls (Arb), rounded outwards. Rational functions are enclosed exactly where they are monotone; everything else
by the ranges of its parts, so that the enclosure may be wider than the range.

Values at one point are balls of :mod:`theory.expressions.balls`; a range needs its two ends apart, since one may
be infinite, and a ball about an interval loses the monotonicity that the ends show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from flint import arb, ctx
from sympy import QQ, E, EulerGamma, Expr, Poly, PolynomialError, S, Symbol, cos, exp, fraction, log, pi, sin, together
from sympy.polys.polyerrors import CoercionFailed

from theory.expressions.numerals import to_flint

Interval = tuple[arb, arb]
"""The least and the largest value, each rounded outwards."""

BITS = 128

_CONSTANTS: dict[Expr, Callable[[], arb]] = {
    pi: arb.pi,
    E: lambda: arb(1).exp(),
    EulerGamma: arb.const_euler,
}


def enclosure(expression: Expr, x: Symbol, low: int, high: int | None) -> Interval | None:
    """An interval that holds every value at real ``low`` ≤ x ≤ ``high`` (None: no end); None when none is known.

    Examples
    --------
    >>> from sympy import exp
    >>> from theory.expressions.symbols import j
    >>> low, high = enclosure(1 + exp(-j), j, 1, None)
    >>> float(low), round(float(high), 4)
    (1.0, 1.3679)
    """
    with ctx.workprec(BITS):
        try:
            found = _Range(x, low, high).of(expression)
        except _NotEnclosed:
            return None
    return None if found[0].is_nan() or found[1].is_nan() else found


class _NotEnclosed(Exception):
    """A function of unknown range, or one with a pole inside."""


class _Range:
    def __init__(self, x: Symbol, low: int, high: int | None) -> None:
        self.x, self.low, self.high = x, low, high

    def of(self, expression: Expr) -> Interval:
        if expression == self.x:
            return arb(self.low), arb.pos_inf() if self.high is None else arb(self.high)
        if expression.is_Rational:
            return _point(arb(to_flint(expression)))
        if expression in _CONSTANTS:
            return _point(_CONSTANTS[expression]())
        if expression.free_symbols - {self.x}:
            raise _NotEnclosed
        if expression.has(self.x):
            rational = self._rational(expression)
            if rational is not None:
                return rational
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            return _hull_of_products([self.of(factor) for factor in expression.args])
        if isinstance(expression, exp) or expression.is_Pow:
            return self._power(*expression.as_base_exp())
        if isinstance(expression, log):
            low, high = self.of(expression.args[0])
            if not low > 0:
                raise _NotEnclosed
            return _outward(low.log(), high.log() if high.is_finite() else arb.pos_inf())
        if isinstance(expression, (sin, cos)):
            low, high = self.of(expression.args[0])
            if self.low == self.high:
                # both ends of one number
                wave = low.union(high)
                wave = wave.sin() if isinstance(expression, sin) else wave.cos()
                return _outward(wave, wave)
            return arb(-1), arb(1)
        raise _NotEnclosed

    def _sum(self, expression: Expr) -> Interval:
        # What is rational moves as one: apart, its terms would hide each other's growth.
        rational = [term for term in expression.args if polynomials(term, self.x) is not None]
        rest = [term for term in expression.args if term not in rational]
        if not rest:
            rational, rest = [], list(expression.args)
        parts = [self.of(term) for term in rest]
        if rational:
            parts.append(self.of(expression.func(*rational)))
        low, high = arb(0), arb(0)
        for least, largest in parts:
            low, high = low + least, high + largest
        return _outward(low, high)

    def _power(self, base: Expr, exponent: Expr) -> Interval:
        if exponent.is_Integer:
            return _whole_power(self.of(base), int(exponent))
        low, high = _point(arb(1)) if base == E else self.of(base)
        if base != E and not low > 0:
            raise _NotEnclosed
        top = high.log() if high.is_finite() else arb.pos_inf()
        least, largest = _hull_of_products(
            [_outward(low.log() if base != E else arb(1), top if base != E else arb(1)), self.of(exponent)]
        )
        return _outward(_exponential(least), _exponential(largest))

    def _rational(self, expression: Expr) -> Interval | None:
        """Exact for a rational function without a pole or an extreme point inside."""
        pair = polynomials(expression, self.x)
        if pair is None:
            return None
        top, bottom = pair
        slope = top.diff() * bottom - top * bottom.diff()
        for polynomial in (bottom, slope):
            if polynomial.degree() > 0 and polynomial.count_roots(self.low, self.high):
                return None
        ends = [
            _quotient(top, bottom, self.low),
            _end(top, bottom) if self.high is None else _quotient(top, bottom, self.high),
        ]
        values = [end if isinstance(end, arb) else arb(to_flint(end)) for end in ends]
        return (values[0], values[1]) if values[0] <= values[1] else (values[1], values[0])


def polynomials(expression: Expr, x: Symbol) -> tuple[Poly, Poly] | None:
    """Numerator and denominator over the rationals; None for anything else."""
    if not expression.is_rational_function(x):
        return None
    try:
        top, bottom = (Poly(part, x, domain=QQ) for part in fraction(together(expression)))
    except (PolynomialError, CoercionFailed):  # the second for irrational coefficients
        return None
    return top, bottom


def _quotient(top: Poly, bottom: Poly, at: int) -> Expr:
    return top.eval(at) / bottom.eval(at)


def _end(top: Poly, bottom: Poly) -> Expr | arb:
    """The value at infinity."""
    if top.degree() < bottom.degree():
        return S.Zero
    share = top.LC() / bottom.LC()
    if top.degree() == bottom.degree():
        return share
    return arb.pos_inf() if share > 0 else arb.neg_inf()


def _point(value: arb) -> Interval:
    return _outward(value, value)


def _outward(low: arb, high: arb) -> Interval:
    return (low.lower() if low.is_finite() else low), (high.upper() if high.is_finite() else high)


def _exponential(value: arb) -> arb:
    if value.is_finite():
        return value.exp()
    return arb(0) if value < 0 else arb.pos_inf()


def _whole_power(base: Interval, exponent: int) -> Interval:
    if exponent < 0:
        low, high = _whole_power(base, -exponent)
        if not (low > 0 or high < 0):
            raise _NotEnclosed
        return _outward(_inverse(high), _inverse(low))
    low, high = base
    ends = [_raised(low, exponent), _raised(high, exponent)]
    if exponent % 2 == 1 or low >= 0:
        return _outward(ends[0], ends[1])
    if high <= 0:
        return _outward(ends[1], ends[0])
    return _outward(arb(0), ends[0] if ends[0] > ends[1] else ends[1])


def _raised(value: arb, exponent: int) -> arb:
    if value.is_finite():
        return value**exponent
    return arb.pos_inf() if value > 0 or exponent % 2 == 0 else arb.neg_inf()


def _inverse(value: arb) -> arb:
    return 1 / value if value.is_finite() else arb(0)


def _hull_of_products(factors: Sequence[Interval]) -> Interval:
    low, high = factors[0]
    for factor in factors[1:]:
        ends = [_times(a, b) for a, b in product((low, high), factor)]
        low, high = _extreme(ends, least=True), _extreme(ends, least=False)
    return low, high


def _times(a: arb, b: arb) -> arb:
    # An end of 0 stays 0 beside an infinite one: values are finite numbers, ends their bounds.
    return arb(0) if a.is_zero() or b.is_zero() else a * b


def _extreme(values: Sequence[arb], least: bool) -> arb:
    """The smallest of all lower ends, or the largest of all upper ends."""
    ends = [(value.lower() if least else value.upper()) if value.is_finite() else value for value in values]
    best = ends[0]
    for value in ends[1:]:
        if (value < best) if least else (value > best):
            best = value
    return best
