"""Closed forms, limits and growth against the recurrences they solve, for all pairs and random parameters."""

from __future__ import annotations

from itertools import islice, pairwise
from math import prod

import derived
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Product, Rational, Symbol, oo, symbols

from numerics import evaluate
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    DomainError,
    Exponential,
    FreshReal,
    G,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    PosteriorMean,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.solver.products import definite_product
from theory.testing import risks

share, budget, c = symbols("lambda b c", positive=True)

MODELS = {
    "bernoulli": Bernoulli(),
    "binomial": Binomial(),
    "poisson": Poisson(),
    "negative binomial": NegativeBinomial(),
    "exponential": Exponential(),
    "gamma": Gamma(),
    "gaussian mean": GaussianMean(),
    "hyperbolic secant": HyperbolicSecant(),
    "quadratic variance": QuadraticVariance(),
    "regular": Regular(),
    "regression, fresh": LinearRegression(),
    "regression, shared": LinearRegression(design="shared"),
    "regression, wide": LinearRegression(signal="B"),
    "regression, wide shared": LinearRegression(signal="B", design="shared"),
}
#: Numbers for every symbol, inside every domain.
POINT = {
    "p": Rational(1, 3),
    "n": 7,
    "m": 4,
    "lambda": Rational(2, 7),
    "mu": Rational(5, 3),
    "r": Rational(3, 2),
    "alpha": Rational(5, 2),
    "sigma": Rational(3, 2),
    "v_0": Rational(1, 2),
    "v_1": Rational(1, 3),
    "v_2": Rational(2, 5),
    "d": 3,
    "T": 11,
    "B": Rational(7, 2),
    "b": Rational(1, 2),
    "c": Rational(5, 2),
    "s": 3,
}
WIDE = POINT | {"d": 38, "T": 8}
REGULAR = POINT | {"p": 3}

PAIRS = (
    [
        (name, workflow)
        for name, model in MODELS.items()
        for workflow in (
            Replace(),
            Accumulate(),
            SlidingWindow(2),
            RealPlusLatest(),
            RealPlusLatest(share),
            FreshReal(),
            FreshReal(share),
        )
        if not (name == "regression, wide" and workflow.name not in ("replace", "accumulate"))
    ]
    + [
        ("regular", workflow)
        for workflow in (
            AccumulateSubsample(),
            AccumulateSubsample(budget),
            AccumulateSubsample(budget, True),
            AccumulateSubsample(3),
            AccumulateSubsample(Rational(5, 2), True),
            Accumulate(sizes=j),
            Accumulate(sizes=j**2),
            Replace(sizes=j**2),
            Replace(sizes=j ** Symbol("s", positive=True)),
            Replace(sizes=2**j),
            Replace(sizes=c**j),
            SlidingWindow(1),
            SlidingWindow(3),
            FreshReal(share, real=3),
            FreshReal(real=c),
            RealPlusLatest(share=1),
            FreshReal(share=1),
            RealPlusLatest(share=0),
            FreshReal(share=0),
        )
    ]
    + [
        ("bernoulli", Replace(sizes=j)),
        ("exponential", Replace(sizes=j)),
        ("gamma", RealPlusLatest(share=1)),
        ("gamma", FreshReal(share=1)),
        ("regression, fresh", Accumulate(sizes=j)),
        ("regression, fresh", Replace(sizes=j)),
        ("regression, fresh", AccumulateSubsample()),
    ]
)


def at_point(expression, name):
    """Numbers put into a symbolic expression."""
    point = point_of(name)
    return expression.subs({symbol: point[symbol.name] for symbol in expression.free_symbols - {G}})


def point_of(name):
    return WIDE if "wide" in name else REGULAR if name == "regular" else POINT


def numeric_risk(name, workflow):
    point = point_of(name)
    model = MODELS[name]
    return derived.risk(
        model.subs({s: point[s.name] for s in model.free_symbols}),
        workflow.subs({s: point[s.name] for s in workflow.free_symbols}),
    )


@pytest.mark.parametrize(("name", "workflow"), PAIRS, ids=str)
def test_symbolic_closed_form_is_the_recurrence(name, workflow):
    closed = at_point(derived.risk(MODELS[name], workflow).closed_form, name)
    values = list(islice(numeric_risk(name, workflow).recurrence.values(), 7))
    for g, value in enumerate(values, start=1):
        found = closed.subs(G, g).evalf(40, maxn=400)
        assert abs(found - value) < Rational(1, 10**25) * (1 + abs(value))


