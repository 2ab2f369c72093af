"""The loop of every chain whose models are functions of one weighted sum over blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.samplers.combination import Step, WeightedSum
from numerics.samplers.schedule import Schedule

Array = NDArray[Any]


def weighted_losses(
    table: Schedule,
    plan: tuple[Step, ...],
    truth: Array,
    draw: Callable[[Array, int], Array],
    fit: Callable[[int, Array], Array],
    judge: Callable[[Array, Array], None],
    replicates: int,
) -> Array:
    """Losses of generations 1..G: shape (G, replicates).

    Parameters
    ----------
    truth : what block 1, and real data drawn afresh, are drawn from
    draw : the statistic of a block, of a teacher and a number of points
    fit : the model of a row of the table (from 0), of the weighted sum of the statistics
    judge : writes the losses of a model to an array
    """
    out = np.empty((table.generations, replicates))
    fitted, blocks = truth, WeightedSum(plan)
    for g in range(table.generations):
        block, fresh = table.drawn_blocks(g, draw, fitted, truth)
        fitted = fit(g, blocks.add(block, fresh))
        judge(fitted, out[g])
    return out
