"""The death of the first word against the joint chain of all counts, in fractions."""

from __future__ import annotations

from fractions import Fraction
from math import exp, log

import pytest
from sympy import Rational

from numerics.extinction import first_extinction_probability
from tests.theory.models.test_categorical import multinomial
from theory import BranchingExtinction, DomainError, ExtinctionTime, FirstExtinction
from theory.models.categories.first_extinction import first_of_many


@pytest.mark.parametrize("counts", [(1, 1, 2), (2, 3), (1, 1, 1, 1), (1, 2, 2)])
def test_every_data_set(counts):
    n, states = sum(counts), {tuple(counts): Fraction(1)}
    time = FirstExtinction(counts)
    for g in range(1, 5):
        following = {}
        for state, mass in states.items():
            for new, chance in multinomial(n, [Fraction(c, n) for c in state]):
                if all(new):
                    following[new] = following.get(new, 0) + mass * chance
        states = following
        assert time.probability(g) == Rational(1 - sum(states.values())), g


def test_the_mean_is_the_sum_of_survival():
    time = FirstExtinction([2, 1, 3])
    assert float(time.mean) == pytest.approx(1 + sum(1 - float(time.probability(g)) for g in range(1, 80)), rel=1e-9)
    # Of two words, the first death is absorption.
    assert FirstExtinction([2, 5]).mean == ExtinctionTime(7, 2).absorption_mean


def test_quantiles_are_where_the_law_passes():
    time = FirstExtinction([2, 1, 3])
    for level in ("1/10", "1/2", "19/20"):
        g = time.quantile(level)
        assert time.probability(g) >= Rational(level)
        assert (time.probability(g - 1) if g > 1 else 0) < Rational(level)


def test_the_branching_law_in_floating_point():
    time = FirstExtinction([1, 2, 2, 77])
    found = first_extinction_probability(time.counts, [1, 4, 7])
    assert found == pytest.approx([float(time.large_n(g)) for g in (1, 4, 7)], rel=1e-12)
    # Of words that are surely gone, and of none that could be.
    assert first_extinction_probability([1] * 5, [10**5])[0] == pytest.approx(1, abs=1e-15)


def test_many_tokens():
    # Two rare words and one common: near independence.
    time = FirstExtinction([1, 2, 77])
    assert float(time.probability(3)) == pytest.approx(float(time.large_n(3)), rel=0.02)
    # 10^6 words of count 200: the branching law itself at the quantile, in logarithms.
    alive, g = 1.0, 0
    while (1 - exp(200 * log(1 - alive) if alive < 1 else float("-inf"))) ** 10**6 > 0.5:
        alive, g = 1 - exp(-alive), g + 1
    assert float(first_of_many(10**6, 200)) == pytest.approx(g, rel=0.15)
    assert BranchingExtinction(200).count == 200


def test_bad_input():
    with pytest.raises(DomainError, match=r"counts\[1\] = 0 is not allowed"):
        FirstExtinction([1, 0])
    with pytest.raises(DomainError, match="give the count of at least one word"):
        FirstExtinction([])
    with pytest.raises(DomainError, match="a single word: it never dies out"):
        _ = FirstExtinction([3]).mean
    with pytest.raises(DomainError, match="a single word: it never dies out"):
        FirstExtinction([3]).quantile("1/2")
    with pytest.raises(DomainError, match="level = 2 is not allowed"):
        FirstExtinction([3, 1]).quantile(2)
    with pytest.raises(DomainError, match="counts of 101 tokens are beyond exact values"):
        FirstExtinction([100, 1]).probability(1)
    with pytest.raises(DomainError, match="level = 1 is not allowed"):
        first_of_many(10, 5, 1)
