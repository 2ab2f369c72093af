"""The pairs of the explorer: every model under every workflow, its recurrences exported, checked and told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Basic, Expr, Symbol

from selfgen.catalogue import concrete, tabled
from selfgen.explorer.choices import Choice, choices, models, slider
from selfgen.explorer.formulas import condition, formula
from selfgen.explorer.verified import deviation
from theory import (
    DomainError,
    GaussianFit,
    NotDerivedError,
    Risk,
    SlidingWindow,
    expected_risk,
    export_recurrence,
)
from theory.expressions.trees import tree
from theory.models.base import Model
from theory.models.bent import BentModel
from theory.models.units import computed_units

#: Moments of a loop that bends, beyond which its solution in symbols takes minutes.
MOST_BENT = 2


def model_data(key: str, model: Model) -> dict[str, Any]:
    """All that the explorer knows of a model: its sliders, and an entry for each workflow and loss."""
    entries: dict[str, dict[str, Any]] = {}
    symbols: dict[str, Symbol] = {}
    for choice in choices():
        for loss in tabled(model):
            risk = risk_of(model, choice, loss)
            if risk is None:
                continue
            found = entry(risk, key)
            if found is not None:
                symbols |= {symbol.name: symbol for symbol in risk.free_symbols}
                entries.setdefault(choice.key, {})[loss] = found
    losses = [loss for loss in tabled(model) if any(loss in of for of in entries.values())]
    return {
        "key": key,
        "name": key.replace(":", ": ").replace("-", " "),
        "says": _first_line(model),
        "losses": losses,
        "gains": [loss for loss in losses if loss in model.gains],
        "sliders": [slider(symbols[name], model.name, dict(model.roles)) for name in sorted(symbols)],
        "entries": entries,
    }


@computed_units()  # a budget of 4 blocks is meant
def risk_of(model: Model, choice: Choice, loss: str) -> Risk | None:
    """The risk with symbols, or with numbers where the loss needs them; None where it is no recurrence of moments."""
    if isinstance(model, GaussianFit) and isinstance(choice.workflow, SlidingWindow) and choice.workflow.k > 2:
        return None  # second moments of three covariances: a page of symbols for each step
    for tried in (model, concrete(model, loss)):
        try:
            risk = expected_risk(tried, choice.workflow, loss=loss)
        except NotDerivedError:
            return None
        except DomainError:
            continue
        return None if risk.recurrence.as_moments() is None else risk
    return None


def entry(risk: Risk, key: str) -> dict[str, Any] | None:
    """What is exported of one risk, checked; None where a coefficient has no tree, or no double holds a number."""
    starts = {symbol: slider(symbol, risk.model.name, {})["start"] for symbol in risk.free_symbols}
    try:
        exported = export_recurrence(risk.recurrence)
        away = deviation(risk.recurrence, exported, starts)
    except NotDerivedError:
        return None
    parts = dict(_parts(risk))
    return {
        "risk": exported,
        **parts,
        **_formulas(risk, exported["moments"]),
        "condition": condition(risk.domain),
        "deviation": away,
    }


def _formulas(risk: Risk, moments: int) -> dict[str, Any]:
    """Limit, bound, closed form, growth and theorem; none where symbols in a long loop that bends would fill pages."""
    if isinstance(risk.model, BentModel) and moments > MOST_BENT:
        return dict.fromkeys(("limit", "bound", "closed_form", "growth", "theorem"))
    return {
        "limit": _drawn(risk.limit),
        "bound": _drawn(risk.bound),
        "closed_form": formula(risk.closed_form),
        "growth": formula(risk.growth),
        "theorem": risk.latex(),
    }


def _parts(risk: Risk) -> Iterator[tuple[str, Any]]:
    """Bias and variance, where the model splits its loss; no bias at all is 0."""
    for name in ("bias", "variance"):
        try:
            recurrence = getattr(risk, name).recurrence
            yield name, export_recurrence(recurrence)
        except (NotDerivedError, DomainError):
            return


def _drawn(value: Expr | None) -> dict[str, Any] | None:
    """A limit or a bound: its formula, and the tree of a line to draw where it has one."""
    told = formula(value)
    if told is None or value is None:
        return None
    try:
        return {**told, "tree": tree(value)}
    except NotDerivedError:
        return dict(told)


def _first_line(model: Basic | Model) -> str:
    words = (type(model).__doc__ or "").strip().splitlines()
    return words[0].replace("``", "").replace(":math:", "").replace("`", "") if words else ""


def chosen(names: list[str] | None) -> list[tuple[str, Model]]:
    """The models of these names, or all.

    Raises
    ------
    DomainError
        When a name is that of none.
    """
    listed = list(models())
    if not names:
        return listed
    from theory.names import build

    for name in names:
        if not any(key.partition(":")[0] == name for key, _ in listed):
            build(name, "replace", {})
            raise DomainError(f"model {name!r} has no recurrence of moments with symbols: leave it out.")
    return [(key, model) for key, model in listed if key.partition(":")[0] in names]
