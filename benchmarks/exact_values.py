"""One late exact value of moment recurrences over Q: by the product tree, and one step after another as before."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial

from benchmarks.timing import seconds
from theory import Accumulate, AccumulateSubsample, Bernoulli, GaussianFit, GaussianMean, SlidingWindow, expected_risk
from theory.models.base import Model
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow

EARLIER, LAST = 1000, 3000

VERY_LATE, LATE_TARGET = 10**5, 10.0
"""A generation, and seconds to its exact value."""

SPEEDUP = 60.0
"""Target at generation 3000."""

CELLS: tuple[tuple[Model, Workflow, str, tuple[int, ...]], ...] = (
    (Bernoulli(p="1/3", n=4), Accumulate(), "squared", (EARLIER, LAST)),
    (Bernoulli(p="1/3", n=4), AccumulateSubsample(1), "squared", (EARLIER, LAST)),
    (Bernoulli(p="1/3", n=4), SlidingWindow(3), "squared", (EARLIER, LAST)),
    # A minute and more at the last generation, one step after another.
    (GaussianFit(d=2, n=10), Accumulate(), "covariance", (EARLIER,)),
)


@dataclass(frozen=True)
class ValueSpeed:
    """Seconds of one exact value."""

    model: str
    workflow: str
    generation: int
    stepwise: float
    tree: float

    @property
    def speedup(self) -> float:
        return self.stepwise / self.tree

    @property
    def meets_target(self) -> bool:
        return self.speedup >= SPEEDUP or self.generation < LAST


def value_speeds(repeats: int = 3) -> list[ValueSpeed]:
    """Every cell at its generations; one step after another once, as it takes seconds."""
    found = []
    for model, workflow, loss, generations in CELLS:
        recurrence = expected_risk(model, workflow, loss).recurrence
        recurrence.at(EARLIER)
        for generation in generations:
            stepwise = seconds(partial(Recurrence.at, recurrence, generation))
            tree = statistics.median(seconds(partial(recurrence.at, generation)) for _ in range(repeats))
            found.append(ValueSpeed(model.name, workflow.name, generation, stepwise, tree))
    return found


def late_seconds() -> dict[str, float]:
    """Exact values so late that steps do not reach them, once each, and digits beyond."""
    coin, mean = Bernoulli(p="1/3", n=4), GaussianMean(sigma2=1, n=3)
    cells: tuple[tuple[Model, Workflow, int], ...] = (
        (coin, Accumulate(), VERY_LATE),
        (coin, AccumulateSubsample(1), VERY_LATE),
        (coin, SlidingWindow(3), VERY_LATE),
        *((coin, SlidingWindow(blocks), VERY_LATE) for blocks in (5, 10, 20)),
        (coin, Accumulate(), 10 * VERY_LATE),
    )
    found = {}
    for model, workflow, generation in cells:
        risk = expected_risk(model, workflow)
        risk.at(1)
        name = f"exact value at {generation:,}, {model.name}, {workflow!r} (target: under {LATE_TARGET:g} s)"
        found[name] = seconds(partial(risk.at, generation))
    for workflow in (Accumulate(), SlidingWindow(10)):
        risk = expected_risk(mean, workflow)
        name = f"50 digits at 10^15, {mean.name}, {workflow!r} (target: under {LATE_TARGET:g} s)"
        found[name] = seconds(partial(risk.at, 10**15, digits=50))
    return found
