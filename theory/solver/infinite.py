r"""Limits of recurrences that settle geometrically: no closed form, any number of digits.

With block sizes c^j the coefficients of accumulate are rational functions of c^g, and

.. math:: m_\infty = \sum_{g} f_g \quad\text{or}\quad c^* + (m_0 - c^*) \prod_g p_g

converge like c^{-g}. The limit is an expression that evaluates itself to any precision.
"""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import (
    Dummy,
    Expr,
    Float,
    Integer,
    Pow,
    Product,
    Sum,
    Symbol,
    degree,
    fraction,
    lambdify,
    oo,
    together,
)

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.shorter import simplified
from theory.moments.recurrence import MomentRecurrence

#: Terms so far out that the ratio of two of them is its limit to all digits asked for in practice.
FAR = 100_000


class GeometricSum(Sum):
    """An infinite sum whose terms are a rational function of c^g that vanishes like 1/c^g."""

    def _eval_evalf(self, prec: int) -> Expr:
        return _evaluate(self, prec, product=False)


class GeometricProduct(Product):
    """An infinite product of factors 1 + O(c^−g)."""

    def _eval_evalf(self, prec: int) -> Expr:
        return _evaluate(self, prec, product=True)

    def _sympystr(self, printer: Any) -> str:
        return f"Product({', '.join(printer._print(part) for part in (self.function, self.limits[0]))})"


def _evaluate(expression: Sum | Product, prec: int, product: bool) -> Expr:
    (index, first, _), summand = expression.limits[0], expression.function
    if summand.free_symbols - {index}:
        return expression
    with mpmath.workprec(prec + 40):
        decay = lambdify(index, summand - 1 if product else summand, "mpmath")
        first_term, far = int(first), int(first) + FAR
        # Ratios of consecutive terms move one way towards c^{-1}: the larger of the present and a far one bounds
        # all between, and with it the tail by a geometric series.
        limiting = abs(decay(mpmath.mpf(far + 1)) / decay(mpmath.mpf(far)))
        total, g, previous = mpmath.mpf(1 if product else 0), first_term, mpmath.mpf(0)
        while True:
            term = decay(mpmath.mpf(g))
            total = total * (1 + term) if product else total + term
            size = abs(term)
            ratio = max(size / previous, limiting) if previous else mpmath.mpf(1)
            if ratio < 1 and size * ratio / (1 - ratio) < abs(total) * mpmath.mpf(2) ** (-prec - 10):
                return Float._new(total._mpf_, prec)
            previous = size
            g += 1


def geometric_limit(recurrence: MomentRecurrence) -> Expr | None:
    """Limit of the moment of a one-dimensional recurrence with geometric coefficients; None for others."""
    if recurrence.matrix.shape != (1, 1) or recurrence.continuation is not None or recurrence.shift != 0:
        return None
    g, i = recurrence.symbol, Symbol("i", integer=True, positive=True)
    p, f = recurrence.matrix[0], recurrence.forcing[0]
    if recurrence.readout[0] != 1 or not (_vanishes(p - 1, g) and _vanishes(f, g)):
        return None
    start, initial = Integer(recurrence.start), recurrence.initial[0]
    if p == 1:
        return initial + GeometricSum(f.subs(g, i), (i, start, oo))
    fixed = simplified(f / (1 - p))
    if fixed.has(g):
        return None
    return fixed + (initial - fixed) * GeometricProduct(p.subs(g, i), (i, start, oo))


def _vanishes(expression: Expr, g: Symbol) -> bool:
    """Whether the expression is a rational function of x = c^g, for one number c ≠ 1, that vanishes as g → ∞."""
    if expression == 0:
        return True
    powers = {power for power in expression.atoms(Pow) if power.exp.has(g)}
    bases = {power.base for power in powers}
    if len(bases) != 1:
        return False
    base = bases.pop()
    if not (base.is_number and base.is_positive and base != 1):
        return False
    x = Dummy("x", positive=True)
    replacements = {}
    for power in powers:
        linear = power.exp.as_poly(g)
        if linear is None or linear.degree() != 1 or not linear.LC().is_Integer:
            return False
        slope, constant = linear.all_coeffs()
        replacements[power] = base**constant * x**slope
    replaced = in_lowest_terms(together(expression.subs(replacements)))
    if replaced.has(g) or not replaced.is_rational_function(x):
        return False
    numerator, denominator = fraction(replaced)
    if base > 1:
        return bool(degree(numerator, x) < degree(denominator, x))
    return bool(numerator.subs(x, 0) == 0 and denominator.subs(x, 0) != 0)
