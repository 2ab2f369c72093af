"""Chains of losses with a known truth: the two-term law, independent noise, and noise that a chain passes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.forecasting.shapes import shapes
from theory.workflows.base import Workflow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """A setting that a chain is simulated under."""

    workflow: Workflow
    rate: float
    share: float
    noise: float
    persistence: float

    def mean(self, generations: int) -> Array:
        """Expected losses; the rise at the last generation is 1."""
        curve = shapes(self.workflow, generations)
        bias = curve.rise(np.array([self.rate]))[0]
        variance = curve.ratio - 1.0
        rise = self.share * bias / bias[-1] + (1.0 - self.share) * variance / variance[-1]
        return 3.0 + rise

    def chain(self, generations: int, rng: np.random.Generator) -> Array:
        """Losses of one chain; its noise is in units of the rise."""
        process = shapes(self.workflow, generations).covariance
        root = np.linalg.cholesky(process + 1e-12 * np.eye(generations))
        persistent = root @ rng.standard_normal(generations)
        own = rng.standard_normal(generations)
        scale = self.noise * np.array([self.persistence**0.5, (1.0 - self.persistence) ** 0.5])
        noisy: Array = self.mean(generations) + scale[0] * persistent + scale[1] * own
        return noisy
