"""Logistic regression through twenty generations: batched over replicates, against a loop over scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import take_turns
from numerics.estimation import LogisticRegression, refit
from theory import Accumulate, Replace
from theory.workflows.base import Workflow

GENERATIONS = 20
N, D = 500, 5
REPLICATES = 1024
LOOPED = 1

SPEEDUP = 10.0
"""Target: a batched replicate against the fastest loop."""

SOLVERS = ("lbfgs", "newton-cholesky")
"""scikit-learn's default, and its fastest for few columns."""


@dataclass(frozen=True)
class RegressionSpeed:
    """Seconds per replicate of all generations under one workflow; ``looped`` by solver."""

    workflow: str
    batched: float
    looped: dict[str, float]

    @property
    def speedup(self) -> float:
        """Against the fastest of the loops."""
        return min(self.looped.values()) / self.batched

    @property
    def meets_target(self) -> bool:
        return self.speedup >= SPEEDUP


def setting(seed: int) -> LogisticRegression:
    """Standard normal covariates and a truth of length 1."""
    rows = np.random.default_rng(seed).standard_normal((N, D))
    return LogisticRegression(rows, np.ones(D) / np.sqrt(D), n=N)


def loop(model: LogisticRegression, accumulate: bool, solver: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """One replicate the way it is written today.

    Every generation refits, from the last fit's parameters where the solver takes them. Under accumulate the labels of
    a shared design are compressed as they are in the batched chain, into two weighted rows a covariate row: without
    that the loop would be slower still.
    """
    from sklearn.linear_model import LogisticRegression as Estimator

    x, truth = model.covariates, model.truth[:, 0]
    doubled, classes = np.concatenate([x, x]), np.repeat([0, 1], N)
    theta, ones = truth, np.zeros(N)
    errors = np.empty(GENERATIONS)
    # No penalty; older releases say penalty=None.
    estimator = Estimator(C=np.inf, fit_intercept=False, solver=solver, warm_start=solver == "lbfgs")
    for g in range(GENERATIONS):
        y = rng.random(N) < 1 / (1 + np.exp(-(x @ theta)))
        if accumulate:
            ones += y
            estimator.fit(doubled, classes, sample_weight=np.concatenate([g + 1 - ones, ones]))
        else:
            estimator.fit(x, y)
        theta = estimator.coef_[0]
        error = theta - truth
        errors[g] = error @ model.information @ error
    return errors


def measure_regression(accumulate: bool, rounds: int, seed: int = 2024) -> RegressionSpeed:
    """Time the batched chain, linear chain and all, and the loops in turns."""
    model, rng = setting(seed), np.random.default_rng(seed)
    workflow: Workflow = Accumulate() if accumulate else Replace()

    def looped(solver: str) -> Callable[[], object]:
        return lambda: [loop(model, accumulate, solver, rng) for _ in range(LOOPED)]

    contenders: dict[str, Callable[[], object]] = {solver: looped(solver) for solver in SOLVERS}
    contenders["batched"] = lambda: refit(model, workflow, GENERATIONS, REPLICATES, seed=seed)
    times = take_turns(contenders, rounds)
    return RegressionSpeed(
        workflow=workflow.name,
        batched=times["batched"] / REPLICATES,
        looped={solver: times[solver] / LOOPED for solver in SOLVERS},
    )


def regression_speeds(rounds: int) -> list[RegressionSpeed]:
    """Replace and accumulate."""
    return [measure_regression(accumulate, rounds) for accumulate in (False, True)]
