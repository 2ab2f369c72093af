"""Chains of Gaussian fits: exact law against drawn points, against closed expectations, at the edges."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy.special import psi
from scipy.stats import ks_2samp, kstest
from scipy.stats import wishart as wishart_law
from sympy import Rational

from numerics.blocks import all_moments
from numerics.samplers.choose import sampler
from numerics.samplers.covariance import inverse_norms, log_determinant, root, semidefinite_root, wishart_root
from numerics.samplers.gaussian_fit import Fit, GaussianLoss, convex_steps
from numerics.samplers.schedule import schedule
from numerics.samplers.subsets import gathered, subsets
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
)
from theory.models.gaussian_fit import GaussianFit

WORKFLOWS = {
    "replace": Replace(),
    "replace, sizes j": Replace(sizes="j"),
    "accumulate": Accumulate(),
    "accumulate, sizes j": Accumulate(sizes="j"),
    "window": SlidingWindow(2),
    "real plus latest": RealPlusLatest(),
    "fresh real": FreshReal(),
    "fresh real, share": FreshReal(share=Rational(1, 3), real=2),
    "weighted": Weighted(lambda g: [Rational(2 * (g - i), g * (g + 1)) for i in range(g)]),
}


def draws(d, n, workflow, raw, loss, replicates, generations=4, unbiased=False, seed=1):
    chain = sampler(GaussianFit(d, n, unbiased), workflow, generations, raw, loss)
    return chain.losses(np.random.default_rng([seed, raw]), replicates)


def mean_and_error(d, n, workflow, raw, loss, replicates, generations=5, unbiased=False):
    chain = sampler(GaussianFit(d, n, unbiased), workflow, generations, raw, loss)
    found = all_moments(chain, replicates, 7, None, False)
    return found.mean, np.sqrt(np.diag(found.comoment)) / found.count


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(("d", "n"), [(3, 7), (5, 3), (1, 2)])
@pytest.mark.parametrize("name", WORKFLOWS)
def test_exact_law_is_the_law_of_the_refits(name, d, n, unbiased):
    # Whole distributions, of two losses: 8000 against 8000 draws separate distributions 0.04 apart.
    for loss in ("mean", "squared"):
        law, raw = (draws(d, n, WORKFLOWS[name], method, loss, 8_000, unbiased=unbiased) for method in (False, True))
        for g in (1, 3):
            assert ks_2samp(law[g], raw[g]).pvalue > 1e-5, (loss, g)


@pytest.mark.parametrize("loss", ["covariance", "trace", "log-determinant", "kl"])
@pytest.mark.parametrize("name", ["replace", "accumulate, sizes j", "window", "fresh real"])
def test_every_loss_has_the_law_of_the_refits(name, loss):
    law, raw = (draws(3, 7, WORKFLOWS[name], method, loss, 8_000, unbiased=True) for method in (False, True))
    for g in range(4):
        assert ks_2samp(law[g], raw[g]).pvalue > 1e-5


def test_losses_are_their_definitions():
    # The same chain under every loss: the fits are the same to the last bit, the losses functions of them.
    found = {
        loss: draws(3, 9, RealPlusLatest(), True, loss, 50) for loss in GaussianFit.losses if loss != "wasserstein"
    }
    np.testing.assert_allclose(found["squared"], found["mean"] + found["covariance"], rtol=1e-12)
    matrix = np.cov(np.random.default_rng(3).standard_normal((3, 9)), bias=True)
    mean = np.array([0.3, -0.2, 0.1])
    factor = np.linalg.cholesky(matrix)[None]
    inverse = np.linalg.inv(matrix)
    np.testing.assert_allclose(inverse_norms(factor, mean[None]), np.trace(inverse) + mean @ inverse @ mean)
    np.testing.assert_allclose(log_determinant(factor), np.linalg.slogdet(matrix)[1])


def test_wasserstein_in_one_dimension():
    out = np.empty(2)
    fit = Fit(np.array([[0.5], [0.0]]), np.array([[[1.3]], [[0.4]]]), np.zeros(2))
    GaussianLoss("wasserstein")(fit, out)
    np.testing.assert_allclose(out, [0.25 + 0.09, 0.36])
    law = draws(1, 6, Replace(), False, "wasserstein", 20_000)
    raw = draws(1, 6, Replace(), True, "wasserstein", 20_000)
    assert all(ks_2samp(a, b).pvalue > 1e-4 for a, b in zip(law, raw, strict=True))
    # E (μ² + σ² − 2σ + 1) at generation 1: σ is χ_5/√6.
    expected = 1 / 6 + 5 / 6 - 2 * np.sqrt(2 / 6) * np.exp(np.log(2) - np.log(0.75) - 0.5 * np.log(np.pi)) + 1
    assert abs(law[0].mean() - expected) < 4 * law[0].std() / np.sqrt(20_000)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("unbiased", [False, True])
def test_replace_has_the_known_expectations(raw, unbiased):
    d, n, replicates = 3, 12, 30_000
    g = np.arange(1, 6)
    divisor, freedom = n - unbiased, n - 1
    rate = sum(psi((freedom - i + 1) / 2) for i in range(1, d + 1)) + d * np.log(2 / divisor)
    q = divisor / (freedom - d - 1)
    expected = {
        "mean": d / n * np.cumsum((freedom / divisor) ** (g - 1)),
        "trace": d * (freedom / divisor) ** g,
        "log-determinant": g * rate,
        "kl": (d * q**g - d + d / n * np.cumsum(q**g) + g * rate) / 2,
    }
    for loss, value in expected.items():
        mean, error = mean_and_error(d, n, Replace(), raw, loss, replicates, unbiased=unbiased)
        assert (np.abs(mean - value) < 4.5 * error).all(), loss
        if loss != "kl":
            # An error of 5 % in the first generation's formula would have been seen.
            assert 4.5 * error[0] < 0.05 * abs(value[0])


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", WORKFLOWS)
def test_weighted_fits_by_their_definition(name, unbiased):
    # Every fit recomputed from the blocks it was made of: second moments minus squares, no recursion.
    d, n, workflow = 3, 6, WORKFLOWS[name]
    table = schedule(workflow, 6, n)
    chain = sampler(GaussianFit(d, n, unbiased), workflow, 6, True, "mean")
    blocks: list[tuple[np.ndarray, np.ndarray]] = []
    fits = []

    class Recorded(type(chain)):
        def _moments(self, rng, model, count):
            offset, matrix = super()._moments(rng, model, count)
            blocks.append((model.mean + offset, matrix))
            return offset, matrix

    def record(fit, out):
        fits.append(fit)
        out[:] = 0.0

    recorded = Recorded(**{**vars(chain), "loss": _Loss(record, chain.loss)})
    recorded.losses(np.random.default_rng(2), 4)
    real = {}
    own = []
    for g in range(6):
        own.append(blocks.pop(0))
        if table.fresh_weights[g]:
            real[g] = blocks.pop(0)
        parts = [(table.weights[g, j], int(table.points[j]), *own[j]) for j in range(g + 1)]
        if g in real:
            parts.append((table.fresh_weights[g], int(table.fresh_points[g]), *real[g]))
        mean = sum(w * m for w, _, m, _ in parts)
        second = sum(w * (c + m[:, :, None] * m[:, None, :]) for w, _, m, c in parts)
        matrix = second - mean[:, :, None] * mean[:, None, :]
        if unbiased:
            matrix /= 1 - sum(w**2 / count for w, count, _, _ in parts)
        np.testing.assert_allclose(fits[g].mean, mean, atol=1e-12)
        np.testing.assert_allclose(fits[g].factor @ fits[g].factor.transpose(0, 2, 1), matrix, atol=1e-11)


class _Loss:
    """A loss that hands every fit to a function."""

    def __init__(self, record, loss):
        self.record, self.fitted, self.logarithmic = record, loss.fitted, loss.logarithmic

    def __call__(self, fit, out):
        self.record(fit, out)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("name", WORKFLOWS)
def test_means_have_the_derived_expectation(name, raw):
    model = GaussianFit(2, 5)
    mean, error = mean_and_error(2, 5, WORKFLOWS[name], raw, "mean", 30_000, generations=4)
    risk = expected_risk(model, WORKFLOWS[name], loss="mean")
    expected = np.array([float(risk.at(g)) for g in range(1, 5)])
    assert (np.abs(mean - expected) < 4.5 * error).all()
    assert (4.5 * error < 0.05 * expected).all()


@pytest.mark.parametrize("raw", [False, True])
def test_accumulate_has_the_known_expectations(raw):
    d, n, g = 2, 3, np.arange(1, 6)
    product = np.cumprod(1 - 1 / (n * g**2))
    for loss, value in (("trace", d * product), ("mean", d * (1 - product))):
        mean, error = mean_and_error(d, n, Accumulate(), raw, loss, 30_000)
        assert (np.abs(mean - value) < 4.5 * error).all()
        assert (4.5 * error < 0.05 * value).all()


@pytest.mark.parametrize("replacement", [False, True])
def test_subsamples_have_the_known_mean_error(replacement):
    # By enumeration of the second moments: pool mean and pool variance close (one coordinate, variance 1).
    n, generations = 4, 4
    budget = 3
    chain = sampler(
        GaussianFit(1, n), AccumulateSubsample(budget="3/4", replacement=replacement), generations, True, "mean"
    )
    found = all_moments(chain, 60_000, 5, None, False)
    # E mean² and E variance of the fitted Gaussian; sums over the pool: S1 = E(Σx)², S2 = E Σx², and E x̄_pool·…
    mean2, variance, total2, squares = 0.0, 1.0, 0.0, 0.0
    cross = 0.0
    expected = []
    for g in range(1, generations + 1):
        pool = n * g
        # The new block: n points of mean θ; E(Σ new)² = n·var + n²·mean², and E θ·(Σ old) is that of the pool mean.
        total2 = total2 + 2 * n * cross + n * variance + n**2 * mean2
        squares += n * (variance + mean2)
        pool_mean2 = total2 / pool**2
        pool_variance = squares / pool - pool_mean2
        spread = pool_variance / budget * (1 if replacement else (pool - budget) / (pool - 1))
        mean2 = pool_mean2 + spread
        # Given the pool a subsample's second moment is the pool's.
        variance = squares / pool - mean2
        cross = total2 / pool
        expected.append(mean2)
    error = np.sqrt(np.diag(found.comoment)) / found.count
    assert (np.abs(found.mean - expected) < 4.5 * error).all()
    assert (4.5 * error < 0.04 * found.mean).all()


@pytest.mark.parametrize("replacement", [False, True])
def test_unbiased_subsamples_have_the_derived_trace(replacement):
    workflow = AccumulateSubsample(budget="3/4", replacement=replacement)
    mean, error = mean_and_error(2, 4, workflow, True, "trace", 20_000, generations=4, unbiased=True)
    risk = expected_risk(GaussianFit(2, 4, unbiased=True), workflow, loss="trace")
    expected = np.array([float(risk.at(g)) for g in range(1, 5)])
    assert (np.abs(mean - expected) < 4.5 * error).all()
    assert (4.5 * error < 0.06 * expected).all()


def test_a_whole_pool_is_accumulate():
    both = [draws(2, 5, workflow, True, "squared", 8000) for workflow in (AccumulateSubsample(budget=9), Accumulate())]
    assert all(ks_2samp(a, b).pvalue > 1e-4 for a, b in zip(*both, strict=True))


@pytest.mark.parametrize(("d", "freedom"), [(3, 5), (3, 3), (4, 2), (3, 0), (1, 1)])
def test_wishart_roots(d, freedom):
    factor = wishart_root(np.random.default_rng(1), d, freedom, 40_000)
    assert factor.shape == (40_000, d, min(d, freedom))
    matrices = factor @ factor.transpose(0, 2, 1)
    np.testing.assert_allclose(
        matrices.mean(axis=0), freedom * np.eye(d), atol=5 * np.sqrt(2 * freedom / 40_000) + 1e-12
    )
    # E (tr W)² and E tr W² of the Wishart law.
    trace, square = np.einsum("bii->b", matrices), np.einsum("bij,bij->b", matrices, matrices)
    for sample, value in ((trace**2, (freedom * d) ** 2 + 2 * freedom * d), (square, freedom * d * (freedom + d + 1))):
        assert abs(sample.mean() - value) < 4.5 * sample.std() / 200 + 1e-9
    if freedom >= d > 1:
        other = np.linalg.det(wishart_law(freedom, np.eye(d)).rvs(5000, random_state=2))
        assert ks_2samp(np.linalg.det(matrices[:5000]), other).pvalue > 1e-4


def test_roots_of_singular_matrices():
    rng = np.random.default_rng(4)
    thin = rng.standard_normal((30, 6, 2))
    matrix = thin @ thin.transpose(0, 2, 1)
    factor = root(matrix, singular=True)
    np.testing.assert_allclose(factor @ factor.transpose(0, 2, 1), matrix, atol=1e-10)
    assert (np.abs(factor[:, :, 2:]) == 0).all()
    assert np.isneginf(log_determinant(factor)).all()
    assert np.isposinf(inverse_norms(factor, np.zeros((30, 6)))).all()
    whole = rng.standard_normal((30, 6, 9))
    regular = whole @ whole.transpose(0, 2, 1)
    np.testing.assert_allclose(semidefinite_root(regular, 1e-12), np.linalg.cholesky(regular), rtol=1e-9, atol=1e-12)
    # One zero pivot in a batch must not spoil the others.
    regular[0] = 0.0
    np.testing.assert_allclose(root(regular)[1:], np.linalg.cholesky(regular[1:]), rtol=1e-9, atol=1e-12)


def test_a_plan_never_subtracts():
    for workflow in WORKFLOWS.values():
        table = schedule(workflow, 8, 2)
        for step in convex_steps(table.weights, table.fresh_weights):
            assert step.carry >= 0
            assert all(weight >= 0 for _, weight in step.terms)


def test_a_collapsed_window_keeps_its_digits():
    # The variance falls at a constant rate, far below rounding of the squared mean (10⁻³²): second moments minus
    # squares of means, and differences of means, would be noise there.
    found = np.log(draws(1, 4, SlidingWindow(2), False, "trace", 200, generations=700))
    first, second = np.median(found[350] - found[1]), np.median(found[699] - found[350])
    assert np.median(found[-1]) < -60
    assert 0.92 < second / first < 1.08


def test_the_log_determinant_outlives_the_smallest_double():
    d, n, generations = 3, 4, 700
    found = draws(d, n, Replace(), False, "log-determinant", 200, generations=generations)
    rate = sum(psi((n - i) / 2) for i in range(1, d + 1)) + d * np.log(2 / n)
    assert abs(found[-1].mean() - generations * rate) < 4.5 * found[-1].std() / np.sqrt(200)
    assert generations * rate < -2000


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), FreshReal(), AccumulateSubsample()], ids=lambda w: w.name
)
def test_few_points_in_many_dimensions(workflow):
    d, n = 30, 4
    for raw in (False, True):
        mean, error = mean_and_error(d, n, workflow, raw, "trace", 400, generations=3)
        assert abs(mean[0] - d * (1 - 1 / n)) < 4.5 * error[0]
        assert np.isneginf(draws(d, n, workflow, raw, "log-determinant", 5)).all()
        assert np.isposinf(draws(d, n, workflow, raw, "kl", 5)).all()


def test_a_single_point_has_no_covariance():
    for raw in (False, True):
        found = draws(3, 1, Replace(), raw, "trace", 20)
        assert (found == 0).all()
        still = draws(3, 1, Replace(), raw, "mean", 20)
        np.testing.assert_allclose(still[3], still[0])


def test_subsets_are_uniform_and_distinct():
    rng = np.random.default_rng(6)
    replicates = 200_000
    for candidates, chosen in ((5, 2), (5, 5), (9, 2), (40, 3)):
        found = np.sort(subsets(rng, candidates, chosen, replicates), axis=1)
        assert (np.diff(found, axis=1) > 0).all()
        assert found.min() >= 0
        assert found.max() < candidates
        # Every candidate, and every pair of the first two, equally often.
        counts = np.bincount(found.ravel(), minlength=candidates)
        share = chosen / candidates
        assert (np.abs(counts - replicates * share) <= 4.5 * np.sqrt(replicates * share * (1 - share))).all()
        together = ((found == 0).any(axis=1) & (found == 1).any(axis=1)).mean()
        pair = share * (chosen - 1) / (candidates - 1)
        assert abs(together - pair) <= 4.5 * np.sqrt(pair * (1 - pair) / replicates)
    points = rng.standard_normal((4, 6, 2))
    chosen = rng.integers(6, size=(4, 3))
    np.testing.assert_array_equal(gathered(points, chosen), np.take_along_axis(points, chosen[:, :, None], axis=1))


@pytest.mark.parametrize("executor", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_results_do_not_depend_on_the_executor(executor):
    with executor(2) as pool:
        for workflow, raw in ((Accumulate(), False), (FreshReal(), True), (AccumulateSubsample(), True)):
            chain = sampler(GaussianFit(24, 60), workflow, 6, raw, "squared")
            replicates = 2 * chain.replicates_in_a_block + 1
            alone, shared = (all_moments(chain, replicates, 3, where, False) for where in (None, pool))
            assert (shared.mean == alone.mean).all()
            assert (shared.comoment == alone.comoment).all()


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), SlidingWindow(3), AccumulateSubsample()], ids=lambda w: w.name
)
@pytest.mark.parametrize("raw", [False, True])
def test_blocks_stay_small(workflow, raw):
    import tracemalloc

    chain = sampler(GaussianFit(10, 60), workflow, 6, raw, "squared")
    tracemalloc.start()
    chain.losses(np.random.default_rng(1), chain.replicates_in_a_block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * 2**26


def test_a_hundred_dimensions():
    for workflow in (Replace(), Accumulate(), AccumulateSubsample()):
        found = draws(100, 1000, workflow, False, "covariance", 1, generations=6)
        # d(d + 1)/n = 10.1 to leading order, and it varies little from replicate to replicate.
        assert 9.5 < found[0, 0] < 10.7


def test_errors():
    negative = Weighted(
        lambda g: [Rational(1)] if g == 1 else [Rational(-1, 2), *[Rational(0)] * (g - 2), Rational(3, 2)]
    )
    with pytest.raises(DomainError, match="negative weights"):
        sampler(GaussianFit(2, 5), negative, 3, False, "squared")
    with pytest.raises(DomainError, match="single point"):
        sampler(GaussianFit(2, 2, True), Replace(sizes="1/2"), 3, False, "squared")


@pytest.mark.parametrize("raw", [False, True])
def test_the_first_mean_is_normal(raw):
    found = draws(2, 5, Accumulate(), raw, "mean", 20_000)[0]
    assert kstest(5 * found, "chi2", args=(2,)).pvalue > 1e-4
