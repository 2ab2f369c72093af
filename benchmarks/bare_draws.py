"""The bare cost of the random numbers that a simulation needs: what no implementation can go below.

Every function fills buffers for ``replicates`` replicates of ``generations`` generations with NumPy's own
generator, and keeps nothing. Where the law depends on the current parameter, the parameters are simulated
before the clock starts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BUFFER = 2**16
"""Numbers drawn at a time: a buffer that stays in cache, as a careful implementation would have it."""


def normals(count: int, rng: np.random.Generator) -> Callable[[], None]:
    """``count`` standard normals."""
    buffer = np.empty(BUFFER)

    def draw() -> None:
        for start in range(0, count, BUFFER):
            rng.standard_normal(out=buffer[: min(BUFFER, count - start)])

    return draw


def uniforms(count: int, rng: np.random.Generator) -> Callable[[], None]:
    """``count`` uniforms on [0, 1)."""
    buffer = np.empty(BUFFER)

    def draw() -> None:
        for start in range(0, count, BUFFER):
            rng.random(out=buffer[: min(BUFFER, count - start)])

    return draw


def coin_counts(
    accumulate: bool, n: int, generations: int, replicates: int, rng: np.random.Generator, p: float = 0.5
) -> Callable[[], None]:
    """The Binomial(n, p_g) counts of every generation, at the p_g that a chain visits."""
    visited = np.empty((generations, replicates))
    current = np.full(replicates, p)
    for g in range(generations):
        visited[g] = current
        latest = rng.binomial(n, current) / n
        current = current + (latest - current) / (g + 1) if accumulate else latest

    def draw() -> None:
        for row in visited:
            rng.binomial(n, row)

    return draw


def least_squares_steps(
    accumulate: bool, d: int, T: int, generations: int, replicates: int, rng: np.random.Generator
) -> Callable[[], None]:
    r"""What determines the fits of fresh-design least squares in law.

    Replace: a normal and two χ² a generation, the increment being σ z/√χ²_{T−d+1} in every direction.
    Accumulate: a Wishart matrix by Bartlett's triangle, and d normals for the increment.
    """
    buffer = np.empty(replicates)
    degrees = np.arange(T, T - d, -1)

    def draw() -> None:
        for _ in range(generations):
            if accumulate:
                for _ in range(d * (d - 1) // 2 + d):
                    rng.standard_normal(out=buffer)
                for degree in degrees:
                    rng.standard_gamma(degree / 2, out=buffer)
            else:
                rng.standard_normal(out=buffer)
                rng.standard_gamma((d - 1) / 2, out=buffer)
                rng.standard_gamma((T - d + 1) / 2, out=buffer)

    return draw
