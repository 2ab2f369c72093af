r"""Chains of fitted means on blocks of random size.

Every replicate draws its own sizes. A model is a pool's mean :math:`T_g/M_g`, whose parts move by the newest block,

.. math:: T_g = q_g T_{g-1} + N_g\,\bar x_g, \qquad M_g = q_g M_{g-1} + N_g,

with q = 1 for a pool, less for one that forgets; a window takes out the block that leaves. Replace, and weights that do
not look at sizes, are tables as ever. Replicates whose blocks are alike are drawn together.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import Sampler, block_size
from numerics.losses import Divergence, Measure, SquaredError
from numerics.samplers.families import Kind, Normal, averaged_points, canonical_family
from theory.errors import DomainError
from theory.models.base import Model
from theory.models.bent import BiasedSampler
from theory.models.exponential_family import ExponentialFamily
from theory.models.regular import Regular
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow, exact_weights, weighs_as
from theory.workflows.contaminated_pool import ContaminatedPool
from theory.workflows.forgetting import Forgetting
from theory.workflows.window import SlidingWindow

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """What a block is drawn from: the family, the truth, and how a sampler leans."""

    kind: Kind
    truth: float
    measure: Measure
    unit: int
    dimension: int = 1
    fidelity: float = 1.0
    target: float = 0.0


@singledispatch
def source(model: Any, loss: str) -> Source:
    """What blocks of a model are drawn from."""
    raise DomainError(f"model = {model!r} has no sampler for blocks of random size: give a family, or Regular.")


@source.register
def _(model: ExponentialFamily, loss: str) -> Source:
    family = canonical_family(model)
    if loss == "kl":
        measure: Measure = Divergence(family.name, family.kind.index, family.truth)
    elif loss == "squared":
        measure = SquaredError(family.truth, abs(family.scale))
    else:
        raise DomainError(f"loss = {loss!r} has no sampler for blocks of random size: give 'squared' or 'kl'.")
    return Source(family.kind, family.truth, measure, int(model.n))


@source.register
def _(model: BiasedSampler, loss: str) -> Source:
    if not isinstance(model.family, ExponentialFamily) or loss != "squared" or model.dispersion != 1:
        raise DomainError(f"model = {model!r} has no sampler for blocks of random size.")
    family, plain, bend = canonical_family(model.family), source(model.family, loss), model.bend
    target = float(bend.target) / family.scale + family.truth
    return Source(plain.kind, plain.truth, plain.measure, plain.unit, 1, float(bend.fidelity), target)


@source.register
def _(model: Regular, loss: str) -> Source:
    return Source(Normal(1.0), 0.0, SquaredError(), int(model.n), int(model.p))  # type: ignore[arg-type]


def random_sizes_sampler(model: Model, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    """The sampler of a model with numbers under a workflow with blocks of random size."""
    assert workflow.random_sizes is not None
    drawn = source(model, loss)
    if workflow.biased_real:
        raise DomainError(f"{workflow.name} draws biased real data in blocks of random size: it has no sampler.")
    chances = np.array([float(chance) for chance in workflow.random_sizes.chances_that_matter()])
    real = np.zeros(generations)
    if isinstance(workflow, ContaminatedPool):
        real[1:] = [float(workflow.fraction(g)) for g in range(2, generations + 1)]
        wrong = next((g for g in range(2, generations + 1) if not (workflow.fraction(g) * drawn.unit).is_Integer), None)
        if wrong is not None:
            raise DomainError(
                f"real = {workflow.real} of {drawn.unit} rows is no whole number at generation {wrong}: a simulation "
                f"needs whole numbers of real rows in every block."
            )
    return RandomSizesChain(drawn, chances, _fit(workflow, generations), real, generations, raw)


@dataclass(frozen=True)
class Fit:
    """A table of weights, or how much of the pool is kept at each generation and for how many blocks."""

    table: Array | None = None
    rates: Array | None = None
    blocks: int | None = None


def _fit(workflow: Workflow, generations: int) -> Fit:
    workflow = workflow.simplest()
    if not workflow.weighs_by_size:
        table = np.zeros((generations, generations))
        for g in range(1, generations + 1):
            table[g - 1, :g] = [float(weight) for weight in exact_weights(workflow, g)]
        return Fit(table=table)
    if weighs_as(workflow, Forgetting):
        return Fit(rates=np.array([1.0, *(float(workflow.rate_at(g)) for g in range(2, generations + 1))]))
    if weighs_as(workflow, SlidingWindow):
        return Fit(rates=np.ones(generations), blocks=int(workflow.k))
    if weighs_as(workflow, Accumulate) or weighs_as(workflow, ContaminatedPool):
        return Fit(rates=np.ones(generations))
    raise DomainError(f"{type(workflow).__name__} with blocks of random size has no sampler.")


@dataclass(frozen=True)
class RandomSizesChain:
    """Chains of means; ``points_drawn`` says whether every point is drawn, or block means from their own law."""

    source: Source
    chances: Array
    fit: Fit
    real: Array
    generations: int
    points_drawn: bool

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        held = self.generations if self.fit.table is not None else (self.fit.blocks or 1)
        return block_size(8 * (2 * self.generations + self.source.dimension * (6 + 2 * held)))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        source, kind = self.source, self.source.kind
        out = np.empty((self.generations, replicates))
        shape = replicates if source.dimension == 1 else (source.dimension, replicates)
        truth = np.full(shape, source.truth)
        fitted, means = truth, []
        total, mass = np.zeros(shape), np.zeros(replicates)
        window: deque[tuple[Array, Counts]] = deque()
        cumulative = np.cumsum(self.chances)
        for g in range(self.generations):
            sizes = np.searchsorted(cumulative, rng.random(replicates) * cumulative[-1], side="right") + 1
            sizes = np.minimum(sizes, len(cumulative))
            block = self._block(rng, g, fitted, truth, sizes)
            if self.fit.table is not None:
                means.append(block)
                weights = self.fit.table[g]
                fitted = sum((weights[i] * means[i] for i in range(g + 1) if weights[i] != 0), np.zeros(shape))
            else:
                rate = self.fit.rates[g]  # type: ignore[index]
                total, mass = rate * total + sizes * block, rate * mass + sizes
                if self.fit.blocks is not None:
                    window.append((block, sizes))
                    if len(window) > self.fit.blocks:
                        old, gone = window.popleft()
                        total, mass = total - gone * old, mass - gone
                fitted = total / mass
            fitted = kind.within(fitted)
            source.measure(fitted, out[g])
        return out

    def _block(self, rng: Generator, g: int, fitted: Array, truth: Array, sizes: Counts) -> Array:
        """The mean of the block of row g, its real rows among them."""
        source = self.source
        if g == 0:
            return self._means(rng, truth, sizes * source.unit)
        centre = source.fidelity * fitted + (1 - source.fidelity) * source.target if source.fidelity != 1 else fitted
        if not self.real[g]:
            return self._means(rng, centre, sizes * source.unit)
        real = np.rint(self.real[g] * source.unit).astype(np.int64)
        if real == source.unit:
            return self._means(rng, truth, sizes * source.unit)
        share = real / source.unit
        kept = self._means(rng, truth, sizes * real)
        return share * kept + (1 - share) * self._means(rng, centre, sizes * (source.unit - real))

    def _means(self, rng: Generator, mean: Array, counts: Counts) -> Array:
        drawn = np.empty_like(mean)
        for count in np.unique(counts):
            alike = np.flatnonzero(counts == count)
            draw = averaged_points if self.points_drawn else _block_mean
            drawn[..., alike] = draw(self.source.kind, rng, mean[..., alike], int(count))
        return drawn


def _block_mean(kind: Kind, rng: Generator, mean: Array, count: int) -> Array:
    return kind.block_mean(rng, mean, count)
