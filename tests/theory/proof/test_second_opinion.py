"""Certificates before another judge: mpmath finds nothing against true ones, and of random false claims none passes."""

import json
import random
import re
import sys
from functools import cache
from itertools import pairwise

from flint import ctx

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    FreshReal,
    GaussianFit,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.proof import (
    CertificateError,
    ClosedForm,
    Growth,
    LeastBound,
    Limit,
    LowerLimit,
    Monotone,
    NeverWorse,
    Remainder,
    check,
    prove,
)

Checker = sys.modules["theory.proof.check"].Checker

#: False claims a run.
TRIED = 2_200
OFF = "1/10**30"


@cache
def certificates():
    """The data of certificates of every claim and rule."""
    pairs = [
        *((Regular(), workflow) for workflow in (Replace(), Accumulate(), RealPlusLatest(), AccumulateSubsample())),
        (Poisson(), FreshReal(share="1/4")),
        *((Bernoulli(), workflow) for workflow in (Replace(), Accumulate(), FreshReal(), SlidingWindow(2))),
        (Bernoulli(p="1/3", n=4), Accumulate()),
        (Exponential(n=9), Accumulate()),
        (LinearRegression(), Accumulate()),
        (LinearRegression(design="shared"), Replace()),
        (QuadraticVariance(), Replace()),
    ]
    risks = [expected_risk(*pair) for pair in pairs]
    risks += [expected_risk(KernelDensity(), Accumulate(), loss="variance"), risks[1].ratio, risks[6].ratio]
    risks += [expected_risk(GaussianFit(), Accumulate(), loss="mean")]
    claims = [kind(risk) for risk in risks for kind in (ClosedForm, Limit, Growth, Monotone, LeastBound, Remainder)]
    ordered = [expected_risk(Regular(), workflow).ratio for workflow in (RealPlusLatest(), Accumulate(), Replace())]
    claims += [NeverWorse(*pair) for pair in pairwise(ordered)] + [LowerLimit(*ordered[:2])]
    claims += [NeverWorse(*(expected_risk(Bernoulli(), workflow) for workflow in (Accumulate(), Replace())))]
    claims += [
        NeverWorse(*(expected_risk(LinearRegression(design=design), Accumulate()) for design in ("fresh", "shared")))
    ]
    found = []
    for claim in claims:
        try:
            found.append(json.loads(prove(claim).json()))
        except NotDerivedError:
            continue
    return found


def test_mpmath_finds_nothing_against_what_is_proved(second_opinion):
    chance, tried = random.Random(2026), 0
    for data in certificates():
        for _ in range(2):
            try:
                assert second_opinion(data, chance) is None, data
            except ZeroDivisionError:  # nothing is claimed where an expression is not defined
                continue
            tried += 1
    assert tried > 1.8 * len(certificates())


def test_the_second_opinion_sees_what_is_wrong(second_opinion):
    """Values that are wrong by 10⁻³⁰, limits, orders and bounds: else it would be no opinion."""
    chance = random.Random(2026)
    seen = set()
    for data in certificates():
        for step in data["steps"]:
            key = {"solution": "value", "annihilator": "value"}.get(step["rule"], step["rule"])
            if key in ("value", "limit"):
                wrong = json.loads(json.dumps(data))
                there = wrong["steps"][data["steps"].index(step)]
                there[key] = [f"{x} + {OFF}" for x in step[key]] if key == "value" else f"{step[key]} + 1/1000"
                assert _false(wrong, chance, second_opinion, 5), (data["about"], key)
                seen.add(key)
        swapped = {"increasing": "decreasing", "decreasing": "increasing"}.get(data["claim"]["statement"])
        if swapped:
            wrong = data | {"claim": data["claim"] | {"statement": swapped}}
            assert _false(wrong, chance, second_opinion, 5), data["about"]
            seen.add(swapped)
        if data["claim"]["statement"] in ("never above", "lower limit"):
            wrong = _exchanged(data)
            assert _false(wrong, chance, second_opinion, 5), data["about"]
            seen.add(data["claim"]["statement"])
    assert seen == {"value", "limit", "increasing", "decreasing", "never above", "lower limit"}


