"""Simulated chains against values worked out here, by another road than the program's."""

import pickle
import tracemalloc
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from math import comb

import numpy as np
import pytest
from sympy import Rational, Symbol

from numerics import blocks, simulate
from numerics.blocks import LARGEST_BLOCK, Moments, moments
from numerics.paired import MOST_PAIRED, Unpaired, Unshaped
from numerics.samplers import sampler
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    ContaminatedPool,
    DomainError,
    Exponential,
    FreshReal,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
)

ALPHA_Z = 4.5  # two-sided 7e-6 a comparison


def assert_mean(run, expected):
    z = (run.mean - expected) / run.stderr
    assert np.abs(z).max() < ALPHA_Z, z


def assert_same_law(model, workflow, generations=4, replicates=20_000, loss="squared"):
    law = simulate(model, workflow, generations, replicates, seed=1, loss=loss)
    raw = simulate(model, workflow, generations, replicates, seed=2, method="raw", loss=loss)
    z = (law.mean - raw.mean) / np.hypot(law.stderr, raw.stderr)
    assert np.abs(z).max() < ALPHA_Z, z


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_gaussian_replace_is_linear(method):
    run = simulate(GaussianMean(2, 5), Replace(), 12, 200_000, seed=1, method=method)
    assert_mean(run, np.arange(1, 13) * 2 / 5)


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_bernoulli_replace_saturates(method):
    run = simulate(Bernoulli("1/3", 10), Replace(), 12, 200_000, seed=1, method=method)
    assert_mean(run, 2 / 9 * (1 - 0.9 ** np.arange(1, 13)))


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_exponential_accumulate_is_a_product(method):
    run = simulate(Exponential(2, 6), Accumulate(), 10, 200_000, seed=1, method=method)
    assert_mean(run, 4 * (np.cumprod(1 + 1 / (6 * np.arange(1, 11) ** 2)) - 1))


@pytest.mark.parametrize("design", ["fresh", "shared"])
def test_regression_replace(design):
    run = simulate(LinearRegression(4, 16, design=design), Replace(), 6, 100_000, seed=1)
    assert_mean(run, np.arange(1, 7) * 4 / 11)


def test_regression_accumulate_on_fresh_designs():
    run = simulate(LinearRegression(4, 16), Accumulate(), 8, 60_000, seed=1)
    i = np.arange(1, 9)
    assert_mean(run, np.cumsum(4 / (i * (16 * i - 5))))


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_wide_regression_replace(method):
    # E‖w_g − w*‖² from the moments of a random projection of rank T in R^d and of the minimum-norm noise.
    d, rows, signal, sigma2 = 9, 3, 2.0, 0.5
    kept, noise = rows / d, sigma2 * rows / (d - rows - 1)
    norm, inner, expected = signal, signal, []
    for _ in range(5):
        norm, inner = kept * norm + noise, kept * inner
        expected.append(norm - 2 * inner + signal)
    model = LinearRegression(d, rows, sigma2=sigma2, signal=signal)
    assert_mean(simulate(model, Replace(), 5, 50_000, seed=1, method=method), expected)


@pytest.mark.parametrize("replacement", [False, True])
def test_subsampled_bernoulli_by_enumeration(replacement):
    """Every data set of three generations of two coin flips, with the subsample's law written out."""
    n, p = 2, 0.3

    def flips(q):
        return [(k, comb(n, k) * q**k * (1 - q) ** (n - k)) for k in range(n + 1)]

    def drawn(ones, size):
        if replacement:
            return flips(ones / size)
        return [(k, comb(ones, k) * comb(size - ones, n - k) / comb(size, n)) for k in range(n + 1) if k <= ones]

    states, expected = {(0, p): 1.0}, []
    for g in range(1, 4):
        after: dict = {}
        for (ones, fitted), weight in states.items():
            for new, chance in flips(fitted):
                for k, pick in drawn(ones + new, n * g):
                    key = (ones + new, k / n)
                    after[key] = after.get(key, 0.0) + weight * chance * pick
        states = after
        expected.append(sum(weight * (fitted - p) ** 2 for (_, fitted), weight in states.items()))
    workflow = AccumulateSubsample(replacement=replacement)
    for method in ("exact-law", "raw"):
        assert_mean(simulate(Bernoulli("3/10", n), workflow, 3, 200_000, seed=3, method=method), expected)


