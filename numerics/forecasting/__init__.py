"""Measured losses of a few generations, and where they go: forecasts, transfer, recommendations, back tests."""

from numerics.forecasting.backtest import Backtest, Trial, backtest
from numerics.forecasting.forecast import Forecast, Interval, forecast
from numerics.forecasting.recommend import Option, Recommendation, recommend
from numerics.forecasting.transfer import Transfer, transfer

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
