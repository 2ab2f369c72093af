"""Exported recurrences in double precision against exact values, while the explorer is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sympy import Rational, Symbol

from numerics.exported import run_exported
from theory.errors import DomainError, NotDerivedError
from theory.moments.recurrence import Recurrence

#: Where doubles are compared with exact values.
GENERATIONS = (1, 2, 3, 8, 40)


def deviation(recurrence: Recurrence, exported: Mapping[str, Any], starts: Mapping[Symbol, float]) -> float:
    """The largest relative distance of a double from the exact value, at the start of every slider.

    Raises
    ------
    NotDerivedError
        When the numbers on the way are beyond the range of doubles.
    AssertionError
        When a double is farther from the exact value than the bound that is shown beside it.
    """
    exact = recurrence.subs({symbol: Rational(str(value)) for symbol, value in starts.items()})
    values, errors = run_exported(exported, {symbol.name: value for symbol, value in starts.items()}, max(GENERATIONS))
    worst = 0.0
    for g in GENERATIONS:
        try:
            true = exact.at(g)
        except DomainError:  # fractions that fill pages: what comes before has been compared
            break
        value, error = values[g - 1], errors[g - 1]
        if math.isnan(value):
            raise NotDerivedError(f"at generation {g} the numbers on the way are too large for double precision.")
        if true.is_infinite or not math.isfinite(value):
            if not (true.is_infinite and math.isinf(value)):
                raise AssertionError(f"generation {g}: {value} stands for {true}.")
            continue
        away = float(abs(Rational(float(value)) - true))
        if away > 2 * error + 1e-300:
            raise AssertionError(f"generation {g}: {value} ± {error} stands for {float(true)}.")
        worst = max(worst, away / abs(float(true)) if true else 0.0)
    return worst
