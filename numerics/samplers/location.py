r"""Location families: every point of a block is drawn and its median taken; models weigh the medians of blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.combination import Step, kept_blocks
from numerics.samplers.schedule import Schedule
from numerics.samplers.weighted import weighted_losses

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MedianChain:
    """Errors about the truth, which is 0: an equivariant estimate does not know where it is."""

    law: str
    schedule: Schedule
    plan: tuple[Step, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        points = int(max(table.points.max(), table.fresh_points.max()))
        return block_size(8 * (2 * table.generations + 2 * points + 4 + kept_blocks(self.plan)))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        points = rng.laplace if self.law == "laplace" else rng.normal

        def draw(centre: Array, count: int) -> Array:
            median: Array = np.median(points(size=(count, replicates)), axis=0)
            return centre + median

        def fit(_: int, weighted: Array) -> Array:
            return weighted

        return weighted_losses(self.schedule, self.plan, np.zeros(replicates), draw, fit, np.square, replicates)
