r"""Kernel density chains on two-dimensional shapes: what collapse looks like where no formula reaches.

A shape is a noiseless curve or set of centres from scikit-learn (blobs, moons, circles, swiss roll in its first and
third coordinate), a uniformly random point of which is blurred by Gaussian noise; coordinates are standardised to
mean 0 and variance 1. The loss is the mean negative log-likelihood of real points that no model was fitted on,

.. math:: -\frac1T \sum_{t} \log \sum_j w_{g,j}\, \frac1{n_j} \sum_i K_{h_g}(x^{test}_t - x_{j,i}),

summed in logarithms, so that a test point far from every kernel costs what it costs.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import logsumexp

from numerics.blocks import all_moments, block_size
from numerics.samplers.choose import verify_numbers
from numerics.samplers.kernel_density import Cached, KernelModel, kernel_schedule, layout, models
from numerics.samplers.overlaps import PAIRS, lifted
from numerics.samplers.schedule import Schedule
from numerics.seeds import Seed, seed_number
from theory.errors import DomainError
from theory.expressions.arguments import generation, whole_number
from theory.models.kernel_density import KernelDensity
from theory.workflows.base import Workflow, verify_workflow

Array = NDArray[np.float64]

POPULATION = 2**16
"""Points of the noiseless shape: a grid (or sample) so fine that the blur hides it."""

NOISE = {"blobs": 1.0, "moons": 0.1, "circles": 0.05, "swiss roll": 0.5}
"""Standard deviation of the blur, in the units of scikit-learn's generators."""

SHAPES = tuple(NOISE)


@dataclass(frozen=True)
class Shape:
    """A standardised shape by its name; a source of real points."""

    name: str

    def points(self, rng: Generator, replicates: int, count: int) -> Array:
        """Real points: shape (replicates, count, 2)."""
        curve, blur = _population(self.name)
        points = rng.standard_normal((replicates, count, 2))
        points *= blur
        points += curve[rng.integers(len(curve), size=(replicates, count))]
        return points


@cache
def _population(name: str) -> tuple[Array, Array]:
    """The noiseless shape and the blur of each coordinate, both standardised."""
    datasets = _scikit_learn()
    if name == "blobs":
        curve = datasets.make_blobs(POPULATION, centers=3, cluster_std=0.0, random_state=0)[0]
    elif name == "moons":
        curve = datasets.make_moons(POPULATION, shuffle=False)[0]
    elif name == "circles":
        curve = datasets.make_circles(POPULATION, shuffle=False, factor=0.5)[0]
    else:
        curve = datasets.make_swiss_roll(POPULATION, random_state=0)[0][:, [0, 2]]
    spread = np.sqrt(curve.var(axis=0) + NOISE[name] ** 2)
    return (curve - curve.mean(axis=0)) / spread, NOISE[name] / spread


def _scikit_learn() -> Any:
    try:
        from sklearn import datasets
    except ImportError as missing:
        raise DomainError(
            "shapes come from scikit-learn, which is not installed: pip install selfgen[real]."
        ) from missing
    return datasets


class HeldOut:
    """Mean negative log-likelihood of test points (R, T, d); log densities of old blocks are kept."""

    def __init__(self, test: Array, slots: int) -> None:
        self.test = test
        self.logarithms = Cached(np.full((slots, *test.shape[:2]), -np.inf))

    def __call__(self, model: KernelModel, out: Array) -> None:
        terms = []
        for part in model.parts:
            owner = part.block, model.squared_bandwidth
            if self.logarithms.stale((part.slot,), owner, part.block >= 0):
                self.logarithms.values[part.slot] = log_density(part.points, self.test, model.squared_bandwidth)
            terms.append(self.logarithms.values[part.slot] + np.log(part.weight))
        np.negative(logsumexp(np.stack(terms), axis=0).mean(axis=1), out=out)


