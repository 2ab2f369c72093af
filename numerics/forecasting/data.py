"""Measured losses, verified: which workflow, which generations, which seeds, how exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.errors import DomainError
from theory.expressions.arguments import quoted
from theory.names import workflow_named
from theory.workflows.base import Workflow, verify_workflow

Array = NDArray[np.float64]
#: A workflow, or its name with its settings: "contaminated-pool:real=1/4".
Named = Workflow | str

#: A law with three unknowns is not to be had from fewer generations.
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Curve:
    """Losses measured under one workflow.

    Attributes
    ----------
    workflow : Workflow
    generations : (k,), increasing, the first is 1
    losses : (seeds, k)
    stderr : (k,) standard errors of the means over seeds, or None
    """

    workflow: Workflow
    generations: NDArray[np.int64]
    losses: Array
    stderr: Array | None

    @property
    def mean(self) -> Array:
        """Over seeds, (k,)."""
        return self.losses.mean(axis=0)

    @property
    def seeds(self) -> int:
        """Chains measured."""
        return len(self.losses)

    @property
    def last(self) -> int:
        """The last generation measured."""
        return int(self.generations[-1])


def curves(
    losses: ArrayLike | Mapping[Any, ArrayLike],
    workflow: Named | None,
    stderr: ArrayLike | Mapping[Any, ArrayLike] | None,
    generations: Sequence[int] | Mapping[Any, Sequence[int]] | None,
) -> list[Curve]:
    """Every workflow's losses, verified; ``losses`` is one table with its ``workflow``, or a table for each."""
    stderr, generations = _by_workflow("stderr", stderr), _by_workflow("generations", generations)
    losses = _by_workflow("losses", losses)
    if isinstance(losses, Mapping):
        if workflow is not None:
            raise DomainError("workflow is given beside losses by workflow: give losses = {workflow: losses, …} alone.")
        if not losses:
            raise DomainError("losses = {} holds no workflow: give at least one.")
        for name, value in (("stderr", stderr), ("generations", generations)):
            _refuse_strangers(name, value, losses)
        return [
            _curve(key, table, _of(stderr, key, "stderr"), _of(generations, key, "generations"))
            for key, table in losses.items()
        ]
    if workflow is None:
        raise DomainError("workflow is missing: say under which workflow the losses were measured, such as Replace().")
    for name, value in (("stderr", stderr), ("generations", generations)):
        if isinstance(value, Mapping):
            raise DomainError(f"{name} is given by workflow, losses are not: give both alike.")
    return [_curve(named(workflow), losses, stderr, generations)]  # type: ignore[arg-type]


def named(workflow: Named) -> Workflow:
    """A workflow, or the one of that name with its settings, as the command line has it.

    Raises
    ------
    DomainError
        For a name that is not known, or settings that it does not take.
    """
    return workflow_named(workflow) if isinstance(workflow, str) else workflow


def _by_workflow(name: str, given: Any) -> Any:
    """A mapping from workflows, given one from them or their names; anything else as it is."""
    if not isinstance(given, Mapping):
        return given
    found = {named(key): value for key, value in given.items()}
    if len(found) < len(given):
        raise DomainError(f"{name} has a workflow twice, by two names: {', '.join(str(key) for key in given)}.")
    return found


def _refuse_strangers(name: str, value: object, losses: Mapping[Workflow, ArrayLike]) -> None:
    strangers = [key for key in value if key not in losses] if isinstance(value, Mapping) else []
    if strangers:
        raise DomainError(f"{name} is given for {quoted(strangers[0])}, whose losses are not: give both alike.")


def _of(value: object, workflow: Workflow, name: str) -> object:
    if not isinstance(value, Mapping):
        if name == "stderr" and value is not None:
            raise DomainError("stderr is one table beside losses by workflow: give stderr = {workflow: stderr, …}.")
        return value
    return value.get(workflow)


def _curve(workflow: Workflow, losses: ArrayLike, stderr: object, generations: object) -> Curve:
    verify_workflow(workflow)
    table = numbers("losses", losses)
    if table.ndim == 1:
        table = table[None, :]
    if table.ndim != 2 or 0 in table.shape:
        raise DomainError(
            f"losses of {workflow.name} have the shape {table.shape}: give one a generation, or seeds × generations."
        )
    measured = _generations(workflow, generations, table.shape[1])
    if table.shape[1] < FEWEST:
        count = "one generation" if table.shape[1] == 1 else f"{table.shape[1]} generations"
        raise DomainError(f"losses of {workflow.name} are of {count}: a forecast needs {FEWEST} or more.")
    wrong = ~np.isfinite(table)
    if wrong.any():
        seed, place = (int(index[0]) for index in np.nonzero(wrong))
        raise DomainError(
            f"losses of {workflow.name} hold {table[seed, place]} at generation {measured[place]}"
            f"{f' of seed {seed}' if len(table) > 1 else ''}: give finite numbers, and leave out a generation that was "
            "not measured by naming the others in generations."
        )
    return Curve(workflow, measured, table, _stderr(workflow, stderr, table.shape[1]))


def numbers(name: str, value: object) -> Array:
    """An array of doubles, or a sentence."""
    try:
        table = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise DomainError(f"{name} = {quoted(value)} is not a table of numbers, of one length each row.") from None
    if np.asarray(value).dtype.kind in "bcUS":
        raise DomainError(f"{name} = {quoted(value)} is not a table of real numbers.")
    return table


def number(name: str, value: object) -> float:
    """One finite double, or a sentence."""
    table = numbers(name, value) if not isinstance(value, str) else np.array(np.nan)
    if table.ndim or not np.isfinite(table):
        raise DomainError(f"{name} = {quoted(value)} is not allowed: give a finite number.")
    return float(table)


def _generations(workflow: Workflow, given: object, count: int) -> NDArray[np.int64]:
    if given is None:
        return np.arange(1, count + 1)
    table = numbers("generations", given)
    whole = table.astype(np.int64) if table.ndim == 1 and (np.abs(table) < 2**53).all() else None
    if whole is None or (whole != table).any() or len(whole) != count or whole[0] != 1 or (np.diff(whole) <= 0).any():
        raise DomainError(
            f"generations = {quoted(given)} of {workflow.name} are not allowed: give one whole number for each of the "
            f"{count} losses, increasing from 1, the model fitted on real data."
        )
    return whole


def _stderr(workflow: Workflow, given: object, count: int) -> Array | None:
    if given is None:
        return None
    table = numbers("stderr", given)
    if table.ndim == 0:
        table = np.full(count, float(table))
    if table.shape != (count,) or not np.isfinite(table).all() or (table < 0).any():
        raise DomainError(
            f"stderr = {quoted(given)} of {workflow.name} is not allowed: give one nonnegative standard error for each "
            f"of the {count} generations, that of the mean over seeds."
        )
    return table
