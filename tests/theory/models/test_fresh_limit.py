"""The limit of a kernel density under fresh real data, and Silverman's rule, against independent numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gaussian_kde
from sympy import sqrt

from theory import DomainError, FreshReal, KernelDensity, MixtureTruth, NotDerivedError, Replace, expected_risk

TWO = MixtureTruth(["1/2", "1/2"], [-1, 2], [1, "1/2"])


@pytest.mark.parametrize("workflow", [FreshReal(), FreshReal(share="1/3", real=2)], ids=repr)
@pytest.mark.parametrize("truth", [None, TWO], ids=["gaussian", "mixture"])
def test_the_recursion_tends_to_it(workflow, truth):
    risk = expected_risk(KernelDensity(bandwidth="1/2", n=7, truth=truth), workflow)
    low, high = risk.limit_enclosure(25)
    assert 0 < high - low < low / 10**24
    # The slowest part falls by 1 − share a generation.
    left = float(1 - workflow.fresh_weight(2))
    assert float(abs(risk.at(24) - low)) < 10 * left**23
    assert float(abs(risk.at(8) - low)) > 1e-12


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_a_rule_that_sees_more_samples_from_the_second_generation_on(rule):
    # Three times as many from then on: h falls once, and the limit is that of the later one.
    workflow = FreshReal(share="1/3", real=2)
    low, high = expected_risk(KernelDensity(bandwidth=rule, n=7), workflow).limit_enclosure()
    values = [expected_risk(KernelDensity(bandwidth=rule, n=7), workflow).at(g) for g in (11, 12)]
    first, second = (float(abs(value - low)) for value in values)
    assert second < 0.7 * first < 1e-3
    later = KernelDensity(bandwidth=rule, n=7).bandwidths(workflow).squared(2)
    again = expected_risk(KernelDensity(bandwidth=sqrt(later), n=7), workflow).limit_enclosure()
    assert max(low, again[0]) <= min(high, again[1])
    with pytest.raises(NotDerivedError, match="is not known"):
        expected_risk(KernelDensity(bandwidth=rule, n=7), FreshReal(share="1/3", real="j")).limit_enclosure()


def test_the_integral_over_frequencies():
    # Fixed points by iteration at every frequency, in floating point.
    share, n, real, h = 0.25, 5, 10, 0.5

    def error(t):
        kappa, power = np.exp(-((h * t) ** 2) / 2), np.exp(-(t**2))
        mean, second = 0.0, 0.0
        for _ in range(300):
            own = (1 - share) ** 2 * (kappa**2 * second * (1 - 1 / n) + 1 / n)
            cross = 2 * share * (1 - share) * kappa * mean * power
            second = own + cross + share**2 * (power * (1 - 1 / real) + 1 / real)
            mean = (1 - share) * kappa * mean + share
        return kappa**2 * second - 2 * kappa * mean * power + power

    expected = quad(error, 0, 40, limit=200)[0] / np.pi
    model = KernelDensity(bandwidth="1/2", n=5)
    low, high = expected_risk(model, FreshReal(share="1/4", real=2)).limit_enclosure()
    assert float(low) == pytest.approx(expected, rel=1e-8)
    assert low <= high


def test_in_two_dimensions_and_refused():
    risk = expected_risk(KernelDensity(bandwidth="1/3", n=5, d=2), FreshReal())
    assert float(risk.limit_enclosure(12)[0]) == pytest.approx(float(risk.at(22)), abs=1e-6)
    with pytest.raises(DomainError, match="h has no value"):
        expected_risk(KernelDensity(n=5), FreshReal()).limit_enclosure()
    with pytest.raises(DomainError, match="more than 20000 terms"):
        expected_risk(KernelDensity(bandwidth=1, n=5), FreshReal(share="1/10**5")).limit_enclosure(40)
    with pytest.raises(NotDerivedError, match="the limit of kernel-density under fresh-real is not known"):
        expected_risk(KernelDensity(bandwidth="j", n=5), FreshReal()).limit_enclosure()
    low, high = expected_risk(KernelDensity(bandwidth=1, n=5), Replace()).limit_enclosure(15)
    assert low < high < low * (1 + 1e-14)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_silverman_is_that_of_scipy(d):
    n = 40
    data = np.random.default_rng(1).normal(size=(d, n))
    bandwidths = KernelDensity(bandwidth="Silverman", n=n, d=d, truth_variance=4).bandwidths(Replace())
    assert float(bandwidths.squared(3)) ** 0.5 == pytest.approx(
        2 * gaussian_kde(data, bw_method="silverman").silverman_factor(), rel=1e-12
    )


def test_silverman_is_best_for_many_gaussian_points():
    # MISE of a Gaussian density by the exact formula; the best h tends to Silverman's.
    n = 10**6
    best = float(KernelDensity(bandwidth="silverman", n=n).bandwidths(Replace()).squared(1)) ** 0.5
    assert best == pytest.approx(1.0592 * n**-0.2, rel=1e-4)

    def risk(h):
        return float(expected_risk(KernelDensity(bandwidth=h, n=n), Replace()).at(1).evalf(30))

    assert risk(round(best, 6)) < min(risk(round(best * f, 6)) for f in (0.97, 1.03))
