r"""Signs of expressions with harmonic numbers, Gammas, polygammas and powers beside rational functions.

A product has the sign of its factors: rational ones by their coefficients (:mod:`theory.expressions.signs`), functions
by what is known of them, a function at a complex argument and at its conjugate as |f|².
"""

from __future__ import annotations

import math
from typing import Any

from sympy import (
    Dummy,
    Expr,
    Pow,
    Rational,
    S,
    cancel,
    conjugate,
    gamma,
    harmonic,
    pi,
    polygamma,
    powdenest,
    sin,
    sinh,
)

from theory.derivation.normal_form import NoNormalForm, NormalForm, normal_form, vanishes
from theory.expressions.numerals import to_sympy
from theory.expressions.signs import Ranges, at_least, sign


def signed(expression: Expr, ranges: Ranges, strict: bool) -> str | None:
    """How the sign of the expression over the ranges is known; None when it is not, or not strictly."""
    value = signed_value(expression, ranges, strict)
    if value is None or (strict and (value == 0 or not _off_boundary(expression, ranges))):
        return None
    return "coefficients of one sign"


def signed_value(expression: Expr, ranges: Ranges, strict: bool = False) -> int | None:
    """Sign over the ranges, of rational functions and of those times functions of known sign; a square is ≥ 0."""
    value = _rational_sign(expression, ranges)
    if value is not None:
        return value
    try:
        form = normal_form(expression)
    except NoNormalForm:
        return None
    top = _product_sign(form.numerator, form, ranges, strict)
    bottom = _product_sign(form.denominator, form, ranges, strict)
    return None if top is None or not bottom else top * bottom


def _off_boundary(expression: Expr, ranges: Ranges) -> bool:
    """Whether a weak sign, of coefficients in variables from 0 on, is strict: it is where the least value is not 0."""
    edge = {
        symbol: run.subs({part: S.Zero for part in run.free_symbols if isinstance(part, Dummy) and part.is_nonnegative})
        for symbol, run in ranges.items()
    }
    free = expression.free_symbols - set(edge)
    whole = {symbol: S.One for symbol in free if symbol.is_integer and symbol.is_positive}
    whole |= {symbol: S.Zero for symbol in free if symbol.is_nonnegative and not symbol.is_positive}
    try:
        return not vanishes(expression.subs({**whole, **edge}, simultaneous=True))
    except NoNormalForm:
        return False


def _rational_sign(expression: Expr, ranges: Ranges) -> int | None:
    """The sign of a rational function of symbols and of their roots: √x runs from the root of where x begins."""
    found = sign(expression, ranges)
    roots: dict[Expr, int] = {}
    for power in expression.atoms(Pow):
        if power.base.is_Symbol and power.base.is_nonnegative and power.exp.is_Rational:
            roots[power.base] = math.lcm(roots.get(power.base, 1), int(power.exp.q))
    if found is not None or all(q == 1 for q in roots.values()):
        return found
    stand_in, runs = {}, dict(ranges)
    for symbol, q in roots.items():
        low = (
            S.One
            if symbol.is_integer and symbol not in ranges
            else ranges.get(symbol, S.Zero).subs(dict.fromkeys(ranges.get(symbol, S.Zero).free_symbols, S.Zero))
        )
        root = Dummy("r", nonnegative=True)
        stand_in[symbol] = root**q
        runs[root] = at_least(Pow(low, Rational(1, q)))
    return sign(powdenest(expression.subs(stand_in, simultaneous=True), force=True), runs)


def _product_sign(polynomial: Any, form: NormalForm, ranges: Ranges, strict: bool) -> int | None:
    """Sign of a polynomial in the variables of a normal form, by its factors."""
    if polynomial == 0:
        return 0
    constant, factors = polynomial.factor()
    total = 1 if constant > 0 else -1
    pending: list[tuple[Expr, int]] = []
    for factor, multiplicity in factors:
        part = written(factor, form)
        value = _function_sign(part, ranges) if len(factor) == 1 else None
        value = _rational_sign(part, ranges) if value is None else value
        if value is None and int(multiplicity) % 2 == 0 and part.is_real and not strict:
            continue
        if value is None:
            pending.append((part, int(multiplicity)))
            continue
        total *= value ** int(multiplicity)
    # A function at a complex argument and at its conjugate: |f|².
    while pending:
        first, power = pending.pop()
        partner = next((item for item in pending if item[1] == power and conjugate(first) == item[0]), None)
        if partner is None:
            return None
        pending.remove(partner)
    return total


def written(polynomial: Any, form: NormalForm) -> Expr:
    """A polynomial in the variables of a normal form, as an expression."""
    total: Expr = S.Zero
    for exponents, coefficient in polynomial.to_dict().items():
        term: Expr = to_sympy(coefficient)
        for meaning, exponent in zip(form.meaning, exponents, strict=False):
            term *= meaning ** int(exponent)
        total += term
    return total


def _function_sign(value: Expr, ranges: Ranges) -> int | None:
    if value.is_positive:
        return 1
    if isinstance(value, (gamma, harmonic)) and _rational_sign(value.args[0], ranges) == 1:
        return 1
    if isinstance(value, sinh) and _rational_sign(cancel(value.args[0] / pi), ranges) == 1:
        return 1
    if isinstance(value, sin):
        turn = cancel(value.args[0] / pi)
        return 1 if _rational_sign(turn, ranges) == 1 == _rational_sign(1 - turn, ranges) else None
    if isinstance(value, polygamma) and value.args[0] != 0 and sign(value.args[1], ranges) == 1:
        return 1 if value.args[0] % 2 == 1 else -1
    if value.is_Pow and value.exp.is_real and not value.exp.is_Integer and sign(value.base, ranges) == 1:
        return 1
    return None
