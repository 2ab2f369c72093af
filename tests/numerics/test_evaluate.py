"""``evaluate`` to 12 digits, against mpmath at 60 digits, exact rationals and the papers' formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from sympy import Integer, Rational, Symbol, gamma, pi, sin, sinh, sqrt

from numerics.balls.recurrence import _is_steady
from numerics.evaluate import evaluate
from theory import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    Bernoulli,
    CappedReal,
    DomainError,
    Ecosystem,
    Exponential,
    FreshReal,
    G,
    GaussianMean,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    Risk,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
)

TOLERANCE = 1e-12
GENERATIONS = (1, 2, 10, 10**3, 10**6, 10**12)

whole = st.integers(1, 10**6)
fractions = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)


def rational(value: Fraction | int) -> Rational:
    return Rational(Fraction(value).numerator, Fraction(value).denominator)


def assert_close(values: np.ndarray, expected: list[object], digits: int = 100) -> None:
    """Relative error at most 1e-12, or the same infinity beyond the range of a double."""
    assert values.shape == (len(expected),)
    with mp.workdps(digits):
        for value, reference in zip(values.tolist(), expected, strict=True):
            exact = (
                mp.mpf(reference.numerator) / reference.denominator if isinstance(reference, Fraction) else reference
            )
            if abs(exact) > mp.mpf(2) ** 1023:
                assert value == math.inf
            else:
                assert abs(mp.mpf(value) - exact) <= TOLERANCE * abs(exact)


def product_excess(a: Fraction, g: int) -> object:
    """(Π_{j ≤ g} (1 + a/j²) − 1)/a, a factor at a time or by Γ: (1 + a/j²) = (j + ix)(j − ix)/j² with x = √a."""
    if g <= 1000:
        product = mp.mpf(1)
        for j in range(1, g + 1):
            product *= 1 + mp.mpf(a.numerator) / a.denominator / j**2
    else:
        x = mp.sqrt(mp.mpc(a.numerator) / a.denominator) * 1j
        product = mp.re(mp.rgamma(1 + x) * mp.rgamma(1 - x) * mp.exp(
            mp.loggamma(g + 1 + x) + mp.loggamma(g + 1 - x) - 2 * mp.loggamma(g + 1)
        ))  # fmt: skip
    return (product - 1) * a.denominator / a.numerator


@given(v2=st.one_of(fractions, st.integers(2, 1000).map(lambda m: Fraction(-1, m))), v0=fractions, n=whole)
@settings(max_examples=25)
def test_accumulate_with_quadratic_variance(v2: Fraction, v0: Fraction, n: int) -> None:
    model = QuadraticVariance(v0=rational(v0), v1=0, v2=rational(v2), mean=0, n=n)
    values = evaluate(expected_risk(model, Accumulate()), GENERATIONS)
    with mp.workdps(100):
        scale = mp.mpf(v0.numerator) / v0.denominator / n
        assert_close(values, [scale * product_excess(v2 / n, g) for g in GENERATIONS])


@given(v2=st.one_of(fractions, st.integers(1, 1000).map(lambda m: Fraction(-1, m))), v0=fractions, n=whole)
@settings(max_examples=25)
def test_replace_with_quadratic_variance(v2: Fraction, v0: Fraction, n: int) -> None:
    model = QuadraticVariance(v0=rational(v0), v1=0, v2=rational(v2), mean=0, n=n)
    values = evaluate(expected_risk(model, Replace()), GENERATIONS)
    with mp.workdps(100):
        growth = 1 + mp.mpf(v2.numerator) / v2.denominator / n
        scale = mp.mpf(v0.numerator) / v0.denominator * v2.denominator / v2.numerator
        assert_close(values, [scale * (growth**g - 1) for g in GENERATIONS])


@given(d=st.integers(1, 50), extra=st.integers(2, 500), sigma2=fractions)
@settings(max_examples=25)
def test_least_squares_on_fresh_rows(d: int, extra: int, sigma2: Fraction) -> None:
    T = d + extra
    values = evaluate(expected_risk(LinearRegression(d=d, T=T, sigma2=rational(sigma2)), Accumulate()), GENERATIONS)
    with mp.workdps(100):
        b = mp.mpf(d + 1) / T

        def total(g: int) -> object:
            """Σ_{i ≤ g} 1/(i (iT − d − 1)) = (ψ(g+1−b) − ψ(1−b) − ψ(g+1) + ψ(1))/(d+1)."""
            return (mp.psi(0, g + 1 - b) - mp.psi(0, 1 - b) - mp.psi(0, g + 1) + mp.psi(0, 1)) / (d + 1)

        scale = mp.mpf(sigma2.numerator) / sigma2.denominator * d
        assert_close(values, [scale * total(g) for g in GENERATIONS])


def power_sum(s: object, g: int) -> object:
    """Σ_{j ≤ g} j^(−s), a term at a time or by Euler and Maclaurin."""
    if g <= 1000:
        return mp.fsum(mp.mpf(j) ** -s for j in range(1, g + 1))
    if s == 1:
        return mp.harmonic(g)
    total = mp.zeta(s) + mp.mpf(g) ** (1 - s) / (1 - s) + mp.mpf(g) ** -s / 2
    for k in range(1, 20):
        total -= mp.bernoulli(2 * k) / mp.factorial(2 * k) * mp.rf(s, 2 * k - 1) * mp.mpf(g) ** (1 - s - 2 * k)
    return total


@pytest.mark.parametrize("power", [1, 2, Rational(1, 2), Rational(-1, 3), 5])
def test_replace_with_growing_blocks_is_a_zeta_sum(power: object) -> None:
    s = Symbol("j", integer=True, positive=True) ** sympy.sympify(power)
    values = evaluate(expected_risk(Regular(p=1, n=1), Replace(sizes=s)), GENERATIONS)
    with mp.workdps(100):
        order = mp.mpf(sympy.sympify(power).p) / sympy.sympify(power).q
        assert_close(values, [power_sum(order, g) for g in GENERATIONS])


@pytest.mark.parametrize("exponent", [9, 15, 17, 40, 300])
def test_nothing_is_lost_when_curvature_over_n_is_tiny(exponent: int) -> None:
    # (V_0/v_2)(Π(1 + a/j²) − 1) = V_0/n (H^(2) + a e_2 + …): plain doubles return 0 or noise here.
    v2 = Fraction(1, 10**exponent)
    model = QuadraticVariance(v0=1, v1=0, v2=rational(v2), mean=0, n=1)
    assert_close(
        evaluate(expected_risk(model, Accumulate()), GENERATIONS),
        [_with_digits(700, lambda g=g: product_excess(v2, g)) for g in GENERATIONS],
        digits=700,
    )
    assert_close(
        evaluate(expected_risk(model, Replace()), GENERATIONS),
        [_with_digits(700, lambda g=g: ((1 + mp.mpf(10) ** -exponent) ** g - 1) * mp.mpf(10) ** exponent)
         for g in GENERATIONS],
        digits=700,
    )  # fmt: skip


def _with_digits(digits: int, compute: Callable[[], object]) -> object:
    with mp.workdps(digits):
        return compute()


EXACT: dict[str, Callable[[Fraction, int], object]] = {
    "bernoulli, subsample": lambda p, n: expected_risk(Bernoulli(rational(p), n), AccumulateSubsample()),
    "bernoulli, budget 5/2": lambda p, n: expected_risk(
        Bernoulli(rational(p), 2 * n), AccumulateSubsample(budget="5/2")
    ),
    "exponential, bootstrap": lambda p, n: expected_risk(Exponential(rational(p), n), AccumulateSubsample(1, True)),
    "negative binomial, window": lambda p, n: expected_risk(NegativeBinomial(rational(p), 3, n), SlidingWindow(3)),
    "gaussian, window": lambda p, n: expected_risk(GaussianMean(rational(p), n), SlidingWindow(2)),
    "bernoulli, real + latest": lambda p, n: expected_risk(Bernoulli(rational(p), n), RealPlusLatest(rational(p))),
    "exponential, fresh real": lambda p, n: expected_risk(Exponential(rational(p), n), FreshReal(real=2)),
    "regular, sizes j²": lambda p, n: expected_risk(Regular(2, n), Accumulate(sizes="j**2")),
    "regular, sizes 2^j": lambda p, n: expected_risk(Regular(2, n), Accumulate(sizes="2**j")),
    "exponential, sizes 1 + j": lambda p, n: expected_risk(Exponential(rational(p), n), Accumulate(sizes="1+j")),
    "wide regression": lambda p, n: expected_risk(LinearRegression(d=n + 12, T=10, signal=rational(p)), Replace()),
    "weighted": lambda p, n: expected_risk(Bernoulli(rational(p), n), Weighted(_latest_twice)),
}


def _latest_twice(g: int) -> list[Rational]:
    return [Rational(1, g + 1)] * (g - 1) + [Rational(2, g + 1)]


@pytest.mark.parametrize("name", EXACT)
@given(p=st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20), n=st.integers(2, 30))
@settings(max_examples=6)
def test_agrees_with_exact_rationals(name: str, p: Fraction, n: int) -> None:
    risk = EXACT[name](p, n)
    exact = [Fraction(int(value.p), int(value.q)) for value in islice(risk.recurrence.values(), 30)]
    assert_close(evaluate(risk, range(1, 31)), exact)


STEPPED: dict[str, tuple[Callable[[Fraction, int], Risk], bool]] = {
    # Whether all steps after the last regime's first are one matrix.
    "poisson, first in, first out": (lambda p, n: expected_risk(Poisson(3, n), AgeWeighted.fifo("5/2")), True),
    "exponential, first in": (lambda p, n: expected_risk(Exponential(rational(p), n), AgeWeighted.fifo("7/2")), True),
    "poisson, window": (lambda p, n: expected_risk(Poisson(3, n), SlidingWindow(3)), True),
    "poisson, capped": (lambda p, n: expected_risk(Poisson(3, n), CappedReal("5/2")), False),
    "poisson, real + latest": (lambda p, n: expected_risk(Poisson(3, n), RealPlusLatest("1/sqrt(j)")), False),
    "two exchanging": (
        lambda p, n: expected_risk(Poisson(3, n), Ecosystem([["3/4", "1/4"], ["1/4", "3/4"]])),
        True,
    ),
}


@pytest.mark.parametrize("name", STEPPED)
def test_where_all_are_wanted_the_steps_are_run_and_say_the_same(name: str) -> None:
    risk, steady = STEPPED[name][0](Fraction(2, 3), 20), STEPPED[name][1]
    last = risk.recurrence.as_moments().regimes[-1]
    assert _is_steady(last) == steady
    late = 60
    values = evaluate(risk, range(1, late + 1))
    exact = [mp.mpf(str(sympy.N(risk.at(g), 40))) for g in (1, 3, 4, 5, 10)]
    assert_close(values[[0, 2, 3, 4, 9]], exact)
    # Alone a generation that late is the closed form's, where there is one.
    assert_close(evaluate(risk, [late, 3000])[:1], values[-1:].tolist())


def test_fresh_real_weights_reach_the_pathway() -> None:
    class Mixed(Workflow):
        """A third of fresh real data, the rest pooled: no recursion given, weights only."""

        def weights(self, g: int) -> list[Rational]:
            return [Integer(1)] if g == 1 else [Rational(2, 3 * g)] * g

        def fresh_weight(self, g: object) -> Rational:
            return Integer(0) if g == 1 else Rational(1, 3)

        def fresh_size(self, g: object) -> Integer:
            return Integer(0) if g == 1 else Integer(2)

    risk = expected_risk(Exponential(mean=2, n=3), Mixed())
    exact = [Fraction(int(value.p), int(value.q)) for value in islice(risk.recurrence.values(), 12)]
    assert_close(evaluate(risk, range(1, 13)), exact)


@given(a=st.fractions(Fraction(1, 20), 20, max_denominator=20))
@settings(max_examples=20)
def test_limit_of_bernoulli_and_exponential(a: Fraction) -> None:
    # The limits are formulas without G, and evaluate at any generation.
    x = pi * sqrt(rational(a))
    above, below = evaluate(sinh(x) / x - 1, 1), evaluate(1 - sin(x) / x, 1)
    with mp.workdps(60):
        y = mp.pi * mp.sqrt(mp.mpf(a.numerator) / a.denominator)
        assert_close(np.array([above, below]), [mp.sinh(y) / y - 1, 1 - mp.sin(y) / y])


def test_exact_zeros() -> None:
    assert evaluate(expected_risk(Bernoulli(p=0, n=5), Accumulate()), [1, 10, 10**12]).tolist() == [0, 0, 0]
    assert evaluate(Integer(0) * G, 3) == 0
    assert evaluate(gamma(G) / gamma(1 - sqrt(3) * sqrt(Rational(1, 3))), 3) == 0
    # An identity that no simplification was asked for.
    assert evaluate(sympy.UnevaluatedExpr(sqrt(2) + sqrt(3)) - sqrt(5 + 2 * sqrt(6)), 1) == 0


def test_a_single_sample_per_block() -> None:
    # 1 + v_2/n = 0: the product vanishes, the risk saturates at once.
    assert evaluate(expected_risk(Bernoulli(p="1/4", n=1), Accumulate()), [1, 2, 10**12]).tolist() == [3 / 16] * 3
    assert evaluate(expected_risk(Bernoulli(p="1/4", n=1), Replace()), [1, 2, 10**12]).tolist() == [3 / 16] * 3


def test_infinite_risk() -> None:
    risk = expected_risk(LinearRegression(d=10, T=11), Replace())
    assert evaluate(risk, [1, 2, 100]).tolist() == [math.inf] * 3
    assert evaluate(expected_risk(Exponential(mean=1, n=1), Replace()), [1, 5000]).tolist() == [1, math.inf]


@pytest.mark.parametrize("generations", [7, [7], [[1, 2], [3, 7]], np.arange(1, 9), np.uint8(7), 7.0, range(1, 4), []])
def test_the_shape_is_that_of_the_generations(generations: object) -> None:
    values = evaluate(G + 0, generations)  # type: ignore[arg-type]
    assert values.dtype == np.float64
    assert values.shape == np.asarray(generations).shape
    assert np.array_equal(values, np.asarray(generations, dtype=float))


@pytest.mark.parametrize("generations", [0, -3, 1.5, [2, 0], "ten", True, math.nan, math.inf, None, 1j])
def test_what_is_no_generation_is_refused(generations: object) -> None:
    with pytest.raises(DomainError, match=r"generations = .*: give whole numbers, 1 or more\."):
        evaluate(G + 0, generations)  # type: ignore[arg-type]


def test_symbols_are_refused_by_name() -> None:
    with pytest.raises(DomainError, match="n has no value"):
        evaluate(expected_risk(Bernoulli(p="1/3"), Accumulate()), 3)
    with pytest.raises(DomainError, match="x has no value"):
        evaluate(Symbol("x") * G, 3)


def test_generations_out_of_reach_are_refused() -> None:
    with pytest.raises(DomainError, match="generations = 1000000000000 is out of reach"):
        evaluate(expected_risk(Bernoulli(p="1/3", n=5), AccumulateSubsample()), 10**12)
