"""Gaussians refitted on samples drawn at a temperature."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, product

import numpy as np
import pytest
from sympy import EulerGamma, Rational, S, Symbol, log, oo, simplify

from numerics import crosscheck, simulate
from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    GaussianFit,
    NotDerivedError,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.gaussian.moments import Loss, invariant_recurrence
from theory.models.gaussian.temperature import DyingBelow, dying_below

HALF = Rational(1, 2)


def test_one_dimension_under_replace_by_hand() -> None:
    """Σ_1 = χ²_ν/c, Σ_g = τ Σ_{g−1} χ²_ν/c, and μ_g moves by τ Σ_{g−1}/n."""
    n, tau = 5, Rational(3, 4)
    nu, c = n - 1, n
    model = GaussianFit(d=1, n=n, temperature=tau)
    trace, mean, covariance = (expected_risk(model, Replace(), loss) for loss in ("trace", "mean", "covariance"))
    shrink, square = Rational(nu, c), Rational(nu * (nu + 2), c**2)
    first = second = path = Rational(1)
    for g in range(1, 6):
        heat = 1 if g == 1 else tau
        path = Rational(1, n) if g == 1 else path + tau * first / n
        first, second = heat * shrink * first, heat**2 * square * second
        assert (trace.at(g), mean.at(g)) == (first, path)
        assert covariance.at(g) == second - 2 * first + 1


def test_accumulate_by_its_own_recursion() -> None:
    """d = 1: (E μ², E Σ) under accumulate, by conditioning on the last fit, two numbers a generation."""
    n, tau = 4, Rational(2, 3)
    model = GaussianFit(d=1, n=n, temperature=tau)
    mean, trace = expected_risk(model, Accumulate(), "mean"), expected_risk(model, Accumulate(), "trace")
    m, s = Rational(1, n), 1 - Rational(1, n)
    for g in range(1, 7):
        assert (mean.at(g), trace.at(g)) == (m, s)
        # μ' = μ + ε/(g+1), and the pool's variance is g/(g+1) Σ + 1/(g+1) S + g/(g+1)² ε², E S + E ε² = τ Σ.
        h = g + 1
        noise = tau * s / n
        m, s = m + noise / h**2, Rational(g, h) * s + (tau * s - noise) / h + Rational(g, h**2) * noise


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), FreshReal(share="1/3"), SlidingWindow(2)], ids=lambda w: w.name
)
def test_at_temperature_one_nothing_changes(workflow, unbiased) -> None:
    tau = Symbol("tau", positive=True)
    for loss in ("mean", "trace", "covariance"):
        warm = expected_risk(GaussianFit(d=2, n=5, unbiased=unbiased, temperature=tau), workflow, loss)
        plain = expected_risk(GaussianFit(d=2, n=5, unbiased=unbiased), workflow, loss)
        values = [value.subs(tau, 1) for value in islice(warm.recurrence.values(), 3)]
        assert [simplify(value) for value in values] == list(islice(plain.recurrence.values(), 3))


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), Accumulate(sizes="j")], ids=str)
def test_covariances_by_products_are_those_of_the_invariants(workflow, unbiased) -> None:
    """Two derivations: zonal polynomials that move by themselves, and the algebra of all invariants of degree four."""
    model = GaussianFit(d=3, n=5, unbiased=unbiased, temperature="4/3")
    for loss, parts in (("covariance", Loss(covariance=True)), ("squared", Loss(mean=True, covariance=True))):
        found = expected_risk(model, workflow, loss)
        whole = invariant_recurrence(workflow, workflow.dynamics(), parts, S(3), S(5), unbiased, Rational(4, 3))
        assert [found.at(g) for g in range(1, 5)] == list(islice(whole.values(), 4))


@pytest.mark.parametrize(("d", "heat", "order"), [(1, 1, 0), (2, 1, 0), (2, "3/2", 1), (2, 2, 2)])
def test_where_covariances_go_under_accumulate(d: int, heat, order: int) -> None:
    """To a number at τ = 1, as G^(2τ − 2) above; what is left out is 1/G, or the trace's G^(1 − τ), smaller."""
    risk = expected_risk(GaussianFit(d=d, n=6, temperature=heat), Accumulate(), "covariance")
    assert (risk.limit == oo) == (order > 0)
    far, farther = (float(risk.at(g) / risk.growth.subs(G, g).evalf()) - 1 for g in (250, 1000))
    shrinks = 4 ** -float(min(1, Rational(heat) - 1) if order else 1)
    assert abs(farther) < 0.08 if order == 1 else abs(farther) < 0.01
    assert abs(farther / far / shrinks - 1) < 0.1


def test_the_determinant_falls_at_its_rate() -> None:
    risk = expected_risk(GaussianFit(d=1, n=3, temperature=HALF), Replace(), "log-determinant")
    # ψ(1) + log(2/3) a fit, and log(1/2) from the second on.
    rate = -EulerGamma + log(Rational(2, 3))
    for g in range(1, 5):
        assert abs((risk.at(g) - g * rate - (g - 1) * log(HALF)).evalf(30)) < 1e-25
    assert risk.limit == -oo


