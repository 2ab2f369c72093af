r"""The curves that a loss may follow under a workflow: variance, bias, rows, and how its noise persists.

Rise of the expected test loss over generation 1, for a learner who keeps λ of what it is shown:

.. math:: A\,(\text{ratio}_w(g) - 1) + C\,\varphi_w(g; \lambda) - U\,(1 - \text{rows}_w(1)/\text{rows}_w(g)),

the asymptotic risk ratio of the workflow, the rise of its depth (:mod:`theory.design.depth`), and what more rows save.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerics.limit_process import limit_process
from numerics.pathway_table import weight_table
from theory.errors import DomainError
from theory.workflows.base import Workflow, verify_workflow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """A Beta(a, b) law of the rates λ at which features are kept."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """E λ."""
        return self.a / (self.a + self.b)

    def moments(self, count: int) -> Array:
        """E λ^k for k = 0, …, count − 1: products of (a + i)/(a + b + i)."""
        steps = np.arange(count - 1)
        return np.concatenate(([1.0], np.cumprod((self.a + steps) / (self.a + self.b + steps))))


@dataclass(frozen=True, eq=False)
class Shapes:
    r"""What is known of a workflow before any loss is measured, at generations 1, …, H.

    Attributes
    ----------
    workflow : Workflow
    ratio : (H,), the asymptotic risk ratio
    depths : (H, H), row g the law of the depth K of a training row of generation g
    saved : (H,), 1 − rows_1/rows_g
    covariance : (H, H), of the losses of a chain, 1 at generation 1
    opening : (H,), how much of the loss's noise at generation 1 is in each generation; their products are covariances
        of two workflows that share generation 1

    A loss is quadratic in what has been learnt, and for a centred Gaussian process
    :math:`\mathrm{Cov}(Z_g^2, Z_h^2) = 2\,\mathrm{Cov}(Z_g, Z_h)^2`: the covariances are squares of those of the limit
    process, and the noise of a chain grows as its risk does.
    """

    workflow: Workflow
    ratio: Array
    depths: Array
    saved: Array
    covariance: Array
    opening: Array

    @property
    def horizon(self) -> int:
        """H."""
        return len(self.ratio)

    def rise(self, rates: Array) -> Array:
        """φ(λ) for each rate λ, (len(rates), H)."""
        return rises(rates, self.horizon) @ self.depths.T

    def spread_rise(self, spectra: Sequence[Spectrum]) -> Array:
        """E φ(λ) over each spectrum, (len(spectra), H)."""
        added = np.stack([each.moments(self.horizon)[: self.horizon - 1] for each in spectra])
        found: Array = np.hstack((np.zeros((len(spectra), 1)), np.cumsum(added, axis=1))) @ self.depths.T
        return found


def rises(rates: Array, count: int) -> Array:
    """1 + λ + … + λ^{k−1} for k = 0, …, count − 1, a row each rate."""
    powers = rates[:, None] ** np.arange(count - 1)
    return np.hstack((np.zeros((len(rates), 1)), np.cumsum(powers, axis=1)))


def shapes(workflow: Workflow, horizon: int) -> Shapes:
    """The curves of a workflow up to generation ``horizon``, computed once for each workflow.

    Raises
    ------
    DomainError
        When a parameter of the workflow is no number, or a block has a negative weight.
    """
    verify_workflow(workflow)
    if workflow.free_symbols:
        names = ", ".join(sorted(str(symbol) for symbol in workflow.free_symbols))
        raise DomainError(f"workflow = {workflow!r} has no number for {names}: a forecast needs numbers.")
    try:
        return _remembered(workflow, horizon) if isinstance(workflow, Hashable) else _computed(workflow, horizon)
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _computed(workflow, horizon)


@lru_cache(maxsize=64)
def _remembered(workflow: Workflow, horizon: int) -> Shapes:
    return _computed(workflow, horizon)


def _computed(workflow: Workflow, horizon: int) -> Shapes:
    process = limit_process(workflow, dimension=1, generations=horizon)
    first = process.variance[0]
    loading = process.coefficients[:, 0]
    rows = np.array([float(workflow.rows(g)) for g in range(1, horizon + 1)])
    return Shapes(
        workflow=workflow,
        ratio=process.variance / first,
        depths=_depths(workflow, horizon),
        saved=1.0 - rows[0] / rows,
        covariance=(process.covariance / first) ** 2,
        opening=(loading / loading[0]) ** 2,
    )


def _depths(workflow: Workflow, horizon: int) -> Array:
    """The law of K: 0 for real data, and one more than that of the model a block was sampled from."""
    weights, fresh = weight_table(workflow, horizon)
    if (weights < 0).any():
        g = int(np.flatnonzero((weights < 0).any(axis=1))[0]) + 1
        raise DomainError(
            f"workflow = {workflow!r} weighs a block of generation {g} negatively: a training row comes from one block."
        )
    law = np.zeros((horizon, horizon))
    for g in range(horizon):
        law[g, 0] = weights[g, 0] + fresh[g].sum()
        law[g, 1:] += weights[g, 1 : g + 1] @ law[:g, :-1]
    return law
