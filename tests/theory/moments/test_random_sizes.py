"""Blocks of random size: against every history of sizes and every data set, and against integrals and other routes."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from flint import fmpq
from mpmath import mp, quad
from sympy import Integral, Mul, N, Rational, S, lambdify, log, oo, pi, polylog, simplify, sinh, sqrt, symbols

from numerics import evaluate
from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    Categorical,
    ContaminatedPool,
    DomainError,
    Exponential,
    Forgetting,
    G,
    GaussianFit,
    GaussianMean,
    KernelDensity,
    LabelledPool,
    LinearRegression,
    NotDerivedError,
    Poisson,
    PosteriorMean,
    PosteriorSample,
    QuadraticVariance,
    RandomSizes,
    Regular,
    Replace,
    SlidingWindow,
    UniformMaximum,
    Weighted,
    expected_risk,
    t,
)
from theory.expressions.enclosure import ends
from theory.expressions.pool_factor import pool_factor
from theory.expressions.pool_factor_balls import enclosed_factor
from theory.models.units import computed_units
from theory.moments.fading_totals import FadingGain
from theory.moments.random_totals import totals
from theory.moments.total_noise import total_noise
from theory.testing import check_workflow
from theory.testing.random_sizes import at_sizes
from theory.workflows.dynamics import GENERATION

COIN = RandomSizes.uniform(2)
#: P(N = 1) = 1/3, P(N = 3) = 2/3.
GAP = RandomSizes("(t + 2*t**3)/3")


def enumerated(chances, p, n, generations, real=Fraction(0), keep=True):
    """E (θ_g − p)² over every size and every number of successes, block by block: (pool's successes, its rows)."""
    states = {(Fraction(0), 0, p): Fraction(1)}
    found = []
    for g in range(generations):
        following = {}
        for (successes, rows, model), mass in states.items():
            for size, chance in chances.items():
                truly = size * n if g == 0 else int(real * size * n)
                for a, b in product(range(truly + 1), range(size * n - truly + 1)):
                    likely = comb(truly, a) * p**a * (1 - p) ** (truly - a)
                    likely *= comb(size * n - truly, b) * model**b * (1 - model) ** (size * n - truly - b)
                    if likely == 0:
                        continue
                    pool, count = (successes + a + b, rows + size * n) if keep else (Fraction(a + b), size * n)
                    key = (pool, count if keep else 0, Fraction(pool) / count)
                    following[key] = following.get(key, 0) + mass * chance * likely
        states = following
        found.append(sum(mass * (model - p) ** 2 for (_, _, model), mass in states.items()))
    return found


LAWS = {"coin": (COIN, {1: Fraction(1, 2), 2: Fraction(1, 2)}), "gap": (GAP, {1: Fraction(1, 3), 3: Fraction(2, 3)})}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("n", "generations"), [(1, 4), (2, 3)])
def test_pools_and_newest_blocks_are_enumerated(law, n, generations):
    sizes, chances = LAWS[law]
    model = Bernoulli("1/3", n)
    for workflow, keep in ((Accumulate(sizes=sizes), True), (Replace(sizes=sizes), False)):
        risk = expected_risk(model, workflow)
        expected = enumerated(chances, Fraction(1, 3), n, generations, keep=keep)
        assert [risk.at(g) for g in range(1, generations + 1)] == [Rational(value) for value in expected]


def test_a_contaminated_pool_is_enumerated():
    risk = expected_risk(Bernoulli("1/3", 2), ContaminatedPool("1/2", sizes=COIN))
    expected = enumerated(LAWS["coin"][1], Fraction(1, 3), 2, 3, real=Fraction(1, 2))
    assert [risk.at(g) for g in (1, 2, 3)] == [Rational(value) for value in expected]
    assert risk.limit == 0


@pytest.mark.parametrize(
    "workflow",
    [
        Replace(sizes=COIN),
        Accumulate(sizes=COIN),
        Accumulate(sizes=RandomSizes.geometric("1/2")),
        ContaminatedPool("1/2", sizes=COIN),
        Weighted("1/g", sizes=GAP),
    ],
    ids=repr,
)
def test_the_laws_of_workflows_hold(workflow):
    check_workflow(workflow, 4)


