r"""Canonical regression on a fixed set of rows: what logistic, Poisson, multinomial and linear regression share.

A row x has q linear predictors :math:`\eta = \theta^\top x` and a label y with density
:math:`\exp(y\cdot\eta - A(\eta))`. All covariates are the N rows of one matrix: every block labels each row n/N times
(``design="shared"``), or labels n rows drawn from them with replacement (``"fresh"``: the rows are the population).
The log-likelihood of any weighted union of blocks depends on the data only through the weight :math:`m_i` of each row
and its weighted sum :math:`s_i` of labels:

.. math:: F(\theta) = \sum_i m_i A(\eta_i) - s_i\cdot\eta_i, \qquad
          \nabla F = \sum_i x_i \otimes (m_i \mu_i - s_i), \qquad
          \nabla^2 F = \sum_i m_i\, x_i x_i^\top \otimes A''(\eta_i).

Data that pile up over the generations therefore stay as small as one block, and with the rows the same for all
replicates each derivative is one matrix product for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array, factor, forward
from numerics.estimation.separation import separated
from theory.errors import DomainError
from theory.expressions.arguments import quoted

DESIGNS = ("shared", "fresh")
#: A share of labels this near to none, or to all, is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Regression(ABC):
    r"""A regression with a true parameter, and n labels in a unit block.

    Parameters
    ----------
    covariates : (N, d) array of rows; a column of ones makes an intercept
    truth : (d,) array, or (d, q) with q predictors a row
    n : positive int
        Labels in a unit block; a multiple of N where the design is shared.
    design : {"shared", "fresh"}
        Whether every block labels all rows, or rows drawn from them with replacement.
    """

    covariates: Array
    truth: Array
    n: int
    design: str = "shared"
    name: ClassVar[str] = "regression"
    classes: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = _finite("covariates", self.covariates)
        if rows.ndim != 2 or 0 in rows.shape:
            raise DomainError(f"covariates of shape {rows.shape} are not rows: give an array of shape (N, d).")
        truth = _finite("truth", self.truth)
        if truth.shape[:1] != rows.shape[1:] or truth.ndim > 2:
            raise DomainError(
                f"truth of shape {truth.shape} does not fit covariates of shape {rows.shape}: "
                f"give one number a column{', for each class but the last' if self._several else ''}."
            )
        if truth.ndim == 2 and truth.shape[1] > 1 and not self._several:
            raise DomainError(f"truth of shape {truth.shape} is not allowed: {self.name} has one predictor a row.")
        rank = np.linalg.matrix_rank(rows)
        if rank < rows.shape[1]:
            raise DomainError(f"covariates of shape {rows.shape} have rank {rank}: columns must be independent.")
        if self.design not in DESIGNS:
            raise DomainError(f"design = {quoted(self.design)} is not a design: use 'shared' or 'fresh'.")
        if isinstance(self.n, bool) or not isinstance(self.n, (int, np.integer)) or self.n < 1:
            raise DomainError(f"n = {self.n!r} is not a number of labels: n must be a whole number, 1 or more.")
        if self.design == "shared" and self.n % len(rows):
            raise DomainError(
                f"n = {self.n} labels some of the {len(rows)} rows of the shared design more often than others: "
                f"n must be a multiple of {len(rows)}."
            )
        object.__setattr__(self, "covariates", rows)
        object.__setattr__(self, "truth", truth.reshape(rows.shape[1], -1))
        object.__setattr__(self, "classes", self.truth.shape[1])
        if not factor(self.information[:, :, None])[1].all():
            raise DomainError(f"truth = {truth.tolist()} leaves labels without variance: its information is singular.")

    @property
    def _several(self) -> bool:
        return False

    # The law of the labels.

    @abstractmethod
    def mean(self, predictors: Array) -> Array:
        """μ = A'(η): shape (q, N, B), like η."""

    @abstractmethod
    def variance(self, mean: Array) -> Array:
        """A''(η) in terms of μ, the pairs a ≤ b in the order of ``numpy.triu_indices``: (q(q+1)/2, N, B)."""

    @abstractmethod
    def turned(self, mean: Array, change: Array) -> Array:
        """Derivative of A'' along a change of η, of shape (q, N, B): pairs a ≤ b, like :meth:`variance`."""

    @abstractmethod
    def cumulant(self, predictors: Array) -> Array:
        """A(η), (N, B)."""

    @abstractmethod
    def sums(self, rng: Generator, mean: Array, trials: NDArray[np.int64] | int) -> Array:
        """Sums of ``trials`` labels of every row: shape (q, N, B)."""

    @abstractmethod
    def labels(self, rng: Generator, mean: Array) -> Array:
        """One label for each of (q, …) means: shape (…); of several classes, the number of the class."""

    def rise(self, trials: Array, sums: Array, change: Array) -> Array:
        """How fast F rises along a change of predictors, at the row where it rises most; 0 if it never does: (B,)."""
        up = np.where(sums[0] < trials * (1 - ROUNDING), change[0], 0.0)
        down = np.where(sums[0] > trials * ROUNDING, -change[0], 0.0)
        return np.maximum(np.maximum(up, down), 0.0).max(axis=0)

    def halfspaces(self, trials: Array, sums: Array) -> Array:
        """A (K, p), with Aδ ≥ 0 just where δ raises no label's loss, for one replicate's (N,) and (q, N)."""
        up, down = sums[0] < trials * (1 - ROUNDING), sums[0] > trials * ROUNDING
        return np.concatenate([-self.covariates[up], self.covariates[down]])

    def spread(self, change: Array) -> Array:
        """Spread of a change of each row's predictors, the largest over rows: (B,)."""
        return np.abs(change[0]).max(axis=0)

    def indicators(self, labels: Array) -> Array:
        """Labels as the statistic that is summed: shape (q, …)."""
        return labels[None]

    # What follows from it.

    @property
    def parameters(self) -> int:
        """p = d·q."""
        return self.truth.size

    @cached_property
    def theta(self) -> Array:
        """The truth as a column (p, 1): all of the first class, then of the second."""
        return self.truth.T.reshape(-1, 1)

    @cached_property
    def _pairs(self) -> Array:
        """Products of two columns, i ≤ k: (d(d+1)/2, N)."""
        first, second = np.triu_indices(self.covariates.shape[1])
        return np.ascontiguousarray((self.covariates[:, first] * self.covariates[:, second]).T)

    @cached_property
    def _transposed(self) -> Array:
        return np.ascontiguousarray(self.covariates.T)

    def predictors(self, theta: Array) -> Array:
        """η of every row, (q, N, B), for θ of shape (p, B)."""
        if self.classes == 1:
            return (self.covariates @ theta)[None]
        return np.stack([self.covariates @ block for block in np.split(theta, self.classes)])

    def totals(self, residuals: Array) -> Array:
        """Σ_i x_i ⊗ r_i, (p, B), for r of shape (q, N, B)."""
        return np.concatenate([self._transposed @ part for part in residuals])

    def gram(self, weights: Array) -> Array:
        """Σ_i x_i x_iᵀ ⊗ W_i, (p, p, B), for pairs a ≤ b of shape (q(q+1)/2, N, B)."""
        d, q = self.covariates.shape[1], self.classes
        out = np.empty((q * d, q * d, weights.shape[2]))
        rows, columns = np.triu_indices(d)
        for (a, b), part in zip(zip(*np.triu_indices(q), strict=True), weights, strict=True):
            found = self._pairs @ part
            out[a * d + rows, b * d + columns] = found
            out[a * d + columns, b * d + rows] = found
            if a != b:
                out[b * d + rows, a * d + columns] = found
                out[b * d + columns, a * d + rows] = found
        return out

    def information_at(self, mean: Array) -> Array:
        """Fisher's information of one label, averaged over the rows: (p, p, B)."""
        return self.gram(self.variance(mean) / len(self.covariates))

    @cached_property
    def information(self) -> Array:
        """The same at the truth, (p, p)."""
        return self.information_at(self.mean(self.predictors(self.theta)))[:, :, 0]

    def excess(self, theta: Array) -> Array:
        r"""Excess expected test negative log-likelihood, averaged over the rows: (B,).

        :math:`\frac1N\sum_i A(\eta_i) - A(\eta_i^0) - \mu_i^0\cdot(\eta_i - \eta_i^0)`, the Kullback–Leibler divergence
        from the truth.
        """
        true = self.predictors(self.theta)
        eta = self.predictors(theta)
        gap = self.cumulant(eta) - self.cumulant(true) - (self.mean(true) * (eta - true)).sum(axis=0)
        return gap.mean(axis=0)

    def log_loss(self, theta: Array, rows: Array, labels: Array) -> Array:
        """Mean negative log-likelihood (constants in y left out) of labels (M,) on rows (M, d): (B,)."""
        eta = np.stack([rows @ block for block in np.split(theta, self.classes)])
        observed = self.indicators(labels)[:, :, None]
        return (self.cumulant(eta) - (observed * eta).sum(axis=0)).mean(axis=0)

    def held_out(self, rows: Array, labels: Array) -> tuple[Array, Array]:
        r"""Gradient (p,) and Hessian (p, p) of the held-out log-loss L at the truth, in the linearised estimate.

        The fit is a smooth function of its mean statistic :math:`\frac1N\sum_i x_i \otimes \bar y_i`. In
        :math:`\delta = I^{-1}` times the noise of that statistic it is
        :math:`\theta_0 + \delta - \tfrac12 I^{-1} T[\delta, \delta] + \dots`, with T the average of
        :math:`x_i^{\otimes 3} A^{(3)}_i`: the curvature of the model moves the fit where the linear term alone would
        not, on average by Cox and Snell's bias. So the Hessian of L is :math:`\nabla^2 L - T[I^{-1}\nabla L]`.
        """
        d, q = self.covariates.shape[1], self.classes
        eta = np.stack([rows @ column[:, None] for column in self.truth.T])
        mean = self.mean(eta)
        residual = mean - self.indicators(labels)[:, :, None]
        gradient = np.concatenate([rows.T @ part[:, 0] for part in residual]) / len(rows)
        hessian = np.zeros((q * d, q * d))
        for (a, b), part in zip(zip(*np.triu_indices(q), strict=True), self.variance(mean), strict=True):
            found = rows.T @ (part * rows) / len(rows)
            hessian[a * d : (a + 1) * d, b * d : (b + 1) * d] = found
            hessian[b * d : (b + 1) * d, a * d : (a + 1) * d] = found
        along = self.predictors(np.asarray(np.linalg.solve(self.information, gradient), dtype=np.float64)[:, None])
        turned = self.turned(self.mean(self.predictors(self.theta)), along)
        return gradient, hessian - self.gram(turned / len(self.covariates))[:, :, 0]

    def objective(self, trials: Array, sums: Array) -> Likelihood:
        """Minus the log-likelihood for weights (N, B) or (N, 1) of the rows and weighted sums (q, N, B) of labels."""
        return Likelihood(self, trials, sums)


