"""Bounds over all mixtures of rates, and what is compared with forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.forecasting import backtest, forecast
from numerics.forecasting.baselines import BASELINES
from numerics.forecasting.bounds import FLOOR, SLACK, mixture_bounds
from numerics.forecasting.law import Points
from numerics.forecasting.shapes import shapes
from theory import Accumulate, AccumulateSubsample, Replace

RATES = np.array([0.0, 0.3, 0.6, 0.8, 0.9, 0.97, 1.0])


def curves_of(workflow: object, generations: int) -> np.ndarray:
    shape = shapes(workflow, generations)
    return np.vstack((shape.ratio - 1.0, shape.rise(RATES)))


@pytest.mark.parametrize("workflow", [Replace(), AccumulateSubsample()], ids=lambda each: each.name)
def test_every_mixture_lies_between_the_bounds(workflow) -> None:
    table, rng = curves_of(workflow, 30), np.random.default_rng(1)
    for _ in range(8):
        truth = 2.0 + rng.dirichlet(np.full(len(table), 0.3)) @ table * rng.uniform(0.1, 3.0)
        low, high, tolerance = mixture_bounds(table[:, :6], truth[:6], table, 0.0)
        assert (low <= truth + 1e-6).all()
        assert (truth <= high + 1e-6).all()
        assert abs((low - truth)[:6]).max() <= tolerance + 1e-6


def test_they_are_the_extremes_of_mixtures_that_fit() -> None:
    """Against the mixtures of two curves that fit, searched through."""
    table = curves_of(Replace(), 20)[[1, -1]]
    losses = 1.0 + 0.3 * table[0, :5] + 0.1 * table[1, :5]
    low, high, tolerance = mixture_bounds(table[:, :5], losses, table, 0.01)
    assert tolerance == pytest.approx(0.02)
    first, second, floor = np.meshgrid(np.linspace(0, 0.4, 81), np.linspace(0, 0.2, 81), np.linspace(0.97, 1.03, 61))
    mixed = floor[..., None] + first[..., None] * table[0, :5] + second[..., None] * table[1, :5]
    fits = (abs(mixed - losses) <= tolerance + 1e-12).all(axis=-1)
    ends = (floor + first * table[0, -1] + second * table[1, -1])[fits]
    assert low[-1] <= ends.min() + 1e-9
    assert high[-1] >= ends.max() - 1e-9
    assert low[-1] == pytest.approx(ends.min(), abs=0.02)
    assert high[-1] == pytest.approx(ends.max(), abs=0.02)


def test_a_curve_that_no_mixture_makes_is_outside() -> None:
    """After a straight start one that stops dead, or takes off, is none."""
    table = curves_of(AccumulateSubsample(), 30)
    start = 2.0 + 0.5 * table[3]
    low, high, _ = mixture_bounds(table[:, :10], start[:10], table, 0.0)
    assert start[9] < low[-1]
    assert 2.0 + 0.5 * table[-1, -1] > high[-1]
    assert np.all(np.diff(low) >= -1e-6)


def test_the_tolerance_is_the_largest_of_its_three_reasons() -> None:
    table = curves_of(Replace(), 6)
    exact = 2.0 + table[2]
    assert mixture_bounds(table, exact, table, 0.0)[2] == pytest.approx(FLOOR * np.ptp(exact))
    assert mixture_bounds(table, exact, table, 0.5)[2] == pytest.approx(1.0)
    # One loss is 0.4 below: no rising curve is nearer than half of that fall from its neighbour.
    broken = np.array([2.0, 3.0, 2.6, 3.0, 3.0, 3.0])
    assert mixture_bounds(table, broken, table, 0.0)[2] >= SLACK * 0.2 - 1e-9


def test_a_forecast_whose_law_is_rejected_covers_the_bounds() -> None:
    wave = np.array([2.0, 2.3, 2.55, 2.6, 2.55, 2.4, 2.2, 2.1, 2.15, 2.3, 2.5, 2.6])
    found = forecast(wave, AccumulateSubsample(), horizon=30)
    assert found.rejected is not None
    basis = found._fitted.posterior.data.design.basis(Points(np.zeros(30, dtype=int), np.arange(1, 31)))[:-1]
    low, high, _ = mixture_bounds(basis[:, :12], wave, basis, 0.0)
    # With no noise the tolerance is the least; the forecast's is that or more.
    assert (found.lower <= low + 1e-9).all()
    assert (found.upper >= high - 1e-9).all()
    drawn = np.quantile(found._draws.losses, [0.05, 0.95], axis=0)
    assert (found.lower < drawn[0]).any() or (found.upper > drawn[1]).any()
    # It is said once, whichever workflow is asked for after it.
    other = found.of(Replace()).of(AccumulateSubsample())
    assert other.warnings == found.warnings
    assert other.rejected == found.rejected


G = np.arange(1, 7)
LATER = np.array([10.0])


@pytest.mark.parametrize(
    ("name", "curve", "end"),
    [
        ("last value", 2.0 + 0.1 * G, 2.6),
        ("linear", 2.0 + 0.1 * G, 3.0),
        ("log g", 2.0 + 0.1 * np.log(G), 2.0 + 0.1 * np.log(10)),
        ("power law", 2.0 + 0.1 * (G - 1.0) ** 0.7, 2.0 + 0.1 * 9.0**0.7),
        ("variance law", 2.0 + 0.1 * (G - 1.0), 2.9),
    ],
)
def test_a_baseline_goes_on_with_its_own_curve(name, curve, end) -> None:
    assert BASELINES[name](G, curve, LATER, shapes(Replace(), 10))[0] == pytest.approx(end, abs=1e-3)


class TestBacktest:
    def test_errors_and_coverage_are_those_of_its_forecasts(self) -> None:
        shape = shapes(Replace(), 12)
        losses = 2.0 + 0.5 * shape.rise(np.array([0.8]))[0] + 0.01 * np.sin(7 * np.arange(12))
        tried = backtest([(losses, Replace())], shown=5)
        found = forecast(losses[:5], Replace(), horizon=12)
        assert tried["depth law"].rms == pytest.approx(abs(found.median[-1] - losses[-1]))
        assert tried["last value"].rms == pytest.approx(losses[-1] - losses[4])
        assert tried["last value"].relative == pytest.approx((losses[-1] - losses[4]) / np.ptp(losses), rel=0.02)
        inside = (found.lower <= losses) & (losses <= found.upper)
        assert tried["depth law"].coverage == pytest.approx(inside[5:].mean())
        assert tried["linear"].coverage is None

    def test_what_is_refused_is_listed_and_counted_nowhere(self) -> None:
        good, falling = [2.0, 2.5, 2.9, 3.1, 3.25, 3.3], [3.0, 2.5, 2.2, 2.1, 2.0, 1.9]
        tried = backtest([(good, Replace()), (falling, Replace()), (good[:3], Replace())], shown=4)
        assert tried.curves == 1
        assert len(tried.refused) == 1
        assert "fall" in tried.refused[0]

    def test_its_table_names_every_method(self) -> None:
        tried = backtest([([2.0, 2.5, 2.9, 3.1, 3.25, 3.3], Replace())], shown=4)
        lines = str(tried).splitlines()
        assert [line[:14].strip() for line in lines[1:]] == ["depth law", *BASELINES]
        assert "%" in lines[1]
        assert "%" not in lines[2]
        with pytest.raises(KeyError, match="'cubic' was not tried: there are depth law"):
            tried["cubic"]


def test_what_compute_saves_does_not_take_the_bounds_to_infinity() -> None:
    """Variance and what is saved cancel where losses were measured: as large as they like, but for a largest saving."""
    table = np.vstack((curves_of(Accumulate(), 30), -(1.0 - 1.0 / np.arange(1, 31))))
    losses = 2.0 + 0.3 * np.sin(2.0 * np.arange(8))
    most = np.r_[np.full(len(table) - 1, np.inf), 5.0]
    elsewhere = np.vstack((curves_of(Replace(), 30), table[-1:]))
    low, high, _ = mixture_bounds(table[:, :8], losses, elsewhere, 0.0, most)
    assert np.isfinite([low, high]).all()
    assert high[-1] <= mixture_bounds(table[:, :8], losses, elsewhere, 0.0, 2.0 * most)[1][-1]
