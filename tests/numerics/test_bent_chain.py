"""Simulated bent loops: posteriors' moments, points against block means, both against the derived risk, executors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from sympy import Rational

from numerics import crosscheck, simulate
from numerics.samplers.families import Binomial, Gamma, HyperbolicSecant, NegativeBinomial, Normal, Poisson
from numerics.samplers.posterior import posterior_draw
from numerics.samplers.tilted_secant import rise, secant_tilts, tangent
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    FreshReal,
    GaussianMean,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory import (
    HyperbolicSecant as HyperbolicSecantModel,
)
from theory import (
    Poisson as PoissonModel,
)
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample

COIN = Bernoulli(p="1/3", n=8)
MODELS = [
    BiasedSampler(COIN, "9/10", "1/2"),
    BiasedSampler(COIN, "-1/2", "1/2"),
    BiasedSampler.verified(GaussianMean(sigma2=2, n=8), centre=1, width=6),
    PosteriorMean(PoissonModel(rate=3, n=8), 3, 2),
    PosteriorSample(COIN, 3, "3/4"),
    PosteriorSample(Exponential(mean=1, n=40), 30, 1),
    PosteriorSample(HyperbolicSecantModel(r=2, mean=1, n=8), 12, 0),
]
WORKFLOWS = [Replace(), Accumulate(), SlidingWindow(2), FreshReal(share="1/3", real="1/2")]


@pytest.mark.parametrize(
    ("kind", "variance", "curvature"),
    [
        (Normal(3.0), lambda m: 3.0, 0.0),
        (Poisson(1.0), lambda m: m, 0.0),
        (Gamma(2.0), lambda m: m**2 / 2, 0.5),
        (Binomial(1.0), lambda m: m - m**2, -1.0),
        (Binomial(5.0), lambda m: m - m**2 / 5, -0.2),
        (NegativeBinomial(4.0), lambda m: m + m**2 / 4, 0.25),
        (HyperbolicSecant(2.0), lambda m: 2 + m**2 / 2, 0.5),
    ],
    ids=["normal", "poisson", "gamma", "binomial", "binomial 5", "negative binomial", "hyperbolic secant"],
)
def test_a_posterior_has_its_mean_and_its_variance(kind, variance, curvature) -> None:
    """Mean m and variance V(m)/(M − v2): within 4.5 standard errors, those of the squares measured."""
    size, mean, weight = 400_000, 0.4, 12.5
    draws = posterior_draw(kind, np.random.default_rng(7), np.full(size, mean), weight)
    expected = variance(mean) / (weight - curvature)
    squares = (draws - mean) ** 2
    assert abs(draws.mean() - mean) < 4.5 * np.sqrt(expected / size)
    assert abs(squares.mean() - expected) < 4.5 * squares.std() / np.sqrt(size)
    # What v2 does, and an error of 2 %, would be seen.
    assert 4.5 * squares.std() / np.sqrt(size) < 0.03 * expected


@pytest.mark.parametrize(("index", "mean", "weight"), [(0.3, -2.0, 1.0), (1.0, 0.0, 0.2), (5.0, 30.0, 1e4)])
def test_canonical_parameters_follow_their_density(index: float, mean: float, weight: float) -> None:
    """Kolmogorov's distance from an integral of the density: at random less than 2/√n but once in 1,500."""
    size, mode = 40_000, np.arctan(mean / index)
    draws = secant_tilts(np.random.default_rng(3), index, np.full(size, mean), weight)
    width = 14 * np.cos(mode) / np.sqrt(weight * index)
    grid = np.linspace(max(mode - width, -np.pi / 2), min(mode + width, np.pi / 2), 100_001)
    with np.errstate(divide="ignore"):
        density = np.exp(weight * (mean * (grid - mode) + index * np.log(np.cos(grid) / np.cos(mode))))
    law = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    distance = np.abs(np.interp(np.sort(draws), grid, law / law[-1]) - (np.arange(size) + 0.5) / size).max()
    assert distance < 2 / np.sqrt(size)


@pytest.mark.parametrize("way", [-1.0, 1.0])
@pytest.mark.parametrize("strength", [0.2, 1.0, 30.0, 1e5])
def test_the_hat_is_above_the_density_and_touches_it(strength: float, way: float) -> None:
    """Rejection is exact under a hat that dominates, and quick under one that is tangent."""
    for slope in (-20.0, -1.0, 0.0, 0.3, 6.0):
        edge, fall, room = (float(part[0]) for part in tangent(np.array([slope]), strength, way))
        offsets = way * room * np.linspace(0.0, 1.0, 200_001)[:-1]
        density = rise(np.full(offsets.shape, slope), strength, offsets)
        above = -fall * np.maximum(np.abs(offsets) - edge, 0.0) - density
        reach = density > -700  # the rest has no weight in doubles
        assert above[reach].min() > -1e-9 * (1 + strength * (1 + slope**2))
        # The step of the grid leaves A tan′ h²/8 of a tangent at most, where it touches: beyond the edge.
        beyond = above[reach & (np.abs(offsets) > edge)]
        assert beyond.min() < 1e-3


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.name} {model.family.name}")
@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_simulation_agrees_with_the_derived_risk(model, workflow, method) -> None:
    simulation = simulate(model, workflow, generations=5, replicates=60_000, seed=3, method=method)
    verdict = crosscheck(expected_risk(model, workflow), simulation)
    assert verdict.passed, verdict.reason
    assert verdict.detectable < 0.06
    # The unbiased family has another risk, and the check sees it.
    wrong = replace(expected_risk(model.family, workflow), model=model)
    assert not crosscheck(wrong, simulation).passed


@pytest.mark.parametrize("model", MODELS[:5], ids=lambda model: f"{model.name} {model.family.name}")
def test_executors_change_no_bit(model) -> None:
    settings = {"generations": 4, "replicates": 30_000, "seed": 5}
    alone = simulate(model, Accumulate(), **settings)
    with ThreadPoolExecutor(2) as pool:
        together = simulate(model, Accumulate(), executor=pool, **settings)
    assert (alone.mean == together.mean).all()
    assert (alone.stderr == together.stderr).all()


@pytest.mark.parametrize(
    "workflow",
    [AccumulateSubsample(), AccumulateSubsample(budget="1/2", replacement=True), AccumulateSubsample(budget=2)],
    ids=repr,
)
@pytest.mark.parametrize("model", [MODELS[index] for index in (0, 2, 3, 4)], ids=lambda m: f"{m.name} {m.family.name}")
def test_subsamples_bend_too(model, workflow) -> None:
    simulation = simulate(model, workflow, generations=3, replicates=60_000, seed=1)
    verdict = crosscheck(expected_risk(model, workflow), simulation)
    assert verdict.passed, verdict.reason
    assert not crosscheck(replace(expected_risk(model.family, workflow), model=model), simulation).passed


def test_dispersion_is_that_of_sampled_points_alone() -> None:
    model = BiasedSampler.temperature(GaussianMean(sigma2=2, n=8), "1/4")
    risk = expected_risk(model, Replace())
    assert [risk.at(g) for g in (1, 2)] == [Rational(1, 4), Rational(5, 16)]
    for method in ("raw", "exact-law"):
        assert crosscheck(
            risk, simulate(model, Replace(), generations=4, replicates=50_000, seed=2, method=method)
        ).passed