@pytest.mark.parametrize(
    "text", ["t/(2 - t)", "(t + t**2 + t**3)/3", "t**2/(3 - 2*t)**2", "(t + t**2)/(3 - t)", "t**2*(1 + t)/2"]
)
def test_the_recurrence_of_totals_is_that_of_the_integrals(text):
    sizes = RandomSizes(text)
    found, function = totals(sizes), sizes.generating_function
    state = found.initial
    for g in range(1, 6):
        if g > 1:
            state = found.matrix.subs(GENERATION, g) * state + found.forcing.subs(GENERATION, g)
        with mp.workdps(30):
            integral = quad(lambdify(t, function**g / t, "mpmath"), [0, 1])
            assert abs(N((found.readout * state)[0], 30) - integral) < 1e-20


def test_values_far_out_are_those_of_the_law_of_the_total():
    risk = expected_risk(GaussianMean(1, 1), Accumulate(sizes=GAP))
    law, total = {0: Fraction(1)}, Fraction(0)
    for g in range(1, 81):
        law_next = {}
        for size, chance in LAWS["gap"][1].items():
            for s, mass in law.items():
                law_next[s + size] = law_next.get(s + size, 0) + mass * chance
        law = law_next
        total += sum(mass / s for s, mass in law.items()) / g
    assert risk.at(80) == Rational(total)


def test_limits_without_curvature_are_dilogarithms():
    p = symbols("p", positive=True)
    assert total_noise(RandomSizes("t")) == pi**2 / 6
    assert simplify(total_noise(RandomSizes.geometric(p)) - pi**2 / 6 + polylog(2, 1 - p)) == 0
    assert total_noise(COIN) == pi**2 / 6 + polylog(2, Rational(-1, 2))
    assert total_noise(RandomSizes("t/(2 - t)")) == pi**2 / 12 + log(2) ** 2 / 2
    with mp.workdps(40):
        for sizes in (COIN, GAP, RandomSizes.uniform(4), RandomSizes.poisson(2), RandomSizes("1 - sqrt(1 - t)")):
            f = lambdify(t, sizes.generating_function, "mpmath")
            # The last part is no more than ∫ −ln(1 − t).
            number = quad(lambda x, f=f: -mp.log(1 - f(x)) / x, [0, 0.5, 0.9, 1 - mp.mpf(10) ** -12])
            assert abs(N(total_noise(sizes), 20) - number) < 1e-10


def test_the_limit_without_curvature_is_enclosed():
    risk = expected_risk(Poisson(3, 10), Accumulate(sizes=RandomSizes.uniform(4)))
    low, high = risk.limit_enclosure(25)
    assert low < N(risk.limit, 70) < high
    assert high - low < Rational(1, 10**25)


def test_with_curvature_the_limit_is_the_end_of_the_differential_equation():
    # Equal sizes: sinh(π√κ)/(π√κ); double ones: half the curvature.
    for curvature, size in ((Rational(1), 1), (Rational(1, 10), 2)):
        x = pi * sqrt(curvature / size)
        assert abs(N(pool_factor(curvature, RandomSizes(t**size)), 20) - N(sinh(x) / x, 20)) < 1e-18


@pytest.mark.parametrize("model", [Bernoulli("1/3", 4), Exponential(1, 2)], ids=["below", "above"])
def test_exact_values_approach_the_limit_like_one_over_g(model):
    risk = expected_risk(model, Accumulate(sizes=COIN))
    limit = float(N(risk.limit, 20))
    gaps = [limit - float(risk.at(g)) for g in (20, 40, 80)]
    assert all(gap > 0 for gap in gaps)
    # Richardson: what is left is of the order 1/g².
    assert abs(2 * gaps[1] - gaps[0]) < 0.03 * gaps[0]
    assert abs(2 * gaps[2] - gaps[1]) < 0.016 * gaps[1]


def test_replace_has_the_effective_size_whatever_the_family():
    for model in (Bernoulli("1/3", 4), Exponential(1, 2), BiasedSampler(Bernoulli("1/3", 4), "9/10", "1/2")):
        for sizes in (COIN, GAP, RandomSizes.uniform(5)):
            with computed_units():
                one, other = (expected_risk(model, Replace(sizes=s)) for s in (sizes, sizes.effective_size))
            assert one.at(7) == other.at(7)
            assert one.limit == other.limit


