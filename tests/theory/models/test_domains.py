"""Where expectations are finite, for ever: sizes that fall late, samples with too few rows, both regimes of rows."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import pytest
from sympy import Eq, Ge, Integer, Piecewise, Rational, S, Symbol, exp, log, oo, sin

from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    G,
    GaussianFit,
    LinearRegression,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
    j,
)
from theory.workflows.capped_real import CappedReal
from theory.workflows.real_and_synthetic import RealAndSynthetic

HALF = Rational(1, 2)
LATE = 401 * j / (j**2 + 400)
BELL = exp(j / 10 - j**2 / 1000)


def _says_infinite(risk):
    assert risk.domain == S.false
    assert risk.limit == risk.growth == risk.bound == risk.expansion() == oo
    assert risk.closed_form in (None, oo)


class TestSizesThatFallLate:
    def test_rational(self):
        risk = expected_risk(LinearRegression(8, 10), Replace(sizes=LATE))
        _says_infinite(risk)
        assert [risk.at(g) == oo for g in (1, 399, 400, 401, 500)] == [False, False, False, True, True]

    def test_exponential(self):
        risk = expected_risk(LinearRegression(8, 12), Replace(sizes=BELL))
        _says_infinite(risk)
        assert [risk.at(g) == oo for g in (50, 101, 102)] == [False, False, True]

    @pytest.mark.parametrize("fall", [LATE, BELL, 1 / j, 2 * 2 ** (-j)])
    def test_divergences_of_gaussians(self, fall):
        """Down to four points in the end, never less: too few, and known to be."""
        _says_infinite(expected_risk(GaussianFit(2, 8), Replace(sizes=fall + HALF), "kl"))

    @pytest.mark.parametrize(
        "size", [1 + 1 / j, 1 + log(j), j, 2 + (-1) ** j, 1 + 2 ** (-j), exp(j), Rational(3, 2) + sin(j) / 2]
    )
    def test_those_that_never_do(self, size):
        assert expected_risk(LinearRegression(8, 10), Replace(sizes=size)).domain == S.true
        assert expected_risk(GaussianFit(2, 5), Replace(sizes=size), "kl").domain == S.true

    def test_symbols(self):
        """T(1 + 1/j) tends to T, and T/j to nothing."""
        model = LinearRegression()
        assert expected_risk(model, Replace(sizes=1 + 1 / j)).domain == Ge(model.T, model.d + 2)
        assert expected_risk(model, Replace(sizes=1 / j)).domain == S.false

    def test_what_is_not_decided_is_watched(self):
        """A product of sines: how low it gets, nothing here knows."""
        size = 2 + sin(j) * sin(j + 1)
        risk = expected_risk(LinearRegression(8, 8), Replace(sizes=size))
        assert risk.domain.has(G)
        assert risk.limit is risk.growth is risk.bound is risk.closed_form is risk.expansion() is None
        assert risk.at(3) < oo

    def test_windows_are_not_guessed_from_their_first_fits(self):
        with pytest.raises(NotDerivedError, match="shrink"):
            expected_risk(LinearRegression(8, 10), SlidingWindow(2, sizes=LATE))
        risk = expected_risk(GaussianFit(3, 8), SlidingWindow(2, sizes=Rational(1, 3) + 1 / j), "kl")
        _says_infinite(risk)
        # two blocks hold 8 (2/3 + 1/g + 1/(g − 1)) points: six or more up to g = 24
        assert [risk.at(g) == oo for g in (1, 24, 25, 26)] == [False, False, True, True]

    def test_unknown_weights_on_blocks_that_shrink_are_refused(self):
        last = Weighted(lambda g: [0] * (g - 1) + [1], sizes=1 + 30 / j)
        assert expected_risk(GaussianFit(2, 5), last, "kl").domain == S.true
        with pytest.raises(NotDerivedError, match="shrink"):
            expected_risk(GaussianFit(2, 4), last, "kl")

    @pytest.mark.parametrize(
        ("workflow", "rows"),
        [(RealAndSynthetic(Rational(1, 5), Rational(1, 4)), 9), (FreshReal(share=1, real=HALF), 10)],
    )
    def test_later_fits_smaller_than_the_first(self, workflow, rows):
        model = LinearRegression(8, 20)
        risk = expected_risk(model, workflow)
        assert (risk.at(1), risk.at(2) == oo) == (Rational(8, 11), rows < 10)
        assert (risk.domain == S.false) == (rows < 10)
        with pytest.raises(NotDerivedError, match="fewer than the 8 features"):
            expected_risk(LinearRegression(8, 12), RealAndSynthetic(Rational(1, 4), Rational(1, 4)))


class TestSamplesOfThePool:
    """A sample with d − 1 to d + 1 distinct rows has infinite error; which generations can draw one is counted out."""

    @staticmethod
    def _distinct(labels: list[int], drawn: int, replacement: bool) -> set[int]:
        """Numbers of distinct rows in all samples of a pool whose members are copies of rows."""
        if replacement:
            return {len({labels[i] for i in chosen}) for chosen in product(range(len(labels)), repeat=drawn)}
        return {len({labels[i] for i in chosen}) for chosen in combinations(range(len(labels)), drawn)}

    @pytest.mark.parametrize("design", ["fresh", "shared"])
    @pytest.mark.parametrize("replacement", [False, True])
    @pytest.mark.parametrize(
        ("T", "budget"), [(4, Rational(1)), (5, Rational(1)), (5, Rational(4, 5)), (3, Rational(2))]
    )
    def test_by_enumeration(self, design, replacement, T, budget):
        d, drawn = 1, int(budget * T)
        risk = expected_risk(LinearRegression(d, T, design=design), AccumulateSubsample(budget, replacement))
        alive = True
        for g in range(1, 4):
            rows = [row if design == "shared" else (row, block) for block in range(g) for row in range(T)]
            whole = {len(set(rows))} if g < budget else None
            if whole is None and replacement and len(rows) ** drawn > 10**5:
                whole = {1}
            counts = whole or self._distinct(rows, drawn, replacement)
            alive = alive and min(counts) >= d + 2
            assert (risk.at(g) < oo) == alive, (g, counts)
        assert (risk.domain == S.true) == (design == "fresh" and not replacement)

    def test_the_first_infinite_generation_of_a_shared_design(self):
        """Thirteen rows a sample, each row drawn up to g times: fewer than four distinct ones from g = 5 on."""
        risk = expected_risk(LinearRegression(2, 13, design="shared"), AccumulateSubsample())
        _says_infinite(risk)
        assert [risk.at(g) == oo for g in (1, 4, 5, 6)] == [False, False, True, True]
        assert r"\infty \quad \text{for all } G \geq 5" in risk.latex()

    @pytest.mark.parametrize("design", ["fresh", "shared"])
    @pytest.mark.parametrize(
        ("T", "budget", "replacement"), [(4, 1, False), (13, 1, False), (12, 3, True), (9, 2, True)]
    )
    def test_the_margin_alone_tells_what_the_values_tell(self, design, T, budget, replacement):
        """Whole pools first where the budget is more than a block: two regimes, with a margin each."""
        risk = expected_risk(LinearRegression(1, T, design=design), AccumulateSubsample(budget, replacement))
        expected = next((g for g in range(1, 31) if risk.at(g) == oo), None)
        assert risk.recurrence.first_infinite(30) == expected
        assert expected is None or risk.recurrence.first_infinite(expected - 1) is None

    def test_whole_pools_are_no_draws(self):
        risk = expected_risk(LinearRegression(2, 12), AccumulateSubsample(3, replacement=True))
        assert [risk.at(g) == oo for g in (1, 2, 3, 4)] == [False, False, True, True]

    def test_refused_by_name(self):
        with pytest.raises(NotDerivedError, match="no derived risk"):
            expected_risk(LinearRegression(8, 12), AccumulateSubsample(HALF))
        with pytest.raises(DomainError, match="10/3 rows"):
            expected_risk(LinearRegression(1, 10), AccumulateSubsample(Rational(1, 3)))

    def test_symbols(self):
        assert expected_risk(LinearRegression(), AccumulateSubsample(replacement=True)).domain == S.false
        shared = expected_risk(LinearRegression(design="shared"), AccumulateSubsample())
        assert shared.domain == S.false
        # From when on depends on d and T.
        assert r"\infty \quad \text{eventually}" in shared.latex()
        model = LinearRegression()
        assert expected_risk(model, AccumulateSubsample()).domain == Ge(model.T, model.d + 2)


class TestRegimesAlongASchedule:
    @staticmethod
    def _by_hand(d: int, rows: list[int], signal: Fraction, kept: bool) -> list[Fraction | float]:
        """The recursions of both regimes, number by number."""
        risk, total, values = Fraction(0), 0, []
        for g, t in enumerate(rows):
            total = total + t if kept else t
            if abs(total - d) < 2 or (values and values[-1] == float("inf")):
                values.append(float("inf"))
                continue
            if total > d:
                risk += Fraction(d * t, total * (total - d - 1))
            elif kept:
                risk += Fraction(t, d - total - 1) + (signal * (1 - Fraction(t, d)) if g == 0 else 0)
            else:
                risk = Fraction(t, d) * risk + (1 - Fraction(t, d)) * signal + Fraction(t, d - t - 1)
            values.append(risk)
        return values

    def test_the_step_down(self):
        schedule = Piecewise((2, j <= 30), (HALF, True))
        risk = expected_risk(LinearRegression(8, 10, signal=3), Replace(sizes=schedule))
        assert risk.at(30) == Rational(240, 11)
        assert risk.at(31) == Rational(355, 22) + Rational(3, 8) * 3
        assert risk.domain == S.true
        assert risk.limit == 3 + Rational(20, 3)
        signal = Symbol("B", nonnegative=True)
        assert (
            expected_risk(LinearRegression(8, 10), Replace(sizes=schedule)).at(31) == Rational(355, 22) + 3 * signal / 8
        )

    @pytest.mark.parametrize(
        ("d", "T", "schedule", "workflow"),
        [
            (8, 10, Piecewise((2, j <= 3), (HALF, True)), Replace),
            (8, 10, Piecewise((HALF, j <= 3), (2, True)), Replace),
            (8, 10, Piecewise((2, Eq(j, 1)), (HALF, j <= 4), (3, j <= 6), (Rational(1, 5), True)), Replace),
            (8, 10, Rational(5, 4) + Rational(3, 4) * (-1) ** j, Replace),
            (8, 10, Piecewise((2, j <= 3), (Rational(9, 10), j <= 4), (2, True)), Replace),
            (3, 2, 1 + 4 * (j - 3) ** 2 / (1 + (j - 3) ** 2) * (1 + (j - 3) ** 2), Replace),
            (20, 3, j, Accumulate),
            (18, 3, j, Accumulate),
            (8, 10, Piecewise((HALF, j <= 1), (1, True)), Accumulate),
            (8, 10, Piecewise((2, j <= 3), (HALF, True)), Accumulate),
            (30, 2, Piecewise((2, j <= 5), (1, j <= 7), (4, True)), Accumulate),
        ],
        ids=str,
    )
    def test_by_hand(self, d, T, schedule, workflow):
        rows = [int(T * S(schedule).subs(j, g)) for g in range(1, 11)]
        risk = expected_risk(LinearRegression(d, T, signal=Rational(1, 3)), workflow(sizes=schedule))
        expected = self._by_hand(d, rows, Fraction(1, 3), workflow is Accumulate)
        found = [risk.at(g) for g in range(1, 11)]
        assert [oo if value == float("inf") else Rational(value) for value in expected] == found
        assert (risk.domain == S.false) == (oo in found)
        if risk.closed_form is not None:
            for g in (1, 4, 5, 10):
                assert abs(float(risk.closed_form.subs(G, g).evalf(30)) - float(found[g - 1])) < 1e-12

    def test_capped_real_piles_up_as_well(self):
        risk = expected_risk(LinearRegression(20, 4, signal=1), CappedReal(3))
        assert [risk.at(g) for g in (1, 2)] == [
            Rational(4, 5) + Rational(4, 15),
            Rational(4, 5) + Rational(4, 15) + Rational(12, 3),
        ]
        assert risk.domain == S.true

    def test_a_block_of_no_row_is_refused(self):
        with pytest.raises(DomainError, match="1 row or more"):
            expected_risk(LinearRegression(8, 48), Replace(sizes=2 * 2 ** (-j)))


class TestGenerationOne:
    """Model 1 is a fit on independent data, whatever the workflow."""

    WORKFLOWS = (
        Accumulate(),
        FreshReal(),
        RealPlusLatest(),
        SlidingWindow(3),
        SlidingWindow(9),
        AccumulateSubsample(2),
    )

    @pytest.mark.parametrize("loss", ["kl", "log-determinant", "wasserstein", "squared", "covariance", "mean", "trace"])
    @pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
    def test_of_a_gaussian(self, workflow, loss):
        model = GaussianFit(1, 6)
        assert expected_risk(model, workflow, loss).at(1).equals(expected_risk(model, Replace(), loss).at(1))

    def test_number(self):
        """(tr Σ⁻¹ − 1 + μ²/Σ + log Σ)/2 of four points: E 4/χ²₃ = 4, E 1/n · 4 = 1, E log χ²₃/4."""
        assert abs(float(expected_risk(GaussianFit(1, 4), Accumulate(), "kl").at(1)) - 1.671671) < 1e-6

    def test_of_a_sample(self):
        half = expected_risk(GaussianFit(1, 12), AccumulateSubsample(HALF), "kl")
        assert half.at(1) == expected_risk(GaussianFit(1, 6), Replace(), "kl").at(1)

    def test_symbols_then_numbers(self):
        for loss in ("kl", "log-determinant", "wasserstein"):
            general = expected_risk(GaussianFit(d=Integer(1)), Accumulate(), loss)
            numbers = expected_risk(GaussianFit(1, 6), Accumulate(), loss)
            for g in (1, 3):
                value = general.at(g).subs(general.model.n, 6)
                assert abs(float(value) - float(numbers.at(g))) < 1e-12

    def test_the_logarithm_of_a_determinant_falls_without_bound(self):
        for model in (GaussianFit(), GaussianFit(2, 9)):
            risk = expected_risk(model, SlidingWindow(9), "log-determinant")
            assert risk.limit == -oo
