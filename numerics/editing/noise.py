r"""The spectrum of differences against noise: its variance, the edge, and how well a direction above it is found.

In units of the noise variance of a coordinate, with :math:`g = D/N`: eigenvalues of :math:`\Delta^\top\Delta/N` of
noise end at :math:`(1 + \sqrt g)^2`; a factor of strength l shows at :math:`(1 + l)(1 + g/l)`, and its vector has
squared cosine :math:`(1 - g/l^2)/(1 + g/l)` with it (:mod:`theory.subspaces.overlaps`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Upper 1 % point of the Tracy-Widom law of real matrices (Bejan 2005, table of percentage points).
_TRACY_WIDOM = 2.0234


def largest_noise(pairs: int, dimension: int) -> float:
    r"""The value that the largest eigenvalue of :math:`\Delta^\top\Delta/N` of pure noise exceeds in 1 % of cases.

    The edge with its fluctuation, of order :math:`N^{-2/3}` (Johnstone 2001): what is above is no noise.

    Examples
    --------
    >>> 4 < largest_noise(400, 400) < 4.1
    True
    """
    roots = math.sqrt(pairs - 0.5), math.sqrt(dimension - 0.5)
    width = sum(roots) * (1 / roots[0] + 1 / roots[1]) ** (1 / 3)
    return (sum(roots) ** 2 + _TRACY_WIDOM * width) / pairs


def noise_variance(eigenvalues: Array, pairs: int, dimension: int, total: float | None = None) -> float:
    r"""Variance of a coordinate of the noise: the mean of what s directions above the edge leave.

    :math:`\hat\sigma^2 = N \sum_{j > s} \lambda_j / ((N - s)(D - s))`, with s = 0 first, and then as many as stand
    above the edge, until no more do.

    Parameters
    ----------
    eigenvalues : array
        The largest min(N, D) of :math:`\Delta^\top\Delta/N`, in decreasing order, those that are 0 among them; those
        above the edge are enough where the sum of all is given.
    pairs, dimension : int
    total : float, optional
        The sum of all eigenvalues.

    Notes
    -----
    Passemier and Yao (2014), without their correction of order 1/N.

    Examples
    --------
    >>> noise_variance(np.array([2.0, 2.0]), 2, 4)
    1.0
    """
    above, found = 0, 0.0
    for _ in range(len(eigenvalues)):
        rest = float(eigenvalues[above:].sum()) if total is None else total - float(eigenvalues[:above].sum())
        found = rest * pairs / ((pairs - above) * (dimension - above))
        beyond = int((eigenvalues > found * largest_noise(pairs, dimension)).sum())
        if beyond <= above or beyond >= min(pairs, dimension):
            break
        above = beyond
    return found


def strength_of(eigenvalue: Array, ratio: float) -> Array:
    r"""The strength l of the factor that shows at :math:`(1 + l)(1 + g/l)`; :math:`\sqrt g` at and below the edge.

    Examples
    --------
    >>> strength_of(np.array([16 / 3]), 1.0).round(6).tolist()
    [3.0]
    """
    excess = np.asarray(eigenvalue) - 1 - ratio
    root = np.sqrt(np.clip(excess**2 - 4 * ratio, 0.0, None))
    return np.asarray(np.where(excess > 2 * math.sqrt(ratio), (excess + root) / 2, math.sqrt(ratio)))


def overlap_of(strength: Array, ratio: float) -> Array:
    r"""Squared cosine :math:`(1 - g/l^2)/(1 + g/l)` of a found direction with its factor, 0 below the threshold.

    Examples
    --------
    >>> overlap_of(np.array([3.0, 0.5]), 1.0).round(6).tolist()
    [0.666667, 0.0]
    """
    found = (strength**2 - ratio) / (strength * (strength + ratio))
    return np.clip(found, 0.0, 1.0)


def pairs_for(strength: float, dimension: int, error: float = 1.0) -> int:
    r"""Pairs at which a factor of strength l is found with an error :math:`\|\hat P - P\|^2` of ``error``.

    :math:`N = D (2(l + 1) - \epsilon l)/(\epsilon l^2)`, as :func:`theory.subspaces.required_pairs` derives; at
    error 1 the squared cosine is 1/2, and removing the direction begins to be worth it.

    Examples
    --------
    >>> pairs_for(3.0, 300, error=0.5)
    434
    """
    return math.ceil(dimension * (2 * (strength + 1) - error * strength) / (error * strength**2))