@dataclass(frozen=True, eq=False)
class Likelihood:
    """F of every replicate, for :func:`numerics.estimation.newton.minimise`."""

    regression: Regression
    trials: Array
    sums: Array

    def predictors(self, theta: Array) -> Array:
        return self.regression.predictors(theta)

    def derivatives(self, predictors: Array) -> tuple[Array, Array]:
        mean = self.regression.mean(predictors)
        weights = self.regression.variance(mean)
        weights *= self.trials
        mean *= self.trials
        mean -= self.sums
        return self.regression.totals(mean), self.regression.gram(weights)

    def value(self, predictors: Array) -> Array:
        terms = self.trials * self.regression.cumulant(predictors) - (self.sums * predictors).sum(axis=0)
        return terms.sum(axis=0)

    def spread(self, change: Array) -> Array:
        return self.regression.spread(change)

    def recession(self, change: Array) -> Array:
        return self.regression.rise(self.trials, self.sums, change)

    def separated(self, replicate: int) -> bool:
        trials = np.broadcast_to(self.trials, self.sums.shape[1:])
        return separated(self.regression.halfspaces(trials[:, replicate], self.sums[:, :, replicate]))

    def select(self, replicates: NDArray[np.intp]) -> Likelihood:
        trials = self.trials if self.trials.shape[1] == 1 else self.trials[:, replicates]
        return Likelihood(self.regression, trials, self.sums[:, :, replicates])


def recoloured(noise: Array, covariance: Array, target: Array) -> Array:
    """Noise (p, B) of conditional covariance c·``covariance`` (p, p, B) as noise of covariance c·``target`` (p, p).

    Left as it is where the two are the same.
    """
    lower, _ = factor(covariance)
    return np.linalg.cholesky(target) @ forward(lower, noise)


def _finite(name: str, value: Any) -> Array:
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise DomainError(f"{name} = {quoted(value)} is not an array of numbers.") from None
    if not np.isfinite(found).all():
        raise DomainError(f"{name} holds a number that is not finite.")
    return found
