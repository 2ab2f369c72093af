"""Logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.regression import Regression
from numerics.samplers.draws import binomial


@dataclass(frozen=True, eq=False)
class LogisticRegression(Regression):
    r"""Labels 0 and 1 with :math:`P(y = 1) = 1/(1 + e^{-x\theta})`, fitted by maximum likelihood without a penalty.

    :math:`A(\eta) = \log(1 + e^\eta)`, :math:`A'' = \mu(1-\mu)`, :math:`|A'''| = |1 - 2\mu|\,A'' \le A''`.

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
    >>> rows = np.array([[1.0, -1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> model = LogisticRegression(rows, truth=[0, 1], n=300)
    >>> np.round(model.information, 4).tolist()
    [[0.2144, 0.0], [0.0, 0.1311]]
    """

    name: ClassVar[str] = "logistic"

    def mean(self, predictors: Array) -> Array:
        """1/(1 + e^(−η)): shape of the predictors."""
        with np.errstate(over="ignore"):
            out = np.exp(-predictors)
        out += 1.0
        return np.reciprocal(out, out=out)

    def variance(self, mean: Array) -> Array:
        """μ(1 − μ)."""
        out = 1.0 - mean
        out *= mean
        return out

    def turned(self, mean: Array, change: Array) -> Array:
        """μ(1 − μ)(1 − 2μ)·change."""
        return mean * (1 - mean) * (1 - 2 * mean) * change

    def cumulant(self, predictors: Array) -> Array:
        """log(1 + e^η)."""
        return np.logaddexp(0.0, predictors[0])

    def sums(self, rng: Generator, mean: Array, trials: NDArray[np.int64] | int) -> Array:
        """Binomial counts of ``trials`` labels at every row."""
        if isinstance(trials, int) and trials == 1:
            return (rng.random(mean.shape) < mean).astype(np.float64)
        return binomial(rng, trials, mean).astype(np.float64)

    def labels(self, rng: Generator, mean: Array) -> Array:
        """0 or 1 with chance μ, one a row."""
        return (rng.random(mean.shape[1:]) < mean[0]).astype(np.float64)
