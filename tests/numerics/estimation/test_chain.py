"""Chains of fits: exact where least squares is, universal where nothing is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sympy import Rational

from numerics import evaluate
from numerics.estimation import (
    LogisticRegression,
    MultinomialRegression,
    NormalRegression,
    PoissonRegression,
    fit_correction,
    refit,
)
from numerics.estimation import chain as chain_module
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    LinearRegression,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
)

RNG = np.random.default_rng(21)
ROWS = np.column_stack([np.ones(20), RNG.standard_normal((20, 2))])
TRUTH = np.array([0.3, 0.8, -0.5])
LATEST_TWO = Weighted(lambda g: [Rational(1)] if g == 1 else [Rational(0)] * (g - 2) + [Rational(1, 4), Rational(3, 4)])
WORKFLOWS = [
    Replace(),
    Accumulate(),
    Accumulate(sizes="j"),
    SlidingWindow(2),
    RealPlusLatest(),
    RealPlusLatest(share="1/3"),
    FreshReal(),
    FreshReal(share="1/3", real=2),
    AccumulateSubsample(),
    AccumulateSubsample(budget=2),
    AccumulateSubsample(replacement=True),
    LATEST_TWO,
]
by_name = {"ids": lambda workflow: f"{workflow.name}-{id(workflow) % 97}"}


def models(n, design="shared"):
    return [
        LogisticRegression(ROWS, TRUTH, n, design),
        PoissonRegression(ROWS, TRUTH / 2, n, design),
        NormalRegression(ROWS, TRUTH, n, design),
        MultinomialRegression(ROWS, np.stack([TRUTH, -TRUTH[::-1]], axis=1), n, design),
    ]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_prediction_is_the_universal_one(workflow):
    run = refit(NormalRegression(ROWS, TRUTH, n=200), workflow, generations=5, replicates=2)
    risk = evaluate(expected_risk(Regular(p=3, n=200), workflow), np.arange(1, 6))
    np.testing.assert_allclose(run.prediction, risk, rtol=1e-12)
    half = refit(NormalRegression(ROWS, TRUTH, n=200), workflow, generations=5, replicates=2, loss="excess")
    np.testing.assert_allclose(half.prediction, risk / 2, rtol=1e-12)


def exact_on_shared_rows(workflow):
    return workflow.draw(1) is None and workflow.draw(4) is None


@pytest.mark.parametrize("workflow", [each for each in WORKFLOWS if exact_on_shared_rows(each)])
def test_least_squares_on_shared_rows_is_exact(workflow):
    """The fits are the linear chain itself, so that no more than rounding is left; and the mean is the theory's."""
    run = refit(NormalRegression(ROWS, TRUTH, n=40), workflow, generations=5, replicates=6000, seed=5)
    np.testing.assert_allclose(run.risk, run.prediction, rtol=1e-9)
    theory = expected_risk(LinearRegression(d=3, T=40, design="shared"), workflow).ratio
    np.testing.assert_allclose(run.ratio_prediction, [float(theory.at(g)) for g in range(1, 6)], rtol=1e-12)
    assert np.abs((run.mean - run.prediction) / run.stderr).max() < 4
    # χ² of p degrees, scaled: se/mean = √(2/(pR)), 1 % here, so that a formula wrong by 6 % fails.
    np.testing.assert_allclose(run.stderr / run.mean, np.sqrt(2 / 3 / 6000), rtol=0.1)
    assert np.abs((run.mean - 1.06 * run.prediction) / run.stderr).max() > 4


@pytest.mark.parametrize("design", ["shared", "fresh"])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_linear_chain_has_the_predicted_mean(workflow, design):
    """At n = 20·3, where the fits themselves are far from their limit: the identity behind the control is exact."""
    run = refit(models(60, design)[0], workflow, generations=4, replicates=4000, seed=6)
    z = (run.linear - run.prediction) / run.linear_stderr
    assert np.abs(z).max() < 4
    assert np.abs((run.linear - 1.08 * run.prediction) / run.linear_stderr).max() > 3


@pytest.mark.parametrize("design", ["shared", "fresh"])
@pytest.mark.parametrize("which", range(4), ids=["logistic", "poisson", "normal", "multinomial"])
@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), FreshReal(), SlidingWindow(2), AccumulateSubsample()], ids=lambda w: w.name
)
def test_ratio_at_large_n(workflow, which, design):
    """The universal prediction at n = 4000, correction and all: 3 % covers c/n, and 4 standard errors are less."""
    n, replicates = (4000, 500) if workflow.name != "accumulate-subsample" else (1000, 300)
    run = refit(models(n, design)[which], workflow, generations=5, replicates=replicates, seed=7)
    assert run.failures.total == 0
    slack = 0.03 * 4000 / n
    np.testing.assert_array_less(np.abs(run.ratio / run.ratio_prediction - 1), slack + 4 * run.ratio_stderr)
    assert run.ratio_stderr.max() < 0.1


