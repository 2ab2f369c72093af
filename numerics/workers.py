"""Worker processes that leave Ctrl-C to the process that started them, and end at once with its work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from theory.errors import DomainError
from theory.expressions.arguments import whole_number


@contextmanager
def workers(count: int) -> Iterator[Executor]:
    """So many processes that start clean; where the work ends by an error or Ctrl-C, they are not waited for."""
    before = set(multiprocessing.active_children())
    # Exact numbers may have more digits than Python writes unasked, here as in the process that shows them.
    context = multiprocessing.get_context("spawn")
    executor = _Workers(count, mp_context=context, initializer=sys.set_int_max_str_digits, initargs=(0,))
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    executor.shutdown()


@contextmanager
def executor_of(executor: Executor | None, n_jobs: int | None) -> Iterator[Executor | None]:
    """The executor that was given, or ``n_jobs`` processes for the time of a call, -1 for one a core; None for none."""
    if executor is not None and n_jobs is not None:
        raise DomainError(f"n_jobs = {n_jobs} and executor are both given: give one of them.")
    if n_jobs is None or (count := _count(n_jobs)) == 1:
        yield of_client(executor)
        return
    with workers(count) as own:
        yield own


def of_client(executor: Any) -> Any:
    """The executor of Dask's client, whose own futures are of another kind; every other as it is."""
    get_executor = getattr(executor, "get_executor", None)
    # Else it would take two tasks of the same arguments for one.
    return get_executor(pure=False) if callable(get_executor) else executor


def _count(n_jobs: int) -> int:
    if n_jobs == -1 and not isinstance(n_jobs, bool):
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        return whole_number("n_jobs", n_jobs, 1)
    except DomainError:
        raise DomainError(
            f"n_jobs = {n_jobs!r} is not allowed: give a whole number of processes, 1 or more, or -1 for one a core."
        ) from None


class _Workers(ProcessPoolExecutor):
    """Processes in which Ctrl-C, which a terminal sends to all, is blocked: each would print where it was."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        # A process starts when work is submitted, with the mask of the thread that starts it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
