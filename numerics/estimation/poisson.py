"""Poisson regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.regression import ROUNDING, Regression
from numerics.samplers.draws import poisson


@dataclass(frozen=True, eq=False)
class PoissonRegression(Regression):
    r"""Counts with :math:`E\,y = e^{x\theta}`, fitted by maximum likelihood.

    :math:`A(\eta) = A'' = A''' = e^\eta`. A fit exists unless some direction lowers the predictor of rows whose labels
    are all 0, raises none, and leaves every row that has a count alone.

    Parameters
    ----------
    covariates, truth, n, design
        See :class:`numerics.estimation.regression.Regression`.

    Notes
    -----
    McCullagh and Nelder (1989), *Generalized linear models*.

    Examples
    --------
    >>> import numpy as np
    >>> PoissonRegression(np.ones((4, 1)), truth=[np.log(2)], n=8).information.round(12).tolist()
    [[2.0]]
    """

    name: ClassVar[str] = "poisson"

    def mean(self, predictors: Array) -> Array:
        """e^η."""
        # An overflow is a step gone astray: its spread is not finite, and the fit is given up as singular.
        with np.errstate(over="ignore"):
            return np.exp(predictors)

    def variance(self, mean: Array) -> Array:
        """μ."""
        return mean.copy()

    def turned(self, mean: Array, change: Array) -> Array:
        """μ·change."""
        return mean * change

    def cumulant(self, predictors: Array) -> Array:
        """e^η."""
        return np.exp(predictors[0])

    def sums(self, rng: Generator, mean: Array, trials: NDArray[np.int64] | int) -> Array:
        """Poisson counts of mean trials·μ at every row."""
        return poisson(rng, mean * trials).astype(np.float64)

    def labels(self, rng: Generator, mean: Array) -> Array:
        """Poisson counts of mean μ, one a row."""
        return poisson(rng, mean[0]).astype(np.float64)

    def halfspaces(self, trials: Array, sums: Array) -> Array:
        """−x of every row with labels, x of those with counts: a direction between them has no maximum."""
        up, down = trials > 0, sums[0] > trials * ROUNDING
        return np.concatenate([-self.covariates[up], self.covariates[down]])

    def rise(self, trials: Array, sums: Array, change: Array) -> Array:
        """The largest rise, or fall where there are counts, at a row with labels, (B,)."""
        up = np.where(trials > 0, change[0], 0.0)
        down = np.where(sums[0] > trials * ROUNDING, -change[0], 0.0)
        return np.maximum(np.maximum(up, down), 0.0).max(axis=0)
