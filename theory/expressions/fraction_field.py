r"""Rational functions of several symbols over Q, added and multiplied without a common divisor until they are written.

An element is a polynomial over a product of known factors. SymPy's ``cancel`` looks for the common divisor of every
intermediate result; here there is one such search for each result that is asked for. Where an expression is no rational
function of its symbols, :class:`Expressions` does the same with SymPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import gcd, lcm
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx
from sympy import Add, Dummy, Expr, Integer, Mul, Piecewise, Poly, Pow, Rational, S, Symbol, cancel, exp, log

#: Functions with equations that ``cancel`` knows: e^{x+y} = e^x e^y, log xy = log x + log y, and choices.
_WITH_EQUATIONS = (exp, log, Piecewise)

#: Answers that are kept: closed form, limit and growth of a risk ask for the same ones again.
MOST_KEPT = 4096


class NotRational(Exception):
    """An expression is no rational function of the symbols over Q."""


class _Factor:
    """A polynomial, as a key: FLINT's have no hash."""

    __slots__ = ("_hash", "_key", "polynomial")

    def __init__(self, polynomial: fmpq_mpoly) -> None:
        self.polynomial = polynomial
        self._key = (polynomial.monoms(), polynomial.coeffs())
        self._hash = hash((tuple(self._key[0]), tuple(self._key[1])))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Factor) and self._key == other._key


