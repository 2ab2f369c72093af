"""Rational functions of several symbols over Q in lowest terms at every step, and written as products of factors.

Where common divisors would pile up, as in a recurrence run for many generations, each sum and product is brought to
lowest terms at once (Henrici 1956: by common divisors of the parts, which are smaller than those of the whole).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import gcd, lcm
from typing import Any

from flint import fmpq, fmpq_mpoly
from sympy import Add, Expr, Mul, Pow, Rational, S, Symbol, factor

from theory.expressions.fraction_field import MOST_KEPT, NotRational, Rationals, generators
from theory.expressions.numerals import is_longer

#: Bits of the longest number in a constant that is factored.
_LONGEST_FACTORED = 1_000


class RationalFunction:
    """top / bottom without a common divisor, the bottom monic."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        self.top, self.bottom = top, bottom

    def __add__(self, other: Any) -> RationalFunction:
        if not isinstance(other, RationalFunction):
            return RationalFunction(self.top + _number(other) * self.bottom, self.bottom)
        if self.bottom == other.bottom:
            return _reduced(self.top + other.top, self.bottom)
        shared = self.bottom.gcd(other.bottom)
        if shared.is_one():
            top = self.top * other.bottom + other.top * self.bottom
            return RationalFunction(top, self.bottom * other.bottom)
        mine, theirs = self.bottom // shared, other.bottom // shared
        top = self.top * theirs + other.top * mine
        # What they still share divides the part of the denominators that was shared.
        left = top.gcd(shared)
        bottom = mine * other.bottom
        return RationalFunction(top, bottom) if left.is_one() else RationalFunction(top // left, bottom // left)

    def __mul__(self, other: Any) -> RationalFunction:
        if not isinstance(other, RationalFunction):
            number = _number(other)
            return RationalFunction(self.top * number, self.bottom if number else self.bottom * 0 + 1)
        one, two = _reduced(self.top, other.bottom), _reduced(other.top, self.bottom)
        return RationalFunction(one.top * two.top, one.bottom * two.bottom)

    def inverse(self) -> RationalFunction:
        """1 over it; ZeroDivisionError when it is 0."""
        if self.top == 0:
            raise ZeroDivisionError("1 over the rational function 0")
        leading = self.top.leading_coefficient()
        return RationalFunction(self.bottom / leading, self.top / leading)

    def __truediv__(self, other: Any) -> RationalFunction:
        return self * (other.inverse() if isinstance(other, RationalFunction) else 1 / _number(other))

    def __rtruediv__(self, other: Any) -> RationalFunction:
        return self.inverse() * other

    def __pow__(self, power: int) -> RationalFunction:
        base = self if power >= 0 else self.inverse()
        return RationalFunction(base.top ** abs(power), base.bottom ** abs(power))

    def __neg__(self) -> RationalFunction:
        return RationalFunction(-self.top, self.bottom)

    def __sub__(self, other: Any) -> RationalFunction:
        return self + -other

    def __rsub__(self, other: Any) -> RationalFunction:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def __bool__(self) -> bool:
        return bool(self.top != 0)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RationalFunction):
            return bool(self.top == other.top and self.bottom == other.bottom)
        return bool(self.bottom == 1 and self.top == other)

    __hash__ = None  # type: ignore[assignment]


