"""The curves that a forecast fits to measured losses, as plain data for each workflow that needs no setting."""

from __future__ import annotations

from typing import Any

from numerics.forecast.shapes import shapes
from selfgen.explorer.choices import choices
from theory import DomainError
from theory.workflows.base import Workflow

#: Generations up to which the laws of a workflow travel in the page.
HORIZON = 40


def shape_data() -> dict[str, dict[str, Any]]:
    """Ratio and law of depth of every workflow without symbols, by its key."""
    return {choice.key: found for choice in choices() if (found := _shape(choice.workflow)) is not None}


def _shape(workflow: Workflow) -> dict[str, Any] | None:
    if workflow.free_symbols:
        return None
    try:
        known = shapes(workflow, HORIZON)
    except DomainError:
        return None
    depths = [[float(f"{value:.9g}") for value in row[: g + 1]] for g, row in enumerate(known.depths)]
    return {"ratio": [float(value) for value in known.ratio], "depths": depths}
