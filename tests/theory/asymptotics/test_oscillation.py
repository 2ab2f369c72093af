"""Functions that oscillate about the scale: partial sums against sums added up, and what is not claimed."""

from __future__ import annotations

import math

import pytest
from sympy import (
    Expr,
    Mod,
    Rational,
    S,
    Symbol,
    ceiling,
    cos,
    factorial,
    floor,
    lambdify,
    log,
    pi,
    sin,
    sqrt,
)

from theory import NotDerivedError, j
from theory.asymptotics.oscillation import LONGEST_PERIOD, partial_sums, pieces

X = Symbol("x", positive=True)


def added_up(term: Expr, last: int) -> float:
    value = lambdify(j, term, "math")
    return math.fsum(value(index) for index in range(1, last + 1))


PERIODIC = [
    (1 / (1 + (-1) ** j / 2), 4 * X / 3),
    (1 / (2 - (-1) ** j), 2 * X / 3),
    (1 / (2 + cos(2 * pi * j / 3)), 5 * X / 9),
    (1 / (2 + sin(pi * j / 2)), 7 * X / 12),
    (1 / (2 + (-1) ** (j * (j + 1) / 2)), 2 * X / 3),
    (1 / (1 + Mod(j, 3)), 11 * X / 18),
    (1 / (1 + Mod(2 * j, 5)), Rational(137, 300) * X),
    (1 / (j * (2 + (-1) ** j)), 2 * log(X) / 3),
    (j * (3 + (-2) ** j * Rational(1, 2) ** j), 3 * X**2 / 2),
    (j ** (-((-1) ** j)), X**2 / 4),
    (1 / (sqrt(j) + floor(j / 3)), 3 * log(X)),
    (1 / (2 * j + ceiling(j / 2) * (-1) ** j), 8 * log(X) / 15),
    (2 ** sqrt(j) / (2 + (-1) ** j), 2 * 2 ** sqrt(X) * 2 * sqrt(X) / (3 * log(2))),
]


@pytest.mark.parametrize(("term", "leading"), PERIODIC, ids=str)
def test_periodic_parts_have_their_mean(term: Expr, leading: Expr) -> None:
    """Leading terms by hand; and increments of sums added up approach theirs."""
    ((total, condition),) = partial_sums(term, j)
    assert condition == S.true
    assert total is not None
    assert float(total.leading.subs(total.variable, 10**4) / leading.subs(X, 10**4)) == pytest.approx(1, abs=1e-12)
    near, far = 400, 900
    gained = added_up(term, far) - added_up(term, near)
    expected = [float(total.leading.subs(total.variable, at)) for at in (near, far)]
    # Slowest are sqrt(j) + floor(j/3) and 2^sqrt(j), with a relative rest of about 1/sqrt(near).
    assert gained / (expected[1] - expected[0]) == pytest.approx(1, abs=0.15 if term.has(sqrt(j)) else 6e-3)


BETWEEN = [
    (1 / (2 + sin(j)), (0, 1, 0, 0)),
    (1 / (j * (2 + sin(j)) * (3 + cos(j))), (0, 0, 1, 0)),
    ((2 + sin(j**2)) * sqrt(j), (0, Rational(3, 2), 0, 0)),
    (2**j / (2 + (-1) ** j), (log(2), 0, 0, 0)),
    (2**j * (2 + sin(j)), (log(2), 0, 0, 0)),
]


@pytest.mark.parametrize(("term", "powers"), BETWEEN, ids=str)
def test_what_oscillates_for_ever_has_an_order_and_no_constant(term: Expr, powers: tuple[Expr, ...]) -> None:
    ((total, _),) = partial_sums(term, j)
    assert total is not None
    assert (total.powers, total.constant) == (powers, None)
    shape = lambdify(total.variable, total.shape, "math")
    quotients = [added_up(term, last) / shape(last) for last in (80, 81, 160, 161, 320, 321)]
    assert min(quotients) > 0.05
    assert max(quotients) < 8


def test_a_vanishing_oscillation_leaves_the_constant() -> None:
    for term in (1 / (j + sin(j)), 1 / (j + 1 + (-1) ** j)):
        ((total, _),) = partial_sums(term, j)
        assert total.leading == log(total.variable)
    assert pieces(1 / (3 + (-2) ** j * Rational(1, 3) ** j), j).settled.constant == Rational(1, 3)


@pytest.mark.parametrize(
    "term", [1 / (j**2 * (2 + (-1) ** j)), (2 + sin(j)) / j**2, 1 / (2**j + (-1) ** j), (2 + sin(j)) / factorial(j)]
)
def test_convergent(term: Expr) -> None:
    assert partial_sums(term, j) == [(None, S.true)]


def test_the_last_term_may_be_all_of_a_sum() -> None:
    for factor in (2 + (-1) ** j, 2 + sin(j)):
        ((total, _),) = partial_sums(factor * factorial(j), j)
        assert (total.function, total.constant) == (factorial(total.variable), None)


@pytest.mark.parametrize(
    "term",
    [
        1 / (1 + sin(j)),  # comes as near to zero as one likes
        1 / (S(3) / 2 + sin(j) + cos(j)),  # positive, but not with both at −1
        j ** (-sin(j)),  # a power that oscillates
        j / (1 + j + j * cos(j)),
        1 / (2 + cos(2 * pi * j / (LONGEST_PERIOD + 1)) ** 2),
        1 / (2 + sin(Symbol("a") * j)),  # complex, for some a
        1 / (2 + Mod(j, pi)),
        2 ** (j * (-1) ** j) * j ** (-(S(3) / 2)) / (1 + sin(j)),
    ],
    ids=str,
)
def test_what_is_not_claimed(term: Expr) -> None:
    with pytest.raises(NotDerivedError):
        partial_sums(term, j)


def test_classes_of_different_orders_are_not_alike() -> None:
    assert not pieces(j ** ((-1) ** j), j).alike
    assert pieces(j * (2 + (-1) ** j), j).alike
    assert pieces(j * (2 + (-1) ** j), j).settled is None
