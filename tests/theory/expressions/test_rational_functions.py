"""Rational functions over FLINT, in lowest terms at every step: the values and the writing of SymPy's."""

from __future__ import annotations

import pytest
from sympy import Expr, Integer, Rational, S, cancel, factor, sqrt, symbols

from theory.expressions.fraction_field import NotRational
from theory.expressions.rational_functions import RationalFunctions, factored

a, b, n = symbols("a b n", positive=True)
PARTS: list[Expr] = [
    (a**2 - b**2) / (2 * n),
    (a - b) / (a + b) ** 2,
    n * (1 - a) / (3 * (b - a)),
    Rational(-3, 7) * (n + 1) / n,
    (2 * a + 4 * b) / (n**2 - 1),
    1 / (n * (n + 1)),
    1 / (n**2 - n),
    S.Zero,
    Rational(5, 2),
]


@pytest.mark.parametrize("left", PARTS, ids=str)
@pytest.mark.parametrize("right", PARTS, ids=str)
def test_operations_are_those_of_expressions(left: Expr, right: Expr) -> None:
    field = RationalFunctions([a, b, n])
    one, two = field(left), field(right)
    found = [(one + two, left + right), (one - two, left - right), (one * two, left * right), (-one, -left)]
    found += [(2 - one * 3, 2 - left * 3), ((one + 1) ** 2 / 5, (left + 1) ** 2 / 5)]
    if right != 0:
        found += [(one / two, left / right), (two**-2, right**-2), (3 / two, 3 / right)]
    for element, expression in found:
        assert field.expression(element) == cancel(expression)
        assert bool(element) == (cancel(expression) != 0)
        # Lowest terms have one writing, whatever way they were come by.
        assert element == field(expression)


def test_what_is_not_defined_or_not_rational_says_so() -> None:
    field = RationalFunctions([a])
    with pytest.raises(ZeroDivisionError):
        field(a) / field(S.Zero)
    with pytest.raises(NotRational):
        field(sqrt(a))
    with pytest.raises(NotRational):
        field(1 / (a - n))  # a symbol of another field


def test_symbols_may_have_values() -> None:
    field = RationalFunctions([a])
    assert field.expression(field((a + n) / (n**2 + a), {n: 3})) == (a + 3) / (a + 9)


@pytest.mark.parametrize(
    "expression",
    [
        *PARTS,
        2 * a / 3 + 2,
        -a - b,
        b - a,
        (4 * b - 4 * a) / (6 * n - 6 * a * n),
        (a**3 - b**3) * (n - 1) ** 2 / (1 - n),
        (1 - a) ** 3 / (2 - 2 * a) + a**2 - 1,
        1 / (a**2 - 2 * a + 1) - 1 / (1 - a),
        a * b / n,
        (2 * a + 3 * b) ** 2 * n / (3 * n - 6) ** 3,
        Integer(2) / a,
        sqrt(2) * (a**2 - b**2),
        a ** Rational(1, 2) - b,
        2**n + a,
    ],
    ids=str,
)
def test_factors_are_written_as_by_sympy(expression: Expr) -> None:
    """Same expression, not only same value."""
    assert factored(expression) == factor(expression)
    assert str(factored(expression)) == str(factor(expression))
