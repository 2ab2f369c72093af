"""Measured losses of a few generations, and where they go: forecasts, transfer to other workflows, back tests."""

from numerics.forecast.backtest import Backtest, Trial, backtest
from numerics.forecast.forecast import Forecast, Interval, forecast
from numerics.forecast.transfer import Transfer, transfer

__all__ = ["Backtest", "Forecast", "Interval", "Transfer", "Trial", "backtest", "forecast", "transfer"]
