"""Exact values against every data set of small Bernoulli chains."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.testing import rationals, weighted
from theory.testing.enumeration import bernoulli_law, bernoulli_moments, smallest_sample

THIRD = Rational(1, 3)

CASES = [
    (Replace(), 2, 4),
    (Replace(sizes=j), 1, 3),
    (Accumulate(), 2, 4),
    (Accumulate(sizes=2**j), 1, 3),
    (Accumulate(sizes=j**2), 1, 2),
    (SlidingWindow(2), 1, 6),
    (SlidingWindow(3), 1, 5),
    (SlidingWindow(3, sizes=j), 1, 3),
    (RealPlusLatest(), 2, 4),
    (RealPlusLatest(share=Rational(1, 5)), 1, 5),
    (RealPlusLatest(share=1), 1, 4),
    (FreshReal(), 1, 4),
    (FreshReal(share=Rational(2, 7), real=2), 1, 3),
    (FreshReal(share=1), 1, 4),
    (AccumulateSubsample(), 1, 5),
    (AccumulateSubsample(), 3, 3),
    (AccumulateSubsample(budget=2), 1, 5),
    (AccumulateSubsample(budget=Rational(3, 2)), 2, 4),
    (AccumulateSubsample(budget=Rational(1, 2)), 4, 3),
    (AccumulateSubsample(budget=1, replacement=True), 1, 5),
    (AccumulateSubsample(budget=3, replacement=True), 1, 5),
    (AccumulateSubsample(budget=Rational(1, 3), replacement=True), 3, 3),
]


@pytest.mark.parametrize(("workflow", "n", "generations"), CASES, ids=lambda value: str(value))
def test_exact_risk_is_that_of_the_enumerated_chain(workflow, n, generations):
    risk = expected_risk(Bernoulli(THIRD, n), workflow)
    for g, (mean, square) in enumerate(bernoulli_moments(workflow, THIRD, n, generations), start=1):
        assert mean == THIRD
        assert risk.at(g) == square


@given(workflow=weighted(), p=rationals())
@settings(max_examples=25)
def test_random_weights(workflow, p):
    derived = islice(expected_risk(Bernoulli(p, 1), workflow).recurrence.values(), 5)
    for value, (mean, square) in zip(derived, bernoulli_moments(workflow, p, 1, 5), strict=True):
        assert (mean, square) == (p, value)


@given(p=rationals(), budget=st.integers(1, 3), replacement=st.booleans(), n=st.integers(1, 2))
@settings(max_examples=25)
def test_random_subsampling(p, budget, replacement, n):
    workflow = AccumulateSubsample(budget, replacement)
    derived = islice(expected_risk(Bernoulli(p, n), workflow).recurrence.values(), 3)
    for value, (_, square) in zip(derived, bernoulli_moments(workflow, p, n, 3), strict=True):
        assert square == value


def test_laws_are_laws():
    for law in bernoulli_law(Accumulate(), THIRD, 2, 4):
        assert sum(law.values()) == 1
        assert min(law.values()) > 0


def test_smallest_sample_makes_every_amount_whole():
    assert smallest_sample(AccumulateSubsample(budget=Rational(2, 5)), 3) == 5
    assert smallest_sample(FreshReal(real=Rational(1, 3)), 3) == 3
