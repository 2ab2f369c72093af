"""``Risk.lambdify`` against exact values, for every pair of the catalogue."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sympy import Rational, Symbol

from selfgen.catalogue import MODELS, concrete, workflows
from theory import (
    Accumulate,
    Bernoulli,
    DomainError,
    GaussianFit,
    LinearRegression,
    NotDerivedError,
    Poisson,
    Regular,
    Replace,
    expected_risk,
)
from theory.models.units import computed_units

NUMBERS = {"p": "1/4", "tau": "3/4", "kappa": "3/2", "m": "1/2", "h": "1/3", "gamma": "1/2"}
COUNTS = {"d": 2, "T": 9, "p": 3, "m": 3}
WIDE = {"d": 200, "T": 4}  # more features than all rows of the generations looked at


def numbers(risk, counts):
    """A number for each symbol, inside the domain."""
    return {
        symbol: Rational(counts.get(symbol.name, 8) if symbol.is_integer else NUMBERS.get(symbol.name, "2/5"))
        for symbol in risk.free_symbols
    }


def derived(label):
    """The risks of a kind of model under every workflow that has one."""
    model = MODELS[label]
    model = GaussianFit(d=1) if isinstance(model, GaussianFit) else concrete(model, model.losses[0])
    for workflow in workflows().values():
        if isinstance(model, GaussianFit) and workflow.name in ("sliding-window", "forgetting"):
            continue  # solved for seconds, and no other kind of formula
        try:
            with computed_units():
                yield expected_risk(model, workflow, model.losses[0])
        except NotDerivedError:
            continue


@pytest.mark.parametrize("label", MODELS)
def test_every_pair_of_the_catalogue(label):
    risks = list(derived(label))
    assert risks
    for risk in risks:
        at = numbers(risk, COUNTS | WIDE if "d ≥ T" in label else COUNTS)
        with computed_units():
            found = risk.lambdify()([[1, 2], [3, 5]], **{symbol.name: value for symbol, value in at.items()})
            # The recurrence with numbers put in, not derived again for them.
            exact = risk.recurrence.subs(at)
        assert found.shape == (2, 2)
        assert found.ravel() == pytest.approx([float(exact.at(g)) for g in (1, 2, 3, 5)], rel=1e-12)


def test_arrays_broadcast_and_many_parameters_are_one_call():
    function = expected_risk(Bernoulli(), Accumulate()).lambdify()
    found = function(np.arange(1, 5)[:, None], p=[0.25, "1/3", Rational(1, 2)], n=10)
    assert found.shape == (4, 3)
    for row, g in enumerate(range(1, 5)):
        for column, p in enumerate(("1/4", "1/3", "1/2")):
            exact = expected_risk(Bernoulli(p=p, n=10), Accumulate()).at(g)
            assert found[row, column] == pytest.approx(float(exact), rel=1e-13)
    assert function(3, p=0.3, n=10).shape == ()


def test_where_sympy_drops_brackets_around_harmonic():
    """G − H_G in a closed form, far out: what double precision loses is not lost."""
    risk = expected_risk(Regular(), Accumulate())
    found = risk.lambdify()(10**9, p=1, n=1)
    assert found == pytest.approx(np.pi**2 / 6 - 1e-9 + 5e-19, rel=1e-15)
    tiny = expected_risk(Bernoulli(), Accumulate()).ratio.lambdify()
    assert tiny(2, p=0.5, n=10**15) == pytest.approx(float(Rational(5, 4) - Rational(1, 4 * 10**15)), rel=1e-15)


def test_infinite_and_out_of_range():
    function = expected_risk(LinearRegression(), Replace()).lambdify()
    assert function([1, 2], d=3, T=4).tolist() == [np.inf, np.inf]
    with pytest.raises(DomainError, match="d = 1/2"):
        function(1, d=0.5, T=9)
    with pytest.raises(DomainError, match=r"T has no value: RiskFunction\(G, \*, T, d\) takes T, d"):
        function(1, d=3)
    with pytest.raises(DomainError, match="q = 3 is no parameter"):
        function(1, d=3, T=9, q=3)
    with pytest.raises(DomainError, match="do not fit together"):
        function([1, 2], d=[3, 4, 5], T=9)
    with pytest.raises(DomainError, match="d = x is not a number"):
        function(1, d=Symbol("x"), T=9)


def test_names_are_those_of_python():
    rate = Symbol("lambda", positive=True)
    function = expected_risk(Poisson(rate=rate), Replace()).lambdify()
    assert "lambda_" in inspect.signature(function).parameters
    assert function(2, lambda_=3, n=10) == function(2, **{"lambda": 3}, n=10) == pytest.approx(0.6)
