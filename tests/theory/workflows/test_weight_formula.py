"""Weights by a formula in g and j: the same workflow as by a function, with the recursion where it is seen."""

from __future__ import annotations

import pytest
from sympy import Rational, pi, symbols

from theory import Accumulate, DomainError, Regular, Weighted, expected_risk
from theory.testing import check_workflow


@pytest.mark.parametrize("formula", ["1/g", "2*j/(g*(g + 1))", "6*j^2/(g*(g+1)*(2*g+1))", "2**j/(2**(g+1) - 2)"])
def test_formulas_keep_the_laws(formula: str) -> None:
    check_workflow(Weighted(formula), generations=4)


def test_formulas_that_shrink_alike_have_a_closed_form() -> None:
    assert expected_risk(Regular(), Weighted("1/g")).closed_form == expected_risk(Regular(), Accumulate()).closed_form
    # Σ 4/(j + 1)²
    assert expected_risk(Regular(), Weighted("2*j/(g*(g + 1))")).ratio.limit == 4 * (pi**2 / 6 - 1)


def test_negative_weights_are_allowed_and_have_no_false_recursion() -> None:
    """(2/g)(1 − …): weights that grow with j and begin below 0; each generation against the function of the same."""
    formula = "(6*j - 2*g - 2)/(g*(g + 1))"
    by_hand = Weighted(lambda g: [Rational(6 * k - 2 * g - 2, g * (g + 1)) for k in range(1, g + 1)])
    ours, theirs = (expected_risk(Regular(), w).ratio for w in (Weighted(formula), by_hand))
    assert Weighted(formula).weights(6)[0] < 0
    assert Weighted(formula).dynamics() is None
    assert [ours.at(g) for g in range(1, 8)] == [theirs.at(g) for g in range(1, 8)]


@pytest.mark.parametrize("bad", ["1/j", "2/g", "l/g", "1/(g - 1)", "x/g", "import os"])
def test_what_are_no_weights_is_refused(bad: str) -> None:
    with pytest.raises(DomainError, match="weight"):
        Weighted(bad)


def test_equal_formulas_are_equal_workflows() -> None:
    g = symbols("g", integer=True, positive=True)
    assert Weighted("1/g") == Weighted(1 / g)
    assert repr(Weighted("1/g")) == "Weighted('1/g', sizes=1)"
