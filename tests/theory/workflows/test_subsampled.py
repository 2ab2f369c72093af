"""Workflows on a budget: against the pool that is known exactly, against simulation, and each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest
from sympy import Rational, S

from numerics.limit_process import limit_process
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    NotDerivedError,
    Pathway,
    RealPlusLatest,
    Regular,
    SlidingWindow,
    depth,
    expected_risk,
)
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.contaminated_pool import ContaminatedPool
from theory.workflows.subsampled import Subsampled

BUDGETED = [
    Subsampled(RealPlusLatest()),
    Subsampled(RealPlusLatest(), budget="1/2"),
    Subsampled(ContaminatedPool(real="1/4")),
    Subsampled(ContaminatedPool(real="1/4"), budget=2),
]


def test_by_the_weights_it_is_the_subsample_of_a_pool_that_moments_know() -> None:
    for budget in (1, Rational(1, 2)):
        known = expected_risk(Regular(p=1, n=1), AccumulateSubsample(budget=budget))
        by_weights = PathwayRecurrence(Subsampled(Accumulate(), budget=budget), curvature=S.Zero)
        assert list(islice(by_weights.values(), 6)) == [known.at(g) for g in range(1, 7)]
        assert Subsampled(Accumulate(), budget=budget).simplest() == AccumulateSubsample(budget=budget)


def chains(workflow: Subsampled, real: float | None, generations: int, replicates: int) -> np.ndarray:
    """Errors of Gaussian means whose subsample's noise is normal too: the limit experiment, walked step by step."""
    rng = np.random.default_rng(7)
    budget = float(workflow.budget)
    first = rng.standard_normal(replicates)
    pool, rows, fitted = first.copy(), 1.0, first.copy()
    if budget < rows:
        fitted = pool + np.sqrt(1 / budget - 1 / rows) * rng.standard_normal(replicates)
    found = [fitted]
    for g in range(2, generations + 1):
        if real is None:
            block = fitted + rng.standard_normal(replicates)
            pool, rows = (first + block) / 2, 2.0
        else:
            drawn = fitted + rng.standard_normal(replicates) / np.sqrt(1 - real)
            fresh = rng.standard_normal(replicates) / np.sqrt(real)
            pool, rows = pool + ((1 - real) * drawn + real * fresh - pool) / g, float(g)
        noise = max(1 / budget - 1 / rows, 0.0)
        fitted = pool + np.sqrt(noise) * rng.standard_normal(replicates)
        found.append(fitted)
    return np.array(found)


@pytest.mark.parametrize("workflow", BUDGETED, ids=str)
def test_the_ratio_is_that_of_chains(workflow) -> None:
    real = None if isinstance(workflow.workflow, RealPlusLatest) else 0.25
    errors = chains(workflow, real, 5, 40_000)
    measured = (errors**2).mean(axis=1)
    risk = expected_risk(Regular(p=1, n=1), workflow)
    expected = np.array([float(risk.at(g)) for g in range(1, 6)])
    # A square of a normal has the standard deviation √2 of its mean.
    assert (np.abs(measured / expected - 1) < 4.5 * np.sqrt(2 / 40_000)).all()
    covariance = float(Pathway(workflow).covariance(2, 5))
    stderr = np.sqrt((expected[1] * expected[4] + covariance**2) / 40_000)
    assert abs((errors[1] * errors[4]).mean() - covariance) < 4.5 * stderr


@pytest.mark.parametrize("workflow", BUDGETED, ids=str)
def test_process_and_recurrence_are_one(workflow) -> None:
    process = limit_process(workflow, dimension=1, generations=5)
    for g in range(1, 6):
        exact = Pathway(workflow).covariance(g, g)
        assert exact == expected_risk(Regular(p=1, n=1), workflow).at(g)
        assert process.variance[g - 1] == pytest.approx(float(exact), rel=1e-12)
    assert process.covariance[1, 4] == pytest.approx(float(Pathway(workflow).covariance(2, 5)), rel=1e-12)


@pytest.mark.parametrize("workflow", BUDGETED, ids=str)
def test_a_draw_changes_no_depth(workflow) -> None:
    assert depth(workflow).law(5) == depth(workflow.workflow).law(5)
    assert depth(workflow).rise("4/5").at(5) == depth(workflow.workflow).rise("4/5").at(5)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(DomainError, match="unequally"):
        Subsampled(RealPlusLatest(share="1/3"))
    with pytest.raises(DomainError, match="budget = 0"):
        Subsampled(RealPlusLatest(), budget=0)
    with pytest.raises(DomainError, match="draws a subsample itself"):
        Subsampled(AccumulateSubsample())
    with pytest.raises(DomainError, match="workflow"):
        Subsampled("replace")
    with pytest.raises(NotDerivedError, match="subsample"):
        expected_risk(Bernoulli("1/3", 4), Subsampled(RealPlusLatest()))


def test_a_pool_derived_from_accumulate_with_other_blocks_is_not_accumulates() -> None:
    """Its risk was said to be that of a subsample of all blocks, 6779/64512 at generation 4."""

    @dataclass(frozen=True)
    class Latest(Accumulate):
        def weights(self, g):
            return SlidingWindow(2).weights(g)

        def rows(self, g):
            return SlidingWindow(2).rows(g)

        def dynamics(self):
            return None

    assert Subsampled(Latest(), 1).simplest() == Subsampled(Latest(), 1)
    with pytest.raises(NotDerivedError, match="draws a subsample"):
        expected_risk(Bernoulli("1/3", 4), Subsampled(Latest(), 1))
    assert isinstance(Subsampled(Accumulate(), 1).simplest(), AccumulateSubsample)
