"""Maxima, returns and constants of contaminated pools, against other programs and other ways to compute them."""

from itertools import pairwise

import mpmath
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import N, Rational, S, Symbol, oo, pi

from theory import (
    Bernoulli,
    ContaminatedPool,
    Exponential,
    G,
    GaussianFit,
    LabelledPool,
    NotDerivedError,
    QuadraticVariance,
    Regular,
    expected_risk,
)
from theory.design.contamination import (
    RUN,
    _Onwards,
    constant,
    constant_enclosure,
    labels_are_worth,
    maximum,
    pool_enclosure,
    return_generation,
    rises_at_first,
    row_by_row,
)
from theory.solver.single_hump import hump_from, single_hump

HALF = Rational(1, 2)


def ratios(real, kappa, last):
    """y_g in floating point."""
    y, found = 1.0, [1.0]
    for g in range(2, last + 1):
        y = ((1 - real / g) ** 2 + (1 - real) * kappa / g**2) * y + 1 / g**2
        found.append(y)
    return found


@pytest.mark.parametrize("real", ["1/4", "2/5"])
def test_the_constant_to_fifty_digits(real):
    """By Thomae's transformation, Γ(1 − 2ρ)/Γ(2 − 2ρ)² ₃F₂(1 − ρ, 1 − ρ, 1 − 2ρ; 2 − 2ρ, 2 − 2ρ; 1), and mpmath."""
    low, high = constant_enclosure(real, 50)
    assert 0 < high - low <= low / 10**50
    with mpmath.workdps(60):
        rho = mpmath.mpf(Rational(real).p) / Rational(real).q
        series = mpmath.hyp3f2(1 - rho, 1 - rho, 1 - 2 * rho, 2 - 2 * rho, 2 - 2 * rho, 1)
        value = mpmath.gamma(1 - 2 * rho) / mpmath.gamma(2 - 2 * rho) ** 2 * series
        assert abs(value / mpmath.mpf(str(N(low, 60))) - 1) < mpmath.mpf(10) ** -49


def test_both_ends_of_the_constant_and_the_crossover():
    assert constant(0) == pi**2 / 6
    assert (constant("3/4"), constant(1)) == (2, 1)
    assert str(N(constant(HALF), 12)) == "1.01731715489"
    # G y_G − ln G, by running; what is left is of order ln G/G.
    y = ratios(0.5, 0.0, 200_000)[-1]
    assert abs(200_000 * y - mpmath.log(200_000) - float(constant(HALF))) < 1e-4
    # Near one half C has a simple pole, of residue 1/2 in ρ.
    assert abs(float(N(constant("499/1000"))) * 0.002 - 1) < 0.01


def test_the_leading_term_is_that_of_the_values():
    for real in ("1/10", "1/4"):
        growth = expected_risk(Regular(), ContaminatedPool(real)).ratio.growth
        low, high = pool_enclosure(real, 10**40)
        assert abs(N(growth.subs(G, 10**40), 30) / low - 1) < 1e-15
        assert 0 < high / low - 1 < 1e-30


@pytest.mark.parametrize(("real", "generation"), [("1/10", 50), ("1/4", 400), ("2/5", 1000)])
def test_the_enclosure_holds_the_values(real, generation):
    y = ratios(float(Rational(real)), 0.0, generation)[-1]
    low, high = pool_enclosure(real, generation)
    assert float(low) < y < float(high)
    assert float(high / low) - 1 < 10 / generation**0.6


@settings(max_examples=8)
@given(st.fractions("1/20", 1, max_denominator=20), st.sampled_from([0, -1, 1]), st.integers(20, 60))
def test_one_maximum_and_one_return(real, v2, n):
    """Every value of the first thousand generations."""
    model = Bernoulli("1/3", n) if v2 == -1 else Exponential(1, n) if v2 == 1 else Regular()
    values = ratios(float(real), v2 / n, 1000)
    found = maximum(model, real)
    assert float(found.ratio) == pytest.approx(max(values), rel=1e-12)
    assert values.index(max(values)) == found.generation - 1
    assert all(a > b for a, b in pairwise(values[found.generation - 1 :]))
    assert rises_at_first(model, real) == (found.generation > 1)
    above = [g for g, value in enumerate(values, start=1) if value > 1 + 1e-12]
    if len(above) < 950:
        assert return_generation(model, real).generation == (max(above) + 1 if above else 1)
    risk = expected_risk(model, ContaminatedPool(real))
    assert risk.ratio.bound == found.ratio


