r"""The integral of a squared kernel density from its values on a grid, in time that grows as the number of points.

With kernels of variance h² on all points, p = Σ_i w_i K_h(· − x_i), and a grid of step s = h/2 in one or two
dimensions,

.. math:: \int p^2 \approx s^d \sum_k p(u_k)^2.

The product of two kernels is K_{√2h}(x − y) times a normal density of variance h²/2 around their midpoint, and the sum
of that over a grid differs from its integral by :math:`2 \sum_m e^{-\pi^2 m^2 h^2/s^2}` at most (Poisson's summation
formula). So every one of the pairs is right to the relative accuracy

.. math:: 2 e^{-4\pi^2} / (1 - e^{-12\pi^2}) < 1.5 \cdot 10^{-17}

for each dimension, whatever the points: no quadrature is closer in doubles. A kernel is put on the 35 nodes around its
point; what the others would have got is, summed, below :math:`1.2 \cdot 10^{-17}` of it, which changes the integral by
less than :math:`2d \cdot 1.2 \cdot 10^{-17} (2\pi h^2)^{-d/2}` (derived here). Beside these stands rounding, as in the
sum over pairs.

In one dimension the values at all nodes around a point follow from two exponentials (Greengard and Lee 2004): n points
take O(n + range/h). In two the grid is a product of matrices of O(n·range²/h²) fast operations. In more, grids hold
more nodes than there are pairs, and pairs are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Nodes in the length h.
NODES = 2
#: Nodes to either side of the nearest one that a kernel is put on: 8.75 h and more from the point nothing is.
REACH = 17
#: Dimensions in which there are grids.
MOST_DIMENSIONS = 2

# Measured, in units of a pair of points: a point on a node, and a node, of a line; then of a plane, where points and
# nodes are also multiplied.
_LINE_POINT, _LINE_NODE = 1.5, 0.6
_PLANE_POINT, _PLANE_NODE, _PRODUCT = 1.0, 1.0, 0.045
#: Pairs are summed unless a grid takes this much less. Which it is depends on the block of replicates alone.
_GAIN = 1.5
#: Nodes of all replicates that are held at a time, unless one has more; and of one replicate at most.
_TOGETHER, _MOST = 2**16, 2**23
#: Points at a time: their distances to all nodes stay in the cache.
_ROWS = 512


@dataclass(frozen=True)
class Grid:
    """Nodes (first + k)·step of all replicates, k below ``counts`` in every dimension."""

    step: float
    first: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def size(self) -> int:
        """Nodes of one replicate."""
        return int(np.prod(self.counts))

    def cost(self, points: int) -> float:
        """Of so many points of one replicate, in pairs."""
        if len(self.counts) == 1:
            return (2 * REACH + 1) * (_LINE_POINT * points + _LINE_NODE * self.size)
        return points * (_PLANE_POINT * sum(self.counts) + _PRODUCT * self.size) + _PLANE_NODE * self.size


def grid_around(points: Sequence[Array], squared_bandwidth: float) -> Grid | None:
    """A grid that holds all kernels on points of shapes (R, n_j, d); None where there is none."""
    if points[0].shape[2] > MOST_DIMENSIONS:
        return None
    step = float(np.sqrt(squared_bandwidth)) / NODES
    least = np.min([block.min(axis=(0, 1)) for block in points], axis=0) / step
    most = np.max([block.max(axis=(0, 1)) for block in points], axis=0) / step
    if not (np.abs([least, most]) < 2**52).all() or np.prod(most - least + 2 * REACH + 2) > _MOST:
        return None
    first = np.rint(least).astype(np.int64) - REACH
    counts = np.rint(most).astype(np.int64) + REACH + 1 - first
    return Grid(step, tuple(first.tolist()), tuple(counts.tolist()))


def is_faster(grid: Grid, points: int, pairs: int) -> bool:
    """Whether a replicate of so many points takes less by the grid than by summing so many pairs."""
    return _GAIN * grid.cost(points) < pairs


def squared_integral(grid: Grid, points: Sequence[Array], weights: Sequence[float], squared_bandwidth: float) -> Array:
    """∫ p² for kernels on points (R, n_j, d), all of block j together of weight ``weights[j]``: shape (R,)."""
    replicates, _, d = points[0].shape
    out = np.empty(replicates)
    together = max(1, _TOGETHER // max(grid.size, sum(block.shape[1] for block in points)))
    for start in range(0, replicates, together):
        values = np.zeros((len(out[start : start + together]), *grid.counts))
        for block, weight in zip(points, weights, strict=True):
            some, share = block[start : start + together], weight / block.shape[1]
            if d == 1:
                _along_a_line(grid, some[:, :, 0], share, values)
            else:
                _in_a_plane(grid, some, share, values)
        flat = values.reshape(len(values), -1)
        np.einsum("rk,rk->r", flat, flat, out=out[start : start + together])
    out *= grid.step**d * (2 * np.pi * squared_bandwidth) ** -d
    return out


def _along_a_line(grid: Grid, points: Array, weight: float, values: Array) -> None:
    """Add e^{−(x − u)²/2h²} of points (R, n) to their nodes (R, k)."""
    replicates, size = len(points), grid.counts[0]
    position = points / grid.step
    nearest = np.rint(position)
    position -= nearest
    # What lies at a node before it is shifted: REACH nodes are free at both ends of every replicate.
    place = (nearest - (grid.first[0] + REACH)).astype(np.int64)
    inner = size - 2 * REACH
    place += inner * np.arange(replicates)[:, None]
    place = place.reshape(-1)
    square = NODES**-2
    centre = weight * np.exp(position**2 * (-square / 2))
    for sign in (1, -1):
        # e^{−(δ − k)²s²/2h²} = e^{−δ²s²/2h²} · (e^{δs²/h²})^k · e^{−k²s²/2h²}
        factor, term = np.exp(position * (sign * square)), centre.copy()
        for k in range(REACH + 1):
            if k:
                term *= factor
            elif sign < 0:
                continue
            sums = np.bincount(place, term.reshape(-1), inner * replicates).reshape(replicates, inner)
            sums *= np.exp(-(k**2) * square / 2)
            begin = REACH + sign * k
            values[:, begin : begin + inner] += sums


def _in_a_plane(grid: Grid, points: Array, weight: float, values: Array) -> None:
    """The same of points (R, n, 2) at the nodes (R, k, l): a kernel is a product of two."""
    nodes = [first + np.arange(count, dtype=float) for first, count in zip(grid.first, grid.counts, strict=True)]
    scaled = points / grid.step
    for total, rows in zip(values, scaled, strict=True):
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            left, right = (np.exp(np.square(some[:, axis, None] - nodes[axis]) / (-2 * NODES**2)) for axis in (0, 1))
            left *= weight
            total += left.T @ right
