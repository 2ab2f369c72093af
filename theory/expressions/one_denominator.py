"""Rational functions of one variable over Q as polynomials with whole coefficients, brought over one denominator."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly
from sympy import Expr, Symbol

Fraction = tuple[fmpq_poly, fmpq_poly]
"""Numerator and denominator."""

_ONE, _VARIABLE = fmpq_poly([1]), fmpq_poly([0, 1])


def over_one_denominator(entries: Sequence[Expr], variable: Symbol) -> tuple[list[fmpz_poly], fmpz_poly] | None:
    """Numerators and their common denominator; None where an entry is no rational function of the variable over Q.

    Examples
    --------
    >>> from sympy import Rational, Symbol
    >>> g = Symbol("g")
    >>> over_one_denominator([1 - Rational(1, 4) / g**2, 1 / (g + 1)], g)
    ([4*x^3 + 4*x^2 + (-1)*x + (-1), 4*x^2], 4*x^3 + 4*x^2)
    """
    found: list[Fraction] = []
    for entry in entries:
        fraction = _fraction(entry, variable)
        if fraction is None:
            return None
        found.append(_lowest(*fraction))
    common = _ONE
    for _, bottom in found:
        common = common * (bottom // common.gcd(bottom))
    tops = [top * (common // bottom) for top, bottom in found]
    scale = 1
    for polynomial in (*tops, common):
        scale = lcm(scale, int(polynomial.denom()))
    content = (common * scale).numer().content()
    for top in tops:
        content = content.gcd((top * scale).numer().content())
    return [(top * scale / content).numer() for top in tops], (common * scale / content).numer()


def _lowest(top: fmpq_poly, bottom: fmpq_poly) -> Fraction:
    if bottom.degree() == 0:
        return top / bottom[0], _ONE
    shared = top.gcd(bottom)
    bottom = bottom // shared
    leading = bottom[bottom.degree()]
    return top // shared / leading, bottom / leading


def _fraction(entry: Expr, variable: Symbol) -> Fraction | None:
    """As it is written; None where it is no rational function over Q, or a denominator is 0."""
    if entry == variable:
        return _VARIABLE, _ONE
    if entry.is_Rational:
        return fmpq_poly([fmpq(int(entry.p), int(entry.q))]), _ONE  # type: ignore[attr-defined]
    if entry.is_Pow:
        base, exponent = entry.args
        inside = _fraction(base, variable) if exponent.is_Integer else None  # type: ignore[arg-type]
        if inside is None:
            return None
        top, bottom = inside
        power = int(exponent)  # type: ignore[arg-type]
        if power < 0:
            top, bottom, power = bottom, top, -power
        return None if bottom == 0 else (top**power, bottom**power)
    if not (entry.is_Add or entry.is_Mul):
        return None
    total: Fraction | None = None
    for part in entry.args:
        found = _fraction(part, variable)  # type: ignore[arg-type]
        if found is None:
            return None
        if total is None:
            total = found
        elif entry.is_Mul:
            total = total[0] * found[0], total[1] * found[1]
        elif total[1] == found[1]:
            total = total[0] + found[0], total[1]
        else:
            total = total[0] * found[1] + found[0] * total[1], total[1] * found[1]
    return total
