"""Certificates for tests: found for pairs of every kind, and written by hand."""

import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

from derived import ratio
from sympy import Rational, Symbol

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Categorical,
    Exponential,
    FreshReal,
    GaussianFit,
    GaussianMean,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.bent import BiasedSampler
from theory.proof import (
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

RULES = sys.modules["theory.proof.check"].RULES
CHECKER = Path(sys.modules["theory.proof.check"].__file__)


def pairs():
    """Recurrences of every kind that the library composes: one number, several, constant or not, in regimes, late."""
    yield Regular(), Replace(), "squared"
    yield Regular(), Accumulate(), "squared"
    yield Regular(), Accumulate(sizes=2 * Symbol("j", integer=True, positive=True)), "squared"
    yield Regular(), AccumulateSubsample(), "squared"
    yield Regular(), AccumulateSubsample(budget=2), "squared"
    yield Regular(), SlidingWindow(2), "squared"
    yield Regular(), RealPlusLatest(), "squared"
    yield Regular(), FreshReal(share=Rational(1, 3)), "squared"
    yield QuadraticVariance(), Replace(), "squared"
    yield QuadraticVariance(), Accumulate(), "squared"
    yield QuadraticVariance(), SlidingWindow(2), "squared"
    yield Bernoulli(), Accumulate(), "squared"
    yield Bernoulli(p="1/3", n=50), FreshReal(), "squared"
    yield Exponential(mean=2, n=5), Replace(), "squared"
    yield LinearRegression(), Accumulate(), "squared"
    yield LinearRegression(d=10, T=50), Accumulate(), "squared"
    yield LinearRegression(signal="B"), Accumulate(), "squared"
    yield LinearRegression(signal="B"), Replace(), "squared"
    yield GaussianFit(), Replace(), "log-determinant"
    yield GaussianFit(d=2, n=30), Replace(), "kl"
    yield GaussianFit(d=1), Replace(), "wasserstein"
    yield GaussianFit(d=2, n=30), Replace(), "covariance"
    yield GaussianFit(), Accumulate(), "mean"
    yield KernelDensity(), Accumulate(), "variance"
    yield KernelDensity(), SlidingWindow(2), "variance"
    yield Categorical("uniform(3)", n=4), Replace(), "support"


CLAIMS = (ClosedForm, Limit, Growth, Monotone, LeastBound, Remainder)


@cache
def about(pair):
    """The certificates found for the claims about one pair."""
    found, risk = [], ratio(*pair)
    for claim in CLAIMS:
        try:
            found.append(prove(claim(risk)))
        except NotDerivedError:
            assert claim is not ClosedForm, pair
    return found


@cache
def comparisons():
    """Certificates about two workflows, and of sums of Lerch functions."""
    regular = [ratio(Regular(), workflow) for workflow in (RealPlusLatest(), Accumulate(), Replace())]
    claims = [NeverWorse(low, high) for low, high in pairwise(regular)]
    claims += [LowerLimit(*regular[:2]), NeverWorse(ratio(Bernoulli(), Accumulate()), ratio(Bernoulli(), Replace()))]
    claims.append(Limit(expected_risk(KernelDensity(n=50), Replace(), loss="mise")))
    return [prove(claim) for claim in claims]


def without_closed_form():
    """Certificates of a limit and of a leading term; their numbers are changed in test_power_laws.py."""
    for target, claim in (("1/2", Limit), ("1/3", Growth)):
        coin = BiasedSampler(Bernoulli(p="1/3", n=4), fidelity="9/10", target=target)
        yield prove(claim(expected_risk(coin, Accumulate())))
    yield prove(LeastBound(expected_risk(BiasedSampler(Bernoulli(p="1/3", n=4), "9/10", "1/2"), RealPlusLatest())))
    yield prove(Growth(expected_risk(GaussianFit(d=1, n=5, temperature=2), Accumulate(), loss="mean")))
    yield prove(Growth(expected_risk(BiasedSampler(GaussianMean(sigma2=1, n=4), "11/10", "1/2"), Accumulate())))


def limit_certificate(value, limit, **more):
    """A certificate whose sequence is risk = value, with the limit claimed."""
    regime = {"start": "2", "matrix": [], "forcing": [], "readout": [], "shift": value}
    return {
        "format": "selfgen certificate",
        "version": 1,
        "claim": {"statement": "limit", "sequences": [0]},
        "about": [dict.fromkeys(("model", "workflow", "loss", "quantity", "exactness"), "any")],
        "parameters": {},
        "positive": [],
        "sequences": [{"scale": "1", "offset": "0", "early": [], "initial": [], "regimes": [regime]}],
        "steps": [
            {"rule": "solution", "sequence": 0, "moments": [[]], "value": [value], "early": []},
            {"rule": "limit", "sequence": 0, "limit": limit},
        ],
        "witnesses": [],
        **more,
    }


def rising(value, **more):
    """A certificate that a sequence with this value increases, each step by itself."""
    cone = {"rule": "cone", "shape": "increasing", "sequences": [0], "since": 2, "forms": [], "multipliers": []}
    cone |= {"rests": [], "weights": [], "rest": f"({value}) - ({value.replace('g', '(g - 1)')})"}
    cone["risks"] = [[value.replace("g", str(g)) for g in (1, 2, 3)]]
    return limit_certificate(value, "0", claim={"statement": "increasing", "sequences": [0]}, steps=[cone], **more)


def completed(data):
    """The certificate with the witnesses that the checker itself finds."""
    checker = sys.modules["theory.proof.check"].Checker(data)
    checker.run(complete=False)
    return check({**data, "witnesses": checker.witnesses})
