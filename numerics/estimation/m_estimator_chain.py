"""Generations of an M-estimator: every point is drawn, and kept for as long as some model is fitted on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from numerics.blocks import block_size
from numerics.estimation.cholesky import Array
from numerics.estimation.m_estimator import MEstimator
from numerics.estimation.newton import FITTED
from numerics.estimation.regression_chain import Fitted
from numerics.samplers.schedule import Schedule
from numerics.samplers.subsets import subsets, with_replacement


@dataclass(frozen=True, eq=False)
class MEstimatorChain:
    """The fits of all generations, and their squared errors in the estimator's metric."""

    estimator: MEstimator
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table, p = self.schedule, self.estimator.parameters
        points = int(table.points.sum() + table.fresh_points.max())
        return block_size(8 * points * (3 + p + p * p), 2**26)

    def run(self, rng: Generator, replicates: int) -> Fitted:
        """Draw and fit ``replicates`` chains."""
        table, model = self.schedule, self.estimator
        losses = np.full((table.generations, replicates), np.nan)
        status = np.zeros((table.generations, replicates), dtype=np.int8)
        truth = np.repeat(model.truth[:, None], replicates, axis=1)
        theta = truth.copy()
        alive = np.arange(replicates)
        kept: dict[int, Array] = {}
        for g in range(table.generations):
            kept[g] = model.sample(rng, theta.T, int(table.points[g]))
            used = [j for j in kept if table.weights[g, j] != 0]
            blocks = [kept[j] for j in used]
            shares = [np.full(int(table.points[j]), table.weights[g, j] / table.points[j]) for j in used]
            if table.fresh_weights[g]:
                count = int(table.fresh_points[g])
                blocks.append(model.sample(rng, truth.T, count))
                shares.append(np.full(count, table.fresh_weights[g] / count))
            points, weights = np.concatenate(blocks, axis=1), np.concatenate(shares)
            if table.drawn[g]:
                pick = with_replacement if table.replacement[g] else subsets
                chosen = pick(rng, points.shape[1], int(table.drawn[g]), replicates)
                points = points[np.arange(replicates)[:, None], chosen]
                weights = np.full(points.shape[1], 1 / points.shape[1])
            fits = model.fit(points[alive], weights, theta[:, alive])
            status[g, alive] = fits.status
            theta[:, alive] = fits.theta
            alive = alive[fits.status == FITTED]
            if not len(alive):
                break
            error = (theta - truth)[:, alive]
            losses[g, alive] = np.einsum("pb,pb->b", error, model.metric @ error)
            kept = table.still_used(kept, g)
        return Fitted(losses, np.empty((0, replicates)), np.empty((0, replicates)), status)
