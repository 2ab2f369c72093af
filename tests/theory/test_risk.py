"""The Risk object: values, ratios, substitution, conditions, errors."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys

import pytest
from sympy import Ge, Rational, S, Symbol, log, oo, pi, simplify, sqrt, symbols

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
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    NotDerivedError,
    Poisson,
    QuadraticVariance,
    RandomSizes,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)

THIRD = Rational(1, 3)


def test_value_baseline_and_ratio():
    risk = expected_risk(Bernoulli(THIRD, 50), Accumulate())
    assert risk.baseline == Rational(2, 9) / 50
    assert risk.at(2) == Rational(249, 200) * risk.baseline
    assert risk.ratio.at(1) == 1
    assert risk.ratio.ratio.at(5) == risk.ratio.at(5)
    assert risk.limit == risk.baseline * risk.ratio.limit


@pytest.mark.parametrize("g", [0, -1, 1.5, "two", None, True, oo, Symbol("g")])
def test_generations_are_whole(g):
    with pytest.raises(DomainError, match="generation"):
        expected_risk(Bernoulli(THIRD, 5), Replace()).at(g)


def test_huge_generations_of_closed_forms_without_special_functions():
    assert expected_risk(GaussianMean(2, 5), Replace()).at(10**12) == Rational(2, 5) * 10**12
    assert expected_risk(Regular(1, 1), RealPlusLatest()).at(1000) == Rational(4, 3) - Rational(4, 3) / 4**1000


def test_values_of_irrational_steps_are_written_in_powers():
    # Each inside the next, SymPy would take an hour to print the one at generation 30.
    coin = expected_risk(Bernoulli(THIRD, 12), Replace(sizes=RandomSizes.geometric("1/2")))
    assert coin.at(30) == Rational(2, 9) - Rational(2, 9) * (1 - log(2) / 12) ** 30
    refreshed, y = expected_risk(Regular(1, 1), FreshReal(share=sqrt(2) - 1)), 1.0
    for _ in range(29):
        y = (2 - math.sqrt(2)) ** 2 * (y + 1) + (math.sqrt(2) - 1) ** 2
    assert len(str(refreshed.at(30))) < 100
    assert float(refreshed.at(30)) == pytest.approx(y, rel=1e-13)


def test_huge_generations_of_regressions():
    assert expected_risk(LinearRegression(10, 50), Replace()).at(10**12) == Rational(10, 39) * 10**12
    assert expected_risk(LinearRegression(10, 11), Replace()).at(10**12) == oo
    with pytest.raises(DomainError, match="evaluate"):
        expected_risk(LinearRegression(10, 50), Accumulate()).at(10**12)


def test_symbolic_values_at_large_generations_do_not_expand():
    value = expected_risk(Bernoulli(), Accumulate()).at(100)
    point = {s: {"p": THIRD, "n": 50}[s.name] for s in value.free_symbols}
    exact = expected_risk(Bernoulli(THIRD, 50), Accumulate()).at(100)
    assert abs(value.subs(point).evalf(40) - exact) < Rational(1, 10**30)


@pytest.mark.parametrize("p", [0, 1])
@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), SlidingWindow(2), FreshReal(), AccumulateSubsample()])
def test_certain_outcomes_have_no_risk_and_no_ratio(p, workflow):
    risk = expected_risk(Bernoulli(p, 5), workflow)
    assert risk.at(4) == 0
    assert risk.closed_form in (0, None)
    assert risk.limit in (0, None)
    with pytest.raises(DomainError, match="ratio"):
        _ = risk.ratio


@pytest.mark.parametrize("workflow", [Replace(), Accumulate(), SlidingWindow(2), RealPlusLatest(), FreshReal()])
def test_one_sample(workflow):
    """n = 1: a Bernoulli model is certain after one draw."""
    risk = expected_risk(Bernoulli(THIRD, 1), workflow)
    for g in (1, 2, 3, 6):
        assert risk.closed_form.subs(G, g).evalf(20).round(15) == risk.at(g).evalf(20).round(15)


class TestInfiniteExpectations:
    @pytest.mark.parametrize(("d", "T"), [(5, 6), (5, 5), (6, 5), (1, 2), (1, 1)])
    @pytest.mark.parametrize("design", ["fresh", "shared"])
    def test_near_square_designs(self, d, T, design):
        for workflow in (Replace(), Accumulate(), SlidingWindow(2)) if d < T else (Replace(),):
            risk = expected_risk(LinearRegression(d, T, design=design), workflow)
            assert risk.domain == S.false
            assert risk.at(1) == risk.at(3) == risk.limit == risk.closed_form == oo
            with pytest.raises(DomainError, match="ratio"):
                _ = risk.ratio

    def test_domain_is_a_condition_on_symbols(self):
        d, T = symbols("d T", integer=True, positive=True)
        assert expected_risk(LinearRegression(), Accumulate()).domain == Ge(T, d + 2)
        assert expected_risk(LinearRegression(3, 5), Accumulate()).domain == S.true

    def test_subsampling_needs_rows_enough(self):
        risk = expected_risk(LinearRegression(5, 12), AccumulateSubsample(Rational(1, 2)))
        assert risk.domain == S.false
        assert risk.at(2) == oo

    def test_shrinking_blocks_run_out_of_rows(self):
        risk = expected_risk(LinearRegression(2, 12), Replace(sizes=1 / j))
        assert risk.at(3) < oo
        assert risk.at(4) == oo


def test_overparameterised_fresh_designs_say_what_is_not_derived():
    for workflow in (FreshReal(real=3), AccumulateSubsample()):
        with pytest.raises(NotDerivedError, match="no derived risk"):
            expected_risk(LinearRegression(30, 10, signal=1), workflow)


class TestExactness:
    def test_what_is_exact(self):
        assert expected_risk(Poisson(), AccumulateSubsample()).exactness == "exact"
        assert expected_risk(LinearRegression(), Accumulate(sizes=j)).exactness == "exact"
        assert expected_risk(LinearRegression(design="shared"), SlidingWindow(2)).exactness == "exact"

    def test_what_is_not(self):
        assert expected_risk(LinearRegression(), SlidingWindow(2)).exactness == "leading order"
        assert expected_risk(Regular(), Replace()).exactness == "leading order"
        assert expected_risk(Poisson(), Accumulate(), loss="kl").exactness == "leading order"

    def test_leading_order_of_an_exact_risk(self):
        leading = expected_risk(Poisson(), AccumulateSubsample()).leading_order
        assert leading.exactness == "leading order"
        assert leading.ratio.limit == pi**2 / 2 - 2
        assert leading.leading_order is leading


class TestSubstitution:
    def test_parameters_by_symbol_or_name(self):
        risk = expected_risk(Bernoulli(), Accumulate())
        n = next(symbol for symbol in risk.free_symbols if symbol.name == "n")
        assert risk.subs({"p": THIRD, n: 50}).at(3) == expected_risk(Bernoulli(THIRD, 50), Accumulate()).at(3)
        assert risk.subs("n", 50).subs([("p", THIRD)]).at(3) == risk.subs({"p": THIRD, "n": 50, G: 3})

    def test_removable_singularities_are_derived_again(self):
        risk = expected_risk(QuadraticVariance(), Accumulate()).subs("v_2", 0)
        assert risk.ratio.limit == pi**2 / 6

    def test_ratios_and_leading_orders_stay_what_they_are(self):
        assert expected_risk(Bernoulli(), Replace()).ratio.subs("n", 4).limit == 4
        leading = expected_risk(Bernoulli(), Replace()).leading_order.subs("n", 4)
        assert leading.exactness == "leading order"

    def test_constructor_names_and_keywords(self):
        risk = expected_risk(Gamma(), Accumulate()).subs(Symbol("n"), 5).subs("mean", 2).subs(shape=1)
        assert risk.at(2) == Rational(26, 25)
        assert expected_risk(GaussianMean(), Replace()).subs("sigma2", 4).subs("n", 2).at(1) == 2

    def test_names_that_are_not_parameters_are_refused(self):
        with pytest.raises(DomainError, match="frog"):
            expected_risk(Bernoulli(), Replace()).subs("frog", 1)


BAD = [
    (lambda: Bernoulli(1.5, 10), "p = 1.5"),
    (lambda: Bernoulli(-0.1, 10), "p = -0.1"),
    (lambda: Bernoulli(THIRD, 0), "n = 0"),
    (lambda: Bernoulli(THIRD, 2.5), "n = 2.5"),
    (lambda: Bernoulli("one third", 5), "p"),
    (lambda: Binomial(0, THIRD, 5), "m = 0"),
    (lambda: Poisson(-1, 5), "rate = -1"),
    (lambda: Exponential(0, 5), "mean = 0"),
    (lambda: Gamma(-1, 1, 5), "shape = -1"),
    (lambda: GaussianMean(0, 5), "sigma2 = 0"),
    (lambda: NegativeBinomial(0, 1, 5), "r = 0"),
    (lambda: HyperbolicSecant(-1, 1, 5), "r = -1"),
    (lambda: QuadraticVariance(-1, 0, 0, 1, 5), "V(mean)"),
    (lambda: QuadraticVariance(1, 0, "-3/2", 0, 1), "v2 = -3/2"),
    (lambda: Bernoulli(THIRD, G), "n = G"),
    (lambda: Regular(0, 5), "p = 0"),
    (lambda: LinearRegression(0, 5), "d = 0"),
    (lambda: LinearRegression(2, 2.5), "T = 2.5"),
    (lambda: LinearRegression(2, 9, sigma2=-1), "sigma2 = -1"),
    (lambda: LinearRegression(2, 9, design="new"), "design = 'new'"),
    (lambda: LinearRegression(9, 2, signal=-1), "signal = -1"),
    (lambda: expected_risk("bernoulli", Replace()), "model"),
    (lambda: expected_risk(Bernoulli(), "replace"), "workflow"),
    (lambda: expected_risk(Bernoulli(), Replace), "workflow"),
    (lambda: expected_risk(Bernoulli(), Replace(), loss="hinge"), "loss = 'hinge'"),
    (lambda: expected_risk(Bernoulli(), Replace()).expansion(0), "terms = 0"),
]


@pytest.mark.parametrize(("make", "named"), BAD)
def test_bad_arguments_are_named(make, named):
    with pytest.raises(DomainError, match=r"^[^\n]*$") as error:
        make()
    assert named in str(error.value)


def test_floats_are_read_as_the_decimals_they_print():
    assert Bernoulli(0.3, 10) == Bernoulli(Rational(3, 10), 10) == Bernoulli("0.3", 10)


def test_models_are_values():
    for model in (Bernoulli(THIRD, 5), LinearRegression(3, 9), QuadraticVariance()):
        assert pickle.loads(pickle.dumps(model)) == model
        assert hash(model) == hash(pickle.loads(pickle.dumps(model)))


def test_risks_travel_between_processes():
    risk = expected_risk(Bernoulli(THIRD, 5), SlidingWindow(8))
    assert pickle.loads(pickle.dumps(risk)) == risk
    assert pickle.loads(pickle.dumps(risk)).at(3) == risk.at(3)


def test_exact_values_end_where_they_would_fill_pages():
    with pytest.raises(DomainError, match="evaluate"):
        expected_risk(Bernoulli(THIRD, 50), Accumulate()).at(10**9)


def test_kl_of_a_certain_outcome_is_zero():
    assert expected_risk(Bernoulli(0, 5), Accumulate(), loss="kl").at(3) == 0


def test_theory_imports_no_numpy():
    code = "import sys, theory; assert 'numpy' not in sys.modules and 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_theory_testing_says_when_hypothesis_is_missing():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import theory.testing as t; from theory import Accumulate\n"
        "t.check_workflow(Accumulate(), generations=2)\n"
        "try: t.workflows()\n"
        "except ImportError as error: assert 'Hypothesis' in str(error) and 'selfgen[test]' in str(error)\n"
        "else: raise SystemExit('no error')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class TestSymbolsWithoutAssumptions:
    """The place of a symbol says what it stands for; the user need not."""

    def test_limits_and_bounds_are_decided(self):
        p, n, d, T, share = symbols("p n d T share")
        assert expected_risk(Bernoulli(p, n), Replace()).limit == p * (1 - p)
        assert expected_risk(Bernoulli(p, n), Accumulate()).monotonicity == "increasing"
        assert expected_risk(Regular(p, n), RealPlusLatest(share)).ratio.limit == 1 / (share * (2 - share))
        assert expected_risk(LinearRegression(d, T), Accumulate()).bound is not None
        assert expected_risk(LinearRegression(d, T, signal=p), Replace()).ratio.limit == d / (d - T)

    def test_integer_values_are_the_same(self):
        p, n = symbols("p n")
        closed = expected_risk(Bernoulli(p, n), Accumulate()).closed_form.subs({p: THIRD, n: 7, G: 4})
        assert abs(closed.evalf(30) - expected_risk(Bernoulli(THIRD, 7), Accumulate()).at(4)) < Rational(1, 10**25)


def test_long_windows_are_cheap():
    risk = expected_risk(Bernoulli(), SlidingWindow(100_000))
    assert risk.limit is not None
    assert expected_risk(Regular(), SlidingWindow(100_000)).ratio.growth == Rational(4, 100_001**2) * G


def test_symbolic_powers_are_not_expanded():
    value = expected_risk(Bernoulli(), Replace()).at(1000)
    assert len(str(value)) < 60


def test_long_values_with_roots_and_logarithms_come_as_they_are():
    """No factor of them is looked for, which took minutes; they are the sum of their steps."""
    risk = expected_risk(Poisson(), Accumulate(sizes="1/sqrt(j)"))
    total, expected = 0.0, 0.0
    for g in range(1, 21):
        total += g**-0.5
        expected += g**-0.5 / total**2
    assert float(risk.at(20).subs(dict.fromkeys(risk.free_symbols, 1))) == pytest.approx(expected, rel=1e-12)

    exponential = expected_risk(Exponential(mean=1, n=4), Accumulate(sizes="1+log(j)"))
    total, grown = 0.0, 1.0
    for g in range(1, 9):
        total += 1 + math.log(g)
        grown *= 1 + (1 + math.log(g)) / (4 * total**2)
    assert float(exponential.at(8)) == pytest.approx(grown - 1, rel=1e-12)


def test_moments_are_rational_whatever_the_scale():
    """A digamma function in the scale alone does not make the moments fill pages, nor the sizes irrational."""
    workflow = SlidingWindow(2, sizes="1/2+2**-j")
    risk = expected_risk(GaussianFit(d=2, n=100), workflow, loss="kl")
    coins = expected_risk(Regular(p=1, n=100), workflow)
    ratio = risk.at(40) / risk.at(1)
    assert simplify(ratio - coins.at(40) / coins.at(1)) == 0
