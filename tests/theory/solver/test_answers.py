"""Answers for schedules without a closed form: limits, growth, bounds and values against exact partial sums."""

from itertools import islice

import mpmath
import pytest
from sympy import E, Function, I, Integer, Mod, N, Rational, Sum, cos, lambdify, log, oo, pi, sin

from theory import (
    Accumulate,
    Bernoulli,
    Categorical,
    DomainError,
    Exponential,
    FreshReal,
    G,
    GaussianFit,
    Poisson,
    QuadraticVariance,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.expressions.arguments import exact
from theory.expressions.conjugates import GammaPair, without_pairs

UNIT = Regular(p=1, n=1)


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(40):
        yield


DIVERGING = {
    "2+(-1)**j": 2 * G / 3,
    "3-2*(-1)**j": 3 * G,
    "1+log(j)": G / log(G),
    "(1+log(j))**2": G / log(G) ** 2,
    "1/2+2**-j": 2 * G,
    "1/(1+log(j))": G * log(G),
    "j**2/(j+1)": 2 * log(G) / 4,
    "sqrt(j)+(-1)**j/2": 2 * G ** Rational(1, 2) / 2,
    2 + cos(2 * pi * j / 3): 5 * G / 6,
    1 + Mod(j, 4): 2 * (1 + Rational(1, 2) + Rational(1, 3) + Rational(1, 4)) * G / 4,
}


@pytest.mark.parametrize("sizes", DIVERGING, ids=str)
def test_growth_under_replace(sizes):
    ratio = expected_risk(UNIT, Replace(sizes=sizes)).ratio
    assert ratio.limit == oo == ratio.bound
    assert (ratio.growth / DIVERGING[sizes]).simplify() == 1
    assert ratio.monotonicity == "increasing"


CONVERGING = ["exp(j)", "j**j", "2**j*(2+(-1)**j)", "j**2*(2+(-1)**j)", "j*log(j+1)**2", "2**j+j", "j**2+(-1)**j*j/2"]
POOLED = ["1/j", "1+log(j)", "2+(-1)**j", "j**3/(j+2)", "j**j", "exp(j)", "exp(-j)", "sqrt(j)", "log(j+1)**2"]
POOLED += ["1/2+2**-j", "j**2+2**j", "j*(2+(-1)**j)", "1/j**2", 2 + cos(2 * pi * j / 3), 1 + Mod(j, 4)]


def _sums(sizes, last, pooled):
    """Partial sums of the ratio and what is left at most, in 40 digits, by a loop that knows nothing of the package."""
    size = lambdify(j, exact("sizes", sizes), "mpmath")
    with mpmath.workdps(40):
        first, pool, total = size(mpmath.mpf(1)), mpmath.mpf(0), mpmath.mpf(0)
        for place in range(1, last + 1):
            block = mpmath.mpf(size(mpmath.mpf(place)))
            pool += block
            total += block / pool**2 if pooled else 1 / block
        return first * total, first / pool


@pytest.mark.parametrize("sizes", POOLED, ids=str)
def test_accumulate_has_limit_and_bound_whatever_the_sizes(sizes):
    """The rest beyond M lies between 0 and s(1)/N_M; with the digits of the limit that decides it."""
    ratio = expected_risk(UNIT, Accumulate(sizes=sizes)).ratio
    limit = N(ratio.limit, 20)
    total, rest = _sums(sizes, 300, pooled=True)
    assert limit.is_Float
    assert limit <= 2
    assert ratio.bound == ratio.limit
    assert total <= mpmath.mpf(str(limit)) * (1 + mpmath.mpf("1e-17"))
    assert mpmath.mpf(str(limit)) <= (total + rest) * (1 + mpmath.mpf("1e-17"))
    assert ratio.growth == ratio.limit
    assert ratio.monotonicity == "increasing"


@pytest.mark.parametrize("sizes", ["1+log(j)", "sqrt(j)", "j**3/(j+2)", "log(j+1)**2"])
def test_the_rest_of_a_slow_sum_falls_like_its_integral(sizes):
    """Limit − partial sum is s(1)/N_M up to O(s/N²) of it: an error of 1e-6 in the limit would show."""
    ratio = expected_risk(UNIT, Accumulate(sizes=sizes)).ratio
    limit = mpmath.mpf(str(N(ratio.limit, 20)))
    gaps = [(limit - total) / rest for total, rest in (_sums(sizes, last, pooled=True) for last in (1000, 2000))]
    # (1 − c/M): twice the second minus the first.
    assert abs(2 * gaps[1] - gaps[0] - 1) < 5e-5


@pytest.mark.parametrize("sizes", CONVERGING)
def test_replace_converges_to_the_limit(sizes):
    ratio = expected_risk(UNIT, Replace(sizes=sizes)).ratio
    limit = N(ratio.limit, 20)
    assert limit.is_Float
    assert ratio.bound == ratio.limit
    (_one, _), (two, _), (four, _) = (_sums(sizes, last, pooled=False) for last in (250, 500, 1000))
    value = mpmath.mpf(str(limit))
    assert two <= value * (1 + mpmath.mpf("1e-17"))
    if "j**2" in sizes:  # what is left is c/M + O(1/M²)
        assert abs(2 * four - two - value) < 1e-4
    elif "log" not in sizes:
        assert abs(four - value) < mpmath.mpf("1e-17") * value


def test_values_known_otherwise():
    def limit(workflow):
        return expected_risk(UNIT, workflow).ratio.limit

    assert (limit(Replace(sizes="exp(j)")) - E / (E - 1)).simplify() == 0
    # Sophomore's dream: Σ j^{−j} = ∫_0^1 x^{−x} dx.
    with mpmath.workdps(30):
        dream = mpmath.quad(lambda x: x**-x, [0, 1])
    assert abs(N(limit(Replace(sizes="j**j")), 25) - N(str(dream), 25)) < 1e-24
    # Odd blocks end pools of 4k − 3, even ones pools of 4k.
    with mpmath.workdps(30):
        blocks = mpmath.zeta(2, mpmath.mpf(1) / 4) / 16 + 3 * mpmath.pi**2 / 96
    assert abs(N(limit(Accumulate(sizes="2+(-1)**j")), 25) - N(str(blocks), 25)) < 1e-24


@pytest.mark.parametrize("sizes", ["2+(-1)**j", "j**j", "j**3/(j+2)", "1/2+2**-j", "1/j", 1 + Mod(j, 3)], ids=str)
@pytest.mark.parametrize("workflow", [Replace, Accumulate, lambda sizes: SlidingWindow(2, sizes=sizes)])
def test_values_are_rational(workflow, sizes):
    """By fractions: model g moves by s(g)/N_g of the newest noise."""
    risk = expected_risk(UNIT, workflow(sizes=sizes))
    values = [risk.at(g) for g in (1, 2, 3, 6, 11)]
    assert all(value.is_Rational for value in values)
    if isinstance(risk.workflow, Accumulate):
        blocks = [exact("sizes", sizes).subs(j, place) for place in range(1, 12)]
        assert values[-1] == sum(block / sum(blocks[: place + 1]) ** 2 for place, block in enumerate(blocks))


def test_values_with_irrational_sizes_have_no_unevaluated_sum():
    assert not expected_risk(UNIT, Accumulate(sizes="1+log(j)")).at(7).has(Sum)


@pytest.mark.parametrize("sizes", [2 + sin(j), exact("sizes", "1/(j*log(j+1))")], ids=str)
def test_law_five_bounds_what_has_no_limit_here(sizes):
    ratio = expected_risk(UNIT, Accumulate(sizes=sizes)).ratio
    assert ratio.limit is None
    assert (ratio.bound - 2).simplify() == 0


@pytest.mark.parametrize("sizes", ["2+(-1)**j", "1+log(j)", "exp(j)", "j**j", "1+1/j"])
@pytest.mark.parametrize("model", [Bernoulli(p="1/3", n=4), Exponential(mean=1, n=7)], ids=str)
def test_curvature_makes_a_product_of_the_sum(model, sizes):
    """1 + κy = Π (1 + κf): every value below the bound, and the last within the rest of Σ f of the limit."""
    risk = expected_risk(model, Accumulate(sizes=sizes))
    limit = float(risk.limit)
    last = 12 if sizes in ("1+log(j)", "exp(j)") else 60  # exact values in logarithms grow with every generation
    values = [float(value) for value in islice(risk.recurrence.values(), last)]
    assert all(value <= limit * (1 + 1e-14) for value in values)
    _, rest = _sums(sizes, last, pooled=True)
    steepest = max(1.0, 1 + limit) * float(risk.baseline) * 1.2
    assert limit - values[-1] <= steepest * float(rest) + 1e-14
    assert risk.bound == risk.limit


def test_a_bounded_family_tends_to_its_variance_and_an_unbounded_one_to_nothing():
    for sizes in ("2+(-1)**j", "1+log(j)", "1+1/j"):
        assert expected_risk(Bernoulli(p="1/3", n=4), Replace(sizes=sizes)).limit == Rational(2, 9)
        assert expected_risk(Exponential(mean=1, n=7), Replace(sizes=sizes)).limit == oo


# -- conjugate pairs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10])
def test_conjugate_gammas_are_one_real_number(n):
    risk = expected_risk(Exponential(mean=1, n=n), Accumulate())
    assert risk.closed_form.has(GammaPair)
    assert "Abs(gamma(" in str(risk.closed_form)
    assert r"\left|{\Gamma" in risk.latex()
    for g in (1, 2, 5, 12):
        value = risk.closed_form.subs(G, g)
        assert abs(float(value) - float(risk.at(g))) < 1e-12 * float(risk.at(g)) + 1e-14
        assert N(value).is_Float
        assert N(value, 30).is_Float


def test_a_symbol_of_either_sign_stays_real_once_it_is_a_number():
    closed = expected_risk(QuadraticVariance(), Accumulate()).closed_form
    for v2, n in ((1, 7), (Rational(-1, 3), 5), (3, 2)):
        given = {"v_0": 1, "v_1": 1, "v_2": v2, "mu": 1, "n": n}
        value = closed.subs({symbol: given[symbol.name] for symbol in closed.free_symbols - {G}}).subs(G, 3)
        again = expected_risk(QuadraticVariance(v0=1, v1=1, v2=v2, mean=1, n=n), Accumulate()).at(3)
        assert abs(float(value) - float(again)) < 1e-12


def test_a_pair_is_the_product_and_its_derivative():
    pair = GammaPair(G + 1, Rational(-1, 7))
    product = without_pairs(pair)
    assert not product.has(GammaPair)
    assert product.has(I)
    for g in (1, 2, 6):
        assert abs(complex(product.subs(G, g).evalf()) - float(pair.subs(G, g))) < 1e-12 * float(pair.subs(G, g))
    assert GammaPair(Integer(3), Rational(1, 4)).has(Function("gamma")) is False
    with mpmath.workdps(30):
        slope = mpmath.diff(lambda x: abs(mpmath.gamma(x + 1 + 1j / mpmath.sqrt(7))) ** 2, 2)
    assert abs(pair.diff(G).subs(G, 2).evalf(20, chop=True) - slope) < 1e-12


def test_sums_over_complex_poles_are_real():
    risk = expected_risk(UNIT, Replace(sizes="j**2+1"))
    for g in (1, 2, 9):
        assert abs(float(risk.closed_form.subs(G, g)) - float(risk.at(g))) < 1e-12


def test_sums_over_roots_are_exact_at_a_generation():
    """Degree ten, five categories: minutes by symmetric functions."""
    risk = expected_risk(Categorical("uniform(5)", n=4), SlidingWindow(4))
    for g in (4, 5, 9, 30):
        assert risk.closed_form.subs(G, g) == risk.at(g)


# -- maxima ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [Replace(), FreshReal(), FreshReal(real=2)], ids=str)
@pytest.mark.parametrize("loss", ["squared", "covariance"])
def test_a_risk_that_rises_above_its_limit_is_bounded_by_its_maximum(workflow, loss):
    risk = expected_risk(GaussianFit(d=1, n=4), workflow, loss=loss)
    highest = max(islice(risk.recurrence.values(), 400))
    assert highest > risk.limit
    assert risk.bound == highest


def test_no_maximum_is_claimed_below_the_limit():
    risk = expected_risk(Poisson(rate=1, n=4), FreshReal())
    assert risk.bound >= max(islice(risk.recurrence.values(), 50))


@pytest.mark.parametrize("sizes", ["sqrt(j)", "1+log(j)", "exp(j)"])
def test_windows_of_irrational_sizes_answer_at_once_or_say_why_not(sizes):
    risk = expected_risk(UNIT, SlidingWindow(4, sizes=sizes))
    assert risk.at(10).is_number
    with pytest.raises(DomainError, match=r"numerics\.evaluate"):
        risk.at(40)
