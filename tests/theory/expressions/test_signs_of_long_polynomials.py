"""Signs of long polynomials are read off their coefficients."""

from __future__ import annotations

import pytest
from sympy import Symbol, expand

from theory.expressions.signs import sign

x, y = Symbol("x", nonnegative=True), Symbol("y", positive=True)
free = Symbol("z", real=True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (expand((x + 2 * y + 1) ** 4), 1),
        (-expand((x + 2 * y + 1) ** 4), -1),
        (expand((x + 2 * y + 1) ** 4) - 40 * x * y, None),
        (expand((x + free + 1) ** 5), None),
    ],
)
def test_the_sign_of_a_long_polynomial(expression, expected):
    assert len(expression.args) > 8
    assert sign(expression) == expected


def test_even_powers_of_what_may_be_negative_tell_a_sign():
    """Odd ones do not, and neither do several variables with terms of both signs."""
    assert sign(free**2 + y * free**4 + 1) == 1
    assert sign(-(free**2) - y) == -1
    assert sign((free**2 + y) / (1 + free**6)) == 1
    assert sign(free**3 + y + 5) is None
    assert sign(x**2 - x * y + y**2) is None
