"""``selfgen doctor``: what is installed, and what is not."""

from __future__ import annotations

import typer


def command() -> None:
    """What is installed, what extras unlock, and whether Coq, LaTeX, torch, a GPU are there."""
    from selfgen.doctor import lines

    for line in lines():
        typer.echo(line)
