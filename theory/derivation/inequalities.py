r"""Inequalities for all values of their symbols, proved.

In turn: a constant is enclosed in a ball (Arb); a rational function is written in variables over [0, ∞) and its
coefficients have one sign (:mod:`theory.derivation.signs`); a rational function of one variable has no real root in its
range (Sturm), or, for a whole variable, is tried at every whole number up to the last root; and a sequence :math:`D(G)`
with :math:`D(G+1) - D(G) \le 0` is at least its limit, one with :math:`\ge 0` at least its first value.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Poly, S, Symbol, ceiling, fraction, oo, together

from theory.derivation.enclosure import number_sign
from theory.derivation.limits import limit_of
from theory.derivation.normal_form import NoNormalForm, normal_form
from theory.derivation.relation import covering
from theory.derivation.signs import signed, signed_value, written
from theory.expressions.expansion import Order
from theory.expressions.signs import Ranges
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
    return written(form.numerator, form) / written(form.denominator, form)


def _limit(expression: Expr, x: Symbol, ranges: Ranges) -> Expr | None:
    """The limit for x → ∞, an expression that is 0 when it is zero identically; None when not finite or unknown."""
    found = limit_of(expression.subs(x, G), Order(ranges))
    return None if found in (oo, -oo) else found
