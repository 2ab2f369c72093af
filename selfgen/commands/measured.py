"""From a file of losses to what forecasts take: tables by workflow, and the workflow that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selfgen.commands.options import NotAllowed
from selfgen.commands.saying import say
from selfgen.loss_table import Losses, read_losses
from theory import DomainError
from theory.names import settings, workflow_named
from theory.workflows.base import Workflow

Given = tuple[dict[Workflow, Any], dict[Workflow, Any] | None, dict[Workflow, list[int]], Workflow]


def given_by(file: Path, workflow: str | None, columns: str | None, option: str) -> Given:
    """Losses, standard errors and generations of a file by workflow, and the workflow that ``option`` asks for."""
    tables = read_losses(file, settings(columns.split(","), "--columns") if columns else None)
    measured, asked = named(file, tables, workflow, option)
    for table in tables:
        if table.left_out:
            places = ", ".join(str(g) for g in table.left_out)
            say(f"note: not every seed has generation {places}: left out.")
    pairs = list(zip(measured, tables, strict=True))
    errors = {each: table.stderr for each, table in pairs if table.stderr is not None}
    return (
        {each: table.losses for each, table in pairs},
        errors or None,
        {each: table.generations for each, table in pairs},
        asked,
    )


def named(file: Path, tables: list[Losses], workflow: str | None, option: str) -> tuple[list[Workflow], Workflow]:
    """The workflows that tables were measured under, and the one that is asked for."""
    asked = None if workflow is None else workflow_named(workflow)
    if [table.workflow for table in tables] == [""]:
        if asked is None:
            raise NotAllowed(f"{file} has no column workflow: say with {option} under which it was measured.")
        return [asked], asked
    if any(table.workflow == "" for table in tables):
        raise DomainError(f"{file}: some rows have no workflow and others have one.")
    measured = [_workflow(file, table.workflow) for table in tables]
    if len(set(measured)) < len(measured):
        raise DomainError(f"{file}: a workflow has two names, {', '.join(table.workflow for table in tables)}.")
    return measured, measured[0] if asked is None else asked


def _workflow(file: Path, name: str) -> Workflow:
    try:
        return workflow_named(name)
    except DomainError as error:
        raise DomainError(f"{file}, column workflow: {error}") from None
