"""One chain of models after the other: what is fitted, measured and sampled at a generation, and from which seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import SeedSequence

from numerics.run.first import FirstModels, key_of
from numerics.run.generator import Asked, Fitted, GeneratorSource, Told, seeded
from numerics.run.initial import Initial
from numerics.run.losses import LossOnTest
from numerics.run.rows import Array, Rows
from numerics.run.storage import Finished
from numerics.run.training import Training
from numerics.threads import controller

#: What a seed is for; each has its own stream.
_ROWS, _DRAW, _FIT, _LOSS, _SAMPLE, _PROBE, _OBSERVE = range(7)

#: What else is measured: of a fitted model and the rows that it was fitted on, as JSON holds it.
Observe = Callable[[Any, Any], Any]


@dataclass(frozen=True, eq=False)
class Chain:
    """All that the generations of a replicate follow from; travels to processes.

    Attributes
    ----------
    source, plan, pool, loss, seed : what is fitted, on what, from which real rows, measured how, from which seed
    initial : where a model begins
    observe : what else is measured
    same_first : whether all replicates begin with the block and the model of the first
    stacked : whether models are fitted by the generator's ``fit_together``
    """

    source: GeneratorSource
    plan: Training
    pool: Rows
    loss: LossOnTest
    seed: int
    initial: Initial
    observe: Observe | None = None
    same_first: bool = False
    stacked: bool = False

    @property
    def generations(self) -> int:
        """Models of a replicate."""
        return len(self.plan.recipes)

    def step(
        self,
        replicate: int,
        g: int,
        synthetic: Mapping[int, Rows],
        previous: Any,
        fitted: Fitted | None,
        told: Told | None,
    ) -> tuple[Finished, Fitted]:
        """Fit generation g, unless it is ``fitted``; measure its loss, and sample the next block from it."""
        with at_generation(replicate, g):
            if fitted is None:
                rows, weights = self._rows(replicate, g, synthetic)
                fitted = self._fit(replicate, g, rows, weights, previous, told)
            value = self.loss(fitted, self.seed_of(replicate, g, _LOSS))
            observed = None
            if self.observe is not None:
                # A generator may have done what it likes with what it was given.
                rows = self.source.layout.give(self._rows(replicate, g, synthetic)[0], own=True)
                with seeded(fitted.model, "", self.seed_of(replicate, g, _OBSERVE)):
                    observed = self.observe(fitted.model, rows)
            sampled = g < self.generations and bool(self.plan.last_use[g])
            count = int(self.plan.points[g]) if sampled else 0
            block = fitted.sample(count, self.seed_of(replicate, g, _SAMPLE)) if sampled else None
            left = self.initial.left_by(fitted) if g < self.generations else None
            return Finished(value, block, observed, left), fitted

    def first_key(self, replicate: int) -> str:
        """What model 1 of a replicate follows from."""
        rows, weights = self._rows(replicate, 1, {})
        how = " stacked" if self.stacked else ""
        what = f"{self.source.identity} {self.source.device} {self.initial.text}{how}"
        return key_of(what, rows, weights, self._fit_seed(replicate, 1))

    def first(self, replicate: int, models: FirstModels | None, told: Told | None = None) -> Fitted:
        """Model 1 of a replicate, fitted unless ``models`` have it."""
        found = None if models is None else models.get(self.first_key(replicate))
        if found is not None:
            return found
        with at_generation(replicate, 1):
            return self._fit(replicate, 1, *self._rows(replicate, 1, {}), None, told)

    def to_fit(self, replicate: int, g: int, synthetic: Mapping[int, Rows], previous: Any) -> Asked:
        """What generation g of a replicate is fitted on, from which seed, and where it begins."""
        # Weights are none: a stacked run repeats rows.
        rows = self._rows(replicate, g, synthetic)[0]
        return Asked(rows, self._fit_seed(replicate, g), self.initial.begin(self.source, g, previous))

    def probe_seed(self) -> SeedSequence:
        """For looking at what a generator draws."""
        return self.seed_of(0, 1, _PROBE)

    def first_loss(self, fitted: Fitted) -> float:
        """The loss of model 1 of replicate 1."""
        return self.loss(fitted, self.seed_of(0, 1, _LOSS))

    def _fit(
        self, replicate: int, g: int, rows: Rows, weights: Array | None, previous: Any, told: Told | None
    ) -> Fitted:
        begin = self.initial.begin(self.source, g, previous)
        if self.stacked:
            return self.source.fit_together([Asked(rows, self._fit_seed(replicate, g), begin)], told)[0]
        return self.source.fit(rows, weights, self._fit_seed(replicate, g), begin, told)

    def _fit_seed(self, replicate: int, g: int) -> SeedSequence:
        return self.seed_of(0 if self.same_first and g == 1 else replicate, g, _FIT)

    def _rows(self, replicate: int, g: int, synthetic: Mapping[int, Rows]) -> tuple[Rows, Array | None]:
        held = {**self.plan.held(self._real(replicate), g), **synthetic}
        drawn_by = 0 if self.same_first and g == 1 else replicate
        rng = np.random.default_rng(self.seed_of(drawn_by, g, _DRAW))
        return self.plan.recipes[g - 1].assemble(held, rng)

    def _real(self, replicate: int) -> Rows:
        """The real rows of a replicate: block 1, then those drawn afresh, generation by generation."""
        if self.plan.real_rows == len(self.pool) == self.plan.points[0]:
            return self.pool
        taken, first = self.plan.real_rows, int(self.plan.points[0])
        rng = np.random.default_rng(self.seed_of(0 if self.same_first else replicate, 0, _ROWS))
        # The first rows of a permutation are the same however many are taken: a longer run begins like a shorter.
        order = rng.permutation(len(self.pool))
        if self.same_first:
            own = np.random.default_rng(self.seed_of(replicate, 0, _ROWS))
            order = np.concatenate([order[:first], own.permutation(order[first:])])
        rows: Rows = self.pool[order[:taken]]
        return rows

    def seed_of(self, replicate: int, g: int, purpose: int) -> SeedSequence:
        """The seed of a replicate's generation for one purpose."""
        return SeedSequence(self.seed, spawn_key=(replicate, g, purpose))


@contextmanager
def at_generation(replicate: int, generation: int) -> Iterator[None]:
    """On one thread; what goes wrong says where it was."""
    try:
        with controller().limit(limits=1):
            yield
    except Exception as error:
        error.add_note(f"This was at generation {generation} of replicate {replicate + 1}.")
        raise
