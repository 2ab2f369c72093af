"""Simulations of many generations over the bare cost of their normals, and a second ``verify`` over the first."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import bare_draws
from benchmarks.timing import seconds, take_turns
from numerics import simulate
from selfgen.study import Case, load
from selfgen.verification import verify_case
from theory import Accumulate, GaussianMean

GENERATIONS, REPLICATES = 3000, 2000
"""Of the simulation; its normals are the unit of every time but the last."""

SET_UP = 2000
"""Generations of a simulation of two chains."""

CASES = 6
"""Of the study of all built-in pairs, each derived anew and then taken from the cache."""

Row = tuple[str, float, float, Callable[[], object]]


@dataclass(frozen=True)
class Against:
    """A time in units of another of the same run; ``before`` in the same units (one run each, 2026-11-30)."""

    what: str
    target: float
    before: float
    now: float

    @property
    def meets_target(self) -> bool:
        return self.now <= self.target


def many_generations(rounds: int) -> list[Against]:
    """Every row."""
    model = GaussianMean(sigma2=1, n=10)

    simulated = partial(simulate, model, Accumulate())
    rows: tuple[Row, ...] = (
        ("set-up, accumulate, G = 2000", 7.3, 73.0, partial(simulated, SET_UP, 2)),
        ("simulate, accumulate, R = 2000, G = 3000", 13.0, 198.0, partial(simulated, GENERATIONS, REPLICATES)),
    )
    draws = bare_draws.normals(GENERATIONS * REPLICATES, np.random.default_rng(1))
    times = take_turns({"draws": draws, **{what: run for what, _, _, run in rows}}, rounds)
    found = [Against(what, target, before, times[what] / times["draws"]) for what, target, before, _ in rows]
    return [*found, Against("verify, again over the first time", 0.36, 1.0, _verified_again())]


def _verified_again() -> float:
    """Processor time of some cases that were derived before, over the first time."""
    cases = [case for case in load().cases if case.workflow == "accumulate" and case.loss == "squared"][:CASES]
    before = os.environ.get("XDG_CACHE_HOME")
    with TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            first, again = seconds(partial(_verify, cases)), seconds(partial(_verify, cases))
        finally:
            os.environ.pop("XDG_CACHE_HOME")
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before
    return again / first


def _verify(cases: list[Case]) -> None:
    for case in cases:
        verify_case(case, cached=True)
