"""Exact arithmetic for running recurrences.

Three fields, the smallest that holds every coefficient: the rationals (python-flint's ``fmpq``), rational
functions of the parameters over Q, and, when irrational numbers or symbolic powers occur, SymPy's
expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flint import fmpq, fmpq_mpoly
from sympy import Dummy, Expr, Function, Integer, Pow, Sum, Symbol, degree

from theory.expressions.fraction_field import Rationals
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.rational_functions import RationalFunctions


class Arithmetic:
    """An exact field for expressions whose only other variable is the generation ``symbol``."""

    def __init__(self, expressions: Iterable[Expr], symbol: Symbol) -> None:
        # A total over a schedule lies in the field of its terms.
        listed = [_by_terms(expression, symbol) for expression in expressions]
        # At two generations where neither sizes nor margins have zeros by accident, and powers such as 2^(g²) fit.
        exponents = {power.exp for expression in listed for power in expression.atoms(Pow) if power.exp.has(symbol)}
        tame = all(exponent.is_polynomial(symbol) and degree(exponent, symbol) <= 1 for exponent in exponents)
        probes, names = [], set[Any]()
        for expression in listed:
            if is_rational(expression, [*expression.free_symbols]):
                names |= expression.free_symbols - {symbol}
            else:
                probes += [expression.subs(symbol, g) for g in ((1009, 2003) if tame else (23, 31))]
        for probe in probes:
            names |= probe.free_symbols
        symbols = sorted(names, key=lambda item: item.name)
        self._field: Any = None
        if any(not is_rational(probe, symbols) for probe in probes):
            self._kind = "expressions"
        elif symbols:
            self._kind = "functions"
            self._field = RationalFunctions(symbols)
        else:
            self._kind = "rationals"

    @property
    def is_field(self) -> bool:
        """Whether elements are written in lowest terms, rather than as expressions that grow."""
        return self._kind != "expressions"

    def holds(self, *constants: Expr) -> bool:
        """Whether expressions without the generation are elements of the field."""
        if self._kind == "expressions":
            return True
        symbols = list(self._field.symbols) if self._field is not None else []
        return all(
            expression.free_symbols <= {*symbols} and is_rational(expression, symbols) for expression in constants
        )

    def constant(self, expression: Expr) -> Any:
        """An expression without the generation, as an element of the field."""
        expression = expression.doit() if expression.has(Sum) else expression
        if self._kind == "rationals":
            return to_flint(expression)
        if self._kind == "functions":
            return self._field(expression)
        return expression

    def function(self, expression: Expr, symbol: Symbol) -> Callable[[int], Any]:
        """An expression in the generation as a function from whole numbers to the field."""
        if not expression.has(symbol):
            value = self.constant(expression)
            return lambda g: value
        totals = {total: _RunningTotal(total, symbol) for total in expression.atoms(Sum) if total.has(symbol)}
        if totals:
            names = {total: Dummy() for total in totals}
            opened = expression.xreplace(names)

            def with_totals(g: int) -> Any:
                values = {names[total]: running(g) for total, running in totals.items()}
                return self.constant(opened.subs({symbol: Integer(g), **values}))

            return with_totals
        if self._kind == "rationals" and is_rational(expression, [symbol]):
            return _by_horner(expression, symbol)
        if self._kind == "functions" and is_rational(expression, [*self._field.symbols, symbol]):
            return lambda g: self._field(expression, {symbol: g})
        return lambda g: self.constant(expression.subs(symbol, Integer(g)))

    def to_expression(self, element: Any) -> Expr:
        """An element of the field as a SymPy expression."""
        if self._kind == "rationals":
            return to_sympy(element)
        if self._kind == "functions":
            return self._field.expression(element)
        return element  # simplifying nested radicals costs more than all the rest


def _by_terms(expression: Expr, symbol: Symbol) -> Expr:
    return expression.replace(
        lambda part: isinstance(part, Sum) and part.has(symbol),
        lambda part: part.function.subs(part.limits[0][0], symbol),
    )


class _RunningTotal:
    """A sum whose upper end is the generation, added up term by term as the generations are asked for."""

    def __init__(self, total: Sum, symbol: Symbol) -> None:
        self._term, (self._index, self._lower, self._upper) = total.function, total.limits[0]
        self._symbol = symbol
        self._reached, self._value = int(self._lower) - 1, Integer(0)

    def __call__(self, g: int) -> Expr:
        upper = int(self._upper.subs(self._symbol, g))
        if upper < self._reached:
            self._reached, self._value = int(self._lower) - 1, Integer(0)
        for place in range(self._reached + 1, upper + 1):
            self._value += self._term.subs(self._index, place)
        self._reached = upper
        return self._value


def is_rational(expression: Expr, symbols: list[Any]) -> bool:
    """Whether an expression is a rational function of the symbols over the rational numbers."""
    if expression.is_number:
        return bool(expression.is_Rational)
    if not expression.is_rational_function(*symbols):
        return False
    if expression.atoms(Function):
        return False
    powers = expression.atoms(Pow)
    return all(power.exp.is_Integer for power in powers) and all(
        atom.is_Rational or atom.is_Symbol for atom in expression.atoms()
    )


def _by_horner(expression: Expr, symbol: Symbol) -> Callable[[int], fmpq]:
    """A rational function of one symbol: a polynomial over a product of powers of others, nothing cancelled."""
    element = Rationals([symbol])(expression)
    top, below = _horner(element.top), [(_horner(part), power) for part, power in element.factors()]

    def value(g: int) -> fmpq:
        total = top(g)
        for factor, power in below:
            total /= factor(g) ** power
        return total

    return value


def _horner(polynomial: fmpq_mpoly) -> Callable[[int], fmpq]:
    terms = {int(exponents[0]): coefficient for exponents, coefficient in polynomial.to_dict().items()}
    coefficients = [terms.get(power, fmpq(0)) for power in range(max(terms, default=0), -1, -1)]

    def value(g: int) -> fmpq:
        total = fmpq(0)
        for coefficient in coefficients:
            total = total * g + coefficient
        return total

    return value
