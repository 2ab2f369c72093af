"""A chain of fitted means whose sampler leans and whose estimator shrinks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.losses import Measure
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.families import Kind, Normal, averaged_points
from numerics.samplers.pool import PointPool
from numerics.samplers.posterior import posterior_draw
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]


def affine(share: float, values: Array, other: float) -> Array:
    """share·values + (1 − share)·other; the values themselves where the share is 1."""
    if share == 1.0:
        return values
    mixed = share * values
    mixed += (1 - share) * other
    return mixed


@dataclass(frozen=True)
class Bending:
    r"""The affine maps between, and the family that points are drawn from.

    .. math:: \theta_g = K_g\,\bar x_g + (1 - K_g)\,m, \qquad E[x \mid \theta_{g}] = \tau\,\theta_{g} + (1 - \tau)\,t.

    Attributes
    ----------
    kept : K_g, (G,)
    weights : N_g + κ, the samples that the posterior of model g counts for, (G,)
    prior, fidelity, target, dispersion : m, τ, t in the coordinates of ``kind``, and the factor of sampled variances
    drawn : whether θ_g is a draw from that posterior
    """

    kind: Kind
    truth: float
    kept: Array
    weights: Array
    prior: float
    fidelity: float
    target: float
    dispersion: float
    drawn: bool

    @property
    def sampled(self) -> Kind:
        """The family of sampled points: only a normal law has a variance of its own."""
        if not isinstance(self.kind, Normal):
            return self.kind
        return replace(self.kind, index=self.kind.index * self.dispersion)

    def source(self, g: int, fitted: Array) -> tuple[Kind, Array]:
        """Law and mean of block ``g`` (from 0), drawn from the model before."""
        if g == 0:
            return self.kind, np.full_like(fitted, self.truth)
        return self.sampled, affine(self.fidelity, fitted, self.target)

    def model(self, g: int, rng: Generator, mean: Array) -> Array:
        """What model ``g`` (from 0) makes of the mean of its data."""
        fitted = affine(float(self.kept[g]), self.kind.within(mean), self.prior)
        return posterior_draw(self.kind, rng, fitted, float(self.weights[g])) if self.drawn else fitted


@dataclass(frozen=True)
class BentChain:
    """As :class:`numerics.samplers.mean_chain.MeanChain`, with a bend.

    ``points_drawn`` says whether every point is drawn (raw), or block means from their own law; ``scale`` is the unit
    in which the bias of real data is told.
    """

    bend: Bending
    loss: Measure
    schedule: Schedule
    plan: tuple[Step, ...]
    points_drawn: bool
    scale: float = 1.0

    @property
    def generations(self) -> int:
        """G."""
        return self.schedule.generations

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        arrays = 2 * self.schedule.generations + 5 + kept_blocks(self.plan)
        return block_size(8 * arrays)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of independent chains, (G, replicates)."""
        out = np.empty((self.schedule.generations, replicates))
        deque(self.each(rng, out), maxlen=0)
        return out

    def each(self, rng: Generator, rows: Array) -> Iterator[Array]:
        """The losses of one generation after the other, each in the next of ``rows`` (any number, replicates)."""
        table, bend = self.schedule, self.bend
        truth = np.full(rows.shape[1], bend.truth)
        blocks = WeightedSum(self.plan)
        fitted = truth
        for g in range(table.generations):
            kind, mean = bend.source(g, fitted)
            real = table.truth_at(g, truth, self.scale)
            block = self._mean(rng, kind, mean if g else real, int(table.points[g]))
            fresh = None
            if table.fresh_weights[g]:
                fresh = self._mean(rng, bend.kind, real, int(table.fresh_points[g]))
            fitted = bend.model(g, rng, blocks.add(block, fresh))
            row = rows[g % len(rows)]
            self.loss(fitted, row)
            yield row

    def _mean(self, rng: Generator, kind: Kind, mean: Array, count: int) -> Array:
        if self.points_drawn:
            return averaged_points(kind, rng, mean, count)
        return kind.block_mean(rng, mean, count)


@dataclass(frozen=True)
class BentPool(PointPool):
    """As :class:`numerics.samplers.pool.PointPool`, with a bend: every point is drawn and kept."""

    bend: Bending = field(kw_only=True)

    def _points(self, rng: Generator, g: int, fitted: Array, count: int) -> Array:
        kind, mean = self.bend.source(g, fitted)
        return kind.points(rng, mean, count)

    def _model(self, rng: Generator, g: int, mean: Array) -> Array:
        return self.bend.model(g, rng, mean)
