"""Arguments are verified here, once, at the public boundary.

Every parameter of a model or workflow is a number, a SymPy expression or a string of arithmetic.
``exact`` turns each of them into SymPy: integers and fractions as they are, floats as the decimal
fraction they print (0.3 is 3/10, not its binary neighbour), strings by the parser.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Integral
from numbers import Rational as AbstractRational
from typing import Any

from sympy import Expr, Float, Integer, Rational, S, Symbol

from theory.errors import DomainError
from theory.expressions.parser import parse
from theory.expressions.symbols import G, j

#: Parameters that may change from block to block, as expressions in ``theory.j``.
_SCHEDULES = ("sizes", "bandwidth")


def exact(name: str, value: object) -> Expr:
    """Return ``value`` as an exact SymPy expression."""
    if isinstance(value, bool):
        raise DomainError(f"{name} = {value!r} is not a number.")
    if isinstance(value, Expr):
        expression = _verified_symbols(name, value)
        if expression.has(S.NaN) or expression.is_finite is False:
            raise DomainError(f"{name} = {value} is not finite: give a finite number or expression.")
        return expression
    if isinstance(value, str):
        return exact(name, parse(value, name))
    if isinstance(value, Integral):
        return Integer(int(value))
    if isinstance(value, AbstractRational):
        return Rational(int(value.numerator), int(value.denominator))
    if isinstance(value, (Decimal, float)) or hasattr(value, "__float__"):
        if not math.isfinite(float(value)):  # type: ignore[arg-type]
            raise DomainError(f"{name} = {value!r} is not finite: give a finite number.")
        decimal = value if isinstance(value, Decimal) else Decimal(repr(float(value)))  # type: ignore[arg-type]
        return Rational(str(decimal))
    raise DomainError(
        f"{name} = {value!r} is not a number: give a number, a SymPy expression or a string of arithmetic."
    )


def _verified_symbols(name: str, value: Any) -> Expr:
    """No reserved symbols, and floats as the decimals that they print, like Python's."""
    reserved = value.free_symbols & ({G} if name in _SCHEDULES else {G, j})
    if reserved:
        symbol = reserved.pop()
        raise DomainError(f"{name} = {value} contains theory.{symbol}, which is reserved: use another symbol.")
    return value.xreplace({number: Rational(str(number)) for number in value.atoms(Float) if number.is_finite})


def parameter(
    name: str,
    value: object,
    symbol: Symbol,
    allowed: str,
    holds: Callable[[Expr], bool | None],
) -> Expr:
    """Verify a parameter; ``None`` stands for ``symbol``.

    ``holds`` answers True, False or None (undecided because symbolic); only False is an error.
    """
    if value is None:
        return symbol
    expression = exact(name, value)
    if expression.is_real is False or holds(expression) is False:
        raise DomainError(f"{name} = {value} is not allowed: {name} must be {allowed}.")
    return expression


def is_positive(value: Expr) -> bool | None:
    return value.is_positive


def is_positive_integer(value: Expr) -> bool | None:
    if value.is_integer is False or value.is_positive is False:
        return False
    return True if value.is_integer and value.is_positive else None


def is_probability(value: Expr) -> bool | None:
    """Whether 0 ≤ value ≤ 1."""
    if value.is_negative or (1 - value).is_negative:
        return False
    return True if value.is_nonnegative and (1 - value).is_nonnegative else None


def generation(name: str, value: object) -> int:
    """Verify a concrete generation, a whole number g ≥ 1."""
    number = exact(name, value)
    if not (number.is_Integer and number >= 1):
        raise DomainError(f"{name} = {value} is not a generation: give a whole number, 1 or more.")
    return int(number)


def whole_number(name: str, value: object, least: int) -> int:
    """Verify a concrete whole number, ``least`` or more."""
    number = exact(name, value)
    if not (number.is_Integer and number >= least):
        raise DomainError(f"{name} = {value} is not allowed: {name} must be a whole number, {least} or more.")
    return int(number)
