r"""Blocks of replicates: how a simulation is cut, seeded and put together again.

Replicates come in blocks of a fixed size, each with its own child of ``SeedSequence(seed)``. A block
returns moments, and the moments are merged in block order (Chan, Golub and LeVeque 1983): for two groups
of sizes a and b with means m, m' and comoments M, M',

.. math:: M'' = M + M' + \frac{ab}{a+b}\,(m'-m)(m'-m)^\top,

and so are the third and fourth powers of each generation's deviations (Pébay 2008).

Nothing depends on who computed a block or when, so results are the same to the last bit under any
executor.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray
from scipy.linalg import blas

from numerics.progress import Bar
from numerics.threads import single_threaded_algebra

LARGEST_BLOCK = 2**14
BLOCK_BYTES = 2**26
# Up to so many generations all covariances are measured as losses are drawn. Of more they cost as much as the chains,
# and are not made unasked: the variances come from panels, pieces of the same product, and are the same bits.
PAIRED, PANEL = 64, 4
# Blocks handed to an executor ahead of the one being merged: bounds memory, keeps any pool busy.
AHEAD = 64


@runtime_checkable
class Stepwise(Protocol):
    """A sampler that can hand over the losses of one generation after the other, so that they need not all be held."""

    @property
    def generations(self) -> int:
        """G."""

    def each(self, rng: Generator, rows: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Losses of generations 1..G, each in the next row of ``rows``, of shape (any, replicates), round and round."""
        ...


class Sampler(Protocol):
    """Draws replicates of the whole chain and returns their losses. Plain numbers inside: it travels to processes."""

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates that are drawn together."""

    def losses(self, rng: Generator, replicates: int) -> NDArray[np.float64]:
        """Losses of generations 1..G: an array of shape (G, replicates)."""
        ...


@dataclass(frozen=True)
class Moments:
    """Sufficient statistics of a group of replicates.

    Attributes
    ----------
    count : number of replicates
    mean : mean loss at each generation, (G,)
    squares : Σ (loss − mean)² at each generation, (G,)
    comoment : Σ (loss − mean)(loss − mean)ᵀ, (G, G); empty where it is not measured
    smallest, largest : extreme losses at each generation, (G,); empty where they are not measured, as are
    cubes, fourths : Σ (loss − mean)³ and Σ (loss − mean)⁴ at each generation, (G,)
    """

    count: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    comoment: NDArray[np.float64]
    smallest: NDArray[np.float64]
    largest: NDArray[np.float64]
    cubes: NDArray[np.float64]
    fourths: NDArray[np.float64]

    def merged(self, other: Moments) -> Moments:
        """Moments of both groups together."""
        count = self.count + other.count
        with np.errstate(invalid="ignore", over="ignore"):
            shift = other.mean - self.mean
            weight = self.count * other.count / count
            squares = self.squares + other.squares + shift * shift * weight
            paired = np.outer(shift, shift) * weight if self.comoment.size else 0.0
            comoment = self.comoment + other.comoment + paired
            mean = self.mean + shift * (other.count / count)
            cubes, fourths = self._merged_powers(other, shift) if self.cubes.size else (self.cubes, self.fourths)
        return Moments(
            count=count,
            mean=mean,
            squares=squares,
            comoment=comoment,
            smallest=np.minimum(self.smallest, other.smallest),
            largest=np.maximum(self.largest, other.largest),
            cubes=cubes,
            fourths=fourths,
        )

    def _merged_powers(
        self, other: Moments, shift: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Third and fourth powers of the deviations of both groups, from their common mean."""
        count = self.count + other.count
        a, b = self.count / count, other.count / count
        ours, theirs = self.squares, other.squares
        cubes = self.cubes + other.cubes + shift**3 * (self.count * b * (a - b)) + 3 * shift * (a * theirs - b * ours)
        fourths = (
            self.fourths
            + other.fourths
            + shift**4 * (self.count * b * (a * a - a * b + b * b))
            + 6 * shift**2 * (a * a * theirs + b * b * ours)
            + 4 * shift * (a * other.cubes - b * self.cubes)
        )
        return cubes, fourths


