"""Bent loops with symbols: limits and growth by cases, each side against the recurrence itself."""

from __future__ import annotations

import pytest
from sympy import Matrix, N, Piecewise, Rational, S, Symbol, oo, pi, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    G,
    GaussianMean,
    LinearRegression,
    RealPlusLatest,
    Replace,
    expected_risk,
)
from theory.expressions.expansion import Order
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
from theory.models.bent_regression import FlippedLabels
from theory.moments.recurrence import MomentRecurrence
from theory.proof import ClosedForm, LeastBound, prove
from theory.solver.driven import _stays
from theory.workflows.dynamics import GENERATION

tau, m, mu, sigma = (Symbol(name, positive=True) for name in ("tau", "m", "mu", "sigma"))
n = Symbol("n", integer=True, positive=True)

HALF = Rational(1, 2)


def named(risk):
    return {symbol.name: symbol for symbol in risk.free_symbols}


def at(risk, expression, values):
    return expression.subs({named(risk)[name]: value for name, value in values.items()})


CASES = [
    # Exponential: τ²(1 + 1/n) against 1.
    (BiasedSampler(Exponential(), "tau", "m"), {"tau": "1/2", "n": 3, "mu": 2, "m": 5}, False),
    (BiasedSampler(Exponential(), "tau", "m"), {"tau": "9/10", "n": 3, "mu": 2, "m": 5}, True),
    (BiasedSampler(GaussianMean(), "tau", "m"), {"tau": "9/10", "n": 3, "sigma": 2, "m": 5}, False),
    (BiasedSampler(GaussianMean(), "tau", "m"), {"tau": "11/10", "n": 3, "sigma": 2, "m": 5}, True),
    (BiasedSampler(GaussianMean(), "tau", "m"), {"tau": 1, "n": 3, "sigma": 2, "m": 5}, True),
    # A coin never explodes.
    (BiasedSampler(Bernoulli(), "tau", "m"), {"tau": "99/100", "n": 1, "p": "1/3", "m": "1/2"}, False),
]


@pytest.mark.parametrize(("model", "values", "explodes"), CASES, ids=str)
def test_replace_by_cases(model, values, explodes):
    values = {name: S(value) for name, value in values.items()}
    risk = expected_risk(model, Replace())
    numbers = expected_risk(model, Replace()).subs({named(risk)[name]: value for name, value in values.items()})
    assert (at(risk, risk.limit, values) == oo) == explodes == (numbers.limit == oo)
    if not explodes:
        assert at(risk, risk.limit, values) == numbers.limit
        assert abs(N(numbers.at(3000) - numbers.limit)) < 1e-8
    else:
        # The leading term, on that side.
        growth = at(risk, risk.growth, values)
        late = 900
        assert abs(N(numbers.at(late) / growth.subs(G, late)) - 1) < 1e-6


def test_the_edge_itself():
    """τ² = n/(n+1): the noise adds up, one term a generation."""
    model = BiasedSampler(Exponential(mean=2, n=3), "tau", 5)
    risk = expected_risk(model, Replace())
    (symbol,) = risk.free_symbols
    edge = Rational(3, 4) ** Rational(1, 2)
    assert risk.limit.subs(symbol, edge) == oo
    growth = risk.growth.subs(symbol, edge)
    assert growth == Rational(25, 3) * G
    value = S(0)
    bias, second = S(0), S(0)
    for _ in range(400):
        mean = edge * bias + (1 - edge) * 3
        square = edge**2 * second + 2 * edge * (1 - edge) * 3 * bias + ((1 - edge) * 3) ** 2
        if bias == second == 0:
            mean, square = S(0), S(0)
        bias, second = N(mean, 30), N(square + (4 + 4 * mean + square) / 3, 30)
        value = second
    assert abs(value / growth.subs(G, 400) - 1) < 0.05


def test_accumulate_by_cases():
    risk = expected_risk(BiasedSampler(GaussianMean(n=4), "tau", "m"), Accumulate())
    known = named(risk)
    t, target, noise = known["tau"], known["m"], known["sigma"]
    expected = Piecewise((target**2, t < 1), (pi**2 * noise**2 / 24, S.true & (t <= 1)), (oo, True))
    for fidelity in (Rational(9, 10), S(1), Rational(11, 10)):
        assert risk.limit.subs(t, fidelity) == expected.subs(t, fidelity)
    # Towards the truth: the noise alone.
    centred = expected_risk(BiasedSampler(GaussianMean(n=4), "tau", 0), Accumulate())
    (t,) = (symbol for symbol in centred.free_symbols if symbol.name == "tau")
    assert centred.limit.subs(t, Rational(9, 10)) == 0
    assert centred.limit.subs(t, Rational(11, 10)) == oo
    assert centred.limit.subs(t, S(1)) == pi**2 * noise**2 / 24


