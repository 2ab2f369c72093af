r"""Sums over the roots of a polynomial that stay sums until a number makes them a number.

:math:`\sum_{q(\lambda) = 0} r(\lambda)\,\lambda^G` is rational at every whole G when q and r are: the trace of
:math:`r\,\lambda^G` in :math:`\mathbb Q[\lambda]/q`, which needs the power sums of the roots (Newton's identities) and
no root. SymPy expands it in symmetric functions of symbols for the roots, minutes from degree 10 on.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly
from sympy import Expr, I, Poly, RootSum, S, fraction, re, together
from sympy.printing.pretty.stringpict import prettyForm

from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.one_line import one_line


class ModeSum(RootSum):
    """A sum over roots, evaluated exactly as soon as its summand is a rational function over Q.

    Examples
    --------
    >>> from sympy import Lambda, Symbol
    >>> x, m = Symbol("x"), Symbol("m", integer=True, positive=True)
    >>> total = ModeSum(Poly(x**3 - x - 1, x), Lambda(x, x**m / (x + 1)))
    >>> total.subs(m, 12), total.subs(m, 1)
    (12, 1)
    """

    def __new__(cls, expr: Any, func: Any = None, x: Any = None, auto: bool = False, quadratic: bool = False) -> Any:
        total = super().__new__(cls, expr, func, x, auto=False, quadratic=quadratic)
        return total.xreplace({part: _value_or_sum(part) for part in total.atoms(ModeSum)})

    def _sympystr(self, printer: Any) -> str:
        return f"RootSum({printer._print(self.poly.as_expr(*self.fun.variables))}, {printer._print(self.fun)})"

    def _pretty(self, printer: Any) -> Any:
        return one_line(self, prettyForm.FUNC)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        (root,) = self.fun.variables
        roots = rf"{printer._print(root)} \,:\, {printer._print(self.poly.as_expr(root))} = 0"
        text = rf"\sum_{{{roots}}} {printer._print(self.fun.expr)}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _eval_evalf(self, prec: int) -> Expr:
        variables, summand = self.fun.variables, self.fun.expr
        value = super()._eval_evalf(prec + 30)
        if summand.free_symbols - set(variables) or self.poly.free_symbols_in_domain:
            return value
        # Roots of a real polynomial come in conjugate pairs, and so do the terms of a real summand.
        return value if summand.has(I) else re(value.evalf(prec)).evalf(prec)


def _value_or_sum(total: ModeSum) -> Expr:
    (variable,), summand = total.fun.variables, total.fun.expr
    over_q = total.poly.domain.is_QQ or total.poly.domain.is_ZZ
    if not over_q or summand.free_symbols != {variable} or not summand.is_rational_function(variable):
        return total
    numerator, denominator = (Poly(part, variable) for part in fraction(together(summand)))
    if not all(part.domain.is_QQ or part.domain.is_ZZ for part in (numerator, denominator)):
        return total
    modulus = _flint(total.poly)
    common, inverse, _ = _flint(denominator).xgcd(modulus)
    if common.degree() != 0:
        return total
    value = _trace(_flint(numerator) * inverse / common[0] % modulus, modulus)
    return to_sympy(value)


def _flint(polynomial: Poly) -> fmpq_poly:
    coefficients = [S(value) for value in reversed(polynomial.all_coeffs())]
    return fmpq_poly([to_flint(value) for value in coefficients])


def _trace(element: fmpq_poly, modulus: fmpq_poly) -> fmpq:
    """The sum over the roots of the modulus, by Newton's identities for the sums of their powers."""
    degree = modulus.degree()
    monic = [modulus[k] / modulus[degree] for k in range(degree + 1)]
    powers = [fmpq(degree)]
    for k in range(1, degree):
        powers.append(-k * monic[degree - k] - sum((monic[degree - i] * powers[k - i] for i in range(1, k)), fmpq(0)))
    return sum((element[k] * powers[k] for k in range(degree)), fmpq(0))
