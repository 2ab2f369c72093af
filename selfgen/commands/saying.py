"""What commands say on standard error beside their answer: a line each, whatever it repeats of what was typed."""

from __future__ import annotations

import typer


def say(sentence: str) -> None:
    """A sentence on one line; what cannot be printed, as in a file's name, is written as in Python's ``repr``."""
    # That of theory.errors, whose package takes SymPy along.
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)
    typer.echo(f"selfgen: {shown}", err=True)