WEIGHTED = Weighted(lambda g: [Rational(2 * (i + 1), g * (g + 1)) for i in range(g)])


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (Bernoulli("1/3", 12), SlidingWindow(2)),
        (Binomial(3, "1/4", 8), RealPlusLatest()),
        (Poisson(2, 5), FreshReal()),
        (Poisson(2, 4), AccumulateSubsample()),
        (NegativeBinomial(2, 3, 20), WEIGHTED),
        (HyperbolicSecant("1/2", 1, 30), Accumulate()),
        (QuadraticVariance(2, -1, 0, 1, 8), Accumulate(sizes="j")),
        (Regular(3, 6), SlidingWindow(3)),
        (LinearRegression(3, 14), SlidingWindow(2)),
        (LinearRegression(3, 14), FreshReal(real=2)),
        (LinearRegression(3, 14), WEIGHTED),
        (LinearRegression(3, 14, design="shared"), Accumulate(sizes="j")),
        (LinearRegression(3, 14, design="shared"), FreshReal()),
        (LinearRegression(10, 4, signal=3, design="shared"), Accumulate()),
        (LinearRegression(6, 1, signal=3), Replace()),
    ],
    ids=lambda value: value.name,
)
def test_raw_and_exact_law_agree(model, workflow):
    assert_same_law(model, workflow)


def test_raw_and_exact_law_agree_on_divergence():
    assert_same_law(Exponential(2, 30), Accumulate(), loss="kl")


def test_limit_experiment_of_a_subsampled_regular_model():
    # θ_2 = pool mean + noise of variance 1/b − 1/(2n): p(1/n)(5/4 + 1/2) for b = n.
    run = simulate(Regular(2, 10), AccumulateSubsample(), 2, 200_000, seed=1)
    assert_mean(run, [0.2, 0.2 * (1.25 + 0.5)])


@pytest.mark.parametrize(
    ("model", "workflow"),
    [(Bernoulli("1/3", 20), Accumulate()), (LinearRegression(3, 12), Accumulate()), (GaussianMean(1, 4), WEIGHTED)],
    ids=lambda value: value.name,
)
def test_any_executor_gives_the_same_bits(model, workflow):
    replicates = 3 * LARGEST_BLOCK + 17
    alone = simulate(model, workflow, 8, replicates, seed=9)
    for pool in (ThreadPoolExecutor(3), ProcessPoolExecutor(2)):
        with pool as executor:
            shared = simulate(model, workflow, 8, replicates, seed=9, executor=executor)
        assert (alone.mean == shared.mean).all()
        assert (alone.covariance == shared.covariance).all()


def test_threads_of_the_linear_algebra_do_not_change_the_bits():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    runs = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            runs.append(simulate(GaussianMean(1, 10), Replace(), 100, LARGEST_BLOCK, seed=1))
    assert (runs[0].covariance == runs[1].covariance).all()


def test_work_items_are_plain_numbers():
    chain = sampler(GaussianMean(1, 4), WEIGHTED, 5, False, "squared")
    assert pickle.loads(pickle.dumps(chain)).replicates_in_a_block == chain.replicates_in_a_block


