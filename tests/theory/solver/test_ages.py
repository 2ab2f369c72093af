"""Limits and growth of fading memories and laws of ages, against sums run out by themselves and functions of mpmath."""

from __future__ import annotations

from itertools import islice

import mpmath
import pytest
from sympy import N, Rational, divisor_count, divisor_sigma, factorial, gamma, hyper, log, oo, pi, symbols, zeta

from numerics.evaluate import evaluate
from theory import (
    AgeWeighted,
    Bernoulli,
    DomainError,
    Exponential,
    Forgetting,
    G,
    NotDerivedError,
    Regular,
    expected_risk,
    j,
    l,
)
from theory.design.order_of_collapse import order_of_collapse
from theory.expressions.lambert import lambert_sum, q_pochhammer

THIRD, HALF = Rational(1, 3), Rational(1, 2)


def fractional(alpha: Rational, rho: object = 1) -> AgeWeighted:
    """Weights with the generating function 1 − (1 − ρz)^α."""
    return AgeWeighted(rho**l * alpha * gamma(l - alpha) / gamma(1 - alpha) / factorial(l))  # type: ignore[operator]


def ratio(workflow: object) -> object:
    return expected_risk(Regular(p=1, n=1), workflow).ratio  # type: ignore[arg-type]


# -- series ------------------------------------------------------------------------------------------


def test_lambert_sums_are_divisor_sums() -> None:
    q = Rational(2, 5)
    told = sum((divisor_count(k) + divisor_sigma(k)) * q**k for k in range(1, 120))
    assert abs(N(lambert_sum(2, q, 1) - told, 30)) < Rational(1, 10**28)


@pytest.mark.parametrize(("k", "q", "z"), [(1, "1/2", "1"), (2, "9/10", "-1/3"), (3, "1/3", "5/2")])
def test_lambert_sums_are_sums_over_generations(k: int, q: str, z: str) -> None:
    """Σ [(1 − z q^g)^(−k) − 1]."""
    rate, argument = mpmath.mpf(Rational(q).p) / Rational(q).q, mpmath.mpf(Rational(z).p) / Rational(z).q
    told = sum((1 - argument * rate**g) ** -k - 1 for g in range(1, 500))
    assert abs(float(lambert_sum(k, Rational(q), Rational(z))) - told) < 1e-12 * abs(told)


def test_pochhammer_symbols_are_products() -> None:
    assert abs(float(q_pochhammer(THIRD, HALF)) - float(mpmath.qp(mpmath.mpf(1) / 3, 0.5))) < 1e-14


# -- forgetting --------------------------------------------------------------------------------------


def test_the_constant_of_one_half() -> None:
    expansion = ratio(Forgetting("1/2")).expansion(2)
    assert abs(N(expansion - G / 4, 25) - Rational("1.08768226029369503107")) < Rational(1, 10**20)


@pytest.mark.parametrize("rate", ["1/2", "9/10"])
@pytest.mark.parametrize("model", [Regular(p=1, n=1), Exponential(mean=1, n=20), Bernoulli(p="1/3", n=20)])
def test_closed_forms_are_the_exact_values(rate: str, model: object) -> None:
    risk = expected_risk(model, Forgetting(rate))  # type: ignore[arg-type]
    for g in (1, 2, 7):
        assert abs(N(risk.closed_form.subs(G, g), 25) - risk.at(g)) < Rational(1, 10**20)
    # One generation by the formula, all of them by the recurrence.
    assert abs(evaluate(risk, 400) / evaluate(risk, range(1, 401))[-1] - 1) < 1e-14


def test_curved_families_grow_at_the_rate_of_their_gains() -> None:
    risk = expected_risk(Exponential(mean=1, n=20), Forgetting("1/2"))
    assert abs(float((risk.growth / (1 + risk.at(300))).subs(G, 300)) - 1) < 1e-12


def test_symbolic_rates_have_the_same_formula() -> None:
    q = symbols("q", positive=True)
    found = ratio(Forgetting(q))
    assert found.growth == (1 - q) ** 2 * G
    assert abs(N(found.closed_form.subs({q: HALF, G: 3}), 20) - Rational(781, 441)) < Rational(1, 10**18)


MEMORIES = [
    (1 - 1 / (2 * j**HALF), log(G) / 4),
    (1 - j**-THIRD / 2, 3 * G**THIRD / 4),
    (1 / (j + 1), G),
    (HALF + 1 / (2 * j), G / 4),
]


