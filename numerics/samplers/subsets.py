"""Random subsets: simple random samples without replacement, for many replicates at once."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

# Below this many candidates a chosen one, whole permutations are drawn instead; measured.
CROWDED = 4


def subsets(rng: Generator, candidates: int, chosen: int, replicates: int) -> NDArray[np.int64]:
    r"""Uniformly random subsets of ``range(candidates)``: shape (replicates, chosen), in no particular order.

    The first b distinct values of an independent uniform sequence are a uniformly random subset. Draw b values; as
    long as some coincide, draw as many new ones as there were repetitions. No draw beyond the b-th distinct value is
    ever used, so this is that sequence, and it ends after a few rounds when candidates are many. The cost is
    O(b log b) a replicate however large the pool: for 89 of 8900 a tenth of a partial Fisher–Yates shuffle in step,
    and a hundredth of partitioning random keys.
    """
    if candidates <= CROWDED * chosen:
        everything = np.broadcast_to(np.arange(candidates), (replicates, candidates))
        return rng.permuted(everything, axis=1)[:, :chosen]
    found = np.empty((replicates, chosen), dtype=np.int64)
    rows = np.arange(replicates)
    values = rng.integers(candidates, size=(replicates, chosen))
    while len(rows):
        values.sort(axis=1)
        repeated = values[:, 1:] == values[:, :-1]
        again = repeated.any(axis=1)
        found[rows[~again]] = values[~again]
        rows, values, repeated = rows[again], values[again], repeated[again]
        tail = values[:, 1:]
        tail[repeated] = rng.integers(candidates, size=int(repeated.sum()))
    return found


def with_replacement(rng: Generator, candidates: int, chosen: int, replicates: int) -> NDArray[np.int64]:
    """Independent uniform draws from ``range(candidates)``: shape (replicates, chosen)."""
    return rng.integers(candidates, size=(replicates, chosen))


def gathered(points: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """``points[b, chosen[b, i]]`` for points of shape (replicates, N, d): shape (replicates, b, d)."""
    replicates, held, dimension = points.shape
    flat = chosen + (np.arange(replicates) * held)[:, None]
    return np.take(points.reshape(replicates * held, dimension), flat, axis=0)
