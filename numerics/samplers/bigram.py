r"""Chains of Markov chains: every block is a path, drawn token by token in all replicates at once.

A path starts from the law that the fitted chain tends to in the long run, :math:`f E`, f being the contexts of its
training data: its stationary law, of the one that it reaches where there are several. It is the limit of
:math:`\epsilon f (I - (1 - \epsilon) P)^{-1}` as ε → 0 (Abel), here at ε = 1e-8, where what is left out and what
rounding adds are both some 1e-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import rel_entr

from numerics.blocks import Sampler, block_size
from numerics.samplers.choose import sampler
from numerics.samplers.combination import Step, WeightedSum, kept_blocks
from numerics.samplers.counts import category_counts, nonnegative_plan, subsample_counts
from numerics.samplers.schedule import Schedule, schedule
from theory.errors import DomainError
from theory.models.bigram import PREVIOUS, Bigram
from theory.models.categories.transitions import Transitions
from theory.workflows.base import Workflow

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

#: How near to the long run a start is.
EPSILON = 1e-8


@dataclass(frozen=True)
class BigramChain:
    """Weights, or subsamples of the pool's pairs; ``keeps`` leaves rows of unseen contexts as they were.

    Attributes
    ----------
    truth, stationary : (K, K) and (K,), of the real data
    kind : the loss
    """

    truth: Array
    stationary: Array
    kind: str
    schedule: Schedule
    plan: tuple[Step, ...]
    keeps: bool

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (self.truth.size * (8 + kept_blocks(self.plan)) + 2 * self.schedule.generations))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table, size = self.schedule, len(self.truth)
        out = np.empty((table.generations, replicates))
        real = np.broadcast_to(self.truth, (replicates, size, size))
        start = at_rest = np.broadcast_to(self.stationary, (replicates, size))
        rows, before = real, np.full((replicates, size, size), 1 / size)
        pool = np.zeros((replicates, size**2), dtype=np.int64)
        blocks = WeightedSum(self.plan)
        for g in range(table.generations):
            pairs = pair_counts(rng, int(table.points[g]), rows, start)
            if table.subsampled:
                pool += pairs
                seen = self._subsample(rng, pool, g)
            else:
                fresh = None
                if table.fresh_weights[g]:
                    points = int(table.fresh_points[g])
                    fresh = pair_counts(rng, points, real, at_rest) / points
                seen = blocks.add(pairs / table.points[g], fresh)
            rows = fitted_rows(seen.reshape(replicates, size, size), before)
            start = long_run(rows, seen.reshape(replicates, size, size).sum(axis=2))
            before = rows if self.keeps else before
            self._judge(rows, out[g])
        return out

    def _subsample(self, rng: Generator, pool: Counts, g: int) -> Array:
        table = self.schedule
        drawn, total = int(table.drawn[g]), int(table.points[: g + 1].sum())
        if not drawn:
            return pool / total
        if table.replacement[g]:
            return category_counts(rng, drawn, pool / total) / drawn
        return subsample_counts(rng, pool, drawn) / drawn

    def _judge(self, rows: Array, out: Array) -> None:
        losses = rel_entr(self.truth, rows) if self.kind == "kl" else (rows - self.truth) ** 2
        out[:] = np.einsum("a,rab->r", self.stationary, losses)


def pair_counts(rng: Generator, pairs: int, rows: Array, start: Array) -> Counts:
    """How often each pair of neighbours occurs on a path of so many pairs: (replicates, K²)."""
    replicates, size = start.shape
    every = np.arange(replicates)
    steps: Array = np.cumsum(rows, axis=2)
    # Divided by its own end, so that no token of probability zero can be drawn.
    steps /= steps[:, :, -1:]
    first: Array = np.cumsum(start, axis=1)
    token = (rng.random((replicates, 1)) * first[:, -1:] >= first).sum(axis=1)
    counts = np.zeros((replicates, size, size), dtype=np.int64)
    for _ in range(pairs):
        following = (rng.random((replicates, 1)) >= steps[every, token]).sum(axis=1)
        counts[every, token, following] += 1
        token = following
    return counts.reshape(replicates, size**2)


def fitted_rows(pairs: Array, before: Array) -> Array:
    """Relative frequencies of what follows each token; the row before where it occurs nowhere."""
    contexts = pairs.sum(axis=2, keepdims=True)
    return np.divide(pairs, contexts, out=before.copy(), where=contexts > 0)


def long_run(rows: Array, contexts: Array) -> Array:
    """The law of the states in the long run, from a start, one row a replicate."""
    size = rows.shape[1]
    system = np.eye(size) - (1 - EPSILON) * rows.swapaxes(1, 2)
    found = np.linalg.solve(system, EPSILON * contexts[:, :, None])[:, :, 0]
    np.clip(found, 0, None, out=found)
    # What rounding leaves of a state that is never in the long run.
    found[found < 10 * EPSILON] = 0
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@sampler.register
def _(model: Bigram, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    if not isinstance(model.transitions, Transitions):
        raise DomainError(f"transitions of {model!r} are not given: a simulation needs each.")
    chain = model.transitions
    table = schedule(workflow, generations, int(model.n), keeps=True)  # type: ignore[arg-type]
    if (table.weights < 0).any() or (table.kept_or_newest < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: transitions need weights ≥ 0.")
    truth = np.array([[float(int(p.p) / int(p.q)) for p in row] for row in chain.rows])
    stationary = np.array([float(int(p.p) / int(p.q)) for p in chain.stationary])
    plan = nonnegative_plan(table)
    return BigramChain(truth, stationary, loss, table, plan, model.unseen == PREVIOUS)
