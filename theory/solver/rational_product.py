r"""Infinite products of a rational factor, as numbers: no factorial is written out, however far away its roots are."""

from __future__ import annotations

from flint import acb, arb, ctx, fmpq_poly
from sympy import Expr, Poly, PolynomialError, Symbol, fraction

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint

#: Bits that a value is first looked for with, beyond those that are wanted.
_GUARD = 40


def rational_product(factor: Expr, index: Symbol, start: int, bits: int) -> arb | None:
    r"""∏ over index ≥ ``start`` of a positive factor that is rational over Q, enclosed; None for other factors.

    .. math:: \prod_{i \ge s} \frac{\prod_a (i-a)}{\prod_b (i-b)} = \frac{\prod_b \Gamma(s-b)}{\prod_a \Gamma(s-a)}
              \quad \text{for as many } a \text{ as } b, \text{ with the same sum},

    through log Γ.

    Examples
    --------
    >>> from sympy import Symbol
    >>> i = Symbol("i", integer=True, positive=True)
    >>> rational_product(1 - 1 / i**2, i, 2, 53).str(15, radius=False)
    '0.500000000000000'
    """
    try:
        top, bottom = (Poly(part, index) for part in fraction(in_lowest_terms(factor)))
    except PolynomialError:
        return None
    numbers = all(number.is_Rational for part in (top, bottom) for number in part.all_coeffs())
    if not numbers or (top - bottom).degree() > bottom.degree() - 2:
        return None
    below, above = (fmpq_poly([to_flint(number) for number in part.all_coeffs()[::-1]]) for part in (bottom, top))
    found, guard = arb(0, 1), _GUARD
    while found.rel_accuracy_bits() < bits:
        with ctx.workprec(bits + guard):
            found = (_log_gammas(below, start) - _log_gammas(above, start)).exp().real
        guard *= 2
    return found


def _log_gammas(polynomial: fmpq_poly, start: int) -> acb:
    """Σ log Γ(start − root)."""
    return sum((times * (start - root).lgamma() for root, times in polynomial.complex_roots()), acb(0))
