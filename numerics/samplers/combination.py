r"""Weighted sums over all blocks so far, at the least cost the weights allow.

:math:`\theta_g = \sum_{j\le g} w_{g,j} x_j` costs g operations a generation when computed from scratch.
For most workflows row g is a multiple of row g−1 but for a few entries, so that

.. math:: \theta_g = c_g\,\theta_{g-1} + \sum_{j \in J_g} (w_{g,j} - c_g w_{g-1,j})\, x_j

with a short list :math:`J_g`: replace and accumulate have g alone in it, a window of equal blocks the newest and
the one that leaves. The structure is read off the rows of weights, whatever workflow they came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.samplers.weight_rows import Rows, Runs

Array = NDArray[np.float64]

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


def steps(weights: Rows | Array, fresh_weights: Array) -> tuple[Step, ...]:
    """The cheapest recursion for rows of weights, or a table of them (blocks numbered from 0).

    Fresh weights are those of the newest real data, (G,), or where older ones are kept those of all so far, (G, G).
    """
    table = weights if isinstance(weights, Rows) else Rows.of(weights)
    kept = fresh_weights.ndim == 2
    count = len(table)
    rows: list[tuple[float, tuple[tuple[int, float], ...]]] = []
    before: Runs | None = None
    for g, blocks in enumerate(table):
        # Blocks so far, then the real data of earlier generations.
        row = blocks.extended(fresh_weights[g, :g]) if kept else blocks
        carry, rest = 0.0, row
        # Real data drawn afresh at g−1 that have no weight at g must not be carried over.
        if before is not None and (kept or fresh_weights[g - 1] == 0):
            earlier = before.extended(np.zeros(1))
            candidate, left = _carried(row, earlier.extended(fresh_weights[g - 1, :g]) if kept else earlier)
            if _nonzero(left) < _nonzero(row):
                carry, rest = candidate, left
        # Real data of generation i have the number G + i; in the row they come after the g + 1 blocks.
        terms = tuple((j if j <= g else count + j - g - 1, weight) for j, weight in rest.terms())
        rows.append((carry, terms))
        before = blocks
    last_use = {j: g for g, (_, terms) in enumerate(rows) for j, _ in terms}
    newest = np.diag(fresh_weights) if kept else fresh_weights
    return tuple(
        Step(
            carry=float(carry),
            terms=terms,
            fresh=float(newest[g]),
            keep=last_use.get(g, g) > g,
            done=tuple(j for j, _ in terms if last_use[j] == g and j != g),
            keep_fresh=last_use.get(count + g, g) > g,
        )
        for g, (carry, terms) in enumerate(rows)
    )


def _nonzero(row: Runs) -> int:
    """Blocks that have a weight."""
    return int(row.lengths[row.values != 0].sum())


def _carried(row: Runs, before: Runs) -> tuple[float, Runs]:
    """The multiple of the row before that leaves fewest weights, and these."""
    ends = np.union1d(row.ends, before.ends)
    new, old = (runs.values[np.searchsorted(runs.ends, ends)] for runs in (row, before))
    common = np.flatnonzero((new != 0) & (old != 0))
    if not len(common):
        return 0.0, row
    ratios = new[common] / old[common]
    # The commonest ratio; rounding would split equal fractions, so neighbours in order are compared.
    order = np.argsort(ratios, kind="stable")
    ordered = ratios[order]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(ordered) > SAME * np.abs(ordered[1:]))))
    lengths = np.add.reduceat(Runs(ends, new).lengths[common][order], starts)
    carry = ordered[starts[np.argmax(lengths)]]
    rest = new - carry * old
    rest[np.abs(rest) <= SAME * np.abs(carry * old)] = 0.0
    return float(carry), Runs(ends, rest)


def kept_blocks(plan: tuple[Step, ...]) -> int:
    """The largest number of earlier blocks held at once."""
    held = most = 0
    for step in plan:
        held += step.keep + step.keep_fresh
        most = max(most, held)
        held -= len(step.done)
    return most


class WeightedSum:
    """Runs the recursion for one block of replicates; x_j are arrays of any shape, kept by reference.

    ``passing``: whether the caller is done with a sum when it appends the next block, so that it may be overwritten.
    """

    def __init__(self, plan: tuple[Step, ...], passing: bool = False) -> None:
        self.plan = plan
        self.passing = passing
        self.spare = False
        self.generation = 0
        self.value: NDArray[np.float64] | None = None
        self.kept: dict[int, NDArray[np.float64]] = {}

    def add(self, block: NDArray[np.float64], fresh: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Append the next block and return the new weighted sum. The arrays given may be overwritten."""
        g = self.generation
        step = self.plan[g]
        self.kept[g] = block
        total: NDArray[np.float64] | None = None
        owned = False  # whether the sum so far is held by nobody else, and may be added to in place
        for j, weight in step.terms:
            passing = j == g and not step.keep
            term = _scaled(self.kept[j], weight, overwrite=passing)
            total, owned = _added(total, owned, term, passing or term is not self.kept[j])
        if step.carry != 0.0 and self.value is not None:
            carried = _scaled(self.value, step.carry, overwrite=self.spare)
            total, owned = _added(total, owned, carried, self.spare or carried is not self.value)
        if step.keep_fresh:
            assert fresh is not None
            self.kept[len(self.plan) + g] = fresh
        if step.fresh != 0.0 and fresh is not None:
            term = _scaled(fresh, step.fresh, overwrite=not step.keep_fresh)
            total, owned = _added(total, owned, term, not step.keep_fresh or term is not fresh)
        assert total is not None
        for j in step.done:
            del self.kept[j]
        if not step.keep:
            del self.kept[g]
        self.generation += 1
        self.value, self.spare = total, owned and self.passing
        return total


def _added(
    total: NDArray[np.float64] | None, owned: bool, term: NDArray[np.float64], passing: bool
) -> tuple[NDArray[np.float64], bool]:
    """The sum with one more term, in the place of one that nobody else holds; and whether nobody else holds it."""
    if total is None:
        return term, passing
    if owned:
        return np.add(total, term, out=total), True
    return np.add(total, term, out=term if passing else None), True


def _scaled(array: NDArray[np.float64], factor: float, overwrite: bool = False) -> NDArray[np.float64]:
    if factor == 1.0:
        return array
    return np.multiply(array, factor, out=array if overwrite else None)
