"""Remainders: the next term of the expansion, no smaller one, and only from where the value holds."""

import json

import pytest
from certified import completed, limit_certificate, ratio
from sympy import Symbol, pi

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    GaussianFit,
    Poisson,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.expressions.parser import parse
from theory.proof import CertificateError, Limit, Remainder, prove


def test_a_remainder_is_the_next_term_of_the_expansion():
    (step,) = (step for step in prove(Remainder(ratio(Poisson(), Accumulate()), 3)).data["steps"] if "bound" in step)
    assert step["expansion"] == "pi**2/6 - 1/g + 1/(2*g**2)"
    assert step["bound"] == "1/(6*g**3)"


@pytest.mark.parametrize(
    "risk",
    [
        ratio(Bernoulli(), Accumulate()),
        ratio(Exponential(n=9), Accumulate()),
        ratio(GaussianFit(), Accumulate(), "trace"),
        ratio(Regular(), RealPlusLatest()),
        ratio(Bernoulli(), Replace()),
        ratio(Regular(), AccumulateSubsample()),
    ],
    ids=lambda risk: f"{risk.model.name}-{risk.workflow.name}",
)
def test_a_remainder_is_no_smaller(risk):
    """Products of Gamma functions, powers and harmonic numbers, with less room or another expansion."""
    data = json.loads(prove(Remainder(risk)).json())
    (step,) = (step for step in data["steps"] if step["rule"] == "remainder")
    changes = [("bound", f"({step['bound']})/2"), ("expansion", f"({step['expansion']})*101/100")]
    changes += [("constant", f"{step['constant']} + 1/g")] if "constant" in step else []
    for key, wrong in changes:
        steps = [other if other is not step else {**step, key: wrong} for other in data["steps"]]
        with pytest.raises(CertificateError):
            completed({**data, "steps": steps})


def test_a_sum_over_roots_has_no_remainder():
    data = json.loads(prove(Limit(expected_risk(Bernoulli(), SlidingWindow(2)))).json())
    data["steps"][-1] = {"rule": "remainder", "sequence": 0, "expansion": "p*(1 - p)", "bound": "0", "since": 9}
    with pytest.raises(CertificateError, match="sums over roots"):
        completed({**data, "claim": {"statement": "remainder", "sequences": [0]}})


def test_a_remainder_holds_from_where_its_value_holds():
    data = limit_certificate("1/g", "0", claim={"statement": "remainder", "sequences": [0]})
    data["sequences"][0]["regimes"][0]["start"] = "3"
    data["sequences"][0]["early"] = data["steps"][0]["early"] = ["500"]
    for since, holds in ((1, False), (2, True)):
        data["steps"][1] = {"rule": "remainder", "sequence": 0, "expansion": "0", "bound": "1/g", "since": since}
        if holds:
            assert completed(data)
        else:
            with pytest.raises(CertificateError, match="is not shown to hold as early"):
                completed(data)


def test_a_remainder_holds_from_the_regime_that_its_value_is_of():
    data = limit_certificate("7", "0", claim={"statement": "remainder", "sequences": [0]})
    data["sequences"][0]["regimes"].append(data["sequences"][0]["regimes"][0] | {"start": "4", "shift": "1/g"})
    data["steps"][0] |= {"moments": [[], []], "value": ["7", "1/g"]}
    for since in (3, 4):
        data["steps"][1] = {"rule": "remainder", "sequence": 0, "expansion": "0", "bound": "1/g", "since": since}
        if since == 4:
            assert completed(data)
        else:
            with pytest.raises(CertificateError, match="is not shown to hold as early"):
                completed(data)


@pytest.mark.parametrize("budget", [2, 3])
@pytest.mark.parametrize("terms", [1, 2, 3])
def test_remainders_of_sequences_in_regimes_are_true(budget, terms):
    risk = ratio(Regular(), AccumulateSubsample(budget=budget))
    (step,) = (step for step in prove(Remainder(risk, terms)).data["steps"] if "bound" in step)
    expansion, bound = (parse(step[name], "step").subs(Symbol("pi"), pi) for name in ("expansion", "bound"))
    g = next(iter(bound.free_symbols))
    for generation in range(step["since"], 12):
        off = abs(risk.at(generation) - expansion.subs(g, generation)) - bound.subs(g, generation)
        assert off.evalf(30) <= 0
