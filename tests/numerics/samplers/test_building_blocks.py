"""Laws of the building blocks: binomial tables, matrix factors, recursions for weighted sums, losses."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, chisquare
from sympy import Rational

from numerics.losses import Divergence
from numerics.samplers.binomial import tabulated_binomial
from numerics.samplers.combination import WeightedSum, kept_blocks, steps
from numerics.samplers.families import _KINDS, averaged_points
from numerics.samplers.schedule import schedule
from numerics.samplers.wishart import (
    add_gram,
    bidiagonal_factor,
    bidiagonal_inverse_norm,
    cholesky_solve,
    lower_times,
    transpose_times,
    wishart_factor,
)
from theory import Accumulate, FreshReal, RealPlusLatest, Replace, SlidingWindow, Weighted

VARIANCE = {
    "normal": lambda r, y: r,
    "poisson": lambda r, y: y,
    "gamma": lambda r, y: y**2 / r,
    "binomial": lambda r, y: y - y**2 / r,
    "negative binomial": lambda r, y: y + y**2 / r,
    "hyperbolic secant": lambda r, y: r + y**2 / r,
}


@pytest.mark.parametrize("trials", [1, 7, 100, 256])
@pytest.mark.parametrize("success", [1e-4, 0.01234, 1 / 3, 0.77777, 0.9999])
def test_tabulated_binomial(trials, success):
    draws = tabulated_binomial(np.random.default_rng(3), trials, np.full(100_000, success))
    expected = binom.pmf(np.arange(trials + 1), trials, success) * draws.size
    observed = np.bincount(draws, minlength=trials + 1)
    common = expected > 5
    groups = [np.append(a[common], a[~common].sum()) for a in (observed, expected)]
    if groups[1][-1] < 1e-3:
        assert groups[0][-1] == 0
        groups = [a[:-1] for a in groups]
    assert len(groups[1]) > 1 or observed[common] == draws.size
    if len(groups[1]) > 1:
        assert chisquare(groups[0], groups[1] * groups[0].sum() / groups[1].sum()).pvalue > 1e-3


@pytest.mark.parametrize("success", [0.0, 1.0])
def test_tabulated_binomial_at_the_edge(success):
    assert (tabulated_binomial(np.random.default_rng(3), 9, np.full(1000, success)) == 9 * success).all()


@pytest.mark.parametrize("name", sorted(_KINDS))
def test_points_and_block_means_have_the_variance_function(name):
    index, mean, count = 2.0, 0.7, 5
    kind = _KINDS[name](index)
    means = np.full(200_000, mean)
    rng = np.random.default_rng(1)
    for draws in (kind.block_mean(rng, means, count), averaged_points(kind, rng, means, count)):
        variance = VARIANCE[name](index, mean) / count
        error = (draws - mean) ** 2
        assert abs(draws.mean() - mean) < 4 * np.sqrt(variance / draws.size)
        assert abs(error.mean() - variance) < 4 * error.std() / np.sqrt(draws.size)


@pytest.mark.parametrize("name", ["poisson", "gamma", "binomial", "negative binomial"])
def test_a_dead_family_stays_dead(name):
    kind = _KINDS[name](1.0)
    rng = np.random.default_rng(1)
    assert (kind.block_mean(rng, np.zeros(10), 3) == 0).all()
    assert (averaged_points(kind, rng, np.zeros(10), 3) == 0).all()


@pytest.mark.parametrize("name", sorted(_KINDS))
def test_divergence_is_the_integral_of_its_definition(name):
    index, truth = 3.0, 0.8
    fitted = np.array([0.3, 0.79, 0.8, 1.1, 2.5])
    out = np.empty(5)
    Divergence(name, index, truth)(fitted, out)
    expected = [quad(lambda t: (truth - t) / VARIANCE[name](index, t), y, truth, epsabs=1e-14)[0] for y in fitted]
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-14)


def test_divergence_is_infinite_where_the_fit_rules_out_the_truth():
    out = np.empty(2)
    for name in ("poisson", "gamma", "binomial", "negative binomial"):
        Divergence(name, 1.0, 0.5)(np.array([0.0, 0.5]), out)
        assert np.isinf(out[0])
        assert out[1] == 0


def test_triangular_algebra():
    rng = np.random.default_rng(2)
    factor = wishart_factor(rng, 4, 9, 5)
    vector = rng.standard_normal((4, 5))
    gram = np.zeros((4, 4, 5))
    add_gram(factor, 0.5, gram)
    for b in range(5):
        full = 0.5 * factor[:, :, b] @ factor[:, :, b].T
        np.testing.assert_allclose(np.tril(gram[:, :, b]), np.tril(full), rtol=1e-12)
        np.testing.assert_allclose(cholesky_solve(gram, vector)[:, b], np.linalg.solve(full, vector[:, b]), rtol=1e-9)
        np.testing.assert_allclose(lower_times(factor, vector)[:, b], factor[:, :, b] @ vector[:, b], rtol=1e-12)
        np.testing.assert_allclose(transpose_times(factor, vector)[:, b], factor[:, :, b].T @ vector[:, b], rtol=1e-12)


def test_both_wishart_forms_have_the_inverse_trace():
    # E tr S⁻¹ = d/(ν − d − 1), and the variance is finite for ν ≥ d + 4.
    d, freedom, replicates = 4, 14, 100_000
    rng = np.random.default_rng(8)
    diagonal, below = bidiagonal_factor(rng, d, freedom, replicates)
    traces = np.zeros(replicates)
    out = np.empty(replicates)
    for unit in np.eye(d):
        bidiagonal_inverse_norm(diagonal, below, np.repeat(unit[:, None], replicates, axis=1), out)
        traces += out
    gram = np.zeros((d, d, replicates))
    add_gram(wishart_factor(rng, d, freedom, replicates), 1.0, gram)
    dense = sum(cholesky_solve(gram, np.repeat(u[:, None], replicates, axis=1))[i] for i, u in enumerate(np.eye(d)))
    for sample in (traces, dense):
        assert abs(sample.mean() - d / (freedom - d - 1)) < 4 * sample.std() / np.sqrt(replicates)


WORKFLOWS = [
    Replace(),
    Accumulate(sizes="j"),
    SlidingWindow(3),
    SlidingWindow(2, sizes="j"),
    RealPlusLatest(),
    FreshReal(share=Rational(1, 3)),
    Weighted(lambda g: [Rational(2 * (g - i), g * (g + 1)) for i in range(g)]),
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.name)
def test_weighted_sums_by_recursion(workflow):
    table = schedule(workflow, 9, 2)
    plan = steps(table.weights, table.fresh_weights)
    rng = np.random.default_rng(4)
    blocks, fresh = rng.standard_normal((2, 9, 6))
    running = WeightedSum(plan)
    for g in range(9):
        expected = table.weights[g] @ blocks + table.fresh_weights[g] * fresh[g]
        np.testing.assert_allclose(running.add(blocks[g].copy(), fresh[g].copy()), expected, rtol=1e-11, atol=1e-13)


def test_common_workflows_hold_few_blocks():
    def held(workflow):
        table = schedule(workflow, 40, 1)
        return kept_blocks(steps(table.weights, table.fresh_weights))

    assert [held(w) for w in (Replace(), Accumulate(), FreshReal(), RealPlusLatest())] == [0, 0, 0, 1]
    assert held(SlidingWindow(3)) <= 4
