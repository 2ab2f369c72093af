"""Pathway coefficients in doubles against exact ones, whatever the weights; and their speed."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, S, Symbol, sqrt

from numerics import limit_process
from numerics.pathway_table import pathway_coefficients, weight_table
from theory import Accumulate, DomainError, FreshReal, Replace, Weighted, Workflow, j
from theory.design import OptimalFreshReal
from theory.testing import rationals, workflows
from theory.workflows.pathway import Pathways


def exact(workflow: Workflow, upto: int) -> tuple[np.ndarray, np.ndarray]:
    blocks, fresh = np.zeros((upto, upto)), np.zeros((upto, upto))
    for g, (block, real) in enumerate(islice(Pathways(workflow), upto)):
        blocks[g, : g + 1], fresh[g, : g + 1] = [float(c) for c in block], [float(d) for d in real]
    return blocks, fresh


class Mixed(Workflow):
    """Weights of any sign, and real data drawn afresh at every generation."""

    def __init__(self, rows: list[list[Rational]]) -> None:
        self.rows = rows

    def weights(self, g: int) -> list[Rational]:
        return self.rows[g - 1]

    def fresh_weight(self, g: int) -> Rational:
        return S.Zero if g == 1 else 1 - sum(self.rows[g - 1], S.Zero)

    def fresh_size(self, g: int) -> Rational:
        return Rational(g, 2)


@settings(max_examples=30)
@given(st.data())
def test_any_weights(data):
    rows = [[S.One]] + [
        data.draw(st.lists(rationals(-2, 2), min_size=g, max_size=g)) for g in range(2, data.draw(st.integers(2, 7)))
    ]
    for found, expected in zip(
        pathway_coefficients(Mixed(rows), len(rows)), exact(Mixed(rows), len(rows)), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * max(1.0, np.abs(expected).max()))


@settings(max_examples=20)
@given(workflows())
def test_built_in_workflows(workflow):
    for found, expected in zip(pathway_coefficients(workflow, 9), exact(workflow, 9), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_nonnegative_weights_keep_relative_accuracy_far_out():
    """C_{g,j} = 1/j for equal weights, 2^(j − g) for a half of each of the last two models' lineages, far below 1."""
    last = 2000
    blocks, fresh = pathway_coefficients(Weighted(lambda g: [Rational(1, g)] * g), last)
    expected = np.tril(np.broadcast_to(1 / np.arange(1, last + 1), (last, last)))
    # Rounding of sums of g terms: at most G·ε, and errors of either sign grow like its root.
    np.testing.assert_allclose(blocks, expected, rtol=last * np.finfo(float).eps)
    assert not fresh.any()
    fading = FreshReal(share="1/2", real=1)
    blocks, fresh = pathway_coefficients(fading, 1000)
    g, source = np.tril_indices(1000)
    inside = source > 0
    np.testing.assert_allclose(blocks[g, source][inside], 0.5 ** (g - source + 1.0)[inside], rtol=1e-12)
    np.testing.assert_allclose(fresh[g, source][inside], 0.5 ** (g - source + 1.0)[inside], rtol=1e-12)


@pytest.mark.parametrize(
    "workflow",
    [Weighted(lambda g: [Fraction(1, g)] * g), OptimalFreshReal()],
    ids=["equal", "optimal-fresh-real"],
)
def test_a_thousand_generations_cost_less_than_three_hundred_exact_ones(workflow):
    """Two thousand take half a second on an idle machine; compared within one run, since others may use it."""

    def seconds(work) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    floats = min(seconds(lambda: pathway_coefficients(workflow, 1000)) for _ in range(2))
    equal = Weighted(lambda g: [Rational(1, g)] * g)
    assert floats < seconds(lambda: list(islice(Pathways(equal), 300)))


def test_optimal_fresh_real_is_the_golden_ratio_far_out():
    process = limit_process(OptimalFreshReal(), generations=2000)
    assert process.variance[-1] == pytest.approx((5**0.5 - 1) / 2, rel=1e-12)
    assert process.variance[3] == pytest.approx(13 / 21, rel=1e-14)


def test_weights_are_read_to_the_last_bit():
    """A fraction of long whole numbers is rounded once; whole numbers and roots are read as well."""
    near = Rational(10**400 + 1, 3 * 10**400)
    rows = {1: [1], 2: [near, 1 - near], 3: [sqrt(2) / 4, 0, 1 - sqrt(2) / 4]}
    table, _ = weight_table(Weighted(lambda g: rows[g]), 3)
    assert table[1, 0] == 1 / 3
    assert table[2].tolist() == [2**0.5 / 4, 0.0, 1 - 2**0.5 / 4]


def test_a_sum_that_is_not_one_is_refused():
    for gap in (Rational(1, 100), Rational(1, 10**13)):
        with pytest.raises(DomainError, match=r"weights\(7\) sums to"):
            weight_table(Weighted(lambda g, gap=gap: [Rational(1, g) + (gap if g == 7 else 0)] * g), 9)
    weight_table(Accumulate(sizes=j), 300)
    weight_table(Replace(), 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda g: [1.0 / g] * g, "is a float: give an exact fraction"),
        (lambda g: [Rational(1, g)] * (g + 1), "give one weight for each"),
        (lambda g: None, "is not a list"),
        (lambda g: [Symbol("x")] + [0] * (g - 2) + ([1 - Symbol("x")] if g > 1 else []), "x, which is no number|sums"),
    ],
    ids=["floats", "one-too-many", "no-list", "symbols"],
)
def test_bad_weights(rows, message):
    with pytest.raises(DomainError, match=message):
        pathway_coefficients(Weighted(rows), 3)


def test_fresh_data_without_a_size():
    class Sizeless(Mixed):
        def fresh_size(self, g: int) -> Rational:
            return S.Zero

    with pytest.raises(DomainError, match=r"Sizeless.fresh_size\(2\) is 0"):
        limit_process(Sizeless([[S.One], [S.Zero, S.Half]]), generations=2)
