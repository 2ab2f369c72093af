r"""Chains of kernel density estimates.

Model g puts a Gaussian kernel on every point it is fitted on,

.. math:: p_g(t) = \sum_j w_{g,j}\,\frac1{n_j}\sum_i K_{h_g}(t - x_{j,i}),

so a sample from it is a point, drawn by these weights, plus h_g times a standard normal. The law of the whole sample
given the past is no shorter than the points themselves, so points are drawn whichever method is asked for. The
losses are exact given the points: the variance is that of the points plus h², and

.. math:: \int (p_g - p_0)^2 = \sum_{i,j} w_{g,i} w_{g,j}\, P_{ij} - 2 \sum_j w_{g,j} Q_j + \int p_0^2

with P_ij and Q_j means of Gaussian densities over pairs of points, and over points and components of the truth. Where
pairs are many, the first sum comes from the values of p_g on a grid instead, in time that grows as the points and to
the accuracy of doubles: see :mod:`numerics.samplers.density_grid`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import Sampler, block_size
from numerics.samplers.choose import sampler
from numerics.samplers.density_grid import grid_around, is_faster, squared_integral
from numerics.samplers.overlaps import mean_density, mean_overlap
from numerics.samplers.schedule import Schedule, schedule
from numerics.samplers.subsets import gathered, subsets, with_replacement
from theory.errors import DomainError
from theory.models.kernel_density import KernelDensity
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

# Weights of points that agree to this relative accuracy are equal.
SAME = 1e-12


class Truth(Protocol):
    """Where real data come from."""

    def points(self, rng: Generator, replicates: int, count: int) -> Array:
        """Real points: shape (replicates, count, d)."""
        ...


@dataclass(frozen=True)
class Mixture:
    """The truth Σ_a weights[a]·N(means[a], variances[a]·I_d) with mean zero; means are d-vectors."""

    weights: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]

    @property
    def d(self) -> int:
        """Dimension."""
        return len(self.means[0])

    @property
    def variance(self) -> float:
        """Per coordinate."""
        squares = [sum(x * x for x in mean) / self.d for mean in self.means]
        return sum(w * (v + s) for w, v, s in zip(self.weights, self.variances, squares, strict=True))

    @property
    def self_overlap(self) -> float:
        """∫ p_0²."""
        means, variances = np.array(self.means), np.array(self.variances)
        distance = np.square(means[:, None] - means[None]).sum(axis=2)
        both = variances[:, None] + variances[None]
        overlaps = np.exp(-distance / (2 * both)) * (2 * np.pi * both) ** (-self.d / 2)
        return float(np.array(self.weights) @ overlaps @ np.array(self.weights))

    def points(self, rng: Generator, replicates: int, count: int) -> Array:
        """Points of the mixture: shape (replicates, count, d)."""
        drawn = rng.standard_normal((replicates, count, self.d))
        if len(self.weights) == 1:
            drawn *= np.sqrt(self.variances[0])
            drawn += np.array(self.means[0])
            return drawn
        component = _categories(rng, np.array(self.weights), (replicates, count))
        drawn *= np.sqrt(np.array(self.variances))[component][:, :, None]
        drawn += np.array(self.means)[component]
        return drawn


def _categories(rng: Generator, weights: Array, shape: tuple[int, int]) -> NDArray[np.int64]:
    ends = np.cumsum(weights)
    return np.searchsorted(ends[:-1], rng.random(shape) * ends[-1], side="right")


@dataclass(frozen=True)
class Part:
    """Points of one block in a model: which block, the slot it is held in, its weight, and the points (R, n, d)."""

    block: int
    slot: int
    weight: float
    points: Array


@dataclass(frozen=True)
class KernelModel:
    """A fitted density: kernels of variance ``squared_bandwidth`` on the points of its parts."""

    parts: tuple[Part, ...]
    squared_bandwidth: float


@dataclass(frozen=True)
class Layout:
    """Where each block is kept while a model needs it; block G + g is the real data drawn afresh at generation g.

    Attributes
    ----------
    start : first point of a block, in a pool of ``size`` points
    slot : number of a block among the at most ``slots`` held at once
    """

    start: dict[int, int]
    size: int
    slot: dict[int, int]
    slots: int


def layout(table: Schedule) -> Layout:
    """First fit, in order of birth: under replace one place is enough, under accumulate all blocks are kept."""
    generations = table.generations
    lives = []
    for g in range(generations):
        used = np.flatnonzero(table.weights[:, g])
        # A new block may take the place of one that the model it is drawn from was the last to use.
        last = int(used[-1]) if len(used) else g
        lives.append((g, g, generations if table.subsampled else last, int(table.points[g])))
        if table.fresh_weights[g]:
            later = np.flatnonzero(table.kept_or_newest[:, g])
            lives.append((generations + g, g, int(later[-1]), int(table.fresh_points[g])))
    start, size = _first_fit(lives)
    slot, slots = _first_fit([(block, birth, last, 1) for block, birth, last, _ in lives])
    return Layout(start, size, slot, slots)


def _first_fit(lives: list[tuple[int, int, int, int]]) -> tuple[dict[int, int], int]:
    start: dict[int, int] = {}
    alive: list[tuple[int, int, int]] = []
    top = 0
    for block, birth, last, length in lives:
        alive = [entry for entry in alive if entry[2] >= birth]
        place = 0
        for begin, end, _ in sorted(alive):
            if begin - place >= length:
                break
            place = max(place, end)
        start[block] = place
        alive.append((place, place + length, last))
        top = max(top, place + length)
    return start, top


def models(
    rng: Generator, truth: Truth, table: Schedule, squared_bandwidths: tuple[float, ...], replicates: int
) -> Iterator[KernelModel]:
    """Models 1, 2, … of a chain. The points of a model hold until the next one is asked for."""
    places = layout(table)
    generations = table.generations
    pool: Array | None = None
    model: KernelModel | None = None
    chosen: NDArray[np.int64] | None = None
    positions: list[NDArray[np.int64]] = []
    for g in range(generations):
        count = int(table.points[g])
        if model is None or pool is None:
            new = truth.points(rng, replicates, count)
            pool = np.empty((replicates, places.size, new.shape[2]))
        else:
            new = _sample(rng, pool, model, positions, chosen, count)
        pool[:, places.start[g] : places.start[g] + count] = new
        weights = {int(j): float(table.weights[g, j]) for j in np.flatnonzero(table.weights[g])}
        counts = {j: int(table.points[j]) for j in weights}
        if table.fresh_weights[g]:
            real, size = generations + g, int(table.fresh_points[g])
            pool[:, places.start[real] : places.start[real] + size] = truth.points(rng, replicates, size)
        for i in np.flatnonzero(table.kept_or_newest[g]):
            weights[generations + int(i)] = float(table.kept_or_newest[g, i])
            counts[generations + int(i)] = int(table.fresh_points[i])
        positions = [np.arange(places.start[j], places.start[j] + counts[j]) for j in weights]
        chosen = None
        if table.drawn[g]:
            everywhere = np.concatenate(positions)
            draw = with_replacement if table.replacement[g] else subsets
            chosen = everywhere[draw(rng, len(everywhere), int(table.drawn[g]), replicates)]
            parts: tuple[Part, ...] = (Part(-1, 0, 1.0, gathered(pool, chosen)),)
        else:
            parts = tuple(
                Part(j, places.slot[j], weights[j], pool[:, places.start[j] : places.start[j] + counts[j]])
                for j in weights
            )
        model = KernelModel(parts, squared_bandwidths[g])
        yield model


def _sample(
    rng: Generator,
    pool: Array,
    model: KernelModel,
    positions: list[NDArray[np.int64]],
    chosen: NDArray[np.int64] | None,
    count: int,
) -> Array:
    """``count`` points of the model: a point of its own, by weight, plus the kernel's noise."""
    replicates, _, d = pool.shape
    if chosen is not None:
        pick = rng.integers(chosen.shape[1], size=(replicates, count))
        index = np.take_along_axis(chosen, pick, axis=1)
    else:
        sizes = np.array([len(block) for block in positions])
        weights = np.array([part.weight for part in model.parts])
        everywhere = np.concatenate(positions)
        if np.allclose(weights / weights.sum(), sizes / sizes.sum(), rtol=SAME, atol=0):
            index = everywhere[rng.integers(len(everywhere), size=(replicates, count))]
        else:
            block = _categories(rng, weights, (replicates, count))
            first = np.concatenate(([0], np.cumsum(sizes)[:-1]))
            index = everywhere[first[block] + rng.integers(sizes[block])]
    noise = rng.standard_normal((replicates, count, d))
    noise *= np.sqrt(model.squared_bandwidth)
    noise += gathered(pool, index)
    return noise


