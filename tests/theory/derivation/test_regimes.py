"""Every regime is shown: what is displayed, run by hand from the displayed states, gives every risk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Eq, Function, Ge, Le, Matrix, Piecewise, Rational, S, Symbol, simplify

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    G,
    GaussianFit,
    LinearRegression,
    Poisson,
    Regular,
    expected_risk,
    j,
)
from theory.derivation.regimes import Reached, readouts, recursions
from theory.derivation.step import NotShown

R, m = Function("R"), Function("m")
g = Symbol("g", integer=True, positive=True)
TABLE = Piecewise((5, Eq(j, 1)), (3, j <= 4), (2, True))
UPTO = 8

PAIRS = {
    "whole pool at first": (Poisson(rate=1, n=10), AccumulateSubsample(budget=2)),
    "whole pool for longer": (Bernoulli(p="1/3", n=6), AccumulateSubsample(budget="7/2")),
    "bootstrap": (Poisson(rate=1, n=10), AccumulateSubsample(budget=3, replacement=True)),
    "to leading order": (Regular(p=2, n=30), AccumulateSubsample(budget=3)),
    "unbiased gaussian": (GaussianFit(d=2, n=8, unbiased=True), AccumulateSubsample(budget=3)),
    "below the threshold": (LinearRegression(d=10, T=4, signal=1), Accumulate()),
    "below it without signal": (LinearRegression(d=23, T=5, signal=0), Accumulate()),
    "table of sizes": (Poisson(rate=1, n=10), Accumulate(sizes=TABLE)),
    "capped": (LinearRegression(d=2, T=9), CappedReal(synthetic=2)),
}


def displayed_values(steps, count):
    """The risks at generations 1, 2, … as a reader finds them: states, recursions and readouts where they hold."""
    relations = [step.expression for step in steps if step.expression.sign == "="]
    rows = [(_entries(relation.left), _entries(relation.right), relation.where) for relation in relations]
    rows = [row for row in rows if all(getattr(left, "func", None) in (R, m) for left in row[0])]
    rows = [row for row in rows if not any(right.has(G) for right in row[1])]
    known, found = {}, []
    for left, right, _ in rows:
        if left[0].args[-1].is_Integer:
            known |= dict(zip(left, right, strict=True))
    for generation in range(1, count + 1):
        for left, right, where in rows:
            if left[0].args[-1] != g or not _applies(where, generation):
                continue
            at = [entry.subs(g, generation) for entry in left]
            values = [entry.subs(g, generation).subs(known) for entry in right]
            for name, value in zip(at, values, strict=True):
                # What is stated of a generation and what runs to it agree.
                assert name not in known or simplify(known[name] - value) == 0 or value.atoms(R, m)
                known.setdefault(name, value)
        found.append(known.get(R(generation)))
    return found


def _entries(side):
    return list(side) if hasattr(side, "shape") else [side]


def _applies(where, generation):
    return where is None or where.subs(g, generation) == S.true


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_displayed_gives_every_risk(name):
    model, workflow = PAIRS[name]
    risk = expected_risk(model, workflow)
    found = displayed_values(risk.derivation.check().steps, UPTO)
    for generation, value in enumerate(found, start=1):
        assert value is not None, generation
        assert simplify(value - risk.at(generation)) == 0, generation


@pytest.mark.parametrize("name", ["to leading order", "below the threshold", "table of sizes"])
def test_closed_forms_hold_where_they_say(name):
    """Together the regimes cover every generation, and none of them another's."""
    risk = expected_risk(*PAIRS[name])
    relations = [step.expression for step in risk.derivation.check().steps if step.expression.sign == "="]
    closed = [relation for relation in relations if relation.left == R(G)]
    for generation in range(1, UPTO + 1):
        of_it = [relation for relation in closed if _holds(relation.where, generation)]
        stated = [relation for relation in relations if relation.left == R(generation)]
        assert len(of_it) <= 1
        assert of_it or stated, generation
        for relation in of_it + stated:
            difference = relation.right.subs(G, generation) - risk.at(generation)
            assert abs(difference.evalf(40)) < Rational(1, 10**30), relation


