"""Fits run on one thread, whatever was set before, and the libraries are looked for only where there may be others."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from numerics import run_generations, threads
from theory import Replace


class Greedy:
    """A mean whose fit takes two threads and leaves them set, and notes how many it found."""

    def fit(self, X: np.ndarray) -> None:
        SEEN.append(max(library["num_threads"] for library in threadpool_info()))
        threadpool_limits(2)
        self.mean = X.mean()

    def sample(self, n: int) -> np.ndarray:
        return np.random.normal(self.mean, 1.0, n)  # noqa: NPY002  drawn as a user's generator may


SEEN: list[int] = []


def test_every_fit_starts_on_one_thread() -> None:
    SEEN.clear()
    with threadpool_limits(2):
        real = np.random.default_rng(1).normal(size=50)
        run_generations(Greedy, real, Replace(), generations=3, n=10, replicates=2, loss="mean")
        assert max(library["num_threads"] for library in threadpool_info()) == 2
    assert len(SEEN) >= 6
    assert set(SEEN) == {1}


def test_libraries_are_looked_for_again_only_after_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    class Counted(threads.ThreadpoolController):
        def __init__(self) -> None:
            looked.append(1)
            super().__init__()

    monkeypatch.setattr(threads, "ThreadpoolController", Counted)
    monkeypatch.setattr(threads, "_found", None)
    first = threads.controller()
    assert threads.controller() is first
    assert len(looked) == 1
    monkeypatch.setitem(sys.modules, "a_module_imported_later", ModuleType("a_module_imported_later"))
    assert threads.controller() is not first
    assert len(looked) == 2
