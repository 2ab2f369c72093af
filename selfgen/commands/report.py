"""``selfgen report``: the page of a study that was verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A folder that selfgen verify --output has written.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of results.json.")] = False,
) -> None:
    """Write index.html of a verified study: verdicts, and theorem, figure, derivation, proof of each case."""
    from selfgen.web_report.page import write_page
    from selfgen.web_report.results_file import read_results, results_schema
    from theory import DomainError

    if schema and folder is None:
        typer.echo(json.dumps(results_schema(), indent=1, ensure_ascii=False))
        return
    if folder is None or schema:
        raise DomainError("give either the folder of a verified study, or --schema.")
    results = read_results(folder)
    path = write_page(folder, results)
    typer.echo(f"{path} is written: {len(results.cases)} case{'s' if len(results.cases) != 1 else ''}.")
