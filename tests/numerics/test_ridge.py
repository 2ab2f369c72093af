"""Ridge in a loop: derived against simulated, every row drawn and by exact laws; an error of 2 % would be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from numerics import crosscheck, evaluate, simulate
from theory import Accumulate, DomainError, FreshReal, RealPlusLatest, Replace, expected_risk
from theory.models.ridge_regression import RidgeRegression

SHAPES = ((1, 2), (2, 5), (3, 4), (8, 5))


def agree(model, workflow, replicates, method="exact-law", detectable=0.02):
    """Derived and simulated agree, and a formula wrong by twice the detectable part fails."""
    risk = expected_risk(model, workflow)
    run = simulate(model, workflow, generations=4, replicates=replicates, seed=11, method=method)
    check = crosscheck(risk, run)
    assert check.passed, check.reason
    assert check.detectable < detectable
    wrong = replace(risk, recurrence=risk.recurrence.changed(scale=1 + 2 * detectable * risk.recurrence.scale**0))
    assert not crosscheck(wrong, run).passed


@pytest.mark.parametrize(("d", "T"), SHAPES)
def test_replace_on_fresh_rows(d, T):
    agree(RidgeRegression(d=d, T=T, penalty=1), Replace(), 100_000, method="raw")


@pytest.mark.parametrize(("d", "T"), SHAPES)
def test_fresh_real_rows(d, T):
    agree(RidgeRegression(d=d, T=T, penalty="3/2", sigma2="1/2", signal=2), FreshReal(real=2), 120_000)


@pytest.mark.parametrize(("d", "T"), SHAPES)
def test_accumulated_rows(d, T):
    agree(RidgeRegression(d=d, T=T, penalty=1), Accumulate(), 120_000, detectable=0.025)


@pytest.mark.parametrize(("d", "T"), SHAPES)
@pytest.mark.parametrize("workflow", [Replace(), RealPlusLatest()], ids=str)
def test_a_shared_design(d, T, workflow):
    agree(RidgeRegression(d=d, T=T, penalty=1, design="shared"), workflow, 100_000, detectable=0.025)


def test_exact_laws_and_rows_have_one_mean():
    model = RidgeRegression(d=2, T=5, penalty=1)
    for workflow in (FreshReal(), RealPlusLatest()):  # the latter has no derived risk, but is simulated
        law, raw = (simulate(model, workflow, 4, replicates=60_000, seed=5, method=how) for how in ("exact-law", "raw"))
        z = (law.mean - raw.mean) / np.hypot(law.stderr, raw.stderr)
        assert np.abs(z).max() < 4.5


def test_given_eigenvalues():
    model = RidgeRegression(d=3, T=4, penalty=2, design="shared", eigenvalues=(0, 3, "1/2"), sigma2=3)
    for method in ("exact-law", "raw"):
        agree(model, RealPlusLatest(share="1/3"), 60_000, method=method, detectable=0.025)


def test_numbers_are_right_to_the_last_digits():
    risk = expected_risk(RidgeRegression(d=8, T=5, penalty="7/5"), Replace())
    assert evaluate(risk, [1, 3]) == pytest.approx([float(risk.at(g).evalf(25)) for g in (1, 3)], rel=1e-14)
    assert evaluate(risk, 10**6) == pytest.approx(float(risk.limit.evalf(25)), rel=1e-14)


def test_the_limit_of_proportional_growth_has_no_sampler():
    with pytest.raises(DomainError, match="give d, T and penalty"):
        simulate(RidgeRegression(ratio="1/2", shrinkage="1/2"), Replace(), 2, replicates=10)


def test_a_penalty_of_zero_is_simulated_as_least_squares():
    run = simulate(RidgeRegression(d=2, T=9, penalty=0), Replace(), 2, replicates=20_000, seed=2)
    assert abs(run.mean[0] - 2 / 6) < 5 * run.stderr[0]
