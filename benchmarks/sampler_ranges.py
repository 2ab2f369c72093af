r"""Where NumPy's samplers are right: mean, variance and fourth moment of many draws, over their whole ranges.

For every sampler that a simulation uses and for parameters from the smallest to the largest, N draws X are compared
with the moments of the law, in units of its standard deviation σ: the columns are

- ``mean``: the average of (X − μ)/σ, times √N: a standard normal number where the sampler is right;
- ``variance``: the average of (X − μ)²/σ², 1 where it is right, and ``score``, its distance from 1 in standard errors;
- ``fourth``: the average of (X − μ)⁴/σ⁴ over its expectation, from a law with the moments of the right one.

    python -m benchmarks.sampler_ranges [draws] > benchmarks/sampler_ranges.csv

The bounds that follow are in ``numerics/samplers/draws.py``, which draws otherwise beyond them. Differences from the
mean are taken in long doubles, so that counts up to 2^63 lose no digits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SLAB = 2**20


@dataclass(frozen=True)
class Law:
    """A sampler at one parameter, with mean, variance and excess kurtosis of the law that it should have."""

    sampler: str
    parameters: str
    draw: Callable[[Generator, int], NDArray]
    mean: float | np.longdouble
    variance: float
    excess: float = 0.0


def poisson() -> Iterator[Law]:
    for rate in (
        1e-3,
        9.9,
        10.1,
        1e3,
        1e6,
        1e9,
        1e10,
        1e11,
        1e12,
        1e13,
        3e13,
        6e13,
        1e14,
        1.5e14,
        1e15,
        5e15,
        1e16,
        1e18,
    ):
        yield Law("poisson", f"rate={rate:g}", lambda rng, size, r=rate: rng.poisson(r, size), rate, rate, 1 / rate)


def binomial() -> Iterator[Law]:
    successes = (0.5, 1 / 3, 1e-3, 1.1e-6, 1.1e-9, 1.1e-12, 1.0123e-13, 1.1e-14, 1e-15, 1e-16, 1 - 1e-3, 1 - 2.0**-50)
    for trials in (
        10**3,
        10**6,
        10**9,
        10**12,
        2**43,
        10**14 + 7,
        10**15 + 1,
        3 * 10**15 + 7,
        2**53,
        2**56,
        2**60,
        2**62,
    ):
        for p in successes:
            # 1 - p is exact for p ≥ 1/2; below, the longest double the machine has.
            variance = float(np.longdouble(trials) * np.longdouble(p) * (1 - np.longdouble(p)))
            if variance > 1e-2:
                yield Law(
                    "binomial",
                    f"trials={trials} p={p!r}",
                    lambda rng, size, n=trials, p=p: rng.binomial(n, p, size),
                    np.longdouble(trials) * np.longdouble(p),
                    variance,
                    (1 - 6 * p * (1 - p)) / variance,
                )


def hypergeometric() -> Iterator[Law]:
    for pool in (10, 10**3, 10**6, 10**8, 10**9, 19 * 10**8):
        for share in (0.5, 1e-3, 1e-8):
            for part in (0.5, 1e-3, 1e-8):
                good, drawn = round(pool * share), round(pool * part)
                if min(good, drawn, pool - good, pool - drawn) < 1 or max(good, pool - good) >= 10**9:
                    continue
                p = good / pool
                variance = drawn * p * (1 - p) * (pool - drawn) / (pool - 1)
                yield Law(
                    "hypergeometric",
                    f"good={good} bad={pool - good} drawn={drawn}",
                    lambda rng, size, g=good, b=pool - good, d=drawn: rng.hypergeometric(g, b, d, size),
                    drawn * p,
                    variance,
                    _hypergeometric_excess(pool, good, drawn),
                )


def _hypergeometric_excess(pool: int, good: int, drawn: int) -> float:
    n, k, d = pool, good, drawn
    if n <= 3:
        return 0.0
    both = d * k * (n - k) * (n - d)
    top = (n - 1) * n**2 * (n * (n + 1) - 6 * k * (n - k) - 6 * d * (n - d)) + 6 * both * (5 * n - 6)
    return top / (both * (n - 2) * (n - 3))


def multinomial() -> Iterator[Law]:
    """One count of the vector: the last of K equal small ones behind a large one."""
    for count in (10**3, 10**9, 10**15, 2**53, 2**60):
        for small, categories in ((1e-3, 3), (1e-6, 1000), (1e-9, 3), (1e-12, 1000), (1e-15, 3), (1e-17, 3)):
            p = np.full(categories, small)
            p[0] = 1 - small * (categories - 1)
            p /= p.sum()
            which = categories - 2
            variance = count * p[which] * (1 - p[which])
            if variance > 1e-2:
                yield Law(
                    "multinomial",
                    f"count={count} categories={categories} p={small:g} (the last but one)",
                    lambda rng, size, n=count, p=p, w=which: np.concatenate(
                        [rng.multinomial(n, p, part)[:, w] for part in _parts(size, len(p))]
                    ),
                    np.longdouble(count) * np.longdouble(p[which]),
                    variance,
                    (1 - 6 * p[which] * (1 - p[which])) / variance,
                )


def _parts(size: int, categories: int) -> list[int]:
    # Long vectors are drawn less often: the time goes with the number of categories.
    size = max(1000, size * 10 // (10 * categories)) if categories > 10 else size
    most = max(1, SLAB // categories)
    return [min(most, size - start) for start in range(0, size, most)]


def standard_gamma() -> Iterator[Law]:
    for shape in (1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0, 1.5, 1e3, 1e6, 1e9, 1e12, 1e14, 1e15, 1e16, 1e17, 1e18):
        yield Law(
            "standard_gamma",
            f"shape={shape:g}",
            lambda rng, size, a=shape: rng.standard_gamma(a, size),
            shape,
            shape,
            6 / shape,
        )


def chisquare() -> Iterator[Law]:
    for freedom in (1e-3, 1.0, 2.0, 3.0, 1e3, 1e9, 1e12, 1e15, 2.0**53):
        yield Law(
            "chisquare",
            f"freedom={freedom:g}",
            lambda rng, size, v=freedom: rng.chisquare(v, size),
            freedom,
            2 * freedom,
            12 / freedom,
        )


def beta() -> Iterator[Law]:
    for a, b in (
        (1e-3, 1e-3), (1e-2, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0), (0.5, 50.0), (0.5, 1e6), (0.5, 1e9), (0.5, 1e12),
        (1e3, 1e3), (1e6, 1e6), (1e9, 1e9), (1e12, 1e12), (1e14, 1e14), (1e15, 1e15), (1e3, 1e15),
    ):  # fmt: skip
        total = a + b
        variance = a * b / (total**2 * (total + 1))
        excess = 6 * ((a - b) ** 2 * (total + 1) - a * b * (total + 2)) / (a * b * (total + 2) * (total + 3))
        draw = partial(_beta, a, b)
        yield Law("beta", f"a={a:g} b={b:g}", draw, a / total, variance, excess)


def _beta(a: float, b: float, rng: Generator, size: int) -> NDArray:
    return rng.beta(a, b, size)


def hyperbolic_secant() -> Iterator[Law]:
    """Our own, for NumPy has none."""
    from numerics.samplers.hyperbolic_secant import hyperbolic_secant as draws

    for index in (0.1, 0.5, 1.0, 2.0, 1e3, 1e6, 1e9, 1e12, 1e14, 1e16, 1e18):
        for ratio in (0.0, 3.0):
            mean = ratio * index
            variance = index + mean**2 / index
            # Morris: the fourth cumulant is V·(V'' V + V'^2) with V = r + y²/r.
            slope, bend = 2 * mean / index, 2 / index
            excess = (bend * variance + slope**2) / variance
            yield Law(
                "hyperbolic_secant",
                f"index={index:g} mean={mean:g}",
                lambda rng, size, r=index, y=mean: draws(rng, r, np.full(max(size // 10, 1000), y)),
                mean,
                variance,
                excess,
            )


SAMPLERS = (poisson, binomial, hypergeometric, multinomial, standard_gamma, chisquare, beta, hyperbolic_secant)


def measured(law: Law, draws: int, seed: int) -> tuple[int, float, float, float, float]:
    """Number of draws, z of the mean, variance ratio with its z, and the ratio of fourth moments."""
    rng = np.random.default_rng(seed)
    deviation = np.longdouble(law.variance) ** np.longdouble(0.5)
    count, first, second, fourth, eighth = 0, 0.0, 0.0, 0.0, 0.0
    for _ in range(-(-draws // SLAB)):
        x = law.draw(rng, min(SLAB, draws))
        scaled = ((x.astype(np.longdouble) - np.longdouble(law.mean)) / deviation).astype(float)
        square = scaled * scaled
        count += scaled.size
        first += scaled.sum()
        second += square.sum()
        fourth += (square * square).sum()
        eighth += (square**4).sum()
    mean, variance, fourth, eighth = first / count, second / count, fourth / count, eighth / count
    expected = 3 + law.excess
    spread = max(expected - 1, 1e-300) ** 0.5
    return count, mean * count**0.5, variance, (variance - 1) * count**0.5 / spread, fourth / expected


def main(draws: int, only: list[str]) -> None:
    print(f"# NumPy {np.__version__}, python -m benchmarks.sampler_ranges {draws}", flush=True)
    print("sampler,parameters,draws,mean,variance,score,fourth", flush=True)
    for sampler in SAMPLERS:
        if only and sampler.__name__ not in only:
            continue
        for number, law in enumerate(sampler()):
            count, mean, variance, score, fourth = measured(law, draws, number)
            row = (
                law.sampler,
                law.parameters,
                count,
                f"{mean:.2f}",
                f"{variance:.5f}",
                f"{score:.1f}",
                f"{fourth:.4f}",
            )
            print(*row, sep=",", flush=True)


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7, sys.argv[2:])
