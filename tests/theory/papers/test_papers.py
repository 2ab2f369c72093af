"""Formulas from the papers, as expected values."""

from __future__ import annotations

from itertools import islice

import pytest
from sympy import (
    EulerGamma,
    Ge,
    Integer,
    Rational,
    Symbol,
    digamma,
    harmonic,
    log,
    oo,
    pi,
    simplify,
    sin,
    sinh,
    sqrt,
    symbols,
    zeta,
)

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Exponential,
    FreshReal,
    G,
    Gamma,
    GaussianMean,
    LinearRegression,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)

d, T, n = symbols("d T n", integer=True, positive=True)
p, mu, sigma, alpha = symbols("p mu sigma alpha", positive=True)


def same(left, right):
    return simplify(left - right) == 0


class TestGerstgrasserEtAl:
    """Is Model Collapse Inevitable? (2024): linear regression on a shared design."""

    def test_theorem_1_replace_grows_linearly(self):
        risk = expected_risk(LinearRegression(sigma2=sigma**2), Replace())
        assert same(risk.closed_form, sigma**2 * d / (T - d - 1) * G)
        assert risk.domain == Ge(T, d + 2)

    def test_theorem_2_accumulate_is_bounded_by_pi_squared_over_six(self):
        risk = expected_risk(LinearRegression(sigma2=sigma**2, design="shared"), Accumulate())
        assert same(risk.closed_form, sigma**2 * d / (T - d - 1) * harmonic(G, 2))
        assert same(risk.bound, sigma**2 * d / (T - d - 1) * pi**2 / 6)
        assert risk.exactness == "exact"

    def test_fresh_designs_do_strictly_better(self):
        fresh = expected_risk(LinearRegression(), Accumulate()).ratio
        assert fresh.exactness == "exact"
        limit = (T - d - 1) / (d + 1) * (-digamma(1 - (d + 1) / T) - EulerGamma)
        assert same(fresh.limit, limit)
        for dimension, rows in ((1, 3), (10, 50), (100, 200)):
            assert fresh.limit.subs({d: dimension, T: rows}).evalf() < (pi**2 / 6).evalf()

    @pytest.mark.parametrize(("dimension", "rows"), [(1, 3), (2, 9), (10, 50)])
    def test_fresh_accumulate_term_by_term(self, dimension, rows):
        risk = expected_risk(LinearRegression(dimension, rows, 4), Accumulate())
        expected = sum(Rational(4 * dimension, i * (i * rows - dimension - 1)) for i in range(1, 8))
        assert risk.at(7) == expected


class TestDeyAndDonoho:
    """Universality of the π²/6 pathway (2024)."""

    def test_discard_is_linear_and_augment_is_pi_squared_over_six(self):
        assert expected_risk(Regular(), Replace()).ratio.closed_form == G
        augment = expected_risk(Regular(), Accumulate()).ratio
        assert augment.closed_form == harmonic(G, 2)
        assert augment.limit == pi**2 / 6
        assert augment.bound == pi**2 / 6
        assert augment.exactness == "leading order"

    @pytest.mark.parametrize(
        "model", [Bernoulli(), Poisson(), Exponential(), Gamma(), GaussianMean(), QuadraticVariance()]
    )
    def test_every_family_tends_to_the_universal_ratio(self, model):
        limit = expected_risk(model, Accumulate()).ratio.limit
        point = {s: Integer(10) ** 12 if s.name == "n" else Rational(1, 3) for s in limit.free_symbols}
        assert abs(limit.subs(point).evalf(30, maxn=400) - pi.evalf(30) ** 2 / 6) < 1e-10


class TestFiniteSamples:
    """Exact at every n: families with quadratic variance functions."""

    def test_replace(self):
        v0, v1, v2, mean = (Symbol(name, real=True) for name in ("v_0", "v_1", "v_2", "mu"))
        risk = expected_risk(QuadraticVariance(), Replace())
        variance = v0 + v1 * mean + v2 * mean**2
        assert same(risk.closed_form, variance / v2 * ((1 + v2 / n) ** G - 1))

    def test_bernoulli_saturates_exponential_explodes_poisson_and_gaussian_grow_linearly(self):
        assert same(expected_risk(Bernoulli(), Replace()).limit, p * (1 - p))
        assert same(expected_risk(Exponential(), Replace()).growth, mu**2 * (1 + 1 / n) ** G)
        assert same(expected_risk(Poisson(), Replace()).growth, Symbol("lambda", positive=True) * G / n)
        assert same(expected_risk(GaussianMean(), Replace()).closed_form, sigma**2 * G / n)

    def test_accumulate_limits_are_sinh_and_sin(self):
        x = pi / sqrt(n)
        assert same(expected_risk(Exponential(), Accumulate()).limit, mu**2 * (sinh(x) / x - 1))
        assert same(expected_risk(Bernoulli(), Accumulate()).limit, p * (1 - p) * (1 - sin(x) / x))
        y = pi / sqrt(alpha * n)
        assert same(expected_risk(Gamma(), Accumulate()).limit, mu**2 * (sinh(y) / y - 1))

    def test_one_sample_exceeds_pi_squared_over_six_for_waiting_times(self):
        assert abs(expected_risk(Exponential(1, 1), Accumulate()).limit.evalf() - (sinh(pi) / pi - 1).evalf()) < 1e-12
        assert expected_risk(Exponential(1, 1), Accumulate()).ratio.limit.evalf() > 2.67
        assert expected_risk(Bernoulli(Rational(1, 3), 1), Accumulate()).ratio.limit == 1

    def test_accumulate_product(self):
        values = islice(expected_risk(Exponential(2, 3), Accumulate()).recurrence.values(), 6)
        product = Integer(1)
        for g, value in enumerate(values, start=1):
            product *= 1 + Rational(1, 3 * g * g)
            assert value == 4 * (product - 1)

    def test_kl_is_half_the_ratio_over_n(self):
        assert same(expected_risk(Poisson(), Accumulate(), loss="kl").closed_form, harmonic(G, 2) / (2 * n))


