"""Blocks of random size in floating point: against exact values, and simulated with every point and by its law."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from sympy import Integer, N, Rational

from numerics import crosscheck, evaluate, simulate
from numerics.late_pools import late_pools
from numerics.random_sizes import _pooled_moments
from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    ContaminatedPool,
    DomainError,
    Exponential,
    Forgetting,
    GaussianFit,
    LinearRegression,
    Poisson,
    PosteriorMean,
    RandomSizes,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    t,
)
from theory.moments.random_sizes import PooledSizes

COIN, CRAWL = RandomSizes.uniform(2), RandomSizes("t/(2 - t)")


@pytest.mark.parametrize(
    ("model", "workflow", "last"),
    [
        (Poisson(3, 10), Accumulate(sizes=COIN), 500),
        (Poisson(3, 10), Accumulate(sizes=CRAWL), 500),
        (Poisson(3, 10), Accumulate(sizes=RandomSizes.poisson(2)), 20),
        (Bernoulli("1/3", 4), Accumulate(sizes=COIN), 60),
        (Exponential(1, 2), Accumulate(sizes=COIN), 60),
        (Bernoulli("1/3", 4), ContaminatedPool("1/4", sizes=COIN), 60),
    ],
)
def test_values_are_the_exact_ones(model, workflow, last):
    risk = expected_risk(model, workflow)
    found = evaluate(risk, [1, 2, last])
    assert found == pytest.approx([float(risk.at(g)) for g in (1, 2, last)], rel=1e-12)


def test_a_filter_runs_the_law_of_sizes_without_a_largest_one():
    # Cut off at 60, the same law is a polynomial, and run term by term.
    cut = RandomSizes(sum(t**size / Integer(2) ** min(size, 59) for size in range(1, 61)))
    model, at = Bernoulli("1/3", 4), [1, 5, 40]
    whole, part = (evaluate(expected_risk(model, Accumulate(sizes=sizes)), at) for sizes in (CRAWL, cut))
    assert whole == pytest.approx(part, rel=1e-12)
    limit = float(expected_risk(model, Accumulate(sizes=CRAWL)).limit.evalf(15))
    far = evaluate(expected_risk(model, Accumulate(sizes=CRAWL)), [1000, 2000])
    assert 2 * far[1] - far[0] == pytest.approx(limit, rel=1e-6)


@pytest.mark.parametrize("method", ["exact-law", "raw"])
@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (Bernoulli("1/3", 20), Replace(sizes=COIN)),
        (Bernoulli("1/3", 20), Accumulate(sizes=CRAWL)),
        (Bernoulli("1/3", 20), ContaminatedPool("1/4", sizes=COIN)),
        (Regular(3, 10), Accumulate(sizes=COIN)),
        (BiasedSampler(Bernoulli("1/3", 20), "9/10", "1/2"), Replace(sizes=COIN)),
        (BiasedSampler(Bernoulli("1/3", 20), "9/10", "1/2"), Accumulate(sizes=COIN)),
        (Bernoulli("1/3", 20), SlidingWindow(2, sizes=COIN)),
        (Bernoulli("1/3", 20), Forgetting("1/2", sizes=COIN)),
    ],
)
def test_simulations_agree(model, workflow, method):
    run = simulate(model, workflow, generations=5, replicates=30_000, seed=3, method=method)
    found = crosscheck(expected_risk(model, workflow), run)
    assert found.verdict == "agrees"
    assert found.detectable < 0.06


def test_a_window_of_random_blocks_is_simulated_though_not_derived():
    model = Poisson(3, 10)
    window = simulate(model, SlidingWindow(50, sizes=COIN), generations=4, replicates=30_000, seed=5)
    # As long as all blocks are in it, a window is a pool.
    pool = evaluate(expected_risk(model, Accumulate(sizes=COIN)), np.arange(1, 5))
    assert (np.abs(window.mean - pool) < 4.5 * window.stderr).all()


def test_what_has_no_sampler_is_refused():
    with pytest.raises(DomainError, match="no sampler"):
        simulate(GaussianFit(2, 10), Replace(sizes=COIN), generations=2)
    with pytest.raises(DomainError, match="whole numbers of real rows"):
        simulate(Bernoulli("1/3", 2), ContaminatedPool("1/3", sizes=COIN), generations=2)


@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (LinearRegression(2, 6), Accumulate(sizes=CRAWL)),
        (PosteriorMean(Bernoulli("1/3", 1), 1, "1/2"), Replace(sizes=CRAWL)),
    ],
)
def test_integrals_of_sizes_are_numbers(model, workflow):
    risk = expected_risk(model, workflow)
    found = evaluate(risk, [1, 2])
    np.testing.assert_allclose(found, [float(N(risk.at(g), 15)) for g in (1, 2)], rtol=1e-12)


@pytest.mark.parametrize("sizes", [COIN, CRAWL, RandomSizes.poisson(1), RandomSizes("9*t/10 + t**6/10")])
@pytest.mark.parametrize("workflow", [ContaminatedPool("1/4"), ContaminatedPool("3/4"), Accumulate()])
def test_moments_of_a_late_pool_go_on_as_its_law_would(sizes, workflow):
    recurrence = PooledSizes(sizes, Rational(-1, 20), getattr(workflow, "real", Integer(0)))
    late = late_pools(sizes)
    last = late.begins + 200
    by_law = list(_pooled_moments(recurrence, late.begins))
    found = list(_pooled_moments(recurrence, last))
    assert found[: late.begins] == by_law
    assert found[late.begins :] == pytest.approx(list(_by_the_law_alone(recurrence, last))[late.begins :], rel=2e-13)
    if sizes == COIN:
        exact = islice(recurrence.values(), late.begins, late.begins + 1)
        assert found[late.begins] == pytest.approx(float(next(exact)), rel=1e-13)


def _by_the_law_alone(recurrence, last):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("numerics.random_sizes.SHORT_RUN", last)
        return list(_pooled_moments(recurrence, last))


def test_a_pool_without_moments_has_its_law_alone():
    assert late_pools(RandomSizes("1 - (1 - t)**(1/2)")) is None