def test_random_false_claims_are_refused(second_opinion):
    chance = random.Random(2026)
    kinds = {_constant: 0, _range: 0, _workflow: 0}
    accepted = []
    while sum(kinds.values()) < TRIED:
        kind = chance.choices(list(kinds), weights=(7, 2, 2))[0]
        data = json.loads(json.dumps(chance.choice(certificates())))
        false = kind(data, chance, second_opinion)
        if false is None:
            continue
        kinds[kind] += 1
        if _passes(false):
            accepted.append(false)
    assert not accepted
    assert min(kinds.values()) > 50


def _passes(data):
    """Whether the checker accepts it with the witnesses that it asks for itself, as a forger would fill them in."""
    try:
        checker = Checker(data)
        with ctx.workprec(256):
            checker.run(complete=False)
        return check({**data, "witnesses": checker.witnesses})
    except CertificateError:
        return False


def _constant(data, chance, opinion):
    """A value, a limit, a bound, a growth or a first risk that is off by 10⁻³⁰: false, as the original is true."""
    way = chance.choice("+-")
    step = chance.choice(data["steps"])
    key = chance.choice([key for key in ("value", "limit", "growth", "early") if step.get(key)] or ["bound"])
    if key == "bound" and "bound" not in data["claim"]:
        return None
    if key in ("value", "early"):
        step[key] = [f"{text} {way} {OFF}" for text in step[key]]
        # The moments may be off with it, as if the recurrence gave it.
        if "moments" in step and chance.random() < 0.5:
            step["moments"] = [[f"{text} {way} {OFF}" for text in texts] for texts in step["moments"]]
    elif key == "growth":
        step[key] = f"({step[key]})*(1 {way} {OFF})"
    elif key == "limit":
        step[key] = f"{step[key]} {way} {OFF}"
    if "bound" in data["claim"] and key in ("bound", "limit"):
        data["claim"]["bound"] += f" {way} {OFF}"
    return data


def _range(data, chance, opinion):
    """A range of a parameter that is wider, so that the claim is false somewhere in it."""
    if not data["parameters"]:
        return None
    name = chance.choice(list(data["parameters"]))
    over = data["parameters"][name]
    more = chance.choice(["1", "2", "1/2", "3"])
    data["parameters"][name] = chance.choice([f"{over} - {more}", f"({over})*{int(more[0]) + 1}"])
    if chance.random() < 0.3:
        data["positive"] = []
    return data if _false(data, chance, opinion, 3) else None


def _workflow(data, chance, opinion):
    """The recurrence of another workflow or model under the same proof; or the two of a comparison exchanged."""
    if len(data["sequences"]) == 2 and chance.random() < 0.5:
        data = _exchanged(data)
    else:
        other = chance.choice(certificates())
        place = chance.randrange(len(data["sequences"]))
        data["sequences"][place] = chance.choice(other["sequences"])
        data["parameters"] = {**other["parameters"], **data["parameters"]}
        texts = " ".join(data["parameters"].values())
        data["positive"] = [
            name for name in {*data["positive"], *other["positive"]} if re.search(rf"\b{name}\b", texts)
        ]
    return data if _false(data, chance, opinion, 1) else None


def _false(data, chance, opinion, draws):
    for _ in range(draws):
        try:
            if opinion(data, chance) is not None:
                return True
        except (ZeroDivisionError, ValueError, IndexError, KeyError, AssertionError):
            continue
    return False


def _exchanged(data):
    data = json.loads(json.dumps(data))
    data["sequences"].reverse()
    for step in data["steps"]:
        if step["rule"] == "cone" and len(step["sequences"]) == 2:
            step["risks"].reverse()
        elif "sequence" in step:
            step["sequence"] = 1 - step["sequence"]
    return data