@pytest.mark.parametrize(
    ("workflow", "wrong"),
    [(Replace(), Accumulate()), (Accumulate(), Accumulate(sizes="j")), (SlidingWindow(2), SlidingWindow(3))],
    ids=["replace", "accumulate", "window"],
)
def test_ratio_vanishing_correction(workflow, wrong):
    """What is left at n = ∞ is nothing within its error; a prediction wrong by 3 % leaves 3 %."""
    sizes, generations = (320, 640, 1280, 2560, 5120), 5
    runs = [refit(models(n)[0], workflow, generations, 5000, seed=n) for n in sizes]
    prediction = runs[0].ratio_prediction[-1]
    measured = np.array([run.ratio[-1] for run in runs])
    errors = np.array([run.ratio_stderr[-1] for run in runs])
    found = fit_correction(sizes, measured - prediction, errors)
    assert found.p_value > 1e-3
    assert abs(found.remainder) < 3.5 * found.remainder_stderr
    for false in (1.03 * prediction, 0.97 * prediction):
        off = fit_correction(sizes, measured - false, errors)
        assert off.p_value < 1e-3 or abs(off.remainder) > 3.5 * off.remainder_stderr
    assert refit(models(160)[0], wrong, generations, 2).ratio_prediction[-1] != pytest.approx(prediction, rel=0.03)


def test_the_control_takes_the_noise_and_not_the_mean():
    run = refit(models(800)[0], Accumulate(), generations=5, replicates=3000, seed=3)
    assert (run.risk_stderr < 0.3 * run.stderr).all()
    assert np.abs((run.mean - run.risk) / run.stderr).max() < 4


def test_a_wrong_pathway_is_seen_by_the_control():
    """With one coefficient off by 2 %, loss and linear chain part: the control hides no error of the theory."""
    original = chain_module._innovations

    def wrong(workflow, generations):
        coefficients, variances = original(workflow, generations)
        coefficients[-1, 1] *= 1.02
        return coefficients, variances

    chain_module._innovations = wrong
    try:
        run = refit(NormalRegression(ROWS, TRUTH, n=2000), Replace(), generations=3, replicates=3000, seed=3)
    finally:
        chain_module._innovations = original
    assert abs(run.risk[-1] - run.prediction[-1]) > 4 * run.risk_stderr[-1]


def test_results_do_not_depend_on_the_executor_but_on_the_seed():
    model = models(40)[0]
    alone = refit(model, Accumulate(), generations=3, replicates=9000, seed=1)
    with ThreadPoolExecutor(2) as executor:
        shared = refit(model, Accumulate(), generations=3, replicates=9000, seed=1, executor=executor)
    np.testing.assert_array_equal(alone.mean, shared.mean)
    np.testing.assert_array_equal(alone.covariance, shared.covariance)
    assert refit(model, Accumulate(), generations=3, replicates=9000, seed=2).mean[1] != alone.mean[1]


def test_failures_are_counted_and_left_out():
    rows = np.column_stack([np.ones(20), np.linspace(-2, 2, 20)])
    model = LogisticRegression(rows, [0.0, 2.0], n=20)
    run = refit(model, Replace(), generations=8, replicates=2000, seed=8)
    lost = run.failures.separated + run.failures.singular + run.failures.unfinished
    assert run.failures.separated.sum() > 200
    np.testing.assert_array_equal(run.fitted, 2000 - np.cumsum(lost))
    assert np.isfinite(run.mean).all()
    assert "separated" in str(run.failures)
    assert "generation 1" in str(run.failures)
    # Of all 20 labels, those that are monotone in x have no fit: P = Σ over the 40 monotone vectors, by brute force.
    p = 1 / (1 + np.exp(-2 * rows[:, 1]))
    share = sum(
        np.prod(np.where(up, np.concatenate([1 - p[:k], p[k:]]), np.concatenate([p[:k], 1 - p[k:]])))
        for k in range(20)
        for up in (True, False)
    )
    assert abs(run.failures.separated[0] - 2000 * share) < 4 * np.sqrt(2000 * share)


def test_everything_lost_is_said():
    rows = np.column_stack([np.ones(4), np.arange(4.0)])
    run = refit(LogisticRegression(rows, [-3.0, 2.0], n=4), Replace(), generations=30, replicates=50, seed=1)
    assert run.fitted[-1] == 0
    assert run.failures.total == 50
    assert np.isnan(run.mean[-1])


def huber(n, cut=1.345):
    from numerics.estimation import MEstimator

    inside = 1 - 2 * norm.sf(cut)
    second = inside - 2 * cut * norm.pdf(cut) + 2 * cut**2 * norm.sf(cut)
    return MEstimator(
        sample=lambda rng, theta, size: theta + rng.standard_normal((len(theta), size)),
        score=lambda theta, z: np.clip(theta - z, -cut, cut)[:, :, None],
        hessian=lambda theta, z: (np.abs(theta - z) < cut).astype(float)[:, :, None, None],
        truth=[0.0],
        n=n,
        metric=[[inside**2 / second]],
    )


