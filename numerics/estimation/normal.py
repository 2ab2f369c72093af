"""Linear regression with normal labels of unit variance: the identity link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.regression import Regression


@dataclass(frozen=True, eq=False)
class NormalRegression(Regression):
    r"""Labels :math:`y \sim N(x\theta, 1)`, fitted by least squares: divide labels by their deviation beforehand.

    :math:`A(\eta) = \eta^2/2`: F is quadratic, and Newton's first step lands on the solution.

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
    >>> NormalRegression(np.array([[1.0, 1.0], [1.0, -1.0]]), truth=[2, 3], n=2).information.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    name: ClassVar[str] = "normal"

    def mean(self, predictors: Array) -> Array:
        """η itself."""
        return predictors.copy()

    def variance(self, mean: Array) -> Array:
        """1."""
        return np.ones_like(mean)

    def turned(self, mean: Array, change: Array) -> Array:
        """0: the variance does not depend on the mean."""
        return np.zeros_like(mean)

    def cumulant(self, predictors: Array) -> Array:
        """η²/2."""
        return predictors[0] ** 2 / 2

    def sums(self, rng: Generator, mean: Array, trials: NDArray[np.int64] | int) -> Array:
        """N(trials·μ, trials) at every row."""
        return mean * trials + rng.standard_normal(mean.shape) * np.sqrt(trials)

    def labels(self, rng: Generator, mean: Array) -> Array:
        """N(μ, 1), one a row."""
        return mean[0] + rng.standard_normal(mean.shape[1:])

    def halfspaces(self, trials: Array, sums: Array) -> Array:
        """±x of every row with labels: separated only where the rows do not span."""
        seen = self.covariates[trials > 0]
        return np.concatenate([-seen, seen])

    def rise(self, trials: Array, sums: Array, change: Array) -> Array:
        """The largest |change| at a row with labels, (B,)."""
        return np.where(trials > 0, np.abs(change[0]), 0.0).max(axis=0)

    def spread(self, change: Array) -> Array:
        """0: A''' = 0, so any step may be taken in full."""
        # A''' = 0: any step may be taken in full, and the first is the last.
        return np.zeros(change.shape[2])
