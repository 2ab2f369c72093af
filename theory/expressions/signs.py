r"""Signs of rational functions, decided by shifted coefficients.

A parameter with a known range is written in a variable that runs over [0, ∞): n = 1 + t for a whole
number, p = t/(1+t) for a probability, T = d + 2 + t for the rows of a regression. If all coefficients of
the numerator and denominator then have one sign, so has the function on the whole range. The test never
errs; it may answer None.
"""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Dummy, Expr, Poly, S, Symbol, fraction, together

Ranges = Mapping[Symbol, Expr]


def unit_interval() -> Expr:
    """An expression that runs over [0, 1)."""
    t = Dummy("t", nonnegative=True)
    return t / (1 + t)


def at_least(bound: Expr) -> Expr:
    """An expression that runs over [bound, ∞)."""
    return bound + Dummy("t", nonnegative=True)


def range_of(role: str) -> Expr:
    """An expression that runs over the values of a "count", a "positive" number or a "probability"."""
    return {"count": at_least(S.One), "positive": at_least(S.Zero), "probability": unit_interval()}[role]


def sign(expression: Expr, ranges: Ranges | None = None) -> int | None:
    """1, 0 or −1 when the sign is that on the whole range (up to zeros on its boundary); None if undecided."""
    if expression.is_number:
        return _numeric_sign(expression)
    substituted = expression.subs(covering(expression, ranges or {}), simultaneous=True)
    numerator, denominator = fraction(together(substituted))
    top, bottom = _polynomial_sign(numerator), _polynomial_sign(denominator)
    return None if top is None or not bottom else top * bottom


def covering(expression: Expr, ranges: Ranges) -> dict[Symbol, Expr]:
    """Symbols of an expression whose range is known, each in variables over [0, ∞)."""
    cover: dict[Symbol, Expr] = {}
    pending = set(expression.free_symbols)
    while pending:
        symbol = pending.pop()
        if symbol in cover:
            continue
        if symbol in ranges:
            value = ranges[symbol]
        elif symbol.is_integer and symbol.is_positive:
            value = at_least(S.One)
        else:
            continue
        cover[symbol] = value
        pending |= value.free_symbols - set(cover)
    # A range may mention other parameters (T = d + 2 + t): resolve them too.
    for _ in cover:
        cover = {symbol: value.subs(cover) for symbol, value in cover.items()}
    return cover


def _numeric_sign(value: Expr) -> int | None:
    if value.is_zero:
        return 0
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    approximate = value.evalf(30)
    if approximate.is_number and approximate.is_real and abs(approximate) > 1e-20:
        return 1 if approximate > 0 else -1
    return None


def _polynomial_sign(expression: Expr) -> int | None:
    expression = expression.expand()
    if expression == 0:
        return 0
    if expression.is_positive:
        return 1
    if expression.is_negative:
        return -1
    if expression.is_extended_nonnegative or expression.is_extended_nonpositive:
        return 1 if expression.is_extended_nonnegative else -1
    symbols = sorted(expression.free_symbols, key=lambda item: item.name)
    if not symbols or not expression.is_polynomial(*symbols):
        return None
    if any(not symbol.is_nonnegative for symbol in symbols):
        return None
    signs = {_numeric_sign(coefficient) for coefficient in Poly(expression, *symbols).coeffs()}
    return signs.pop() if len(signs) == 1 else None
