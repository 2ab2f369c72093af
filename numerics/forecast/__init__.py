"""Measured losses of a few generations, and where they go: forecasts, transfer, recommendations, back tests."""

from numerics.forecast.backtest import Backtest, Trial, backtest
from numerics.forecast.forecast import Forecast, Interval, forecast
from numerics.forecast.recommend import Option, Recommendation, recommend
from numerics.forecast.transfer import Transfer, transfer

__all__ = [
    "Backtest",
    "Forecast",
    "Interval",
    "Option",
    "Recommendation",
    "Transfer",
    "Trial",
    "backtest",
    "forecast",
    "recommend",
    "transfer",
]