def log_density(points: Array, at: Array, squared_bandwidth: float) -> Array:
    """Log of the kernel density on points (R, n, d), at (R, T, d): shape (R, T)."""
    replicates, count, d = points.shape
    left = lifted(at, squared_bandwidth, first=True)
    right = lifted(points, squared_bandwidth, first=False).transpose(0, 2, 1)
    found = np.empty(at.shape[:2])
    rows = max(1, PAIRS // (count * replicates))
    for row in range(0, at.shape[1], rows):
        exponents = np.matmul(left[:, row : row + rows], right)
        most = exponents.max(axis=2)
        exponents -= most[:, :, None]
        np.exp(exponents, out=exponents)
        found[:, row : row + rows] = most + np.log(exponents.sum(axis=2))
    found -= np.log(count) + d / 2 * np.log(2 * np.pi * squared_bandwidth)
    return found


@dataclass(frozen=True)
class ShapeSampler:
    """Draws chains of kernel density estimates on a shape and their held-out losses."""

    shape: Shape
    squared_bandwidths: tuple[float, ...]
    schedule: Schedule
    test: int

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        places = layout(self.schedule)
        numbers = 4 * places.size + 2 * self.schedule.generations + (2 * places.slots + 4) * self.test
        return block_size(8 * numbers, 2**24)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        loss = HeldOut(self.shape.points(rng, replicates, self.test), layout(table).slots)
        for row, model in zip(out, models(rng, self.shape, table, self.squared_bandwidths, replicates), strict=True):
            loss(model, row)
        return out


@dataclass(frozen=True, eq=False)
class ShapeRun:
    """Held-out negative log-likelihood of kernel density chains on a shape.

    Attributes
    ----------
    shape, workflow, n, replicates, seed : how it was done
    mean : mean over replicates, in nats a test point, at generations 1..G, (G,)
    covariance : covariance of the loss of one replicate between generations, (G, G)
    """

    shape: str
    workflow: Workflow
    n: int
    replicates: int
    seed: int
    mean: Array
    covariance: Array

    @property
    def stderr(self) -> Array:
        """Standard error of ``mean``, (G,)."""
        return np.sqrt(np.diag(self.covariance) / self.replicates)


def shape_chain(
    shape: str,
    bandwidth: object,
    n: int,
    workflow: Workflow,
    generations: int,
    replicates: int = 100,
    seed: Seed = 0,
    test: int = 500,
    executor: Executor | None = None,
) -> ShapeRun:
    r"""Fit kernel densities to a shape, generation after generation on their own samples, and test them on real data.

    Parameters
    ----------
    shape : {"blobs", "moons", "circles", "swiss roll"}
    bandwidth
        As in :class:`theory.models.kernel_density.KernelDensity`, in standard deviations of the shape.
    n : positive int
        Points in a unit block.
    workflow : Workflow
    generations, replicates, seed
        As in :func:`numerics.simulate`.
    test : positive int
        Fresh real test points of every replicate. The same ones test all its models, so that the difference of two
        generations is free of the noise of the test set.
    executor : concurrent.futures.Executor, optional
        Computes blocks of replicates in parallel, with the same result.

    Raises
    ------
    DomainError
        When scikit-learn is missing, or an argument is not allowed.

    Examples
    --------
    >>> from theory import Replace
    >>> run = shape_chain("moons", "1/4", 50, Replace(), generations=5, replicates=20)
    >>> bool(run.mean[4] > run.mean[0])
    True

    Notes
    -----
    The setting of Kazdan et al. (2024), *Collapse or Thrive?*, on scikit-learn's toy data.
    """
    if shape not in SHAPES:
        raise DomainError(f"shape = {shape!r} is not a shape: use one of {', '.join(SHAPES)}.")
    _scikit_learn()
    verify_workflow(workflow)
    last, points, draws = generation("generations", generations), whole_number("n", n, 1), whole_number("test", test, 1)
    count, root = whole_number("replicates", replicates, 2), seed_number(seed)
    model = KernelDensity(bandwidth=bandwidth, n=points, d=2)  # type: ignore[arg-type]
    verify_numbers(model, workflow)
    widths = model.bandwidths(workflow)
    squared = tuple(float(widths.squared(g)) for g in range(1, last + 1))
    sampler = ShapeSampler(Shape(shape), squared, kernel_schedule(workflow, last, points), draws)
    moments = all_moments(sampler, count, root, executor, False, paired=True)
    return ShapeRun(shape, workflow, points, count, root, moments.mean, moments.comoment / (count - 1))
