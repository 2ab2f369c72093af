"""The fourth power of an error, simulated point by point and by exact laws, against what is derived."""

import numpy as np
import pytest

from numerics import crosscheck, simulate
from numerics.loss_law import exact_variance
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    BiasedSampler,
    FreshReal,
    GaussianMean,
    PosteriorSample,
    Replace,
    SlidingWindow,
    expected_risk,
)

PAIRS = (
    (Bernoulli("1/3", 10), Replace()),
    (BiasedSampler(Bernoulli("1/3", 10), "9/10", "1/2"), Accumulate()),
    (PosteriorSample(Bernoulli("1/3", 10), 2, "1/2"), FreshReal()),
    (GaussianMean(2, 4), SlidingWindow(k=2)),
    (Bernoulli("1/3", 6), AccumulateSubsample()),
)


@pytest.mark.parametrize("method", ["raw", "exact-law"])
@pytest.mark.parametrize(("model", "workflow"), PAIRS, ids=lambda item: item.name)
def test_derived_and_simulated(model, workflow, method: str) -> None:
    run = simulate(model, workflow, 4, 200_000, seed=5, method=method, loss="fourth")
    risk = expected_risk(model, workflow, loss="fourth")
    check = crosscheck(risk, run, detectable=0.05)
    assert check.passed, check.reason
    # Of a subsample the eighth moment is not derived.
    assert check.known == (not isinstance(workflow, AccumulateSubsample))


def test_a_wrong_formula_is_caught() -> None:
    model, workflow = Bernoulli("1/3", 10), Replace()
    run = simulate(model, workflow, 4, 200_000, seed=5, loss="fourth")
    risk = expected_risk(model, workflow, loss="fourth")
    wrong = risk.recurrence.changed(readout=risk.recurrence.readout * 1.05, shift=risk.recurrence.shift * 1.05)
    assert crosscheck(type(risk)(model, workflow, "fourth", wrong), run, detectable=0.05).verdict == "disagrees"


@pytest.mark.parametrize(("model", "workflow"), PAIRS, ids=lambda item: item.name)
def test_standard_errors_are_derived(model, workflow) -> None:
    run = simulate(model, workflow, 4, 100_000, seed=6)
    check = crosscheck(expected_risk(model, workflow), run, detectable=0.05)
    assert check.passed
    assert check.known
    derived = exact_variance(model, workflow, "squared", 4)
    # The sample variance of R losses has relative standard error √((excess + 2)/R).
    assert np.diag(run.covariance) == pytest.approx(derived, rel=0.06)
