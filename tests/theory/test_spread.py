"""The standard deviation of a loss: by enumeration, by known laws, in closed form, and what is refused."""

from fractions import Fraction

import pytest
from sympy import Rational, oo, pi, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    FreshReal,
    G,
    GaussianFit,
    GaussianMean,
    LinearRegression,
    NotDerivedError,
    Poisson,
    PosteriorSample,
    Regular,
    Replace,
    SlidingWindow,
    StandardDeviation,
    expected_risk,
)
from theory.testing.enumeration import bernoulli_law


@pytest.mark.parametrize("loss", ["squared", "fourth"])
@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), FreshReal(), AccumulateSubsample()], ids=str)
def test_it_is_that_of_all_data_sets(workflow, loss: str) -> None:
    if loss == "fourth" and isinstance(workflow, AccumulateSubsample):
        pytest.skip("no eighth moment of a subsample")
    power, truth = {"squared": 2, "fourth": 4}[loss], Fraction(1, 3)
    deviation = expected_risk(Bernoulli("1/3", 2), workflow, loss=loss).standard_deviation
    assert isinstance(deviation, StandardDeviation)
    for g, law in enumerate(bernoulli_law(workflow, "1/3", 2, 3), start=1):
        mean, square = (sum((v - truth) ** (power * k) * mass for v, mass in law.items()) for k in (1, 2))
        expected = square - mean**2
        assert deviation.at(g) == sqrt(Rational(expected.numerator, expected.denominator))


def test_gaussian_errors_scatter_like_a_chi_square() -> None:
    for workflow in (Replace(), Accumulate(), SlidingWindow(k=5)):
        risk = expected_risk(GaussianMean(2, 5), workflow)
        assert [risk.standard_deviation.at(g) for g in (1, 4)] == [sqrt(2) * risk.at(g) for g in (1, 4)]
    deviation = expected_risk(GaussianMean(2, 5), Accumulate()).standard_deviation
    assert deviation.limit == sqrt(2) * pi**2 / 15
    assert deviation.closed_form.subs(G, 3).doit() == deviation.at(3)


@pytest.mark.parametrize(
    "model", [Bernoulli("1/3", 4), Poisson(3, 4), Exponential(2, 4), GaussianMean(2, 4)], ids=lambda m: m.name
)
def test_closed_forms_are_the_values(model) -> None:
    deviation = expected_risk(model, Replace()).standard_deviation
    for g in (1, 3, 6):
        assert (deviation.closed_form.subs(G, g) ** 2 - deviation.at(g) ** 2).equals(0)


def test_limit_and_growth() -> None:
    # A coin at 1/3 ends at 0 or 1: losses 1/9 and 4/9, with probabilities 2/3 and 1/3.
    deviation = expected_risk(Bernoulli("1/3", 4), Replace()).standard_deviation
    assert deviation.limit == deviation.growth == sqrt(2) / 9
    assert expected_risk(Poisson(3, 4), Replace()).standard_deviation.growth == 3 * G ** Rational(3, 2) / 8
    exploding = expected_risk(Exponential(2, 4), Replace()).standard_deviation
    assert exploding.limit == oo
    assert float(exploding.growth.subs(G, 400) / exploding.at(400)) == pytest.approx(1, rel=1e-6)


def test_relative_to_generation_one() -> None:
    risk = expected_risk(Bernoulli("1/3", 4), Replace())
    assert risk.ratio.standard_deviation.at(3) == risk.standard_deviation.at(3) / risk.at(1)
    assert (risk.ratio.standard_deviation.limit - risk.standard_deviation.limit / risk.at(1)).equals(0)


def test_losses_of_other_models() -> None:
    # Generation 1: the loss of the mean is a chi-square with d degrees over n.
    deviation = expected_risk(GaussianFit(d=3, n=7), Accumulate(), loss="mean").standard_deviation
    assert deviation.at(1) == sqrt(6) / 7


def test_a_loss_of_infinite_variance() -> None:
    risk = expected_risk(PosteriorSample(Exponential(2, 2), 1, "3/4"), Replace())
    assert risk.at(2).is_finite
    assert risk.standard_deviation.at(2) == risk.standard_deviation.closed_form == risk.standard_deviation.limit == oo


def test_what_is_not_derived_says_so() -> None:
    for risk, reason in (
        (expected_risk(Bernoulli("1/3", 4), Replace(), loss="kl"), "leading order"),
        (expected_risk(Regular(3, 10), Accumulate()), "leading order"),
        (expected_risk(GaussianFit(2, 9), Replace()), "no argument of GaussianFit"),
        (expected_risk(LinearRegression(3, 10), Accumulate()), "no argument of LinearRegression"),
        (expected_risk(Bernoulli("1/3", 4), Replace()).variance, "no loss of one run"),
        (expected_risk(Bernoulli("1/3", 4), AccumulateSubsample(), loss="fourth"), "no argument of Bernoulli"),
    ):
        with pytest.raises(NotDerivedError, match=reason):
            _ = risk.standard_deviation
