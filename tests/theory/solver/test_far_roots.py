"""Priors that count for many blocks: roots far from the generations, whose factorials have thousands of digits."""

from __future__ import annotations

import mpmath
import pytest
from sympy import Rational, Symbol

from theory import Accumulate, Bernoulli, G, GaussianMean, PosteriorMean, expected_risk
from theory.solver.rational_product import rational_product
from theory.solver.series import convergent_product


@pytest.mark.parametrize("strength", [100, 1_000, 10**6])
def test_a_strong_prior_has_its_limit(strength: int) -> None:
    r"""V₂ = 0: (κb/(n+κ))² + V ψ'(1 + κ/n)/n."""
    risk = expected_risk(PosteriorMean(GaussianMean(sigma2=1, n=2), strength, Rational(1, 2)), Accumulate())
    share = mpmath.mpf(strength) / (2 + strength)
    stated = share**2 / 4 + mpmath.psi(1, 1 + mpmath.mpf(strength) / 2) / 2
    assert float(risk.limit) == pytest.approx(float(stated), rel=1e-13)
    if risk.closed_form is not None:
        assert float(risk.closed_form.subs(G, 20)) == pytest.approx(float(risk.at(20)), rel=1e-13)


@pytest.mark.parametrize("strength", [1_000, 10**6])
def test_a_strong_prior_on_a_coin_has_its_limit(strength: int) -> None:
    r"""From :math:`r_g = r_{g-1}(1 - k_g) + k_g(V_0 + V_1 e_1)`, k_g = n/(ng + κ)², by a product of Gammas."""
    risk = expected_risk(PosteriorMean(Bernoulli(p="1/3", n=2), strength, "1/2"), Accumulate())
    with mpmath.workdps(30):
        blocks, root = mpmath.mpf(strength) / 2, mpmath.sqrt(mpmath.mpf(1) / 2)
        shrunk = strength / mpmath.mpf(2 + strength) / 6
        fixed, first = mpmath.mpf(2) / 9 + shrunk / 3, shrunk**2 + mpmath.mpf(4) / 9 / (2 + strength) ** 2
        logs = 2 * mpmath.loggamma(2 + blocks) - sum(mpmath.loggamma(2 + blocks + side) for side in (root, -root))
        stated = fixed + (first - fixed) * mpmath.exp(logs)
    assert float(risk.limit) == pytest.approx(float(stated), rel=1e-13)


def test_products_by_gammas() -> None:
    """Against the factors multiplied, times what the rest is to second order."""
    i = Symbol("i", integer=True, positive=True)
    factor = (2 * i**2 + 200 * i + 4999) / (2 * i**2 + 200 * i + 5000)
    found = rational_product(factor, i, 2, 60)
    product = mpmath.mpf(1)
    for place in range(2, 4000):
        product *= 1 - mpmath.mpf(1) / (2 * (place + 50) ** 2)
    rest = mpmath.exp(-1 / (2 * mpmath.mpf(4049.5)))
    assert float(found) == pytest.approx(float(product * rest), rel=1e-11)
    assert convergent_product(factor, i, 2).evalf(15) == pytest.approx(float(product * rest), rel=1e-11)
