"""Categories in floating point and by simulation, against exact rationals, balls and each other."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from math import exp, log1p

import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpq, fmpz
from scipy.stats import binom

from numerics import crosscheck, evaluate, simulate
from numerics.extinction import branching_probability, extinction_mean, extinction_probability, survival_probability
from numerics.samplers.counts import category_counts, subsample_counts, token_counts
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
    j,
)
from theory.models.categorical import Categorical
from theory.models.categories.extinction import BranchingExtinction, ExtinctionTime
from theory.models.probabilities import uniform, zipf

LOSSES = ("squared", "diversity", "support")


def binomial_row(n, p):
    """Bin(n, p) at 0..n in balls, from its generating function."""
    row, ways = [], fmpz(1)
    for k in range(n + 1):
        row.append(arb(ways) * p**k * (1 - p) ** (n - k))
        ways = ways * (n - k) // (k + 1)
    return row


def support_in_balls(n, probabilities, last):
    """Σ_k P(alive) at generations 1..last with the whole transition matrix, 150 bits."""
    with ctx.workprec(150):
        matrix = arb_mat([binomial_row(n, arb(fmpq(i, n))) for i in range(n + 1)])
        alive = arb_mat(n + 1, 1, [0] + [1] * n)
        real = arb_mat([binomial_row(n, arb(p)) for p in probabilities])
        found = []
        for _ in range(last):
            found.append(float(sum((entry for entry in (real * alive).entries()), arb(0)).mid()))
            alive = matrix * alive
        return np.array(found)


# -- evaluation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("truth", "n"), [(uniform(10), 30), (zipf(20), 40), (zipf(7, 2), 30), (uniform(1), 30)])
def test_support_against_exact_values(truth, n):
    risk = expected_risk(Categorical(truth, n), Replace(), loss="support")
    generations = [1, 2, 3, 10]
    np.testing.assert_allclose(evaluate(risk, generations), [float(risk.at(g)) for g in generations], rtol=1e-14)


def test_support_where_the_cut_matters():
    # At 300 tokens, counts above some 220 are beyond extinction within 9 generations.
    n, K, last = 300, 40, 10
    total = sum(fmpq(1, k) for k in range(1, K + 1))
    expected = support_in_balls(n, [fmpq(1, k) / total for k in range(1, K + 1)], last)
    risk = expected_risk(Categorical(zipf(K), n), Replace(), loss="support")
    np.testing.assert_allclose(evaluate(risk, range(1, last + 1)), expected, rtol=1e-14)
    # A run that is long enough for no cut at all.
    np.testing.assert_allclose(evaluate(risk, [1, last, 2000])[:2], expected[[0, -1]], rtol=1e-14)
    assert evaluate(risk, 10_000) == pytest.approx(1, abs=1e-9)


def test_support_of_growing_blocks():
    risk = expected_risk(Categorical(zipf(5), 4), Replace(sizes=j), loss="support")
    generations = [1, 2, 3, 4]
    np.testing.assert_allclose(evaluate(risk, generations), [float(risk.at(g)) for g in generations], rtol=1e-14)
    np.testing.assert_allclose(evaluate(risk, [3]), float(risk.at(3)), rtol=1e-14)


def test_support_of_a_large_vocabulary():
    K, n = 10**5, 10**6
    risk = expected_risk(Categorical(zipf(K), n), Replace(), loss="support")
    first, second, later = evaluate(risk, [1, 2, 100])
    p = 1 / np.arange(1, K + 1) / np.sum(1 / np.arange(1, K + 1))
    assert first == pytest.approx(-np.expm1(n * np.log1p(-p)).sum(), rel=1e-12)
    # A word survives a generation with count i with probability 1 − (1 − i/n)^n = 1 − e^{-i}(1 − O(i²/n)): Poisson
    # thinning of Poisson counts, 1 − exp(−np(1 − 1/e)), to a relative 1/n or so.
    assert second == pytest.approx(-np.expm1(-n * p * (1 - exp(-1))).sum(), rel=1e-5)
    assert 1 < later < second < first
    fractional = expected_risk(Categorical(zipf(1000, "3/2"), 100), Replace(), loss="support")
    assert 1 < evaluate(fractional, 50) < evaluate(fractional, 1) < 100


def test_support_that_never_changes():
    risk = expected_risk(Categorical(zipf(10**5), 10**4), Accumulate(), loss="support")
    values = evaluate(risk, [1, 10, 10**6])
    p = 1 / np.arange(1, 10**5 + 1) / np.sum(1 / np.arange(1, 10**5 + 1))
    np.testing.assert_allclose(values, -np.expm1(10**4 * np.log1p(-p)).sum(), rtol=1e-12)


def test_support_of_workflows_without_a_fast_way():
    bootstrap = AccumulateSubsample(replacement=True)
    for workflow in (SlidingWindow(2), AccumulateSubsample(), bootstrap, FreshReal(), RealPlusLatest(share=0)):
        for n in (4, 8):
            risk = expected_risk(Categorical("1/2 1/3 1/6", n), workflow, loss="support")
            np.testing.assert_allclose(evaluate(risk, [1, 2, 4]), [float(risk.at(g)) for g in (1, 2, 4)], rtol=1e-14)
            assert evaluate(risk, 1) == pytest.approx(float(risk.at(1)), rel=1e-14)
    # The ancestry knows nothing of the vocabulary, however large.
    many = expected_risk(Categorical(uniform(10**5), 8), SlidingWindow(2), loss="support")
    one_by_one = expected_risk(Categorical(zipf(10**5, 0), 8), SlidingWindow(2), loss="support")
    assert evaluate(many, 4) == pytest.approx(float(many.at(4)), rel=1e-13)
    assert evaluate(one_by_one, 4) == pytest.approx(float(many.at(4)), rel=1e-12)
    subsampled = expected_risk(Categorical(zipf(10**5), 8), AccumulateSubsample(), loss="support")
    with pytest.raises(DomainError, match=r"out of reach, use numerics\.simulate"):
        evaluate(subsampled, 3)


def test_squared_error_of_a_large_vocabulary():
    for exponent in (1, "3/2"):
        model = Categorical(zipf(10**5, exponent), 1000)
        weights = np.arange(1, 10**5 + 1) ** -(1.0 if exponent == 1 else 1.5)
        diversity = 1 - (weights**2).sum() / weights.sum() ** 2
        found = evaluate(expected_risk(model, Replace()), [1, 100])
        np.testing.assert_allclose(found, -diversity * np.expm1(np.array([1, 100]) * log1p(-1e-3)), rtol=1e-11)


# -- times to extinction -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "count"), [(1, 1), (10, 3), (30, 1), (40, 39), (40, 40)])
def test_survival_against_exact_values(n, count):
    time, generations = ExtinctionTime(n, count), [1, 2, 5, 20]
    exact = np.array([float(1 - time.probability(g)) for g in generations])
    np.testing.assert_allclose(survival_probability(n, count, generations), exact, rtol=1e-13)
    np.testing.assert_allclose(extinction_probability(n, count, generations), 1 - exact, atol=1e-13)


def test_survival_against_the_whole_matrix():
    # SciPy's binomial probabilities are right to some 1e-13; here no count is left out and no tail cut.
    n = 600
    counts = np.arange(n + 1)
    matrix = binom.pmf(counts[None, :], n, counts[:, None] / n)
    alive, whole = np.minimum(counts, 1.0), {}
    for g in range(1, 61):
        alive = matrix @ alive
        whole[g] = alive
    for count in (1, 40, 100, 300):
        # Each run by itself: a longer one has a later cut.
        for g in (1, 2, 9, 60):
            assert survival_probability(n, count, g) == pytest.approx(whole[g][count], rel=1e-11)
            assert extinction_probability(n, count, g) == pytest.approx(1 - whole[g][count], abs=3e-13)


def test_means_against_exact_values():
    for n, count in ((2, 1), (30, 7), (60, 59)):
        assert extinction_mean(n, count) == pytest.approx(float(ExtinctionTime(n, count).mean), rel=1e-12)
    # Kimura and Ohta (1969): −2 n x log(x)/(1 − x) generations of a diffusion.
    assert extinction_mean(2000, 200) == pytest.approx(-2 * 2000 * 0.1 * np.log(0.1) / 0.9, rel=0.01)


def test_branching_is_the_law_of_large_blocks():
    generations = np.array([1, 3, 10, 50])
    limit = branching_probability(4, generations)
    exact = [float(BranchingExtinction(4).probability(int(g))) for g in generations[:3]]
    np.testing.assert_allclose(limit[:3], exact, rtol=1e-13)
    gaps = [limit - extinction_probability(n, 4, generations) for n in (10**4, 10**5)]
    assert (gaps[1] > 0).all()
    np.testing.assert_allclose(gaps[0] / gaps[1], 10, rtol=0.02)
    # Leading order 2/g a line, with a correction of relative order log(g)/g.
    assert 1 - branching_probability(1, 10**5) == pytest.approx(2e-5, rel=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: survival_probability(10, 11, 1), r"count = 11 is not allowed"),
        (lambda: survival_probability(10, 1, 0), r"generations = 0 is not a generation"),
        (lambda: survival_probability(10**6, 1, 10**5), r"out of reach"),
        (lambda: extinction_mean(10**5, 1), r"n = 100000 is too many tokens"),
        (lambda: extinction_mean(10, 10), r"never dies out"),
        (lambda: branching_probability(0, 1), r"count = 0 is not allowed"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(DomainError, match=message):
        make()


# -- simulation ------------------------------------------------------------------------------------------

SIMULATED = [
    Replace(),
    Replace(sizes=j),
    Accumulate(),
    RealPlusLatest(),
    FreshReal(),
    SlidingWindow(3),
    AccumulateSubsample(),
    AccumulateSubsample(budget="1/2", replacement=True),
    AccumulateSubsample(budget=2),
]


@pytest.mark.parametrize("workflow", SIMULATED, ids=lambda value: repr(value).partition(" at 0x")[0])
@pytest.mark.parametrize(("method", "replicates", "power"), [("exact-law", 20_000, 0.055), ("raw", 4_000, 0.12)])
def test_simulation_agrees(workflow, method, replicates, power):
    model = Categorical("1/2 1/3 1/6", n=4)
    for loss in LOSSES:
        run = simulate(model, workflow, generations=4, replicates=replicates, seed=11, method=method, loss=loss)
        check = crosscheck(expected_risk(model, workflow, loss=loss), run, level=1e-4)
        assert check.passed, (loss, check.reason)
        assert check.detectable < power


def test_simulation_of_many_categories():
    # More categories than tokens: blocks are drawn token by token, subsamples row by row.
    model = Categorical(zipf(200), n=30)
    for workflow in (Replace(), Accumulate()):
        for loss in LOSSES:
            run = simulate(model, workflow, generations=6, replicates=4_000, seed=5, loss=loss)
            check = crosscheck(expected_risk(model, workflow, loss=loss), run, level=1e-4)
            assert check.passed, check.reason
            assert check.detectable < 0.035
    for loss in ("squared", "support"):
        runs = [
            simulate(model, AccumulateSubsample(), generations=5, replicates=1500, seed=7, method=method, loss=loss)
            for method in ("exact-law", "raw")
        ]
        spread = np.hypot(runs[0].stderr, runs[1].stderr)
        assert (np.abs(runs[0].mean - runs[1].mean) < 4.5 * spread).all()
        assert (spread < 0.02 * runs[0].mean).all()


def test_a_vocabulary_of_a_hundred_thousand_runs():
    model = Categorical(zipf(10**5), n=1000)
    risk = expected_risk(model, Replace(), loss="support")
    run = simulate(model, Replace(), generations=10, replicates=64, seed=2, loss="support")
    assert (np.abs(run.mean - evaluate(risk, range(1, 11))) < 4.5 * run.stderr).all()
    assert (run.stderr < 0.02 * run.mean).all()


def test_what_is_extinct_stays_extinct():
    rng = np.random.default_rng(0)
    chances = np.tile([0.1, 0.0, 0.2, 0.7, 0.0], (20_000, 1)) * (1 - 1e-9)
    for draw in (category_counts, token_counts):
        counts = draw(rng, 50, chances)
        assert (counts.sum(axis=1) == 50).all()
        assert not counts[:, [1, 4]].any()
    # So many tokens that rounding leaves some over.
    chances = rng.random((2000, 11))
    chances[:, -1] = 0
    counts = category_counts(rng, 2**52, chances)
    assert (counts.sum(axis=1) == 2**52).all()
    assert not counts[:, -1].any()
    # Blocks leave a window: what is left of them is exactly nothing.
    run = simulate(Categorical(uniform(6), 3), SlidingWindow(3), generations=40, replicates=500, seed=1, loss="support")
    assert (np.diff(run.mean) <= 0).all()


def test_subsamples_by_rows_and_by_columns_have_the_same_law():
    rng = np.random.default_rng(3)
    pool = np.array([7, 0, 3, 2])
    many = subsample_counts(rng, np.tile(pool, (40_000, 1)), 5)
    few = np.concatenate([subsample_counts(rng, np.tile(pool, (2, 1)), 5) for _ in range(10_000)])
    for counts in (many, few):
        assert (counts.sum(axis=1) == 5).all()
        share, left = pool / 12, 7 / 11
        spread = np.sqrt(5 * share * (1 - share) * left)
        error = np.maximum(spread, 1e-12) / np.sqrt(len(counts))
        assert (np.abs(counts.mean(axis=0) - 5 * share) < 4.5 * error).all()
        assert counts.var(axis=0) == pytest.approx(spread**2, rel=0.05)


def test_simulations_are_reproducible_in_processes():
    model = Categorical("1/2 1/4 1/4", n=5)
    alone = simulate(model, AccumulateSubsample(), generations=3, replicates=20_000, seed=4, loss="diversity")
    with ProcessPoolExecutor(2) as pool:
        shared = simulate(
            model, AccumulateSubsample(), generations=3, replicates=20_000, seed=4, loss="diversity", executor=pool
        )
    assert (alone.mean == shared.mean).all()


def test_categories_gone_from_every_replicate_still_count():
    # A model of one token misses the truth by 1 − 1/K, whatever the token.
    run = simulate(Categorical(uniform(9), n=1), Replace(), generations=5, replicates=3, seed=6)
    assert run.mean == pytest.approx([8 / 9] * 5, rel=1e-14)


def test_negative_weights_cannot_be_simulated():
    backwards = Weighted(lambda g: [1] if g == 1 else [-1] + [0] * (g - 2) + [2])
    with pytest.raises(DomainError, match="negative weights: probabilities need weights ≥ 0"):
        simulate(Categorical("1/2 1/2", 3), backwards, generations=3, replicates=10)
