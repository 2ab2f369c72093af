"""Timing that a busy machine does not fool: processor time, contenders take turns, the median round counts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Processor time of one call, which is wall time on an idle core: everything here runs on one; and its result."""
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def seconds(run: Callable[[], object]) -> float:
    """Processor time of one call."""
    return timed(run)[0]


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median time of each contender over ``rounds`` rounds, after one round that does not count."""
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(seconds(run))
    return {name: statistics.median(found) for name, found in times.items()}
