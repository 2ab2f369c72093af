"""Least squares: which regime a fit is in depends on the rows it is given, and infinities are said."""

from __future__ import annotations

import pytest
from sympy import Matrix, Rational, S, oo

from theory import (
    Accumulate,
    AccumulateSubsample,
    LinearRegression,
    NotDerivedError,
    Replace,
    SlidingWindow,
    Workflow,
    expected_risk,
    j,
)
from theory.testing import check_workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics

HALF = Rational(1, 2)


def test_three_times_the_rows_make_a_wide_design_tall():
    risk = expected_risk(LinearRegression(10, 5, signal=1), Replace(sizes=3))
    assert risk.domain == S.true
    assert [risk.at(g) for g in (1, 2)] == [Rational(5, 2), 5]


def test_half_the_rows_make_a_tall_design_wide():
    risk = expected_risk(LinearRegression(10, 16, signal=1), Replace(sizes=HALF))
    first = 1 - Rational(8, 10) + Rational(8, 10 - 8 - 1)
    assert risk.at(1) == first
    assert risk.at(2) == first * (1 + Rational(8, 10))


def test_labelling_a_shared_design_again_adds_no_rows():
    risk = expected_risk(LinearRegression(10, 11, design="shared"), Replace(sizes=3))
    assert risk.domain == S.false
    assert risk.at(1) == oo


@pytest.mark.parametrize(
    ("workflow", "rows"),
    [(SlidingWindow(2, sizes=2), 100), (AccumulateSubsample(HALF), 25), (AccumulateSubsample(3), 50)],
)
def test_leading_order_is_exact_at_generation_one(workflow, rows):
    assert expected_risk(LinearRegression(10, 50), workflow).at(1) == Rational(10, rows - 11)


def test_accumulated_harmonic_blocks_telescope_as_well():
    risk = expected_risk(LinearRegression(2, 50), Accumulate(sizes=1 / j))
    assert risk.exactness == "exact"
    assert risk.at(2) == Rational(2, 47) + 2 * Rational(1, 3) / (75 - 3)


class RealTwice(Workflow):
    """Keeps every law, and gives block 1 twice the weight of its rows: no telescoping."""

    def weights(self, g):
        return [S.One] if g == 1 else [Rational(2, g + 1), *[Rational(1, g + 1)] * (g - 1)]

    def dynamics(self):
        return LinearDynamics(
            start=2,
            transition=Matrix([[1]]),
            innovation=Matrix([[1 / (GENERATION + 1)]]),
            readout=Matrix([[1]]),
            initial=Matrix([[1]]),
        )


def test_unequal_row_weights_are_not_called_exact():
    check_workflow(RealTwice(), generations=4)
    risk = expected_risk(LinearRegression(2, 10), RealTwice())
    assert risk.exactness == "leading order"
    assert risk.at(1) == Rational(2, 7)


class TestRunningOutOfRows:
    def test_replace(self):
        risk = expected_risk(LinearRegression(10, 50), Replace(sizes=1 / j))
        assert [risk.at(g) < oo for g in (1, 4, 5, 6)] == [True, True, False, False]
        assert risk.domain == S.false
        assert risk.growth == risk.limit == risk.bound == oo
        assert risk.closed_form is None
        assert r"\infty \quad \text{for all } G \geq 5" in risk.latex()

    def test_what_is_left_is_not_guessed(self):
        with pytest.raises(NotDerivedError, match="shrink"):
            expected_risk(LinearRegression(10, 50), SlidingWindow(2, sizes=1 / j))

    def test_accumulate_at_the_threshold(self):
        risk = expected_risk(LinearRegression(10, 3, signal=2), Accumulate())
        assert [risk.at(g) for g in (2, 3, 4)][1:] == [oo, oo]
        assert risk.at(2) < oo
        assert risk.closed_form is None
        assert "NaN" not in risk.latex()
        assert r"\tilde" not in risk.latex()


class TestFiniteVariance:
    """Standard errors exist from four rows to spare on."""

    @pytest.mark.parametrize(("d", "T", "finite"), [(5, 8, False), (5, 9, True), (9, 5, True), (8, 5, False)])
    def test_replace(self, d, T, finite):
        model = LinearRegression(d, T, signal=1)
        assert model.finite_variance(Replace(), "squared") == (S.true if finite else S.false)

    @pytest.mark.parametrize(("d", "T", "finite"), [(36, 10, True), (33, 10, False), (37, 10, False)])
    def test_accumulate_across_the_threshold(self, d, T, finite):
        model = LinearRegression(d, T, signal=1)
        assert model.finite_variance(Accumulate(), "squared") == (S.true if finite else S.false)
