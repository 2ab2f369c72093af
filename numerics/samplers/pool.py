r"""Accumulate-subsample: model g is fitted on a simple random sample of the pool of all points so far.

In general the points themselves must be kept, those of a replicate side by side; :class:`Subsets` draws from them. Two
laws need no points: 0/1 data, whose subsample is hypergeometric given the number of ones, and the Gaussian limit
experiment of a regular model, whose pool variance is the truth's to leading order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.losses import Measure
from numerics.samplers.draws import binomial, hypergeometric
from numerics.samplers.families import Kind
from numerics.samplers.schedule import Schedule
from numerics.samplers.subsets import Subsets

Array = NDArray[np.float64]

# The pools of a block of replicates; measured.
POOL_BYTES = 2**24


@dataclass(frozen=True)
class PointPool:
    """Any family: every point is drawn and kept."""

    kind: Kind
    truth: float
    loss: Measure
    schedule: Schedule
    dimension: int = 1

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        held = int(table.points.sum())
        return block_size(8 * (held * self.dimension + held // 2 + 2 * table.generations), POOL_BYTES)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        fitted = np.full((replicates, self.dimension), self.truth)
        pool = np.empty((replicates, int(table.points.sum()), self.dimension))
        subsets = Subsets(rng, replicates, pool.shape[1])
        everything = np.zeros_like(fitted)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            new = self._points(rng, g, fitted, count)
            pool[:, filled : filled + count] = new.swapaxes(0, 1)
            filled += count
            everything += new.sum(axis=0)
            if not drawn:
                mean = everything / filled
            elif table.replacement[g]:
                mean = subsets.with_replacement(pool, filled, drawn) / drawn
            elif 2 * drawn > filled:
                # Fewer are left out.
                mean = (everything - subsets.total(pool, filled, filled - drawn)) / drawn
            else:
                mean = subsets.total(pool, filled, drawn) / drawn
            fitted = self._model(rng, g, mean)
            self.loss(fitted[:, 0] if self.dimension == 1 else fitted.T, out[g])
        return out

    def _points(self, rng: Generator, g: int, fitted: Array, count: int) -> Array:
        """The points of the block of row g of the table (from 0)."""
        return self.kind.points(rng, fitted, count)

    def _model(self, rng: Generator, g: int, mean: Array) -> Array:
        """What model g (from 0) makes of the mean of its points."""
        return mean


@dataclass(frozen=True)
class CountPool:
    """0/1 points: the number of ones in the pool says everything."""

    truth: float
    loss: Measure
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (2 * self.schedule.generations + 4))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        fitted = np.full(replicates, self.truth)
        ones = np.zeros(replicates, dtype=np.int64)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            ones += binomial(rng, count, fitted)
            filled += count
            if not drawn:
                fitted = ones / filled
            elif table.replacement[g]:
                fitted = binomial(rng, drawn, ones / filled) / drawn
            else:
                fitted = hypergeometric(rng, ones, filled - ones, drawn) / drawn
            self.loss(fitted, out[g])
        return out


@dataclass(frozen=True)
class LimitPool:
    r"""The limit experiment of a regular model: pool mean plus independent Gaussian noise of known variance.

    Given the pool, b of its N points have mean variance S²(1/b − 1/N), or σ²/b with replacement, and
    S² → I as n → ∞: the law that a leading-order statement is about.
    """

    dimension: int
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (2 * self.schedule.generations + 6 * self.dimension))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        shape = (self.dimension, replicates)
        fitted, pool = np.zeros(shape), np.zeros(shape)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            block = fitted + rng.standard_normal(shape) / np.sqrt(count)
            pool = (filled * pool + count * block) / (filled + count)
            filled += count
            fitted = pool
            if drawn:
                variance = 1 / drawn if table.replacement[g] else 1 / drawn - 1 / filled
                fitted = pool + rng.standard_normal(shape) * np.sqrt(variance)
            np.einsum("pb,pb->b", fitted, fitted, out=out[g])
        return out
