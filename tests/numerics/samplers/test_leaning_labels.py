"""Labels of a regression that lean or change their sign: derived against simulated, by rows and by exact laws."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from numerics import crosscheck, simulate
from numerics.samplers.leaning_labels import LabelLaw
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    LinearRegression,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.bent import BiasedSampler
from theory.models.bent_regression import FlippedLabels

SHARED = LinearRegression(d=2, T=14, design="shared")
LEANING = BiasedSampler(SHARED, "4/5", "1/2", "3/2")


def agree(model, workflow, replicates, method, detectable=0.031):
    """Derived and simulated agree, and a formula wrong by twice the detectable part fails."""
    risk = expected_risk(model, workflow)
    run = simulate(model, workflow, generations=4, replicates=replicates, seed=11, method=method)
    check = crosscheck(risk, run)
    assert check.passed, check.reason
    assert check.detectable < detectable
    wrong = replace(risk, recurrence=risk.recurrence.changed(scale=1 + 2 * detectable * risk.recurrence.scale**0))
    assert not crosscheck(wrong, run).passed


@pytest.mark.parametrize("method", ["raw", "exact-law"])
@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), FreshReal(share="1/3"), SlidingWindow(2)], ids=str)
def test_leaning_labels_of_a_shared_design(workflow, method):
    agree(LEANING, workflow, 60_000, method)


@pytest.mark.parametrize("method", ["raw", "exact-law"])
def test_leaning_labels_of_new_rows(method):
    agree(BiasedSampler(LinearRegression(d=2, T=14), "6/5", 2), Replace(), 60_000, method)


def test_flipped_labels():
    for rate in ("1/4", "1/2"):
        agree(FlippedLabels(LinearRegression(d=2, T=14, signal=3), rate), Replace(), 40_000, "raw")


@pytest.mark.parametrize("workflow", [Accumulate(), FreshReal(), RealPlusLatest()], ids=str)
def test_what_is_not_derived_is_simulated(workflow):
    """New rows beside old ones: a faithful sampler is least squares, and no flips are none."""
    plain = LinearRegression(d=2, T=9, signal=1)
    faithful = simulate(plain, workflow, 3, replicates=20_000, seed=5)
    for model in (BiasedSampler(plain, 1, 0), FlippedLabels(plain, 0)):
        run = simulate(model, workflow, 3, replicates=20_000, seed=4)
        assert (np.abs(run.mean - faithful.mean) < 4.5 * np.hypot(run.stderr, faithful.stderr)).all()
    bent = simulate(BiasedSampler(plain, "1/2", 3), workflow, 3, replicates=4000, seed=4)
    assert bent.mean[2] > faithful.mean[2] + 10 * bent.stderr[2]


def test_fewer_rows_than_features():
    wide = LinearRegression(d=6, T=3, signal=2)
    exact = [float(expected_risk(wide, Replace()).at(g)) for g in (1, 2, 3)]
    run = simulate(BiasedSampler(wide, 1, 0), Replace(), 3, replicates=20_000, seed=4)
    assert (np.abs(run.mean - exact) < 4.5 * run.stderr).all()


def test_real_labels_do_not_lean():
    """At generation 1 every law is that of least squares: σ²d/(T − d − 1)."""
    flipped = FlippedLabels(LinearRegression(d=2, T=9, signal=1), "1/2")
    for model, risk in ((LEANING, 2 / 11), (flipped, 1 / 3)):
        run = simulate(model, Replace(), 1, replicates=40_000, seed=8)
        assert abs(run.mean[0] - risk) < 4.5 * run.stderr[0]


def test_seeds_and_processes():
    one, two = (
        simulate(LEANING, Accumulate(), 3, replicates=4000, seed=3, executor=pool)
        for pool in (None, ThreadPoolExecutor(2))
    )
    assert np.array_equal(one.mean, two.mean)


def test_what_cannot_be_drawn():
    with pytest.raises(DomainError, match="give whole blocks"):
        simulate(LEANING, AccumulateSubsample(), 2, replicates=10)
    with pytest.raises(DomainError, match="signal of"):
        simulate(FlippedLabels(LinearRegression(d=6, T=3), "1/4"), Replace(), 2, replicates=10)


def test_the_vector_behind_leaning_labels():
    law = LabelLaw(fidelity=0.75, distance=2.0)
    assert law.leant(np.array([[4.0, 8.0]]), np.s_[:, 0]).tolist() == [[3.5, 6.0]]
