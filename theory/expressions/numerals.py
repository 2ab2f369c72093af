"""Rational numbers of SymPy, FLINT and Python, each as another's.

Numbers may be too long to read: Python does not even print a whole number of more than 4300 digits.
"""

from __future__ import annotations

from typing import TypeVar

from flint import fmpq
from sympy import Basic, Expr, Rational

#: 4300 digits are some 14 000 bits.
MOST_BITS = 13_000

Printable = TypeVar("Printable", bound=Basic)


def to_flint(value: Basic) -> fmpq:
    """A rational number of SymPy as one of FLINT."""
    return fmpq(int(value.p), int(value.q))  # type: ignore[attr-defined]


def to_sympy(value: fmpq) -> Rational:
    """A rational number of FLINT as one of SymPy."""
    return Rational(int(value.p), int(value.q))


def is_long(value: Basic) -> bool:
    """Whether a fraction has more digits than can be printed."""
    return is_longer(value, MOST_BITS)


def is_longer(value: Basic, bits: int) -> bool:
    """Whether the numerator or the denominator of a fraction has more bits."""
    return isinstance(value, Rational) and max(int(value.p).bit_length(), int(value.q).bit_length()) > bits


def real_float(value: Expr) -> float:
    """A real number as a double, without the imaginary rounding that conjugate pairs, Γ(a + ib)Γ(a − ib), may leave."""
    return float(value.evalf(30).as_real_imag()[0])


def printable(expression: Printable) -> Printable:
    """The expression with such fractions in decimals of 15 digits."""
    long = {value for value in expression.atoms(Rational) if is_long(value)}
    return expression.xreplace({value: value.evalf(15) for value in long}) if long else expression