def test_sizes_that_vary_are_worse_than_the_mean_size_under_replace_and_at_first_under_accumulate():
    mean = COIN.mean
    for workflow in (Replace, Accumulate):
        varying, fixed = (expected_risk(Poisson(1, 10), workflow(sizes=sizes)) for sizes in (COIN, mean))
        assert varying.at(1) > fixed.at(1)
        assert varying.at(10) > fixed.at(10)


def test_symbols_stay():
    p, n = symbols("p", positive=True), symbols("n", integer=True, positive=True)
    risk = expected_risk(GaussianMean(1, 1), Accumulate(sizes=RandomSizes.geometric(p)))
    assert abs(N(risk.at(3).subs(p, Rational(1, 2)) - risk.subs(p="1/2").at(3), 20)) < 1e-15
    curved = expected_risk(Bernoulli(), Accumulate(sizes=COIN))
    assert curved.at(2).subs({n: 4, symbols("p", positive=True): Rational(1, 3)}) == Rational(2051, 41472)


REFUSED = {
    "t/2": "must be 1",
    "(1 + t)/2": "must be 0",
    "2*t - t**2": "chance of size 2 is -1",
    "t*(3 - 2*t)/(2 - t)": "chance of size",
    "sqrt(t)": "no power series",
    "2*t*x": "nothing declares",
    "1": "expression in t",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_generating_function_is_refused(text):
    with pytest.raises(DomainError, match=REFUSED[text]):
        RandomSizes(text)


def test_constructors_refuse_bad_parameters():
    for make, value, said in (
        (RandomSizes.geometric, 0, "p must lie in"),
        (RandomSizes.geometric, 2, "p must lie in"),
        (RandomSizes.poisson, -1, "0 or more"),
        (RandomSizes.uniform, "1/2", "whole number"),
        (RandomSizes.read, "random(", "cannot be read"),
    ):
        with pytest.raises(DomainError, match=said):
            make(value)


@pytest.mark.parametrize(
    ("model", "workflow", "said"),
    [
        (
            BiasedSampler(Bernoulli("1/3", 4), "1/2", "1/2"),
            SlidingWindow(2, sizes=RandomSizes.geometric("1/2")),
            "no finite number of sequences",
        ),
        (BiasedSampler(GaussianMean(4, 1), "1/2", 1), SlidingWindow(4, sizes=RandomSizes.uniform(3)), "128 numbers"),
        (Bernoulli("1/3", 4), Forgetting("1/2", sizes=RandomSizes("1 - sqrt(1 - t)")), "largest one"),
        (PosteriorMean(Bernoulli("1/3", 4), 1, "1/2"), Forgetting("1/2", sizes=COIN), "more of the earlier sizes"),
        (KernelDensity(n=4), SlidingWindow(2, sizes=COIN), "no linear recurrence"),
        (Bernoulli("1/3", 4), ContaminatedPool("1/2", sizes=COIN, stream="1/j"), "biased"),
    ],
)
def test_what_is_not_determined_is_refused_in_a_sentence(model, workflow, said):
    with pytest.raises(NotDerivedError, match=said):
        expected_risk(model, workflow)


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (Bernoulli(), "fourth"),
        (Categorical(["1/2", "1/3", "1/6"], 5), "support"),
        (Categorical(["1/2", "1/3", "1/6"], 5), "entropy"),
    ],
)
def test_losses_that_need_known_sizes_say_so(model, loss):
    with pytest.raises(NotDerivedError, match="has blocks of random size"):
        expected_risk(model, SlidingWindow(2, sizes=COIN), loss=loss).at(2)


def test_without_a_largest_size_and_with_curvature_the_limit_is_known():
    risk = expected_risk(Bernoulli("1/3", 4), Accumulate(sizes=RandomSizes.geometric("1/2")))
    assert risk.at(1) == log(2) / 18
    # s² w_s = κ Σ_k (1 − 2^(−k)) w_(s−k), as t f'/(1 − f) = t/((1 − t)(2 − t)); what is left of Σ w is ~ 1/s.
    heavy, parts = 1 - 0.5 ** np.arange(1, 4001), np.ones(1)
    for s in range(1, 4001):
        parts = np.append(parts, -0.25 / s**2 * (heavy[:s] @ parts[::-1]))
    half, whole = parts[:2001].sum(), parts.sum()
    assert abs(N(risk.limit, 15) - 2 / 9 * (1 - (2 * whole - half))) < 1e-7


