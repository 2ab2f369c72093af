r"""Rows of weights as runs of equals: what a simulation of G generations needs without a table of G² numbers.

Row g of most workflows holds few different numbers: replace and fresh real data have :math:`(0, \dots, 0, w)`,
accumulate :math:`(1/g, \dots, 1/g)`, a window zeros and then equals. Where blocks of other sizes are pooled, row g is
:math:`s_j/N_g`: one list of sizes serves every row. Whatever else a workflow states is read entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from sympy import Expr, Rational, oo

from theory.errors import DomainError
from theory.workflows.base import Workflow, exact_weights

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Whole numbers up to this are doubles.
EXACT = 2**53
#: A table of the squares of more generations fits no memory.
MOST_ROWS_IN_A_TABLE = 10_000


@dataclass(frozen=True, eq=False)
class Runs:
    """Weights of blocks 0, 1, …: run k ends before block ``ends[k]``, and each of its blocks weighs ``values[k]``."""

    ends: Counts
    values: Floats

    @property
    def lengths(self) -> Counts:
        """Blocks of each run."""
        found = self.ends.copy()
        found[1:] -= self.ends[:-1]
        return found

    def runs(self) -> Runs:
        """Itself."""
        return self

    def dense(self) -> Floats:
        """One weight a block."""
        return np.repeat(self.values, self.lengths)

    def extended(self, values: Floats) -> Runs:
        """The same with more blocks after them."""
        ends = np.arange(self.ends[-1] + 1, self.ends[-1] + 1 + len(values))
        return Runs(np.concatenate((self.ends, ends)), np.concatenate((self.values, values)))

    def terms(self) -> list[tuple[int, float]]:
        """Blocks that have a weight, with it."""
        return [
            (j, value)
            for value, end, length in zip(self.values.tolist(), self.ends.tolist(), self.lengths.tolist(), strict=True)
            if value != 0
            for j in range(end - length, end)
        ]


class Row(Protocol):
    """One row."""

    def runs(self) -> Runs:
        """As runs of equals."""
        ...


@dataclass(frozen=True, eq=False)
class PooledRow:
    """Blocks ``first`` … ``last`` weighed by their sizes, which all rows share."""

    sizes: Floats
    first: int
    last: int

    def runs(self) -> Runs:
        """A run for each block, and one for all before."""
        used = self.sizes[self.first : self.last + 1]
        # Whole numbers that are doubles: each quotient is rounded once, as the fraction itself would be.
        values = used / used.sum()
        ends = np.arange(self.first + 1, self.last + 2)
        if self.first == 0:
            return Runs(ends, values)
        return Runs(np.concatenate(([self.first], ends)), np.concatenate(([0.0], values)))


class Rows(Sequence[Runs]):
    """The rows of generations 1..G."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)

    @classmethod
    def of(cls, table: Floats) -> Rows:
        """The rows of a lower triangular table."""
        return cls([Runs(np.arange(1, g + 2), row[: g + 1]) for g, row in enumerate(table)])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, g: int) -> Runs:  # type: ignore[override]
        return self._rows[g].runs()

    def table(self) -> Floats:
        """All rows, (G, G) and lower triangular.

        Raises
        ------
        DomainError
            When there are too many.
        """
        count = len(self)
        if count > MOST_ROWS_IN_A_TABLE:
            raise DomainError(
                f"generations = {count} is too many to simulate here: this sampler holds a table of their squares, "
                f"give {MOST_ROWS_IN_A_TABLE} or fewer."
            )
        table = np.zeros((count, count))
        for g, row in enumerate(self):
            table[g, : g + 1] = row.dense()
        return table


def weight_rows(workflow: Workflow, generations: int) -> Rows:
    """The weights of generations 1..G, verified as :func:`theory.workflows.exact_weights` does.

    Raises
    ------
    DomainError
        When a row is not g exact numbers that sum to one.
    """
    pooled = _pooled_by_size(workflow, generations)
    return Rows(pooled if pooled is not None else [_row(workflow, g) for g in range(1, generations + 1)])


def _row(workflow: Workflow, g: int) -> Runs:
    stated = workflow.weight_runs(g)
    if stated is None or not _is_whole(workflow, stated, g):
        weights = exact_weights(workflow, g)
        return Runs(np.arange(1, g + 1), np.array([float(weight) for weight in weights]))
    used = [(count, weight) for count, weight in stated if count > 0]
    return Runs(np.cumsum([count for count, _ in used]), np.array([float(weight) for _, weight in used]))


def fresh_row(workflow: Workflow, g: int) -> Floats:
    """Weights in model g of the real data of generations 1..g, (g,)."""
    stated = workflow.fresh_runs(g)
    if stated is None:
        return np.array([float(weight) for weight in workflow.fresh_weights(g)])
    return np.repeat([float(weight) for _, weight in stated], [count for count, _ in stated])


def _is_whole(workflow: Workflow, stated: Sequence[tuple[int, Expr]], g: int) -> bool:
    """Whether runs are of g fractions that sum to 1; what is not is looked at entry by entry, and refused there."""
    fresh = workflow.fresh_runs(g)
    if fresh is None:
        weights = workflow.fresh_weights(g) if workflow.keeps_fresh else [workflow.fresh_weight(g)] if g > 1 else []
        fresh = [(1, weight) for weight in weights]
    parts = [*stated, *fresh]
    if sum(count for count, _ in stated) != g or not all(isinstance(weight, Rational) for _, weight in parts):
        return False
    return sum((count * fmpq(weight.p, weight.q) for count, weight in parts), fmpq(0)) == 1


def _pooled_by_size(workflow: Workflow, generations: int) -> list[PooledRow] | None:
    """Rows of blocks of whole sizes that are pooled; None for equal ones, and for any other weights."""
    if workflow.random_sizes is not None or workflow.schedule.is_Rational or not workflow.pools_by_size:
        return None
    whole, total = [], 0
    for index in range(1, generations + 1):
        size = workflow.size(index)
        if not (size.is_Integer and size > 0):
            return None
        whole.append(int(size))
        total += int(size)
        if total > EXACT:
            return None
    sizes, pooled = np.array(whole, dtype=float), workflow.pooled
    length = generations if pooled == oo else int(pooled)  # type: ignore[arg-type]
    return [PooledRow(sizes, max(0, g - length), g - 1) for g in range(1, generations + 1)]