@pytest.mark.parametrize(("d", "n", "unbiased"), [(1, 6, True), (2, 7, True), (2, 6, False)])
def test_variance_dies_below_these_temperatures(d: int, n: int, unbiased: bool) -> None:
    found = dying_below(GaussianFit(d=d, n=n, unbiased=unbiased))
    # Jensen: almost every loop dies before the average does.
    assert float(found.almost_surely) > float(found.in_mean) > float(found.in_mean_square)
    for temperature, loss in ((found.in_mean, "trace"), (found.in_mean_square, "covariance")):
        near = Rational(str(round(float(temperature), 6)))
        below = expected_risk(
            GaussianFit(d=d, n=n, unbiased=unbiased, temperature=near * Rational(99, 100)), Replace(), loss
        )
        above = expected_risk(
            GaussianFit(d=d, n=n, unbiased=unbiased, temperature=near * Rational(101, 100)), Replace(), loss
        )
        # E‖Σ − I‖² → d where Σ dies in mean square.
        assert below.limit == (0 if loss == "trace" else d)
        assert above.limit == oo
    near = Rational(str(round(float(found.almost_surely), 6)))
    for factor, limit in ((Rational(99, 100), -oo), (Rational(101, 100), oo)):
        model = GaussianFit(d=d, n=n, unbiased=unbiased, temperature=near * factor)
        assert expected_risk(model, Replace(), "log-determinant").limit == limit


def test_under_accumulate_the_variance_dies_below_one_whatever_the_samples() -> None:
    """As a power of g: E tr Σ and E Σ² by their exact values, log det by its law."""
    for n, unbiased in ((3, False), (3, True), (40, False)):
        assert dying_below(GaussianFit(d=2, n=n, unbiased=unbiased), Accumulate()) == DyingBelow(S.One, S.One, S.One)
    for temperature in ("9/10", "1", "11/10"):
        model = GaussianFit(d=1, n=4, temperature=temperature)
        trace = [float(expected_risk(model, Accumulate(), "trace").at(g)) for g in (200, 800)]
        # E Σ² = E (Σ − 1)² + 2 E Σ − 1.
        square = [
            float(expected_risk(model, Accumulate(), "covariance").at(g)) + 2 * mean - 1
            for g, mean in zip((200, 800), trace, strict=True)
        ]
        drift = float(S(temperature)) - 1
        assert trace[1] / trace[0] == pytest.approx(4**drift, rel=0.01)
        assert square[1] / square[0] == pytest.approx(4 ** (2 * drift), rel=0.02)
    with pytest.raises(NotDerivedError, match="workflow = SlidingWindow"):
        dying_below(GaussianFit(d=1, n=4), SlidingWindow(2))


def test_under_accumulate_the_logarithm_of_the_determinant_drifts_and_settles() -> None:
    """Simulated chains: log Σ_g − (τ − 1) log g has an increment of mean 0 and of variance like 1/g."""
    generator = np.random.default_rng(7)
    n, heat, chains, last = 5, 1.3, 4000, 256
    mean, variance = np.zeros(chains), np.ones(chains)
    logarithms = {}
    for g in range(1, last + 1):
        factor = 1.0 if g == 1 else heat
        drawn = mean + np.sqrt(factor * variance) * generator.standard_normal((n, chains))
        block, spread = drawn.mean(0), drawn.var(0)
        if g == 1:
            mean, variance = block, spread
        else:
            move = block - mean
            variance = (1 - 1 / g) * variance + spread / g + (1 - 1 / g) / g * move**2
            mean = mean + move / g
        logarithms[g] = np.log(variance)
    for early, late in ((16, 64), (64, 256)):
        moved = logarithms[late] - logarithms[early] - (heat - 1) * np.log(late / early)
        # Σ of O(1/i²) over early < i ≤ late, for the mean and for the variance.
        assert abs(moved.mean()) < 4 / early
        assert moved.var() < 4 / early


@pytest.mark.parametrize("method", ["exact-law", "raw"])
@pytest.mark.parametrize(
    ("workflow", "loss"),
    [*product([Replace(), Accumulate()], ["mean", "trace", "covariance"]), (SlidingWindow(2), "trace")],
    ids=lambda part: getattr(part, "name", part),
)
def test_simulation(loss: str, workflow, method: str) -> None:
    model = GaussianFit(d=2, n=8, temperature="1/2")
    simulation = simulate(model, workflow, generations=4, replicates=20_000, seed=4, method=method, loss=loss)
    assert crosscheck(expected_risk(model, workflow, loss), simulation).passed
    cold = expected_risk(GaussianFit(d=2, n=8), workflow, loss)
    assert not crosscheck(replace(cold, model=model), simulation).passed


def test_what_is_refused() -> None:
    for value in (0, -1, "nan", [1], "i", True):
        with pytest.raises(DomainError, match="temperature"):
            GaussianFit(d=1, n=5, temperature=value)
    hot = GaussianFit(d=1, n=8, temperature=2)
    for workflow, loss in (
        (Replace(), "kl"), (Replace(), "wasserstein"),
        (Accumulate(), "log-determinant"), (AccumulateSubsample(), "mean"),
    ):  # fmt: skip
        with pytest.raises(NotDerivedError, match="temperature = 2 has no derived"):
            expected_risk(hot, workflow, loss)


@pytest.mark.parametrize("workflow", [Replace(), Accumulate()], ids=lambda w: w.name)
def test_singular_fits_die_at_every_temperature(workflow) -> None:
    """n ≤ d points span a plane, which samples never leave; one point has no covariance at all."""
    rng = np.random.default_rng(1)
    for d, n in ((3, 3), (3, 2), (2, 1)):
        found = dying_below(GaussianFit(d=d, n=n), workflow)
        assert found.almost_surely == oo
        assert (found.in_mean == oo) == (n == 1)
        points = rng.standard_normal((n, d))
        assert np.linalg.matrix_rank(np.cov(points.T, bias=True)) < d
        if n > 1:
            near, loss = Rational(found.in_mean) * Rational(99, 100), "trace"
            assert expected_risk(GaussianFit(d=d, n=n, temperature=near), workflow, loss).limit == 0
    assert dying_below(GaussianFit(d=2, n=3), workflow).almost_surely != oo
