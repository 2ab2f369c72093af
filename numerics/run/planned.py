"""A run before anything is fitted: its arguments verified, what each model is fitted on, and where it is kept."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numerics.run.chain import Chain, Observe
from numerics.run.drive import verify_same_loss
from numerics.run.first import FirstModels
from numerics.run.generator import GeneratorSource, Told, generator_source
from numerics.run.initial import initial_of
from numerics.run.losses import Loss, loss_on_test
from numerics.run.rows import Documents, Rows, digest_of, real_rows
from numerics.run.storage import Storage
from numerics.run.training import training
from theory.errors import DomainError
from theory.expressions.arguments import generation, truth_value, whole_number
from theory.workflows.base import Workflow, exact_weights

# Losses of every replicate are kept: this many take half a gigabyte.
MOST_LOSSES = 2**26
MOST_GENERATIONS = 10_000


@dataclass(frozen=True, eq=False)
class Planned:
    """A run of one workflow.

    Attributes
    ----------
    workflow, n : as they were given, n being the rows of a unit block
    chain : what its generations follow from
    storage : where they are kept
    count : replicates
    """

    workflow: Workflow
    n: int
    chain: Chain
    storage: Storage
    count: int

    @property
    def generations(self) -> int:
        """Models of a replicate."""
        return self.chain.generations


def planned(
    generator: Any,
    data: ArrayLike | Documents,
    workflow: Workflow,
    generations: int,
    loss: Loss,
    test_data: ArrayLike | Documents | None,
    replicates: int,
    seed: int,
    path: str | os.PathLike[str] | None,
    n: int | None,
    initial: str | os.PathLike[str],
    elsewhere: Executor | int | None,
    same_first: bool,
    observe: Observe | None,
    device: str | None,
    label: str | None,
    stacked: bool,
) -> Planned:
    """Verify the arguments of :func:`numerics.run_generations`; ``elsewhere`` are the workers, if there are any."""
    if not isinstance(workflow, Workflow):
        raise DomainError(f"workflow = {workflow!r} is not a workflow: give one of theory's workflows, or your own.")
    last = generation("generations", generations)
    count = whole_number("replicates", replicates, 1)
    if last > MOST_GENERATIONS or last * count > MOST_LOSSES:
        raise DomainError(
            f"generations = {last} and replicates = {count} are too many: {MOST_GENERATIONS} generations and "
            f"{MOST_LOSSES} losses are the most."
        )
    pool = real_rows("data", data)
    test = pool if test_data is None else real_rows("test_data", test_data)
    _verify_alike(pool, test)
    unit = len(pool) if n is None else whole_number("n", n, 1)
    documents = isinstance(pool, Documents)
    columns = 1 if isinstance(pool, Documents) else pool.shape[1]
    flat = not isinstance(data, Documents) and np.ndim(data) == 1
    source = generator_source(generator, columns, flat, documents, device)
    at_once = _at_once(stacked, elsewhere, source)
    plan = training(workflow, last, unit, source.weighable and not at_once)
    if plan.real_rows > len(pool):
        raise DomainError(
            f"data has {len(pool)} rows, but a replicate takes {plan.real_rows} real ones (n = {unit}"
            f"{' and what it draws afresh' if plan.fresh.any() else ''}): give a smaller n, or more data."
        )
    measured = loss_on_test(loss, test, unit, source.build())
    begins = initial_of(initial, source)
    shared = truth_value("same_first", same_first)
    chain = Chain(source, plan, pool, measured, seed, begins, observe, shared, at_once)
    storage = Storage(path, _settings(workflow, chain, unit), _recipes(workflow, chain), label)
    return Planned(workflow, unit, chain, storage, count)


def _at_once(stacked: bool, elsewhere: Executor | int | None, source: GeneratorSource) -> bool:
    """Whether models are fitted at once, where that can be."""
    if not truth_value("stacked", stacked):
        return False
    if elsewhere is not None:
        name = "n_jobs" if isinstance(elsewhere, int) else "executor"
        raise DomainError(f"stacked = True and {name} are given: replicates in one stack are fitted in one process.")
    source.verify_together()
    return True


def _verify_alike(pool: Rows, test: Rows) -> None:
    documents = isinstance(pool, Documents), isinstance(test, Documents)
    if documents[0] != documents[1]:
        names = ["documents" if each else "rows of equal length" for each in documents]
        raise DomainError(f"test_data is of {names[1]} and data of {names[0]}: give the same.")
    if isinstance(pool, Documents) or isinstance(test, Documents):
        return
    if test.shape[1] != pool.shape[1]:
        raise DomainError(f"test_data has {test.shape[1]} columns and data {pool.shape[1]}: give the same.")


def verify_start(run: Planned, first: FirstModels, private: bool, told: Told) -> None:
    """See that noise is fresh and, on a disk, comes back; that a run found there is the one being asked for."""
    chain, storage = run.chain, run.storage
    fitted = chain.first(0, first, told)
    copied = True
    if chain.generations > 1 and not storage.losses:
        copied = fitted.verify_noise(
            chain.probe_seed(), reproducible=storage.folder is not None, again=lambda: chain.first(0, None, told)
        )
    recorded = storage.of(0)
    if recorded:
        verify_same_loss(storage, recorded[0], chain.first_loss(fitted), 0, 1, chain.source.tolerance)
    if copied and not (private and recorded):
        # Not fitted again: it was looked at, and only copies of it drew.
        first.put(chain.first_key(0), fitted)


def _settings(workflow: Workflow, chain: Chain, n: int) -> dict[str, Any]:
    """What tells one run from another, however long they are."""
    source = chain.source
    # What was not asked for is left out: an older run is still the same run.
    asked = {
        "initial": None if chain.initial.text == "scratch" else chain.initial.text,
        "device": source.device,
        "tolerance": source.tolerance or None,
        "first": "shared" if chain.same_first else None,
        "fits": "stacked" if chain.stacked else None,
    }
    return {
        "generator": source.identity,
        "data": digest_of(chain.pool),
        "test_data": digest_of(chain.loss.rows),
        "layout": "1-D" if source.layout.flat else "columns",
        "workflow": workflow.name,
        "loss": chain.loss.name,
        "n": n,
        "seed": chain.seed,
        **{name: value for name, value in asked.items() if value is not None},
    }


def _recipes(workflow: Workflow, chain: Chain) -> list[str]:
    """A workflow is what it does at each generation, since a function prints as its address."""
    plan = chain.plan
    rows = [
        (*map(str, exact_weights(workflow, g)), *_fresh(workflow, g), recipe.drawn, recipe.replacement)
        for g, recipe in enumerate(plan.recipes, start=1)
    ]
    parts = zip(rows, plan.points.tolist(), plan.fresh.tolist(), strict=True)
    return [sha256(repr(part).encode()).hexdigest()[:16] for part in parts]


def _fresh(workflow: Workflow, g: int) -> list[str]:
    """Weights of real rows drawn afresh: the newest, or all where earlier ones are kept."""
    weights = workflow.fresh_weights(g) if workflow.keeps_fresh else [workflow.fresh_weight(g)]
    return [str(weight) for weight in weights]
