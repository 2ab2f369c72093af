"""Generations of one generator under several workflows, which share its first models and, stacked, every fit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from numerics.generations import GenerationRun, measured_by, run_generations
from numerics.progress import Bar
from numerics.run.first import FirstModels
from numerics.run.interruption import interrupted
from numerics.run.planned import Planned, planned, verify_start
from numerics.run.rows import Documents
from numerics.run.together import together
from numerics.seeds import Seed, seed_number
from numerics.threads import controller
from theory.errors import DomainError
from theory.expressions.arguments import truth_value
from theory.workflows.base import Workflow


def run_workflows(
    generator: Any,
    data: ArrayLike | Documents,
    workflows: Mapping[str, Workflow],
    generations: int,
    *,
    seed: Seed = 0,
    path: str | os.PathLike[str] | None = None,
    progress: bool = False,
    first: FirstModels | None = None,
    stacked: bool = False,
    **options: Any,
) -> dict[str, GenerationRun]:
    r"""Run a generator under several workflows; each run is that of :func:`run_generations`, to the last bit.

    Parameters
    ----------
    generator, data, generations, seed, progress : as of :func:`run_generations`
    workflows : Workflow by the name that each is to have
        The name stands in every line of the record, as ``selfgen forecast`` reads it.
    path : folder, optional
        Each workflow is kept in a folder of its own in it, see :func:`folder_name`.
    first : FirstModels, optional
        Models of generation 1 that are known already; a replicate has its own fitted once for all workflows.
    stacked : bool
        Whether the next models of all replicates of all workflows are fitted at once.
    options : ``loss``, ``test_data``, ``replicates``, ``n``, ``initial``, ``same_first``, ``observe``, ``device``; and
        ``executor`` or ``n_jobs`` where runs are not stacked

    Returns
    -------
    dict : what each workflow measured, by name

    Raises
    ------
    DomainError
        As :func:`run_generations`, when there is no workflow, or when two would be kept in the same folder.

    Notes
    -----
    Built here. A stack of chains is mapped by ``torch.func``, see :func:`numerics.neural.fit_stacked`: a chain is the
    same whoever else is in the stack.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics import run_workflows
    >>> from theory import Accumulate, Replace
    >>> class Mean:
    ...     def fit(self, X):
    ...         self.mean = X.mean()
    ...     def sample(self, n):
    ...         return np.random.normal(self.mean, 1, n)
    >>> real = np.random.default_rng(1).normal(size=50)
    >>> both = {"replace": Replace(), "accumulate": Accumulate()}
    >>> runs = run_workflows(Mean, real, both, 3, loss="mean", n=20, replicates=4)
    >>> sorted(runs), bool((runs["replace"].losses[:, 0] == runs["accumulate"].losses[:, 0]).all())
    (['accumulate', 'replace'], True)
    """
    folders = _folders(workflows, path)
    number = seed_number(seed)
    models = FirstModels() if first is None else first
    if not truth_value("stacked", stacked):
        return {
            name: run_generations(
                generator, data, workflow, generations, seed=number, path=folders[name], progress=progress,
                first=models, label=name, **options,
            )
            for name, workflow in workflows.items()
        }  # fmt: skip
    runs = {
        name: _stackable(generator, data, workflow, generations, number, folders[name], name, **options)
        for name, workflow in workflows.items()
    }
    return _at_once(runs, models, progress)


def folder_name(name: str) -> str:
    """A workflow's name as that of a folder."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name)


def _folders(workflows: Mapping[str, Workflow], path: str | os.PathLike[str] | None) -> dict[str, Path | None]:
    if not isinstance(workflows, Mapping) or not workflows:
        raise DomainError(f"workflows = {workflows!r} is not allowed: give one or more by name, as a dict.")
    if path is None:
        return dict.fromkeys(workflows)
    found: dict[str, Path | None] = {name: Path(path) / folder_name(name) for name in workflows}
    if len(set(found.values())) < len(found):
        raise DomainError(f"workflows = {', '.join(workflows)}: two of them would be kept in the same folder.")
    return found


def _stackable(
    generator: Any,
    data: ArrayLike | Documents,
    workflow: Workflow,
    generations: int,
    seed: int,
    path: Path | None,
    label: str,
    loss: Any = "negative log-likelihood",
    test_data: Any = None,
    replicates: int = 1,
    n: int | None = None,
    initial: Any = "scratch",
    executor: Any = None,
    same_first: bool = False,
    observe: Any = None,
    device: str | None = None,
    n_jobs: int | None = None,
) -> Planned:
    """A run that is to be stacked, of the options as they are elsewhere."""
    elsewhere = executor if n_jobs is None else n_jobs
    return planned(
        generator, data, workflow, generations, loss, test_data, replicates, seed, path, n, initial, elsewhere,
        same_first, observe, device, label, True,
    )  # fmt: skip


def _at_once(runs: Mapping[str, Planned], first: FirstModels, progress: bool) -> dict[str, GenerationRun]:
    every = list(runs.values())
    try:
        with controller().limit(limits=1), ExitStack() as open_files:
            for run in every:
                open_files.enter_context(run.storage)
            bar = open_files.enter_context(Bar(sum(run.generations * run.count for run in every), progress))
            for run in every:
                verify_start(run, first, False, bar.within)
            together(every, first, bar)
            return {name: measured_by(run) for name, run in runs.items()}
    except KeyboardInterrupt:
        raise interrupted(f"Interrupted. {' '.join(run.storage.kept for run in every)}") from None
