r"""Expressions as trees of lists, numbers and names: what JSON holds, and any language evaluates without a parser.

A number is an integer, ``["/", p, q]``, or ``["digits", "…"]`` where it is longer than a double holds; a name is a
parameter, or ``g``; anything else is a list with what is done first, its arguments after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import (
    And,
    Basic,
    Catalan,
    EulerGamma,
    Expr,
    GoldenRatio,
    Integer,
    Not,
    Or,
    Piecewise,
    Rational,
    Symbol,
    factorial,
    false,
    harmonic,
    oo,
    pi,
    polygamma,
    true,
    zeta,
)
from sympy import E as EULER
from sympy.core.relational import Relational

from theory.errors import NotDerivedError

#: Whole numbers up to here are doubles.
LARGEST = 2**53

CONSTANTS = {pi: "pi", EULER: "e", EulerGamma: "euler", Catalan: "catalan", GoldenRatio: "golden", oo: "oo", -oo: "-oo"}
RELATIONS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "!="}
#: Functions that keep their name; multidigamma has two arguments, Max and Min as many as there are.
FUNCTIONS = (
    "log", "exp", "sin", "cos", "tan", "cot", "sinh", "cosh", "tanh", "coth", "gamma", "loggamma", "Abs", "sign", "Max",
    "Min", "floor", "ceiling", "multidigamma",
)  # fmt: skip


def tree(expression: Basic, generation: Symbol | None = None) -> Any:
    """An expression as a tree; ``generation`` is written ``g``.

    Raises
    ------
    NotDerivedError
        When it holds a function that is not among those that trees have.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from sympy import symbols, Rational
    >>> n, i = symbols("n i")
    >>> tree(1 - 1 / (n * i**2), i)
    ['+', 1, ['*', -1, ['^', 'g', -2], ['^', 'n', -1]]]
    >>> tree(Rational(1, 3))
    ['/', 1, 3]
    """
    if isinstance(expression, Symbol):
        return "g" if expression == generation else expression.name
    if isinstance(expression, Rational) and expression.is_finite:
        return _whole(expression.p) if expression.is_Integer else ["/", _whole(expression.p), _whole(expression.q)]
    if expression in CONSTANTS:
        return ["constant", CONSTANTS[expression]]
    if expression in (true, false):
        return ["true" if expression == true else "false"]
    if isinstance(expression, harmonic):
        return tree(_by_polygamma(expression), generation)
    if hasattr(expression, "written_out"):
        return tree(expression.written_out(), generation)
    name = _name(expression)
    arguments: Iterable[Any] = expression.args
    if isinstance(expression, Piecewise):
        return [name, *([tree(value, generation), tree(condition, generation)] for value, condition in arguments)]
    written = [tree(argument, generation) for argument in _ordered(expression)]
    return [name, *written]


def _whole(number: int) -> Any:
    return int(number) if abs(number) <= LARGEST else ["digits", str(number)]


def _ordered(expression: Basic) -> Iterable[Basic]:
    """The arguments; of sums and products in an order that does not change from one run to the next."""
    if isinstance(expression, Expr) and expression.is_Add:
        return expression.as_ordered_terms()
    if isinstance(expression, Expr) and expression.is_Mul:
        return expression.as_ordered_factors()
    if isinstance(expression, And | Or):
        return sorted(expression.args, key=str)
    return expression.args


def _by_polygamma(expression: Expr) -> Expr:
    index, *orders = expression.args
    order = orders[0] if orders else Integer(1)
    if order == 1:
        return polygamma(0, index + 1) + EulerGamma
    if not (order.is_Integer and order > 1):
        raise NotDerivedError(f"{expression} has no tree: the order of a harmonic number must be a whole number.")
    return zeta(order) - (-1) ** order * polygamma(order - 1, index + 1) / factorial(order - 1)


def _name(expression: Basic) -> str:
    if isinstance(expression, Relational):
        return RELATIONS[expression.rel_op]
    known: dict[type, str] = {Piecewise: "cases", And: "and", Or: "or", Not: "not"}
    if type(expression) in known:
        return known[type(expression)]
    if isinstance(expression, Expr):
        if expression.is_Add:
            return "+"
        if expression.is_Mul:
            return "*"
        if expression.is_Pow or type(expression).__name__ == "exp":
            return "^" if expression.is_Pow else "exp"
        if isinstance(expression, polygamma) and expression.args[0].is_Integer:
            return "polygamma"
        if type(expression).__name__ in FUNCTIONS:
            return type(expression).__name__
    name = type(expression).__name__
    raise NotDerivedError(f"{name} has no tree: it is not among the functions that are written out.")
