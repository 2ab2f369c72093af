r"""Overlaps of Gaussian kernel densities: sums of Gaussians over pairs of points, without quadrature.

For two samples x and y and the kernel :math:`N(0, h^2 I_d)`

.. math:: \int \frac1n\sum_i K_h(t - x_i)\,\frac1m\sum_j K_h(t - y_j)\,dt
          = \frac1{nm}\sum_{i,j} \frac{e^{-|x_i-y_j|^2/(4h^2)}}{(4\pi h^2)^{d/2}}.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Pairs at a time: 1 MiB of exponents, which stay in the cache.
PAIRS = 2**17


def mean_overlap(x: Array, y: Array, variance: float) -> Array:
    """Mean density of N(0, variance·I_d) at x_i − y_j over all pairs; x (R, n, d) and y (R, m, d): shape (R,).

    The exponents −|x − y|²/(2·variance) of all pairs are one matrix product of points with three parts: the scaled
    point, half its squared length, and 1.
    """
    replicates, n, d = x.shape
    m = y.shape[1]
    left, right = lifted(x, variance, first=True), lifted(y, variance, first=False).transpose(0, 2, 1)
    together = max(1, PAIRS // (n * m))
    rows = max(1, min(n, PAIRS // m))
    total = np.zeros(replicates)
    for start in range(0, replicates, together):
        some = slice(start, start + together)
        for row in range(0, n, rows):
            exponents = np.matmul(left[some, row : row + rows], right[some])
            np.exp(exponents, out=exponents)
            total[some] += exponents.reshape(len(exponents), -1).sum(axis=1)
    total *= (2 * np.pi * variance) ** (-d / 2) / (n * m)
    return total


def lifted(points: Array, variance: float, first: bool) -> Array:
    """Points (R, n, d) as (x/σ, −|x|²/(2σ²), 1), or with the last two exchanged: products are then exponents of the
    kernel.
    """
    replicates, count, d = points.shape
    lifted = np.empty((replicates, count, d + 2))
    np.divide(points, np.sqrt(variance), out=lifted[:, :, :d])
    length, one = (d, d + 1) if first else (d + 1, d)
    np.einsum("bnd,bnd->bn", lifted[:, :, :d], lifted[:, :, :d], out=lifted[:, :, length])
    lifted[:, :, length] *= -0.5
    lifted[:, :, one] = 1.0
    return lifted


def mean_density(points: Array, centre: Array, variance: float) -> Array:
    """Mean over the points (R, n, d) of the density of N(centre, variance·I_d): shape (R,)."""
    distance = np.square(points - centre).sum(axis=2)
    d = points.shape[2]
    densities: Array = np.exp(distance / (-2 * variance)).mean(axis=1)
    densities *= (2 * np.pi * variance) ** (-d / 2)
    return densities
