r"""Regressions whose sampled labels lean, are louder than real ones, or change their sign.

A sampled label of a row x is :math:`s\,(x^\top(\tau w + (1-\tau) m) + \sqrt{\varphi}\,\sigma z)` with s = −1 for a
share f of the labels; real labels are as they are. With a shared design of T ≥ d rows, or fits on the newest block
alone, and no flips,

.. math:: \hat w_g - w^* = \sum_j w_{g,j} \bigl(\tau(\hat w_{j-1} - w^*) + (1-\tau)(m - w^*) + \text{noise}_j\bigr),

where the noise is :math:`\sigma L^{-\top} z` for the one :math:`X^\top X = L L^\top`, or, for designs of their own,
:math:`\sigma z/\sqrt{\chi^2_{T-d+1}}`: exact laws without a row. Flips are drawn label by label, for the noise of a
flipped label depends on its row.
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
from numerics.samplers.regression_rows import refitted, rows_in_a_block, truth_vectors
from numerics.samplers.schedule import Schedule
from numerics.samplers.weighted import weighted_losses
from numerics.samplers.wishart import wishart_factor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LabelLaw:
    """How sampled labels differ from those of the model that they are drawn from.

    Attributes
    ----------
    fidelity : τ
    distance : length of m − w*, along w* or, where w* = 0, along the first feature
    dispersion : variance of a sampled label over σ²
    flips : probability that a label changes its sign
    """

    fidelity: float = 1.0
    distance: float = 0.0
    dispersion: float = 1.0
    flips: float = 0.0

    def leant(self, error: NDArray[np.floating[Any]], first: Any) -> NDArray[np.floating[Any]]:
        """Error of the vector behind the sampled labels; ``first`` picks the first feature."""
        vector = self.fidelity * error
        vector[first] += (1 - self.fidelity) * self.distance
        return vector


@dataclass(frozen=True)
class LeaningRows:
    """Raw: every row and every label, refitted by weighted least squares, of minimum norm where rows are too few."""

    d: int
    rows: int
    sigma: float
    signal: float
    shared: bool
    law: LabelLaw
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return rows_in_a_block(self.schedule, self.d)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        truth = truth_vectors(replicates, self.d, self.signal)
        common = rng.standard_normal((replicates, self.rows, self.d)) if self.shared else None
        draw: Any = partial(self._labelled, rng, truth, common)
        return refitted(self.schedule, draw, truth, repeated=self.shared)

    def _labelled(
        self, rng: Generator, truth: Array, common: Array | None, teacher: NDArray[np.floating[Any]], points: int
    ) -> tuple[Array, Array]:
        """Rows and labels of a block, (B, points, d) and (B, points); real ones where the teacher is the truth."""
        if common is None:
            design = rng.standard_normal((len(truth), points, self.d))
        else:
            design = np.tile(common, (1, points // self.rows, 1))
        law = LabelLaw() if teacher is truth else self.law
        vector = truth + law.leant(teacher - truth, np.s_[:, 0])
        labels = (design @ vector[:, :, None])[:, :, 0]
        labels += self.sigma * np.sqrt(law.dispersion) * rng.standard_normal(labels.shape)
        if law.flips:
            labels[rng.random(labels.shape) < law.flips] *= -1
        return design, labels


@dataclass(frozen=True)
class LeaningFits:
    """Exact laws where fits are weighed by scalars: a shared design of T ≥ d rows, or the newest block alone."""

    d: int
    rows: int
    sigma: float
    shared: bool
    law: LabelLaw
    schedule: Schedule
    plan: tuple[Step, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        held = self.d * (6 + kept_blocks(self.plan)) + (3 * self.d**2 if self.shared else 1)
        return block_size(8 * (2 * self.schedule.generations + held))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        truth = np.zeros((replicates, self.d))
        root = self._root(rng, replicates) if self.shared else None

        def draw(teacher: Array, points: int) -> Array:
            law = LabelLaw() if teacher is truth else self.law
            scale = self.sigma * np.sqrt(law.dispersion)
            noise = scale * rng.standard_normal((replicates, self.d))
            if root is not None:
                noise = (root @ noise[:, :, None])[:, :, 0] * np.sqrt(self.rows / points)
            else:
                noise /= np.sqrt(rng.chisquare(points - self.d + 1, replicates))[:, None]
            return law.leant(teacher, np.s_[:, 0]) + noise

        def fit(_: int, mean: Array) -> Array:
            return mean

        def judge(fitted: Array, out: Array) -> None:
            np.einsum("bd,bd->b", fitted, fitted, out=out)

        return weighted_losses(self.schedule, self.plan, truth, draw, fit, judge, replicates)

    def _root(self, rng: Generator, replicates: int) -> Array:
        """L⁻ᵀ of XᵀX = LLᵀ, (B, d, d)."""
        factor = np.tril(wishart_factor(rng, self.d, self.rows, replicates).transpose(2, 0, 1))
        return np.asarray(np.linalg.inv(factor).transpose(0, 2, 1))
