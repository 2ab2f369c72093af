"""A chain of fitted means whose sampler leans and whose estimator shrinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.losses import SquaredError
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.families import Kind, Normal, averaged_points
from numerics.samplers.posterior import posterior_draw
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BentChain:
    r"""As :class:`numerics.samplers.mean_chain.MeanChain`, with affine maps between.

    .. math:: \theta_g = K_g \Bigl(\sum_j w_{g,j} \bar x_j + \omega_g \bar x^{real}_g\Bigr) + (1 - K_g)\,m, \qquad
              E[\bar x_j \mid \theta_{j-1}] = \tau\,\theta_{j-1} + (1 - \tau)\,t.

    Attributes
    ----------
    kept : K_g, (G,)
    weights : N_g + κ, the samples that the posterior of model g counts for, (G,)
    prior, fidelity, target, dispersion : m, τ, t in the coordinates of ``kind``, and the factor of sampled variances
    drawn : whether θ_g is a draw from that posterior
    points_drawn : whether every point is drawn (raw), or block means from their own law
    """

    kind: Kind
    truth: float
    loss: SquaredError
    schedule: Schedule
    plan: tuple[Step, ...]
    points_drawn: bool
    kept: Array
    weights: Array
    prior: float
    fidelity: float
    target: float
    dispersion: float
    drawn: bool

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        arrays = 2 * self.schedule.generations + 5 + kept_blocks(self.plan)
        return block_size(8 * arrays)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        truth = np.full(replicates, self.truth)
        # Only a normal law has a variance of its own; the family at the mean has it otherwise.
        own = self.kind
        if isinstance(own, Normal):
            own = replace(own, index=own.index * self.dispersion)
        blocks = WeightedSum(self.plan)
        fitted = truth
        for g in range(table.generations):
            count = int(table.points[g])
            mean = truth if g == 0 else self.fidelity * fitted + (1 - self.fidelity) * self.target
            block = self._mean(rng, self.kind if g == 0 else own, mean, count)
            fresh = None
            if table.fresh_weights[g]:
                fresh = self._mean(rng, self.kind, truth, int(table.fresh_points[g]))
            weighted = self.kind.within(blocks.add(block, fresh))
            fitted = self.kept[g] * weighted + (1 - self.kept[g]) * self.prior
            if self.drawn:
                fitted = posterior_draw(self.kind, rng, fitted, float(self.weights[g]))
            self.loss(fitted, out[g])
        return out

    def _mean(self, rng: Generator, kind: Kind, mean: Array, count: int) -> Array:
        if self.points_drawn:
            return averaged_points(kind, rng, mean, count)
        return kind.block_mean(rng, mean, count)
