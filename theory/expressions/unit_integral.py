"""Integrals over [0, 1] of known integrands that evaluate themselves: a value takes one quadrature."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Expr, Float, Integral, lambdify


class UnitIntegral(Integral):  # type: ignore[misc]
    """An integral over [0, 1], singular at the ends at most as a logarithm, by double exponential quadrature.

    SymPy's own evaluation of an integral puts digits into its integrand one subexpression after the other.

    Examples
    --------
    >>> from sympy import log
    >>> from theory.expressions.symbols import t
    >>> UnitIntegral(-log(1 - t) / t, (t, 0, 1)).n(30)
    1.64493406684822643647241516665
    """

    knows_its_digits = True

    def _eval_evalf(self, prec: int) -> Expr | None:
        if self.free_symbols:
            return None
        variable = self.limits[0][0]
        # Near the ends log(1 − f) cancels: as many digits again are carried.
        with mpmath.workprec(2 * prec + 20):
            function = lambdify(variable, self.function, "mpmath")
            total = mpmath.quad(function, [0, mpmath.mpf(1) / 2, 1])
        with mpmath.workprec(prec):
            return Float._new((+total)._mpf_, prec)

    def _sympystr(self, printer: Any) -> str:
        return f"Integral({printer.doprint(self.function)}, {printer.doprint(self.limits[0])})"
