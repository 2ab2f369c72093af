"""Definite sums of rational terms: against their terms added up, and written without roots under logarithms."""

from __future__ import annotations

import pytest
from sympy import Rational, Symbol, log, pi, sqrt, symbols

from theory import Regular, Replace, expected_risk
from theory.expressions.sums import definite_sum

i, U = Symbol("i", integer=True, positive=True), symbols("U", integer=True, positive=True)

TERMS = [
    1 / (i * (2 * i + 1)), 1 / (i * (3 * i - 1)), 1 / ((6 * i - 5) * (i + 4)),
    1 / ((3 * i + 1) * (3 * i + 2)), 1 / (4 * i - 1) ** 2,
    # Poles too far for shifted harmonic numbers: at whole numbers, and halves.
    1 / (i + 30) ** 2, 1 / (i + 30) ** 3, 1 / (2 * i + 61) ** 2,
]  # fmt: skip


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_the_sum_is_its_terms_added_up(term):
    found = definite_sum(term, i, Rational(1), U)
    for upper in (1, 2, 7):
        added = sum(term.subs(i, index) for index in range(1, upper + 1))
        assert abs(found.subs(U, upper).evalf(30) - added) < Rational(1, 10**25)


def test_no_root_stands_under_a_logarithm():
    found = [expected_risk(Regular(), Replace(sizes=sizes)).ratio.limit for sizes in ("j*(2*j+1)", "j*(3*j-1)/2")]
    assert found == [6 - 6 * log(2), 3 * log(3) - sqrt(3) * pi / 3]


def test_far_poles_are_not_counted_up_to():
    # Harmonic numbers of so many digits take minutes to write out.
    assert definite_sum(1 / (i + 10**6) ** 2, i, Rational(1), U) is None
