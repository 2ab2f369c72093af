"""The same numbers every time: threads, algorithms and random numbers of one call, all put back after it.

Threads are set explicitly. Sums over two threads differ from those over one in a few gradients, and on a machine under
load two threads may wait for one another without end. On the CPU algorithms are deterministic. Random numbers come from
a generator of the call's own: the global one is neither read nor moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch

#: Relative error of a loss computed again on a GPU, where sums are made in an order of their own.
CUDA_TOLERANCE = 1e-3


@contextmanager
def settled(threads: int, device: str) -> Iterator[None]:
    """Hold threads and algorithms for the time of a call."""
    before = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    torch.set_num_threads(threads)
    _keep_freed_memory()
    if device == "cpu":
        torch.use_deterministic_algorithms(True)
        # What is allocated is written before it is read: filling it with nan would only take time.
        torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(strict)
        torch.utils.deterministic.fill_uninitialized_memory = filled


@cache
def _keep_freed_memory() -> None:
    """Let the C library keep what a step frees for the next one: a tenth of the time of a stacked step.

    glibc gives memory at the top of the heap back to the system once it is more than twice the largest block that was
    mapped on its own and freed, and the next step takes it page by page anew. Such a block of the largest size that
    counts, 32 MiB, which is never written to, raises that to 64 MiB. Elsewhere this does nothing.
    """
    block = np.empty(2**25 - 2**16, np.uint8)
    del block


def generator_of(seed: int) -> torch.Generator:
    """A random generator of its own, on the CPU: a GPU draws other numbers for the same seed."""
    return torch.Generator().manual_seed(int(seed) % 2**63)


def fresh_module(make: type[torch.nn.Module], *arguments: object) -> torch.nn.Module:
    """A network whose making leaves the global random generator as it was; its weights are to be drawn anew."""
    with torch.random.fork_rng(devices=[]):
        return make(*arguments)
