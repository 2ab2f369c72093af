"""Multinomial regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.regression import ROUNDING, Regression
from numerics.samplers.draws import binomial


@dataclass(frozen=True, eq=False)
class MultinomialRegression(Regression):
    r"""Classes 0, …, q with :math:`P(y = a) \propto e^{x\theta_a}`, and :math:`\theta_q = 0` for the last one.

    :math:`A(\eta) = \log(1 + \sum_a e^{\eta_a})`, :math:`A''_{ab} = \mu_a(\delta_{ab} - \mu_b)`. The third derivative
    along v is the third central moment of :math:`v_y`, :math:`v_q = 0`: at most the range of v times its variance.

    Parameters
    ----------
    covariates : (N, d)
    truth : (d, q), a column a class, without the last class
    n, design
        See :class:`numerics.estimation.regression.Regression`.

    Notes
    -----
    McCullagh and Nelder (1989), *Generalized linear models*.

    Examples
    --------
    >>> import numpy as np
    >>> MultinomialRegression(np.ones((2, 1)), truth=[[0, 0]], n=2).information.round(3).tolist()
    [[0.222, -0.111], [-0.111, 0.222]]
    """

    name: ClassVar[str] = "multinomial"

    @property
    def _several(self) -> bool:
        return True

    def mean(self, predictors: Array) -> Array:
        """e^(η_a)/(1 + Σ e^η), a = 1 … q: shape of the predictors."""
        top = np.maximum(predictors.max(axis=0), 0.0)
        out = np.exp(predictors - top)
        out /= np.exp(-top) + out.sum(axis=0)
        return out

    def variance(self, mean: Array) -> Array:
        """μ_a(1[a = b] − μ_b) for a ≤ b: shape (q(q + 1)/2, rows, B)."""
        return np.stack([mean[a] * ((a == b) - mean[b]) for a, b in zip(*np.triu_indices(len(mean)), strict=True)])

    def turned(self, mean: Array, change: Array) -> Array:
        """Its derivative along the change, for a ≤ b."""
        moved = mean * (change - (mean * change).sum(axis=0))
        pairs = zip(*np.triu_indices(len(mean)), strict=True)
        return np.stack([moved[a] * ((a == b) - mean[b]) - mean[a] * moved[b] for a, b in pairs])

    def cumulant(self, predictors: Array) -> Array:
        """log(1 + Σ_a e^(η_a))."""
        top = np.maximum(predictors.max(axis=0), 0.0)
        return top + np.log(np.exp(-top) + np.exp(predictors - top).sum(axis=0))

    def sums(self, rng: Generator, mean: Array, trials: NDArray[np.int64] | int) -> Array:
        """Multinomial counts of ``trials`` labels at every row, class by class."""
        if isinstance(trials, int) and trials == 1:
            return self.indicators(self.labels(rng, mean))
        # A multinomial, class by class: binomial among what is left.
        out = np.empty_like(mean)
        left = np.broadcast_to(np.asarray(trials, dtype=np.int64), mean.shape[1:])
        remaining = np.ones(mean.shape[1:])
        for a, share in enumerate(mean):
            chance = np.clip(share / np.maximum(remaining, np.finfo(float).tiny), 0.0, 1.0)
            drawn = binomial(rng, left, chance)
            out[a] = drawn
            left = left - drawn
            remaining = remaining - share
        return out

    def labels(self, rng: Generator, mean: Array) -> Array:
        """A class 0 … q a row, class q the one without a predictor."""
        draws = rng.random(mean.shape[1:])
        return (draws >= np.cumsum(mean, axis=0)).sum(axis=0).astype(np.float64)

    def indicators(self, labels: Array) -> Array:
        """Labels as indicators of the first q classes: shape ``(q, *labels.shape)``."""
        return np.stack([(labels == a).astype(np.float64) for a in range(self.classes)])

    def halfspaces(self, trials: Array, sums: Array) -> Array:
        """Differences of the predictors of a class with labels to every other's, as rows over all parameters."""
        q, d = self.classes, self.covariates.shape[1]
        counts = np.concatenate([sums, (trials - sums.sum(axis=0))[None]])
        found = []
        for own in range(q + 1):
            seen = self.covariates[counts[own] > trials * ROUNDING]
            for other in set(range(q + 1)) - {own}:
                # The predictor of a class that has labels keeps up with that of every other.
                block = np.zeros((len(seen), q + 1, d))
                block[:, own], block[:, other] = seen, -seen
                found.append(block[:, :q].reshape(len(seen), q * d))
        return np.concatenate(found)

    def rise(self, trials: Array, sums: Array, change: Array) -> Array:
        """How far, at some row, a class with labels lags behind the highest predictor, (B,)."""
        highest = np.maximum(change.max(axis=0), 0.0)
        # A class that has labels must gain as much as any: else the likelihood of those labels falls for ever.
        lagging = np.where(sums > trials * ROUNDING, highest - change, 0.0).max(axis=0)
        last = np.where(trials - sums.sum(axis=0) > trials * ROUNDING, highest, 0.0)
        return np.maximum(lagging, last).max(axis=0)

    def spread(self, change: Array) -> Array:
        """The widest range of the changes of the predictors at a row, with 0 among them, (B,)."""
        return (np.maximum(change.max(axis=0), 0.0) - np.minimum(change.min(axis=0), 0.0)).max(axis=0)
