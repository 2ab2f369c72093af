r"""Regression on fresh designs, T ≥ d: exact laws.

In :math:`\delta = w - w^*` the data of block j enter through :math:`S_j = X_j^\top X_j` and
:math:`v_j = S_j \delta_{j-1} + \sigma X_j^\top E_j`, where :math:`S_j = L L^\top` with Bartlett's L and
:math:`X_j^\top E_j = L z` given it. Model g solves :math:`A_g \delta_g = b_g`, both weighted sums over blocks.

When every model is fitted on its newest block alone, :math:`\delta_g = \delta_{g-1} + \sigma S^{-1/2} z`, and
:math:`S^{-1/2} z = z/\sqrt{\chi^2_{T-d+1}}` in law, isotropic and independent of the past: only the norm of δ
matters, and three numbers a generation carry it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.combination import Step, kept_blocks
from numerics.samplers.schedule import Schedule
from numerics.samplers.weighted import weighted_losses
from numerics.samplers.wishart import add_gram, cholesky_solve, lower_times, transpose_times, wishart_factor

Array = NDArray[np.float64]

# Matrices of a block of replicates stay within the cache; measured fastest at d = 10, T = 50.
CACHE_BYTES = 2**23


@dataclass(frozen=True)
class FreshReplace:
    """Every model is fitted on its newest block alone: a random walk of which only the norm is followed."""

    d: int
    sigma: float
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (2 * self.schedule.generations + 6))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        squared = np.zeros(replicates)
        for g in range(table.generations):
            spread = self.sigma / np.sqrt(rng.chisquare(int(table.points[g]) - self.d + 1, replicates))
            along = np.sqrt(squared) + spread * rng.standard_normal(replicates)
            squared = along * along
            if self.d > 1:
                squared += spread * spread * rng.chisquare(self.d - 1, replicates)
            out[g] = squared
        return out


@dataclass(frozen=True)
class FreshNormalEquations:
    """Any deterministic weights: Bartlett for each new design, then the weighted normal equations.

    Column d of a statistic holds v_j, the columns before it the lower triangle of S_j; ``plan`` combines
    them with weights per row of data.
    """

    d: int
    sigma: float
    schedule: Schedule
    plan: tuple[Step, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        statistics = 4 + kept_blocks(self.plan)
        return max(64, block_size(8 * statistics * self.d * (self.d + 1), CACHE_BYTES))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        truth, draw = np.zeros((self.d, replicates)), partial(self._statistic, rng)

        def fit(_: int, total: Array) -> Array:
            return cholesky_solve(total[:, : self.d], total[:, self.d])

        def judge(fitted: Array, out: Array) -> None:
            np.einsum("db,db->b", fitted, fitted, out=out)

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, judge, replicates)

    def _statistic(self, rng: Generator, teacher: Array, rows: int) -> Array:
        """S and v of a new block labelled by ``teacher`` (relative to the truth)."""
        replicates = teacher.shape[1]
        factor = wishart_factor(rng, self.d, rows, replicates)
        statistic = np.zeros((self.d, self.d + 1, replicates))
        add_gram(factor, 1.0, statistic)
        noise = self.sigma * rng.standard_normal((self.d, replicates))
        statistic[:, self.d] = lower_times(factor, transpose_times(factor, teacher) + noise)
        return statistic
