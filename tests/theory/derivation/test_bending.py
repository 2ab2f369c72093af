"""Derivations of bent loops: every step checked, and refused once a number in it is off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Rational, Symbol

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    FreshReal,
    GaussianMean,
    LinearRegression,
    Replace,
    RidgeRegression,
    SlidingWindow,
    expected_risk,
)
from theory.derivation import StepError
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample

COIN = Bernoulli(p="1/3", n=4)
MODELS = {
    "biased": BiasedSampler(COIN, "9/10", "1/2"),
    "mean": PosteriorMean(COIN, 2, "3/4"),
    "sample": PosteriorSample(COIN, 2, "3/4"),
    "verified": BiasedSampler.verified(GaussianMean(), 0, 1),
    "symbols": PosteriorMean(Bernoulli(n=4), Symbol("kappa", positive=True), "3/4"),
}


@pytest.mark.parametrize(("built", "workflow"), [(PosteriorMean, Accumulate()), (PosteriorSample, Replace())])
def test_a_prior_about_a_regression_is_no_shrinking_of_one_number(built, workflow):
    posterior = built(LinearRegression(d=2, T=6), 2, 2)
    assert "posterior mean" not in expected_risk(posterior, workflow).derivation.check().text(100)


def test_ridge_with_every_parameter_a_symbol_is_derived_step_by_step():
    # The baseline is that of the first fit, not what many moments of later fits cancel to.
    risk = expected_risk(RidgeRegression(), FreshReal(real=Symbol("x", positive=True)))
    assert risk.baseline == expected_risk(RidgeRegression(), Replace()).baseline
    assert risk.derivation.check()


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), FreshReal(), AccumulateSubsample()], ids=lambda w: w.name
)
def test_every_step_holds(name, workflow):
    if name == "symbols" and workflow.name != "replace":
        pytest.skip("long texts, the same steps")
    derivation = expected_risk(MODELS[name], workflow).derivation
    # The closed form of a conjugate prior under accumulate is compared to 50 digits, and says so.
    conjugate = name in ("mean", "sample") and workflow.name == "accumulate"
    assert derivation.check().proved or conjugate
    text = derivation.text(400)
    assert ("E[x̄(g) | past] = θ(g - 1)\n" in text) == (name in ("mean", "sample", "symbols"))
    # A shrinking estimator is not the weighted mean itself.
    assert ("θ(3) =" in text) == (name in ("biased", "verified"))
    assert derivation.latex()


def test_windows_and_parts():
    risk = expected_risk(MODELS["biased"], SlidingWindow(2))
    for part in (risk, risk.bias, expected_risk(MODELS["mean"], Replace()).variance):
        assert part.derivation.check()


@pytest.mark.parametrize(
    ("name", "letters"),
    [("biased", "bar{x}_{g} "), ("biased", "varepsilon"), ("mean", "theta(g)"), ("sample", "operatorname{Var}")],
)
def test_one_percent_off_is_refused(name, letters):
    derivation = expected_risk(MODELS[name], Accumulate()).derivation
    steps = list(derivation.steps)
    (index,) = (i for i, step in enumerate(steps) if letters in str(step.expression.left))
    for change in (lambda x: x * Rational(101, 100), lambda x: -x):
        relation = steps[index].expression
        forged = [*steps]
        forged[index] = replace(steps[index], expression=replace(relation, right=change(relation.right)))
        with pytest.raises(StepError):
            replace(derivation, steps=tuple(forged)).check()


def test_another_bend_is_refused():
    """The recurrence of one model under the noise step of another."""
    one, two = (expected_risk(BiasedSampler(COIN, fidelity, "1/2"), Accumulate()) for fidelity in ("9/10", "8/10"))
    mixed = replace(one, recurrence=two.recurrence)
    with pytest.raises(StepError, match="moments of the recurrence"):
        mixed.derivation.check()
