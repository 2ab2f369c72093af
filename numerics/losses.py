r"""Losses of a fitted mean against the truth.

In the canonical coordinates of a Morris family (index r, mean y, variance function V) the
Kullback–Leibler divergence from the truth to the fitted model is

.. math:: \mathrm{KL}(y_0 \,\|\, y) = \int_y^{y_0} \frac{y_0 - t}{V(t)}\, dt,

a combination of :math:`k(a, b) = a\log(a/b) - a + b` for every kind but two. It does not change under
affine maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import kl_div

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SquaredError:
    """scale²·(y − truth)², summed over the leading axis of a vector parameter."""

    truth: float = 0.0
    scale: float = 1.0

    def __call__(self, mean: Array, out: Array) -> None:
        if mean.ndim == 1:
            if self.truth == 0.0 and self.scale == 1.0:
                np.multiply(mean, mean, out=out)
                return
            np.subtract(mean, self.truth, out=out)
            if self.scale != 1.0:
                out *= self.scale
            out *= out
            return
        error = (mean - self.truth) * self.scale
        np.einsum("pb,pb->b", error, error, out=out)


@dataclass(frozen=True)
class FourthPower:
    """scale⁴·(y − truth)⁴ of a scalar mean."""

    truth: float = 0.0
    scale: float = 1.0

    def __call__(self, mean: Array, out: Array) -> None:
        SquaredError(self.truth, self.scale)(mean, out)
        out *= out


@dataclass(frozen=True)
class Divergence:
    """KL from the truth to the fitted member of a Morris family; infinite where the fit rules out the truth."""

    kind: str
    index: float
    truth: float

    def __call__(self, mean: Array, out: Array) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            out[:] = _DIVERGENCE[self.kind](self.index, self.truth, mean)


def _normal(variance: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    return (truth - mean) ** 2 / (2 * variance)


def _poisson(_: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    return kl_div(truth, mean)


def _gamma(shape: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    return np.where(mean == 0, np.inf, shape * kl_div(1.0, truth / mean))


def _binomial(trials: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    return kl_div(truth, mean) + kl_div(trials - truth, trials - mean)


def _negative_binomial(r: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    return kl_div(truth, mean) - kl_div(truth + r, mean + r)


def _hyperbolic_secant(r: float, truth: float, mean: Array) -> NDArray[np.floating[Any]]:
    # arctan(a) − arctan(b) and the logarithm of the ratio, each without cancellation.
    turn = np.arctan2(r * (truth - mean), r**2 + truth * mean)
    return truth * turn + r / 2 * np.log1p((mean - truth) * (mean + truth) / (r**2 + truth**2))


#: What is measured of a fitted mean.
Measure = SquaredError | FourthPower | Divergence

_DIVERGENCE = {
    "normal": _normal,
    "poisson": _poisson,
    "gamma": _gamma,
    "binomial": _binomial,
    "negative binomial": _negative_binomial,
    "hyperbolic secant": _hyperbolic_secant,
}
