"""Series with complex poles in real terms, against their sums."""

from __future__ import annotations

import mpmath
import pytest
from sympy import I, N, Rational, coth, gamma, lambdify, pi, polygamma, sqrt, sympify, tanh

from theory import GaussianFit, Regular, Replace, expected_risk, j
from theory.design import required_growth
from theory.expressions.conjugates import in_real_terms, with_real_pairs

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


@pytest.mark.parametrize(("x", "s"), [(1, -2), (2, Rational(-1, 6)), (2, Rational(1, 6)), (5, Rational(7, 3)), (3, -9)])
def test_gamma_functions_of_conjugate_arguments_are_sines(x, s):
    root = sqrt(sympify(s))
    pair = gamma(x + root) * gamma(x - root)
    # What is complex is written in real terms, and what stands beside it likewise.
    known = with_real_pairs(pair + I)
    assert not known.has(gamma)
    with mpmath.workdps(30):
        z = mpmath.sqrt(mpmath.mpf(sympify(s).p) / sympify(s).q)
        numeric = mpmath.re(mpmath.gamma(x + z) * mpmath.gamma(x - z))
        assert abs(mpmath.mpf(str(N(known - I, 25))) - numeric) < 1e-20 * abs(numeric)


@pytest.mark.parametrize("value", [gamma(Rational(3, 2) + I) * gamma(Rational(3, 2) - I), gamma(2 + I) * gamma(3 - I)])
def test_others_are_not(value):
    assert with_real_pairs(value).rewrite(gamma) == value


def test_limits_are_real_numbers():
    """Moments of a covariance with conjugate roots: in decimals their product had an imaginary part of rounding."""
    for d, n in ((2, 28), (24, 50)):
        risk = expected_risk(GaussianFit(d=d, n=n), Replace(sizes=j**2))
        assert not risk.limit.has(I)
        lower, upper = risk.limit_enclosure()
        assert lower <= N(risk.limit, 25) <= upper
        assert float(risk.limit) == pytest.approx(float(lower), rel=1e-14)
