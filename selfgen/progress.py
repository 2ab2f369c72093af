"""What runs now, how long it has run, and how long the rest may take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Column

from selfgen.study import Case

#: Cases differ in length: the speed is that of a whole hour, not of the last seconds.
_PERIOD = 3600.0


class Finished(Protocol):
    """What is told of a case that has its result: how it ended, and after how many seconds."""

    @property
    def verdict(self) -> str:
        """In a word."""

    @property
    def seconds(self) -> float:
        """What it took; 0 where an earlier run did it."""


class Progress:
    """On a terminal a bar over cases, and under it a line for each that runs; elsewhere a line for each that ends.

    Parameters
    ----------
    total : int
        Number of cases.
    console : rich.console.Console
    shown : bool
        Whether it is a terminal, where lines can be drawn anew.
    words : callable, optional
        A case in one line.
    """

    def __init__(self, total: int, console: Console, shown: bool, words: Callable[[Any], str] | None = None) -> None:
        self.shown = shown
        self._total, self._console, self._ended = total, console, 0
        self._words: Callable[[Any], str] = words or describe
        self._all = Bars(
            TextColumn("verifying"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("elapsed, left about"),
            TimeRemainingColumn(),
            console=console,
            speed_estimate_period=_PERIOD,
        )
        whole_line = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._running = Bars(
            SpinnerColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", table_column=whole_line, markup=False),
            console=console,
            expand=True,
        )
        self._task = self._all.add_task("verifying", total=total)
        self._tasks: dict[int, TaskID] = {}
        # Nothing of it stays on the terminal: the table takes its place.
        self._live = Live(Group(self._all, self._running), console=console, transient=True, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self.shown:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown:
            self._live.stop()

    def begin(self, case: object) -> None:
        """A case starts."""
        self._tasks[id(case)] = self._running.add_task(self._words(case), total=None)

    def finish(self, case: object, result: Finished) -> None:
        """A case has its result."""
        self._running.remove_task(self._tasks.pop(id(case)))
        self._all.advance(self._task)
        self._ended += 1
        if not self.shown:
            count = f"{self._ended:{len(str(self._total))}}/{self._total}"
            # Results that an earlier run left have no time of their own.
            took = f"{result.seconds:.1f} s" if result.seconds else "done before"
            line = f"{count}  {result.verdict}  {self._words(case)} ({took})"
            # Work does not stop because nobody reads how far it is.
            with suppress(OSError):
                print(line, file=self._console.file, flush=True)


def describe(case: Case) -> str:
    """A case in one line."""
    settings = [f"{name} = {value}" for name, value in case.parameters.items()]
    size = f"{case.replicates:,} chains".replace(",", " ")
    return f"{case.model}, {case.workflow}, {case.loss}: {', '.join([*settings, size])}"
