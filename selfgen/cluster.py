"""Work shared out over the workers of a Dask cluster, whoever of them comes or goes.

Each task goes to one worker, whole. One that dies loses what it was at, which the scheduler hands to another; workers
that join get their share from then on. Twice as many tasks are handed out as there are workers: none waits for this
process, and what is lost with it is little.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Any

from numerics.workers import of_client
from selfgen.kept import state
from theory import DomainError

#: Tasks handed out for each worker.
AHEAD = 2
#: Seconds that a scheduler has to answer, and a first worker to join it.
PATIENCE = 30
#: A worker may have several threads, and neither SymPy nor the precision of numbers is made for those.
_ALONE = Lock()


def over_cluster(
    address: str, task: Callable[..., Any], work: Sequence[tuple[Any, ...]], begin: Callable[[int], None]
) -> Iterator[tuple[int, Any]]:
    """The results of ``task(*work[k])`` with their k, as they come; ``begin(k)`` is called as each is handed out."""
    with _client(address) as client:
        executor, waiting = of_client(client), iter(enumerate(work))
        running: dict[Future[Any], int] = {}
        while True:
            free = AHEAD * len(client.nthreads()) - len(running)
            for k, arguments in islice(waiting, max(free, 0 if running else 1)):
                begin(k)
                running[executor.submit(_alone, state(), task, arguments)] = k
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                k = running.pop(future)
                yield k, _result(future, address)


def _alone(sender: str, task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """On a worker: the same as where it came from, by the same library."""
    if state() != sender:
        raise DomainError(
            "--scheduler: a worker has another version of selfgen, of Python or of a library than this process: start "
            "the workers from the same environment."
        )
    with _ALONE:
        # Exact numbers may have more digits than Python writes unasked.
        sys.set_int_max_str_digits(0)
        return task(*arguments)


def _result(future: Future[Any], address: str) -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise DomainError(
            f"--scheduler {address}: several workers died on one case, as they do where it needs more memory than "
            f"there is: {' '.join(str(error).split()).split('. ')[0]}."
        ) from None
    except (CancelledError, asyncio.CancelledError):
        raise DomainError(f"--scheduler {address}: the connection to it was lost.") from None


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of the scheduler, with a worker at least; what it asked for is given up with it."""
    try:
        from distributed import Client
    except ImportError:
        raise DomainError(
            "--scheduler needs Dask, which is not installed: python -m pip install 'selfgen[distributed]'."
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DomainError(f"--scheduler {address}: no scheduler answers there ({reason}).") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise DomainError(
                f"--scheduler {address}: no worker has joined it in {PATIENCE} s; start one: dask worker {address}."
            ) from None
        yield client
