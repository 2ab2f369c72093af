"""Functions that formulas repeat, by a letter."""

import re

from sympy import Symbol, symbols

from theory import FreshReal, RidgeRegression, expected_risk
from theory.expressions.abbreviations import abbreviations
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.trace_moments import wishart_trace


def proportional():
    gamma, alpha = symbols("gamma alpha", positive=True)
    return expected_risk(RidgeRegression(ratio=gamma, shrinkage=alpha), FreshReal())


def test_letters_put_back_are_the_formulas():
    risk = proportional()
    formulas = [risk.closed_form, risk.limit]
    letters = abbreviations(formulas)
    assert {part.func for part in letters} == {limiting_shrinkage}
    back = {letter: part for part, letter in letters.items()}
    for formula in formulas:
        short = formula.xreplace(letters)
        assert not short.has(limiting_shrinkage)
        assert short.xreplace(back) == formula


def test_a_letter_is_nobody_elses_and_what_stands_once_has_none():
    a, s, s_1, w = symbols("a s s_1 w", positive=True)
    often, once = limiting_shrinkage(a, s), limiting_shrinkage(a, w)
    trace = wishart_trace(1, 1, 2, 5, a)
    found = abbreviations([often**2 * s_1 + trace, once + often / trace])
    assert found == {often: Symbol("s_2"), trace: Symbol("w_1")}
    # Numbers are values, which decimals are shown of.
    assert abbreviations([wishart_trace(1, 1, 2, 5, 1) * a, wishart_trace(1, 1, 2, 5, 1)]) == {}


def test_a_theorem_tells_the_letter_once():
    text = proportional().latex()
    rows = text.splitlines()[1:-1]
    (told,) = [row for row in rows if row.startswith(r"\text{where } s &= \alpha_{")]
    assert text.count(r"\alpha_{") == told.count(r"\alpha_{") == 1
    assert len(re.findall(r"\bs\b", text)) > 20
