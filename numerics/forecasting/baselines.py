"""What one would say of a curve without any theory: extrapolations to compare a forecast with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from numerics.forecasting.shapes import Shapes

Array = NDArray[np.float64]
Baseline = Callable[[NDArray[np.int64], Array, Array, Shapes], Array]

#: Powers that are tried for E + B·(g − 1)^c.
POWERS = np.linspace(0.05, 1.5, 59)


def last_value(measured: NDArray[np.int64], losses: Array, later: Array, shapes: Shapes) -> Array:
    """The loss stays where it is."""
    return np.full(len(later), losses[-1])


def linear(measured: NDArray[np.int64], losses: Array, later: Array, shapes: Shapes) -> Array:
    """E + B·g by least squares."""
    return _fitted(measured.astype(float), losses, later)


def logarithm(measured: NDArray[np.int64], losses: Array, later: Array, shapes: Shapes) -> Array:
    """E + B·log g by least squares."""
    return _fitted(np.log(measured), losses, np.log(later))


def power_law(measured: NDArray[np.int64], losses: Array, later: Array, shapes: Shapes) -> Array:
    """E + B·(g − 1)^c by least squares, c between 0.05 and 1.5."""
    best: tuple[float, Array] | None = None
    for power in POWERS:
        inside, outside = ((each - 1.0) ** power for each in (measured.astype(float), later))
        residual = float(((_fitted(inside, losses, inside) - losses) ** 2).sum())
        if best is None or residual < best[0]:
            best = residual, _fitted(inside, losses, outside)
    assert best is not None
    return best[1]


def variance_law(measured: NDArray[np.int64], losses: Array, later: Array, shapes: Shapes) -> Array:
    """E + A·(ratio − 1) by least squares: the ideal learner's law alone."""
    ratio = shapes.ratio
    return _fitted(ratio[measured - 1], losses, ratio[later.astype(int) - 1])


def _fitted(curve: Array, losses: Array, later: Array) -> Array:
    """Least squares on one curve; a curve that does not vary says that the mean stays."""
    centred = curve - curve.mean()
    square = float(centred @ centred)
    slope = float(centred @ losses) / square if square > 0 else 0.0
    found: Array = losses.mean() + slope * (later - curve.mean())
    return found


BASELINES: dict[str, Baseline] = {
    "last value": last_value,
    "linear": linear,
    "log g": logarithm,
    "power law": power_law,
    "variance law": variance_law,
}
