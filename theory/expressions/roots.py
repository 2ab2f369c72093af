"""Roots of polynomials whose coefficients carry parameters, in radicals where a paper would print them."""

from __future__ import annotations

from functools import lru_cache

from sympy import Expr, I, Poly, Symbol, factor_list, fraction, sqrt

from theory.expressions.fraction_field import MOST_KEPT, in_lowest_terms


@lru_cache(maxsize=MOST_KEPT)
def irreducible_factors(polynomial: Expr, variable: Symbol) -> tuple[Expr, tuple[tuple[Poly, int], ...]]:
    """The part free of ``variable``, and the irreducible factors over Q(parameters) that contain it."""
    constant, factors = factor_list(polynomial)
    found: list[tuple[Poly, int]] = []
    for factor, multiplicity in factors:
        if factor.has(variable):
            found.append((Poly(factor, variable), multiplicity))
        else:
            constant *= factor**multiplicity
    return constant, tuple(found)


def radical_roots(factor: Poly) -> list[Expr] | None:
    """Roots of an irreducible factor of degree 1, 2 or biquadratic; None beyond."""
    coefficients = factor.all_coeffs()
    if factor.degree() == 1:
        a, b = coefficients
        return [in_lowest_terms(-b / a)]
    if factor.degree() == 2:
        a, b, c = coefficients
        centre, spread = in_lowest_terms(-b / (2 * a)), _root((b**2 - 4 * a * c).factor() / (4 * a**2))
        return [centre + spread, centre - spread]
    if factor.degree() == 4 and coefficients[1] == 0 == coefficients[3]:
        squares = radical_roots(Poly([coefficients[0], coefficients[2], coefficients[4]], factor.gen))
        assert squares is not None
        return [sign * sqrt(square) for square in squares for sign in (1, -1)]
    return None


def _root(square: Expr) -> Expr:
    """A square root of ``square``; i√(−square) where that reads better (both signs are used, so either will do)."""
    square = in_lowest_terms(square).factor()
    if not square.is_number and square.could_extract_minus_sign() and not square.is_positive:
        return I * sqrt(-square)
    return sqrt(square)


def rational_parts(expression: Expr, variable: Symbol) -> tuple[Expr, Expr] | None:
    """Numerator and denominator, polynomials in ``variable``; None when it is no rational function of it."""
    if not expression.is_rational_function(variable):
        return None
    numerator, denominator = fraction(in_lowest_terms(expression))
    if not (numerator.is_polynomial(variable) and denominator.is_polynomial(variable)):
        return None
    return numerator, denominator
