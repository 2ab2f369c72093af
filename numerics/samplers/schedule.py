"""A workflow as plain tables: what each generation of a simulation weighs, and how many points it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, sympify

from numerics.samplers.combination import Step, steps
from numerics.samplers.weight_rows import Rows, fresh_row, weight_rows
from theory.errors import DomainError
from theory.workflows.base import Workflow

Array = NDArray[Any]
Block = TypeVar("Block")

# Counts are held in doubles.
MOST_POINTS = 2**53


@dataclass(frozen=True)
class Schedule:
    """Tables over generations 1..G (row g−1 is generation g).

    Attributes
    ----------
    rows : weights of blocks, a row a generation
    points : points in each block, (G,)
    fresh_weights, fresh_points : of the real points drawn afresh, (G,)
    drawn : points of the random subsample that the model is fitted on, 0 when it is fitted on all, (G,)
    replacement : whether they are drawn with replacement, (G,)
    kept : weights of all fresh real points so far where earlier ones have one too, (G, G); None where they have none
    bias : how far from the truth the real points of each generation are on average, (G,)
    """

    rows: Rows
    points: NDArray[np.int64]
    fresh_weights: NDArray[np.float64]
    fresh_points: NDArray[np.int64]
    drawn: NDArray[np.int64]
    replacement: NDArray[np.bool_]
    kept: NDArray[np.float64] | None = None
    bias: NDArray[np.float64] | None = None

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """The rows as a table, (G, G) and lower triangular."""
        return self.rows.table()

    @cached_property
    def plan(self) -> tuple[Step, ...]:
        """The cheapest recursion for the weighted sums of blocks and real points."""
        return steps(self.rows, self.real)

    @property
    def real(self) -> NDArray[np.float64]:
        """Weights of fresh real points: (G, G) where earlier ones are kept, else of the newest, (G,)."""
        return self.fresh_weights if self.kept is None else self.kept

    @property
    def fresh_in_use(self) -> NDArray[np.int64]:
        """Fresh real points that have a weight in each model, (G,)."""
        return (self.kept_or_newest != 0) @ self.fresh_points

    @property
    def kept_or_newest(self) -> NDArray[np.float64]:
        """Weights of fresh real points, (G, G)."""
        return np.diag(self.fresh_weights) if self.kept is None else self.kept

    def truth_at(self, g: int, truth: Array, scale: float = 1.0) -> Array:
        """The mean of the real points of row g, with their bias in units of ``scale``."""
        shift = 0.0 if self.bias is None else self.bias[g] / scale
        return truth + shift if shift else truth

    @property
    def generations(self) -> int:
        """G."""
        return len(self.points)

    @property
    def subsampled(self) -> bool:
        """Whether some generation is fitted on a random subsample."""
        return bool(self.drawn.any())

    def still_used(self, kept: Mapping[int, Block], g: int) -> dict[int, Block]:
        """Of the blocks by their rows, those that a model after that of row g is fitted on."""
        return {row: block for row, block in kept.items() if self._last_uses[row] > g}

    @cached_property
    def _last_uses(self) -> list[int]:
        return [int(np.flatnonzero(column)[-1]) if column.any() else -1 for column in self.weights.T]

    def drawn_blocks(
        self, g: int, draw: Callable[[Array, int], Block], fitted: Array, truth: Array
    ) -> tuple[Block, Block | None]:
        """The block of row g, ``draw(fitted, points)``, and the real data drawn afresh beside it, where there are."""
        block = draw(fitted, int(self.points[g]))
        return block, draw(truth, int(self.fresh_points[g])) if self.fresh_weights[g] else None


def schedule(workflow: Workflow, generations: int, unit: int, keeps: bool = False, biased: bool = False) -> Schedule:
    """Tables of ``workflow`` for blocks of ``unit`` points; whether the caller has a use for real points that are kept
    for later models, and for such as are biased.

    Raises
    ------
    DomainError
        When a block would hold a fraction of a point, or a subsample is taken of a pool it does not describe.
    """
    workflow_name = type(workflow).__name__
    if workflow.keeps_fresh and not keeps:
        raise DomainError(f"{workflow_name} keeps real data of every generation: this model has no sampler for that.")
    if workflow.biased_real and not biased:
        raise DomainError(f"{workflow_name} draws biased real data: this model has no sampler for that.")
    points = np.zeros(generations, dtype=np.int64)
    fresh_weights = np.zeros(generations)
    fresh_points = np.zeros(generations, dtype=np.int64)
    drawn = np.zeros(generations, dtype=np.int64)
    replacement = np.zeros(generations, dtype=np.bool_)
    kept = np.zeros((generations, generations)) if workflow.keeps_fresh else None
    bias = (
        np.array([float(workflow.fresh_bias(g)) for g in range(1, generations + 1)]) if workflow.biased_real else None
    )
    for row in range(generations):
        g = row + 1
        points[row] = _whole(f"sizes = {workflow.sizes} of {workflow_name} give block {g}", workflow.size(g), unit)
        if g > 1 and workflow.fresh_weight(g) != 0:
            fresh_weights[row] = float(workflow.fresh_weight(g))
            fresh_points[row] = _whole(
                f"{workflow_name} draws, at generation {g}, real data of", workflow.fresh_size(g), unit
            )
        if kept is not None:
            kept[row, :g] = fresh_row(workflow, g)
        draw = workflow.draw(g)
        if draw is not None:
            size = _whole(f"budget = {draw.size} of {workflow_name} draws", draw.size, unit)
            pool = int(points[:g].sum())
            if draw.replacement or size < pool:
                drawn[row], replacement[row] = size, draw.replacement
    rows = weight_rows(workflow, generations)
    tables = Schedule(rows, points, fresh_weights, fresh_points, drawn, replacement, kept, bias)
    if tables.subsampled:
        _verify_pool(tables, workflow_name)
    return tables


def _whole(what: str, size: Expr, unit: int) -> int:
    count = sympify(size) * unit
    if not (count.is_Integer and count > 0):
        raise DomainError(f"{what} {size}·{unit} = {count} points: a simulation needs a whole number, 1 or more.")
    if count > MOST_POINTS:
        raise DomainError(f"{what} {size}·{unit} = {count} points: a simulation counts exactly up to 2^53 only.")
    return int(count)


def _verify_pool(tables: Schedule, name: str) -> None:
    if tables.fresh_weights.any():
        raise DomainError(f"{name} subsamples and draws fresh real data: only one of the two can be simulated.")
    total = np.cumsum(tables.points)
    if not all(
        np.allclose(row.dense(), tables.points[: g + 1] / total[g], rtol=1e-12, atol=0)
        for g, row in enumerate(tables.rows)
    ):
        raise DomainError(f"{name} subsamples a pool whose blocks have unequal weights: weigh blocks by their size.")
