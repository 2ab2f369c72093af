"""Three verdicts: what is known of an average's law, what is judged with it, and what importance sampling judges."""

import csv
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, chi2, kstest, norm
from sympy import Rational

from numerics import crosscheck, evaluate, simulate
from numerics.blocks import moments
from numerics.importance import is_needed
from numerics.loss_law import LossLaw, loss_law, squared_error_law
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    Exponential,
    FreshReal,
    Gamma,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)

STUDY = Path(__file__).parents[2] / "studies" / "null_calibration.csv"


def scaled(risk, factor):
    """The risk with its formula multiplied by ``factor``."""
    recurrence = risk.recurrence
    return replace(risk, recurrence=replace(recurrence, scale=recurrence.scale * factor))


def judged(model, workflow, generations, replicates, factor=1, **options):
    """A run and its verdict on the formula times ``factor``."""
    asked = {"detectable": options.pop("detectable")} if "detectable" in options else {}
    run = simulate(model, workflow, generations, replicates, **options)
    return run, crosscheck(scaled(expected_risk(model, workflow), Rational(factor)), run, **asked)


# what is known


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (Exponential(2, 20), Accumulate()),
        (Poisson("1/2", 3), SlidingWindow(k=2)),
        (Bernoulli("1/4", 8), FreshReal()),
        (GaussianMean(2, 5), SlidingWindow(k=7)),
        (Regular(3, 50), Replace()),
    ],
    ids=lambda item: item.name,
)
def test_the_derived_law_is_that_of_the_replicates(model, workflow) -> None:
    run = simulate(model, workflow, 5, 400_000, seed=3)
    law = loss_law(run)
    assert law.known
    assert law.mean == pytest.approx(evaluate(expected_risk(model, workflow), np.arange(1, 6)), rel=1e-12)
    # The relative error of a variance is √((excess + 2)/R); that of a covariance no more, relative to the deviations.
    tolerance = 5 * np.sqrt((law.excess.max() + 2) / run.replicates)
    deviation = np.sqrt(np.diag(law.covariance))
    assert np.abs((run.covariance - law.covariance) / np.outer(deviation, deviation)).max() < tolerance
    assert run.skewness == pytest.approx(law.skewness, rel=0.25)


@pytest.mark.parametrize("loss", ["mean", "trace"])
def test_fitted_gaussians_have_known_variances(loss) -> None:
    run = simulate(GaussianFit(d=2, n=8), Accumulate(), 4, 200_000, seed=1, loss=loss)
    law = loss_law(run)
    assert law.known
    ratio = np.diag(law.covariance) / np.diag(run.covariance)
    assert np.abs(ratio - 1).max() < 5 * np.sqrt((law.excess.max() + 2) / run.replicates)
    assert law.correlation == pytest.approx(run.correlation)


def test_what_is_not_known_is_estimated() -> None:
    for model, workflow in ((LinearRegression(2, 12), Accumulate()), (Regular(2, 10), AccumulateSubsample())):
        run = simulate(model, workflow, 3, 2000)
        law = loss_law(run)
        assert not law.known
        assert law.covariance is run.covariance


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("skewness", [-0.8, -1e-6, 0.0, 1e-6, 0.3, 0.8])
def test_scores_come_back(known, skewness) -> None:
    law = LossLaw(np.zeros(1), np.eye(1), np.array([skewness]), np.zeros(1), known)
    for score in (-3.5, -1.0, 0.0, 2.0, 4.0):
        plain = law.standardised(score, 1)
        assert law.scores(plain, 1)[0] == pytest.approx(score, abs=1e-7)
    # Next to no skewness, next to nothing changes.
    if abs(skewness) < 1e-3:
        assert law.scores(np.array([2.5]), 1)[0] == pytest.approx(2.5, abs=1e-5)


def test_scores_of_averages_of_few_gaussian_squares_are_normal() -> None:
    # Four replicates: the average of squares has a gamma law, skewness √2, so that scores are exact.
    draws = np.random.default_rng(1).standard_normal((20_000, 4)) ** 2
    z = (draws.mean(axis=1) - 1) / np.sqrt(2 / 4)
    law = LossLaw(np.ones(1), 2 * np.eye(1), np.array([np.sqrt(8)]), np.array([12.0]), True)
    scores = np.array([law.scores(np.array([value]), 4)[0] for value in z])
    assert kstest(scores, "norm").pvalue > 1e-3
    assert kstest(z, "norm").pvalue < 1e-10
    # That is, the score of the chi-square law with 4 degrees of freedom.
    expected = norm.ppf(chi2.cdf(4 * draws.mean(axis=1), 4))
    assert scores == pytest.approx(expected, abs=1e-6)


