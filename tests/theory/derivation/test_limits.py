"""Limits hold for all parameters or say which; the evidence of several parts is that of the weakest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import And, Matrix, Ne, Piecewise, Product, Rational, S, Symbol, oo, polylog

from theory import (
    Accumulate,
    Bernoulli,
    CappedReal,
    G,
    KernelDensity,
    QuadraticVariance,
    Replace,
    UniformMaximum,
    expected_risk,
)
from theory.derivation import Derivation, Relation, StepError
from theory.derivation.checks import equality
from theory.derivation.limits import is_never_zero, singular
from theory.derivation.step import NotShown
from theory.derivation.trend import _approached
from theory.expressions.signs import at_least

n = Symbol("n", integer=True, positive=True)
x = Symbol("x", positive=True)
y = Symbol("y", nonnegative=True)
EMPTY = Derivation()

#: A limit, for the parameters with which it is one, and the step that does not say so.
EXCEPTIONAL = {
    "a slope that may vanish": (1 / ((x - 1) * G + 1), 0, {"where": Ne(x, 1)}, {}),
    "a slope from 0 on": ((x - 1) * G + 1, oo, {"for_all": {x: 2}}, {"for_all": {x: 1}}),
    "a rate from 1 on": (x**G, oo, {"for_all": {x: 2}}, {"for_all": {x: 1}}),
    "a whole rate": ((n + 1) ** G, oo, {}, None),
    "a rate of 1": (n ** (-G), 0, {"for_all": {n: 2}}, {}),
    "a power of 0": (G ** (n - 1), oo, {"for_all": {n: 2}}, {}),
    "a quotient": (((x - 2) * G + 1) / ((x - 1) * G + 3), (x - 2) / (x - 1), {"where": Ne(x, 1)}, {}),
    "two conditions": (
        1 / ((x - 1) * G + 1) + 1 / ((x - y) * G + 1),
        0,
        {"where": And(Ne(x, 1), Ne(x, y))},
        {"where": Ne(x, 1)},
    ),
}


@pytest.mark.parametrize("name", EXCEPTIONAL)
def test_a_limit_states_its_exceptions_or_is_refused(name):
    expression, limit, stated, unstated = EXCEPTIONAL[name]
    assert EMPTY.tends(expression, limit, "", **stated).check().proved
    if unstated is not None:
        with pytest.raises(StepError):
            EMPTY.tends(expression, limit, "", **unstated).check()


def test_a_leading_term_states_its_exceptions_or_is_refused():
    grows = (x - 1) * G + 1
    assert EMPTY.grows(grows, (x - 1) * G, "", where=Ne(x, 1)).check().proved
    assert EMPTY.grows(grows, (x - 1) * G, "", for_all={x: 2}).check().proved
    for unstated in ({}, {"for_all": {x: 1}}, {"where": Ne(x, 2)}):
        with pytest.raises(StepError, match="not zero"):
            EMPTY.grows(grows, (x - 1) * G, "", **unstated).check()


def test_a_number_that_may_be_zero_is_not_positive():
    EMPTY.at_most(0, y, "y is nonnegative").check()
    EMPTY.less(0, 1 + y, "1 is more").check()
    with pytest.raises(StepError):
        EMPTY.less(0, y, "y may be 0").check()


@pytest.mark.parametrize(
    ("value", "never"),
    [(n, True), (n - 1, False), (n**2 + 3 * n - 2, True), (n**2 - 5 * n + 6, False), (x + 1, True), (x - 1, False)],
    ids=str,
)
def test_what_is_never_zero(value, never):
    assert is_never_zero(value, {}) == never
    assert is_never_zero(value, {n: at_least(Rational(5)), x: at_least(Rational(5))})


def test_what_cancels_is_the_number_that_it_is():
    assert is_never_zero(x * (y + 1) - x * y - x + 2, {})
    assert not is_never_zero(x * (y + 1) - x * y - x, {})


def test_parameters_that_make_a_denominator_vanish_are_named():
    assert singular((n + 3) / (n - 1) / x, {}) == Ne(n, 1)
    assert singular(1 / (G - 1) + 1 / n, {}) == True  # noqa: E712
    v2 = QuadraticVariance().v2
    closed = next(step.expression for step in _steps(QuadraticVariance(), Replace()) if _of_closed_form(step))
    assert closed.where == Ne(v2, 0)
    assert closed.right.has(1 / v2)
    limits = [step.expression for step in _steps(KernelDensity(), Replace(), "mise") if step.expression.sign == "→"]
    assert [limit.where for limit in limits] == [Ne(KernelDensity().n, 1)]
    capped = [step.expression for step in _steps(QuadraticVariance(), CappedReal()) if step.expression.sign == "→"]
    assert capped[0].where == Ne(v2, 0)
    assert all(step.expression.where is None for step in _steps(Bernoulli(), Replace()))


def test_a_condition_can_not_be_left_out():
    step = next(step for step in _steps(QuadraticVariance(), CappedReal()) if step.expression.sign == "→")
    step.check(step.expression)
    for where in (None, Ne(QuadraticVariance().v2, 1)):
        with pytest.raises(NotShown, match="condition"):
            step.check(replace(step.expression, where=where))


def test_a_limit_that_values_far_out_leave_is_refused():
    """Of Lerch's function there is no expansion here: values on the way to it have to come closer to the limit."""
    risk = expected_risk(KernelDensity(n=9), Replace(), loss="mise")
    _approached(risk.closed_form, risk.limit, {})
    for wrong in (-risk.limit, 2 * risk.limit, oo):
        with pytest.raises(NotShown, match="does not approach"):
            _approached(risk.closed_form, wrong, {})


def _steps(model, workflow, loss="squared"):
    return expected_risk(model, workflow, loss=loss).derivation.check().steps


def _of_closed_form(step):
    return step.expression.sign == "=" and str(step.expression.left) == "R(G)"


#: Equal, and known to be by numbers alone.
NUMERIC = (polylog(2, x) + polylog(2, -x), polylog(2, x**2) / 2)


def test_one_entry_by_numbers_alone_makes_the_matrix_so():
    assert not equality(Relation(NUMERIC[0], "=", NUMERIC[1])).proved
    for position in range(3):
        left, right = Matrix([x, x + 1, x**2]), Matrix([x, 1 + x, x * x])
        left[position], right[position] = NUMERIC
        found = equality(Relation(left, "=", right))
        assert not found.proved
        assert "digits" in found.how


def test_one_case_by_numbers_alone_makes_the_cases_so():
    for first in (True, False):
        pairs = [(NUMERIC, x < 1), ((x, x), True)] if first else [((x, x), x < 1), (NUMERIC, True)]
        left, right = (Piecewise(*((sides[index], where) for sides, where in pairs)) for index in (0, 1))
        found = equality(Relation(left, "=", right))
        assert not found.proved
        assert "digits" in found.how


def test_the_index_of_a_product_is_no_parameter():
    """∏ (1 − 1/i²) is a number; x beside it is a parameter still."""
    i = Symbol("i", integer=True, positive=True)
    number = Product((i - 1) * (i + 1) / ((i - 3) * (i - x)), (i, 4, oo))
    assert singular(number, {}) == S.true
    assert singular(number / (x - 1), {}) == Ne(x, 1)
    risk = expected_risk(UniformMaximum(n=2, unbiased=True), Accumulate())
    assert "≠" not in risk.derivation.text()
