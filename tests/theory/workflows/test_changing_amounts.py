"""Budgets and synthetic blocks that change from generation to generation."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sympy import N, Rational, harmonic, oo, pi, zeta

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    DomainError,
    G,
    NotDerivedError,
    RealPlusLatest,
    Regular,
    Subsampled,
    expected_risk,
)
from theory.testing import check_workflow

UNIT = Regular(p=1, n=1)


def by_hand(budget, generations, replacement=False):
    """To leading order: the pool moves by the newest block, drawn from a model with the noise of its own draw."""

    def noise(g):
        return Fraction(0) if budget(g) > g else 1 / budget(g) - (0 if replacement else Fraction(1, g))

    pool, found = Fraction(0), []
    for g in range(1, generations + 1):
        pool += Fraction(1, g**2) * (1 + (noise(g - 1) if g > 1 else 0))
        found.append(pool + noise(g))
    return found


BUDGETS = {
    "j/2": lambda g: Fraction(g, 2),
    "(j + 3)/2": lambda g: Fraction(g + 3, 2),
    "1 + 1/j": lambda g: 1 + Fraction(1, g),
    "1/j": lambda g: Fraction(1, g),
}


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("replacement", [False, True])
def test_budgets_to_leading_order(budget, replacement):
    risk = expected_risk(UNIT, AccumulateSubsample(budget, replacement))
    assert [risk.at(g) for g in range(1, 9)] == [Rational(v) for v in by_hand(BUDGETS[budget], 8, replacement)]


def test_limits_and_growth_under_changing_budgets():
    assert expected_risk(UNIT, AccumulateSubsample("j/2")).limit == 2
    found = expected_risk(UNIT, AccumulateSubsample("1 + 1/j")).limit
    assert abs(N(found - (pi**2 / 2 - zeta(3) - Rational(7, 8)), 20)) < 1e-15
    shrinking = expected_risk(UNIT, AccumulateSubsample("1/j"))
    assert (shrinking.limit, shrinking.growth) == (oo, G)


@pytest.mark.parametrize(
    "workflow",
    [
        AccumulateSubsample("j/2"),
        AccumulateSubsample("(j + 3)/2"),
        AccumulateSubsample("j/2", replacement=True),
        AccumulateSubsample("sqrt(j)"),
        CappedReal("j"),
        CappedReal("j/2"),
    ],
    ids=repr,
)
def test_every_data_set_of_small_chains(workflow):
    check_workflow(workflow, 3)


def test_a_budget_of_everything_is_accumulate():
    for budget in ("j", "2*j", "j + 1/j"):
        assert expected_risk(UNIT, AccumulateSubsample(budget)).closed_form == harmonic(G, 2)


def test_capped_real_data_beside_growing_synthetic_blocks():
    # N_g = g(g + 1)/2: the sum of 4/(g (g + 1)²).
    risk = expected_risk(UNIT, CappedReal("j"))
    total = Fraction(1)
    for g in range(2, 13):
        total += Fraction(4, g * (g + 1) ** 2)
        assert risk.at(g) == Rational(total)
    assert risk.limit == 8 - 2 * pi**2 / 3
    assert CappedReal("j").weights(3) == [Rational(1, 6), Rational(1, 3), Rational(1, 2)]
    assert expected_risk(Bernoulli("1/3", 4), CappedReal("j")).at(3) == Rational(353, 5184)
    assert expected_risk(UNIT, CappedReal("1")).closed_form == expected_risk(UNIT, Accumulate()).closed_form


def test_subsamples_of_other_rows_on_a_changing_budget():
    # Model 2: 1/2 of block 1, of block 2 with the noise of model 1 in it; drawn 3/2 out of 2, then 4/3.
    risk = expected_risk(UNIT, Subsampled(RealPlusLatest(), budget="1 + 1/j"))
    plain = expected_risk(UNIT, RealPlusLatest())
    first, second = Rational(2, 3) - Rational(1, 2), Rational(3, 4) - Rational(1, 2)
    assert risk.at(2) == plain.at(2) + first
    assert risk.at(3) == plain.at(3) + second + first / 4


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: AccumulateSubsample("2 - j"), "must be positive"),
        (lambda: CappedReal("1 - j"), "must be positive"),
        (lambda: Subsampled(Accumulate(), budget="1 - j"), "must be positive"),
        (lambda: expected_risk(Bernoulli("1/3", 4), AccumulateSubsample("1 + 1/j")), "whole number"),
    ],
)
def test_what_is_no_amount_is_refused(build, said):
    with pytest.raises(DomainError, match=said):
        build()


def test_budgets_that_overtake_the_pool_late_are_refused():
    with pytest.raises(NotDerivedError, match="more than once"):
        expected_risk(UNIT, AccumulateSubsample("j**2/4"))