def test_repelled_from_its_target():
    """τ > 1 under accumulate: the bias grows, and the risk with it."""
    for workflow in (Accumulate(), AccumulateSubsample()):
        risk = expected_risk(BiasedSampler(GaussianMean(n=4, sigma2=1), "11/10", "1/2"), workflow)
        assert risk.limit == oo
        # As G^(2(τ−1)): a thousandfold G, less than fourfold.
        assert 1.2 < N(risk.at(1500) / risk.at(100)) < 2


@pytest.mark.parametrize(
    ("pull", "power", "stays"), [(1, 1, True), (0, 2, True), (1, 0, False), (1, HALF, False), (-HALF, 2, False)]
)
def test_what_is_seen_not_to_grow_as_a_power(pull, power, stays):
    """z of steps 1 − c/g with g^(−q) coming in: as g^(1−q) for q < 1, as g^(−c) for c < 0, and else no power."""
    g = GENERATION
    alone = Matrix([[1]])
    chain = MomentRecurrence(
        start=2, matrix=Matrix([[1 - pull / g]]), forcing=Matrix([[g**-power]]), readout=alone, initial=alone
    )
    assert _stays(chain, Order({})) is stays


def test_an_anchor_holds_beyond_one():
    """Half of the data real: the sampler may exaggerate up to twofold."""
    risk = expected_risk(BiasedSampler(GaussianMean(), "tau", "m"), RealPlusLatest(share="1/2"))
    t = named(risk)["tau"]
    assert risk.limit.subs(t, 2) == oo
    low = {"tau": Rational(3, 2), "n": 4, "sigma": 1, "m": Rational(1, 2)}
    numbers = risk.subs({named(risk)[name]: value for name, value in low.items()})
    assert at(risk, risk.limit, low) == numbers.limit
    assert abs(N(numbers.at(400) - numbers.limit)) < 1e-10


def test_symbols_do_not_hang():
    """Closed forms that do not exist are given up in seconds."""
    p, b = symbols("p b", positive=True)
    risk = expected_risk(BiasedSampler(Bernoulli(p=p), "tau", b), Accumulate())
    assert risk.closed_form is None
    assert (risk.limit - (b - p) ** 2).expand() == 0


def test_the_prior_acts_once_under_accumulate():
    """The readout's own recurrence: a product, where the moments have no closed form."""
    coin = Bernoulli(p="1/3", n=4)
    risk = expected_risk(PosteriorMean(coin, 2, "3/4"), Accumulate())
    assert risk.limit == Rational(29, 108) - 97 * pi / 1536
    assert risk.closed_form.subs(G, 5) == risk.at(5) == Rational(118511, 1920996)
    drawn = expected_risk(PosteriorSample(coin, 2, "3/4"), Accumulate())
    assert drawn.closed_form == drawn.limit == drawn.bound == Rational(115, 1512) == drawn.at(7)
    assert all(prove(claim(drawn)) for claim in (ClosedForm, LeastBound))


def test_a_step_that_forgets_all_before_it():
    """τ = −1 under accumulate: model 2 does not depend on model 1, and no product makes a number of 0/0."""
    risk = expected_risk(BiasedSampler(GaussianMean(n=1, sigma2=1), -1, 1), Accumulate())
    assert risk.closed_form is None
    assert [risk.at(g) for g in (1, 2, 3)] == [1, Rational(5, 4), Rational(41, 36)]
    assert risk.limit == risk.bias.limit == 1
    assert abs(N(risk.at(2000)) - 1) < 1e-3
    assert [risk.bias.closed_form.subs(G, g) for g in (1, 2, 3, 7)] == [risk.bias.at(g) for g in (1, 2, 3, 7)]
    assert [risk.bias.at(g) for g in (1, 2, 3, 7)] == [0, 1, 1, 1]


def test_labels_turned_over_half_of_the_time():
    """τ = 0: generation 1 has a value of its own, and the loop settles all the same, at σ²d/(T−d−1)/(1−ρ) + |w*|²."""
    risk = expected_risk(FlippedLabels(LinearRegression(d=2, T=10, signal=1), "1/2"), Replace())
    assert risk.limit == 1 + Rational(2, 7) / (1 - Rational(4 * 8, 12 * 7))
    assert abs(N(risk.at(40) - risk.limit)) < 1e-12