class TestKazdanEtAl:
    """Collapse or Thrive? (2024): a fixed compute budget."""

    def test_subsampling_plateaus_at_pi_squared_over_two_minus_two(self):
        ratio = expected_risk(Regular(), AccumulateSubsample()).ratio
        assert same(ratio.closed_form, 3 * harmonic(G, 2) - 2)
        assert same(ratio.limit, pi**2 / 2 - 2)
        assert same(ratio.bound, pi**2 / 2 - 2)

    @pytest.mark.parametrize("replacement", [False, True])
    def test_exact_risk_tends_to_the_leading_order_at_rate_one_over_n(self, replacement):
        workflow = AccumulateSubsample(Rational(1, 2), replacement)
        leading = expected_risk(Regular(1, 1), workflow).at(20)
        gaps = [
            expected_risk(GaussianMean(1, size), workflow).at(20) * size / leading - 1 for size in (100, 1000, 10000)
        ]
        assert abs(gaps[1] / gaps[0] * 10 - 1) < 0.2
        assert abs(gaps[2] / gaps[1] * 10 - 1) < 0.03

    def test_budget_for_general_b(self):
        b = Symbol("b", positive=True)
        ratio = expected_risk(Regular(), AccumulateSubsample(b)).ratio
        assert same(ratio.closed_form, (2 * b + 1) * harmonic(G, 2) - 2 * b)
        bootstrap = expected_risk(Regular(), AccumulateSubsample(b, replacement=True)).ratio
        assert same(bootstrap.closed_form, harmonic(G, 2))


class TestOtherWorkflows:
    def test_real_plus_latest_settles_at_four_thirds(self):
        assert expected_risk(Regular(), RealPlusLatest()).ratio.limit == Rational(4, 3)
        share = Symbol("lambda", positive=True)
        assert same(expected_risk(Regular(), RealPlusLatest(share)).ratio.limit, 1 / (1 - (1 - share) ** 2))

    def test_fresh_real_at_equal_shares(self):
        ratio = expected_risk(Regular(), FreshReal()).ratio
        assert ratio.limit == Rational(2, 3)
        assert ratio.bound == 1

    def test_two_blocks(self):
        assert expected_risk(Regular(), SlidingWindow(2)).ratio.growth == 4 * G / 9

    def test_growing_blocks(self):
        s = Symbol("s", positive=True)
        limit = expected_risk(Regular(), Replace(sizes=j**s)).ratio.limit
        assert limit.subs(s, 2) == pi**2 / 6
        assert limit.subs(s, 3) == zeta(3)
        assert limit.subs(s, 1) == oo
        assert limit.subs(s, Rational(1, 2)) == oo
        assert same(expected_risk(Regular(), Accumulate(sizes=j)).ratio.limit, 8 - 2 * pi**2 / 3)
        squares = expected_risk(Regular(), Accumulate(sizes=j**2)).ratio.limit
        assert same(squares, 24 * pi**2 - 36 - 288 * log(2))


class TestOverparameterised:
    def test_each_projection_loses_signal(self):
        B = Symbol("B", positive=True)
        risk = expected_risk(LinearRegression(signal=B, sigma2=sigma**2), Replace())
        rho = T / d
        floor = (1 - rho) * B + sigma**2 * T / (d - T - 1)
        assert same(risk.closed_form, floor * (1 - rho**G) / (1 - rho))
        assert same(risk.limit, floor / (1 - rho))

    def test_shared_design_loses_it_once(self):
        B = Symbol("B", positive=True)
        risk = expected_risk(LinearRegression(signal=B, design="shared"), Accumulate())
        assert same(risk.closed_form, B * (1 - T / d) + T / (d - T - 1) * harmonic(G, 2))

    def test_accumulate_crosses_the_interpolation_threshold(self):
        risk = expected_risk(LinearRegression(37, 8, 2, signal=5), Accumulate())
        value = 5 * (1 - Rational(8, 37))
        for g in range(1, 9):
            value += Rational(2 * 8, 37 - 8 * g - 1) if 8 * g <= 35 else Rational(2 * 37, g * (8 * g - 38))
            assert risk.at(g) == value
            assert abs(risk.closed_form.subs(G, g).evalf(25) - value) < 1e-20

    def test_at_the_threshold_the_expectation_is_infinite(self):
        risk = expected_risk(LinearRegression(33, 8, signal=5), Accumulate())
        assert risk.domain == False  # noqa: E712
        assert risk.at(3) < oo
        assert [risk.at(g) for g in (4, 5, 9)] == [oo, oo, oo]
        assert risk.limit == oo
