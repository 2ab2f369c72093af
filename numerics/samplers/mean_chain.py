"""A chain of fitted means under deterministic weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.losses import Measure
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.families import Kind, averaged_points
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MeanChain:
    r"""A weighted sum of block means, block j drawn around the model before it.

    .. math:: \theta_g = \sum_j w_{g,j} \bar x_j + \omega_g \bar x^{real}_g, \qquad
              E[\bar x_j \mid \theta_{j-1}] = \theta_{j-1}.

    Attributes
    ----------
    points_drawn : whether every point is drawn (raw), or block means from their own law
    dimension : coordinates of the parameter, independent of each other
    scale : units of the mean in which the bias of real data is told
    """

    kind: Kind
    truth: float
    loss: Measure
    schedule: Schedule
    plan: tuple[Step, ...]
    points_drawn: bool
    dimension: int = 1
    scale: float = 1.0

    @property
    def generations(self) -> int:
        """G."""
        return self.schedule.generations

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        arrays = 2 * self.schedule.generations + self.dimension * (4 + kept_blocks(self.plan))
        return block_size(8 * arrays)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        out = np.empty((self.schedule.generations, replicates))
        deque(self.each(rng, out), maxlen=0)
        return out

    def each(self, rng: Generator, rows: Array) -> Iterator[Array]:
        """The losses of one generation after the other, each in the next of ``rows`` (any number, replicates)."""
        table, replicates = self.schedule, rows.shape[1]
        truth = np.full(replicates if self.dimension == 1 else (self.dimension, replicates), self.truth)
        fitted = table.truth_at(0, truth, self.scale)
        blocks = WeightedSum(self.plan, passing=True)
        for g in range(table.generations):
            real = table.truth_at(g, truth, self.scale)
            block, fresh = table.drawn_blocks(g, partial(self._mean, rng), fitted, real)
            fitted = self.kind.within(blocks.add(block, fresh))
            row = rows[g % len(rows)]
            self.loss(fitted, row)
            yield row

    def _mean(self, rng: Generator, mean: Array, count: int) -> Array:
        if self.points_drawn:
            return averaged_points(self.kind, rng, mean, count)
        return self.kind.block_mean(rng, mean, count)
