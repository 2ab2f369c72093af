r"""Maxima of uniform blocks: :math:`\theta_g = c_g \max(\text{all points of model } g)`.

The maximum of N points on [0, θ] is :math:`\theta\,U^{1/N}` in law; raw draws all N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.families import SLAB
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MaximumChain:
    """``used`` says which blocks a model is fitted on, ``factors`` what their maximum is multiplied by."""

    truth: float
    schedule: Schedule
    used: NDArray[np.bool_]
    factors: Array
    points_drawn: bool

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (2 * self.schedule.generations + 4 + int(self.used.sum(axis=1).max())))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        truth = np.full(replicates, self.truth)
        kept: dict[int, Array] = {}
        fitted = truth
        for g in range(table.generations):
            kept[g] = self._maximum(rng, fitted, int(table.points[g]))
            parts = [kept[block] for block in kept if self.used[g, block]]
            if table.fresh_weights[g]:
                parts.append(self._maximum(rng, truth, int(table.fresh_points[g])))
            fitted = self.factors[g] * np.maximum.reduce(parts)
            np.square(fitted - self.truth, out=out[g])
            kept = table.still_used(kept, g)
        return out

    def _maximum(self, rng: Generator, end: Array, count: int) -> Array:
        if not self.points_drawn:
            # 1 − U, since random() may return 0 but not 1
            return end * (1 - rng.random(end.shape)) ** (1 / count)
        largest = np.zeros(end.shape)
        slab = max(1, SLAB // end.size)
        for start in range(0, count, slab):
            points = end * rng.random((min(slab, count - start), *end.shape))
            np.maximum(largest, points.max(axis=0), out=largest)
        return largest
