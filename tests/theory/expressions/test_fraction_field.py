"""Rational functions over Q by FLINT: the values and the writing of SymPy's ``cancel``."""

from __future__ import annotations

import os
import subprocess
import sys
from math import gcd

import pytest
from sympy import (
    Expr,
    Piecewise,
    Rational,
    S,
    cancel,
    exp,
    gamma,
    harmonic,
    log,
    polygamma,
    sin,
    sqrt,
    symbols,
    zeta,
)

from theory.expressions.fraction_field import NotRational, Rationals, at_infinity, generators, in_lowest_terms
from theory.expressions.one_denominator import over_one_denominator

g, n, tau, m, p = symbols("g n tau m p", positive=True)
CASES: list[Expr] = [
    (1 - tau) / g + tau * (p - p**2) / n / (g - 1),
    (g**2 - 1) / (1 - g),
    -3 / (2 * g) * (1 - n),
    Rational(3, 4) * (tau - 1) / (2 * n + 2),
    (n / (n * g + m)) ** 2 * p - (g - 1) / (g * n + m) + Rational(1, 7),
    (-m - p) / (3 * n),
    S.Zero,
    Rational(-3, 7),
]


@pytest.mark.parametrize("expression", CASES, ids=str)
def test_is_written_as_by_cancel(expression: Expr) -> None:
    """Same expression, not only same value."""
    assert in_lowest_terms(expression) == cancel(expression)


@pytest.mark.parametrize("left", CASES[:6], ids=str)
def test_field_operations(left: Expr) -> None:
    """Sums, products, quotients and powers of elements are those of expressions."""
    field, right = Rationals([g, n, tau, m, p]), (g - tau) / (n * (g + 1))
    a, b = field(left), field(right)
    for element, expression in (
        (a + b, left + right),
        (a - b, left - right),
        (a * b, left * right),
        (a / b, left / right),
        (2 - a * 3, 2 - left * 3),
        (1 / b, 1 / right),
        (b**3, right**3),
        (field.lowest(a + b) * a, (left + right) * left),
    ):
        assert field.expression(element) == cancel(expression)
    assert a + b - a == b
    assert a != b


@pytest.mark.parametrize("expression", [sqrt(2) * g, g**n, sin(g)])
def test_says_what_it_does_not_hold(expression: Expr) -> None:
    """SymPy then does the same."""
    with pytest.raises(NotRational):
        Rationals(expression.free_symbols)(expression)
    assert in_lowest_terms(expression) == cancel(expression)


@pytest.mark.parametrize(
    "expression",
    [
        (gamma(n) ** 2 - g**2) / (gamma(n) - g),
        (harmonic(n) * g + 1) / (2 * harmonic(n) * g**2 + 2 * g) - polygamma(1, p + 1) * n,
        (m * zeta(p) + m * n) / m,
    ],
)
def test_functions_are_generators(expression: Expr) -> None:
    """As to SymPy, without multiplying out."""
    Rationals(generators(expression))(expression)
    assert in_lowest_terms(expression) == cancel(expression)


@pytest.mark.parametrize("expression", [exp(n) * exp(g), log(n), gamma(S(1) / 3), Piecewise((g, n > 1), (1, True))])
def test_what_has_equations_of_its_own_is_no_generator(expression: Expr) -> None:
    """Left to SymPy."""
    with pytest.raises(NotRational):
        generators(expression)


def test_division_by_zero_is_none_of_it() -> None:
    """(g − 1) − g + 1 is 0."""
    field = Rationals([g])
    with pytest.raises(NotRational):
        (field(g - 1) - field(g) + 1).inverse()


def test_limits_at_infinity() -> None:
    """The quotient of leading coefficients."""
    assert at_infinity((p * g**2 - 1) / ((2 * g + m) * (g - 1)), g) == p / 2
    assert at_infinity(g * (1 - (1 - tau / g) ** 2), g) == 2 * tau
    assert at_infinity((g - m) / g**2, g) == 0
    assert at_infinity(g**2 / (g + 1), g) is None


def test_one_denominator() -> None:
    """Numerators over it are the entries, at whole numbers, and share nothing with it."""
    entries = [1 - Rational(1, 4) / g**2, (3 * g - 1) / (6 * g * (g + 1)), S.Half, S.Zero]
    found = over_one_denominator(entries, g)
    assert found is not None
    tops, bottom = found
    assert gcd(*(int(polynomial.content()) for polynomial in (bottom, *tops))) == 1
    for at in (2, 5, 11):
        values = [Rational(int(top(at)), int(bottom(at))) for top in tops]
        assert values == [entry.subs(g, at) for entry in entries]
    assert over_one_denominator([tau / g], g) is None
    assert over_one_denominator([sqrt(2) / g], g) is None


def test_written_the_same_where_sympy_has_numbers_of_python():
    # Exponents that FLINT gives are no numbers to it then: z**4.0 is no polynomial.
    code = """from sympy.abc import y, z
from theory.expressions.fraction_field import in_lowest_terms
print(in_lowest_terms((z**4 - y) / (z**2 - 2) / 3 + z**4))"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"SYMPY_GROUND_TYPES": "python"}, capture_output=True, text=True
    )
    assert done.stdout == "(-y + 3*z**6 - 5*z**4)/(3*z**2 - 6)\n", done.stderr
