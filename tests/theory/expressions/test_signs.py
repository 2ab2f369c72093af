"""One decider of signs: numbers, rational functions, products, differences; against values over the range."""

from itertools import product

import pytest
from sympy import Rational, S, Symbol, exp, expand, oo, pi, sqrt, symbols

from theory.expressions.signs import (
    at_least,
    ball_sign,
    range_of,
    sign,
    sign_by_factors,
    sign_of_difference,
    signed_factors,
)

n, x = Symbol("n", integer=True, positive=True), Symbol("x", positive=True)
p, T = symbols("p T")
RANGES = {p: range_of("probability"), T: at_least(n + 2)}
WITHIN = [
    {n: a, p: b, T: a + 2 + c, x: d}
    for a, b, c, d in product((1, 2, 7), (Rational(1, 9), Rational(8, 9)), (Rational(1, 3), 5), (Rational(1, 4), 6))
]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (p * (1 - p) / n, 1),
        (n / (n + 1 - T), -1),
        (1 - 2 * p, None),
        ((n**2 - 2 * n + 2) * (1 - 2 * n), -1),
        ((4 * n**2 - 1) * (1 - 2 * p) / (1 - 2 * p - 2 * n + 4 * n * p), -1),
        ((p - 2) ** 3 * (T - n - 1) / (n - 2 * T), 1),
        ((p - 2) ** 2 * (1 - 2 * n) * (T - n - 1) ** 3, -1),
        ((1 - 2 * p) * x, None),
        ((p - p) * n, 0),
    ],
)
def test_a_sign_by_factors_is_that_of_every_value_in_the_range(expression, expected):
    assert sign_by_factors(expression, RANGES) == expected
    assert sign(expression, RANGES) in (expected, None)
    values = {int(bool(value > 0)) - int(bool(value < 0)) for value in (expression.subs(at) for at in WITHIN)}
    assert (values == {expected}) == (expected is not None)


def test_factors_come_with_their_powers_and_signs():
    found = list(signed_factors((1 - 2 * p) ** 2 * (p - 2) ** 3 / n, RANGES))
    whole = S.One
    for factor, power, _ in found:
        whole *= factor**power
    assert (whole - (1 - 2 * p) ** 2 * (p - 2) ** 3 / n).simplify() == 0
    assert {own for factor, power, own in found if power == 2} == {None}
    # The sign of the whole is not decided: p = 1/2 is a zero inside.
    assert sign_by_factors((1 - 2 * p) ** 2, RANGES) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(oo, oo, 0), (oo, n, 1), (n, oo, -1), (-oo, n, -1), (n, -oo, 1), (-oo, oo, -1), (oo, -oo, 1), (n, n, 0),
     (n + 1, n, 1), (p, 1, -1), (p, Rational(1, 2), None)],
)  # fmt: skip
def test_differences_of_values_that_may_be_infinite(first, second, expected):
    assert sign_of_difference(S(first), S(second), RANGES) == expected


def test_numbers_are_told_from_zero_by_balls_and_zero_is_not_guessed():
    near = exp(Rational(1, 10**30)) - 1 - Rational(1, 10**30)  # 5e-61
    assert sign(near) == ball_sign(near) == 1
    assert sign(sqrt(2) - Rational(14142135623730950488016887242096980785697, 10**40)) == -1
    assert sign(sqrt(2) * sqrt(3) - sqrt(6)) == 0
    assert ball_sign(sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2)) is None
    assert ball_sign(pi - 3 + S.ImaginaryUnit) is None


tau = Symbol("tau", real=True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (tau - 1, None),
        (tau * n + 1, None),
        (tau**2 * n - tau, None),
        (n * tau**2 + 1, 1),
        (n**4 - 3 * n**3 + 3 * n**2 - n + 1, 1),
        ((x * n - x) / (1 + x), 1),
        ((x - n) * (n - 2) / (x + 1), None),
        (expand((x - n) ** 2 * (x + 2 * n + 1) ** 2), None),
        (expand((x + n) ** 3 * (n + 1)) / (x + n) ** 2, 1),
        (sqrt(2) * x + n, 1),
    ],
)
def test_a_sign_over_q_is_never_one_that_a_value_denies(expression, expected):
    """Where values have both signs, and where no argument shows one though there is."""
    assert sign(expression) == expected
    places = [{n: at, x: far, tau: side} for at in (1, 2, 50) for far in (Rational(1, 9), 40) for side in (-2, 0, 3)]
    values = {int(bool(value > 0)) - int(bool(value < 0)) for value in (expression.subs(place) for place in places)}
    assert expected is None or values - {0} == {expected}


def test_a_square_has_a_sign_only_where_the_symbol_is_real():
    unknown, real = symbols("u"), symbols("r", real=True)
    assert sign(unknown**2 + 1) is None
    assert sign(real**2 + 1) == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (x**2 - x + 1, 1),
        (-(x**4) + 3 * x**3 - 3 * x**2 + x - 1, -1),
        (x * (x**2 - x + 1), 1),  # 0 on the boundary
        (x**2 - 3 * x + 1, None),  # two roots within
        ((10**20 * x - 1) * (10**20 * x - 2), None),  # close by the boundary
        (1 / (x - 3), None),  # a pole within
        ((x**3 - 8) / (x - 2), 1),
        ((n - 2) / (n**2 - 4), 1),
        (1 - 3 * p + 3 * p**2, 1),
        (1 - 4 * p + 3 * p**2 + p**7 / 100, None),
        (-(p**18) / 7 - p**17 + p**3 / 2 - p**2 - Rational(1, 9), -1),
    ],
)
def test_the_sign_of_one_variable_is_told_by_its_roots(expression, expected):
    for written in (expression, expand(expression)):
        assert sign(written, RANGES) == expected
        assert sign(-written, RANGES) == (None if expected is None else -expected)


def test_a_real_variable_runs_below_0_as_well():
    z = Symbol("z", real=True)
    assert [sign(z**2 - z + 1), sign(z**2 + 3 * z + 1), sign(z**3 + 1), sign(-(z**4) - z - 1)] == [1, None, None, -1]
