"""Schedules with a table of first sizes: the recursion against the weights, and closed forms against both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice

import pytest
from sympy import Eq, Expr, Piecewise, Rational, pi, polygamma, simplify, sqrt

from theory import Accumulate, Bernoulli, Regular, Replace, SlidingWindow, Weighted, expected_risk, j
from theory.moments.late_schedules import past_tables
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.pathway import verify_dynamics
from theory.workflows.tables import LONGEST_TABLE, late_size, pooled_dynamics, table_and_tail

TABLES = [
    Piecewise((3, Eq(j, 1)), (1, True)),
    Piecewise((5, Eq(j, 1)), (Rational(1, 2), Eq(j, 2)), (7, Eq(j, 3)), (2, True)),
    Piecewise((4, j <= 3), (j, True)),
    Piecewise((4, j < 3), (2**j, True)),
    j + Piecewise((1, Eq(j, 2)), (0, True)),
]


@dataclass(frozen=True)
class Pooled(Accumulate):
    def size(self, index: int | Expr) -> Expr:
        return super().size(index) if isinstance(index, int) or index.is_number else late_size(self, index)

    def dynamics(self) -> LinearDynamics | None:
        return pooled_dynamics(self)


@pytest.mark.parametrize("sizes", TABLES, ids=str)
def test_the_recursion_is_that_of_the_weights(sizes):
    workflow = Pooled(sizes=sizes)
    dynamics = workflow.dynamics()
    assert dynamics is not None
    verify_dynamics(workflow, dynamics, upto=9)


@pytest.mark.parametrize("model", [Regular(p=1, n=1), Bernoulli("1/3", 6)], ids=["regular", "bernoulli"])
@pytest.mark.parametrize("sizes", TABLES, ids=str)
def test_values_are_those_of_the_weights(sizes, model):
    pooled, weighted = Pooled(sizes=sizes), Weighted(Pooled(sizes=sizes).weights, sizes=sizes)
    for g in (1, 2, 3, 4, 8):
        assert expected_risk(model, pooled).at(g) == expected_risk(model, weighted).at(g)


def test_closed_form_and_limit():
    """A real block of three, then blocks of one: 1/9·3 + ψ′(4), by the definition of the trigamma function."""
    risk = expected_risk(Regular(p=1, n=1), Pooled(sizes=TABLES[0]))
    assert simplify(risk.limit - (Rational(1, 3) + polygamma(1, 4))) == 0
    assert simplify(risk.limit - (Rational(1, 3) + pi**2 / 6 - Rational(49, 36))) == 0
    for g in (1, 2, 5):
        total, exact = 0, 0
        for block in range(1, g + 1):
            size = 3 if block == 1 else 1
            total += size
            exact += Rational(size, total**2)
        assert risk.at(g) == exact
        assert simplify(risk.subs(G=g) - exact) == 0


@pytest.mark.parametrize("sizes", TABLES, ids=str)
@pytest.mark.parametrize("kind", [Replace, partial(SlidingWindow, 2)], ids=["replace", "sliding-window"])
def test_a_recurrence_past_its_tables_has_the_same_values(kind, sizes):
    recurrence = expected_risk(Regular(p=1, n=1), kind(sizes=sizes)).recurrence
    later = past_tables(recurrence)
    assert later is not None
    assert later.start >= recurrence.start
    assert not any(entry.has(Piecewise) for entry in (*later.matrix, *later.forcing, *later.readout))
    assert list(islice(later.values(), 9)) == list(islice(recurrence.values(), 9))


def test_what_has_no_table():
    assert table_and_tail(j**2) == (0, j**2)
    assert table_and_tail(Piecewise((1, j > 3), (2, True))) is None
    assert table_and_tail(Piecewise((1, Eq(j, LONGEST_TABLE + 1)), (2, True))) is None
    assert table_and_tail(Piecewise((1, Eq(j**2, 4)), (2, True))) is None
    assert table_and_tail(Piecewise((1, j <= Rational(7, 2)), (sqrt(j), True))) == (3, sqrt(j))
