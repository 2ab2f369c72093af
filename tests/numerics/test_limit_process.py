"""The limit process: covariance, paths, exceedance probabilities, laws of the risk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from numerics import evaluate, limit_process
from numerics.limit_process import innovation_table
from numerics.quadratic_form import QuadraticForm
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    Pathway,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Workflow,
    expected_risk,
    j,
)
from theory.testing import workflows

WORKFLOWS = [
    Replace(sizes=j),
    Accumulate(),
    SlidingWindow(3),
    SlidingWindow(6),
    RealPlusLatest(share="1/3"),
    FreshReal(share="1/3", real=2),
    AccumulateSubsample(),
    AccumulateSubsample(budget=3),
    AccumulateSubsample(replacement=True),
]


@settings(max_examples=30)
@given(workflows())
def test_covariance_is_the_exact_one(workflow: Workflow) -> None:
    process, pathway = limit_process(workflow, generations=6), Pathway(workflow)
    for g in range(1, 7):
        for h in range(1, 7):
            assert process.covariance[g - 1, h - 1] == pytest.approx(float(pathway.covariance(g, h)), rel=1e-12)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_variance_is_the_risk_of_a_regular_model(workflow: Workflow) -> None:
    risk = expected_risk(Regular(p=1, n=1), workflow)
    expected = evaluate(risk, np.arange(1, 61))
    np.testing.assert_allclose(limit_process(workflow, generations=60).variance, expected, rtol=1e-12)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_paths_have_that_covariance(workflow: Workflow) -> None:
    process = limit_process(workflow, dimension=2, generations=8)
    replicates = 40_000
    paths = process.paths(replicates, seed=3)
    assert paths.shape == (replicates, 8, 2)
    measured = np.einsum("rgd,rhd->gh", paths, paths) / (2 * replicates)
    v = process.variance
    # The variance of a product of two Gaussians is v_g v_h + cov²; 2R of them are averaged.
    stderr = np.sqrt((np.outer(v, v) + process.covariance**2) / (2 * replicates))
    z = (measured - process.covariance) / stderr
    assert np.abs(z).max() < 4.5
    # With that many paths, two per cent in a coefficient would not pass.
    assert (0.04 * process.covariance / stderr).max() > 4.5 + 2


@pytest.mark.parametrize("level", [2.5, 4.0])
@pytest.mark.parametrize("workflow", [Accumulate(), AccumulateSubsample(), Replace(sizes=j)], ids=str)
def test_exceedance_agrees_with_counting_paths(workflow: Workflow, level: float) -> None:
    process = limit_process(workflow, dimension=3, generations=20)
    estimate = process.probability_above(level, replicates=20_000, seed=1)
    counted = (np.linalg.norm(process.paths(60_000, seed=2), axis=2).max(axis=1) > level).mean()
    stderr = np.hypot(estimate.stderr, np.sqrt(counted * (1 - counted) / 60_000))
    assert abs(estimate.value - counted) < 4 * stderr


def test_exceedance_far_out_keeps_its_relative_error() -> None:
    process = limit_process(Accumulate(), generations=100)
    estimate = process.probability_above(12.0, replicates=4000, seed=1)
    assert 1e-21 < estimate.value < 1e-19
    assert estimate.stderr < 0.1 * estimate.value
    # At most the sum of the single probabilities, at least the largest of them.
    single = 2 * stats.norm.sf(12.0 / np.sqrt(process.variance))
    assert single.max() * (1 - 5 * estimate.stderr / estimate.value) <= estimate.value <= single.sum()


def test_exceedance_of_one_generation_is_exact() -> None:
    process = limit_process(Replace(), dimension=4, generations=1)
    assert process.probability_above(3.0).value == pytest.approx(stats.chi2.sf(9.0, 4), rel=1e-12)


def test_first_generation_above_a_budget() -> None:
    process = limit_process(Replace(), dimension=3, generations=100)
    # P(g χ²_3 > b) ≥ p exactly from g = b / χ²_3 quantile on.
    budget, probability = 50.0, 0.2
    expected = int(np.ceil(budget / stats.chi2.isf(probability, 3)))
    assert process.first_above(budget, probability) == expected
    assert limit_process(Accumulate(), dimension=3, generations=100).first_above(budget, probability) is None


def test_quantiles_of_the_risk() -> None:
    process = limit_process(Accumulate(), dimension=3, generations=5)
    assert process.risk_quantile(5, 0.9) == pytest.approx(process.variance[4] * stats.chi2.ppf(0.9, 3), rel=1e-12)
    metric = [1.0, 0.5, 0.1]
    drawn = (process.paths(400_000, seed=5)[:, 4] ** 2) @ np.array(metric)
    quantile = process.risk_quantile(5, 0.9, metric)
    below = (drawn < quantile).mean()
    assert abs(below - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 400_000)
    assert process.risk_law(5, metric).mean == pytest.approx(1.6 * process.variance[4])


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.5), (3.0, 0.01), (1.0, 0.999)])
@pytest.mark.parametrize("value", [0.01, 0.5, 3.0, 10.0, 30.0])
def test_imhof_against_a_sum_of_exponentials(a: float, b: float, value: float) -> None:
    """Weights in pairs make exponentials, whose sum has an elementary law."""
    la, lb = 1 / (2 * a), 1 / (2 * b)
    exact = (lb * np.exp(-la * value) - la * np.exp(-lb * value)) / (lb - la)
    assert QuadraticForm([a, a, b, b]).survival(value) == pytest.approx(exact, abs=1e-10)


def test_imhof_with_two_weights() -> None:
    """P(χ²_1 + b χ²_1 > x) by integrating over one of them: the slowest case for the inversion."""
    from scipy.integrate import quad

    b, x = 0.25, 2.0

    def tail(t: float) -> float:
        # χ²_1 = t², twice the half-normal density
        return 2 * stats.norm.pdf(t) * stats.chi2.sf((x - t * t) / b, 1)

    inside, _ = quad(tail, 0, np.sqrt(x), epsabs=1e-13)
    assert QuadraticForm([1.0, b]).survival(x) == pytest.approx(inside + 2 * stats.norm.sf(np.sqrt(x)), abs=1e-9)


def test_quantile_inverts_survival() -> None:
    form = QuadraticForm([2.0, 1.0, 0.3, 0.3])
    for probability in (0.01, 0.5, 0.99):
        assert form.survival(form.quantile(probability)) == pytest.approx(1 - probability, abs=1e-9)


def test_tables_of_long_chains() -> None:
    """Doubles from the recursion and from the exact weights agree far out."""
    table, variances = innovation_table(RealPlusLatest(), 400)
    exact = [float(value) for value in Pathway(RealPlusLatest()).coefficients(400)]
    np.testing.assert_allclose(table[-1, :400], exact, rtol=1e-12, atol=1e-300)
    assert (variances[:400] == 1).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: limit_process("accumulate"), "workflow = 'accumulate' is not a workflow"),
        (lambda: limit_process(Accumulate(), dimension=0), "dimension = 0 is not allowed"),
        (lambda: limit_process(Accumulate(), generations=6000), "generations = 6000 is too many"),
        (lambda: limit_process(FreshReal(share="s")), "has the symbol s"),
        (lambda: limit_process(Accumulate()).first_above(-1.0, 0.5), "budget = -1.0 is not allowed"),
        (lambda: limit_process(Accumulate()).first_above(1.0, 1.5), "probability = 1.5 is not allowed"),
        (lambda: limit_process(Accumulate()).risk_quantile(101, 0.5), "g = 101 is beyond this process"),
        (lambda: limit_process(Accumulate()).risk_law(1, [1.0, 2.0]), "give 1 finite eigenvalues, none below 0"),
        (lambda: limit_process(Accumulate()).risk_law(1, [float("inf")]), "give 1 finite eigenvalues, none below 0"),
        (lambda: limit_process(Accumulate()).probability_above(0.0), "level = 0.0 is not allowed"),
        (lambda: QuadraticForm([-1.0]), "are not weights"),
    ],
)
def test_bad_input(call, message) -> None:
    with pytest.raises(DomainError, match=message):
        call()