@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(), SlidingWindow(2), FreshReal(), RealPlusLatest(), AccumulateSubsample()],
    ids=lambda workflow: workflow.name,
)
def test_m_estimators_are_universal_too(workflow):
    """Huber's location is not a maximum-likelihood estimate, and not linear: its ratio is that of the workflow."""
    run = refit(huber(200), workflow, generations=4, replicates=2500, seed=9)
    assert run.failures.total == 0
    # Standard error about 3 %; the correction at n = 200 is below 1 %.
    assert np.abs((run.mean - run.prediction) / run.stderr).max() < 4
    assert np.abs((run.mean - 1.25 * run.prediction) / run.stderr).max() > 4


def test_fresh_rows_and_shared_rows_are_of_the_same_law_where_there_is_one_row():
    """With a single covariate row the designs are the same experiment: an exponential family's mean."""
    shared, fresh = (
        refit(LogisticRegression(np.ones((1, 1)), [0.4], 500, design), Accumulate(), 4, 3000, seed=2)
        for design in ("shared", "fresh")
    )
    np.testing.assert_allclose(shared.prediction, fresh.prediction)
    assert np.abs((shared.risk - fresh.risk) / np.hypot(shared.risk_stderr, fresh.risk_stderr)).max() < 4


def test_correction_recovers_its_coefficients():
    rng = np.random.default_rng(2)
    n = np.array([50, 100, 200, 400, 800, 1600])
    errors = 1e-3 * np.sqrt(50 / n)
    one = fit_correction(n, 3 / n + errors * rng.standard_normal(6), errors)
    assert len(one.coefficients) == 1
    assert abs(one.coefficients[0] - 3) < 4 * one.stderr[0]
    two = fit_correction(n, 3 / n + 200 / n**2 + errors * rng.standard_normal(6), errors)
    assert len(two.coefficients) == 2
    assert abs(two.coefficients[1] - 200) < 4 * two.stderr[1]
    assert two(100.0) == pytest.approx(two.coefficients[0] / 100 + two.coefficients[1] / 1e4)
    off = fit_correction(n, 0.01 + 3 / n, errors, terms=1)
    assert off.remainder == pytest.approx(0.01)
    assert off.remainder > 5 * off.remainder_stderr


def test_standard_errors_of_the_correction_are_right():
    rng = np.random.default_rng(3)
    n, errors = np.array([100, 200, 400, 800]), np.full(4, 1e-3)
    fits = [fit_correction(n, 2 / n + errors * rng.standard_normal(4), errors, terms=1) for _ in range(800)]
    z = np.array([(fit.coefficients[0] - 2) / fit.stderr[0] for fit in fits])
    left = np.array([fit.remainder / fit.remainder_stderr for fit in fits])
    # Standard deviation of 800 normals: ±2.5 %, four times over.
    assert abs(z.std() - 1) < 0.1
    assert abs(left.std() - 1) < 0.1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"model": 3}, "model = 3"),
        ({"workflow": "replace"}, "workflow = 'replace'"),
        ({"workflow": SlidingWindow("k")}, "symbols k"),
        ({"workflow": Accumulate(sizes="j/2")}, "sizes|whole"),
        ({"workflow": Weighted(lambda g: [1] if g == 1 else [-1] + [0] * (g - 2) + [2])}, "negative weights"),
        ({"loss": "kl"}, "loss = 'kl'"),
        ({"generations": 0}, "generations = 0"),
        ({"replicates": 1}, "replicates = 1"),
        ({"replicates": 10**9}, "too many"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_bad_arguments_are_named(arguments, told):
    good = {"model": models(20)[0], "workflow": Replace(), "generations": 3, "replicates": 5}
    with pytest.raises(DomainError, match=told):
        refit(**{**good, **arguments})


def test_an_m_estimator_has_one_loss():
    with pytest.raises(DomainError, match="fisher"):
        refit(huber(20), Replace(), 2, 10, loss="excess")


@pytest.mark.parametrize(
    ("n", "difference", "stderr"),
    [([1, 2], [0, 0], [1, 1]), ([1, 2, 3], [0, 0], [1, 1, 1]), ([1, 2, 3], [0, 0, 0], [1, 0, 1])],
)
def test_bad_corrections_are_named(n, difference, stderr):
    with pytest.raises(DomainError):
        fit_correction(n, difference, stderr)


def test_replace_keeps_the_truth_and_the_labels_of_the_model():
    model = models(20)[3]
    again = replace(model, n=40)
    np.testing.assert_array_equal(model.truth, again.truth)
    assert again.n == 40


@pytest.mark.parametrize("replacement", [False, True])
def test_draws_from_the_smallest_pools(replacement):
    """Pools of 4, 8 and 12 labels: the variance of a draw has divisor N − 1 or N, and one in eight shows."""
    model = NormalRegression(np.ones((1, 1)), [0.5], n=4)
    run = refit(model, AccumulateSubsample(replacement=replacement), generations=3, replicates=100_000, seed=4)
    assert np.abs((run.linear - run.prediction) / run.linear_stderr).max() < 4
    # Two sevenths of the variance at generation 2 are the draw's, and one seventh of these is 4 %.
    assert (run.linear_stderr / run.linear).max() < 0.005
