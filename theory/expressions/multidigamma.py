r"""The multivariate digamma function :math:`\psi_d(x) = \sum_{i=1}^d \psi\big(x + \frac{1-i}2\big)`.

The derivative of the logarithm of the multivariate Gamma function; :math:`E \log\det W = \psi_d(\nu/2) + d\log 2` for
:math:`W \sim W(I_d, \nu)` (Muirhead 1982, theorem 3.2.15).
"""

from __future__ import annotations

from typing import Any

from mpmath import mpf, psi, workprec
from sympy import Expr, Function, Rational, S, Sum, Symbol, ceiling, floor, polygamma, together


class multidigamma(Function):  # noqa: N801 – SymPy's functions are lower case
    r"""ψ_d(x), as ``multidigamma(x, d)``; ``expand_func`` writes it in digammas for a whole number d.

    It stays as it is for numbers: a digamma of a fraction would turn itself into a fraction of a thousand digits.

    Examples
    --------
    >>> from sympy import expand_func, symbols
    >>> x, d = symbols("x d", positive=True)
    >>> expand_func(multidigamma(x, 2))
    polygamma(0, x) + polygamma(0, x - 1/2)
    >>> multidigamma(5, 2).evalf(6)
    2.89499
    """

    nargs = 2

    def _eval_expand_func(self, **hints: Any) -> Expr:
        x, d = self.args
        if not (d.is_Integer and d >= 0):
            return self
        return sum((polygamma(0, x - Rational(index, 2)) for index in range(int(d))), S.Zero)

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(argument.is_extended_real for argument in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        x, d = self.args
        return True if (x - (d - 1) / 2).is_positive and x.is_finite and d.is_finite else None

    def _eval_rewrite_as_Sum(self, x: Expr, d: Expr, **kwargs: Any) -> Expr:
        i = Symbol("i", integer=True, positive=True)
        return Sum(polygamma(0, x + (1 - i) / 2), (i, 1, d))

    def _eval_evalf(self, prec: int) -> Expr | None:
        # Every other term is one unit apart, and (y − 1)ψ(y) − y has the difference ψ(y). Between whole d this is one
        # of many continuations: enough to tell that an expression in d is not zero.
        x, d = self.args
        if not (x.is_number and d.is_number):
            return None

        # By mpmath: SymPy would write a digamma of a whole number n out as a fraction, n terms added up.
        with workprec(2 * prec + 20):

            def antidifference(y: Expr) -> mpf:
                number = y._to_mpmath(2 * prec + 20)
                return (number - 1) * psi(0, number) - number

            total = mpf(0)
            for top, count in ((x + 1, ceiling(d / 2)), (x + Rational(1, 2), floor(d / 2))):
                total += antidifference(top) - antidifference(top - count)
            return Expr._from_mpmath(total, prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        # With a subscript ψ would read as a polygamma.
        x, d = self.args
        i = Symbol("i", integer=True, positive=True)
        argument = printer._print(x if d == 1 else together(x + (1 - i) / 2))
        total = rf"\psi\left({argument}\right)"
        if d != 1:
            total = rf"\left(\sum_{{i=1}}^{{{printer._print(d)}}} {total}\right)"
        return total if exp is None else f"{total}^{{{exp}}}"