@pytest.mark.parametrize("sizes", [COIN, RandomSizes.geometric("1/2")], ids=["coin", "geometric"])
@pytest.mark.parametrize("model", [Bernoulli("1/3", 4), Poisson(3, 10)], ids=["curved", "straight"])
def test_derivations_hold(model, sizes):
    for workflow in (Accumulate(sizes=sizes), Replace(sizes=sizes)):
        assert expected_risk(model, workflow).derivation.check()


def test_regular_models_are_told_to_leading_order():
    risk = expected_risk(Regular(), Accumulate(sizes=COIN))
    assert risk.exactness == "leading order"
    assert risk.ratio.at(2) == Rational(89, 72)


#: One of every kind: a noise that is no 1/size, a fit that counts its rows, a sampler that leans, a fit by two moments.
KINDS = {
    "least squares": LinearRegression(2, 6),
    "more features than rows": LinearRegression(12, 3, signal=1),
    "coin": Bernoulli("1/3", 4),
    "words": Categorical(["1/2", "1/3", "1/6"], n=2),
    "posterior mean": PosteriorMean(Bernoulli("1/3", 4), 1, "1/2"),
    "posterior draw": PosteriorSample(Bernoulli("1/3", 4), 1, "1/2"),
    "leaning": BiasedSampler(Bernoulli("1/3", 4), "9/10", "1/2"),
    "maximum": UniformMaximum(n=2),
    "trace": (GaussianFit(1, 6), "trace"),
    "divergence": (GaussianFit(1, 6), "kl"),
    "distance": (GaussianFit(1, 6), "wasserstein"),
}


WINDOW, FADING = SlidingWindow(2, sizes=COIN), Forgetting("1/2", sizes=COIN)
LABELLED, KEPT = LabelledPool("1/2", share="1/4", sizes=COIN), Accumulate(sizes=COIN)
PAIRS = [
    *((kind, Replace(sizes=COIN)) for kind in KINDS),
    *((kind, KEPT) for kind in ("least squares", "coin", "posterior mean", "posterior draw", "leaning")),
    *((kind, WINDOW) for kind in ("coin", "words", "leaning")),
    *((kind, FADING) for kind in ("coin", "leaning", "trace")),
    *((kind, ContaminatedPool("1/2", sizes=COIN)) for kind in ("leaning", "posterior mean")),
    ("coin", LABELLED),
]


