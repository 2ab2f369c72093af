"""Processes for the time of a call, and what is logged meanwhile."""

import logging
from concurrent.futures import Executor, Future
from contextlib import contextmanager

import pytest
from any_generator import POOL, Mean, square

from numerics import run_generations, simulate, workers
from theory import Accumulate, DomainError, Poisson, Replace

MODEL = Poisson(rate=3, n=10)


def run(**how):
    return run_generations(Mean(), POOL, Accumulate(), 3, square, n=20, replicates=3, **how)


class InPlace(Executor):
    """Does work at once, and counts it: processes themselves are tried by the commands that take ``--jobs``."""

    tasks = 0

    def submit(self, fn, /, *args, **kwargs):
        self.tasks += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture
def asked(monkeypatch):
    """How many processes were asked for, and what did their work."""
    found = []

    @contextmanager
    def counting(count):
        executor = InPlace()
        found.append((count, executor))
        yield executor

    monkeypatch.setattr(workers, "workers", counting)
    return found


def test_processes_of_a_call_do_its_work_and_change_no_bit(asked):
    plain = simulate(MODEL, Replace(), 3, replicates=20_000)
    assert (simulate(MODEL, Replace(), 3, replicates=20_000, n_jobs=3).mean == plain.mean).all()
    assert (run(n_jobs=2).losses == run(n_jobs=1).losses).all()
    assert [count for count, _ in asked] == [3, 2]
    # Blocks of 16384 replicates; and every generation of every replicate.
    assert [executor.tasks for _, executor in asked] == [2, 9]


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, True, "all"])
def test_what_is_no_number_of_processes(n_jobs):
    with pytest.raises(DomainError, match=r"n_jobs = .* is not allowed: give a whole number of processes"):
        simulate(MODEL, Replace(), 3, replicates=10, n_jobs=n_jobs)


def test_one_process_a_core():
    assert workers._count(-1) >= 1


def test_one_of_both_is_given():
    with pytest.raises(DomainError, match="n_jobs = 2 and executor are both given"):
        run(executor=InPlace(), n_jobs=2)
    with pytest.raises(DomainError, match="stacked = True and n_jobs are given"):
        run(stacked=True, n_jobs=2)


def test_what_is_logged(caplog):
    with caplog.at_level(logging.INFO, "numerics"):
        losses = run().losses
        simulate(MODEL, Replace(), 3, replicates=10)
    told = [record.getMessage() for record in caplog.records if record.name.startswith("numerics")]
    assert told == [
        *(f"generation {g} of replicate {r}: loss {losses[r - 1, g - 1]:.6g}" for r in (1, 2, 3) for g in (1, 2, 3)),
        "10 replicates of poisson under replace to generation 3, loss squared, by exact-law",
    ]