@pytest.mark.parametrize(("rate", "leading"), MEMORIES)
def test_memories_that_are_too_short(rate: object, leading: object) -> None:
    """The leading term between generations 3 000 and 30 000, where it is all that moves."""
    found = ratio(Forgetting(rate))
    assert found.growth == leading
    moved = evaluate(found, [3000, 30_000])
    told = float(leading.subs(G, 30_000) - leading.subs(G, 3000))  # type: ignore[attr-defined]
    assert abs((moved[1] - moved[0]) / told - 1) < 0.2 * 3000**-0.25


@pytest.mark.parametrize("power", ["2/3", "1", "3/2"])
def test_memories_that_are_long_enough(power: str) -> None:
    order = order_of_collapse(ratio(Forgetting(1 - j ** -Rational(power) / 2)))
    assert order.kind == "bounded"


def test_growing_blocks_under_a_fading_memory() -> None:
    """Σ p²/s: (2/3)² log G for p = 2/3 and sizes j; bounded for sizes j²."""
    assert ratio(Forgetting("1/3", sizes=j)).growth == 4 * log(G) / 9
    assert order_of_collapse(ratio(Forgetting("1/(j + 1)", sizes=j**2))).kind == "bounded"


def test_exact_values_that_fill_pages_are_refused() -> None:
    with pytest.raises(DomainError, match=r"numerics\.evaluate"):
        expected_risk(Regular(p=1, n=1), Forgetting("99/100")).at(500)


# -- laws of ages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "slope"),
    [
        (AgeWeighted.fifo("13/2"), Rational(169, 2401)),
        (AgeWeighted.lag(5), Rational(1, 6)),
        (AgeWeighted([0, 0, HALF, 0, 0, HALF]), Rational(4, 27)),
        (AgeWeighted("4/(l*(l + 1)*(l + 2))"), Rational(1, 4)),
        (AgeWeighted("2**(-l)"), Rational(1, 4)),
    ],
)
def test_mean_age_law(law: AgeWeighted, slope: Rational) -> None:
    found = ratio(law)
    assert found.growth == slope * G
    early, late = evaluate(found, [601, 1201])
    assert abs((late - early) / (600 * float(slope)) - 1) < 0.02


def test_fractional_ages_have_a_limit_in_closed_form() -> None:
    """Gauss' theorem at ρ = 1; the hypergeometric function below. The terms left out fall like m^(−4/3)."""
    found = ratio(fractional(THIRD))
    assert found.limit == gamma(THIRD) / gamma(2 * THIRD) ** 2
    left = 3 * 4000**-THIRD / gamma(THIRD) ** 2
    assert abs(float(found.limit - left) - evaluate(found, 4000)) < 1e-5
    tilted = ratio(fractional(THIRD, HALF))
    assert tilted.limit == hyper((THIRD, THIRD), (1,), Rational(1, 4))
    assert abs(float(tilted.limit) - evaluate(tilted, 200)) < 1e-14


HEAVY = [
    (fractional(HALF), log(G) / pi),
    (fractional(2 * THIRD), 3 * G**THIRD / gamma(2 * THIRD) ** 2),
    (AgeWeighted(l**-HALF - (l + 1) ** -HALF), log(G) / pi**2),
    (AgeWeighted(l ** Rational(-3, 2) / zeta(Rational(3, 2))), zeta(Rational(3, 2)) ** 2 * log(G) / (4 * pi**2)),
]


@pytest.mark.parametrize(("law", "leading"), HEAVY)
def test_infinite_mean_ages(law: AgeWeighted, leading: object) -> None:
    found = ratio(law)
    assert (found.growth / leading).simplify() == 1
    early, late = evaluate(found, [1000, 4000])
    told = float(leading.subs(G, 4000) - leading.subs(G, 1000))  # type: ignore[attr-defined]
    assert abs((late - early) / told - 1) < 2e-3


def test_the_border_of_the_mean_age() -> None:
    """Weights 1/(l(l + 1)): G/log² G, kept back by a factor that tends to 1 like 1/log G."""
    found = ratio(AgeWeighted("1/(l*(l + 1))"))
    assert found.growth == G / log(G) ** 2
    assert found.limit == oo
    at = [evaluate(found, g) * float(log(g)) ** 2 / g for g in (1000, 4000, 16_000)]
    assert at[0] > at[1] > at[2] > 1


