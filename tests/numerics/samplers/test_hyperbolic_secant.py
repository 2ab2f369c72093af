"""The hyperbolic secant sampler against its numerically integrated density."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import loggamma
from scipy.stats import kstest

from numerics.samplers.hyperbolic_secant import _Hat, hyperbolic_secant

DRAWS = 40_000


def distribution(index, mean):
    """Distribution function by the trapezium rule on a fine grid, from the density alone."""
    sd = np.sqrt(index + mean**2 / index)
    heavy = 60 * sd / min(1.0, index)
    grid = np.union1d(mean + np.linspace(-heavy, heavy, 400_001), np.linspace(-1e-2, 1e-2, 20_001))
    logarithm = np.arctan(mean / index) * grid + 2 * loggamma((index + 1j * grid) / 2).real
    density = np.exp(logarithm - logarithm.max())
    cumulative = np.concatenate(([0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))))
    return lambda x: np.interp(x, grid, cumulative / cumulative[-1])


@pytest.mark.parametrize("index", [0.3, 1.0, 1.5, 8.0, 400.0])
@pytest.mark.parametrize("tilt", [0.0, 1.0, -4.0])
def test_law(index, tilt):
    mean = tilt * index
    draws = hyperbolic_secant(np.random.default_rng(11), index, np.full(DRAWS, mean))
    assert kstest(draws, distribution(index, mean)).pvalue > 1e-3


@pytest.mark.parametrize("index", [0.5, 1.0, 3.0, 250.0])
def test_moments_with_a_mean_each(index):
    means = np.linspace(-2, 2, 100_000) * index
    draws = hyperbolic_secant(np.random.default_rng(5), index, means)
    variance = index + means**2 / index
    scores = (draws - means) / np.sqrt(variance)
    assert abs(scores.mean()) < 4 / np.sqrt(means.size)
    kurtosis_bound = np.sqrt((scores**2).var() / means.size)
    assert abs((scores**2).mean() - 1) < 4 * kurtosis_bound


@pytest.mark.parametrize("index", [0.5, 1.0, 3.0, 250.0])
def test_several_draws_for_a_mean_are_those_of_as_many_means(index):
    means = np.linspace(-2, 2, 500) * index
    together = hyperbolic_secant(np.random.default_rng(5), index, means, 7)
    alone = hyperbolic_secant(np.random.default_rng(5), index, np.broadcast_to(means, (7, 500)))
    assert (together == alone).all()


@pytest.mark.parametrize("index", [1.001, 3.0, 250.0, 1e8])
def test_chords_change_no_draw(index):
    """Without them every proposal is compared with the logarithm of the density."""
    hat = _Hat.at(index, np.linspace(-1.5, 1.5, 101))
    slowly = replace(hat, feet=np.zeros_like(hat.feet))
    one, other = (each.draws(np.random.default_rng(8), 400) for each in (hat, slowly))
    assert (one == other).all()
