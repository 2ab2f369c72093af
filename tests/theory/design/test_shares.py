"""The share of real data: golden ratio, Fibonacci numbers, dynamic programming, simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from sympy import Rational, S, Symbol, fibonacci, simplify, sqrt

from numerics import crosscheck, simulate
from theory import (
    Bernoulli,
    DomainError,
    Exponential,
    FreshReal,
    G,
    GaussianMean,
    LinearRegression,
    Poisson,
    Regular,
    expected_risk,
)
from theory.design import OptimalFreshReal, optimal_share, optimal_weights
from theory.design.shares import optimal_risk
from theory.errors import NotDerivedError
from theory.moments.composition import compose
from theory.solver.solution import Solution
from theory.testing import check_workflow, rationals

RHO = Symbol("rho", positive=True)
GOLDEN = (1 + sqrt(5)) / 2


def step(risk: float, share: float, real: float, curvature: float = 0.0) -> float:
    return (1 - share) ** 2 * ((1 + curvature) * risk + 1) + share**2 / real


def test_as_much_real_as_synthetic_data_gives_the_golden_ratio():
    assert simplify(optimal_share(real=1) - 1 / GOLDEN) == 0
    limit = expected_risk(Regular(1, 1), FreshReal(share=optimal_share(real=1))).ratio.limit
    assert simplify(limit - 1 / GOLDEN) == 0


def test_closed_form_of_the_share_in_the_amount_of_real_data():
    assert simplify(optimal_share() - (sqrt(RHO**2 + 4 * RHO) - RHO) / 2) == 0
    for real in ("1/7", 1, "5/2", 40):
        assert simplify(optimal_share(real) - optimal_share().subs(RHO, Rational(real))) == 0


@pytest.mark.parametrize("real", [0.05, 0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize(
    ("model", "curvature"),
    [
        (None, 0.0),
        (Poisson(2, 9), 0.0),
        (Bernoulli("1/3", 4), -1 / 4),
        (Bernoulli("1/3", 1), -1.0),
        (Exponential(2, 3), 1 / 3),
    ],
)
def test_the_share_is_where_a_numerical_search_ends(real, model, curvature):
    if model is not None and float(model.n) * real < 1:
        with pytest.raises(DomainError, match="a block must hold 1 or more"):
            optimal_share(real, model)
        return

    def limit(share: float) -> float:
        carried = (1 - share) ** 2 * (1 + curvature)
        return step(0.0, share, real) / (1 - carried) if carried < 1 else math.inf

    found = minimize_scalar(limit, bounds=(1e-6, 1.0), method="bounded", options={"xatol": 1e-12})
    share = float(optimal_share(real, model))
    # A minimum is flat: the search resolves it to the root of machine precision.
    assert share == pytest.approx(found.x, abs=2e-6)
    assert limit(share) <= min(limit(value) for value in np.linspace(1e-4, 1, 4001)) * (1 + 1e-14)


def test_the_share_for_a_whole_family_at_once():
    n = Symbol("n", integer=True, positive=True)
    for model in (Bernoulli(), Exponential()):
        formula = optimal_share(RHO, model)
        for size, real in ((2, 1), (7, 3)):
            numbers = optimal_share(real, model.subs(n, size))
            assert abs(float(formula.subs({n: size, RHO: real}) - numbers)) < 1e-14


def test_shared_designs_have_the_same_share_as_means():
    assert optimal_share(2, LinearRegression(d=2, T=9, design="shared")) == optimal_share(2)


def test_fibonacci_numbers():
    for g in range(2, 20):
        assert optimal_weights(g) == fibonacci(2 * g - 1) / fibonacci(2 * g)
    closed = optimal_weights(G)
    for g in range(1, 6):
        assert simplify(closed.subs(G, g) - optimal_weights(g)) == 0


@settings(max_examples=8)
@given(real=rationals(0, 5), g=st.integers(1, 30))
def test_weights_by_the_recurrence(real, g):
    """r ↦ (r + 1)/((r + 1)ρ + 1), written out; the closed form in G agrees to 20 digits."""
    risk, share = S.One, S.One
    for _ in range(g - 1):
        share = (risk + 1) * real / ((risk + 1) * real + 1)
        risk = (risk + 1) / ((risk + 1) * real + 1)
    assert optimal_weights(g, real) == share
    assert abs(optimal_weights(G, real).subs(G, g).evalf(30) - share) < Rational(1, 10**20)


def test_weights_for_symbolic_amounts():
    for g in (2, 3, 5):
        assert simplify(optimal_weights(g, RHO).subs(RHO, 3) - optimal_weights(g, 3)) == 0
    assert simplify(optimal_weights(G, RHO).subs({RHO: 3, G: 4}) - optimal_weights(4, 3)) == 0


@pytest.mark.parametrize("real", [0.2, 1.0, 4.0])
def test_one_generation_at_a_time_is_best_for_the_last(real):
    """All shares of five generations at once, by a general minimiser."""

    def last(shares: np.ndarray) -> float:
        risk = 1.0
        for share in shares:
            risk = step(risk, share, real)
        return risk

    found = minimize(last, np.full(5, 0.5), bounds=[(0, 1)] * 5, options={"ftol": 1e-15, "gtol": 1e-10})
    greedy = [float(optimal_weights(g, real)) for g in range(2, 7)]
    assert last(np.array(greedy)) <= found.fun * (1 + 1e-12)
    assert np.allclose(found.x, greedy, atol=1e-3)


def test_weights_tend_to_the_optimal_share():
    for real in (1, 2, Rational(1, 3)):
        assert abs(float(optimal_weights(60, real) - optimal_share(real))) < 1e-13


def test_weights_with_curvature():
    model, risk = Exponential(1, 2), 1.0
    for g in range(2, 8):
        best = minimize_scalar(lambda share, risk=risk: step(risk, share, 1.5, 1 / 2), bounds=(0, 1), method="bounded")
        assert float(optimal_weights(g, 1.5, model)) == pytest.approx(best.x, abs=1e-5)
        risk = step(risk, float(optimal_weights(g, 1.5, model)), 1.5, 1 / 2)


def test_the_workflow_takes_these_shares():
    check_workflow(OptimalFreshReal(real="3/2"))
    ratio = expected_risk(GaussianMean(1, 10), OptimalFreshReal(real=2)).ratio
    assert [ratio.at(g) * 2 for g in range(2, 9)] == [optimal_weights(g, 2) for g in range(2, 9)]


def test_the_workflow_simulated():
    """60 000 chains catch an error of 4 % at some generation with probability 0.99."""
    model, workflow = GaussianMean(1, 5), OptimalFreshReal(real="3/5")
    simulation = simulate(model, workflow, generations=6, replicates=60_000, seed=11, method="raw")
    check = crosscheck(expected_risk(model, workflow), simulation)
    assert check.passed
    assert check.detectable < 0.04


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: optimal_share(real=0), "real = 0 is not an amount"),
        (lambda: optimal_share(real="-1"), "is not an amount of real data"),
        (lambda: optimal_weights(0), "g = 0 is not a generation"),
        (lambda: optimal_weights(2, real=-3), "is not an amount of real data"),
        (lambda: OptimalFreshReal(real=0), "real = 0 is not an amount"),
    ],
)
def test_what_is_refused(call, sentence):
    with pytest.raises(DomainError, match=sentence):
        call()


def test_no_share_without_a_recurrence():
    with pytest.raises(NotDerivedError):
        OptimalFreshReal().fresh_weight(Symbol("m", integer=True, positive=True))


@pytest.mark.parametrize("real", [1, 2, "1/3"])
@pytest.mark.parametrize("curvature", [S.Zero, Rational(-1, 7), Rational(1, 3)], ids=str)
def test_the_best_shares_settle_as_the_best_constant_one(real, curvature):
    """Golden-ratio type limits: the exact risk sixty generations on, under models with and without curvature."""
    workflow = OptimalFreshReal(real=real)
    recurrence = compose(workflow, S.One, curvature)
    limit = Solution(recurrence, {}).limit
    assert abs(float((limit - recurrence.at(60)).evalf(30))) < 1e-18
    if curvature == 0:
        closed = recurrence.closed_form()
        assert all(simplify(closed.subs(G, g) - recurrence.at(g)) == 0 for g in range(1, 6))
        assert (limit - optimal_share(real) / Rational(real)).equals(0)
    else:
        assert recurrence.closed_form() is None


def test_the_limit_of_the_best_shares_for_any_amount_of_real_data():
    workflow = OptimalFreshReal(real=RHO)
    limit = Solution(compose(workflow, S.One, S.Zero), workflow.ranges()).limit
    # Fixed point of the best reply r = (r + 1)/((r + 1)ρ + 1)
    assert simplify(limit - (limit + 1) / ((limit + 1) * RHO + 1)) == 0


def test_the_risk_of_the_best_shares_as_fibonacci_numbers():
    closed = optimal_risk(1)
    for g in range(1, 9):
        assert simplify(closed.subs(G, g) - Rational(fibonacci(2 * g - 1), fibonacci(2 * g))) == 0
    assert optimal_weights(G).count_ops() < 30
