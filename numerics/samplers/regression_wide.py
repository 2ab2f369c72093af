r"""Over-parameterised regression (d > T) on fresh designs, each model fitted on its newest block alone.

The minimum-norm fit is :math:`w_g = H^\top (H w_{g-1} + \sigma z/\sqrt q)` with H the T orthonormal rows that span a
uniformly random T-dimensional space, z standard normal in R^T and :math:`q \sim \chi^2_{d-T+1}`, all independent
(derived here: :math:`X = K^{1/2} H` with K Wishart independent of H, and :math:`K^{-1/2}z = z/\sqrt q` in law). The
loss needs :math:`a = \|w_g\|^2` and :math:`c = \langle w_g, w^* \rangle` only, and these form a Markov chain: writing
:math:`w^* = \alpha e_1 + \beta e_2` with :math:`e_1` along :math:`w_{g-1}`, one needs the inner products of
:math:`p = H e_1`, :math:`s = H e_2` and z. p and s are the upper T coordinates of two random orthonormal vectors,

.. math:: \|p\|^2 = b \sim \mathrm{Beta}(\tfrac T2, \tfrac{d-T}2), \qquad
          s = \frac{x\sqrt{1-b}\;\hat p + y}{\sqrt{x^2 + \|y\|^2 + \|y'\|^2}},

with x normal, y normal in the T−1 dimensions of the upper space orthogonal to p, and y' in the d−T−1 of the lower.
Eight draws a generation, whatever d and T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WideReplace:
    """The chain of (‖w_g‖², ⟨w_g, w*⟩)."""

    d: int
    sigma: float
    signal: float
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (2 * self.schedule.generations + 16))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        norm2 = np.full(replicates, self.signal)
        inner = np.full(replicates, self.signal)
        for g in range(table.generations):
            rows = int(table.points[g])
            norm = np.sqrt(norm2)
            along = np.divide(inner, norm, out=np.zeros(replicates), where=norm > 0)
            across = np.sqrt(np.maximum(self.signal - along * along, 0.0))
            kept = rng.beta(rows / 2, (self.d - rows) / 2, replicates)
            x = rng.standard_normal(replicates)
            above = _chisquare(rng, rows - 1, replicates)
            length = np.sqrt(x * x + above + _chisquare(rng, self.d - rows - 1, replicates))
            # Coordinates in R^T: along p, along y, and the rest, of which only z has some.
            spread = self.sigma / np.sqrt(rng.chisquare(self.d - rows + 1, replicates))
            first = norm * np.sqrt(kept) + spread * rng.standard_normal(replicates)
            second = spread * rng.standard_normal(replicates) if rows > 1 else np.zeros(replicates)
            norm2 = first * first + second * second + spread * spread * _chisquare(rng, rows - 2, replicates)
            projected_first = along * np.sqrt(kept) + across * x * np.sqrt(1 - kept) / length
            inner = first * projected_first + second * across * np.sqrt(above) / length
            out[g] = norm2 - 2 * inner + self.signal
        return out


def _chisquare(rng: Generator, freedom: int, replicates: int) -> Array:
    return rng.chisquare(freedom, replicates) if freedom > 0 else np.zeros(replicates)
