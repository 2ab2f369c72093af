"""Replicates of a run, one after the other or over the workers of an executor; a generation is a task.

A task follows from seeds and from the blocks that it is given, so that nothing depends on who does it, or when. The
process that called keeps the record: a worker that dies loses the generation that it was at, and no more.
"""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from numerics.run.chain import Chain
from numerics.run.first import FirstModels
from numerics.run.generator import Fitted, Told
from numerics.run.rows import Rows
from numerics.run.storage import Finished, Storage
from numerics.workers import of_client
from theory.errors import DomainError

#: Generations handed to an executor at a time: bounds memory, keeps any pool busy.
AHEAD = 64
#: A cluster's worker may have several threads, and NumPy's global generator, seeded for every call, is one a process.
_ALONE = Lock()
_LOG = logging.getLogger(__name__)


class Replicate:
    """How far a replicate is."""

    def __init__(self, chain: Chain, number: int, storage: Storage, advance: Callable[[], None]) -> None:
        self.chain, self.number, self.storage, self.advance = chain, number, storage, advance
        self.recorded = storage.of(number)[: chain.generations]
        for _ in self.recorded:
            advance()
        done = len(self.recorded)
        self.synthetic: dict[int, Rows] = {}
        self.previous: Any = None
        if done < chain.generations and not self._taken_up(done):
            # A block is lost, or the model to begin from: from the start, to the same losses.
            self.synthetic, self.previous, done = {}, None, 0
        self.next = done + 1

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.next > self.chain.generations

    def accept(self, finished: Finished) -> None:
        """The next generation is done."""
        g, storage = self.next, self.storage
        block = finished.block
        if g <= len(self.recorded):
            verify_same_loss(storage, self.recorded[g - 1], finished.loss, self.number, g, self.chain.source.tolerance)
            if block is not None:
                block = storage.held(self.number, g + 1, block)
        else:
            block = storage.record(self.number, finished)
            self.advance()
            _LOG.info("generation %d of replicate %d: loss %.6g", g, self.number + 1, finished.loss)
        if block is not None:
            self.synthetic[g + 1] = block
        needed = self.chain.plan.needed(g)
        self.synthetic = {index: self.synthetic[index] for index in needed}
        self.previous = finished.model
        if g >= len(self.recorded):
            storage.keep(self.number, needed, g)
        self.next = g + 1

    def _taken_up(self, done: int) -> bool:
        """Read the synthetic blocks that generations after ``done`` are fitted on, and the model they begin from."""
        if not done:
            return True
        for index in self.chain.plan.needed(done):
            block = self.storage.block(self.number, index)
            if block is None:
                return False
            self.synthetic[index] = block
        if self.chain.initial.previous:
            self.previous = self.storage.state(self.number, done)
            return self.previous is not None
        return True


def in_turn(chain: Chain, count: int, storage: Storage, first: FirstModels, bar: Any) -> None:
    """Do what is not yet recorded, replicate by replicate."""
    for number in range(count):
        replicate = Replicate(chain, number, storage, bar.advance)
        while not replicate.finished:
            _do(replicate, first, bar.within)


def over_workers(chain: Chain, count: int, storage: Storage, first: FirstModels, bar: Any, executor: Executor) -> None:
    """Do what is not yet recorded, as many replicates at a time as there are workers."""
    executor = of_client(executor)
    verify_executor(executor, chain)
    left = unfinished(Replicate(chain, number, storage, bar.advance) for number in range(count))
    working: dict[Future[tuple[Finished, Fitted | None]], tuple[Replicate, str | None]] = {}
    lost: list[Replicate] = []
    broken = False
    try:
        while True:
            while not broken and len(working) < AHEAD and (replicate := next(left, None)) is not None:
                broken = not _submit(executor, replicate, first, working, lost)
            if not working:
                break
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                replicate, key = working.pop(future)
                try:
                    finished, fitted = future.result()
                except BrokenExecutor:
                    broken = True
                    lost.append(replicate)
                    continue
                if key is not None and fitted is not None:
                    first.put(key, fitted)
                replicate.accept(finished)
                if not replicate.finished and not _submit(executor, replicate, first, working, lost):
                    broken = True
    finally:
        for future in working:
            future.cancel()
    if broken:
        warnings.warn("a worker died: what it had not finished is done in this process.", UserWarning, stacklevel=4)
    for replicate in [*lost, *left]:
        while not replicate.finished:
            _do(replicate, first, bar.within)


