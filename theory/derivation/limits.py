r"""Limits as G → ∞ by asymptotic expansion, for every value of the parameters in its range.

An expansion is of generic parameters: it divides by leading coefficients, and tells apart terms by rates and exponents.
:math:`1/((x-1)G + 1)` goes to 0 for every x but 1. So a limit counts only where each of these is not zero, strictly,
over the ranges of the parameters, or by a condition that is stated, such as :math:`x \neq 1`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sympy import And, Basic, Expr, Ne, Pow, Product, RootSum, S, Sum, factor_list, fraction, gamma, oo, together

from theory.derivation.enclosure import number_sign
from theory.derivation.normal_form import NoNormalForm, vanishes
from theory.derivation.signs import signed, signed_value
from theory.expressions.expansion import (
    CONSTANT,
    Expansion,
    Key,
    NoExpansion,
    Order,
    UnknownOrder,
    expand_at_infinity,
)
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G

#: Terms of an expansion that its limit and its leading term are read from.
TERMS = 2


@dataclass(frozen=True)
class StrictOrder(Order):
    """Compares rates and exponents only where one is strictly the larger for all parameters in range.

    Attributes
    ----------
    apart : expressions that a stated condition says are not zero
    """

    apart: tuple[Expr, ...] = field(default=())

    def _decide(self, left: Expr, right: Expr) -> int:
        found = super()._decide(left, right)
        if found and not is_never_zero(left - right, self.ranges, self.apart):
            raise UnknownOrder(left, right)
        return found


def apart(where: Any) -> tuple[Expr, ...]:
    """What the conditions a ≠ b of a relation say is not zero."""
    parts = where.args if isinstance(where, And) else (where,)
    return tuple(part.lhs - part.rhs for part in parts if isinstance(part, Ne))


def is_never_zero(value: Expr, ranges: Ranges, stated: tuple[Expr, ...] = ()) -> bool:
    """Whether an expression is not zero for any value of its symbols, by its factors."""
    return not _undecided(value, ranges, stated)


def _undecided(value: Expr, ranges: Ranges, stated: tuple[Expr, ...]) -> list[Expr]:
    """Factors of the numerator that may be zero somewhere."""
    if not value.free_symbols:
        return [] if number_sign(value) else [value]
    numerator, denominator = fraction(together(value))
    found = []
    for part in [*_irreducible(numerator), *_irreducible(denominator)]:
        free = not part.free_symbols
        if isinstance(part, gamma):
            continue  # it has no zero
        if free and number_sign(part):
            continue
        if not free and (_strict(part, ranges) or any(_proportional(part, other) for other in stated)):
            continue
        found.append(part)
    return found


def _irreducible(value: Expr) -> list[Expr]:
    symbols = sorted(value.free_symbols, key=lambda item: item.name)
    if value.is_polynomial(*symbols):
        # What cancels leaves a number, of which there is no polynomial.
        value = value.expand()
    if not value.free_symbols:
        return [value]
    if not value.is_polynomial(*symbols):
        return [factor.as_base_exp()[0] for factor in value.as_ordered_factors()]
    return [factor for factor, _ in factor_list(value)[1]]


def _strict(value: Expr, ranges: Ranges) -> bool:
    if value.is_positive or value.is_negative or signed(value, ranges, strict=True) is not None:
        return True
    symbols = value.free_symbols
    if len(symbols) != 1 or not all(symbol.is_integer and symbol.is_positive for symbol in symbols):
        return False
    polynomial = value.as_poly(*symbols)
    if polynomial is None or not polynomial.domain.is_Numerical or not polynomial.domain.is_Exact:
        return False
    return not any(root.is_Integer and root > 0 for root in polynomial.ground_roots())


def _proportional(value: Expr, other: Expr) -> bool:
    try:
        quotient = (value / other).cancel()
    except (ValueError, ZeroDivisionError):
        return False
    return not quotient.free_symbols and quotient != 0


def exceptions(expression: Expr, order: Order) -> list[Expr] | None:
    """Where one of these is zero, the expansion of the expression is another; None when it has no expansion."""
    stated = getattr(order, "apart", ())
    found: list[Expr] = []
    for power in expression.atoms(Pow):
        # A Gamma function has no zero.
        if not power.base.has(G) or not power.exp.is_negative or power.base == G or isinstance(power.base, gamma):
            continue
        expansion = expanded(power.base, order)
        leading = None if expansion is None else leading_term(expansion)
        if leading is None:
            return None
        found += [part for part in _undecided(leading[0], order.ranges, stated) if part not in found]
    return found


def limit_of(expression: Expr, order: Order) -> Expr | None:
    """Limit for G → ∞ by the expansion, for all parameters; ``oo`` or ``-oo`` when it diverges, None when unknown."""
    if not expression.has(G):
        return expression
    strict = order if isinstance(order, StrictOrder) else StrictOrder(order.ranges, order.assumed)
    if exceptions(expression, strict) != []:
        return None
    expansion = expanded(expression, strict)
    if expansion is None:
        return None
    try:
        leading = expansion.leading()
        if leading is None or strict.keys(leading[1], CONSTANT) <= 0:
            return expansion.constant
    except UnknownOrder:
        return None
    side = side_of(leading[0], strict)
    return {1: oo, -1: -oo}.get(side) if side is not None else None


def side_of(coefficient: Expr, order: Order) -> int | None:
    """1 or −1 when the coefficient has that sign strictly for all parameters; None otherwise."""
    if not coefficient.free_symbols:
        return number_sign(coefficient) or None
    if not is_never_zero(coefficient, order.ranges, getattr(order, "apart", ())):
        return None
    return signed_value(coefficient, order.ranges) or None


def expanded(expression: Expr, order: Order) -> Expansion | None:
    """The expansion, None where there is none."""
    try:
        return expand_at_infinity(expression, TERMS, order)
    except (NoExpansion, UnknownOrder, ValueError, TypeError, ZeroDivisionError):
        return None


def leading_term(expansion: Expansion) -> tuple[Expr, Key] | None:
    """The largest term of an expansion; None for zero, or where two of them change places."""
    try:
        return expansion.leading()
    except UnknownOrder:
        return None


def singular(value: Expr, ranges: Ranges) -> Basic:
    """The condition that no denominator of an expression vanishes in its parameters; true where none can."""
    found: list[Expr] = []
    # The summands of a sum over roots are at its roots, those of an infinite product or sum at its own index, and a
    # generating function at its own t, not at a parameter.
    bound = RootSum | RandomSizes | Product | Sum
    outside = value.replace(lambda part: isinstance(part, bound), lambda part: S.One)
    for power in outside.atoms(Pow):
        if power.base.has(G) or not power.exp.is_negative or not power.base.free_symbols:
            continue
        found += [part for part in _undecided(power.base, ranges, ()) if part not in found]
    conditions = [nonzero(part) for part in sorted(found, key=str)]
    return And(*conditions, evaluate=False) if len(conditions) > 1 else conditions[0] if conditions else S.true


def nonzero(value: Expr) -> Basic:
    """value ≠ 0, as x ≠ a where it is linear in a symbol."""
    for symbol in sorted(value.free_symbols, key=lambda item: item.name):
        slope = value.coeff(symbol, 1)
        rest = value - slope * symbol
        if slope.is_number and slope != 0 and not rest.has(symbol):
            return Ne(symbol, -rest / slope, evaluate=False)
    return Ne(value, 0, evaluate=False)


def is_zero(value: Expr) -> bool:
    """Whether algebra shows that an expression is zero."""
    try:
        return vanishes(value)
    except (NoNormalForm, OverflowError):
        return False
