"""Kernel density chains on shapes: against scikit-learn's own estimator, and what collapse does to them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import ks_2samp

from numerics.samplers.kernel_density import KernelModel, Part
from numerics.shapes import SHAPES, HeldOut, Shape, log_density, shape_chain
from theory import Accumulate, AccumulateSubsample, DomainError, Replace

neighbors = pytest.importorskip("sklearn.neighbors")
datasets = pytest.importorskip("sklearn.datasets")


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_standardised_and_blurred(name):
    points = Shape(name).points(np.random.default_rng(1), 2, 50_000)
    assert points.shape == (2, 50_000, 2)
    np.testing.assert_allclose(points.mean(axis=(0, 1)), 0, atol=0.015)
    np.testing.assert_allclose(points.var(axis=(0, 1)), 1, atol=0.02)
    assert len(np.unique(points[..., 0])) == 100_000


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_those_of_scikit_learn(name):
    noisy = {
        "blobs": lambda: datasets.make_blobs(20_000, centers=3, random_state=0)[0],
        "moons": lambda: datasets.make_moons(20_000, noise=0.1, random_state=1)[0],
        "circles": lambda: datasets.make_circles(20_000, noise=0.05, factor=0.5, random_state=1)[0],
        "swiss roll": lambda: datasets.make_swiss_roll(20_000, noise=0.5, random_state=1)[0][:, [0, 2]],
    }[name]()
    standardised = (noisy - noisy.mean(axis=0)) / noisy.std(axis=0)
    points = Shape(name).points(np.random.default_rng(7), 1, 20_000)[0]
    for turn in (np.eye(2), np.array([[0.6, 0.8], [-0.8, 0.6]])):
        for ours, theirs in zip((points @ turn).T, (standardised @ turn).T, strict=True):
            assert ks_2samp(ours, theirs).pvalue > 1e-4


def test_log_densities_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    points, test = Shape("moons").points(rng, 3, 40), Shape("moons").points(rng, 3, 30)
    test[0, 0] = 40.0  # far from every kernel: the density underflows, its logarithm does not
    found = log_density(points, test, 0.04)
    for b in range(3):
        expected = neighbors.KernelDensity(bandwidth=0.2).fit(points[b]).score_samples(test[b])
        np.testing.assert_allclose(found[b], expected, rtol=1e-9)
    assert found[0, 0] < -10_000


def test_weights_are_respected():
    rng = np.random.default_rng(3)
    first, second, test = (Shape("blobs").points(rng, 1, count) for count in (10, 25, 50))
    loss, out = HeldOut(test, 2), np.empty(1)
    loss(KernelModel((Part(0, 0, 0.8, first), Part(1, 1, 0.2, second)), 0.09), out)
    weights = np.concatenate((np.full(10, 0.08), np.full(25, 0.008)))
    both = np.concatenate((first[0], second[0]))
    expected = neighbors.KernelDensity(bandwidth=0.3).fit(both, sample_weight=weights).score_samples(test[0])
    assert out[0] == pytest.approx(-expected.mean(), rel=1e-9)


def test_generation_one_is_a_kernel_density_of_real_data():
    run = shape_chain("circles", "1/5", 60, Replace(), generations=1, replicates=60, seed=4)
    rng = np.random.default_rng(5)
    direct = []
    for _ in range(60):
        points, test = Shape("circles").points(rng, 1, 60)[0], Shape("circles").points(rng, 1, 500)[0]
        direct.append(-neighbors.KernelDensity(bandwidth=0.2).fit(points).score_samples(test).mean())
    error = np.hypot(run.stderr[0], np.std(direct) / 60**0.5)
    assert abs(run.mean[0] - np.mean(direct)) < 4 * error
    assert error < 0.02 * run.mean[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_replace_degrades_more_than_accumulate(shape):
    replace, accumulate, subsample = (
        shape_chain(shape, "1/4", 40, workflow, generations=15, replicates=30, seed=6)
        for workflow in (Replace(), Accumulate(), AccumulateSubsample())
    )
    # All start from the same real data.
    assert replace.mean[0] == accumulate.mean[0] == subsample.mean[0]
    for better, worse in ((accumulate, subsample), (subsample, replace)):
        assert worse.mean[-1] - better.mean[-1] > 4 * np.hypot(worse.stderr[-1], better.stderr[-1])


def test_results_do_not_depend_on_the_executor():
    alone = shape_chain("moons", "scott", 30, Accumulate(), 5, replicates=300, seed=1)
    with ThreadPoolExecutor(2) as threads:
        shared = shape_chain("moons", "scott", 30, Accumulate(), 5, replicates=300, seed=1, executor=threads)
    assert (alone.mean == shared.mean).all()
    assert (alone.covariance == shared.covariance).all()


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DomainError, match=r"pip install selfgen\[real\]"):
        shape_chain("moons", "1/4", 10, Replace(), 2, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": "spiral"}, "shape = 'spiral' is not a shape: use one of blobs, moons, circles, swiss roll"),
        ({"bandwidth": -1}, "bandwidth"),
        ({"bandwidth": "h"}, "symbol h"),
        ({"n": 0}, "n = 0 is not allowed"),
        ({"workflow": "replace"}, "is not a workflow"),
        ({"replicates": 1}, "replicates = 1 is not allowed"),
        ({"generations": 0}, "generations = 0"),
        ({"test": 0}, "test = 0"),
    ],
)
def test_errors(change, message):
    arguments = {"shape": "moons", "bandwidth": "1/4", "n": 5, "workflow": Replace(), "generations": 2, "replicates": 2}
    with pytest.raises(DomainError, match=message):
        shape_chain(**(arguments | change))
