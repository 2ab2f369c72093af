r"""Weighted sums over all blocks so far, at the least cost the weights allow.

:math:`\theta_g = \sum_{j\le g} w_{g,j} x_j` costs g operations a generation when computed from scratch.
For most workflows row g is a multiple of row g−1 but for a few entries, so that

.. math:: \theta_g = c_g\,\theta_{g-1} + \sum_{j \in J_g} (w_{g,j} - c_g w_{g-1,j})\, x_j

with a short list :math:`J_g`: replace and accumulate have g alone in it, a window of equal blocks the newest and
the one that leaves. The structure is read off the table of weights, whatever workflow it came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Ratios of rows that agree to this relative accuracy are the same fraction.
SAME = 1e-12


@dataclass(frozen=True)
class Step:
    """θ_g = carry·θ_{g−1} + Σ weight·x_block + fresh·x_real; ``done`` are blocks not needed afterwards.

    Real data of an earlier generation i that are weighed again are a block of number G + i.
    """

    carry: float
    terms: tuple[tuple[int, float], ...]
    fresh: float
    keep: bool
    done: tuple[int, ...]
    keep_fresh: bool = False


def steps(weights: NDArray[np.float64], fresh_weights: NDArray[np.float64]) -> tuple[Step, ...]:
    """The cheapest recursion for a table of weights (blocks numbered from 0).

    Fresh weights are those of the newest real data, (G,), or where older ones are kept those of all so far, (G, G).
    """
    kept = fresh_weights.ndim == 2
    real = fresh_weights if kept else np.diag(fresh_weights)
    count = len(weights)
    rows = []
    for g in range(count):
        # Blocks so far, then the real data of earlier generations.
        row, names = np.concatenate((weights[g, : g + 1], real[g, :g])), (*range(g + 1), *range(count, count + g))
        scratch = [(j, w) for j, w in enumerate(row) if w != 0]
        carry, terms = 0.0, scratch
        # Real data drawn afresh at g−1 that have no weight at g must not be carried over.
        if g > 0 and (kept or real[g - 1, g - 1] == 0):
            candidate, rest = _carried(row, np.concatenate((weights[g - 1, : g + 1], real[g - 1, :g])))
            if len(rest) < len(scratch):
                carry, terms = candidate, rest
        rows.append((carry, tuple((names[j], float(w)) for j, w in terms)))
    last_use = {j: g for g, (_, terms) in enumerate(rows) for j, _ in terms}
    return tuple(
        Step(
            carry=float(carry),
            terms=terms,
            fresh=float(real[g, g]),
            keep=last_use.get(g, g) > g,
            done=tuple(j for j, _ in terms if last_use[j] == g and j != g),
            keep_fresh=last_use.get(count + g, g) > g,
        )
        for g, (carry, terms) in enumerate(rows)
    )


def _carried(row: NDArray[np.float64], before: NDArray[np.float64]) -> tuple[float, list[tuple[int, float]]]:
    common = np.flatnonzero((row != 0) & (before != 0))
    if not len(common):
        return 0.0, [(j, w) for j, w in enumerate(row) if w != 0]
    ratios = row[common] / before[common]
    # The commonest ratio; rounding would split equal fractions, so neighbours in order are compared.
    ordered = np.sort(ratios)
    starts = np.flatnonzero(np.concatenate(([True], np.diff(ordered) > SAME * np.abs(ordered[1:]))))
    lengths = np.diff(np.concatenate((starts, [len(ordered)])))
    carry = ordered[starts[np.argmax(lengths)]]
    rest = row - carry * before
    rest[np.abs(rest) <= SAME * np.abs(carry * before)] = 0.0
    return float(carry), [(j, w) for j, w in enumerate(rest) if w != 0]


def kept_blocks(plan: tuple[Step, ...]) -> int:
    """The largest number of earlier blocks held at once."""
    held = most = 0
    for step in plan:
        held += step.keep + step.keep_fresh
        most = max(most, held)
        held -= len(step.done)
    return most


class WeightedSum:
    """Runs the recursion for one block of replicates; x_j are arrays of any shape, kept by reference."""

    def __init__(self, plan: tuple[Step, ...]) -> None:
        self.plan = plan
        self.generation = 0
        self.value: NDArray[np.float64] | None = None
        self.kept: dict[int, NDArray[np.float64]] = {}

    def add(self, block: NDArray[np.float64], fresh: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Append the next block and return the new weighted sum. The arrays given may be overwritten."""
        g = self.generation
        step = self.plan[g]
        self.kept[g] = block
        total: NDArray[np.float64] | None = None
        for j, weight in step.terms:
            passing = j == g and not step.keep
            term = _scaled(self.kept[j], weight, overwrite=passing)
            total = term if total is None else total + term
        if step.carry != 0.0 and self.value is not None:
            carried = _scaled(self.value, step.carry)
            total = carried if total is None else total + carried
        if step.keep_fresh:
            assert fresh is not None
            self.kept[len(self.plan) + g] = fresh
        if step.fresh != 0.0 and fresh is not None:
            term = _scaled(fresh, step.fresh, overwrite=not step.keep_fresh)
            total = term if total is None else total + term
        assert total is not None
        for j in step.done:
            del self.kept[j]
        if not step.keep:
            del self.kept[g]
        self.generation += 1
        self.value = total
        return total


def _scaled(array: NDArray[np.float64], factor: float, overwrite: bool = False) -> NDArray[np.float64]:
    if factor == 1.0:
        return array
    return np.multiply(array, factor, out=array if overwrite else None)
