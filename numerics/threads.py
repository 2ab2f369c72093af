"""Linear algebra on one thread, so that a result does not depend on how many there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import ThreadpoolController

_lock = Lock()
_depth = 0
_outermost = None
_found: tuple[int, ThreadpoolController] | None = None


def controller() -> ThreadpoolController:
    """Sets the threads of the libraries that are loaded.

    To find them is to read the memory map of the process, which takes longer than a small fit: they are looked for
    again only once modules have been imported, which may have brought others.
    """
    global _found
    imported = len(sys.modules)
    if _found is None or _found[0] != imported:
        _found = imported, ThreadpoolController()
    return _found[1]


@contextmanager
def single_threaded_algebra() -> Iterator[None]:
    """Hold BLAS at one thread.

    A matrix product split over threads is summed in another order, and differs in the last bits. Counted
    under a lock, so that overlapping uses in one process restore the setting only when the last one ends.
    """
    global _depth, _outermost
    with _lock:
        if _depth == 0:
            _outermost = controller().limit(limits=1)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _outermost is not None:
                _outermost.restore_original_limits()
                _outermost = None