class Quotient:
    """top / Π factor^power."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: fmpq_mpoly, bottom: dict[_Factor, int]) -> None:
        self.top, self.bottom = top, bottom

    def __add__(self, other: Any) -> Quotient:
        if not isinstance(other, Quotient):
            other = Quotient(self.top * 0 + other, {})
        if self.bottom == other.bottom:
            return Quotient(self.top + other.top, self.bottom)
        left, right, bottom = self.top, other.top, dict(self.bottom)
        for factor, power in other.bottom.items():
            more = power - bottom.get(factor, 0)
            if more > 0:
                left *= factor.polynomial**more
                bottom[factor] = power
        for factor, power in self.bottom.items():
            more = power - other.bottom.get(factor, 0)
            if more > 0:
                right *= factor.polynomial**more
        return Quotient(left + right, bottom)

    def __mul__(self, other: Any) -> Quotient:
        if not isinstance(other, Quotient):
            return Quotient(self.top * other, self.bottom)
        if not other.bottom:
            return Quotient(self.top * other.top, self.bottom)
        bottom = dict(self.bottom)
        for factor, power in other.bottom.items():
            bottom[factor] = bottom.get(factor, 0) + power
        return Quotient(self.top * other.top, bottom)

    def inverse(self) -> Quotient:
        """1 over it.

        Raises
        ------
        NotRational
            When it is 0.
        """
        if self.top == 0:
            raise NotRational("division by 0")
        top = self.top * 0 + 1
        for factor, power in self.bottom.items():
            top *= factor.polynomial**power
        leading = self.top.leading_coefficient()
        return Quotient(top / leading, {} if self.top.is_constant() else {_Factor(self.top / leading): 1})

    def factors(self) -> Iterator[tuple[fmpq_mpoly, int]]:
        """The polynomials below the bar, each with its power."""
        return ((factor.polynomial, power) for factor, power in self.bottom.items())

    def sign_at(self, point: tuple[int, ...]) -> int:
        """1 or −1 where the symbols have these values; 0 where it is 0 or not defined."""
        found = self.top(*point)
        for polynomial, power in self.factors():
            if found == 0:
                break
            value = polynomial(*point)
            found = found * value if power % 2 else found * abs(value)
        return 0 if found == 0 else 1 if found > 0 else -1

    def __pow__(self, power: int) -> Quotient:
        return Quotient(self.top**power, {factor: power * times for factor, times in self.bottom.items()})

    def __truediv__(self, other: Any) -> Quotient:
        return self * (other.inverse() if isinstance(other, Quotient) else fmpq(1, other))

    def __rtruediv__(self, other: int) -> Quotient:
        return self.inverse() * other

    def __neg__(self) -> Quotient:
        return Quotient(-self.top, self.bottom)

    def __sub__(self, other: Any) -> Quotient:
        return self + -other

    def __rsub__(self, other: Any) -> Quotient:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def __eq__(self, other: object) -> bool:
        return (self - other).top == 0 if other != 0 else bool(self.top == 0)

    __hash__ = None  # type: ignore[assignment]


class Rationals:
    """The field of rational functions of these symbols.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> field = Rationals([a, b])
    >>> field.expression(field((a**2 - b**2) / 2) * field(1 / (a - b)))
    a/2 + b/2
    """

    def __init__(self, symbols: Iterable[Expr]) -> None:
        self.symbols = _in_order(frozenset(symbols))
        names = [f"x{place}" for place in range(len(self.symbols))]
        self._ring = fmpq_mpoly_ctx.get(names or ["x0"], Ordering.lex)
        variables = zip(self.symbols, self._ring.gens(), strict=False)
        self._elements = {symbol: Quotient(variable, {}) for symbol, variable in variables}
        self.one = self(S.One)

    def __call__(self, expression: Expr) -> Quotient:
        """The element that an expression is.

        Raises
        ------
        NotRational
            When it is no rational function over Q.
        """
        return self.at(expression, {})

    def at(self, expression: Expr, values: Mapping[Symbol, Quotient]) -> Quotient:
        """The element that an expression is where some of its symbols have these values.

        Raises
        ------
        NotRational
            When it is no rational function over Q, or not defined there.
        """
        if expression.is_Rational:
            return Quotient(self._ring.constant(fmpq(int(expression.p), int(expression.q))), {})  # type: ignore[attr-defined]
        if expression in values:
            return values[expression]  # type: ignore[index]
        if expression in self._elements:
            return self._elements[expression]
        if expression.is_Pow and expression.args[1].is_Integer:
            base, power = self.at(expression.args[0], values), int(expression.args[1])  # type: ignore[arg-type]
            return base**power if power >= 0 else base.inverse() ** -power
        if expression.is_Add or expression.is_Mul:
            first, *others = (self.at(part, values) for part in expression.args)  # type: ignore[arg-type]
            for other in others:
                first = first + other if expression.is_Add else first * other
            return first
        raise NotRational(f"{expression} is no rational function of {', '.join(map(str, self.symbols))}")

    def lowest(self, element: Quotient) -> Quotient:
        """The same over the least denominator."""
        top, bottom = self._lowest(element)
        return Quotient(top, {} if bottom is None else {_Factor(bottom): 1})

    def _lowest(self, element: Quotient) -> tuple[fmpq_mpoly, fmpq_mpoly | None]:
        if not element.bottom or element.top == 0:
            return element.top, None
        top, bottom = element.top, self._multiplied(element.bottom)
        shared = top.gcd(bottom)
        if not shared.is_constant():
            top, bottom = top // shared, bottom // shared
        if bottom.is_constant():
            return top / bottom.leading_coefficient(), None
        return top, bottom

    def at_infinity(self, element: Quotient, variable: Symbol) -> Expr | None:
        """The finite limit in a variable; None where there is none."""
        bottom = self._multiplied(element.bottom)
        place = self.symbols.index(variable)
        high, low = (int(part.degrees()[place]) for part in (element.top, bottom))
        if element.top == 0 or high < low:
            return S.Zero
        if high > low:
            return None
        leading = [self._coefficient(part, place, high) for part in (element.top, bottom)]
        return self.expression(Quotient(leading[0], {}) / Quotient(leading[1], {}))

    def _multiplied(self, factors: dict[_Factor, int]) -> fmpq_mpoly:
        product = self.one.top
        for factor, power in factors.items():
            product *= factor.polynomial**power
        return product

    def _coefficient(self, polynomial: fmpq_mpoly, place: int, degree: int) -> fmpq_mpoly:
        """Of a power of one variable."""
        return self._ring.from_dict(
            {
                (*exponents[:place], 0, *exponents[place + 1 :]): value
                for exponents, value in polynomial.to_dict().items()
                if exponents[place] == degree
            }
        )

    def expression(self, element: Quotient) -> Expr:
        """In lowest terms over Z, written as by SymPy's ``cancel``."""
        top, bottom = self._lowest(element)
        if top.is_constant() and bottom is None:
            value = top.leading_coefficient() if top != 0 else fmpq(0)
            return Rational(int(value.p), int(value.q))
        return self.written(top, bottom)

    def written(self, top: fmpq_mpoly, bottom: fmpq_mpoly | None) -> Expr:
        """top / bottom without a common divisor, over Z, as by SymPy's ``cancel``."""
        above = top.to_dict()
        if not above:
            return S.Zero
        below = {(0,) * len(next(iter(above))): fmpq(1)} if bottom is None else bottom.to_dict()
        scale = _primitive([*above.values(), *below.values()])
        if below[max(below)] < 0:
            scale = -scale
        written, under = self._written(above, scale), self._written(below, scale)
        return written if under == 1 else Mul(written, Pow(under, -1))

    def primitive(self, polynomial: fmpq_mpoly) -> tuple[fmpq, Expr]:
        """A number and a polynomial over Z whose product is this one, the leading coefficient positive."""
        terms = polynomial.to_dict()
        scale = _primitive([*terms.values()])
        if terms[max(terms)] < 0:
            scale = -scale
        return 1 / scale, self._written(terms, scale)

    def _written(self, terms: dict[tuple[int, ...], fmpq], scale: fmpq) -> Expr:
        parts = []
        for exponents, coefficient in terms.items():
            whole = Integer(int((coefficient * scale).p))
            powers = [
                Pow(symbol, int(power)) if power != 1 else symbol
                for symbol, power in zip(self.symbols, exponents, strict=False)
                if power
            ]
            parts.append(Mul(whole, *powers))
        return Add(*parts)


