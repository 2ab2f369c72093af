"""Budgets that keep subsampling within a factor of accumulate: brute force, and simulation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, Symbol, oo, simplify

from theory import AccumulateSubsample, DomainError, G, Regular, expected_risk
from theory.design import required_budget
from theory.testing import rationals


def risks(budgets: list[Fraction]) -> list[Fraction]:
    """Risk ratios with these budgets: pool mean and draw, generation by generation."""
    mean, spread, found = Fraction(0), Fraction(0), []
    for g, budget in enumerate(budgets, start=1):
        mean += (1 + spread) / g**2
        spread = 1 / budget - Fraction(1, g)
        found.append(mean + spread)
    return found


def accumulate(last: int) -> list[Fraction]:
    return [sum((Fraction(1, i * i) for i in range(1, g + 1)), Fraction(0)) for g in range(1, last + 1)]


def test_the_recursion_is_that_of_the_package():
    ratio = expected_risk(Regular(1, 1), AccumulateSubsample()).ratio
    assert [ratio.at(g) for g in range(1, 9)] == risks([Fraction(1)] * 8)


@settings(max_examples=15)
@given(factor=rationals(1, 6), last=st.integers(2, 12))
def test_the_factor_is_used_up_exactly(factor, last):
    plan = required_budget(factor)
    budgets = [Fraction(int(b.p), int(b.q)) for b in (plan.at(g) for g in range(1, last + 1))]
    limit = Fraction(int(factor.p), int(factor.q))
    found = risks(budgets)
    assert found[0] == 1
    assert found[1:] == [limit * value for value in accumulate(last)][1:]


def test_closed_form_limit_and_symbols():
    c = Symbol("c", positive=True)
    plan = required_budget(c)
    assert simplify(plan.closed_form.args[-1][0] - 6 * G / ((c - 1) * (7 * G + 1) + 6)) == 0
    assert simplify(plan.limit - 6 / (7 * (c - 1))) == 0
    assert required_budget(1).limit == oo
    assert [required_budget(1).at(g) for g in (1, 2, 9)] == [1, 2, 9]


@pytest.mark.parametrize(("factor", "points"), [("3/2", 7), (2, 12), ("21/20", 5), (5, 4)])
def test_counts_are_the_smallest_whole_numbers(factor, points):
    plan = required_budget(factor)
    counts, limit = plan.counts(9, points), Fraction(str(factor))
    allowed = [limit * value for value in accumulate(9)]
    assert all(risk <= most for risk, most in zip(risks([Fraction(c, points) for c in counts]), allowed, strict=True))
    for g in range(2, 10):
        fewer = [*counts[: g - 1], counts[g - 1] - 1]
        assert fewer[-1] == 0 or risks([Fraction(c, points) for c in fewer])[-1] > allowed[g - 1]


def test_first_generations_against_every_schedule():
    """Among all schedules of three draws from blocks of six, none is smaller where it first differs."""
    plan = required_budget("3/2").counts(3, 6)
    allowed = [Fraction(3, 2) * value for value in accumulate(3)]
    within = [
        (6, a, b)
        for a in range(1, 13)
        for b in range(1, 19)
        if all(r <= m for r, m in zip(risks([Fraction(1), Fraction(a, 6), Fraction(b, 6)]), allowed, strict=True))
    ]
    assert min(within) == tuple(plan)


def test_a_smaller_later_budget_costs_an_earlier_one():
    """The tempting law that the plan is smallest at every generation is false."""
    plan = required_budget(2).counts(4, 100)
    assert plan == [100, 58, 65, 69]
    other = [Fraction(1), Fraction(100, 100), Fraction(64, 100)]
    assert risks(other)[2] <= 2 * accumulate(3)[2]


def test_simulated():
    """Gaussian chains with blocks of 60, 40 000 replicates: standard errors of 0.7 %, five of them allowed."""
    points, last, replicates = 60, 4, 40_000
    plan = required_budget("3/2").counts(last, points)
    rng = np.random.default_rng(5)
    pool = rng.standard_normal((replicates, points))
    squares = [np.square(pool.mean(axis=1))]
    centre = pool.mean(axis=1)
    for g in range(2, last + 1):
        pool = np.hstack([pool, centre[:, None] + rng.standard_normal((replicates, points))])
        drawn = rng.permuted(pool, axis=1)[:, : plan[g - 1]]
        centre = drawn.mean(axis=1)
        squares.append(np.square(centre))
    expected = [float(risk) for risk in risks([Fraction(count, points) for count in plan])]
    for square, value in zip(squares, expected, strict=True):
        found, error = points * square.mean(), points * square.std() / np.sqrt(replicates)
        # To leading order: 1/n corrections are below 2 %.
        assert abs(found - value) < 5 * error + 0.02 * value
        assert error < 0.01 * value


def test_what_is_refused():
    for factor in (0, "9/10", -1):
        with pytest.raises(DomainError, match="give 1 or more"):
            required_budget(factor)
    with pytest.raises(DomainError, match="points = 0"):
        required_budget(2).counts(3, 0)
    assert required_budget(Rational(3, 2)).counts(1, 5) == [5]
