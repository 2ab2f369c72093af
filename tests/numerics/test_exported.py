"""Exported recurrences in double precision: within their stated rounding of the exact values, which says something."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from sympy import Rational

from numerics.exported import Rounded, evaluate, run_exported
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    Forgetting,
    GaussianFit,
    LinearRegression,
    Regular,
    Replace,
    expected_risk,
    export_recurrence,
)

NUMBERS = {"p": "0.3", "n": "25", "d": "3", "T": "12", "q": "0.7"}


@pytest.mark.parametrize(
    ("model", "workflow", "loss"),
    [
        (Bernoulli(), Accumulate(), "squared"),
        (Bernoulli(), AccumulateSubsample(budget=2), "squared"),
        (Regular(), Forgetting(rate="7/10"), "squared"),
        (LinearRegression(), Accumulate(), "squared"),
        (GaussianFit(), Replace(), "covariance"),
        (GaussianFit(), Accumulate(), "log-determinant"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_doubles_stay_within_their_stated_rounding(model, workflow, loss):
    if model.name == "regular":
        NUMBERS["p"] = "3"
    risk = expected_risk(model, workflow, loss)
    data = export_recurrence(risk.recurrence)
    numbers = {symbol: Rational(NUMBERS[symbol.name]) for symbol in risk.free_symbols}
    exact = risk.recurrence.subs(numbers)
    values, errors = run_exported(data, {symbol.name: float(value) for symbol, value in numbers.items()}, 60)
    for g in (1, 2, 5, 60):
        away = abs(Rational(float(values[g - 1])) - exact.at(g))
        assert away.evalf(20) <= errors[g - 1]
        # A bound that says nothing would be no bound; where moments of a covariance cancel, it is larger.
        assert errors[g - 1] <= (1e-8 if loss == "covariance" else 1e-11) * abs(values[g - 1])


def test_what_is_infinite_is_infinite_from_its_first_generation_on():
    data = export_recurrence(expected_risk(LinearRegression(), Replace()).recurrence)
    assert np.isinf(run_exported(data, {"d": 5, "T": 6}, 4)[0]).all()
    assert np.isfinite(run_exported(data, {"d": 5, "T": 7}, 4)[0]).all()


def test_a_missing_number_is_named():
    data = export_recurrence(expected_risk(Bernoulli(), Replace()).recurrence)
    with pytest.raises(DomainError, match="no number for n"):
        run_exported(data, {"p": 0.5}, 3)


@pytest.mark.parametrize("x", [0.3, 1.0, 4.7, 33.3])
@pytest.mark.parametrize(
    ("tree", "function"),
    [
        (["polygamma", 0, "x"], mpmath.digamma),
        (["polygamma", 3, "x"], lambda x: mpmath.polygamma(3, x)),
        (["gamma", "x"], mpmath.gamma),
        (["loggamma", "x"], mpmath.loggamma),
        (["log", "x"], mpmath.log),
        (["^", "x", ["/", 5, 3]], lambda x: x ** (mpmath.mpf(5) / 3)),
        (
            ["multidigamma", ["+", "x", 1], 3],
            lambda x: sum(mpmath.digamma(x + 1 - mpmath.mpf(i) / 2) for i in range(3)),
        ),
        (["cases", [1, ["<", "x", 1]], [["sin", "x"], ["true"]]], lambda x: mpmath.sin(x) if x >= 1 else mpmath.mpf(1)),
    ],
)
def test_functions_against_mpmath(tree, function, x):
    with mpmath.workdps(40):
        truth = function(mpmath.mpf(x))
        found = evaluate(tree, {"x": Rounded(x)})
        assert abs(mpmath.mpf(found.value) - truth) <= found.error + abs(truth) * mpmath.mpf(2) ** -52


def test_no_number_is_no_number():
    assert math.isnan(evaluate(["log", -1], {}).value)
    assert math.isnan(evaluate(["^", 0, -1], {}).value)
    assert math.isnan(evaluate(["^", -1, ["/", 1, 2]], {}).value)