def verify_executor(executor: object, chain: Chain) -> None:
    """Refuse workers that would disturb one another, and what cannot travel to them."""
    if not callable(getattr(executor, "submit", None)):
        raise DomainError(f"executor = {executor!r} is no executor: give one with submit, as ProcessPoolExecutor().")
    if isinstance(executor, ThreadPoolExecutor):
        raise DomainError(
            "executor = ThreadPoolExecutor is not allowed: threads share NumPy's global generator, which is seeded for "
            "every call; give a ProcessPoolExecutor, or a cluster's."
        )
    try:
        pickle.dumps(chain)
    except Exception as error:
        raise DomainError(
            f"executor: this run cannot be sent to another process ({error}): define the generator's class, the loss "
            f"and what is observed at the top of a module."
        ) from None


def verify_same_loss(
    storage: Storage, recorded: float, computed: float, replicate: int, g: int, tolerance: float = 0.0
) -> None:
    """Refuse to go on with a run that does not come back."""
    if recorded != computed and not abs(recorded - computed) <= tolerance * abs(recorded):
        raise DomainError(
            f"path = {storage.folder} holds a run whose loss at generation {g} of replicate {replicate + 1} is "
            f"{recorded!r}, now {computed!r}: the generator, the loss or a library has changed, or one of them gives "
            f"other values whenever it is called."
        )


def unfinished(replicates: Iterable[Replicate]) -> Iterator[Replicate]:
    """Those of which something is left to do, each looked up on the disk when it is asked for."""
    return (replicate for replicate in replicates if not replicate.finished)


def finish(replicate: Replicate, fitted: Fitted) -> None:
    """Measure and sample the next generation of a replicate, whose model is there."""
    replicate.accept(_task(replicate.chain, *_place(replicate), fitted, None)[0])


def _do(replicate: Replicate, first: FirstModels, told: Told) -> None:
    key, fitted = first_of(replicate, first)
    finished, made = _task(replicate.chain, *_place(replicate), fitted, told)
    if key is not None and made is not None:
        first.put(key, made)
    replicate.accept(finished)


def _submit(
    executor: Executor,
    replicate: Replicate,
    first: FirstModels,
    working: dict[Future[tuple[Finished, Fitted | None]], tuple[Replicate, str | None]],
    lost: list[Replicate],
) -> bool:
    key, fitted = first_of(replicate, first)
    try:
        future = executor.submit(_task, replicate.chain, *_place(replicate), fitted, None)
    except (BrokenExecutor, RuntimeError):
        lost.append(replicate)
        return False
    working[future] = replicate, key
    return True


def _place(replicate: Replicate) -> tuple[int, int, Mapping[int, Rows], Any]:
    return replicate.number, replicate.next, dict(replicate.synthetic), replicate.previous


def first_of(replicate: Replicate, first: FirstModels) -> tuple[str | None, Fitted | None]:
    """What the first model of a replicate follows from, and the model where it is known; nothing later on."""
    if replicate.next != 1:
        return None, None
    key = replicate.chain.first_key(replicate.number)
    return key, first.get(key)


def _task(
    chain: Chain,
    number: int,
    g: int,
    synthetic: Mapping[int, Rows],
    previous: Any,
    fitted: Fitted | None,
    told: Told | None,
) -> tuple[Finished, Fitted | None]:
    with _ALONE:
        finished, made = chain.step(number, g, synthetic, previous, fitted, told)
    return finished, made if g == 1 and fitted is None else None