def test_what_leaves_a_rest_is_bounded() -> None:
    found = ratio(AgeWeighted([Rational(1, 12)] * 6))
    assert found.limit == Rational(14, 13)
    assert abs(float(found.limit) - evaluate(found, 500)) < 1e-14
    order = order_of_collapse(ratio(AgeWeighted("1/(2*l*(l + 1))")))
    assert order.kind == "bounded"


def test_rising_risks_are_bounded_by_their_limits() -> None:
    """Lag aside, every term adds: the limit is the least upper bound."""
    for law in (fractional(THIRD), AgeWeighted([Rational(1, 12)] * 6)):
        found = ratio(law)
        assert found.bound == found.limit
        assert found.monotonicity == "increasing"
    assert ratio(Forgetting("1/(j + 1)")).bound == oo


def test_curvature_under_a_law_of_ages() -> None:
    """(1 + V)/(1 − κV) with V = 1/13; −1/κ where the martingale comes to rest."""
    kept, v, n = AgeWeighted([Rational(1, 12)] * 6), Rational(1, 13), 10
    grows = expected_risk(Exponential(mean=1, n=n), kept)
    assert grows.limit == Rational(1, n) * (1 + v) / (1 - v / n)
    assert abs(float(grows.limit) - evaluate(grows, 500)) < 1e-14
    dies = expected_risk(Bernoulli(p="1/3", n=n), AgeWeighted.fifo("13/2"))
    assert dies.limit == Rational(2, 9)
    assert abs(float(dies.limit) - evaluate(dies, 4000)) < 1e-3


def test_values_of_balls_are_the_exact_ones() -> None:
    for law in (fractional(THIRD), AgeWeighted("1/(l*(l + 1))"), AgeWeighted.lag(5)):
        risk = expected_risk(Exponential(mean=1, n=7), law)
        exact = [float(value) for value in islice(risk.recurrence.values(), 40)]
        assert abs(evaluate(risk, range(1, 41)) / exact - 1).max() < 1e-14


# -- limits of laws that leave a rest ---------------------------------------------------------------


def test_the_limit_is_between_its_ends_where_it_is_known() -> None:
    """A table's total squares are solved for exactly."""
    for model in (Bernoulli(p="1/3", n=4), Exponential(mean=1, n=5), Regular(p=1, n=1)):
        risk = expected_risk(model, AgeWeighted([HALF, 0, 0, 0, Rational(1, 4)]))  # type: ignore[arg-type]
        low, high = risk.limit_enclosure(20)
        assert low <= risk.limit <= high
        assert 0 < high - low <= low / 10**20


def test_a_rest_for_block_one_settles_where_parseval_says() -> None:
    """Σ u² is the mean of |1/(1 − W)|² over the unit circle, W by its logarithm."""

    def integrand(angle: mpmath.mpf) -> mpmath.mpf:
        z = mpmath.expj(angle)
        transform = 3 * (mpmath.mpf(3) / 4 - 1 / (2 * z) - (1 - z) ** 2 * mpmath.log(1 - z) / (2 * z**2))
        return 1 / abs(1 - transform) ** 2

    total = mpmath.quad(integrand, [mpmath.mpf(10) ** -30, 0.1, 1, 2, mpmath.pi]) / mpmath.pi
    for model in (Regular(p=1, n=1), Bernoulli(p="1/3", n=4), Exponential(mean=1, n=5), Exponential(mean=1, n=3)):
        risk = expected_risk(model, AgeWeighted(3 / (l * (l + 1) * (l + 2))))  # type: ignore[arg-type]
        kappa, scale = (float(part) for part in (risk.recurrence.curvature, risk.recurrence.scale))
        low, high = risk.limit_enclosure(9)
        told = scale * float(total) / (1 - kappa * (float(total) - 1))
        assert float(low) - 1e-11 * told <= told <= float(high) + 1e-11 * told
        assert high - low <= low / 10**9
        assert risk.at(40) < high


def test_a_rest_that_curvature_outgrows_has_no_limit() -> None:
    """A total of 39/40 has V > 9, and κ = 1; at n = 20 there is one. Digits that no run tells are refused."""
    law = AgeWeighted(Rational(39, 10) / (l * (l + 1) * (l + 2)))
    assert expected_risk(Exponential(mean=1, n=1), law).limit_enclosure(3) == (oo, oo)
    risk = expected_risk(Exponential(mean=1, n=20), law)
    low, high = risk.limit_enclosure(4)
    assert risk.at(50) < low < high
    with pytest.raises(NotDerivedError, match="30 digits"):
        risk.limit_enclosure(30)
