"""``selfgen explore``: one HTML file in which every derived recurrence can be moved by sliders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from selfgen.commands.completion import models
from selfgen.commands.options import whole


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("explorer.html"),
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="MODEL", autocompletion=models, help="Only this model; repeatable. [all]"),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Also serve it, to this machine only, until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(**whole("--port", 0, 65535), help="Port of --serve; 0 takes a free one.")] = 8000,
    jobs: Annotated[
        int | None, typer.Option(**whole("--jobs", 1, 256), help="Processes that derive. [as many as there are cores]")
    ] = None,
) -> None:
    """Write the explorer: one HTML file, no network, curves of every derived risk by sliders."""
    from selfgen.explorer.page import page
    from theory import DomainError
    from theory.whole_file import reason_of, write_whole

    count = jobs if jobs is not None else os.cpu_count() or 1
    written = page(model, count, lambda line: typer.echo(line, err=True)).encode()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, written)
    except OSError as error:
        raise DomainError(f"{output} cannot be written: {reason_of(error)}.") from None
    typer.echo(f"{output} is written: {len(written) / 1e6:.1f} MB, to be opened in a browser; it needs no network.")
    if serve:
        from selfgen.explorer.server import serve as serve_page

        serve_page(written, port, lambda address: typer.echo(f"Served at {address} until Ctrl-C."))