class Expressions:
    """The same with SymPy's expressions, whatever they hold."""

    one = S.One

    def __call__(self, expression: Expr) -> Expr:
        """The expression itself."""
        return expression

    def lowest(self, element: Expr) -> Expr:
        """In lowest terms."""
        return cancel(element)

    def expression(self, element: Expr) -> Expr:
        """In lowest terms."""
        return cancel(element)


Field = Rationals | Expressions


@lru_cache(maxsize=MOST_KEPT)
def in_lowest_terms(expression: Expr) -> Expr:
    """As SymPy's ``cancel``, and by it where the expression is no rational function over Q.

    Functions such as Γ(n) are generators, as they are to ``cancel``, which multiplies everything out to find them.
    """
    try:
        field = Rationals(generators(expression))
        return field.expression(field(expression))
    except NotRational:
        return cancel(expression)


def lowest_with_power(expression: Expr, variable: Symbol) -> Expr:
    """As :func:`in_lowest_terms`, with the powers q^(variable + k) of one rational q as powers of one letter.

    Examples
    --------
    >>> g = Symbol("g", integer=True, positive=True)
    >>> q = Rational(2, 3)
    >>> lowest_with_power((1 - q ** (2 * g)) / (1 - q ** (g + 1) * q**-1), g)
    (2/3)**g + 1
    """
    powers = [p for p in expression.atoms(Pow) if p.exp.has(variable)]
    bases = {p.base for p in powers}
    steps = {p: (p.exp - p.exp.subs(variable, 0)).coeff(variable) for p in powers}
    whole = all(s.is_Integer and (p.exp - s * variable).is_Integer for p, s in steps.items())
    if len(bases) != 1 or not whole or not next(iter(bases)).is_Rational:
        return in_lowest_terms(expression)
    (base,), letter = bases, Dummy("q")
    written = expression.xreplace({p: letter**s * base ** (p.exp - s * variable) for p, s in steps.items()})
    return in_lowest_terms(written).xreplace({letter: base**variable})


def generators(expression: Expr) -> set[Expr]:
    """The symbols and the functions of symbols that an expression is rational in, where it is.

    Raises
    ------
    NotRational
        When it holds anything else: roots, powers with a symbol in the exponent, exponentials and logarithms, which
        have equations of their own.

    Examples
    --------
    >>> from sympy import gamma, symbols
    >>> a, n = symbols("a n")
    >>> sorted(map(str, generators(a / (1 + gamma(n)) ** 2)))
    ['a', 'gamma(n)']
    """
    if expression.is_Symbol or (expression.is_Function and not isinstance(expression, _WITH_EQUATIONS)):
        if not (expression.free_symbols and expression.is_commutative):
            raise NotRational(f"{expression} is a number or does not commute")
        return {expression}
    if expression.is_Rational:
        return set()
    if expression.is_Add or expression.is_Mul or (expression.is_Pow and expression.args[1].is_Integer):
        return set().union(*(generators(part) for part in expression.args))  # type: ignore[arg-type]
    raise NotRational(f"{expression} is no rational function of symbols and functions")


def is_over_q(expression: Expr) -> bool:
    """Whether an expression is a rational function of symbols over Q as it is written.

    Examples
    --------
    >>> from sympy import gamma, sqrt, symbols
    >>> a, n = symbols("a n")
    >>> is_over_q((a + 1) / n**2), is_over_q(sqrt(2) * a), is_over_q(gamma(n)), is_over_q(a**n)
    (True, False, False, False)
    """
    if expression.is_Symbol or expression.is_Rational:
        return True
    if expression.is_Add or expression.is_Mul:
        return all(map(is_over_q, expression.args))  # type: ignore[arg-type]
    return bool(expression.is_Pow and expression.args[1].is_Integer and is_over_q(expression.args[0]))  # type: ignore[arg-type]


def at_infinity(expression: Expr, variable: Symbol) -> Expr | None:
    """The finite limit of a rational function over Q; None where it has none.

    Raises
    ------
    NotRational
        When the expression is no rational function over Q.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, g = symbols("a g")
    >>> at_infinity((a * g - 1) / (2 * g + a), g), at_infinity(1 / g, g), at_infinity(g, g)
    (a/2, 0, None)
    """
    field = Rationals(expression.free_symbols | {variable})
    return field.at_infinity(field(expression), variable)


def _primitive(coefficients: list[fmpq]) -> fmpq:
    """What makes them whole, without a common divisor."""
    bottom = lcm(*(int(value.q) for value in coefficients))
    top = gcd(*(int(value.p) * (bottom // int(value.q)) for value in coefficients))
    return fmpq(bottom, top)


@lru_cache(maxsize=1024)
def _in_order(symbols: frozenset[Expr]) -> tuple[Expr, ...]:
    """As SymPy orders the generators of polynomials."""
    return tuple(Poly(Add(*symbols)).gens) if symbols else ()
