r"""Binomial draws with a different probability each, from tables.

NumPy sets up its algorithm anew for every probability, which costs more than the draw. For one number N of
trials, tabulate the distribution function at the M + 1 probabilities i/M. With :math:`i = \lfloor pM \rfloor` and
:math:`q = (p - i/M)/(1 - i/M)`,

.. math:: X = X_1 + X_2, \qquad X_1 \sim \mathrm{Bin}(N, i/M), \quad X_2 \mid X_1 \sim \mathrm{Bin}(N - X_1, q)

is Bin(N, p): a trial that failed gets the rest of its chance. X_1 is drawn by inversion from a guide table (Chen
and Asau 1974); X_2 is almost always 0, as :math:`P(X_2 > 0) \le (N - X_1) q`, and computed only when a uniform
number falls below that bound. M is a multiple of N, so that p = k/N, the only values there are when every
model is fitted on one block, has q = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import bdtr

Array = NDArray[np.float64]

# Beyond these the tables leave the cache, and NumPy's own method is as fast.
MOST_TRIALS = 256
MOST_TABLES = 3

PROBABILITIES = 1024
CELLS = 256


@dataclass(frozen=True)
class _Tables:
    """Distribution functions (M + 1, N + 1), and where to start looking in each of CELLS cells, both flat."""

    steps: int
    cumulative: Array
    guide: NDArray[np.int32]


@lru_cache(maxsize=MOST_TABLES)
def _tables(trials: int) -> _Tables:
    steps = trials * -(-PROBABILITIES // trials)
    grid = np.arange(steps + 1) / steps
    cumulative = bdtr(np.arange(trials + 1)[None, :].astype(float), trials, grid[:, None])
    cumulative[:, -1] = 2.0  # no uniform number lies beyond the last value
    edges = np.arange(CELLS) / CELLS
    guide = np.stack([np.searchsorted(row, edges, side="right") for row in cumulative])
    offset = np.arange(steps + 1)[:, None] * (trials + 1)
    return _Tables(steps, cumulative.ravel().astype(np.float64), (guide + offset).astype(np.int32).ravel())


def tabulated_binomial(rng: Generator, trials: int, success: Array) -> NDArray[np.int64]:
    """One draw of Bin(trials, p) for every p in ``success``."""
    tables = _tables(trials)
    scaled = success * (tables.steps * (1 + 1e-15))
    row = scaled.astype(np.int64)
    np.minimum(row, tables.steps, out=row)
    uniform = rng.random(success.shape)
    cell = (uniform * CELLS).astype(np.int64)
    cell += row * CELLS
    position = tables.guide[cell].astype(np.int64)
    searching = np.flatnonzero(tables.cumulative[position] <= uniform)
    while searching.size:
        position[searching] += 1
        searching = searching[tables.cumulative[position[searching]] <= uniform[searching]]
    draws = position - row * (trials + 1)

    excess = scaled - row
    excess /= np.maximum(tables.steps - row, 1)
    bound = excess * (trials - draws)
    if not (bound > 1e-12).any():
        return draws
    second = rng.random(success.shape)
    some = np.flatnonzero(second < bound)
    draws[some] += _few(second[some], trials - draws[some], excess[some])
    return draws


def _few(uniform: Array, trials: NDArray[np.int64], success: Array) -> NDArray[np.int64]:
    """Inversion from above: the largest k with uniform < P(X ≥ k)."""
    fail = np.log1p(-success)
    tail = -np.expm1(trials * fail)
    mass = np.exp(trials * fail)
    draws = np.zeros(uniform.shape, dtype=np.int64)
    odds = success / (1 - success)
    active = uniform < tail
    while active.any():
        draws += active
        mass = mass * odds * np.maximum(trials - draws + 1, 0) / np.maximum(draws, 1)
        tail = tail - mass
        active = active & (uniform < tail) & (draws < trials)
    return draws
