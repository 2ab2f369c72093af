"""Dividing a budget: every division of small budgets, and the laws for large G."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from sympy import Rational, S

from theory import Accumulate, DomainError, G, NotDerivedError, Replace, SlidingWindow
from theory.design import final_risk, optimal_law, optimal_sizes
from theory.moments.pathway_recurrence import PathwayRecurrence


def replace_risk(sizes) -> Fraction:
    return sum((Fraction(1) / Fraction(size) for size in sizes), Fraction(0))


def accumulate_risk(sizes) -> Fraction:
    total, seen = Fraction(0), Fraction(0)
    for size in sizes:
        seen += size
        total += Fraction(size) / seen**2
    return total


RISKS = {Replace: replace_risk, Accumulate: accumulate_risk}


def divisions(budget: int, blocks: int, least: int):
    """All divisions into whole numbers."""
    for head in product(range(least, budget + 1), repeat=blocks - 1):
        last = budget - sum(head)
        if last >= least:
            yield (*head, last)


def fraction(value) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@pytest.mark.parametrize("workflow", [Replace, Accumulate])
@pytest.mark.parametrize("least", [1, 2])
@pytest.mark.parametrize(("budget", "generations"), [(7, 2), (9, 3), (12, 4), (13, 5)])
def test_real_data_in_the_budget(workflow, least, budget, generations):
    risk = RISKS[workflow]
    best = min(risk(sizes) for sizes in divisions(budget, generations, least))
    found = optimal_sizes(workflow, budget, generations, least=least, whole=True)
    assert fraction(found.risk) == best == risk([fraction(size) for size in found.sizes])
    assert sum(found.sizes) == budget


@pytest.mark.parametrize("workflow", [Replace, Accumulate])
@pytest.mark.parametrize("real", [1, 3, 20])
@pytest.mark.parametrize(("budget", "generations"), [(4, 2), (6, 3), (9, 4), (11, 5)])
def test_real_data_given(workflow, real, budget, generations):
    risk = RISKS[workflow]
    best = min(risk((real, *sizes)) for sizes in divisions(budget, generations - 1, 1))
    found = optimal_sizes(workflow, budget, generations, real=real, whole=True)
    assert fraction(found.risk) == best
    assert (found.sizes[0], sum(found.sizes)) == (real, real + budget)


@pytest.mark.parametrize("real", [None, "1/2", 2])
def test_fractions_of_samples_on_a_grid(real):
    """Quarters of a sample, no block below a half: the optimum is among them."""
    head = () if real is None else (Fraction(real),)
    grid = ([Fraction(quarter, 4) for quarter in sizes] for sizes in divisions(18, 3, 2))
    best = min(accumulate_risk((*head, *sizes)) for sizes in grid)
    found = optimal_sizes(Accumulate, "9/2", 3 + len(head), real=real, least="1/2")
    assert fraction(found.risk) == best


@pytest.mark.parametrize("workflow", [Replace, Accumulate])
def test_the_final_risk_is_that_of_the_package(workflow):
    found = optimal_sizes(workflow, 23, 4, real=3)
    # By the weights, exactly: for Gaussian means this is no approximation.
    by_weights = PathwayRecurrence(workflow(sizes=found.schedule), curvature=S.Zero)
    assert by_weights.at(4) == found.risk == final_risk(workflow, found.sizes)


def test_equal_sizes_under_replace():
    assert optimal_sizes(Replace, 10, 4).sizes == (Rational(5, 2),) * 4
    assert optimal_sizes(Replace, 10, 4, whole=True).sizes == (3, 3, 2, 2)
    assert optimal_sizes(Replace, 10, 4).risk == Rational(16, 10)


@pytest.mark.parametrize(("average", "least", "real"), [(3, 1, None), (5, 2, None), (3, 1, 7), ("5/2", "1/2", 4)])
def test_accumulate_in_the_long_run(average, least, real):
    """G times the excess tends to the law; at G and 2G the error halves, as the next term is of order 1/G²."""
    law = float(optimal_law(Accumulate, average, least=least, real=real) * G)
    beta = Rational(average) / Rational(least)
    assert law == pytest.approx(float((beta + 1) / (beta - 1) / Rational(average)), rel=1e-14)
    errors = []
    for last in (200, 400):
        found = optimal_sizes(Accumulate, Rational(average) * last, last, least=least, real=real)
        excess = found.risk - (0 if real is None else Rational(1, real))
        errors.append(float(excess) * last - law)
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.03)


def test_replace_in_the_long_run():
    assert optimal_law(Replace, 4) == G / 4
    assert optimal_sizes(Replace, 4 * 50, 50).risk == optimal_law(Replace, 4).subs(G, 50)


def test_a_stationary_point_is_the_worst():
    """Lagrange's condition for three blocks after a real one of 1, budget 9: a maximum, not a minimum."""
    risks = {first: accumulate_risk((1, first, 9 - first)) for first in (Fraction(k, 10) for k in range(1, 90))}
    worst = max(risks, key=risks.__getitem__)
    assert Fraction(1, 10) < worst < Fraction(89, 10)
    assert min(risks, key=risks.__getitem__) in (Fraction(1, 10), Fraction(89, 10))
    # 2 N_1/N_2 − 1 = (N_2/N_3)² at the worst
    middle = float(1 + worst)
    assert abs(2 / middle - 1 - (middle / 10) ** 2) < 0.2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: optimal_sizes(Replace, 2, 3), "budget = 2 is too small"),
        (lambda: optimal_sizes(Accumulate, 5, 1, real=2), "generations = 1 leaves no block"),
        (lambda: optimal_sizes(Accumulate, -1, 2), "budget = -1 is not an amount"),
        (lambda: optimal_sizes(Accumulate, "1/2", 2, whole=True), "must be whole numbers"),
        (lambda: optimal_sizes(Accumulate(), 5, 2), "is not a class of workflows"),
        (lambda: optimal_law(Accumulate, 1), "average = 1 is too small"),
    ],
)
def test_what_is_refused(call, sentence):
    with pytest.raises(DomainError, match=sentence):
        call()


def test_other_workflows_are_not_guessed():
    with pytest.raises(NotDerivedError, match="SlidingWindow is not derived"):
        optimal_sizes(SlidingWindow, 5, 2)
