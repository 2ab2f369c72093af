"""Worker processes that leave Ctrl-C to the process that started them, and end at once with its work."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


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
