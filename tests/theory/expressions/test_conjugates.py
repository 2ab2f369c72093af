"""Series with complex poles in real terms, against their sums."""

from __future__ import annotations

import mpmath
import pytest
from sympy import I, Rational, coth, lambdify, pi, polygamma, sqrt, tanh

from theory import Regular, Replace, expected_risk, j
from theory.design import required_growth
from theory.expressions.conjugates import in_real_terms

SIZES = [
    j**2 + 1,
    j**2 + 4,
    j**2 + j + 1,
    j**2 - j + Rational(5, 2),
    j**2 + 4 * j + 7,
    2 * j**2 + 1,
    j**2 - 6 * j + 13,
    (j**2 + 1) ** 2,
    j * (j**2 + 1) ** 2,
]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_bounds_are_sums_in_real_terms(sizes):
    bound = required_growth(sizes).bound
    with mpmath.workdps(40):
        numeric = mpmath.nsum(lambdify(j, sizes.subs(j, 1) / sizes, "mpmath"), [1, mpmath.inf])
        assert abs(mpmath.mpf(str(bound.evalf(35, chop=True))) - numeric) < 1e-25
    # Only Re ψ stays where it does not cancel.
    assert not bound.has(I) or sizes == j * (j**2 + 1) ** 2


def test_known_forms():
    limit = expected_risk(Regular(1, 1), Replace(sizes=j**2 + 1)).ratio.limit
    assert (in_real_terms(limit) - (pi * coth(pi) - 1)).equals(0)
    halves = I * (polygamma(0, Rational(1, 2) - 2 * I) - polygamma(0, Rational(1, 2) + 2 * I))
    assert (in_real_terms(halves) - pi * tanh(2 * pi)).equals(0)


def test_what_does_not_cancel_is_left_as_it_is():
    for kept in (polygamma(0, 1 - I) + polygamma(0, 1 + I), polygamma(0, sqrt(2) - I), polygamma(1, Rational(1, 3))):
        assert in_real_terms(kept) == kept
