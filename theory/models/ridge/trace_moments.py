r"""E tr Wⁱ(W + λ)⁻ᵏ of a real Wishart matrix as a function that SymPy can carry, write out and compute.

Written out (``expand_func``) it is a combination of 1, :math:`e^\lambda E_1(\lambda)` and one more function, with
coefficients rational in λ: :math:`e^{\lambda/2} E_1(\lambda/2)` where T − d is odd,
:math:`\operatorname{erfc}\sqrt{\lambda/2}` where d and T are odd, and :class:`arctangent_transform` where both are
even. Numbers come from balls,
:func:`theory.models.ridge.eigenvalue_density.enclosure`: rigorous at any precision.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flint import acb
from sympy import Expr, Float, Function, S, erfc, exp, expint, pi, sqrt
from sympy.core.function import ArgumentIndexError
from sympy.printing.precedence import PRECEDENCE

from theory.expressions.balls import BallProgram, know
from theory.expressions.numerals import to_sympy
from theory.expressions.symbols import G
from theory.models.ridge.eigenvalue_density import ARC, EXPONENTIAL, ROOT, Laurent, enclosure, own_transform, trace_form

#: Bits beyond those wanted, to begin with.
GUARD_BITS = 32
#: The least precision that a number is computed to.
FEWEST_BITS = 160


class arctangent_transform(Function):  # noqa: N801 – SymPy's functions are lower case
    r""":math:`V(c) = 4e^c \int_1^\infty e^{-cq^2} \arctan\frac{q-1}{q+1}\,dq` for c > 0.

    It is :math:`\tfrac12\pi^{3/2}c^{-1/2}e^c\operatorname{erfc}\sqrt c - 2\int_0^1 h(c(1+t^2))\,dt` with
    :math:`h(z) = e^z E_1(z)`, and :math:`V' = V - V/(2c) - h(2c)/c`.

    Examples
    --------
    >>> arctangent_transform(1).evalf(10)
    0.1890047044
    """

    nargs = 1
    is_extended_real = True
    is_finite = True

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_positive

    def fdiff(self, argindex: int = 1) -> Expr:
        """V'."""
        (c,) = self.args
        return self * (1 - 1 / (2 * c)) - exp(2 * c) * expint(1, 2 * c) / c

    def _eval_evalf(self, prec: int) -> Expr | None:
        return computed(self, prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        c = printer.parenthesize(self.args[0], PRECEDENCE["Mul"], strict=True)
        text = rf"4 e^{{{c}}} \int_{{1}}^{{\infty}} e^{{-{c} q^{{2}}}} \arctan\frac{{q - 1}}{{q + 1}}\, dq"
        return rf"\left({text}\right)" + ("" if exp is None else f"^{{{exp}}}")


class wishart_trace(Function):  # noqa: N801
    r"""``wishart_trace(i, k, d, T, λ)`` is :math:`E \sum_s s^i (s + \lambda)^{-k}`, 0 ≤ i ≤ k, λ > 0.

    The sum is over the min(d, T) nonzero eigenvalues s of W: for i ≥ 1 it is E tr Wⁱ(W + λ)⁻ᵏ.

    W = XᵀX, X of T rows and d columns of independent standard normal numbers. It is symmetric in d and T.

    Examples
    --------
    >>> from sympy import Symbol, expand_func
    >>> x = Symbol("x", positive=True)
    >>> expand_func(wishart_trace(1, 1, 1, 2, x))
    -x*exp(x/2)*expint(1, x/2)/2 + 1
    >>> wishart_trace(1, 1, 8, 5, 1).evalf(20)
    3.9009476640615994417
    """

    nargs = 5
    #: Where formulas repeat it.
    letter = "w"
    is_extended_real = True
    is_finite = True

    def _eval_is_positive(self) -> bool | None:
        return self.args[4].is_positive

    def _eval_expand_func(self, **hints: Any) -> Expr:
        *counts, penalty = self.args
        if not all(count.is_Integer for count in counts):
            return self
        i, k, d, T = (int(count) for count in counts)
        return written_out(i, k, d, T, penalty)

    def fdiff(self, argindex: int = 5) -> Expr:
        """d/dλ."""
        if argindex != 5:
            raise ArgumentIndexError(self, argindex)
        i, k, d, T, penalty = self.args
        return -k * wishart_trace(i, k + 1, d, T, penalty)

    def _eval_evalf(self, prec: int) -> Expr | None:
        return computed(self, prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        i, k, d, T, penalty = self.args
        power = lambda count: "" if count == 1 else f"^{{{printer._print(count)}}}"  # noqa: E731
        inner = rf"W{power(i)}\left(W + {printer._print(penalty)}\right)^{{-{printer._print(k)}}}"
        law = rf"\operatorname{{E}}_{{W \sim W_{{{printer._print(d)}}}({printer._print(T)})}}"
        text = rf"{law} \operatorname{{tr}} {inner}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def written_out(i: int, k: int, d: int, T: int, penalty: Expr) -> Expr:
    """E tr Wⁱ(W + λ)⁻ᵏ in exponential integrals and the third function."""
    form, c = trace_form(i, k, d, T), penalty / 2
    if form.kind == EXPONENTIAL:
        own = exp(c) * expint(1, c)
    elif form.kind == ROOT:
        own = sqrt(pi / c) * exp(c) * erfc(sqrt(c))
    else:
        own = arctangent_transform(c)
    return _laurent(form.one, c) + _laurent(form.two, c) * exp(2 * c) * expint(1, 2 * c) + _laurent(form.own, c) * own


def _laurent(value: Laurent, c: Expr) -> Expr:
    terms = enumerate(value.top.coeffs())
    return sum((to_sympy(x) * c ** (k - value.power) for k, x in terms if x), S.Zero)


def computed(function: Expr, bits: int) -> Expr | None:
    """A number with ``bits`` correct bits from balls, or None while an argument is a symbol."""
    if function.free_symbols:
        return None
    # A few precisions serve all: SymPy asks for many, and simplifies with numbers time and again.
    enough = FEWEST_BITS
    while enough < bits + 2:
        enough *= 2
    negative, mantissa, exponent = _settled(function, enough)
    return Float((negative, mantissa, exponent), precision=bits)


@lru_cache(maxsize=4096)
def _settled(function: Expr, bits: int) -> tuple[int, int, int]:
    """Sign, mantissa and exponent of the middle of a ball with so many correct bits."""
    program, working = BallProgram(function, G), bits + GUARD_BITS
    while True:
        ball = program.at_precision(working)(1).real
        if ball.is_finite() and ball.rel_accuracy_bits() >= bits:
            break
        working *= 2
    mantissa, exponent = ball.mid().man_exp()
    return int(mantissa < 0), abs(int(mantissa)), int(exponent)


def _trace(i: acb, k: acb, d: acb, T: acb, penalty: acb) -> acb:
    first, power, columns, rows = (int(count.real.unique_fmpz()) for count in (i, k, d, T))
    return acb(enclosure(first, power, columns, rows, penalty.real))


know(wishart_trace, _trace)
know(arctangent_transform, lambda c: acb(own_transform(ARC, c.real)))
