"""Rows in runs of equals say what the weights say, bit for bit, whoever states them."""

from fractions import Fraction

import numpy as np
import pytest
from sympy import Rational

from numerics.samplers.combination import steps
from numerics.samplers.schedule import schedule
from numerics.samplers.weight_rows import MOST_ROWS_IN_A_TABLE, Rows, Runs, fresh_row, weight_rows
from theory import Accumulate, DomainError, FreshReal, RealPlusLatest, Replace, SlidingWindow, Weighted
from theory.errors import LawViolation
from theory.testing import check_workflow
from theory.workflows.base import exact_weights
from theory.workflows.capped_real import CappedReal
from theory.workflows.contaminated_pool import ContaminatedPool

LAST = 9


class Later(Accumulate):
    """Pooled, said its parent; its own weights say otherwise."""

    def weights(self, g):
        return [Fraction(2 * j, g * (g + 1)) for j in range(1, g + 1)]


WORKFLOWS = [
    Replace(),
    Accumulate(),
    Accumulate(sizes="j**2"),
    Accumulate(sizes="j/3"),
    SlidingWindow(3),
    SlidingWindow(3, sizes="2*j + 1"),
    RealPlusLatest(share="1/j"),
    FreshReal(share="1/3"),
    CappedReal(synthetic=2),
    ContaminatedPool(real="1/3"),
    ContaminatedPool(real="1/(j + 1)"),
    Weighted(lambda g: [Rational(2 * j, g * (g + 1)) for j in range(1, g + 1)]),
    Later(),
    Later(sizes="j"),
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=repr)
def test_rows_are_the_weights(workflow):
    rows = weight_rows(workflow, LAST)
    for g, row in enumerate(rows, start=1):
        assert row.dense().tolist() == [float(weight) for weight in exact_weights(workflow, g)]
        assert fresh_row(workflow, g).tolist() == [float(weight) for weight in workflow.fresh_weights(g)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=repr)
def test_plans_are_those_of_the_table(workflow):
    table = schedule(workflow, LAST, 2520, keeps=True)
    assert table.plan == steps(table.weights, table.real)


def test_wrong_runs_break_a_law(monkeypatch):
    monkeypatch.setattr(CappedReal, "weight_runs", lambda self, g: [(g, Rational(1, g))])
    with pytest.raises(LawViolation, match=r"weight_runs\(2\)"):
        check_workflow(CappedReal(synthetic=2), 4)


def test_runs_that_do_not_add_up_are_not_believed(monkeypatch):
    monkeypatch.setattr(CappedReal, "weight_runs", lambda self, g: [(g, Rational(1, g + 1))])
    assert weight_rows(CappedReal(synthetic=2), 3)[2].dense().tolist() == [1 / 5, 2 / 5, 2 / 5]


def test_no_table_of_too_many_rows():
    row = Runs(np.array([1]), np.ones(1))
    with pytest.raises(DomainError, match="10000 or fewer"):
        Rows([row] * (MOST_ROWS_IN_A_TABLE + 1)).table()
