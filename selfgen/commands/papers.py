"""``selfgen papers``: published theorems beside what is derived for the same question."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from selfgen.commands.terminal import terminal
from selfgen.values import text
from theory import DomainError
from theory.papers import PAPERS, Statement


def command(
    paper: Annotated[
        str | None, typer.Argument(metavar="[PAPER]", help="One of them, such as gerstgrasser2024; all if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Published theorems: what the paper states, what is derived here, and whether they agree.

    The exit code is 1 where one does not.
    """
    if paper is not None and paper not in PAPERS:
        raise DomainError(f"PAPER {paper!r} is not known: use {', '.join(PAPERS)}.")
    chosen = [(name, found) for name, found in PAPERS.items() if paper in (None, name)]
    rows = [(name, statement) for name, found in chosen for statement in found.statements.values()]
    if as_json:
        typer.echo(json.dumps([_plain(name, statement) for name, statement in rows], ensure_ascii=False, indent=1))
    else:
        table = Table("paper", "where", "statement", "ours", "theirs", "agree", header_style="bold", show_lines=True)
        for name, statement in rows:
            sides = (escape(_written(side)) for side in (statement.derived, statement.stated))
            table.add_row(name, statement.where, statement.says, *sides, "yes" if statement.agrees else "no")
        terminal().print(table)
        agreeing = sum(statement.agrees for _, statement in rows)
        typer.echo(f"{agreeing} of {len(rows)} statements agree.")
        for name, found in chosen:
            typer.echo(f"{name}: {found.authors} ({found.year}), {found.title}.")
    if not all(statement.agrees for _, statement in rows):
        raise typer.Exit(1)


def _plain(name: str, statement: Statement) -> dict[str, object]:
    return {
        "paper": name, "statement": statement.name, "where": statement.where, "says": statement.says,
        "ours": _written(statement.derived), "theirs": _written(statement.stated), "agree": statement.agrees,
    }  # fmt: skip


def _written(side: object) -> str:
    """An expression, or several with semicolons."""
    return "; ".join(_written(part) for part in side) if isinstance(side, tuple) else text(side)  # type: ignore[arg-type]
