r"""W(1) of :mod:`theory.expressions.pool_factor` enclosed, for sizes with a rational generating function f = P/Q.

Both series are cut off with a bound on what is left out (derived here).

*About 0.* :math:`s^2 w_s = \kappa \sum_k a_k w_{s-k}`, and :math:`0 \le a_k \le \mu`, the mean size: the
coefficients of 1/(1 − f) are chances of a renewal. So :math:`|w_s| \le |\kappa|\mu\,s^{-2} \sum_{i<s} |w_i|`, and the
sum grows beyond c terms by :math:`e^{|\kappa|\mu/c}` at most.

*About 1*, in x = 1 − t: :math:`((1-x)V')' = \kappa\,r(x)\,V/x`, r a quotient of polynomials whose denominator d
keeps :math:`|d| \ge |d_0|/2` on :math:`|x| \le R`, by its coefficients. With :math:`|r| \le A` there, Cauchy's
:math:`|r_i| \le A R^{-i}`, and :math:`\rho = \frac34 R`, :math:`|v_k| \le B\rho^{-k}` for all k up to some m + 1
implies it beyond once :math:`\rho + 4|\kappa|A\rho/((m+1)(m+2)) \le 1`.
"""

from __future__ import annotations

from flint import arb, ctx, fmpq
from sympy import Expr, Poly, cancel, fraction, together

from theory.expressions.pool_factor import dot
from theory.expressions.random_sizes import power_series
from theory.expressions.symbols import t

#: Terms of a series beyond which it is given up.
_MOST_TERMS = 6000


def enclosed_factor(curvature: fmpq, function: Expr, bits: int) -> arb | None:
    """A ball around W(1); None where the series take too many terms.

    Examples
    --------
    >>> enclosed_factor(fmpq(1), t, 64).overlaps(arb.pi().sinh() / arb.pi())
    True
    """
    with ctx.workprec(2 * bits):
        one = _AboutOne(curvature, function, bits)
        if one.count > _MOST_TERMS or one.count_about_zero > _MOST_TERMS or not one.is_bounded:
            return None
        v, v_slope = one.at_point()
        w, w_slope = _about_zero(curvature, function, one.point, one.count_about_zero, bits)
        return (1 - one.point) * (w * v_slope + w_slope * v)


class _AboutOne:
    """V about t = 1, and where both series are matched."""

    def __init__(self, curvature: fmpq, function: Expr, bits: int) -> None:
        self.curvature, self.bits = curvature, bits
        top, bottom = (Poly(part, t) for part in fraction(cancel(together(function))))
        slope = top.diff(t) * bottom - top * bottom.diff(t)
        x = Poly(1 - t, t)
        # r = f' x/(1 − f) = (P'Q − PQ') x/(Q (Q − P)), in x.
        self._top = _coefficients(slope, x)
        self._bottom = _coefficients(bottom * (bottom - top), x)[1:]
        self.radius = self._radius()
        rho = self.radius * fmpq(3, 4)
        self.point = fmpq(1, 2)
        while self.point * 2 > rho:
            self.point /= 2
        self.rho = rho
        self.count = 2 * bits + 40
        self.count_about_zero = int(bits * 0.7 * int(self.point.q)) + 40

    def _radius(self) -> fmpq:
        radius = fmpq(1)
        while sum((abs(c) * radius**k for k, c in enumerate(self._bottom) if k), fmpq(0)) * 2 > abs(self._bottom[0]):
            radius /= 2
        return radius

    def _bound(self) -> fmpq:
        """A."""
        most = sum((abs(c) * self.radius**k for k, c in enumerate(self._top)), fmpq(0))
        return most * 2 / abs(self._bottom[0])

    @property
    def is_bounded(self) -> bool:
        """Whether the terms beyond those that are computed are known to be small."""
        last = self.count
        return self.rho + 4 * abs(self.curvature) * self._bound() * self.rho / ((last - 1) * last) <= 1

    def at_point(self) -> tuple[arb, arb]:
        """V and dV/dx there, what is left out included."""
        kappa, count = self.curvature, self.count
        ratio: list[arb] = []
        for k in range(count):
            known = arb(self._top[k]) if k < len(self._top) else arb(0)
            for i in range(1, min(k, len(self._bottom) - 1) + 1):
                known -= arb(self._bottom[i]) * ratio[k - i]
            ratio.append(known / arb(self._bottom[0]))
        terms = [arb(0), arb(1)]
        for m in range(count - 1):
            added = sum((ratio[i] * terms[m + 1 - i] for i in range(m + 1)), arb(0))
            terms.append(((m + 1) ** 2 * terms[m + 1] + arb(kappa) * added) / ((m + 2) * (m + 1)))
        last = len(terms) - 1
        rho, point = arb(self.rho), arb(self.point)
        height = arb(0)
        for k, value in enumerate(terms):
            height = height.max((abs(value) * rho**k).abs_upper())
        q = point / rho
        rest = height * q ** (last + 1) / (1 - q)
        slope_rest = height / point * q ** (last + 1) * ((last + 1) * (1 - q) + q) / (1 - q) ** 2
        total, slope = arb(0), arb(0)
        for term in reversed(terms):
            slope = slope * point + total
            total = total * point + term
        return _widened(total, rest), _widened(slope, slope_rest)


def _about_zero(curvature: fmpq, function: Expr, point: fmpq, count: int, bits: int) -> tuple[arb, arb]:
    """W and W' at 1 − x."""
    chances = power_series(function, [0, 1], count + 1, 2 * bits)
    mean = arb(_mean(function))
    renewed, heavy, size_of_all = [arb(1)], [arb(0)], arb(1)
    for size in range(1, count + 1):
        heavy.append(size * chances[size] + dot(chances, heavy, size))
        renewed.append(dot(heavy, renewed, size) * arb(curvature) / (size * size))
        size_of_all += abs(renewed[-1])
    at = arb(1 - point)
    total, slope = arb(0), arb(0)
    for value in reversed(renewed):
        slope = slope * at + total
        total = total * at + value
    pull = arb(abs(curvature)) * mean
    most = pull * size_of_all * (pull / count).exp() * at**count / arb(point)
    return _widened(total, most / count**2), _widened(slope, most / count)


def _mean(function: Expr) -> fmpq:
    value = cancel(function.diff(t)).subs(t, 1)
    return fmpq(int(value.p), int(value.q))


def _coefficients(polynomial: Poly, x: Poly) -> list[fmpq]:
    """Of a polynomial in t, as one in x = 1 − t, the constant first."""
    found = polynomial.compose(x).all_coeffs()
    return [fmpq(int(c.p), int(c.q)) for c in reversed(found)]


def _widened(value: arb, error: arb) -> arb:
    return value + arb(0, error.abs_upper())

