"""Shares and amounts of real data that change: against their recurrence run by itself, enumerations, and phases."""

from __future__ import annotations

from itertools import product

import pytest
from sympy import Rational, log, sympify

from numerics import crosscheck, simulate
from theory import Bernoulli, DomainError, FreshReal, G, GaussianMean, RealPlusLatest, Regular, expected_risk, j
from theory.design.real_shares import required_share, share_phase
from theory.testing import check_workflow


@pytest.mark.parametrize(
    ("workflow", "growth"),
    [
        (FreshReal("1/j"), G / 3), (FreshReal("1/j", "j"), G / 3), (FreshReal("2/(j + 1)"), G / 5),
        (FreshReal(real="1/j"), G / 3), (RealPlusLatest("1/j"), G / 3),
    ],
)  # fmt: skip
def test_changing_shares(workflow, growth):
    """Exact values by the recurrence itself; every data set of coins; growth by the solver."""
    check_workflow(workflow, 8)
    ratio = expected_risk(Regular(), workflow).ratio
    assert ratio.growth == growth
    y, crossed = Rational(1), Rational(1)
    for g in range(2, 12):
        if isinstance(workflow, FreshReal):
            share = workflow.fresh_weight(g)
            y = (1 - share) ** 2 * (y + 1) + share**2 / workflow.fresh_size(g)
        else:
            share = workflow.weights(g)[0]
            y = share**2 + 2 * share * (1 - share) * crossed + (1 - share) ** 2 * (y + 1)
            crossed = share + (1 - share) * crossed
        assert ratio.at(g) == y


def test_changing_shares_are_simulated():
    workflow = FreshReal("1/j", "j")
    model = GaussianMean(1, 10)
    run = simulate(model, workflow, 5, 215_000, seed=2)
    check = crosscheck(expected_risk(model, workflow), run)
    assert check.verdict == "agrees"
    assert check.detectable <= 0.02


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FreshReal("j"), "share = j is not a share of real data: at generation 2 it is 2"),
        (lambda: FreshReal("(5 - j)/8"), "must lie between 0 and 1"),
        (lambda: RealPlusLatest("1/(j - 5)"), "must lie between 0 and 1"),
        (lambda: FreshReal(real="10 - j"), "real = 10 - j is not an amount of real data"),
        (lambda: FreshReal("3/2"), "share = 3/2 is not a share of real data"),
        (lambda: required_share("1/2"), "factor = 1/2 is not a factor to keep within"),
        (lambda: share_phase(-1, 0), "a = -1 makes shares grow beyond 1"),
        (lambda: share_phase(0, 0, 1), "c = 1 is no share below 1"),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(DomainError, match=said.replace("(", r"\(").replace(")", r"\)")):
        make()


@pytest.mark.parametrize("factor", [1, "3/2", 2, "7/2"])
def test_required_share_is_enough_and_no_less_is(factor):
    c = sympify(factor) if not isinstance(factor, str) else Rational(factor)
    found = required_share(factor)
    ratio = expected_risk(Regular(), found.workflow).ratio
    values = [ratio.at(g) for g in range(1, 15)]
    assert max(values) == c
    # The best share, and no other schedule on a grid has less in total: those that keep within c need as much.
    least = [found.real.subs(j, g) for g in range(2, 6)]
    options = [[amount, amount + Rational(1, 20), max(amount - Rational(1, 20), 0)] for amount in least]
    for amounts in product(*options):
        u, within = Rational(1), True
        for amount in amounts:
            u = u / (1 + u) + amount
            within = within and u >= 1 / c
        if within:
            assert sum(amounts) >= sum(least)


@pytest.mark.parametrize(
    ("a", "b", "c", "rho", "d"),
    [
        ("1/2", 0, 1, 1, 0), ("1/2", "1/2", 1, 2, 0), ("1/2", 1, 1, 1, "-1/2"), (0, 0, "1/2", 1, 0),
        (0, 1, "1/3", 2, 0),
        (1, 0, 1, 1, 0), (1, 1, 1, 1, 0), (1, 2, "1/2", 1, 0), (2, 0, 1, 1, 0), (2, 1, 1, 1, 0), (1, 2, 1, 1, -1),
        ("1/2", "3/2", 1, 3, "1/2"),
    ],
)  # fmt: skip
def test_phases(a, b, c, rho, d):
    """A million generations in floating point come to the leading term, within the next order."""
    phase = share_phase(a, b, c, rho, d)
    a, b, c, rho, d = (float(Rational(value)) for value in (a, b, c, rho, d))
    y, last = 1.0, 300_000
    for g in range(2, last + 1):
        share = min(c * g**-a, 1.0)
        y = (1 - share) ** 2 * (y + g**-b) + share**2 / (rho * g**d)
    stated = float(phase.growth.subs(G, last))
    slack = 0.2 if phase.logs else 0.02
    assert abs(y / stated - 1) < slack
    assert phase.bounded == (phase.power < 0 or (phase.power == 0 and phase.logs == 0))


def test_phase_diagram():
    """Bounded exactly for b ≥ a where a ≤ 1, for b > 1 beyond."""
    for a in (0, Rational(1, 3), Rational(2, 3), 1, Rational(4, 3), 2):
        for b in (0, Rational(1, 3), Rational(1, 2), Rational(2, 3), 1, Rational(3, 2)):
            expected = b >= a if a <= 1 else b > 1
            assert share_phase(a, b, Rational(1, 2)).bounded == expected
    assert share_phase(2, 1).growth == log(G)
    assert share_phase(2, 2).constant is None
    assert share_phase(1, 0).growth == expected_risk(Regular(), FreshReal("1/j")).ratio.growth


def test_coins_with_changing_shares():
    risk = expected_risk(Bernoulli("1/3", 6), FreshReal("1/j"))
    v, r = Rational(2, 9), Rational(2, 54)
    for g in range(2, 6):
        share = Rational(1, g)
        r = (1 - share) ** 2 * (r + (v - r) / 6) + share**2 * v / 6
        assert risk.at(g) == r