@pytest.mark.parametrize(("name", "workflow"), PAIRS, ids=str)
def test_limit_is_where_the_recurrence_goes(name, workflow):
    """Corrections are in powers of 1/G (two Richardson steps from 400, 800, 1600 leave 1e-6) or geometric (none)."""
    limit = derived.ratio(MODELS[name], workflow).limit
    assert limit is not None
    limit = at_point(limit, name)
    recurrence = numeric_risk(name, workflow).ratio.recurrence
    values = {g: float(recurrence.at(g)) for g in (400, 800, 1600)}
    if limit == oo:
        assert values[1600] > 1.05 * values[400]
        return
    once = [2 * values[800] - values[400], 2 * values[1600] - values[800]]
    candidates = [(4 * once[1] - once[0]) / 3, values[1600]]
    assert min(abs(value - float(limit)) for value in candidates) < 2e-5 * float(limit) or slow(workflow)


def slow(workflow):
    """Schedules whose corrections are not in whole powers of 1/G are checked by their growth instead."""
    return workflow.name == "replace" and workflow.sizes.has(j)


@pytest.mark.parametrize(("name", "workflow"), PAIRS, ids=str)
def test_growth_is_the_leading_term(name, workflow):
    growth = derived.risk(MODELS[name], workflow).growth
    if growth is None:  # the rate is a root of a cubic with symbols in it
        assert "Sliding" in str(workflow)
        growth = numeric_risk(name, workflow).growth
    growth = at_point(growth, name)
    recurrence = numeric_risk(name, workflow).recurrence
    early, late = (float(recurrence.at(g)) / float(growth.subs(G, g).evalf(20)) for g in (150, 1200))
    if not (slow(workflow) and name in ("bernoulli", "exponential")):  # corrections of order G^(−1/n)
        assert abs(late - 1) < 0.25
    assert abs(late - 1) < 0.8 * abs(early - 1) + 1e-9 or "log" in str(growth)


@given(risk=risks(subsampled=False), generation=st.integers(1, 6))
@settings(max_examples=60)
def test_numeric_closed_form_is_the_recurrence(risk, generation):
    closed = risk.closed_form
    if closed is None:
        return
    value = next(islice(risk.recurrence.values(), generation - 1, None))
    found = closed.subs(G, generation).evalf(40, maxn=400)
    assert abs(found - value) < Rational(1, 10**20) * (1 + abs(value))


@given(risk=risks(), generation=st.integers(2, 12))
@settings(max_examples=60)
def test_bound_is_an_upper_bound(risk, generation):
    bound = risk.bound
    if bound is None or bound == oo:
        return
    for value in islice(risk.recurrence.values(), generation):
        assert value.evalf(30) <= bound.evalf(30) * (1 + Rational(1, 10**20))


@given(risk=risks(), generation=st.integers(2, 15))
@settings(max_examples=60)
def test_monotone_means_monotone(risk, generation):
    # Between two infinite values there is no step.
    values = [value for value in islice(risk.recurrence.values(), generation) if value.is_finite]
    steps = [late - early for early, late in pairwise(values)]
    if risk.monotonicity == "increasing":
        assert all(step >= 0 for step in steps)
    elif risk.monotonicity == "decreasing":
        assert all(step <= 0 for step in steps)
    elif risk.monotonicity == "monotone":
        assert all(step >= 0 for step in steps) or all(step <= 0 for step in steps)


def test_every_parameter_symbolic_pair_has_a_bound_or_diverges():
    for name, workflow in PAIRS:
        if workflow.name in ("replace", "accumulate") and not workflow.sizes.has(j):
            bound = derived.risk(MODELS[name], workflow).bound
            assert bound is not None, (name, workflow)


def test_window_of_symbolic_length_grows_as_the_long_ones_do():
    k = Symbol("k", integer=True, positive=True)
    growth = expected_risk(Regular(), SlidingWindow(k)).ratio.growth
    for length in (1, 2, 3, 6):
        values = list(islice(expected_risk(Regular(1, 1), SlidingWindow(length)).recurrence.values(), 300))
        assert abs(values[299] - values[298] - growth.subs({k: length}).coeff(G)) < Rational(1, 10**12)


