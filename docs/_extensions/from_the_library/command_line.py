"""The page of the command line, from the parser of its options."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.cli import get_docs_for_click

from selfgen.cli import app


def page() -> str:
    """Markdown: every command with its arguments and options."""
    command = typer.main.get_command(app)
    # Typer names its own context where it takes that of its parser.
    context: Any = command.make_context("selfgen", [], resilient_parsing=True)
    with context:
        text: str = get_docs_for_click(obj=command, ctx=context, name="selfgen", title="Command line")
    # A letter with an index is that of a formula; in a terminal it stands as it is.
    return re.sub(r"(?<=[ (])([a-z]_[a-z0-9])(?=[ ,.:;)])", r"`\1`", text)
