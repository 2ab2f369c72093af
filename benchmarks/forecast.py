"""Forecasts of measured losses: processor time of a curve of fifty points, and of a back test of twenty curves."""

from __future__ import annotations

import statistics

import numpy as np

from benchmarks.timing import seconds
from numerics.forecasting import backtest, forecast
from numerics.forecasting.shapes import shapes
from theory import Accumulate, AccumulateSubsample, Replace

POINTS, CURVES, SHOWN, LENGTH = 50, 20, 6, 30

ONE, MANY = 0.3, 10.0
"""Targets, in seconds: a curve, and a back test."""


def curve(rate: float, workflow: object, generations: int, seed: int) -> np.ndarray:
    """Losses that rise by bias, with a little noise."""
    rise = shapes(workflow, generations).rise(np.array([rate]))[0]  # type: ignore[arg-type]
    noise = 0.01 * rise[-1] * np.random.default_rng(seed).standard_normal(generations)
    return 2.0 + rise + noise


def forecast_seconds(rounds: int) -> dict[str, float]:
    """Medians over rounds, after one that does not count: what is known of a workflow is kept between curves."""
    long = curve(0.8, AccumulateSubsample(), POINTS, 1)
    workflows = (Replace(), Accumulate(), AccumulateSubsample())
    pairs = [(curve(0.75, workflows[index % 3], LENGTH, index), workflows[index % 3]) for index in range(CURVES)]
    runs = {
        f"forecast, a curve of {POINTS} points (target: under {ONE:g} s)": lambda: forecast(
            long, AccumulateSubsample()
        ),
        f"forecast, back test of {CURVES} curves (target: under {MANY:g} s)": lambda: backtest(pairs, shown=SHOWN),
    }
    found = {}
    for name, run in runs.items():
        run()
        found[name] = statistics.median(seconds(run) for _ in range(rounds))
    return found
