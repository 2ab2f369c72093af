"""Claims: true ones get a certificate, with the values that papers give; false ones get none."""

import pytest
from certified import ratio
from sympy import Rational, pi, sinh

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    Exponential,
    FreshReal,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.proof import Growth, LeastBound, Limit, LowerLimit, NeverWorse, Remainder, check, prove
from theory.proof.texts import text


@pytest.mark.parametrize(
    ("pair", "bound"),
    [
        ((Regular(), Accumulate()), pi**2 / 6),
        ((Regular(), AccumulateSubsample()), pi**2 / 2 - 2),
        ((Regular(), RealPlusLatest()), Rational(4, 3)),
        ((Regular(), FreshReal()), 1),
        ((KernelDensity(), FreshReal(), "variance"), 2),
        ((Exponential(n=9), Accumulate()), 9 * (3 * sinh(pi / 3) / pi - 1)),
        ((LinearRegression(d=1, T=4, design="shared"), Accumulate()), pi**2 / 6),
    ],
    ids=str,
)
def test_least_bounds(pair, bound):
    assert prove(LeastBound(ratio(*pair))).data["claim"]["bound"] == text(bound)


def test_fresh_designs_never_lose_to_a_shared_one_for_any_d_and_T():
    fresh, shared = (expected_risk(LinearRegression(design=design), Accumulate()) for design in ("fresh", "shared"))
    certificate = prove(NeverWorse(fresh, shared))
    assert check(certificate)
    assert certificate.data["parameters"]["T"] == "t1 + t2 + 3"


@pytest.mark.parametrize(
    ("workflow", "limit"), [(SlidingWindow(2), "p*(1 - p)"), (SlidingWindow(3), "p*(1 - p)")], ids=["two", "three"]
)
def test_sums_over_roots_with_parameters_tend_to_zero(workflow, limit):
    certificate = prove(Limit(expected_risk(Bernoulli(), workflow)))
    assert certificate.data["steps"][-1]["limit"] == limit


@pytest.mark.parametrize(
    "claim",
    [
        NeverWorse(ratio(Regular(), Replace()), ratio(Regular(), Accumulate())),
        NeverWorse(ratio(Regular(), Accumulate()), ratio(Regular(), RealPlusLatest())),
        NeverWorse(
            expected_risk(LinearRegression(design="shared"), Accumulate()),
            expected_risk(LinearRegression(), Accumulate()),
        ),
        LowerLimit(ratio(Regular(), Accumulate()), ratio(Regular(), RealPlusLatest())),
        LowerLimit(ratio(Regular(), Accumulate()), ratio(Regular(), Accumulate())),
        LeastBound(ratio(Regular(), Replace())),
        Limit(ratio(Regular(), Replace())),
        Growth(ratio(Regular(), Accumulate())),
    ],
    ids=lambda claim: f"{type(claim).__name__}-{claim.risk.workflow.name}",
)
def test_what_is_false_is_not_proved(claim):
    with pytest.raises(NotDerivedError, match="no certificate was found"):
        prove(claim)


@pytest.mark.parametrize(
    ("better", "worse", "since"),
    [
        (ratio(Regular(), RealPlusLatest()), ratio(Regular(), SlidingWindow(2)), 3),
        (expected_risk(LinearRegression(), RealPlusLatest()), expected_risk(LinearRegression(), Replace()), 2),
    ],
    ids=["numbers", "symbols"],
)
def test_one_passes_all_that_the_other_will_reach(better, worse, since) -> None:
    assert prove(NeverWorse(better, worse)).data["claim"]["since"] == since
    with pytest.raises(NotDerivedError, match="no certificate was found"):
        prove(NeverWorse(worse, better))


def test_what_settles_is_said_to_have_no_growth() -> None:
    with pytest.raises(NotDerivedError, match=r"the ratio of regular under accumulate tends to pi\*\*2/6, so that"):
        prove(Growth(ratio(Regular(), Accumulate())))


def test_the_mise_of_kernel_densities_is_summed_by_lerch_functions():
    (step,) = prove(expected_risk(KernelDensity(bandwidth="1/3", n=50), Replace(), loss="mise")).data["steps"]
    assert "lerchphi(49/50, 1/2, g + 1)" in step["value"][0]


def test_arguments():
    with pytest.raises(DomainError, match="risk = 3 is not a risk"):
        Limit(3)
    with pytest.raises(DomainError, match="terms"):
        Remainder(ratio(Regular(), Accumulate()), 0)
    with pytest.raises(NotDerivedError, match="recurrence alone"):
        prove(ratio(Bernoulli(p="1/2", n=5), AccumulateSubsample()))
    with pytest.raises(NotDerivedError, match="by cases: give numbers"):
        prove(Limit(ratio(QuadraticVariance(), Replace())))
