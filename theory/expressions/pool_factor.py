r"""pool_factor(κ, sizes) = W(1), W the solution of :math:`(tW')' = \kappa f'/(1-f)\,W` that is 1 at t = 0.

f is the generating function of random sizes, with a finite mean; see :mod:`theory.moments.total_noise`. A number to any
precision: with V the solution that vanishes at t = 1 like 1 − t, :math:`t(WV' - W'V)` is constant, and −W(1) at t = 1.
Both are power series, W about 0 and V about 1.
"""

from __future__ import annotations

from typing import Any

from flint import arb, ctx, fmpq
from mpmath import mp
from sympy import Expr, Float, Function, Rational, S, diff, factor

from theory.errors import DomainError
from theory.expressions.one_line import one_line
from theory.expressions.random_sizes import RandomSizes, power_series
from theory.expressions.symbols import t

_SPARE = 60
#: The point at which both series are matched is 1 − 1/2, 1 − 1/4, … until that about 1 has converged.
_HALVINGS = 8


class pool_factor(Function):  # noqa: N801 - functions of SymPy have small letters
    """See above.

    Examples
    --------
    >>> from sympy import N, pi, sinh
    >>> N(pool_factor(1, RandomSizes("t")) - sinh(pi) / pi, 5, chop=True)
    0
    """

    nargs = 2

    @classmethod
    def eval(cls, curvature: Expr, sizes: Expr) -> Expr | None:
        """1 without curvature."""
        return S.One if curvature == 0 else None

    @property
    def is_number(self) -> bool:  # type: ignore[override]
        """Whether there is no symbol in it."""
        return not self.free_symbols

    is_real = True
    is_finite = True

    def _sympystr(self, printer: Any) -> str:
        curvature, sizes = self.args
        if not isinstance(sizes, RandomSizes):
            return f"pool_factor({printer._print(curvature)}, {printer._print(sizes)})"
        law = sizes.generating_function
        slope = printer._print(factor(curvature * diff(law, t) / (1 - law)))
        return f"W(1; (t*W')' = ({slope})*W, W(0) = 1)"

    def _pretty(self, printer: Any) -> Any:
        return one_line(self)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        curvature, sizes = self.args
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"W{power}_{{{printer.doprint(curvature)},\,{printer.doprint(sizes.args[0])}}}(1)"

    def _eval_evalf(self, prec: int) -> Any:
        curvature, sizes = self.args
        if self.free_symbols or not isinstance(sizes, RandomSizes):
            return None
        with mp.workprec(prec + _SPARE):
            number = Rational(curvature) if curvature.is_Rational else Rational(curvature.evalf(mp.dps + 10))
        ball = value(fmpq(int(number.p), int(number.q)), sizes.generating_function, prec + _SPARE)
        with ctx.workprec(prec + _SPARE):
            mantissa, exponent = ball.mid().man_exp()
        with mp.workprec(prec):
            return Float._new(mp.ldexp(int(mantissa), int(exponent))._mpf_, prec)


def value(curvature: fmpq, function: Expr, bits: int) -> arb:
    """W(1), to about so many bits; the ball takes no account of where the series are cut off."""
    for halving in range(1, _HALVINGS + 1):
        at_one = _about_one(curvature, function, halving, bits)
        if at_one is not None:
            w, w_slope = _about_zero(curvature, function, halving, bits)
            v, v_slope = at_one
            with ctx.workprec(bits):
                point = 1 - arb(2) ** -halving
                # V' is taken by x = 1 − t.
                return point * (w * v_slope + w_slope * v)
    raise DomainError(f"sizes with E t^N = {function}: the series about t = 1 converges too slowly to be summed.")


def _about_zero(curvature: fmpq, function: Expr, halving: int, bits: int) -> tuple[arb, arb]:
    """W and W' at 1 − 2^(−halving): s² w_s = κ Σ a_k w_{s−k}, t f'/(1 − f) = Σ a_k t^k."""
    count = int(bits * 0.7 * 2**halving) + 20
    chances = power_series(function, [0, 1], count + 1, bits)
    with ctx.workprec(bits):
        renewed = [arb(1)]
        heavy = [arb(0)]
        for size in range(1, count + 1):
            # a = θf + f·a, for a = θf/(1 − f).
            heavy.append(size * chances[size] + dot(chances, heavy, size))
            renewed.append(dot(heavy, renewed, size) * curvature / (size * size))
        point = 1 - arb(2) ** -halving
        total, slope = arb(0), arb(0)
        for size in range(count, -1, -1):
            slope = slope * point + total
            total = total * point + renewed[size]
        return total, slope


def dot(one: list[arb], other: list[arb], size: int) -> arb:
    """Σ_{k=1}^{size} one_k · other_{size−k}."""
    total = arb(0)
    for k in range(1, size + 1):
        if one[k] != 0:
            total += one[k] * other[size - k]
    return total


def _about_one(curvature: fmpq, function: Expr, halving: int, bits: int) -> tuple[arb, arb] | None:
    """V and dV/dx at x = 2^(−halving), x = 1 − t; None where the terms have not become negligible."""
    count = int(bits * 1.6 / max(1, halving - 1)) + 40
    about = power_series(function, [1, -1], count + 2, 2 * bits)
    with ctx.workprec(bits):
        if not about[1].is_finite():
            return None
        # (1 − f)/x and f', in x.
        below = [-about[k + 1] for k in range(count)]
        above = [-(k + 1) * about[k + 1] for k in range(count)]
        ratio: list[arb] = []
        for k in range(count):
            ratio.append((above[k] - dot(below, [*ratio[:k], arb(0)], k)) / below[0])
        terms = [arb(0), arb(1)]
        for m in range(count - 2):
            added = sum((ratio[i] * terms[m + 1 - i] for i in range(m + 1)), arb(0))
            terms.append(((m + 1) ** 2 * terms[m + 1] + curvature * added) / ((m + 2) * (m + 1)))
        point = arb(2) ** -halving
        last = max(abs(terms[k]).mid() * point**k for k in range(len(terms) - 10, len(terms)))
        if not last < arb(2) ** (-bits + 10):
            return None
        total, slope = arb(0), arb(0)
        for term in reversed(terms):
            slope = slope * point + total
            total = total * point + term
        return total, slope
