"""Recurrences as plain data: run in fractions by a few lines that know nothing of the library, they give its risks."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from sympy import Rational, Symbol, binomial, harmonic, pi, polygamma, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    BiasedSampler,
    ContaminatedPool,
    DomainError,
    Forgetting,
    KernelDensity,
    LinearRegression,
    NotDerivedError,
    PosteriorMean,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    export_recurrence,
)
from theory.expressions.trees import tree


def value(node, known):
    """A tree in fractions."""
    if isinstance(node, str):
        return known[node]
    if isinstance(node, int):
        return Fraction(node)
    name, *given = node
    if name == "digits":
        return Fraction(int(given[0]))
    parts = [value(each, known) for each in given]
    if name == "^":
        return parts[0] ** int(parts[1])
    if name == "/":
        return parts[0] / parts[1]
    total = parts[0]
    for part in parts[1:]:
        total = total + part if name == "+" else total * part
    assert name in ("+", "*"), name
    return total


def risks(data, known, count):
    """The first risks of exported data, in fractions."""
    scale, offset = value(data["scale"], known), value(data["offset"], known)
    found = [offset + scale * value(each, known) for each in data["early"]]
    state = [Fraction(0)] * data["moments"]
    for row, each in data["initial"]:
        state[row] = value(each, known)
    active, g = data, data["start"] - 1
    while len(found) < count:
        at = known | {"g": Fraction(g)}
        if g >= 1:
            total = value(active["shift"], at) + sum(value(each, at) * state[i] for i, each in active["readout"])
            found.append(offset + scale * total)
        g += 1
        if active["continuation"] and g > 1 and g >= active["continuation"]["at"]:
            active = active["continuation"]
        at = known | {"g": Fraction(g)}
        moved = [Fraction(0)] * data["moments"]
        for row, column, each in active["matrix"]:
            moved[row] += value(each, at) * state[column]
        for row, each in active["forcing"]:
            moved[row] += value(each, at)
        state = moved
    return found


RHO, Q = Symbol("rho", positive=True), Symbol("q", positive=True)
KNOWN = {"p": Fraction(1, 3), "n": 7, "d": 2, "T": 9, "rho": Fraction(1, 5), "q": Fraction(2, 3), "m": Fraction(1, 2)}
KNOWN |= {"tau": Fraction(9, 10), "kappa": Fraction(3, 2)}
BIASED = next(iter(BiasedSampler.general().values()))
POSTERIOR = next(iter(PosteriorMean.general().values()))
CASES = [
    (Bernoulli(), Replace()),
    (Bernoulli(), Accumulate(sizes="j")),
    (Bernoulli(), AccumulateSubsample(budget=3)),
    (Bernoulli(), AccumulateSubsample(budget=1, replacement=True)),
    (Bernoulli(), SlidingWindow(k=3)),
    (Bernoulli(), RealPlusLatest()),
    (Bernoulli(), ContaminatedPool(real=RHO)),
    (Bernoulli(), Forgetting(rate=Q)),
    (Regular(p=3), AccumulateSubsample(budget=2)),
    (LinearRegression(), Accumulate()),
    (BIASED, Accumulate()),
    (POSTERIOR, SlidingWindow(k=2)),
]


@pytest.mark.parametrize(("model", "workflow"), CASES, ids=lambda each: each.name)
def test_exported_data_give_the_risks(model, workflow):
    risk = expected_risk(model, workflow)
    data = json.loads(json.dumps(export_recurrence(risk.recurrence)))
    known = {name: Fraction(KNOWN[name]) for name in data["parameters"]}
    numbers = {s: Rational(known[s.name].numerator, known[s.name].denominator) for s in risk.free_symbols}
    # Derived again with numbers in the place of symbols: another way to the same risk.
    exact = risk.subs(numbers) if numbers else risk
    found = risks(data, known, 9)
    assert [Rational(each.numerator, each.denominator) for each in found] == [exact.at(g) for g in range(1, 10)]


def test_bias_and_ratio_are_exported_too():
    risk = expected_risk(BIASED, Replace())
    known = {name: Fraction(KNOWN[name]) for name in ("p", "n", "tau", "m")}
    numbers = {s: Rational(str(known[s.name])) for s in risk.free_symbols}
    for asked in (risk.bias, risk.ratio):
        found = risks(export_recurrence(asked.recurrence), known, 4)
        assert [Rational(str(each)) for each in found] == [asked.recurrence.subs(numbers).at(g) for g in range(1, 5)]


def test_what_has_no_moments_is_refused():
    with pytest.raises(DomainError, match="only recurrences of moments are exported"):
        export_recurrence(expected_risk(KernelDensity(), Accumulate(), "mise").recurrence)


def test_a_parameter_called_g_is_refused():
    risk = expected_risk(Regular(p=Symbol("g", integer=True, positive=True)), Replace())
    with pytest.raises(DomainError, match="give it another name"):
        export_recurrence(risk.recurrence)


def test_trees_of_functions():
    n = Symbol("n")
    assert tree(sqrt(pi)) == ["^", ["constant", "pi"], ["/", 1, 2]]
    assert tree(harmonic(n, 2))[0] == "+"
    assert tree(polygamma(1, n)) == ["polygamma", 1, "n"]
    assert tree(2**80 + n) == ["+", "n", ["digits", str(2**80)]]
    with pytest.raises(NotDerivedError, match="binomial has no tree"):
        tree(binomial(n, 3))
    with pytest.raises(NotDerivedError, match="whole number"):
        tree(harmonic(n, n))
