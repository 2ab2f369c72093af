"""What runs now, how long it has run, and how long the rest may take."""

from __future__ import annotations

from types import TracebackType
from typing import Self

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

from selfgen.case_result import CaseResult
from selfgen.study import Case

#: Cases differ in length: the speed is that of a whole hour, not of the last seconds.
_PERIOD = 3600.0


class Progress:
    """A bar over cases, and under it a line for each case that runs.

    Parameters
    ----------
    total : int
        Number of cases.
    console : rich.console.Console
    shown : bool
        Whether anybody looks.
    """

    def __init__(self, total: int, console: Console, shown: bool) -> None:
        self.shown = shown
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

    def begin(self, case: Case) -> None:
        """A case starts."""
        self._tasks[id(case)] = self._running.add_task(describe(case), total=None)

    def finish(self, case: Case, result: CaseResult) -> None:
        """A case has its result."""
        self._running.remove_task(self._tasks.pop(id(case)))
        self._all.advance(self._task)


def describe(case: Case) -> str:
    """A case in one line."""
    settings = [f"{name} = {value}" for name, value in case.parameters.items()]
    size = f"{case.replicates:,} chains".replace(",", " ")
    return f"{case.model}, {case.workflow}, {case.loss}: {', '.join([*settings, size])}"
