"""Seconds per replicate: plain loop, raw, exact law, and the bare cost of their random numbers."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks import bare_draws, plain_loops
from benchmarks.timing import seconds, take_turns
from numerics import simulate
from theory import Accumulate, Bernoulli, GaussianMean, LinearRegression, Replace
from theory.models.base import Model

GENERATIONS = 100
N, D, T = 100, 10, 50

SPEEDUP = 100.0
"""Target: the exact law against the plain loop."""

RAW_OVERHEAD, EXACT_OVERHEAD = 1.25, 1.5
"""Targets: raw and exact law against their bare draws, for scalar families."""


@dataclass(frozen=True)
class Speed:
    """Seconds per replicate of one setting under one workflow."""

    setting: str
    workflow: str
    scalar: bool
    plain: float
    raw: float
    exact: float
    raw_draws: float
    exact_draws: float

    @property
    def speedup(self) -> float:
        return self.plain / self.exact

    @property
    def raw_overhead(self) -> float:
        return self.raw / self.raw_draws

    @property
    def exact_overhead(self) -> float:
        return self.exact / self.exact_draws

    @property
    def meets_targets(self) -> bool:
        lean = self.raw_overhead <= RAW_OVERHEAD and self.exact_overhead <= EXACT_OVERHEAD
        return self.speedup >= SPEEDUP and (lean or not self.scalar)


@dataclass(frozen=True)
class Setting:
    """One model, its plain loop and its bare draws, and how many replicates a timing takes."""

    name: str
    model: Model
    scalar: bool
    plain: Callable[[bool, np.random.Generator], object]
    raw_draws: Callable[[bool, int, np.random.Generator], Callable[[], None]]
    exact_draws: Callable[[bool, int, np.random.Generator], Callable[[], None]]
    plain_replicates: int
    raw_replicates: int
    exact_replicates: tuple[int, int]


SETTINGS = (
    Setting(
        name=f"Gaussian mean, n = {N}",
        model=GaussianMean(sigma2=1, n=N),
        scalar=True,
        plain=lambda accumulate, rng: plain_loops.gaussian_mean(accumulate, N, GENERATIONS, rng),
        raw_draws=lambda _, replicates, rng: bare_draws.normals(replicates * GENERATIONS * N, rng),
        exact_draws=lambda _, replicates, rng: bare_draws.normals(replicates * GENERATIONS, rng),
        plain_replicates=50,
        raw_replicates=2**13,
        exact_replicates=(2**18, 2**18),
    ),
    Setting(
        name=f"Bernoulli, n = {N}",
        model=Bernoulli(p="1/2", n=N),
        scalar=True,
        plain=lambda accumulate, rng: plain_loops.bernoulli(accumulate, N, GENERATIONS, rng),
        raw_draws=lambda _, replicates, rng: bare_draws.uniforms(replicates * GENERATIONS * N, rng),
        exact_draws=lambda accumulate, replicates, rng: bare_draws.coin_counts(
            accumulate, N, GENERATIONS, replicates, rng
        ),
        plain_replicates=50,
        raw_replicates=2**13,
        exact_replicates=(2**17, 2**17),
    ),
    Setting(
        name=f"regression, d = {D}, T = {T}, fresh",
        model=LinearRegression(d=D, T=T),
        scalar=False,
        plain=lambda accumulate, rng: plain_loops.regression(accumulate, D, T, GENERATIONS, rng),
        raw_draws=lambda _, replicates, rng: bare_draws.normals(replicates * GENERATIONS * T * (D + 1), rng),
        exact_draws=lambda accumulate, replicates, rng: bare_draws.least_squares_steps(
            accumulate, D, T, GENERATIONS, replicates, rng
        ),
        plain_replicates=6,
        raw_replicates=2**8,
        exact_replicates=(2**15, 2**12),
    ),
)


def measure(setting: Setting, accumulate: bool, rounds: int, seed: int = 2024) -> Speed:
    """Time the five contenders in turns."""
    workflow = Accumulate() if accumulate else Replace()
    rng = np.random.default_rng(seed)
    exact_replicates = setting.exact_replicates[accumulate]

    def plain() -> None:
        for _ in range(setting.plain_replicates):
            setting.plain(accumulate, rng)

    def simulated(method: str, replicates: int) -> Callable[[], object]:
        return lambda: simulate(
            setting.model, workflow, generations=GENERATIONS, replicates=replicates, seed=seed, method=method
        )

    contenders: dict[str, tuple[Callable[[], object], int]] = {
        "plain": (plain, setting.plain_replicates),
        "raw": (simulated("raw", setting.raw_replicates), setting.raw_replicates),
        "raw_draws": (setting.raw_draws(accumulate, setting.raw_replicates, rng), setting.raw_replicates),
        "exact": (simulated("exact-law", exact_replicates), exact_replicates),
        "exact_draws": (setting.exact_draws(accumulate, exact_replicates, rng), exact_replicates),
    }
    times = take_turns({name: run for name, (run, _) in contenders.items()}, rounds)
    each = {name: times[name] / contenders[name][1] for name in times}
    return Speed(setting=setting.name, workflow=workflow.name, scalar=setting.scalar, **each)


def setup_seconds(repeats: int = 3) -> float:
    """What a simulation costs before its first replicate: exact weights of 100 generations, as tables of doubles."""
    model = SETTINGS[0].model
    return statistics.median(
        seconds(lambda: simulate(model, Accumulate(), generations=GENERATIONS, replicates=2)) for _ in range(repeats)
    )
