"""Times to extinction against the Wright–Fisher matrix and the branching limit."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp

import pytest
from sympy import Rational, S
from sympy import exp as symbolic_exp

from theory import DomainError, G
from theory.models.categories.extinction import BranchingExtinction, ExtinctionTime


def extinct(n, g):
    """P(T ≤ g) from every count, by the matrix."""
    gone = [Fraction(1)] + [Fraction(0)] * n
    for _ in range(g):
        gone = [
            sum(comb(n, k) * Fraction(i, n) ** k * Fraction(n - i, n) ** (n - k) * gone[k] for k in range(n + 1))
            for i in range(n + 1)
        ]
    return gone


@pytest.mark.parametrize(("n", "count"), [(1, 1), (2, 1), (5, 2), (7, 7), (8, 1)])
def test_probability(n, count):
    time = ExtinctionTime(n, count)
    for g in (1, 2, 3, 6):
        assert time.probability(g) == Rational(extinct(n, g)[count])
    assert time.ultimate == 1 - Rational(count, n)


def test_two_tokens_by_hand():
    # From one of two, half of the time it stays; else it is gone or alone, equally likely.
    time = ExtinctionTime(2, 1)
    assert (time.mean, time.absorption_mean, time.median, time.quantile("3/4")) == (2, 2, 1, 2)
    assert ExtinctionTime(2, 2).absorption_mean == 0


@pytest.mark.parametrize(("n", "count"), [(3, 1), (5, 4), (6, 2)])
def test_means_are_sums_of_tails(n, count):
    time = ExtinctionTime(n, count)
    last = 150
    gone = [float(extinct(n, 0)[count])]
    state = [1.0] + [0.0] * n
    fixed, alone = [0.0] * n + [1.0], [0.0]
    matrix = [[comb(n, k) * (i / n) ** k * (1 - i / n) ** (n - k) for k in range(n + 1)] for i in range(n + 1)]
    for _ in range(last):
        state = [sum(p * v for p, v in zip(row, state, strict=True)) for row in matrix]
        fixed = [sum(p * v for p, v in zip(row, fixed, strict=True)) for row in matrix]
        gone.append(state[count])
        alone.append(fixed[count])
    ultimate = 1 - count / n
    assert float(time.mean) == pytest.approx(sum(1 - p / ultimate for p in gone), rel=1e-9)
    assert float(time.absorption_mean) == pytest.approx(
        sum(1 - p - q for p, q in zip(gone, alone, strict=True)), rel=1e-9
    )


def test_quantiles_bracket_their_level():
    time = ExtinctionTime(20, 3)
    for level in (Rational(1, 10), Rational(1, 2), Rational(9, 10)):
        g = time.quantile(level)
        assert time.probability(g) >= level * time.ultimate
        assert g == 1 or time.probability(g - 1) < level * time.ultimate
    assert time.median == time.quantile("1/2")


def test_branching_is_the_limit_from_above():
    lines = BranchingExtinction(2)
    assert lines.probability(1) == symbolic_exp(-2)
    for g in (1, 2, 5):
        limit = float(lines.probability(g))
        gaps = [limit - float(ExtinctionTime(n, 2).probability(g)) for n in (10, 20, 40)]
        assert all(gap > 0 for gap in gaps)
        # The difference is of order 1/n.
        assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.05)
    assert ExtinctionTime(10, 2).large_n == lines


def test_survival_of_a_critical_branching_process():
    alive = 1.0
    for _ in range(10**5):
        alive = 1 - exp(-alive) if alive > 1e-3 else alive - alive**2 / 2 + alive**3 / 6
    leading = BranchingExtinction(3).survival
    assert leading == 6 / G
    assert float(leading.subs(G, 10**5)) / 3 == pytest.approx(alive, rel=1e-3)
    # The correction is of relative order log(g)/g.
    assert 1 - float(BranchingExtinction(1).probability(10)) == pytest.approx(2 / 10, rel=0.25)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExtinctionTime(0, 1), r"n = 0 is not allowed"),
        (lambda: ExtinctionTime(5, 6), r"count = 6 is not allowed: count must be a whole number from 1 to n = 5"),
        (lambda: ExtinctionTime(5, "1/2"), r"count = 1/2 is not allowed"),
        (lambda: ExtinctionTime(5, 5).mean, r"the word never dies out"),
        (lambda: ExtinctionTime(5, 1).quantile(1), r"level = 1 is not allowed"),
        (lambda: ExtinctionTime(5, 1).probability(0), r"g = 0 is not a generation"),
        (lambda: ExtinctionTime(10**4, 1).probability(2), r"use numerics\.extinction\.extinction_probability"),
        (lambda: ExtinctionTime(10**4, 1).mean, r"use numerics\.extinction\.extinction_mean"),
        (lambda: BranchingExtinction(0), r"count = 0 is not allowed"),
        (lambda: BranchingExtinction(1).probability(11), r"use numerics\.extinction\.branching_probability"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(DomainError, match=message):
        make()


def test_a_word_that_is_everything_stays():
    time = ExtinctionTime(4, 4)
    assert time.probability(9) == time.ultimate == S.Zero