def _reduced(top: fmpq_mpoly, bottom: fmpq_mpoly) -> RationalFunction:
    if bottom.is_one():
        return RationalFunction(top, bottom)
    shared = top.gcd(bottom)
    return RationalFunction(top, bottom) if shared.is_one() else RationalFunction(top // shared, bottom // shared)


def _number(value: Any) -> fmpq:
    return value if isinstance(value, fmpq) else fmpq(value)


class RationalFunctions:
    """The field of rational functions of these symbols, its elements in lowest terms.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> field = RationalFunctions([a, b])
    >>> field.expression(field((a**2 - b**2) / 2) / field(a - b))
    a/2 + b/2
    """

    def __init__(self, symbols: Iterable[Expr]) -> None:
        self._field = Rationals(symbols)
        self.symbols = self._field.symbols

    def __call__(self, expression: Expr, values: Mapping[Symbol, int] | None = None) -> RationalFunction:
        """The element that an expression is, where some of its symbols have values.

        Raises
        ------
        NotRational
            When it is no rational function over Q.
        ZeroDivisionError
            When it is not defined there.
        """
        return self._lowest(expression, {key: self._field.one * fmpq(value) for key, value in (values or {}).items()})

    def _lowest(self, expression: Expr, values: Mapping[Symbol, Any]) -> RationalFunction:
        element = self._field.at(expression, values)
        top, bottom = element.top, self._field.one.top
        for part, power in element.factors():
            bottom = bottom * part**power
        leading = bottom.leading_coefficient()
        return _reduced(top / leading, bottom / leading)

    def expression(self, element: RationalFunction) -> Expr:
        """In lowest terms over Z, written as by SymPy's ``cancel``."""
        return self._field.written(element.top, element.bottom)

    def primitive(self, polynomial: fmpq_mpoly) -> tuple[fmpq, Expr]:
        """A number and a polynomial over Z whose product is this one, the leading coefficient positive."""
        return self._field.primitive(polynomial)

    def factored(self, element: RationalFunction) -> Expr:
        """As a product of irreducible factors."""
        if element.top == 0:
            return S.Zero
        content, parts = fmpq(1), []
        for polynomial, side in ((element.top, 1), (element.bottom, -1)):
            number, factors = polynomial.factor()
            for base, power in factors:
                scale, whole = self.primitive(base)
                number *= scale ** int(power)
                parts.append(Pow(whole, side * int(power)))
            content *= number**side
        product, front = Mul(*parts), Rational(int(content.p), int(content.q))
        # SymPy multiplies a number into a single sum, unless told not to.
        kept = isinstance(product, Add) and front not in (1, -1)
        return Mul(front, product, evaluate=False) if kept else front * product


@lru_cache(maxsize=MOST_KEPT)
def factored(expression: Expr) -> Expr:
    """As SymPy's ``factor``, and by it where the expression is no rational function over Q.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> factored((a**2 - b**2) / (2 * a * b))
    (a - b)*(a + b)/(2*a*b)
    """
    try:
        symbols = generators(expression)
        if not symbols:
            return _by_sympy(expression)
        field = RationalFunctions(symbols)
        element = field(expression)
    except (NotRational, ZeroDivisionError):
        return _by_sympy(expression)
    return field.factored(element)


@lru_cache(maxsize=256)  # limit, bound, growth and rate of a risk ask for the same constant, of a dozen roots
def _by_sympy(expression: Expr) -> Expr:
    """SymPy's ``factor``; a constant of long numbers, such as factorials beside Γ of a root, is left as it is."""
    # Factors are looked for modulo a prime beyond its coefficients, which alone may take minutes to find.
    if expression.is_number and any(is_longer(value, _LONGEST_FACTORED) for value in expression.atoms(Rational)):
        return expression
    return factor(expression)


def common_factor(expressions: Iterable[Expr]) -> tuple[Expr, Expr]:
    """The greatest common divisor of the numerators of rational functions over Q, and the least common denominator.

    Raises
    ------
    NotRational
        When one of them is no rational function of symbols and functions over Q.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> common_factor([4 * a * b / (3 * (a - b)), 6 * a**2 / (a + b)])
    (2*a, 3*a**2 - 3*b**2)
    """
    return _common_factor(tuple(expressions))


@lru_cache(maxsize=MOST_KEPT)
def _common_factor(given: tuple[Expr, ...]) -> tuple[Expr, Expr]:
    field = RationalFunctions(set().union(*map(generators, given)))
    above = below = None
    tops, bottoms = [], []
    for element in map(field, given):
        number, top = _whole(element.top)
        scale, bottom = _whole(element.bottom)
        number /= scale
        tops.append(int(number.p))
        bottoms.append(int(number.q))
        above = top if above is None else above.gcd(top)
        below = bottom if below is None else below * (bottom // below.gcd(bottom))
    assert above is not None, "there is a common factor of one or more"
    return gcd(*tops) * field.expression(_over_one(above)), lcm(*bottoms) * field.expression(_over_one(below))


def _whole(polynomial: fmpq_mpoly) -> tuple[fmpq, fmpq_mpoly]:
    """A number and a polynomial over Z without a common divisor of its coefficients whose product is this one."""
    coefficients = polynomial.coeffs()
    scale = fmpq(lcm(*(int(x.q) for x in coefficients)), 1)
    scale /= gcd(*(int((x * scale).p) for x in coefficients))
    if polynomial.leading_coefficient() < 0:
        scale = -scale
    return 1 / scale, polynomial * scale


def _over_one(polynomial: fmpq_mpoly) -> RationalFunction:
    return RationalFunction(polynomial, polynomial * 0 + 1)
