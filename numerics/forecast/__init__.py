"""Measured losses of a few generations, and where they go: forecasts, transfer to other workflows, recommendations."""

from numerics.forecast.forecast import Forecast, Interval, forecast

__all__ = ["Forecast", "Interval", "forecast"]
