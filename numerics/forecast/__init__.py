"""Measured losses of a few generations, and where they go: forecasts, transfer, recommendations, back tests."""

import sys
from types import ModuleType
from typing import Any

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


class _Room(ModuleType):
    """``numerics.forecast`` is this package and its chief function: whichever of the two a name holds can be called."""

    def __call__(self, *args: Any, **options: Any) -> Forecast:
        return forecast(*args, **options)


sys.modules[__name__].__class__ = _Room
