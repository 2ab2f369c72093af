"""Regimes along a schedule and infinite generations, by rows that are drawn and by balls."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Piecewise, Rational

from numerics import evaluate, simulate
from theory import (
    Accumulate,
    AccumulateSubsample,
    GaussianFit,
    LinearRegression,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)


@pytest.mark.parametrize(
    ("T", "workflow"),
    [
        (16, Replace(sizes=Piecewise((Rational(1, 4), j <= 2), (1, True)))),
        (12, Replace(sizes=Rational(7, 6) + Rational(5, 6) * (-1) ** j)),
        (16, Accumulate(sizes=Piecewise((2, j <= 3), (Rational(1, 2), True)))),
        (4, Accumulate(sizes=Piecewise((1, j <= 1), (3, True)))),
    ],
    ids=str,
)
def test_regimes_against_drawn_rows(T, workflow):
    """Eight features, and rows on either side: within five standard errors, all of which exist."""
    model = LinearRegression(8, T, signal=1)
    risk, run = expected_risk(model, workflow), simulate(model, workflow, generations=5, replicates=20_000, seed=1)
    expected = np.array([float(risk.at(g)) for g in range(1, 6)])
    assert (np.abs(run.mean - expected) < 5 * run.stderr).all()
    assert (run.stderr < 0.03 * expected).all()


def test_a_first_divergence_against_drawn_points():
    risk = expected_risk(GaussianFit(1, 12), Accumulate(), "kl")
    run = simulate(GaussianFit(1, 12), Accumulate(), generations=2, replicates=50_000, seed=1, loss="kl")
    assert abs(run.mean[0] - float(risk.at(1))) < 5 * run.stderr[0]


@pytest.mark.parametrize(
    ("model", "workflow", "loss", "last"),
    [
        (LinearRegression(8, 10), Replace(sizes=401 * j / (j**2 + 400)), "squared", 400),
        (LinearRegression(2, 13, design="shared"), AccumulateSubsample(), "squared", 4),
        (GaussianFit(3, 8), SlidingWindow(2, sizes=Rational(1, 3) + 1 / j), "kl", 24),
    ],
)
def test_no_formula_runs_past_the_last_finite_generation(model, workflow, loss, last):
    values = evaluate(expected_risk(model, workflow, loss), np.array([1, last, last + 1, 2 * last]))
    assert np.isfinite(values).tolist() == [True, True, False, False]
