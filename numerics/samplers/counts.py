r"""Chains of category probabilities: counts of a vocabulary, generation after generation.

The counts of a block are multinomial given the model it is drawn from. Under replace a category that is gone stays gone
and is drawn no more, so a chain of n tokens over a vocabulary of 10^5 soon handles a few categories. A subsample
of the pool is multivariate hypergeometric given the pool's counts, category after category or replicate after
replicate, whichever are fewer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import entr

from numerics.blocks import Sampler, block_size
from numerics.samplers.choose import sampler
from numerics.samplers.combination import Step, WeightedSum, kept_blocks, steps
from numerics.samplers.draws import MOST_OF_A_KIND, hypergeometric, multinomial, multivariate_hypergeometric
from numerics.samplers.schedule import Schedule, schedule
from numerics.samplers.subsets import subsets, with_replacement
from theory.errors import DomainError
from theory.models.categorical import Categorical
from theory.workflows.base import Workflow

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

# With this many categories a token, tokens are drawn and counted rather than every category's count; measured.
SPARSE = 2


@dataclass(frozen=True)
class CategoryLoss:
    """A loss of fitted probabilities, one row a replicate; ``gone`` is Σp² over categories that are left out."""

    kind: str

    def __call__(self, fitted: Array, truth: Array, gone: float, out: Array) -> None:
        if self.kind == "support":
            out[:] = np.count_nonzero(fitted, axis=1)
        elif self.kind == "diversity":
            out[:] = 1 - np.einsum("rk,rk->r", fitted, fitted)
        elif self.kind in ("entropy", "perplexity"):
            out[:] = entr(fitted).sum(axis=1)
            if self.kind == "perplexity":
                np.exp(out, out=out)
        else:
            error = fitted - truth
            out[:] = np.einsum("rk,rk->r", error, error) + gone


@dataclass(frozen=True)
class CategoryChain:
    """Deterministic weights. With ``tokens_drawn`` (raw) every token is drawn; else counts by their law."""

    truth: Array
    loss: CategoryLoss
    schedule: Schedule
    plan: tuple[Step, ...]
    tokens_drawn: bool

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        arrays = len(self.truth) * (5 + kept_blocks(self.plan)) + int(self.schedule.points.max()) * self.tokens_drawn
        return block_size(8 * (arrays + 2 * self.schedule.generations))

    @property
    def _newest_only(self) -> bool:
        table = self.schedule
        return bool((np.diag(table.weights) == 1).all())

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table, truth, gone = self.schedule, self.truth, 0.0
        out = np.empty((table.generations, replicates))
        real = np.broadcast_to(truth, (replicates, len(truth)))
        fitted: Array = real
        blocks = WeightedSum(self.plan)
        draw = token_counts if self.tokens_drawn else category_counts
        for g in range(table.generations):
            block = draw(rng, int(table.points[g]), fitted) / table.points[g]
            if self._newest_only:
                # A category gone from every replicate is gone for ever.
                alive = block.any(axis=0)
                gone += float(truth[~alive] @ truth[~alive])
                fitted, truth = block[:, alive], truth[alive]
            else:
                fresh = None
                if table.fresh_weights[g]:
                    fresh = draw(rng, int(table.fresh_points[g]), real) / table.fresh_points[g]
                fitted = blocks.add(block, fresh)
            self.loss(fitted, truth, gone, out[g])
        return out


@dataclass(frozen=True)
class CategoryPool:
    """Accumulate-subsample by counts: those of the pool, and of the tokens drawn from it."""

    truth: Array
    loss: CategoryLoss
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return block_size(8 * (6 * len(self.truth) + 2 * self.schedule.generations))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        fitted: Array = np.broadcast_to(self.truth, (replicates, len(self.truth)))
        pool = np.zeros(fitted.shape, dtype=np.int64)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            pool += category_counts(rng, count, fitted)
            filled += count
            if not drawn:
                fitted = pool / filled
            elif table.replacement[g]:
                fitted = category_counts(rng, drawn, pool / filled) / drawn
            else:
                fitted = subsample_counts(rng, pool, drawn) / drawn
            self.loss(fitted, self.truth, 0.0, out[g])
        return out


@dataclass(frozen=True)
class TokenPool:
    """Accumulate-subsample raw: every token is kept, and the subsample is drawn by its indices."""

    truth: Array
    loss: CategoryLoss
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        tokens = 2 * int(table.points.sum()) + 2 * int(table.drawn.max())
        return block_size(8 * (5 * len(self.truth) + tokens + 2 * table.generations))

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table, categories = self.schedule, len(self.truth)
        out = np.empty((table.generations, replicates))
        fitted: Array = np.broadcast_to(self.truth, (replicates, categories))
        pool = np.empty((replicates, int(table.points.sum())), dtype=np.int64)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            pool[:, filled : filled + count] = tokens(rng, count, fitted)
            filled += count
            chosen = pool[:, :filled]
            if drawn:
                take = with_replacement if table.replacement[g] else subsets
                chosen = np.take_along_axis(chosen, take(rng, filled, drawn, replicates), axis=1)
            fitted = counted(chosen, categories) / chosen.shape[1]
            self.loss(fitted, self.truth, 0.0, out[g])
        return out


def tokens(rng: Generator, count: int, probabilities: Array) -> Counts:
    """``count`` tokens for every row of probabilities, each drawn by the inverse distribution function."""
    drawn = np.empty((len(probabilities), count), dtype=np.int64)
    uniform = rng.random((len(probabilities), count))
    for row, chances in enumerate(probabilities):
        cumulative = np.cumsum(chances)
        # Divided by its own end, so that no category of probability zero can be drawn.
        cumulative /= cumulative[-1]
        drawn[row] = np.searchsorted(cumulative, uniform[row], side="right")
    return drawn


def counted(drawn: Counts, categories: int) -> Counts:
    """How often each category occurs in every row."""
    rows = len(drawn)
    offset = np.arange(rows)[:, None] * categories
    return np.bincount((drawn + offset).ravel(), minlength=rows * categories).reshape(rows, categories)


def token_counts(rng: Generator, count: int, probabilities: Array) -> Counts:
    """Counts of ``count`` tokens, each of them drawn."""
    return counted(tokens(rng, count, probabilities), probabilities.shape[1])


def category_counts(rng: Generator, count: int, probabilities: Array) -> Counts:
    """Multinomial counts of ``count`` tokens for every row of probabilities."""
    if SPARSE * count < probabilities.shape[1]:
        return token_counts(rng, count, probabilities)
    chances = probabilities / probabilities.sum(axis=1, keepdims=True)
    counts = multinomial(rng, count, chances)
    # What rounding leaves over goes to the last category, even to one of probability zero.
    astray = np.flatnonzero((counts[:, -1] > 0) & (chances[:, -1] == 0))
    if len(astray):
        counts[astray, chances[astray].argmax(axis=1)] += counts[astray, -1]
        counts[astray, -1] = 0
    return counts


def subsample_counts(rng: Generator, pool: Counts, drawn: int) -> Counts:
    """Counts of ``drawn`` tokens taken without replacement from every row of counts."""
    counts = np.zeros_like(pool)
    alive = np.flatnonzero(pool.any(axis=0))
    if len(pool) < len(alive):
        for row, colours in enumerate(pool):
            present = np.flatnonzero(colours)
            counts[row, present] = multivariate_hypergeometric(rng, colours[present], drawn)
        return counts
    left = np.full(len(pool), drawn)
    others = pool.sum(axis=1)
    for category in alive:
        others = others - pool[:, category]
        counts[:, category] = hypergeometric(rng, pool[:, category], others, left)
        left = left - counts[:, category]
    return counts


@sampler.register
def _(model: Categorical, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    table = schedule(workflow, generations, int(model.n), keeps=True)  # type: ignore[arg-type]
    if (table.weights < 0).any() or (table.fresh_weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: probabilities need weights ≥ 0.")
    truth = np.array(model.truth.each())
    measure = CategoryLoss(loss)
    if not table.subsampled:
        return CategoryChain(truth, measure, table, nonnegative_plan(table), raw)
    if raw:
        return TokenPool(truth, measure, table)
    if not table.replacement.any() and table.points.sum() >= MOST_OF_A_KIND:
        raise DomainError(
            f"n = {model.n} gives a pool of {table.points.sum()} tokens: subsamples are drawn from fewer than "
            f"{MOST_OF_A_KIND}."
        )
    return CategoryPool(truth, measure, table)


def nonnegative_plan(table: Schedule) -> tuple[Step, ...]:
    """A recursion that subtracts nothing: what is extinct stays exactly zero."""
    plan = table.plan
    if all(weight >= 0 for step in plan for _, weight in step.terms) and all(step.carry >= 0 for step in plan):
        return plan
    if table.kept is not None:
        raise DomainError("real data of earlier generations lose weight faster than blocks do: no sampler does that.")
    # A step after fresh real data is computed from scratch, and so are all of these.
    scratch = steps(table.weights, np.ones(table.generations))
    return tuple(replace(step, fresh=float(weight)) for step, weight in zip(scratch, table.fresh_weights, strict=True))
