"""The normal form of derivations and that of the checker, written apart, agree on what is zero."""

from __future__ import annotations

import pytest
from sympy import Symbol, sympify

from theory.derivation.normal_form import vanishes
from theory.proof.algebra import Algebra

ZERO = [
    "(g + 1)**2 - g**2 - 2*g - 1",
    "1/(g*(g + 1)) - 1/g + 1/(g + 1)",
    "sqrt(g + 1)**2 - g - 1",
    "1/(sqrt(g) - 1) - (sqrt(g) + 1)/(g - 1)",
    "gamma(g + 3) - g*(g + 1)*(g + 2)*gamma(g)",
    "gamma(1 + sqrt(p))*gamma(1 - sqrt(p))*sin(pi*sqrt(p)) - pi*sqrt(p)",
    "harmonic(g + 2) - harmonic(g) - 1/(g + 1) - 1/(g + 2)",
    "harmonic(g + 1, 2) - harmonic(g, 2) - 1/(g + 1)**2",
    "polygamma(1, g + 1) + harmonic(g, 2) - pi**2/6",
    "polygamma(0, 2*g + 1) - polygamma(0, 2*g) - 1/(2*g)",
    "polygamma(3, 1) - pi**4/15",
    "p**(g + 2) - p**2*p**g",
]
NOT_ZERO = [
    "(g + 1)**2 - g**2 - 2*g + 1",
    "sqrt(g + 1)**2 - g",
    "gamma(g + 3) - g*(g + 1)*gamma(g)",
    "harmonic(g + 2) - harmonic(g) - 1/(g + 1)",
    "harmonic(g + 1, 2) - harmonic(g, 2) - 1/(g + 1)",
    "polygamma(1, g + 1) - harmonic(g, 2) - pi**2/6",
    "polygamma(3, 1) - pi**4/16",
    "p**(g + 2) - p*p**g",
]


def both(text: str) -> tuple[bool, bool]:
    """The verdicts of derivations and of the checker, along the generation g."""
    names = {"g": Symbol("g", integer=True, positive=True), "p": Symbol("p", positive=True)}
    checker = Algebra()
    return vanishes(sympify(text, locals=names)), bool(checker.normal(checker.read(text)).top == 0)


@pytest.mark.parametrize("text", ZERO)
def test_both_see_that_it_is_zero(text: str) -> None:
    assert both(text) == (True, True)


@pytest.mark.parametrize("text", NOT_ZERO)
def test_neither_takes_it_for_zero(text: str) -> None:
    assert both(text) == (False, False)
