"""Simulations beside the best loop that a user would write: in Numba point by point, and in ten lines of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.many_generations import Against
from benchmarks.timing import take_turns
from numerics import simulate
from theory import Accumulate, AccumulateSubsample, Bernoulli, GaussianMean, Replace
from theory.models.base import Model

N, SUBSAMPLED, CHAINS = 100, 50, 1024
GENERATIONS, REPLICATES = 100, 2**16


def beside(rounds: int) -> list[Against]:
    """Every row; those over Numba where it is installed."""
    return [*(over_numba(rounds) if find_spec("numba") else []), *over_numpy(rounds)]


def over_numba(rounds: int) -> list[Against]:
    """Raw accumulate-subsample over a loop that keeps its points and shuffles them in part."""
    loop = _numba_loop()
    models: tuple[tuple[str, float, Model, bool], ...] = (
        ("Gaussian", 1.6, GaussianMean(sigma2=1, n=N), False),
        ("Bernoulli", 2.9, Bernoulli(p="1/2", n=N), True),
    )
    found = []
    for name, before, model, coin in models:
        contenders: dict[str, Callable[[], object]] = {
            "numba": partial(loop, CHAINS, SUBSAMPLED, N, coin),
            "raw": partial(simulate, model, AccumulateSubsample(), SUBSAMPLED, CHAINS, method="raw"),
        }
        contenders["numba"]()  # compiled
        times = take_turns(contenders, rounds)
        found.append(Against(f"raw {name} subsamples over Numba's loop", 1.0, before, times["raw"] / times["numba"]))
    return found


def over_numpy(rounds: int) -> list[Against]:
    """The exact law of a Gaussian mean over mean and standard error of the same chains by hand."""
    model, found = GaussianMean(sigma2=1, n=N), []
    for workflow, accumulate, before in ((Replace(), False, 1.28), (Accumulate(), True, 1.28)):
        contenders: dict[str, Callable[[], object]] = {
            "ten lines": partial(ten_lines, accumulate),
            "exact law": partial(simulate, model, workflow, GENERATIONS, REPLICATES),
        }
        times = take_turns(contenders, rounds)
        name = f"exact law of a Gaussian mean, {workflow.name}, over ten lines of NumPy"
        found.append(Against(name, 1.0, before, times["exact law"] / times["ten lines"]))
    return found


def ten_lines(accumulate: bool) -> object:
    """Mean and standard error of θ² at every generation, as ``simulate`` measures of so many unless it is asked."""
    rng, theta, out = np.random.default_rng(1), np.zeros(REPLICATES), np.empty((2, GENERATIONS))
    for g in range(GENERATIONS):
        new = rng.standard_normal(REPLICATES)
        new *= N**-0.5
        if accumulate:
            new /= g + 1
        new += theta
        theta = new
        losses = theta * theta
        out[:, g] = losses.mean(), losses.std() / REPLICATES**0.5
    return out


def _numba_loop() -> Any:
    from numba import njit

    @njit
    def loop(replicates, generations, n, coin):  # type: ignore[no-untyped-def]
        out, pool, truth = np.zeros(generations), np.empty(generations * n), 0.5 if coin else 0.0
        for _ in range(replicates):
            theta = truth
            for g in range(generations):
                for i in range(g * n, (g + 1) * n):
                    pool[i] = np.random.random() < theta if coin else theta + np.random.standard_normal()  # noqa: NPY002
                total = 0.0
                for i in range(n):
                    chosen = np.random.randint(i, (g + 1) * n)  # noqa: NPY002
                    pool[i], pool[chosen] = pool[chosen], pool[i]
                    total += pool[i]
                theta = total / n
                out[g] += (theta - truth) ** 2
        return out / replicates

    return loop
