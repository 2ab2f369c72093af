r"""Inequalities for all values of their symbols, proved.

In turn: a constant is enclosed in a ball (Arb); a rational function is written in variables over [0, ∞) and its
coefficients have one sign (:mod:`theory.expressions.signs`); a rational function of one variable has no real root in its range
(Sturm), or, for a whole variable, is tried at every whole number up to the last root; and a sequence :math:`D(G)` with
:math:`D(G+1) - D(G) \le 0` is at least its limit, one with :math:`\ge 0` at least its first value.
"""

from __future__ import annotations

import math
from typing import Any

from sympy import (
    Dummy,
    Expr,
    Poly,
    Pow,
    Rational,
    S,
    Symbol,
    cancel,
    ceiling,
    conjugate,
    fraction,
    gamma,
    harmonic,
    oo,
    pi,
    polygamma,
    powdenest,
    sin,
    sinh,
    together,
)

from theory.derivation.enclosure import number_sign
from theory.derivation.normal_form import NoNormalForm, NormalForm, normal_form, vanishes
from theory.derivation.relation import covering
from theory.expressions.expansion import Order
from theory.expressions.signs import Ranges, at_least, sign
from theory.expressions.symbols import G

Domain = tuple[tuple[Expr, Any], ...]


def nonnegative(expression: Expr, for_all: Domain, strict: bool, depth: int = 2) -> str | None:
    """How it is proved that the expression is ≥ 0 (or > 0) for all values of its symbols; None when it is not."""
    if not expression.free_symbols:
        number = number_sign(expression)
        if number == 1 or (number == 0 and not strict):
            return "a number in ball arithmetic" if not expression.is_Rational else "a rational number"
        return None
    ranges = covering(for_all)
    how = signed(expression, ranges, strict)
    if how is not None:
        return how if signed_value(expression, ranges) in (0, 1) else None
    how = _sturm(expression, for_all, strict)
    return how if how is not None or depth == 0 else _telescoped(expression, for_all, strict, depth)


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
        written = _written(factor, form)
        value = _function_sign(written, ranges) if len(factor) == 1 else None
        value = _rational_sign(written, ranges) if value is None else value
        if value is None and int(multiplicity) % 2 == 0 and written.is_real and not strict:
            continue
        if value is None:
            pending.append((written, int(multiplicity)))
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


def _written(polynomial: Any, form: NormalForm) -> Expr:
    total: Expr = S.Zero
    for exponents, coefficient in polynomial.to_dict().items():
        term: Expr = Rational(int(coefficient.p), int(coefficient.q))
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


def _sturm(expression: Expr, for_all: Domain, strict: bool) -> str | None:
    """A rational function of one variable with rational coefficients, by its real roots."""
    symbols = expression.free_symbols
    if len(symbols) != 1 or not expression.is_rational_function(*symbols):
        return None
    (x,) = symbols
    bounds = dict(for_all).get(x, 1 if x.is_integer and x.is_positive else 0 if x.is_nonnegative else None)
    if bounds is None or (isinstance(bounds, Expr) and bounds.free_symbols):
        return None
    low, high = (S(bounds[0]), S(bounds[1])) if isinstance(bounds, tuple) else (S(bounds), None)
    numerator, denominator = fraction(together(expression))
    product = Poly(numerator * denominator, x)
    if not (product.domain.is_QQ or product.domain.is_ZZ) or not low.is_Rational:
        return None
    if x.is_integer and high is None:
        roots = Poly(numerator, x).real_roots() + Poly(denominator, x).real_roots() if product.degree() > 0 else []
        last = max([int(ceiling(root)) for root in roots if root >= low], default=int(low) - 1) + 1
        points = range(int(low), last + 1)
        values = [expression.subs(x, point) for point in points]
        holds = all(value.is_finite and (value > 0 if strict else value >= 0) for value in values)
        return "Sturm's theorem, and exact values before the last root" if holds else None
    for factor, multiplicity in product.factor_list()[1]:
        inside = factor.count_roots(low, high)
        if inside and (multiplicity % 2 or strict):
            return None
    middle = low + 1 if high is None else (low + high) / 2
    while product.eval(middle) == 0:
        middle = (middle + low) / 2
    return "Sturm's theorem" if product.eval(middle) > 0 else None


def _telescoped(expression: Expr, for_all: Domain, strict: bool, depth: int) -> str | None:
    """A sequence that moves one way, by its differences, and its first value or its limit."""
    for x in sorted(expression.free_symbols, key=lambda item: item.name):
        first = dict(for_all).get(x, 1 if x.is_positive else None)
        if not x.is_integer or first is None or isinstance(first, tuple):
            continue
        rest = tuple(pair for pair in for_all if pair[0] != x)
        step = _difference(expression, x)
        if step is None:
            continue
        domain = ((x, first), *rest)
        ranges = covering(domain)
        if signed_value(step, ranges) in (0, 1) or nonnegative(step, domain, False, depth - 1) is not None:
            begins = nonnegative(expression.subs(x, first), rest, strict, depth - 1)
            return None if begins is None else f"its differences in {x} are nonnegative, and so is its first value"
        if signed_value(step, ranges) == -1 or nonnegative(-step, domain, False, depth - 1) is not None:
            limit = _limit(expression, x, covering(rest))
            if limit is None:
                continue
            # Strictly falling, it stays above its limit.
            falls = strict and limit == 0 and signed(-step, ranges, strict=True) is not None
            if limit == 0 and (falls or not strict):
                return f"its differences in {x} are negative, and its limit is 0"
            if nonnegative(limit, rest, strict, depth - 1) is not None:
                return f"its differences in {x} are negative, and its limit is nonnegative"
    return None


def _difference(expression: Expr, x: Symbol) -> Expr | None:
    """D(x+1) − D(x) after cancellation."""
    try:
        form = normal_form(expression.subs(x, x + 1) - expression)
    except NoNormalForm:
        return None
    return _written(form.numerator, form) / _written(form.denominator, form)


def _limit(expression: Expr, x: Symbol, ranges: Ranges) -> Expr | None:
    """The limit for x → ∞, an expression that is 0 when it is zero identically; None when not finite or unknown."""
    from theory.derivation.limits import limit_of

    found = limit_of(expression.subs(x, G), Order(ranges))
    return None if found in (oo, -oo) else found
