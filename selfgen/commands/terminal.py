"""Where commands print: the terminal, or a file or pipe in its place."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.table import Table

from selfgen.tables import fitted


def waiting(what: str) -> AbstractContextManager[object]:
    """A line on the terminal while something takes its time."""
    return terminal(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Terminal(Console):
    """A console that reports a reader who left, as every other output does, where Rich would exit by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def terminal(stderr: bool = False) -> Console:
    """The terminal; in a file or a pipe, wide enough for formulas."""
    stream = sys.stderr if stderr else sys.stdout
    return _Terminal(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def show(table: Table) -> None:
    """Print a table, in a form that the terminal has room for."""
    screen = terminal()
    screen.print(fitted(table, screen.width))