def test_geometric_sizes_under_accumulate_have_a_limit_to_any_precision():
    limit = expected_risk(Regular(1, 1), Accumulate(sizes=2**j)).limit
    far = next(islice(expected_risk(Regular(1, 1), Accumulate(sizes=2**j)).recurrence.values(), 249, None))
    assert abs(limit.evalf(60) - far.evalf(70)) < Rational(1, 10**58)
    bernoulli = expected_risk(Bernoulli(Rational(1, 3), 5), Accumulate(sizes=Integer(3) ** j))
    far = next(islice(bernoulli.recurrence.values(), 159, None))
    assert abs(bernoulli.limit.evalf(60) - far.evalf(70)) < Rational(1, 10**58)


@pytest.mark.parametrize("terms", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("name", "workflow"),
    [
        ("bernoulli", Accumulate()),
        ("gamma", Accumulate()),
        ("regression, fresh", Accumulate()),
        ("regular", AccumulateSubsample()),
        ("regular", Accumulate(sizes=j**2)),
        ("regular", Replace(sizes=j)),
    ],
    ids=str,
)
def test_expansion_error_falls_at_the_rate_of_the_next_term(name, workflow, terms):
    risk = derived.risk(MODELS[name], workflow)
    head = at_point(risk.expansion(terms), name)
    following = at_point(risk.expansion(terms + 1), name) - head
    exact = at_point(risk.closed_form, name)
    near, far = (
        abs((exact - head).subs(G, g).evalf(40, maxn=400) / following.subs(G, g).evalf(40) - 1) for g in (800, 1600)
    )
    assert far < 0.05
    assert far < 0.6 * near + 1e-3


@pytest.mark.parametrize("budget", [2, 3, Rational(3, 2), Rational(5, 2), Rational(1, 2)])
@pytest.mark.parametrize("replacement", [False, True])
def test_subsampling_climbs_to_its_limit_through_every_regime(budget, replacement):
    risk = expected_risk(Regular(1, 1), AccumulateSubsample(budget, replacement))
    assert risk.monotonicity == "increasing"
    assert risk.bound == risk.limit
    values = list(islice(risk.recurrence.values(), 12))
    assert all(late > early for early, late in pairwise(values))


def test_factorials_of_large_numbers_are_taken_in_quotients():
    i, upper = Symbol("i"), Symbol("U", integer=True, positive=True)
    third = Rational(1, 3)
    for factor in (
        (i + 1005) * (i + 1009) ** 2 / ((i + 1003) ** 2 * (i + 1007)),
        (i + 2000) / (i + 1500) * (i + 3),
        (i + 10**5 + third) / (i + 10**5 + 3 + third),
    ):
        found = definite_product(factor, i, Integer(2), upper)
        assert abs((found.subs(upper, 5) / prod(factor.subs(i, k) for k in range(2, 6))).evalf(25) - 1) < 1e-20
    assert definite_product((i + 10**9 + third) / (i + 10**9), i, Integer(2), upper) is None


def test_a_strong_prior_has_exact_values_and_a_limit_at_once():
    risk = expected_risk(PosteriorMean(Bernoulli(p="1/3", n=4), 10**9, "1/2"), Accumulate())
    assert risk.closed_form is None
    assert risk.limit.has(Product)
    assert risk.at(5) == pytest.approx(1 / 36, rel=1e-6)


@pytest.mark.parametrize(
    ("workflow", "generation"), [(FreshReal("1/sqrt(j)"), 1000), (Accumulate(), 10**30), (Replace(sizes=j), 10**30)]
)
def test_what_no_exact_number_can_say_is_left_to_balls(workflow, generation):
    with pytest.raises(DomainError, match=r"[uU]se numerics\.evaluate"):
        expected_risk(Bernoulli(p="1/3", n=4), workflow).at(generation)
    value = evaluate(expected_risk(Bernoulli(p="1/3", n=4), workflow), [generation])[0]
    assert 0 < value < 1


def test_a_harmonic_number_with_parameters_is_not_written_out_late():
    with pytest.raises(DomainError, match=r"use numerics\.evaluate"):
        expected_risk(GaussianMean(), Accumulate(sizes=j)).at(10**30)
