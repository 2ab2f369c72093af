r"""Generations of a canonical regression, and the linear chain that shadows them.

With weights w the fit of model g solves :math:`\sum_j w_{g,j} U_j = 0` in the scores of its blocks, and to first order
:math:`\theta_g - \theta_0 \approx \sum_j C_{g,j}\,\varepsilon_j` with
:math:`\varepsilon_j = I(\theta_0)^{-1} U_j(\theta_{j-1})`, plus the same for real blocks and for the draw of a
subsample. Given the past each score has a known covariance: :math:`I(\theta_{j-1})/n_j` for a block, and for a draw of
b out of N points that of the pool's own scores times 1/b − 1/N. Whitened by it and coloured by I(θ₀) they are
martingale differences of constant covariance, so

.. math:: E\Big\|\sum_j C_{g,j}\,\tilde\varepsilon_j\Big\|^2_{I(\theta_0)} = p\sum_j C_{g,j}^2/n_j

exactly, at every n: the universal prediction. The quadratic of this linear chain runs beside the fits on the same
random numbers and is subtracted from the loss. What is left is the finite-n correction itself, with a standard error
smaller by a factor of order :math:`\sqrt n`: a control variate whose mean is what is being tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.estimation.cholesky import Array
from numerics.estimation.newton import FITTED, minimise
from numerics.estimation.regression import Regression, recoloured
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.draws import multinomial
from numerics.samplers.schedule import Schedule
from numerics.samplers.subsets import subsets, with_replacement


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Mean log-loss of held-out rows (M, d) and labels (M,)."""

    rows: Array
    labels: Array


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss of the fit and its second-order form in the linear chain: c + ``gradient``·δ + δᵀ ``hessian`` δ/2.

    ``measure`` is "fisher", "excess" or held-out data; ``at_truth`` is c.
    """

    measure: str | HeldOut
    at_truth: float
    gradient: Array
    hessian: Array

    def __call__(self, regression: Regression, theta: Array) -> Array:
        if isinstance(self.measure, HeldOut):
            return regression.log_loss(theta, self.measure.rows, self.measure.labels)
        if self.measure == "excess":
            return regression.excess(theta)
        error = theta - regression.theta
        return np.einsum("pb,pb->b", error, regression.information @ error)

    def quadratic(self, linear: Array) -> Array:
        """δᵀ ``hessian`` δ/2 at δ of shape (p, B)."""
        return 0.5 * np.einsum("pb,pb->b", linear, self.hessian @ linear)


def loss_of(regression: Regression, measure: str | HeldOut) -> Loss:
    """The loss with its derivatives at the truth."""
    if isinstance(measure, HeldOut):
        gradient, hessian = regression.held_out(measure.rows, measure.labels)
        at_truth = float(regression.log_loss(regression.theta, measure.rows, measure.labels)[0])
        return Loss(measure, at_truth, gradient, hessian)
    scale = 2.0 if measure == "fisher" else 1.0
    return Loss(measure, 0.0, np.zeros(regression.parameters), scale * regression.information)


@dataclass(frozen=True, eq=False)
class Fitted:
    """One block of replicates.

    Attributes
    ----------
    losses : (G, B); nan from the generation on at which a fit failed
    level : c + gradient·δ of the linear chain, of mean c, (G, B); empty where there is no linear chain
    quadratic : δᵀ hessian δ/2 of the linear chain, (G, B); likewise
    status : why the fit of each generation failed, (G, B): of the first failure alone
    """

    losses: Array
    level: Array
    quadratic: Array
    status: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class RegressionChain:
    """Plain arrays and numbers: travels to processes.

    ``coefficients`` (G, 2G) are those of :class:`theory.design.pathway.Innovations`, blocks before fresh real data or
    draws.
    ``real`` are the labels of block 1 where they are given and not drawn, (N,).
    """

    regression: Regression
    schedule: Schedule
    plan: tuple[Step, ...]
    loss: Loss
    coefficients: Array
    real: Array | None = None

    @property
    def replicates_in_a_block(self) -> int:
        rows, q = len(self.regression.covariates), self.regression.classes
        table = self.schedule
        p = self.regression.parameters
        held = rows * q * (8 + kept_blocks(self.plan)) + 4 * table.generations * p
        # Small enough for the rows of all replicates to stay in cache between the passes of a Newton step.
        size = block_size(8 * held, 2**23)
        if table.subsampled:
            size = min(size, block_size(16 * int(table.points.sum()), 2**26))
        return size

    def pool_scatter(self, g: int) -> Array:
        """Covariance of the scores of the points in pool g (from 0), to leading order: (p, p).

        Synthetic labels follow the model, and theirs is Fisher's information. Given real labels need not, and of the
        pool's g + 1 equal blocks they are one.
        """
        information = self.regression.information
        if self.real is None:
            return information
        share = float(self.schedule.points[0] / self.schedule.points[: g + 1].sum())
        return share * self._real_scatter + (1 - share) * information

    @cached_property
    def _real_scatter(self) -> Array:
        model = self.regression
        assert self.real is not None
        residuals = model.indicators(self.real)[:, :, None] - model.mean(model.predictors(model.theta))
        pairs = zip(*np.triu_indices(len(residuals)), strict=True)
        products = np.stack([residuals[a] * residuals[b] for a, b in pairs])
        return model.gram(products / len(model.covariates))[:, :, 0]

    def run(self, rng: Generator, replicates: int) -> Fitted:
        """Draw and fit ``replicates`` chains."""
        table, model = self.schedule, self.regression
        losses = np.full((table.generations, replicates), np.nan)
        status = np.zeros((table.generations, replicates), dtype=np.int8)
        data = (_Pool if table.subsampled else _Blocks)(self, replicates)
        theta = np.repeat(model.theta, replicates, axis=1)
        alive = np.arange(replicates)
        for g in range(table.generations):
            trials, sums = data.generation(rng, g, model.mean(model.predictors(theta)))
            fits = minimise(model.objective(trials, sums), theta, alive)
            status[g] = fits.status
            theta = fits.theta
            alive = alive[fits.status[alive] == FITTED]
            if not len(alive):
                break
            losses[g, alive] = self.loss(model, theta[:, alive])
        linear = np.tensordot(self.coefficients, np.stack(data.innovations), axes=1)
        level = np.stack([self.loss.at_truth + self.loss.gradient @ state for state in linear])
        return Fitted(losses, level, np.stack([self.loss.quadratic(state) for state in linear]), status)


class _Data:
    """The data of all generations so far, of every replicate, and the innovations in them."""

    def __init__(self, chain: RegressionChain, replicates: int) -> None:
        self.chain, self.replicates = chain, replicates
        self.model, self.table = chain.regression, chain.schedule
        self.rows = len(self.model.covariates)
        # The blocks first; then real data drawn afresh, or the draws of subsamples, a generation each.
        width = chain.coefficients.shape[1]
        self.innovations: list[Array] = [np.zeros((self.model.parameters, replicates))] * width
        self.inverse = np.linalg.inv(self.model.information)

    def innovate(self, number: int, noise: Array, covariance: Array, target: Array) -> None:
        """Note an innovation: the noise of a mean score, given the past of a multiple of ``covariance``."""
        self.innovations[number] = self.inverse @ recoloured(noise, covariance, target)


class _Blocks(_Data):
    """Weighted unions of whole blocks: only their weighted statistics are kept."""

    def __init__(self, chain: RegressionChain, replicates: int) -> None:
        super().__init__(chain, replicates)
        self.sums = WeightedSum(chain.plan)
        self.trials = None if self.model.design == "shared" else WeightedSum(chain.plan)
        self.truth = self.model.mean(self.model.predictors(self.model.theta))

    def generation(self, rng: Generator, g: int, mean: Array) -> tuple[Array, Array]:
        """Weights of rows and weighted sums of labels that model g (from 0) is fitted on."""
        table = self.table
        real = self.chain.real if g == 0 else None
        trials, sums = self._block(rng, mean, int(table.points[g]), g, real)
        fresh = fresh_trials = None
        if table.fresh_weights[g]:
            truth = np.repeat(self.truth, self.replicates, axis=2)
            fresh_trials, fresh = self._block(rng, truth, int(table.fresh_points[g]), table.generations + g, None)
        total = self.sums.add(sums, fresh)
        if self.trials is None:
            return trials, total
        return self.trials.add(trials, fresh_trials), total

    def _block(self, rng: Generator, mean: Array, points: int, number: int, real: Array | None) -> tuple[Array, Array]:
        model = self.model
        if real is not None:
            sums = np.repeat(model.indicators(real)[:, :, None] / self.rows, self.replicates, axis=2)
            width = 1 if model.design == "shared" else self.replicates
            return np.full((self.rows, width), 1 / self.rows), sums
        if model.design == "shared":
            sums = model.sums(rng, mean, points // self.rows)
            shares = np.full((self.rows, 1), 1 / self.rows)
        else:
            counts = _drawn_rows(rng, self.rows, points, self.replicates)
            sums = model.sums(rng, mean, counts)
            shares = counts / points
        sums /= points
        self.innovate(number, model.totals(sums - shares * mean), model.information_at(mean), model.information)
        return shares, sums


def _drawn_rows(rng: Generator, rows: int, points: int, replicates: int) -> NDArray[np.int64]:
    """How often each row is drawn, with replacement: (rows, replicates)."""
    if points > 20 * rows:
        return np.ascontiguousarray(multinomial(rng, points, np.broadcast_to(1 / rows, (replicates, rows))).T)
    drawn = rng.integers(rows, size=(points, replicates))
    drawn *= replicates
    drawn += np.arange(replicates)
    return np.bincount(drawn.ravel(), minlength=rows * replicates).reshape(rows, replicates)


class _Pool(_Data):
    """Subsamples of the pool of all points: every row and label is kept."""

    def __init__(self, chain: RegressionChain, replicates: int) -> None:
        super().__init__(chain, replicates)
        total, q = int(self.table.points.sum()), self.model.classes
        self.drawn_rows = np.empty((replicates, total), dtype=np.int64)
        self.labels = np.empty((replicates, total))
        self.filled = 0
        self.trials = np.zeros((self.rows, replicates))
        self.sums = np.zeros((q, self.rows, replicates))
        self.products = np.zeros((q * (q + 1) // 2, self.rows, replicates))
        self.truth = self.model.mean(self.model.predictors(self.model.theta))

    def generation(self, rng: Generator, g: int, mean: Array) -> tuple[Array, Array]:
        """Weights of rows and weighted sums of labels that model g (from 0) is fitted on."""
        table, model = self.table, self.model
        points, drawn = int(table.points[g]), int(table.drawn[g])
        real = self.chain.real if g == 0 else None
        shape = (self.replicates, points)
        if model.design == "shared" or real is not None:
            rows = np.broadcast_to(np.tile(np.arange(self.rows), points // self.rows), shape)
        else:
            rows = rng.integers(self.rows, size=shape)
        if real is not None:
            labels = np.broadcast_to(np.tile(real, points // self.rows), shape)
        else:
            labels = model.labels(rng, mean[:, rows, np.arange(self.replicates)[:, None]])
        new = slice(self.filled, self.filled + points)
        self.drawn_rows[:, new], self.labels[:, new] = rows, labels
        self.filled += points
        trials, sums = self._statistics(rows, labels)
        self.trials += trials
        self.sums += sums
        if real is None:
            noise = model.totals(sums - trials * mean) / points
            self.innovate(g, noise, model.information_at(mean), model.information)
        self.products += self._scatter(rows, labels)
        if not drawn:
            return self.trials / self.filled, self.sums / self.filled
        pick = with_replacement if table.replacement[g] else subsets
        chosen = pick(rng, self.filled, drawn, self.replicates)
        trials, sums = self._statistics(
            np.take_along_axis(self.drawn_rows, chosen, axis=1), np.take_along_axis(self.labels, chosen, axis=1)
        )
        trials /= drawn
        sums /= drawn
        score = model.totals(sums - trials * self.truth)
        average = model.totals(self.sums - self.trials * self.truth) / self.filled
        # The finite-population variance of a simple random sample has divisor N − 1; the bootstrap's has N.
        freedom = self.filled if table.replacement[g] else self.filled - 1
        scatter = model.gram(self.products) / freedom
        scatter -= average[:, None] * average[None, :] * (self.filled / freedom)
        self.innovate(table.generations + g, score - average, scatter, self.chain.pool_scatter(g))
        return trials, sums

    def _statistics(self, rows: NDArray[np.int64], labels: Array) -> tuple[Array, Array]:
        """Counts and sums of labels by row: (N, B) and (q, N, B)."""
        cells = (rows * self.replicates + np.arange(self.replicates)[:, None]).ravel()
        size = self.rows * self.replicates
        indicators = self.model.indicators(labels)
        sums = [np.bincount(cells, weights=part.ravel(), minlength=size) for part in indicators]
        counts = np.bincount(cells, minlength=size).astype(np.float64)
        shaped = np.asarray(sums, dtype=np.float64).reshape(len(sums), self.rows, self.replicates)
        return counts.reshape(self.rows, self.replicates), shaped

    def _scatter(self, rows: NDArray[np.int64], labels: Array) -> Array:
        """Products of residuals at the truth, summed by row: (q(q+1)/2, N, B)."""
        cells = (rows * self.replicates + np.arange(self.replicates)[:, None]).ravel()
        residuals = self.model.indicators(labels) - self.truth[:, rows, 0]
        pairs = zip(*np.triu_indices(len(residuals)), strict=True)
        size = self.rows * self.replicates
        found = [np.bincount(cells, weights=(residuals[a] * residuals[b]).ravel(), minlength=size) for a, b in pairs]
        return np.asarray(found, dtype=np.float64).reshape(len(found), self.rows, self.replicates)