def correlation(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlations behind a covariance; zero where something does not vary."""
    deviation = np.sqrt(np.diag(covariance))
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    return covariance * np.outer(scale, scale)


def moments(losses: NDArray[np.float64], paired: bool | None = None, whole: bool = True) -> Moments:
    """Moments of losses of shape (G, replicates), which are overwritten; the comoment if told, or if G is small.

    ``whole``: with extremes, third and fourth powers.
    """
    generations, count = losses.shape
    if not is_paired(generations, paired):
        panels = (losses[first : first + PANEL] for first in range(0, generations, PANEL))
        return _unpaired(panels, count, whole)
    looked_at = _looked_at(losses, np.empty(count), whole)
    with np.errstate(invalid="ignore", over="ignore"):
        comoment = _products(losses)
        squares = np.diag(comoment).copy()
        comoment += np.tril(comoment, -1).T
    return Moments(count, squares=squares, comoment=comoment, **looked_at)


def is_paired(generations: int, asked: bool | None) -> bool:
    """Whether covariances between generations are measured as losses are drawn."""
    return generations <= PAIRED if asked is None else asked


def _unpaired(panels: Iterable[NDArray[np.float64]], count: int, whole: bool) -> Moments:
    """Moments without the comoment, of a few generations at a time while they are in the cache."""
    square, parts = np.empty(count), []
    for panel in panels:
        part = _looked_at(panel, square, whole)
        with np.errstate(invalid="ignore", over="ignore"):
            part["squares"] = np.diag(_products(panel)).copy()
        parts.append(part)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Moments(count, comoment=np.empty((0, 0)), **joined)


def _panels(sampler: Stepwise, rng: Generator, replicates: int) -> Iterator[NDArray[np.float64]]:
    """The losses of a few generations at a time, each time in the same place."""
    rows, held = np.empty((PANEL, replicates)), 0
    for _ in sampler.each(rng, rows):
        held += 1
        if held == PANEL:
            yield rows
            held = 0
    if held:
        yield rows[:held]


def _looked_at(losses: NDArray[np.float64], square: NDArray[np.float64], whole: bool) -> dict[str, NDArray[np.float64]]:
    """What is measured row by row: a generation fits in the cache, all do not. The rows lose their means."""
    generations, count = losses.shape
    mean = np.empty(generations)
    smallest, largest, cubes, fourths = (np.empty(generations if whole else 0) for _ in range(4))
    with np.errstate(invalid="ignore", over="ignore"):
        for g, row in enumerate(losses):
            mean[g] = np.add.reduce(row) / count
            if whole:
                smallest[g], largest[g] = np.minimum.reduce(row), np.maximum.reduce(row)
            row -= mean[g]
            if whole:
                np.multiply(row, row, out=square)
                cubes[g], fourths[g] = row @ square, square @ square
    return {"mean": mean, "smallest": smallest, "largest": largest, "cubes": cubes, "fourths": fourths}


def _products(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower triangle of the products of rows."""
    # The transpose is the column-major view BLAS wants: no copy, and half the work of a full product.
    return blas.dsyrk(1.0, losses.T, trans=1, lower=1)


def block_size(bytes_per_replicate: int, block_bytes: int = BLOCK_BYTES) -> int:
    """Replicates in a block: a power of two that depends on the problem alone."""
    fitting = max(1, block_bytes // max(1, bytes_per_replicate))
    return min(LARGEST_BLOCK, 1 << (fitting.bit_length() - 1))


def block_moments(
    sampler: Sampler, seed: SeedSequence, replicates: int, paired: bool | None = None, whole: bool = True
) -> Moments:
    """Draw one block and reduce it to moments."""
    rng = np.random.Generator(np.random.PCG64(seed))
    with single_threaded_algebra():
        if isinstance(sampler, Stepwise) and not is_paired(sampler.generations, paired):
            return _unpaired(_panels(sampler, rng, replicates), replicates, whole)
        return moments(sampler.losses(rng, replicates), paired, whole)


def all_moments(
    sampler: Sampler,
    replicates: int,
    seed: int,
    executor: Executor | None,
    progress: bool,
    paired: bool | None = None,
    whole: bool = True,
) -> Moments:
    """Moments of all replicates, merged in block order; see :func:`moments` for ``paired`` and ``whole``."""
    size = sampler.replicates_in_a_block
    counts = [min(size, replicates - start) for start in range(0, replicates, size)]
    total: Moments | None = None
    with Bar(len(counts), progress) as bar:
        for block in _block_results(sampler, SeedSequence(seed), counts, executor, paired, whole):
            total = block if total is None else total.merged(block)
            bar.advance()
    assert total is not None
    return total


def _block_results(
    sampler: Sampler,
    root: SeedSequence,
    counts: list[int],
    executor: Executor | None,
    paired: bool | None,
    whole: bool,
) -> Iterator[Moments]:
    """Moments of each block in order. What a worker that died has not finished is done in this process."""
    blocks = zip(root.spawn(len(counts)), counts, strict=True)
    pending: deque[tuple[SeedSequence, int, Future[Moments] | None]] = deque()
    broken = executor is None

    def done(seed: SeedSequence, count: int, future: Future[Moments] | None) -> Moments:
        nonlocal broken
        if future is not None:
            try:
                return future.result()
            except BrokenExecutor:
                if not broken:
                    warnings.warn("a worker died: what it had not finished is done in this process.", stacklevel=5)
                broken = True
        return block_moments(sampler, seed, count, paired, whole)

    try:
        for seed, count in blocks:
            future = None
            if executor is not None and not broken:
                with suppress(BrokenExecutor):  # it died with what was handed out before, which tells of it
                    future = executor.submit(block_moments, sampler, seed, count, paired, whole)
            pending.append((seed, count, future))
            if broken or len(pending) >= AHEAD:
                yield done(*pending.popleft())
        while pending:
            yield done(*pending.popleft())
    finally:
        for *_, future in pending:
            if future is not None:
                future.cancel()
