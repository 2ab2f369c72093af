"""``selfgen list``: models, workflows, losses, claims and studies, and all about one of them."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from selfgen.commands.terminal import terminal
from selfgen.kinds import KINDS, WRITTEN


def command(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="models, workflows, losses, claims or studies; or a name.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What there is: models, workflows, losses, claims, studies; with a NAME, all about one."""
    if name is not None or (kind is not None and kind not in KINDS):
        from selfgen.listed import show

        show(kind, name, as_json)
        return
    found = {one: known for one, known in _entries().items() if kind in (None, one)}
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one, known in found.items():
        table = Table(one, "", header_style="bold", box=None, padding=(0, 2, 0, 0))
        for entry, summary in known.items():
            table.add_row(escape(entry), escape(summary))
        terminal().print(table)
        typer.echo("")


def _entries() -> dict[str, dict[str, str]]:
    """Names of each kind with a line about each: as written down, or of the library itself where that is loaded."""
    # A registry that is at hand may have members of a user's.
    if "theory.registry" in sys.modules:
        from selfgen.listed import all_entries

        return all_entries()
    found: dict[str, dict[str, str]] = json.loads(WRITTEN.read_text(encoding="utf-8"))
    return found