def test_merged_moments_are_the_moments_of_all():
    losses = np.random.default_rng(1).gamma(1.0, size=(5, 1000)) + 1e3
    parts = [moments(part.copy()) for part in np.split(losses, [3, 400], axis=1)]
    total: Moments = parts[0].merged(parts[1]).merged(parts[2])
    np.testing.assert_allclose(total.mean, losses.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(total.comoment / 999, np.cov(losses), rtol=1e-9)
    assert (total.largest == losses.max(axis=1)).all()
    assert (total.smallest == losses.min(axis=1)).all()


def test_memory_does_not_grow_with_replicates():
    tracemalloc.start()
    simulate(GaussianMean(1, 100), Accumulate(), 100, 10 * LARGEST_BLOCK, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20


def test_progress_is_silent_away_from_a_terminal(capfd):
    simulate(GaussianMean(1, 2), Replace(), 100, 40 * LARGEST_BLOCK, seed=1, progress=True)
    assert capfd.readouterr() == ("", "")


def test_covariance_of_generations():
    # Replace, Gaussian mean: δ_g are a random walk, so Cov(δ_g², δ_h²) = 2 min(g, h)² (σ²/n)².
    run = simulate(GaussianMean(1, 1), Replace(), 3, 400_000, seed=1)
    g = np.arange(1, 4)
    np.testing.assert_allclose(run.covariance, 2 * np.minimum.outer(g, g) ** 2, rtol=0.05)
    np.testing.assert_allclose(run.stderr, np.sqrt(np.diag(run.covariance) / 400_000), rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": Bernoulli(n=5)}, "p"),
        ({"model": GaussianMean(1)}, "n"),
        ({"workflow": RealPlusLatest(Symbol("a"))}, "a"),
        ({"workflow": Accumulate(sizes="1 + j/3")}, "4/3·5 = 20/3 points"),
        ({"workflow": AccumulateSubsample("1/2")}, "budget = 1/2"),
        ({"method": "exact"}, "method = 'exact'"),
        ({"loss": "wasserstein"}, "loss = 'wasserstein'"),
        ({"generations": 0}, "generations = 0"),
        ({"replicates": 1}, "replicates = 1"),
        ({"seed": -1}, "seed = -1"),
        ({"model": 3}, "model = 3"),
        ({"workflow": "replace"}, "workflow = 'replace'"),
        ({"model": LinearRegression(5, 2)}, "signal"),
        ({"model": LinearRegression(2, 6, design="shared"), "workflow": Accumulate("1 + j/2")}, "whole numbers"),
        ({"workflow": Weighted(lambda g: [2, -1] + [0] * (g - 2) if g > 1 else [1])}, "fitted mean"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    default = {"model": Bernoulli("1/2", 5), "workflow": Replace(), "generations": 4, "replicates": 1000}
    with pytest.raises(DomainError, match=message.replace("(", r"\(")):
        simulate(**{**default, **arguments})


def test_many_generations_have_the_same_bits_and_covariances_when_asked(monkeypatch):
    given = {"generations": 130, "replicates": 300, "seed": 5}
    monkeypatch.setattr(blocks, "PAIRED", 129)
    monkeypatch.setattr(blocks, "LARGEST_BLOCK", 128)
    many = simulate(GaussianMean(sigma2=1, n=3), Accumulate(), **given)
    monkeypatch.setattr(blocks, "PAIRED", 130)
    whole = simulate(GaussianMean(sigma2=1, n=3), Accumulate(), **given)
    assert isinstance(vars(many)["_skewness"], Unshaped)
    for name in ("mean", "stderr", "largest_share", "skewness", "excess"):
        # The same bits with every BLAS we know; none promises it.
        np.testing.assert_allclose(getattr(many, name), getattr(whole, name), rtol=1e-13)
    assert isinstance(vars(many)["_covariance"], Unpaired)
    many = pickle.loads(pickle.dumps(many))
    assert np.array_equal(many.covariance, whole.covariance)
    assert not isinstance(vars(many)["_covariance"], Unpaired)


def test_covariances_that_fit_no_memory_are_refused():
    many = Unpaired(np.ones(MOST_PAIRED + 1), None, 2, 0)
    with pytest.raises(DomainError, match="fit no memory"):
        many.covariance()


class Dies(Executor):
    """Workers of which one dies after some blocks."""

    def __init__(self, blocks):
        self.left = blocks

    def submit(self, fn, /, *args, **kwargs):
        self.left -= 1
        if self.left < -2:
            raise BrokenExecutor
        future = Future()
        if self.left >= 0:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(BrokenExecutor())
        return future


@pytest.mark.parametrize("done", [0, 2])
def test_a_worker_that_dies_loses_its_block_and_not_the_run(monkeypatch, done):
    monkeypatch.setattr(blocks, "LARGEST_BLOCK", 64)
    given = (GaussianMean(sigma2=1, n=3), Replace(), 3, 600)
    with pytest.warns(UserWarning, match="a worker died"):
        run = simulate(*given, executor=Dies(done))
    assert np.array_equal(run.covariance, simulate(*given).covariance)


def test_real_data_of_no_law_are_not_drawn():
    with pytest.raises(DomainError, match="at generation 1 the mean of the real data would be off by 5, and bernoulli"):
        simulate(Bernoulli("1/3", 40), ContaminatedPool("1/4", stream=5), generations=3, replicates=100, seed=1)
