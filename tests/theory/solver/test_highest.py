"""Least upper bounds of risks that turn, and the way of those whose first steps do not tell it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from sympy import Matrix, N, Rational, S, oo

from theory import (
    Accumulate,
    Bernoulli,
    CappedReal,
    Exponential,
    FreshReal,
    Gamma,
    GaussianFit,
    GaussianMean,
    RealPlusLatest,
    Replace,
    RidgeRegression,
    SlidingWindow,
    UniformMaximum,
    expected_risk,
)
from theory.expressions.symbols import G
from theory.models.bent import BiasedSampler, PosteriorMean
from theory.moments.recurrence import MomentRecurrence
from theory.proof import CertificateError, Growth, LeastBound, Monotone, check, prove
from theory.solver.ceiling import ceiling
from theory.solver.kept_forms import kept_forms
from theory.solver.leaning import leaning
from theory.solver.steady import steady

COIN = Bernoulli(p="1/3", n=4)
NORMAL = GaussianMean(sigma2=1, n=4)
LEANING = BiasedSampler(COIN, "9/10", "1/2")
CURATED = BiasedSampler.curated(NORMAL, 1, 1)
SKEWED = BiasedSampler(Exponential(mean=1, n=4), "4/5", "3/2")
COOL = GaussianFit(d=1, n=5, temperature="4/5")

TURNING = [
    (LEANING, Accumulate()),
    (LEANING, CappedReal()),
    (LEANING, FreshReal()),
    (CURATED, Accumulate()),
    (CURATED, RealPlusLatest()),
    (CURATED, SlidingWindow(2)),
    (SKEWED, Accumulate()),
    (SKEWED, RealPlusLatest()),
    (COOL, FreshReal()),
]
STEADY = [
    (LEANING, SlidingWindow(2), "increasing"),
    (SKEWED, SlidingWindow(2), "increasing"),
    (COOL, Replace(), "increasing"),
    (UniformMaximum(n=5), Replace(), "increasing"),
    (BiasedSampler.verified(NORMAL, 0, 1), Accumulate(), "decreasing"),
    (BiasedSampler(GaussianMean(sigma2=1, n=100), "1/2", 1), Accumulate(), "increasing"),
    (BiasedSampler(NORMAL, "3/2", "1/2"), Accumulate(), "increasing"),
]


@pytest.mark.parametrize("pair", TURNING, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_the_least_bound_is_reached_or_approached_and_never_exceeded(pair):
    risk = expected_risk(*pair)
    values = [risk.at(g) for g in range(1, 60)]
    assert all(value <= risk.bound for value in values)
    assert risk.bound in (*values, risk.limit)
    proof = prove(LeastBound(risk))
    assert check(proof)
    assert S(proof.data["claim"]["bound"]) == risk.bound


@pytest.mark.parametrize("case", STEADY, ids=lambda case: f"{case[0].name}-{case[1].name}")
def test_the_way_of_a_risk(case):
    *pair, way = case
    risk = expected_risk(*pair)
    assert risk.monotonicity == way
    steps = [after - before for before, after in pairwise(risk.at(g) for g in range(1, 60))]
    assert all(step * (1 if way == "increasing" else -1) >= 0 for step in steps)
    assert check(prove(Monotone(risk)))


def _carried(forms, multipliers, rests, step, before):
    """Forms one step later, by the recurrence and by the combination."""
    there = forms * Matrix([*(step * before), 1])
    return there, multipliers * (forms * Matrix([*before, 1])) + rests


def test_forms_are_the_combinations_that_they_are_said_to_be():
    """A complex pair beside a leading root, on vectors that have nothing to do with the start."""
    step = Matrix([[Rational(1, 2), 1, 0], [0, 0, Rational(1, 5)], [0, -Rational(1, 5), Rational(1, 10)]])
    row, start = Matrix([[1, 1, 0]]), Matrix([1, -Rational(1, 9), Rational(1, 9)])
    found = next(kept_forms(step, row, start, S.Zero))
    assert all(x >= 0 for x in (*found.multipliers, *found.rests, *found.weights, found.rest))
    assert all(x >= 0 for x in found.forms * Matrix([*start, 1]))
    for before in (Matrix([3, -1, 7]), Matrix([0, 2, 5])):
        there, combined = _carried(found.forms, found.multipliers, found.rests, step, before)
        assert there == combined
        assert (found.weights * found.forms * Matrix([*before, 1]))[0] + found.rest == (row * before)[0]


def test_what_stays_where_it_is_rises_by_nothing():
    """A bias that the first fit already has: nothing is asked of a step, and the step is silent from the start."""
    step = Matrix([[Rational(1, 2), 0], [Rational(1, 3), Rational(1, 4)]])
    found = next(kept_forms(step, Matrix([[0, 0]]), Matrix([1, 2]), Rational(3)))
    assert (found.weights * found.forms * Matrix([5, 7, 1]))[0] + found.rest == 3
    assert not list(kept_forms(step, Matrix([[0, 0]]), Matrix([1, 2]), -Rational(1, 9)))
    family = Gamma(shape="2/3", mean="4/3", n=10)
    bias = expected_risk(PosteriorMean(family, strength=4, prior_mean=1), Accumulate(sizes="2*j + 1")).bias
    assert bias.monotonicity in ("increasing", "decreasing")
    assert {bias.at(g) for g in (1, 2, 7, 30)} == {bias.limit}


def test_nothing_is_found_where_nothing_holds():
    """A rotation leaves no form nonnegative; what alternates goes no way; symbols have no box."""
    turn = Matrix([[Rational(3, 5), Rational(4, 5)], [-Rational(4, 5), Rational(3, 5)]])
    assert not list(kept_forms(turn, Matrix([[1, 0]]), Matrix([1, 1]), S.Zero))
    flip = MomentRecurrence(1, Matrix([[-Rational(1, 2)]]), Matrix([1]), Matrix([[1]]), Matrix([5]))
    assert steady(flip) is None
    # −3/2, 7/4, 1/8, …: the second value is the largest.
    assert ceiling(flip, Rational(2, 3)).bound == Rational(7, 4)
    symbolic = BiasedSampler(Bernoulli(), "tau", "1/2").recurrence(Accumulate(), "squared")
    assert ceiling(symbolic, S.One) is None
    assert leaning(symbolic) is None


def test_a_bound_that_is_a_little_too_small_or_too_large_is_refused():
    """One percent less is exceeded by an early value; one percent more is never reached."""
    data = json.loads(prove(LeastBound(expected_risk(LEANING, Accumulate()))).json())
    (step,) = (item for item in data["steps"] if item["rule"] == "cone")
    for changed in (Rational(99, 100), Rational(101, 100)):
        step["bound"] = data["claim"]["bound"] = str(S(step["bound"]) * changed)
        with pytest.raises(CertificateError):
            check(data)


@pytest.mark.parametrize("heat", ["2", "5/2", "3"])
def test_the_mean_of_a_hot_gaussian_under_accumulate(heat):
    """Its error grows like log G at temperature 2, like G^(τ−2) above; below it settles, at a series."""
    risk = expected_risk(GaussianFit(d=1, n=5, temperature=heat), Accumulate(), loss="mean")
    assert risk.limit == risk.bound == oo
    proof = prove(Growth(risk))
    assert check(proof)
    one, two = (risk.at(g) for g in (400, 1600))
    told = [risk.growth.subs(G, g) for g in (400, 1600)]
    # The increment of a logarithm, the ratio of a power: to order 1/G (1/√G for 5/2).
    gap = (two - one) / (told[1] - told[0]) - 1
    assert abs(N(gap)) < Rational(1, 100)


def test_the_mean_of_a_warm_gaussian_under_accumulate():
    warm = expected_risk(GaussianFit(d=1, n=5, temperature="3/2"), Accumulate(), loss="mean")
    cold = expected_risk(GaussianFit(d=1, n=5, temperature="4/5"), Accumulate(), loss="mean")
    # What is left falls like G^(τ−2): four times the generations, half of it.
    settled = float(warm.limit)
    left = [settled - float(warm.at(g)) for g in (400, 1600)]
    assert left[1] / left[0] == pytest.approx(1 / 2, rel=0.01)
    assert 0 < float(cold.limit) - float(cold.at(1600)) < 1e-4
    assert warm.monotonicity == cold.monotonicity == "increasing"
    by_case = expected_risk(GaussianFit(temperature="tau"), Accumulate(), loss="mean").growth
    assert [str(condition) for _, condition in by_case.args] == ["tau < 2", "Eq(tau, 2)", "True"]


@pytest.mark.parametrize("fidelity", ["11/10", "3/2", "2"])
def test_a_sampler_that_flees_its_target_under_accumulate(fidelity):
    """The error about the target outgrows the bias: G^(2(τ−1)), with the constant of the former."""
    risk = expected_risk(BiasedSampler(NORMAL, fidelity, "1/2"), Accumulate())
    assert risk.bound == risk.limit == oo
    assert check(prove(Growth(risk)))
    away = S(fidelity) - 1
    assert risk.growth.as_independent(G)[1] == G ** (2 * away)
    # What is left out is of the order of the bias, G^(τ−1).
    ratios = [N(risk.at(g) / risk.growth.subs(G, g)) - 1 for g in (500, 2000)]
    assert N(ratios[1] / ratios[0] * 4**away) == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("workflow", [Accumulate(), CappedReal()], ids=lambda workflow: workflow.name)
def test_ridge_on_fresh_designs_never_falls_where_every_row_is_kept(workflow, unnoticed):
    """The penalty acts once; from then on every generation adds a variance."""
    for penalty in ("1/2", "lambda"):
        risk = expected_risk(RidgeRegression(d=4, T=2, penalty=penalty, sigma2=3, design="fresh"), workflow)
        assert risk.monotonicity == "increasing"
        proof = prove(Monotone(risk))
        survivors, tried = unnoticed([proof])
        assert not survivors
        assert tried > 20
        # A penalty that is not positive has no such sign.
        data = json.loads(proof.json().replace("2*g, 1/2)", "2*g, -1/2)").replace("g, lambda_)", "g, -lambda_)"))
        with pytest.raises(CertificateError):
            check(data)
    assert all(b > a for a, b in pairwise(N(risk.subs("lambda", 2).at(g)) for g in (1, 2, 3, 9)))