def test_third_and_fourth_powers_of_two_groups_are_merged() -> None:
    losses = np.random.default_rng(1).exponential(size=(2, 1000)) ** 2
    whole = moments(losses.copy())
    merged = moments(losses[:, :137].copy()).merged(moments(losses[:, 137:].copy()))
    deviation = losses - losses.mean(axis=1, keepdims=True)
    for power, found in ((3, (whole.cubes, merged.cubes)), (4, (whole.fourths, merged.fourths))):
        for value in found:
            assert value == pytest.approx((deviation**power).sum(axis=1), rel=1e-9)


def test_estimated_scores_are_nearer_to_normal_than_t_statistics() -> None:
    draws = np.random.default_rng(1).exponential(size=(15_000, 100))
    t = (draws.mean(axis=1) - 1) / (draws.std(axis=1, ddof=1) / 10)
    skewness = ((draws - draws.mean(axis=1, keepdims=True)) ** 3).mean(axis=1) / draws.std(axis=1) ** 3
    scores = np.array(
        [LossLaw(np.ones(1), np.eye(1), np.array([a]), np.zeros(1), False).scores(np.array([value]), 100)[0]
         for a, value in zip(skewness, t, strict=True)]
    )  # fmt: skip
    below = norm.ppf(0.005)
    assert (t < below).mean() > 0.01
    assert 0.002 < (scores < below).mean() < 0.008


# verdicts


def test_too_few_replicates_are_inconclusive_and_it_is_said_how_many_decide() -> None:
    model, workflow = GaussianMean(1, 10), Accumulate()
    for seed in range(20):
        _, check = judged(model, workflow, 6, 400, seed=seed)
        assert (check.verdict, check.passed) == ("inconclusive", False)
        assert 0.4 < check.detectable < 0.5
        assert "25% was asked: about 1,200 replicates would decide" in check.reason
    _, more = judged(model, workflow, 6, check.replicates_needed, seed=0)
    assert (more.verdict, more.passed, more.reason, more.replicates_needed) == ("agrees", True, None, None)
    assert judged(model, workflow, 6, 400, detectable=0.5, seed=0)[1].passed
    assert judged(model, workflow, 6, 4000, detectable=0.01, seed=0)[1].verdict == "inconclusive"
    assert judged(model, workflow, 6, 400, factor=3, seed=0)[1].verdict == "disagrees"


def test_each_generation_says_what_it_would_have_shown() -> None:
    _, check = judged(Exponential(1, 60), Replace(), 8, 20_000)
    assert check.detectable == check.detectable_at.min()
    assert (np.diff(check.detectable_at) > 0).all()


def test_chebyshev_refutes_what_normal_scores_cannot() -> None:
    # Tails too heavy for a normal law, but a formula wrong by a factor of 100 needs none.
    model, workflow = Exponential(1, 20), Replace()
    right, wrong = (judged(model, workflow, 30, 2000, factor=c, method="exact-law")[1] for c in (1, 100))
    assert right.verdict == "inconclusive"
    assert right.known
    assert right.detectable == inf
    assert right.p_value > 0.001
    assert "heavy tails: by its derived moments" in right.reason
    assert "method = 'importance'" in right.reason
    assert wrong.verdict == "disagrees"


def test_a_run_far_from_normal_is_not_judged_by_its_score() -> None:
    law = LossLaw(np.ones(1), np.eye(1), np.array([30.0]), np.array([4000.0]), True)
    # Edgeworth: (4000 − 1.5·900)/R · 16·13/24 at a critical value of 4, twice over.
    assert law.strain(4.0, 1000)[0] == pytest.approx(2 * 2.65 * 16 * 13 / 24)
    # The same cumulants, estimated: a variance that is known to √(4002/R).
    assert replace(law, known=False).strain(4.0, 100_000)[0] == pytest.approx(9 * 0.04002)
    assert replace(law, excess=np.array([1350.0])).strain(4.0, 1000)[0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("model", "workflow", "replicates"),
    [
        # No success in 200 times 40 flips: every fit is 0, and every loss p².
        (Bernoulli(Rational(1, 10**6), 10), AccumulateSubsample(), 200),
        (Poisson(Rational(1, 10**6), 5), AccumulateSubsample(), 100),
        # Importance weights of losses that all underflow.
        (Gamma(Rational(1, 10**9), 1, 4), Replace(), 500),
        (NegativeBinomial(Rational(1, 10**6), Rational(1, 100), 5), Replace(), 500),
    ],
    ids=lambda item: getattr(item, "name", None),
)
def test_replicates_that_are_all_alike_do_not_refute_a_formula(model, workflow, replicates) -> None:
    run, check = judged(model, workflow, 3, replicates)
    assert (np.sqrt(np.diag(run.covariance)) <= 1e-15 * run.mean).all()  # by rounding alone
    assert check.verdict == "inconclusive"
    assert f"all {replicates} replicates have the loss" in check.reason
    assert check.detectable == inf