@dataclass
class Cached:
    """A number for every slot (or pair of slots) and replicate, computed once while its block and bandwidth stay."""

    values: Array
    owners: dict[tuple[int, ...], tuple[object, ...]] = field(default_factory=dict)

    def stale(self, slots: tuple[int, ...], owner: tuple[object, ...], kept: bool) -> bool:
        """Whether the entry must be computed; it then belongs to ``owner``."""
        if not self.is_stale(slots, owner, kept):
            return False
        self.belongs(slots, owner)
        return True

    def is_stale(self, slots: tuple[int, ...], owner: tuple[object, ...], kept: bool) -> bool:
        """Whether the entry is that of another."""
        return not (kept and self.owners.get(slots) == owner)

    def belongs(self, slots: tuple[int, ...], owner: tuple[object, ...]) -> None:
        """The entry is computed for ``owner``."""
        self.owners[slots] = owner


def _owner(part: Part, other: Part, model: KernelModel) -> tuple[object, ...]:
    return part.block, other.block, model.squared_bandwidth


class SquaredDifference:
    """∫ (p_g − p_0)² of the models of one block of replicates; sums over old pairs of blocks are kept."""

    def __init__(self, truth: Mixture, slots: int, replicates: int) -> None:
        self.truth = truth
        self.constant = truth.self_overlap
        self.pairs = Cached(np.zeros((slots, slots, replicates)))
        self.crossed = Cached(np.zeros((slots, replicates)))

    def __call__(self, model: KernelModel, out: Array) -> None:
        weights = np.zeros(len(self.crossed.values))
        for part in model.parts:
            weights[part.slot] = part.weight
            if self.crossed.stale((part.slot,), (part.block, model.squared_bandwidth), part.block >= 0):
                self.crossed.values[part.slot] = self._cross(part, model.squared_bandwidth)
        self._squares(model, weights, out)
        out -= 2 * (weights @ self.crossed.values)
        out += self.constant

    def _squares(self, model: KernelModel, weights: Array, out: Array) -> None:
        """∫ p_g², from a grid or from the pairs of points, whichever takes less."""
        due = self._due(model)
        grid = grid_around([part.points for part in model.parts], model.squared_bandwidth)
        points = sum(part.points.shape[1] for part in model.parts)
        pairs = sum(part.points.shape[1] * other.points.shape[1] for part, other in due)
        if grid is not None and is_faster(grid, points, pairs):
            blocks, shares = zip(*((part.points, part.weight) for part in model.parts), strict=True)
            out[:] = squared_integral(grid, blocks, shares, model.squared_bandwidth)
            return
        for part, other in due:
            slots = part.slot, other.slot
            self.pairs.belongs(slots, _owner(part, other, model))
            self.pairs.values[slots] = mean_overlap(part.points, other.points, 2 * model.squared_bandwidth)
        # Each pair of different blocks is held once and counts twice.
        lower = np.tril(np.outer(weights, weights))
        lower += np.tril(lower, -1)
        out[:] = lower.reshape(-1) @ self.pairs.values.reshape(-1, len(out))

    def _due(self, model: KernelModel) -> list[tuple[Part, Part]]:
        """The pairs of blocks whose overlaps are not known."""
        return [
            (part, other)
            for part in model.parts
            for other in model.parts
            if other.slot <= part.slot
            and self.pairs.is_stale((part.slot, other.slot), _owner(part, other, model), part.block >= 0)
        ]

    def _cross(self, part: Part, squared_bandwidth: float) -> Array:
        total = np.zeros(len(part.points))
        for weight, mean, variance in zip(self.truth.weights, self.truth.means, self.truth.variances, strict=True):
            total += weight * mean_density(part.points, np.array(mean), squared_bandwidth + variance)
        return total


