"""Integrals of squared kernel densities on a grid: against all pairs of points, to the bound that is proved."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import exp, pi

import numpy as np
import pytest

from numerics.blocks import all_moments
from numerics.samplers import density_grid, kernel_density
from numerics.samplers.choose import sampler
from numerics.samplers.density_grid import grid_around, is_faster, squared_integral
from numerics.samplers.overlaps import mean_overlap
from theory import Accumulate, AccumulateSubsample, FreshReal, Replace
from theory.models.kernel_density import KernelDensity

#: Roundings of a term: one a step of its power, a few in its exponentials.
ROUNDING = 40 * np.finfo(float).eps


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("width", [0.02, 0.3, 3.0])
def test_as_the_sum_over_all_pairs(d, width):
    rng = np.random.default_rng(d)
    blocks = [rng.standard_normal((3, 40, d)), 2 + 0.5 * rng.standard_normal((3, 90, d))]
    weights, squared = (0.3, 0.7), width**2
    points = np.concatenate(blocks, axis=1)
    shares = np.repeat([0.3 / 40, 0.7 / 90], [40, 90])
    distances = np.square(points[:, :, None] - points[:, None]).sum(axis=3)
    densities = np.exp(distances / (-4 * squared)) * (4 * pi * squared) ** (-d / 2)
    pairs = np.einsum("rij,i,j->r", densities, shares, shares)
    cut = 2 * d * 1.2e-17 * (2 * pi * squared) ** (-d / 2)
    # A point is rounded in units of the step, which moves it against the others.
    moved = 20 * np.finfo(float).eps * np.abs(points).max() / width
    error = np.abs(squared_integral(grid_around(blocks, squared), blocks, weights, squared) - pairs)
    assert (error <= cut + d * (1.5e-17 + ROUNDING + moved) * pairs).all()


@pytest.mark.parametrize("d", [1, 2])
def test_the_bound_of_the_grid_is_met_and_reached(d, monkeypatch):
    # A coarser grid than the library's, whose error can be seen: of s = h, 2 e^{−π²} for each dimension.
    monkeypatch.setattr(density_grid, "NODES", 1)
    aliased = 2 * exp(-(pi**2)) / (1 - exp(-3 * pi**2))
    worst = 0.0
    for place in np.linspace(0, 1, 9):
        points = np.full((1, 2, d), place)
        exact = (4 * pi) ** (-d / 2)
        found = squared_integral(grid_around([points], 1.0), [points], [1.0], 1.0)[0]
        worst = max(worst, abs(found / exact - 1))
    assert 0.999 * aliased < worst / d < (1 + aliased) * (1 + 1e-9) * aliased


@pytest.mark.parametrize("far", [0.0, 1e6])
def test_points_at_the_ends_keep_their_kernels(far):
    points = np.array([[[far], [far + 7.3], [far + 7.3]]])
    found = squared_integral(grid_around([points], 0.25), [points], [1.0], 0.25)
    # Far from zero a distance is known to the digits of the points.
    assert found == pytest.approx(mean_overlap(points - far, points - far, 0.5), rel=1e-14 + 1e-15 * far)


WORKFLOWS = {
    "replace": Replace(),
    "accumulate": Accumulate(),
    "fresh real": FreshReal(),
    "drawn": AccumulateSubsample(),
}


@pytest.mark.parametrize("name", WORKFLOWS)
@pytest.mark.parametrize("d", [1, 2])
def test_losses_of_many_points_are_those_of_pairs(name, d, monkeypatch):
    chain = sampler(KernelDensity(bandwidth="1/2", n=1500, d=d), WORKFLOWS[name], 3, False, "mise")
    used = []

    def counted(*given):
        used.append(given)
        return squared_integral(*given)

    monkeypatch.setattr(kernel_density, "squared_integral", counted)
    found = chain.losses(np.random.default_rng(7), 2)
    assert len(used) == 3
    monkeypatch.setattr(kernel_density, "is_faster", lambda *given: False)
    expected = chain.losses(np.random.default_rng(7), 2)
    assert len(used) == 3
    # The error is what is left of integrals of about 0.2.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_blocks_that_are_kept_are_summed_again_after_a_grid(monkeypatch):
    # Pairs, grid, pairs in turns: sums that were kept before the grid are still those of the same blocks.
    chain = sampler(KernelDensity(bandwidth="1/2", n=50), Accumulate(), 5, False, "mise")
    expected = chain.losses(np.random.default_rng(7), 3)
    turns = iter([False, True, False, True, False])
    monkeypatch.setattr(kernel_density, "is_faster", lambda *given: next(turns))
    np.testing.assert_allclose(chain.losses(np.random.default_rng(7), 3), expected, rtol=0, atol=1e-15)


def test_a_grid_where_it_takes_less():
    rng = np.random.default_rng(1)
    points = rng.standard_normal((2, 4000, 3))
    line, plane = grid_around([points[:, :, :1]], 0.01), grid_around([points[:, :, :2]], 0.09)
    assert grid_around([points], 0.09) is None
    assert grid_around([points[:, :, :1]], 1e-16) is None
    for grid, few in ((line, 40), (plane, 300)):
        assert is_faster(grid, 4000, 4000**2)
        assert not is_faster(grid, few, few**2)


def test_results_do_not_depend_on_the_executor():
    chain = sampler(KernelDensity(bandwidth="1/2", n=400), Accumulate(), 4, False, "mise")
    replicates = 2 * chain.replicates_in_a_block + 3
    alone = all_moments(chain, replicates, 3, None, False)
    with ThreadPoolExecutor(3) as threads:
        shared = all_moments(chain, replicates, 3, threads, False)
    assert (shared.comoment == alone.comoment).all()
