r"""Importance sampling of a chain whose squared error lives on rare, huge values.

Where v_2 > 0 and nothing holds the chain back, the squared error of late generations has a modest mean and a variance
that grows much faster: nearly all of the mean is owed to chains that no simulation meets. Under replace
:math:`h(\mu) = V(\mu) + V_0` is close to an eigenfunction of one generation (V is one: :math:`E\,V(\theta_g) =
(1 + v_2/n)\,E\,V(\theta_{g-1})`), and the squared error close to a multiple of it. So each block is drawn from the
member of its own family at the mean

.. math:: \mu' = \mu + c_j\,\frac{V(\mu)}{N}\,\frac{V'(\mu)}{V(\mu) + V_0},

which to first order is the law of the block weighed by h, and what this changes is put right by the likelihood ratio
of a natural exponential family,

.. math:: L_g = \prod_{j \le g} \exp\{-N_j[(\eta'_j - \eta_j)\,\bar x_j - \psi(\eta'_j) + \psi(\eta_j)]\},
          \qquad E'[L_g\,\ell(\theta_g)] = E\,\ell(\theta_g).

With c_j the coefficient of block j in the last model (1 under replace). Where V is 0 nothing is tilted: the member is
certain. The expectation is right whatever c; only the variance depends on it. Siegmund (1976), *Importance sampling in
the Monte Carlo study of sequential tests*, for the method; the tilt is derived here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.losses import SquaredError
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.families import Kind
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]

#: Kinds with v_2 > 0: those whose tails grow.
TILTED = ("gamma", "negative binomial", "hyperbolic secant")


@dataclass(frozen=True)
class TiltedChain:
    """A weighted sum of block means drawn from tilted laws; its losses are multiplied by the likelihood ratio.

    Attributes
    ----------
    strength : c_j, of each block, (G,)
    """

    name: str
    kind: Kind
    truth: float
    loss: SquaredError
    schedule: Schedule
    plan: tuple[Step, ...]
    strength: Array

    @property
    def replicates_in_a_block(self) -> int:
        return block_size(8 * (2 * self.schedule.generations + 12 + kept_blocks(self.plan)))

    def losses(self, rng: Generator, replicates: int) -> Array:
        table = self.schedule
        out = np.empty((table.generations, replicates))
        truth = np.full(replicates, self.truth)
        fitted, logarithm = truth, np.zeros(replicates)
        blocks = WeightedSum(self.plan)
        for g in range(table.generations):
            count = int(table.points[g])
            tilted = self.tilted(fitted, count, float(self.strength[g]))
            block = self.kind.block_mean(rng, tilted, count)
            logarithm += count * self._log_ratio(fitted, tilted, block)
            fresh = None
            if table.fresh_weights[g]:
                fresh = self.kind.block_mean(rng, truth, int(table.fresh_points[g]))
            fitted = self.kind.within(blocks.add(block, fresh))
            self.loss(fitted, out[g])
            out[g] *= np.exp(logarithm)
        return out

    def tilted(self, mean: Array, count: int, strength: float) -> Array:
        """The mean that blocks are drawn with."""
        variance, slope = self._variance(mean)
        return mean + strength * slope / count * variance / (variance + self._variance(np.array(self.truth))[0])

    def _variance(self, mean: Array) -> tuple[Array, Array]:
        """V and V′."""
        r = self.kind.index
        if self.name == "gamma":
            return mean**2 / r, 2 * mean / r
        if self.name == "negative binomial":
            return mean + mean**2 / r, 1 + 2 * mean / r
        return r + mean**2 / r, 2 * mean / r

    def _log_ratio(self, mean: Array, tilted: Array, block: Array) -> Array:
        """Logarithm of the law at ``mean`` over that at ``tilted``, a point, at a block mean; 0 where they are one."""
        r = self.kind.index
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.name == "gamma":
                natural = r / mean - r / tilted
                cumulant = r * np.log(tilted / mean)
            elif self.name == "negative binomial":
                natural = np.log(tilted / mean) - np.log((tilted + r) / (mean + r))
                cumulant = r * np.log((tilted + r) / (mean + r))
            else:
                natural = np.arctan(tilted / r) - np.arctan(mean / r)
                cumulant = r / 2 * np.log((r**2 + tilted**2) / (r**2 + mean**2))
            return np.where(tilted == mean, 0.0, cumulant - natural * block)