def _holds(where, generation):
    return where is None or where.subs(G, generation) == S.true


@pytest.mark.parametrize(("d", "T"), [(10, 4), (23, 5), (16, 6)])
def test_regimes_with_a_symbolic_end(d, T):
    """The displayed closed forms, and the state where the regime changes, at numbers put into them."""
    symbolic = LinearRegression(signal="B")
    steps = expected_risk(symbolic, Accumulate()).derivation.check().steps
    at = {symbolic.d: d, symbolic.T: T, Symbol("B", nonnegative=True): 2, symbolic.signal: 2}
    risk = expected_risk(LinearRegression(d=d, T=T, signal=2), Accumulate())
    closed = [step.expression for step in steps if step.expression.left == R(G) and step.expression.sign == "="]
    assert len(closed) == 2
    for generation in range(1, UPTO + 1):
        (relation,) = [one for one in closed if one.where.subs(at).subs(G, generation) == S.true]
        value = relation.right.subs(at).subs(G, generation)
        assert abs((value - risk.at(generation)).evalf(40)) < Rational(1, 10**30)
    (joint,) = [step.expression for step in steps if isinstance(step.check, Reached)]
    generation = int(joint.left.args[0].subs(at))
    assert generation == (d - 2) // T
    lost = 2 * (1 - Rational(T, d))
    assert abs((joint.right.subs(at) - (risk.at(generation) - lost)).evalf(40)) < Rational(1, 10**30)


def test_a_state_that_is_handed_over_can_not_be_another():
    recurrence = expected_risk(Poisson(rate=1, n=10), AccumulateSubsample(budget=3)).recurrence
    later = recursions(recurrence)[1]
    assert (later.start, later.end) == (4, None)
    check = Reached(recurrence, later.start - 1, S.One)
    steps = expected_risk(Poisson(rate=1, n=10), AccumulateSubsample(budget=3)).derivation.steps
    (relation,) = [step.expression for step in steps if step.check == check]
    check(relation)
    for row in range(2):
        wrong = Matrix(relation.right)
        wrong[row] *= Rational(101, 100)
        with pytest.raises(NotShown):
            check(replace(relation, right=wrong.as_immutable()))
    with pytest.raises(NotShown):
        replace(check, generation=S(4))(relation)


def test_readouts_are_of_the_generations_before_a_regime_too():
    """Budget 2: model 1 is fitted on its whole block, and only its readout is of the first regime."""
    recurrence = expected_risk(Poisson(rate=1, n=10), AccumulateSubsample(budget=2)).recurrence
    assert [(part.start, part.end) for part in readouts(recurrence)] == [(1, 2), (2, None)]
    assert [(part.start, part.end) for part in recursions(recurrence)] == [(2, 3), (3, None)]


def test_noise_and_budgets_say_where_they_hold():
    """Blocks of a table have other noise; a symbolic budget is one that every pool has."""
    noise = next(
        step.expression
        for step in expected_risk(Poisson(), Accumulate(sizes=TABLE)).derivation.check().steps
        if "varepsilon" in str(step.expression.left) and step.expression.left.is_Symbol
    )
    rate, n = Poisson().rate, Poisson().n
    assert (noise.right, noise.where) == (rate / (2 * n), Ge(g, 5))
    budget = Symbol("b", positive=True)
    fit = expected_risk(Regular(), AccumulateSubsample(budget=budget)).derivation.check().steps[0]
    assert fit.expression.where == Le(budget, 1)
    with pytest.raises(NotShown, match="condition"):
        fit.check(replace(fit.expression, where=None))


def test_values_before_a_recursion_are_shown_once():
    steps = expected_risk(Poisson(), Accumulate(sizes=TABLE)).derivation.check().steps
    lefts = [step.expression.left for step in steps if step.expression.sign == "="]
    assert [lefts.count(R(generation)) for generation in range(1, 6)] == [1, 1, 1, 1, 0]
    (closed,) = [step.expression for step in steps if step.expression.left == R(G) and step.expression.sign == "="]
    assert closed.where == Ge(G, 4)