class ExcessVariance:
    """Σ_j w_j mean|x|²/d + h² − σ²; means over old blocks are kept."""

    def __init__(self, truth: Mixture, slots: int, replicates: int) -> None:
        self.truth = truth
        self.squares = Cached(np.zeros((slots, replicates)))

    def __call__(self, model: KernelModel, out: Array) -> None:
        weights = np.zeros(len(self.squares.values))
        for part in model.parts:
            weights[part.slot] = part.weight
            if self.squares.stale((part.slot,), (part.block,), part.block >= 0):
                _, count, d = part.points.shape
                total = np.einsum("bnd,bnd->b", part.points, part.points, out=self.squares.values[part.slot])
                total /= count * d
        out[:] = weights @ self.squares.values
        out += model.squared_bandwidth - self.truth.variance


@dataclass(frozen=True)
class KernelChain:
    """A chain of kernel density estimates from points.

    Attributes
    ----------
    squared_bandwidths : h_g² of models 1..G
    variance : whether the loss is the excess variance, or else the integrated squared error
    """

    truth: Mixture
    squared_bandwidths: tuple[float, ...]
    variance: bool
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        places = layout(table)
        numbers = places.size * self.truth.d + 2 * table.generations
        numbers += 4 * int(max(table.points.max(), table.drawn.max(), table.fresh_points.max())) * (self.truth.d + 2)
        numbers += places.slots if self.variance else places.slots**2
        return block_size(8 * numbers, 2**24)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        slots = layout(table).slots
        loss = (ExcessVariance if self.variance else SquaredDifference)(self.truth, slots, replicates)
        for row, model in zip(out, models(rng, self.truth, table, self.squared_bandwidths, replicates), strict=True):
            loss(model, row)
        return out


def kernel_schedule(workflow: Workflow, generations: int, unit: int) -> Schedule:
    """The tables of a workflow whose weights are those of a mixture."""
    table = schedule(workflow, generations, unit, keeps=True)
    if (table.weights < 0).any() or (table.fresh_weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: a mixture of densities needs weights ≥ 0.")
    return table


@sampler.register
def _(model: KernelDensity, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    d = int(model.d)
    table = kernel_schedule(workflow, generations, int(model.n))  # type: ignore[arg-type]
    mixture = model.mixture
    means = tuple(tuple(float(x) for x in mean) * (d if len(mean) == 1 else 1) for mean in mixture.means)
    truth = Mixture(
        tuple(float(weight) for weight in mixture.weights), means, tuple(float(v) for v in mixture.variances)
    )
    widths = model.bandwidths(workflow)
    squared = tuple(float(widths.squared(g)) for g in range(1, generations + 1))
    return KernelChain(truth, squared, loss == "variance", table)
