"""Many binomial laws at once, in double precision: counts of words among millions of tokens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Rows of binomial probabilities computed at a time.
CHUNK = 2**20


def real_counts(n: int, mass: Array, times: Array, most: int) -> tuple[Array, float]:
    """μ(0..most), the expected number of categories with each count among n real tokens, and μ beyond."""
    order = np.argsort(mass)
    mass, times = mass[order], times[order]
    # Far above ``most`` a count below it has no chance.
    far = n * mass - half_width(n * mass) > most + 1
    beyond = float(times[far].sum())
    mass, times = mass[~far], times[~far]
    law = np.zeros(most + 1)
    with np.errstate(divide="ignore"):
        odds = mass / (1 - mass)
    for block, column, chance in binomial_rows(n, mass, odds):
        weighted = chance * times[block, None]
        inside = (column >= 0) & (column <= most)
        law += np.bincount(column[inside], weights=weighted[inside], minlength=most + 1)
        beyond += float(weighted[column > most].sum())
    return law, beyond


def half_width(mean: ArrayLike) -> NDArray[np.int64]:
    """Binomial counts further from their mean have probability below 1e-17 (Chernoff), below 1e-30 for small means."""
    return np.ceil(8.8 * np.sqrt(np.asarray(mean, dtype=np.float64)) + 46).astype(np.int64)


def binomial_rows(n: int, p: Array, odds: Array) -> Iterator[tuple[slice, NDArray[np.int64], Array]]:
    r"""Binomial probabilities around the mode of each p, a chunk of rows at a time: rows, counts, probabilities.

    By the ratio :math:`b(j)/b(j-1) = \text{odds}\,(n - j + 1)/j` outwards from the mode, then divided by their sum: no
    Γ function of large argument, whose logarithm alone would cost 9 digits at n = 10^6. ``p`` is ascending.
    """
    start = 0
    while start < len(p):
        # Rows of about the same width: the widest comes last.
        stop = min(len(p), start + max(1, CHUNK // int(2 * half_width(n * p[start]) + 1)))
        while stop > start + 1 and half_width(n * p[stop - 1]) > 2 * half_width(n * p[start]):
            stop = start + max(1, (stop - start) // 2)
        rows = slice(start, stop)
        mode = np.minimum(np.floor((n + 1) * p[rows]), n).astype(np.int64)
        width = int(half_width(n * p[stop - 1]))
        steps = np.arange(1, width + 1)
        ratio = odds[rows, None]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            up = mode[:, None] + steps
            rising = np.cumprod(np.where(up <= n, ratio * ((n + 1 - up) / up), 0.0), axis=1)
            down = mode[:, None] - steps
            falling = np.cumprod(np.where(down >= 0, (down + 1) / ((n - down) * ratio), 0.0), axis=1)
        columns: NDArray[np.int64] = np.concatenate((down[:, ::-1], mode[:, None], up), axis=1)
        mass: Array = np.concatenate((falling[:, ::-1], np.ones((len(mode), 1)), rising), axis=1)
        mass /= mass.sum(axis=1, keepdims=True)
        yield rows, columns, mass
        start = stop
