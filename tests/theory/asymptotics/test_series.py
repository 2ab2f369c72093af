"""Hypergeometric series: known values, and what is left alone."""

from __future__ import annotations

import mpmath
import pytest
from sympy import E, Rational, S, binomial, exp, factorial, lambdify, sin

from theory import j
from theory.asymptotics.series import _agrees, hypergeometric_series


@pytest.mark.parametrize(
    ("term", "value"),
    [
        (1 / factorial(j), E - 1),
        (j / factorial(j), E),
        (2**j / factorial(j), E**2 - 1),
        (1 / factorial(2 * j), None),
        (Rational(1, 3) ** j, S.Half),
        (1 / (2**j * factorial(j)), exp(S.Half) - 1),
    ],
    ids=str,
)
def test_values(term, value):
    found = hypergeometric_series(term, j)
    assert found is not None
    with mpmath.workdps(40):
        numeric = mpmath.nsum(lambdify(j, term, "mpmath"), [1, mpmath.inf])
        assert abs(mpmath.mpf(str(found.evalf(35))) - numeric) < 1e-25
    assert value is None or (found - value).equals(0)


@pytest.mark.parametrize("term", [1 / j**2, 1 / j**j, 2**j, 1 / binomial(2 * j, j) ** 3, sin(j) / j], ids=str)
def test_what_is_left_alone(term):
    assert hypergeometric_series(term, j) is None


def test_a_wrong_value_is_noticed():
    ratio = 1 / (j + 1)
    assert _agrees(E - 1, S.One, ratio, j, 1)
    assert not _agrees(E - 1 + Rational(1, 10**20), S.One, ratio, j, 1)