def test_late_returns():
    found = return_generation(Regular(), "1/50")
    assert (found.generation, found.earliest, found.latest) == (None, 618777, 618778)
    values = ratios(0.02, 0.0, 618_778)
    assert values[618_775] > 1 > values[-1]
    assert return_generation(Regular(), "1/100").latest == 156_070_356_033


def test_what_a_label_is_worth():
    assert [labels_are_worth(real) for real in (HALF, "3/4", 1)] == [oo, Rational(3, 2), 1]
    labelled = expected_risk(Regular(), LabelledPool("3/4", share=1)).ratio
    pool = expected_risk(Regular(), ContaminatedPool("3/4")).ratio
    quotient = float(pool.at(2000) / labelled.at(2000))
    assert abs(quotient - 1.5) < 0.02


def test_row_by_row_is_larger_in_the_order_of_one_over_n():
    model = Bernoulli("1/3", 40)
    exact, mixed = expected_risk(model, ContaminatedPool("1/4")), row_by_row(model, "1/4")
    gap = [(mixed.at(g) - exact.at(g)) / exact.at(g) for g in (2, 5, 9)]
    assert all(0 < value < Rational(1, 40) for value in gap)


def test_what_is_not_of_this_kind():
    with pytest.raises(NotDerivedError, match="never returns"):
        return_generation(Regular(), 0)
    with pytest.raises(NotDerivedError, match="not that of one moment"):
        maximum(GaussianFit(d=2, n=10), HALF)
    with pytest.raises(NotDerivedError, match="without real data the risk of a pool never falls"):
        maximum(Regular(), 0)
    assert hump_from(Regular(p=1, n=1).recurrence(ContaminatedPool(Symbol("rho", positive=True)), "squared")) is None
    assert single_hump(Regular(p=1, n=1).recurrence(ContaminatedPool("1/100000"), "squared")) is None
    assert S.One == maximum(Regular(), 1).ratio


@pytest.mark.parametrize("real", ["1/50", "1/20", "1/10"])
def test_the_maximum_of_a_family_of_strong_curvature(real):
    """Its first steps multiply by more than 1: from generation 2 on they would not be seen to turn."""
    model = QuadraticVariance(v0=1, v1=0, v2=50, mean=0, n=100)
    values = [expected_risk(model, ContaminatedPool(real)).ratio.at(g) for g in range(1, 100)]
    top = maximum(model, real)
    assert top.ratio == max(values) > values[-1]
    assert values[top.generation - 1] == top.ratio


@pytest.mark.parametrize("model", [Bernoulli("1/3", 100), Exponential(1, 1000)], ids=["coin", "exponential"])
def test_the_return_of_a_family_with_curvature(model):
    """Beyond what is run in balls, against half a million steps in floating point."""
    found = return_generation(model, "1/50")
    curvature = 0.98 * float(model.variance_coefficients[2]) / float(model.n)
    ratio, g = 1.0, 1
    while g < 50_000 or ratio > 1:
        g += 1
        ratio = ((1 - 0.02 / g) ** 2 + curvature / g**2) * ratio + 1 / g**2
    # A step there is 6e-8 of the ratio, what rounding adds up to far less.
    assert found.earliest - 1 <= g <= found.latest + 1
    assert found.latest - found.earliest < 10
    assert g != return_generation(Regular(), "1/50").earliest


@pytest.mark.parametrize("curvature", [200, -200])
def test_strong_curvature_stays_within_its_enclosure(curvature):
    """Fifty thousand steps on from a number, in floating point: what curvature adds there is 0.2 % of it."""
    start, y = 7.0, 7.0
    for g in range(RUN + 1, 2 * RUN + 1):
        y = ((1 - 0.25 / g) ** 2 + curvature / g**2) * y + 1 / g**2
    found = _Onwards(Rational(1, 4), Rational(curvature), arb(start))(2 * RUN)
    assert abs(y / start * 2**0.5 - 1) > 0.001
    assert found.contains(arb(y))
    assert found.rad() < 0.01 * y