def test_a_generation_that_does_not_vary_leaves_the_verdict_open() -> None:
    run = simulate(Bernoulli("1/3", 4), AccumulateSubsample(), 2, 4000)
    covariance = run.covariance.copy()
    covariance[1, :] = covariance[:, 1] = 0
    risk = expected_risk(Bernoulli("1/3", 4), AccumulateSubsample())
    low = replace(run, covariance=covariance, mean=run.mean * np.array([1, 0.01]))
    assert crosscheck(risk, low).verdict == "inconclusive"
    # A loss that is never negative has an expectation of at least what every chain shows, were it not seen by chance.
    high = replace(run, covariance=covariance, mean=run.mean * np.array([1, 2]))
    assert crosscheck(risk, high).verdict == "disagrees"


@pytest.mark.parametrize("asked", [0, -1.0, nan, True, "1/4", None])
def test_what_is_asked_is_a_positive_number(asked) -> None:
    run = simulate(GaussianMean(1, 10), Replace(), 3, 2000)
    with pytest.raises(DomainError, match="detectable = "):
        crosscheck(expected_risk(GaussianMean(1, 10), Replace()), run, detectable=asked)


# importance sampling

HUGE = [
    (Exponential(1, 20), Replace(), 60),
    (Exponential(2, 10), SlidingWindow(k=2), 40),
    (Gamma(2, 3, 6), Replace(), 30),
    (NegativeBinomial(4, 2, 10), Replace(), 40),
    (HyperbolicSecant(1, "1/2", 10), Replace(), 20),
    (QuadraticVariance(0, -1, 1, "-2", 20), Replace(), 40),
]


@pytest.mark.parametrize(("model", "workflow", "generations"), HUGE, ids=lambda item: getattr(item, "name", ""))
def test_a_huge_variance_is_judged(model, workflow, generations) -> None:
    run, check = judged(model, workflow, generations, 8000, seed=2)
    assert run.method == "importance"
    assert check.verdict == "agrees", check.reason
    # At every generation, not only at the first.
    assert check.detectable_at.max() < 0.25
    for factor in ("9/10", "11/10"):
        assert crosscheck(scaled(expected_risk(model, workflow), Rational(factor)), run).verdict == "disagrees"


def test_plain_chains_are_drawn_where_they_do() -> None:
    assert not is_needed(Exponential(1, 60), Replace(), "squared", 10, 200_000)
    assert is_needed(Exponential(1, 60), Replace(), "squared", 200, 200_000)
    assert simulate(Exponential(1, 60), Replace(), 5, 20_000).method == "exact-law"
    plain = simulate(Exponential(1, 20), Replace(), 5, 2000, method="exact-law")
    assert plain.method == "exact-law"
    for model, workflow, loss in (
        (Bernoulli("1/3", 10), Replace(), "squared"),
        (Exponential(1, 10), AccumulateSubsample(), "squared"),
        (Exponential(1, 10), Replace(), "kl"),
        (Regular(3, 10), Replace(), "squared"),
    ):
        with pytest.raises(DomainError, match="method = 'importance'"):
            simulate(model, workflow, 3, 100, method="importance", loss=loss)


# calibration


def test_the_study_found_verdicts_calibrated() -> None:
    with STUDY.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = [row for row in rows if row["variance"] == "derived"]
    assert len(known) >= 12
    for row in rows:
        runs = int(row["runs"])
        assert runs >= 300
        # Right formulas fail at the rate of the level, and p-values are uniform.
        assert int(row["disagree"]) <= binom.ppf(1 - 1e-5, runs, 0.001)
        assert float(row["uniform"]) > 1e-3
        assert binom.sf(round(runs * float(row["below_0.05"])) - 1, runs, 0.05) > 1e-3
        assert binom.sf(round(runs * float(row["below_0.01"])) - 1, runs, 0.01) > 1e-4
    assert all(int(row["heavy_tails"]) < 0.02 * int(row["runs"]) for row in known)


@pytest.mark.parametrize(
    ("model", "workflow", "replicates"),
    [(GaussianMean(1, 10), Accumulate(), 400), (Exponential(1, 5), Accumulate(), 3000),
     (Poisson("1/10", 4), Replace(), 3000)],
    ids=lambda item: getattr(item, "name", str(item)),
)  # fmt: skip
def test_p_values_of_skewed_losses_are_uniform(model, workflow, replicates) -> None:
    risk = expected_risk(model, workflow)
    checks = [crosscheck(risk, simulate(model, workflow, 4, replicates, seed, "exact-law")) for seed in range(100)]
    assert all(check.known for check in checks)
    assert not any("heavy" in (check.reason or "") for check in checks)
    assert not any(check.verdict == "disagrees" for check in checks)
    assert kstest([check.p_value for check in checks], "uniform").pvalue > 1e-3


def test_a_law_that_doubles_cannot_hold_says_so() -> None:
    with pytest.raises(OverflowError):
        squared_error_law(Exponential(1, 1).noise(), Replace(), 150)
    assert is_needed(Exponential(1, 1), Replace(), "squared", 150, 1000)
