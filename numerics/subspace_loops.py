r"""Subspaces in loops, simulated: pairs about the last estimate, and editing again and again.

>>> from theory.workflows import Accumulate
>>> found = simulate_generations(FactorModel(3, 30, 3), Accumulate(), generations=2, replicates=2000, seed=1)
>>> found.standard_error < 0.01
True
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.seeds import Seed, seed_number
from numerics.subspaces import (
    SubspaceSimulation,
    draw_factors,
    estimated_directions,
    leading_vectors,
    simulation_of,
    verified_numbers,
)
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import whole_number
from theory.subspaces import FactorModel
from theory.subspaces.factor_model import verify_model
from theory.workflows import Accumulate, Replace
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: Numbers drawn at a time.
_CHUNK = 4_000_000


def simulate_generations(
    model: FactorModel, workflow: Workflow, generations: int, replicates: int = 1000, seed: Seed = 0
) -> SubspaceSimulation:
    r"""Measure :math:`\|P_G - P\|_F^2`, each generation's N pairs about the singular vectors found before.

    Without a unit: 1 is a direction missed, or one destroyed.

    Parameters
    ----------
    model : FactorModel
        With numbers for all parameters.
    workflow : Replace() or Accumulate()
    generations : whole number, 1 or more
    replicates : whole number, 2 or more
    seed : int, SeedSequence or Generator

    Raises
    ------
    DomainError
        For parameters that are symbols, and more factors than N or D directions.
    NotDerivedError
        For other workflows.

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> from theory.workflows import Replace
    >>> simulate_generations(FactorModel(3, 300, 2), Replace(), 2, replicates=2000, seed=0).error < 0.01
    True
    """
    verify_model(model)
    if workflow not in (Replace(), Accumulate()):
        raise NotDerivedError(f"pairs under {workflow.name} are not simulated: give Replace() or Accumulate().")
    last = whole_number("generations", generations, 1)
    generator = np.random.default_rng(seed_number(seed))
    parts = [
        _generations(model, workflow == Accumulate(), last, size, generator)
        for size in _sizes(model, whole_number("replicates", replicates, 2))
    ]
    found = np.concatenate(parts)
    # As many directions as factors: as much is missed as is destroyed.
    return simulation_of(found, found)


def simulate_editing(model: FactorModel, edits: int, replicates: int = 1000, seed: Seed = 0) -> SubspaceSimulation:
    r"""Measure the strength of a factor after edits, each by the singular vector of N new pairs of what is left.

    ``error`` is the strength, in units of the noise variance of a coordinate, and ``missed`` the same.

    Parameters
    ----------
    model : FactorModel
        Of one factor, with numbers for all parameters.
    edits : whole number, 0 to D − 1
    replicates : whole number, 2 or more
    seed : int, SeedSequence or Generator

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> found = simulate_editing(FactorModel(6, 50, 40), edits=1, replicates=20, seed=1)
    >>> 0.5 < found.error < 2
    True
    """
    verify_model(model)
    if model.rank > 1:
        raise DomainError(f"strengths = {model.strengths} are not allowed: repeated editing is of one factor.")
    number = whole_number("edits", edits, 0)
    if (model.dimension - number).is_nonpositive:
        raise DomainError(f"edits = {number} is not allowed in dimension {model.dimension}: it must be below.")
    generator = np.random.default_rng(seed_number(seed))
    left = np.concatenate(
        [_edited(model, number, size, generator) for size in _sizes(model, whole_number("replicates", replicates, 2))]
    )
    return simulation_of(left, np.zeros_like(left))


def _sizes(model: FactorModel, replicates: int) -> list[int]:
    """Data sets at a time."""
    pairs, width = verified_numbers(model)
    size = max(1, _CHUNK // (pairs * width))
    return [min(size, replicates - start) for start in range(0, replicates, size)]


def _generations(model: FactorModel, pooled: bool, last: int, replicates: int, generator: np.random.Generator) -> Array:
    """Of so many data sets, the missed part r − Σcos² after the last generation."""
    rank, width = model.rank, int(model.dimension)
    basis = np.broadcast_to(np.eye(rank, width), (replicates, rank, width))
    pool = np.zeros((replicates, width, width)) if pooled else None
    for _ in range(last):
        rows = generator.standard_normal((replicates, int(model.pairs), width))
        rows += draw_factors(model, replicates, generator) @ basis
        with single_threaded_algebra():
            if pool is None:
                basis = estimated_directions(rows, "svd", rank)
            else:
                pool += rows.swapaxes(1, 2) @ rows
                basis = leading_vectors(pool.copy(), rank)
    return np.asarray(rank - (basis[..., :rank] ** 2).sum(axis=(1, 2)))


def _edited(model: FactorModel, edits: int, replicates: int, generator: np.random.Generator) -> Array:
    """The strength left in each data set; removed directions are taken out of all that is drawn later."""
    width = int(model.dimension)
    factor = np.eye(1, width)[None].repeat(replicates, axis=0)
    removed = np.empty((replicates, 0, width))
    for _ in range(edits):
        noise = generator.standard_normal((replicates, int(model.pairs), width))
        with single_threaded_algebra():
            rows = noise - (noise @ removed.swapaxes(1, 2)) @ removed
            rows += draw_factors(model, replicates, generator) @ factor
            vector = estimated_directions(rows, "svd", 1)
            factor = factor - (factor @ vector.swapaxes(1, 2)) @ vector
        removed = np.concatenate([removed, vector], axis=1)
    return np.asarray(float(model.strengths[0]) * (factor**2).sum(axis=(1, 2)))
