"""Least squares with a Gaussian prior: posterior mean and posterior draws, against integrals over chi-squared laws."""

from __future__ import annotations

import pytest
from mpmath import gamma, inf, mp, mpf, quad
from sympy import Rational, Symbol

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    FreshReal,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    PosteriorMean,
    PosteriorSample,
    RealPlusLatest,
    Replace,
    RidgeRegression,
    SlidingWindow,
    expected_risk,
)
from theory.proof import ClosedForm, Limit, check, prove

NOISE = Rational(3, 2)
ROWS, STRENGTH, OFF = 4, 2, 3


def _mean(function):
    """E f(W), W chi-squared with ROWS degrees of freedom."""
    half = mpf(ROWS) / 2
    density = lambda w: w ** (half - 1) * mp.exp(-w / 2) / (2**half * gamma(half))  # noqa: E731
    return quad(lambda w: function(w) * density(w), [0, 1, 5, 20, inf])


def _replace(generations: int, drawn: bool) -> list[mpf]:
    """d = 1: w − m is multiplied by W/(W + κ), and noise of variance σ²W/(W+κ)² (and σ²/(W+κ) for a draw) is added."""
    kappa, noise = mpf(STRENGTH), mpf(3) / 2
    kept, squared = (_mean(lambda w, p=p: (w / (w + kappa)) ** p) for p in (1, 2))
    added = noise * _mean(lambda w: w / (w + kappa) ** 2)
    if drawn:
        added += noise * _mean(lambda w: 1 / (w + kappa))
    # About the prior mean: E(w − m) and E(w − m)², the truth at −OFF.
    first, second, found = mpf(-OFF), mpf(OFF) ** 2, []
    for _ in range(generations):
        first, second = kept * first, squared * second + added
        found.append(second + 2 * OFF * first + OFF**2)
    return found


@pytest.mark.parametrize("design", ["fresh", "shared"])
@pytest.mark.parametrize(("kind", "drawn"), [(PosteriorMean, False), (PosteriorSample, True)])
def test_one_dimension_by_integrals(kind, drawn, design):
    model = kind(LinearRegression(1, ROWS, NOISE, design), STRENGTH, OFF)
    risk, known = expected_risk(model, Replace()), _replace(3, drawn)
    upto = 3 if design == "fresh" else 1
    for g in range(1, upto + 1):
        assert abs(mpf(str(risk.at(g).evalf(25))) - known[g - 1]) < mpf(10) ** -12 * known[g - 1]


@pytest.mark.parametrize(("design", "d"), [("fresh", 1), ("fresh", 2), ("fresh", 3), ("shared", 1)])
def test_replaced_draws_end_at_the_prior(d, design):
    """The law of a Gibbs sampler tends to N(m, σ²/κ): the risk to |m − w*|² + dσ²/κ."""
    risk = expected_risk(PosteriorSample(LinearRegression(d, 6, NOISE, design), STRENGTH, OFF), Replace())
    prior = OFF**2 + d * NOISE / STRENGTH
    assert abs(risk.limit.evalf(20) - prior) < Rational(1, 10**15)
    settling = [abs(risk.at(g).evalf(20) - prior) for g in (3, 6, 12)]
    assert settling[0] > settling[1] > settling[2]


@pytest.mark.parametrize("design", ["fresh", "shared"])
def test_accumulated_draws_stay_at_the_posterior(design):
    model = PosteriorSample(LinearRegression(2, 5, NOISE, design), STRENGTH, OFF)
    risk = expected_risk(model, Accumulate())
    first = expected_risk(model, Replace()).at(1).evalf(25)
    for g in (1, 2, 7):
        assert abs(risk.at(g).evalf(25) - first) < Rational(1, 10**20)
    mean = expected_risk(PosteriorMean(LinearRegression(2, 5, NOISE, design), STRENGTH, OFF), Accumulate())
    assert mean.at(2).evalf() > mean.at(1).evalf()


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), FreshReal()])
def test_a_posterior_mean_is_a_ridge_fit_about_the_prior(workflow):
    prior = expected_risk(PosteriorMean(LinearRegression(2, 5, NOISE), STRENGTH, OFF), workflow)
    ridge = expected_risk(RidgeRegression(2, 5, STRENGTH, NOISE, OFF**2), workflow)
    for g in (1, 2, 4):
        assert prior.at(g) == ridge.at(g)
    assert prior.bias.at(2) == ridge.bias.at(2)


def test_without_strength_it_is_least_squares():
    for workflow in (Replace(), Accumulate()):
        assert expected_risk(PosteriorMean(LinearRegression(2, 5), 0, OFF), workflow).at(3) == (
            expected_risk(LinearRegression(2, 5), workflow).at(3)
        )
        assert expected_risk(RidgeRegression(2, 5, 0), workflow).at(3) == (
            expected_risk(LinearRegression(2, 5), workflow).at(3)
        )


@pytest.mark.parametrize("workflow", [SlidingWindow(2), RealPlusLatest("1/3")])
def test_shared_designs_are_derived_under_every_workflow_of_whole_blocks(workflow):
    for kind in (PosteriorMean, PosteriorSample):
        risk = expected_risk(kind(LinearRegression(1, 4, NOISE, "shared"), STRENGTH, OFF), workflow)
        assert 0 < risk.at(2).evalf() < OFF**2 + 2 * NOISE


def test_what_is_not_derived_says_why():
    inside = LinearRegression(2, 5)
    for workflow, reason in ((SlidingWindow(2), "older rows"), (AccumulateSubsample(), "subsample")):
        with pytest.raises(NotDerivedError, match=reason):
            expected_risk(PosteriorMean(inside, 1, 1), workflow)
    with pytest.raises(NotDerivedError, match="loss = 'fourth'"):
        expected_risk(PosteriorMean(inside, 1, 1), Replace(), loss="fourth")
    with pytest.raises(DomainError, match="d = d is a symbol"):
        expected_risk(PosteriorMean(LinearRegression(), 1, 1), Replace())
    with pytest.raises(DomainError, match="no posterior to draw from"):
        expected_risk(PosteriorSample(inside, 0, 1), Replace())
    with pytest.raises(DomainError, match="no posterior to draw from"):
        RidgeRegression(2, 5, 1, per_row=True, drawn=True)
    with pytest.raises(NotDerivedError, match="neither an exponential family nor a LinearRegression"):
        PosteriorMean(KernelDensity(), 1, 0)
    with pytest.raises(DomainError, match="is not a model"):
        PosteriorMean("bernoulli", 1, 0)
    with pytest.raises(DomainError, match="prior_mean = 2 is no mean of bernoulli"):
        PosteriorMean(Bernoulli(), 1, 2)


@pytest.mark.parametrize("penalty", [1, Symbol("lambda", positive=True)])
def test_certificates_hold_whatever_the_moments_of_the_fit(penalty):
    risk = expected_risk(RidgeRegression(2, 5, penalty), Replace())
    for claim in (ClosedForm, Limit):
        certificate = prove(claim(risk))
        assert check(certificate)
        assert "trace__2e_1__2e_1__2e_2__2e_5__2e_" in certificate.json()
    drawn = expected_risk(PosteriorSample(LinearRegression(2, 5), penalty, 1), Accumulate())
    assert check(prove(ClosedForm(drawn)))
