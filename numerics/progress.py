"""How far long work is: a bar on a terminal, or in a notebook."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import Progress

#: Seconds of work before there is a bar.
PATIENCE = 1.0


class Bar:
    """A progress bar that appears after a second, where somebody sees it: on a terminal, or below a notebook's cell.

    Parameters
    ----------
    total : int
        Tasks.
    wanted : bool
        False shows none anywhere.
    """

    def __init__(self, total: int, wanted: bool) -> None:
        self.total, self.done, self.start = total, 0, time.monotonic()
        console = Console(stderr=True)
        self.console = console if wanted and (console.is_terminal or console.is_jupyter) else None
        self.bar: _OnTerminal | _InNotebook | None = None

    def __enter__(self) -> Bar:
        return self

    def advance(self) -> None:
        """One task more is done."""
        self.done += 1
        if self.console is None or time.monotonic() - self.start < PATIENCE:
            return
        if self.bar is None:
            self.bar = (_InNotebook if self.console.is_jupyter else _OnTerminal)(self.total, self.console)
        self.bar.show(self.done)

    def within(self, done: int, total: int) -> None:
        """How far the task at work is."""
        if self.bar is not None:
            self.bar.show(self.done + done / max(total, 1))

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()


class _OnTerminal:
    def __init__(self, total: int, console: Console) -> None:
        self._bar = Progress(console=console, transient=True)
        self._bar.start()
        self._task = self._bar.add_task("simulating", total=total)

    def show(self, done: float) -> None:
        self._bar.update(self._task, completed=done)

    def stop(self) -> None:
        self._bar.stop()


class _InNotebook:
    """IPython's own bar: that of rich needs ipywidgets, without which it shows nothing."""

    def __init__(self, total: int, console: Console) -> None:
        from IPython.display import ProgressBar  # a notebook has it

        self._bar: Any = ProgressBar(total)
        self._bar.display()

    def show(self, done: float) -> None:
        self._bar.progress = done

    def stop(self) -> None:
        """It stays below its cell, as what the cell prints does."""
