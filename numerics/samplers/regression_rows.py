"""Regression from the rows themselves: every x and every label drawn, then refitted by least squares.

The raw check of every fresh design, and the only law at hand where a model sees a subsample of the rows or
where the number of rows crosses the number of features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import block_size
from numerics.samplers.schedule import Schedule

Array = NDArray[np.float64]
Rows: TypeAlias = tuple[Array, Array]


def truth_vectors(replicates: int, d: int, signal: float) -> Array:
    """True coefficients of squared length ``signal``, a row for each replicate."""
    truth = np.zeros((replicates, d))
    truth[:, 0] = np.sqrt(signal)
    return truth


def labelled(rng: Generator, teacher: NDArray[np.floating[Any]], rows: int, sigma: float) -> tuple[Array, Array]:
    """New rows x ~ N(0, I) and their labels by ``teacher``: shapes (B, rows, d) and (B, rows)."""
    design = rng.standard_normal((*teacher.shape[:1], rows, teacher.shape[1]))
    labels = (design @ teacher[:, :, None])[:, :, 0]
    labels += sigma * rng.standard_normal(labels.shape)
    return design, labels


def squared_error(truth: Array, fitted: NDArray[np.floating[Any]], out: Array) -> None:
    """‖fitted − truth‖² of every replicate, written to ``out``."""
    error = fitted - truth
    np.einsum("bd,bd->b", error, error, out=out)


def rows_in_a_block(table: Schedule, d: int) -> int:
    """Replicates drawn together where every row is kept: as many as fit into the cache or the memory of a block."""
    rows = int(table.points.sum() + table.fresh_points.max())
    return block_size(8 * (2 * table.generations + 3 * rows * (d + 1) + 3 * d**2), 2**25)


def refitted(table: Schedule, draw: Callable[[Array, int], Rows], truth: Array, repeated: bool = False) -> Array:
    """Losses of generations 1..G of weighted least squares on all rows with a weight: shape (G, replicates).

    Parameters
    ----------
    draw : rows and labels of a block, (B, rows, d) and (B, rows), of a teacher and a number of rows
    repeated : whether blocks repeat one design
    """
    out = np.empty((table.generations, len(truth)))
    fitted: NDArray[np.floating[Any]] = truth
    kept: dict[int, Rows] = {}
    for g in range(table.generations):
        kept[g], fresh = table.drawn_blocks(g, draw, fitted, truth)
        parts = [(kept[j], table.weights[g, j] / table.points[j]) for j in kept if table.weights[g, j] != 0]
        if fresh is not None:
            parts.append((fresh, table.fresh_weights[g] / table.fresh_points[g]))
        design = np.concatenate([x for (x, _), _ in parts], axis=1)
        labels = np.concatenate([y for (_, y), _ in parts], axis=1)
        scales = np.concatenate([np.full(y.shape[1], np.sqrt(weight)) for (_, y), weight in parts])
        fitted = least_squares(design * scales[:, None], labels * scales, repeated=repeated)
        squared_error(truth, fitted, out[g])
        kept = table.still_used(kept, g)
    return out


@dataclass(frozen=True)
class FreshMinimumNorm:
    """Fresh designs of any shape: all rows kept, weighted least squares, minimum norm while rows are too few."""

    d: int
    sigma: float
    signal: float
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        return rows_in_a_block(self.schedule, self.d)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""

        def draw(teacher: Array, count: int) -> Rows:
            return labelled(rng, teacher, count, self.sigma)

        return refitted(self.schedule, draw, truth_vectors(replicates, self.d, self.signal))


@dataclass(frozen=True)
class RowPool:
    """Accumulate-subsample: model g is fitted on rows drawn from the pool of all (x, y) so far."""

    d: int
    rows: int
    sigma: float
    signal: float
    shared: bool
    schedule: Schedule

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        pool = int(table.points.sum())
        kept = pool * 2 + (self.rows if self.shared else pool) * self.d
        fitted = 3 * int(np.where(table.drawn > 0, table.drawn, np.cumsum(table.points)).max()) * (self.d + 1)
        return block_size(8 * (2 * table.generations + kept + fitted), 2**25)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        size = int(table.points.sum())
        out = np.empty((table.generations, replicates))
        truth = truth_vectors(replicates, self.d, self.signal)
        fitted: NDArray[np.floating[Any]] = truth
        columns = np.arange(replicates)
        design = np.empty((replicates, self.rows if self.shared else size, self.d))
        if self.shared:
            rng.standard_normal(out=design)
        labels = np.empty((replicates, size))
        # The pool holds the positions of its points; drawing without replacement shuffles positions only.
        order = np.empty((size, replicates), dtype=np.int64)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            new = slice(filled, filled + count)
            order[new] = np.arange(filled, filled + count)[:, None]
            if self.shared:
                answers = np.einsum("btd,bd->bt", design, fitted)
                labels[:, new] = np.tile(answers, count // self.rows)
                labels[:, new] += self.sigma * rng.standard_normal((replicates, count))
            else:
                design[:, new], labels[:, new] = labelled(rng, fitted, count, self.sigma)
            filled += count
            if not drawn:
                chosen = order[:filled]
            elif table.replacement[g]:
                chosen = rng.integers(filled, size=(drawn, replicates))
            else:
                for first in range(drawn):
                    swap = rng.integers(first, filled, size=replicates)
                    picked = order[swap, columns]
                    order[swap, columns] = order[first]
                    order[first] = picked
                chosen = order[:drawn]
            picks = chosen.T
            positions = picks % self.rows if self.shared else picks
            rows = np.take_along_axis(design, positions[:, :, None], axis=1)
            repeated = self.shared or bool(table.replacement[g])
            fitted = least_squares(rows, np.take_along_axis(labels, picks, axis=1), repeated)
            squared_error(truth, fitted, out[g])
        return out


def least_squares(design: Array, labels: Array, repeated: bool = False) -> NDArray[np.floating[Any]]:
    """Least squares for every replicate, of minimum norm where the rows do not determine it.

    ``repeated`` says that rows may coincide, so that the rank is not known from the shape.
    """
    transposed = design.transpose(0, 2, 1)
    right = labels[:, :, None]
    if design.shape[1] >= design.shape[2]:
        gram, product = transposed @ design, transposed @ right
        solved = np.linalg.pinv(gram, hermitian=True) @ product if repeated else np.linalg.solve(gram, product)
    else:
        gram = design @ transposed
        dual = np.linalg.pinv(gram, hermitian=True) @ right if repeated else np.linalg.solve(gram, right)
        solved = transposed @ dual
    return solved[:, :, 0]
