r"""Ridge regression: fresh designs by penalised normal equations, a shared design in its singular directions.

Model g minimises :math:`N_g \sum_j w_{g,j}\,(\text{mean squared loss on block } j) + \lambda_g |w|^2` with N_g the
rows in
use: for rows of equal weight the sum of squares plus the penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.combination import Step, kept_blocks
from numerics.samplers.regression_rows import labelled, squared_error, truth_vectors
from numerics.samplers.schedule import Schedule
from numerics.samplers.weighted import weighted_losses
from numerics.samplers.wishart import add_gram, lower_times, wishart_factor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeFresh:
    """New rows every generation; ``plan`` combines XᵀX and Xᵀy with weights per row of data.

    Without penalties it is least squares, where every fit has at least d rows.

    Attributes
    ----------
    penalties : λ_g/N_g, (G,)
    rows_drawn : whether every row is drawn, or XᵀX and Xᵀy from their own laws where T ≥ d
    posterior_rows : N_g, (G,), where the model is a draw from the posterior and not its mean
    """

    d: int
    sigma: float
    signal: float
    penalties: Array
    schedule: Schedule
    plan: tuple[Step, ...]
    rows_drawn: bool
    posterior_rows: Array | None = None

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        rows = int(table.points.max() + table.fresh_points.max())
        statistics = (5 + kept_blocks(self.plan)) * self.d * (self.d + 1)
        return block_size(8 * (2 * table.generations + 2 * rows * (self.d + 2) + statistics), 2**23)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        truth, draw = truth_vectors(replicates, self.d, self.signal), partial(self._statistic, rng)

        def fit(g: int, total: Array) -> NDArray[np.floating[Any]]:
            gram = total[:, :, : self.d] + self.penalties[g] * np.eye(self.d)
            fitted = np.linalg.solve(gram, total[:, :, self.d :])[:, :, 0]
            if self.posterior_rows is None:
                return fitted
            return fitted + _about_the_mean(rng, gram, self.sigma / self.posterior_rows[g] ** 0.5)

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, partial(squared_error, truth), replicates)

    def _statistic(self, rng: Generator, teacher: NDArray[np.floating[Any]], rows: int) -> Array:
        """XᵀX with Xᵀy as a last column, (B, d, d + 1)."""
        if self.rows_drawn or rows < self.d:
            design, labels = labelled(rng, teacher, rows, self.sigma)
            transposed = design.transpose(0, 2, 1)
            return np.concatenate((transposed @ design, transposed @ labels[:, :, None]), axis=2)
        replicates = len(teacher)
        factor = wishart_factor(rng, self.d, rows, replicates)
        gram = np.zeros((self.d, self.d, replicates))
        add_gram(factor, 1.0, gram)
        lower = gram.transpose(2, 0, 1)
        whole = lower + np.tril(lower, -1).transpose(0, 2, 1)
        # Xᵀz given XᵀX = LLᵀ has the law of L times a standard normal vector.
        noise = lower_times(factor, self.sigma * rng.standard_normal((self.d, replicates)))
        return np.concatenate((whole, (whole @ teacher[:, :, None]) + noise.T[:, :, None]), axis=2)


@dataclass(frozen=True)
class RidgeShared:
    r"""One design for all generations: in its singular directions least squares answers are shrunk by their own K.

    Attributes
    ----------
    penalties : λ_g over the relative number of rows in use, (G,): :math:`K_g = s/(s + \text{penalties}_g)`
    eigenvalues : those of XᵀX where they are given, w* spread evenly over their directions; else a design is drawn
    labels_drawn : whether every label is drawn, or its average over the labels of a row
    posterior_rows : the relative numbers of rows, (G,), where the model is a draw from the posterior and not its mean
    """

    d: int
    rows: int
    sigma: float
    signal: float
    penalties: Array
    schedule: Schedule
    plan: tuple[Step, ...]
    eigenvalues: Array | None
    labels_drawn: bool
    posterior_rows: Array | None = None

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        rows, d = self.rows, self.d
        labels = int(self.schedule.points.max() + self.schedule.fresh_points.max())
        held = 2 * self.schedule.generations + 4 * rows * d + 3 * d * d + labels + d * (4 + kept_blocks(self.plan))
        return block_size(8 * held, 2**24)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        design, truth = self._design(rng, replicates)
        gram = design.transpose(0, 2, 1) @ design
        draw = partial(self._product, rng, design, gram)

        def fit(g: int, total: Array) -> NDArray[np.floating[Any]]:
            penalised = gram + self.penalties[g] * np.eye(self.d)
            fitted = np.linalg.solve(penalised, total[:, :, None])[:, :, 0]
            if self.posterior_rows is None:
                return fitted
            return fitted + _about_the_mean(rng, penalised, self.sigma / self.posterior_rows[g] ** 0.5)

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, partial(squared_error, truth), replicates)

    def _design(self, rng: Generator, replicates: int) -> tuple[Array, Array]:
        if self.eigenvalues is None:
            design = rng.standard_normal((replicates, self.rows, self.d))
            return design, truth_vectors(replicates, self.d, self.signal)
        design = np.zeros((replicates, self.rows, self.d))
        for row, direction in enumerate(np.flatnonzero(self.eigenvalues)):
            design[:, row, direction] = np.sqrt(self.eigenvalues[direction])
        return design, np.full((replicates, self.d), np.sqrt(self.signal / self.d))

    def _product(
        self, rng: Generator, design: Array, gram: Array, teacher: NDArray[np.floating[Any]], points: int
    ) -> Array:
        """Xᵀ times the average label of every row, each drawn points/rows times, (B, d)."""
        times = points // self.rows
        if self.labels_drawn:
            noise = rng.standard_normal((times, len(design), self.rows)).mean(axis=0)
        else:
            noise = rng.standard_normal((len(design), self.rows)) / np.sqrt(times)
        answers = (gram @ teacher[:, :, None])[:, :, 0]
        return answers + self.sigma * np.einsum("btd,bt->bd", design, noise)


def _about_the_mean(rng: Generator, precision: Array, sigma: float) -> Array:
    """Normal vectors of covariance σ² A⁻¹, (B, d), by L⁻ᵀz with A = LLᵀ."""
    factor = np.linalg.cholesky(precision)
    normal = sigma * rng.standard_normal((*precision.shape[:2], 1))
    return np.asarray(np.linalg.solve(factor.transpose(0, 2, 1), normal)[:, :, 0])
