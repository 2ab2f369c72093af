r"""Regression on a shared design: one X for every generation.

With :math:`X^+ = X^\top (X X^\top)^{-1}` or :math:`(X^\top X)^{-1}X^\top`, every fit is
:math:`w_g = X^+ \bar Y_g` with :math:`\bar Y_g = \sum_j w_{g,j} \bar y_j` the weighted labels, because the rows are
the same. Relative to the projection of w* on the row space, :math:`w_g = X^+ u_g` where u is a chain of scalar
weights in dimension m = min(d, T), and

.. math:: \|w_g - w^*\|^2 = u_g^\top K^{-1} u_g + \|P_\perp w^*\|^2, \qquad K \sim W_m(\max(d, T)),

the second term only when d > T, where it is :math:`\|w^*\|^2\,\mathrm{Beta}(\tfrac{d-T}2, \tfrac T2)` and
independent of K. u is rotation invariant and independent of K, so K may be replaced by its bidiagonal form: O(m)
draws a replicate instead of O(m²).
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
from numerics.samplers.regression_rows import squared_error, truth_vectors
from numerics.samplers.schedule import Schedule
from numerics.samplers.weighted import weighted_losses
from numerics.samplers.wishart import bidiagonal_factor, bidiagonal_inverse_norm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SharedDesign:
    """The exact law: a chain of m-vectors behind one Wishart matrix."""

    d: int
    rows: int
    sigma: float
    signal: float
    schedule: Schedule
    plan: tuple[Step, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        size = min(self.d, self.rows)
        return block_size(8 * (2 * self.schedule.generations + size * (6 + kept_blocks(self.plan))))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        small, large = min(self.d, self.rows), max(self.d, self.rows)
        diagonal, below = bidiagonal_factor(rng, small, large, replicates)
        lost = (
            self.signal * rng.beta((self.d - self.rows) / 2, self.rows / 2, replicates) if self.d > self.rows else None
        )
        truth, draw = np.zeros((small, replicates)), partial(self._means, rng)

        def fit(_: int, labels: Array) -> Array:
            return labels

        def judge(fitted: Array, out: Array) -> None:
            bidiagonal_inverse_norm(diagonal, below, fitted, out)
            if lost is not None:
                out += lost

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, judge, replicates)

    def _means(self, rng: Generator, fitted: Array, points: int) -> Array:
        """Average labels of the rows, each labelled points/rows times."""
        return fitted + rng.standard_normal(fitted.shape) * (self.sigma * np.sqrt(self.rows / points))


@dataclass(frozen=True)
class SharedRows:
    """Raw: the rows and all their labels are drawn, the weighted labels fitted by the pseudo-inverse."""

    d: int
    rows: int
    sigma: float
    signal: float
    schedule: Schedule
    plan: tuple[Step, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        rows, d = self.rows, self.d
        labels = int(self.schedule.points.max() + self.schedule.fresh_points.max())
        held = 2 * self.schedule.generations + 3 * rows * d + labels + rows * (4 + kept_blocks(self.plan))
        return block_size(8 * held, 2**25)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        design = rng.standard_normal((replicates, self.rows, self.d))
        pseudo_inverse = _pseudo_inverse(design)
        truth, draw = truth_vectors(replicates, self.d, self.signal), partial(self._labels, rng, design)

        def fit(_: int, labels: Array) -> Array:
            return np.einsum("bdt,bt->bd", pseudo_inverse, labels)

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, partial(squared_error, truth), replicates)

    def _labels(self, rng: Generator, design: Array, teacher: Array, points: int) -> Array:
        """The average label of every row, each drawn points/rows times."""
        noise = rng.standard_normal((points // self.rows, len(design), self.rows)).mean(axis=0)
        return np.einsum("btd,bd->bt", design, teacher) + self.sigma * noise


def _pseudo_inverse(design: Array) -> NDArray[np.floating[Any]]:
    transposed = design.transpose(0, 2, 1)
    if design.shape[1] < design.shape[2]:
        return np.linalg.solve(design @ transposed, design).transpose(0, 2, 1)
    return np.linalg.solve(transposed @ design, transposed)
