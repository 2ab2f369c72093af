"""All of 10,000 generations as numbers, under workflows as people run them, against accumulate: processor time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.timing import take_turns
from numerics import evaluate
from theory import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    CappedReal,
    ContaminatedPool,
    Ecosystem,
    Forgetting,
    FreshReal,
    LabelledPool,
    Poisson,
    RandomSizes,
    RealPlusLatest,
    SlidingWindow,
    Workflow,
    expected_risk,
)

LAST = 10_000

SLOWDOWN = 3.0
"""Times the seconds of accumulate, at most."""

WORKFLOWS: dict[str, Workflow] = {
    "contaminated pool": ContaminatedPool("1/4"),
    "labelled pool": LabelledPool("1/4", share="1/2"),
    "forgetting": Forgetting("1/2"),
    "forgetting, longer memory": Forgetting("1 - 1/(2*sqrt(j))"),
    "ages, infinite mean": AgeWeighted("1/(l*(l + 1))"),
    "first in, first out": AgeWeighted.fifo("5/2"),
    "first in, first out, 7/2": AgeWeighted.fifo("7/2"),
    "trained late": AgeWeighted.lag(1),
    "window": SlidingWindow(3),
    "fresh real, share in j": FreshReal(share="1/j"),
    "real + latest, share in j": RealPlusLatest(share="1/j"),
    "real + latest, 1/sqrt(j)": RealPlusLatest(share="1/sqrt(j)"),
    "capped real": CappedReal(5),
    "capped real, blocks in j": CappedReal("j"),
    "subsample, budget in j": AccumulateSubsample("j/2"),
    "ecosystem of two": Ecosystem([["3/4", "1/4"], ["1/4", "3/4"]]),
    "ecosystem with fresh data": Ecosystem([["1/2", "1/4"], ["1/2", "1/2"]], fresh=["1/4", 0]),
    "random sizes, uniform": Accumulate(sizes=RandomSizes.uniform(2)),
    "random sizes, geometric": Accumulate(sizes=RandomSizes.geometric("1/2")),
    "accumulate, sizes sqrt(j)": Accumulate(sizes="sqrt(j)"),
    "contaminated, sizes sqrt(j)": ContaminatedPool("1/4", sizes="sqrt(j)"),
    "contaminated, random sizes": ContaminatedPool("1/4", sizes=RandomSizes.uniform(2)),
    "contaminated, geometric sizes": ContaminatedPool("1/4", sizes=RandomSizes.geometric("1/2")),
}


@dataclass(frozen=True)
class WorkflowSpeed:
    """Seconds for all values of one workflow, and for those of accumulate."""

    workflow: str
    seconds: float
    accumulate: float

    @property
    def slowdown(self) -> float:
        return self.seconds / self.accumulate

    @property
    def meets_target(self) -> bool:
        return self.slowdown < SLOWDOWN


def workflow_speeds(rounds: int = 3) -> list[WorkflowSpeed]:
    """Every workflow; the Poisson family, whose values everywhere are asked for at once."""
    model, generations = Poisson(rate=3, n=20), np.arange(1, LAST + 1)
    risks = {name: expected_risk(model, workflow) for name, workflow in WORKFLOWS.items()}
    risks["accumulate"] = expected_risk(model, Accumulate())
    found = take_turns({name: partial(evaluate, risk, generations) for name, risk in risks.items()}, rounds)
    return [WorkflowSpeed(name, found[name], found["accumulate"]) for name in WORKFLOWS]


if __name__ == "__main__":
    for speed in workflow_speeds():
        print(f"{speed.workflow:28} {speed.seconds:7.3f} s  {speed.slowdown:5.2f} x  {speed.meets_target}")
