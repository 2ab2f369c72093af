"""For which parameters an expectation is finite, in words."""

from __future__ import annotations

from sympy import Basic, S

from theory import DomainError, NotDerivedError, Risk, expected_risk
from theory.latex import first_infinite
from theory.models.base import Model


def domain_in_words(risk: Risk) -> str:
    """Where the risk is finite at every generation; where it is not, from which generation on and why.

    >>> from theory import LinearRegression, Replace
    >>> domain_in_words(expected_risk(LinearRegression(d=3, T=4), Replace()))
    'none: infinite at every generation; finite only where T ≥ d + 2, here T = 4, d = 3'
    """
    if risk.domain == S.true:
        return "all parameters"
    if risk.domain != S.false:
        return _written(risk.domain)
    since = first_infinite(risk)
    when = {None: "infinite from some generation on", 1: "infinite at every generation"}.get(
        since, f"infinite from generation {since} on"
    )
    return f"none: {when}{_reason(risk)}"


def _reason(risk: Risk) -> str:
    """The condition that these numbers break; nothing where it is not a plain one."""
    symbols = sorted(
        (symbol for symbol in type(risk.model)().free_symbols if symbol.name in risk.model.settings), key=str
    )
    general: Model = risk.model
    try:
        for symbol in symbols:
            general = general.changed(symbol.name, symbol)
        condition = expected_risk(general, risk.workflow, loss=risk.loss).domain
    except (DomainError, NotDerivedError, TypeError):
        return ""
    numbers = [
        f"{symbol} = {risk.model.settings[symbol.name]}" for symbol in symbols if symbol in condition.free_symbols
    ]
    if not numbers or not condition.free_symbols <= set(symbols):
        return ""
    return f"; finite only where {_written(condition)}, here {', '.join(numbers)}"


def _written(condition: Basic) -> str:
    return str(condition).replace(">=", "≥").replace("<=", "≤").replace(" & ", " and ").replace(" | ", " or ")
