"""Every published statement, derived; and no comparison that cannot fail."""

from __future__ import annotations

import pytest
from sympy import Expr, Integer, Rational, S, Symbol, oo, symbols

from theory.papers import PAPERS, agree

STATEMENTS = [(paper, name) for paper, found in PAPERS.items() for name in found.statements]
x = Symbol("x", positive=True)


@pytest.mark.parametrize(("paper", "name"), STATEMENTS)
def test_what_is_derived_is_what_is_stated(paper, name):
    statement = PAPERS[paper].statements[name]
    assert statement.agrees, f"derived {statement.derived}, stated {statement.stated}"


@pytest.mark.parametrize(("paper", "name"), STATEMENTS)
def test_a_stated_formula_wrong_by_a_hundredth_disagrees(paper, name):
    statement = PAPERS[paper].statements[name]
    stated = statement.stated if isinstance(statement.stated, tuple) else (statement.stated,)
    derived = statement.derived if isinstance(statement.derived, tuple) else (statement.derived,)
    seen = 0
    for left, right in zip(derived, stated, strict=True):
        if isinstance(right, Expr) and right.is_finite is not False and right != 0:
            assert not agree(left, right * Rational(101, 100))
            assert not agree(left, -right)
            seen += 1
        elif hasattr(right, "shape"):
            assert not agree(left, right * Rational(101, 100))
            seen += 1
    assert seen


def test_what_agrees_and_what_does_not():
    assert agree((x**2 - 1) / (x - 1), x + 1)
    assert agree((x, x < 2), (x, x < 2))
    assert not agree((x, x < 2), (x, x <= 2))
    assert not agree((x,), (x, x))
    assert not agree(oo, Integer(5))
    assert not agree(S.Zero, Rational(1, 10**30))
    assert agree(oo, oo)


def test_the_four_papers_are_there():
    assert {"gerstgrasser2024", "dey2024", "kazdan2024", "uppaal2024"} <= set(PAPERS)
    assert all(paper.statements and paper.title and paper.authors for paper in PAPERS.values())
    assert all(item.says and item.where for paper in PAPERS.values() for item in paper.statements.values())


def test_symbols_are_those_of_the_models():
    from theory.models import Bernoulli, KernelDensity, LinearRegression
    from theory.papers import symbols as ours

    assert (ours.d, ours.T) == (LinearRegression().d, LinearRegression().T)
    assert (ours.p, ours.n) == (Bernoulli().p, Bernoulli().n)
    assert ours.h == KernelDensity().parameters["bandwidth"]
    assert symbols("T", positive=True) != ours.T
