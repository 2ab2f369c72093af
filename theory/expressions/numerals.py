"""Rational numbers of SymPy, FLINT and Python, each as another's.

Numbers may be too long to read: Python does not even print a whole number of more than 4300 digits. What a reader is
shown has the first digits of a long fraction, :func:`readable`; what a program reads has all that can be printed,
:func:`printable`.
"""

from __future__ import annotations

from math import floor, log10
from typing import Any, TypeVar

from flint import fmpq
from sympy import AtomicExpr, Basic, Expr, Float, Rational

#: 4300 digits are some 14 000 bits.
MOST_BITS = 13_000
#: Of numerator and denominator of a fraction that is still read: 120 digits each.
MOST_READ_BITS = 400
#: Of a longer one.
FIRST_DIGITS = 15

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


class FirstDigits(AtomicExpr):  # type: ignore[misc]
    r"""A positive number by its first digits, cut off and not rounded, as in 1.64493406684822….

    Notes
    -----
    Nothing is computed with it: it stands in what is printed, for a fraction that would fill pages.

    Examples
    --------
    >>> from sympy import Rational, latex
    >>> FirstDigits(Rational(10**300 + 1, 7))
    1.42857142857142…e+299
    >>> print(latex(FirstDigits(Rational(2, 3))))
    0.666666666666666\ldots
    """

    is_number = True
    is_real = True
    is_positive = True

    def __new__(cls, value: Rational) -> FirstDigits:
        made: FirstDigits = super().__new__(cls)
        made.value = value
        return made

    value: Rational

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.value,)

    def _eval_evalf(self, prec: int) -> Float:
        return Float._new(self.value._as_mpf_val(prec), prec)

    def _parts(self) -> tuple[str, int]:
        """The digits, and the power of ten beside them; 0 where they are written without one."""
        top, bottom = int(self.value.p), int(self.value.q)
        power = floor((top.bit_length() - bottom.bit_length() - 1) * log10(2)) - 1
        while top * 10 ** max(-power - 1, 0) >= bottom * 10 ** max(power + 1, 0):
            power += 1
        shift = FIRST_DIGITS - 1 - power
        digits = str(top * 10 ** max(shift, 0) // (bottom * 10 ** max(-shift, 0)))
        if 0 <= power < FIRST_DIGITS - 1:
            return f"{digits[: power + 1]}.{digits[power + 1 :]}", 0
        if -5 < power < 0:
            return f"0.{'0' * (-power - 1)}{digits}", 0
        return f"{digits[0]}.{digits[1:]}", power

    def _sympystr(self, printer: Any) -> str:
        digits, power = self._parts()
        return f"{digits}…e{power:+d}" if power else f"{digits}…"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        digits, power = self._parts()
        return rf"{digits}\ldots \cdot 10^{{{power}}}" if power else rf"{digits}\ldots"


def readable(expression: Basic) -> Basic:
    """The expression with the first digits of fractions that nobody reads to their end.

    Examples
    --------
    >>> from sympy import Rational, Symbol
    >>> readable(Rational(-(10**130), 3**50) * Symbol("x") / 2)
    -6.96477784549269…e+105*x
    """
    long = {value for value in expression.atoms(Rational) if is_longer(value, MOST_READ_BITS)}
    return expression.xreplace({value: (-1 if value < 0 else 1) * FirstDigits(abs(value)) for value in long})