@pytest.mark.filterwarnings("ignore::theory.errors.InputWarning")
@pytest.mark.parametrize(("kind", "workflow"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_every_kind_of_model_is_the_mean_over_all_histories_of_sizes(kind, workflow):
    model, loss = KINDS[kind] if isinstance(KINDS[kind], tuple) else (KINDS[kind], "squared")
    risk = expected_risk(model, workflow, loss=loss)
    assert risk.exactness == "exact"
    for g in (1, 2, 3):
        histories = list(product((1, 2), repeat=g))
        given = [expected_risk(model, at_sizes(workflow, history), loss=loss) for history in histories]
        if g == 3 and any(each.exactness != "exact" for each in given):
            return  # known for any size, but to leading order for a table of some sizes
        mean = sum(each.at(g) for each in given) / len(histories)
        assert abs(N(risk.at(g) - mean, 20)) < 1e-15, g


def test_sizes_without_a_largest_one_are_integrals():
    geometric = RandomSizes.geometric("1/2")
    chances = [(k, mp.mpf(2) ** -k) for k in range(1, 200)]
    replace = expected_risk(LinearRegression(2, 6), Replace(sizes=geometric))
    assert abs(N(replace.at(3), 20) - 3 * sum(p * 2 / mp.mpf(6 * k - 3) for k, p in chances)) < 1e-13
    kept = expected_risk(LinearRegression(2, 6), Accumulate(sizes=geometric))
    totals_of_two = [(k, (k - 1) * mp.mpf(2) ** -k) for k in range(2, 200)]
    second = sum(p / mp.mpf(6 * k - 3) for k, p in totals_of_two)  # 2/2 of it, by exchangeability
    assert abs(N(kept.at(2) - kept.at(1), 20) - second) < 1e-13
    (integral,) = kept.limit.atoms(Integral)
    inside = (kept.limit / integral * integral.function).subs(t, Rational(1, 4))
    assert simplify(inside + Rational(8, 3) * log(Rational(6, 7))) == 0
    prior = expected_risk(PosteriorMean(Bernoulli("1/3", 1), 1, "1/2"), Replace(sizes=geometric))
    first = sum(p * (mp.mpf(2) / 9 * k + mp.mpf(1) / 36) / (k + 1) ** 2 for k, p in chances)
    assert abs(N(prior.at(1), 20) - first) < 1e-13
    # E δ settles at 1/6, the prior; δ' = K(δ + ε) + (1 − K)/6 for the second moment, K = N/(N + 1).
    kept = [(p, mp.mpf(k) / (k + 1), mp.mpf(1) / k) for k, p in chances]
    one = sum(p * K**2 * (1 - v) for p, K, v in kept)
    leaning = sum(p * (2 * K * (1 - K) + (1 - K) ** 2) / 36 for p, K, _ in kept)
    noise = leaning + sum(p * K**2 * v * mp.mpf(5) / 18 for p, K, v in kept)
    assert abs(N(prior.limit, 20) - noise / (1 - one)) < 1e-13


def test_a_size_with_too_few_rows_makes_the_risk_infinite():
    assert expected_risk(LinearRegression(4, 5), Replace(sizes=COIN)).at(1) == oo
    assert expected_risk(LinearRegression(4, 5), Replace(sizes="random(t**2)")).at(1) == Rational(4, 5)
    assert expected_risk(LinearRegression(4, 5), Accumulate(sizes=RandomSizes.geometric("1/2"))).limit == oo


def test_the_raw_maximum_of_a_pool_stays_where_the_real_block_put_it():
    risk = expected_risk(UniformMaximum(n=2), Accumulate(sizes=COIN))
    assert [risk.at(g) for g in (1, 2, 9)] == [Rational(7, 60)] * 3  # (1/6 + 1/15)/2


def test_replace_with_a_symbol_in_its_sizes_has_no_case_that_cannot_be():
    a, c = symbols("a c", positive=True)
    for sizes in (RandomSizes.geometric(a), RandomSizes.poisson(a), RandomSizes(a * t + (1 - a) * t**2), 1 / c):
        assert simplify(expected_risk(Bernoulli("1/3"), Replace(sizes=sizes)).limit) == Rational(2, 9)
        assert expected_risk(Exponential(), Replace(sizes=sizes)).limit == oo
        v2 = symbols("v_2", real=True)
        cases = expected_risk(QuadraticVariance(), Replace(sizes=sizes)).limit
        assert [condition for _, condition in cases.args] == [v2 < 0, True]


@pytest.mark.parametrize("text", ["t", "(t + t**2)/2", "t/(2 - t)", "(t + t**3)/2"])
@pytest.mark.parametrize("curvature", ["1", "-1/4", "3"])
def test_the_end_of_the_solution_is_enclosed(text, curvature):
    kappa, law = Rational(curvature), RandomSizes(text)
    ball = enclosed_factor(fmpq(int(kappa.p), int(kappa.q)), law.generating_function, 60)
    low, high = ends(ball)
    # The series of the other file are cut off where terms are negligible: to 40 digits, far beyond this ball.
    assert low < N(pool_factor(kappa, law), 40) < high
    assert high - low < Rational(1, 10**14)


def test_a_limit_with_random_sizes_and_curvature_lies_between_two_fractions():
    risk = expected_risk(Bernoulli("1/3", 4), Accumulate(sizes=COIN))
    low, high = risk.limit_enclosure(20)
    assert low < N(risk.limit, 80) < high < low * (1 + Rational(1, 10**20))
    with pytest.raises(NotDerivedError, match="not enclosed"):
        expected_risk(Bernoulli("1/3", 4), Accumulate(sizes=RandomSizes.poisson(1))).limit_enclosure()


@pytest.mark.parametrize("loss", ["mise", "variance"])
def test_kernel_densities_see_the_harmonic_mean(loss):
    """Over every history of sizes 1, 2 and 4, in exact numbers."""
    chances, last = {1: Rational(1, 2), 2: Rational(1, 3), 4: Rational(1, 6)}, 3
    model = KernelDensity(bandwidth="1/2", n=3)
    law = RandomSizes(" + ".join(f"({chance})*t**{size}" for size, chance in chances.items()))
    risk = expected_risk(model, Replace(sizes=law), loss=loss)
    for g in (1, 2, 3):
        expected = S.Zero
        for history in product(chances, repeat=last):
            part = Mul(*(chances[size] for size in history))
            expected += part * expected_risk(model, Replace(sizes=list(history)), loss=loss).at(g)
        assert N(risk.at(g) - expected, 30, maxn=200) == pytest.approx(0, abs=1e-25)
        assert risk.at(g).n() != expected_risk(model, Replace(), loss=loss).at(g).n() or loss == "variance"


def test_what_kernel_densities_cannot_say_of_random_sizes():
    sizes = RandomSizes.geometric("1/2")
    assert expected_risk(KernelDensity(bandwidth="1/2", n=3), Replace(sizes=sizes), loss="mise").limit is not None
    with pytest.raises(NotDerivedError, match="follows the number of points"):
        expected_risk(KernelDensity(bandwidth="silverman", n=3), Replace(sizes=sizes))
    with pytest.raises(NotDerivedError, match="every fit smooths what the pool holds"):
        expected_risk(KernelDensity(bandwidth="1/2", n=3), Accumulate(sizes=sizes))


def test_memories_that_fade_gain_an_integral_a_generation():
    law = RandomSizes("t/2 + t**2/3 + t**3/6")
    risk = expected_risk(GaussianMean(n=1, sigma2=1), Forgetting("1/3", sizes=law))
    values = [S.Zero, *(risk.at(g) for g in range(1, 6))]
    gains = [FadingGain(law, Rational(1, 3), before) for before in range(5)]
    for before, gain in enumerate(gains):
        # The values are fractions, run over every memory that there can be. The integral is taken to 30 digits by
        # itself: of a difference that is zero SymPy would take it to as many as it may.
        assert abs(values[before + 1] - values[before] - gain.n(30)) < 1e-25
    slope = risk.growth.subs(G, 1)
    # What the blocks left out add to M is at most 3 q^5/(1 − q), of a memory of 1 at least.
    assert 0 < float(values[5] - values[4] - slope) < 2 * 3 * 3**-5 / (2 / 3)
    assert risk.limit == oo


def test_a_fading_memory_of_sizes_without_a_largest_one():
    sizes, q = RandomSizes.geometric("1/2"), 0.5
    risk = expected_risk(GaussianMean(n=1, sigma2=1), Forgetting("1/2", sizes=sizes))
    # The first two by their double sums.
    chance = [2.0**-k for k in range(1, 60)]
    second = sum(
        a * b * k / (k + q * i) ** 2 for k, a in enumerate(chance, start=1) for i, b in enumerate(chance, start=1)
    )
    assert evaluate(risk, [1, 2]) == pytest.approx([np.log(2), np.log(2) + second], rel=1e-12)
    slope = float(risk.growth.subs(G, 1))
    assert np.diff(evaluate(risk, [70, 71]))[0] == pytest.approx(slope, rel=1e-10)
    check_workflow(Forgetting("1/2", sizes=sizes), 2)


def test_what_is_printed_is_the_integral_that_is_evaluated() -> None:
    """The text names no class of this library, and its integral, done by mpmath, is the value."""
    gain = FadingGain(RandomSizes.geometric("1/2"), Rational(1, 3), 2)
    assert "FadingGain" not in str(gain)
    assert "Integral" in str(gain)
    (u, low, high), inside = gain.doit().limits[0], gain.doit().function.doit()
    value = quad(lambdify(u, inside, "mpmath"), [float(low), 1, 4, 16, float(high)])
    assert abs(value - float(gain.n(15))) < 1e-12
