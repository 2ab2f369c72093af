"""Partial fractions over the rationals with rational poles, by Taylor expansion at each: no equations to solve."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly
from sympy import Expr, Poly, Rational, Symbol, fraction, together
from sympy.polys.polyerrors import PolynomialError

from theory.errors import NotDerivedError
from theory.expressions.numerals import to_flint


@dataclass(frozen=True)
class Fraction:
    """weight/(v − pole)^power."""

    pole: fmpq
    power: int
    weight: fmpq


def partial_fractions(function: Expr, variable: Symbol) -> tuple[fmpq_poly, list[Fraction]]:
    """The polynomial part of a rational function, and its fractions.

    Raises
    ------
    NotDerivedError
        When it is no rational function over the rationals, or a pole of it is not rational.
    """
    top, bottom = (_polynomial(part, variable) for part in fraction(together(function)))
    common = top.gcd(bottom)
    top, bottom = top // common, bottom // common
    whole, rest = divmod(top, bottom)
    _, factors = bottom.factor()
    found: list[Fraction] = []
    for factor, power in factors:
        if factor.degree() != 1:
            raise NotDerivedError(f"{function} has a pole that is no rational number: its expectation is not derived.")
        pole = -factor[0] / factor[1]
        moved = fmpq_poly([pole, 1])
        others = bottom
        for _ in range(power):
            others = others // fmpq_poly([-pole, 1])
        taylor = _quotient(rest(moved), others(moved), power)
        found += [Fraction(pole, power - k, taylor[k]) for k in range(power) if taylor[k]]
    return whole, found


def _polynomial(expression: Expr, variable: Symbol) -> fmpq_poly:
    try:
        coefficients = Poly(expression, variable).all_coeffs()
    except PolynomialError:
        coefficients = [variable]
    if not all(isinstance(value, Rational) for value in coefficients):
        raise NotDerivedError(f"{expression} is no polynomial in {variable} over the rationals.")
    return fmpq_poly([to_flint(value) for value in reversed(coefficients)])


def _quotient(top: fmpq_poly, bottom: fmpq_poly, length: int) -> list[fmpq]:
    """The first Taylor coefficients of top/bottom at 0."""
    found: list[fmpq] = []
    for k in range(length):
        known = sum((found[i] * bottom[k - i] for i in range(k)), fmpq(0))
        found.append((top[k] - known) / bottom[0])
    return found
