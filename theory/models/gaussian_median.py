r"""The variance of the median of an odd number of Gaussian points, to any precision.

With n = 2k + 1 points of variance 1, Φ their distribution and φ their density,

.. math:: \mathrm{Var} = n\binom{2k}{k} \int x^2\,[\Phi(x)(1-\Phi(x))]^k\,\varphi(x)\,dx .

The integral over [−L, L] is enclosed by ball arithmetic; beyond, Φ(1 − Φ) ≤ 1/4 leaves at most
:math:`2n\binom{2k}{k}4^{-k}\,(L\varphi(L) + 1 - \Phi(L))`.
"""

from __future__ import annotations

from math import comb
from typing import Any

from flint import acb, arb, ctx
from sympy import Expr, Float, Function, Integer
from sympy.printing.pretty.stringpict import prettyForm

from theory.errors import NotDerivedError
from theory.expressions.one_line import one_line


def gaussian_median_variance(n: int) -> Expr:
    """The variance for n points of variance 1, an expression that evaluates itself to any precision.

    Raises
    ------
    NotDerivedError
        For an even n of 4 or more: the mean of the middle two points needs an integral over both.
    """
    if n % 2 == 0:
        raise NotDerivedError(f"n = {n} is even: the variance of a Gaussian median is derived for odd n, and for 2.")
    return GaussianMedianVariance(Integer(n))


class GaussianMedianVariance(Function):
    """The variance of the median of n standard Gaussian points, n odd."""

    nargs = 1
    is_real = True
    is_positive = True
    is_finite = True
    is_commutative = True
    #: Ball arithmetic asks it for a value.
    knows_its_digits = True

    def _sympystr(self, printer: Any) -> str:
        return f"Var(median(Z_1, ..., Z_{printer._print(self.args[0])}))"

    def _pretty(self, printer: Any) -> Any:
        return one_line(self, prettyForm.FUNC)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        last = printer._print(self.args[0])
        text = rf"\operatorname{{Var}}\operatorname{{med}}\left(Z_{{1}}, \dots, Z_{{{last}}}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _eval_evalf(self, prec: int) -> Any:
        ball = enclosed(int(self.args[0]), prec)
        return Float(str(ball.mid().str(int(prec * 0.302) + 5, radius=False)), precision=prec)


def enclosed(n: int, bits: int) -> arb:
    """A ball around the variance, of relative radius 2^−bits or so.

    Examples
    --------
    >>> enclosed(3, 60)
    [0.4486711045782...]
    """
    k = (n - 1) // 2
    with ctx.workprec(bits + 40 + n):
        end = arb(2 * (bits + 40 + n)).sqrt().ceil()

        def below(x: acb) -> acb:
            return (-x / acb(2).sqrt()).erfc() / 2

        def density(x: acb) -> acb:
            return (-x * x / 2).exp() / (2 * acb.pi()).sqrt()

        def integrand(x: acb, _: bool) -> acb:
            return x * x * (below(x) * below(-x)) ** k * density(x)

        inside = acb.integral(integrand, acb(0), acb(end)).real * 2
        tail = 2 * (end * density(acb(end)).real + below(acb(-end)).real) * arb(4) ** -k
        return n * comb(2 * k, k) * (inside + arb(0, tail.upper()))
