r"""Bounds without a rate: what every positive mixture of rates that fits the measured losses says later.

Learners keep many features, each at a rate of its own, so that the rise is

.. math:: A\,(\text{ratio}_w(g) - 1) + \int_0^1 \varphi_w(g; \lambda)\, \mu(d\lambda), \qquad A \ge 0,\ \mu \ge 0.

Among all of these that pass within a tolerance of every measured loss, the least and the largest loss at a later
generation are two linear programs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, linprog

Array = NDArray[np.float64]

#: The tolerance over the least at which any mixture fits, and its floor in parts of the largest rise: a mixture that
#: fits exactly would otherwise be the only one.
SLACK, FLOOR = 2.0, 0.005


def mixture_bounds(
    measured: Array, losses: Array, later: Array, noise: float, most: Array | None = None
) -> tuple[Array, Array, float]:
    """The least and the largest loss at later points over all mixtures, and the tolerance they were given.

    Parameters
    ----------
    measured : (curves, k)
        Each curve of the mixture where losses were measured.
    losses : (k,)
    later : (curves, m)
        The same at later points.
    noise : float
        Standard deviation of a loss.
    most : (curves,), optional
        The largest weight of each curve. Curves that rise and one that falls cancel where losses were measured: without
        a largest weight of the one that falls, nothing bounds them elsewhere.
    """
    # Columns: E, the weights of the curves, and for the first program the tolerance itself.
    scale = np.maximum(np.abs(measured).max(axis=1), 1e-300)
    design = np.column_stack((np.ones(len(losses)), (measured / scale[:, None]).T))
    count = design.shape[1]
    largest = np.full(len(scale), np.inf) if most is None else most * scale
    limits = [(None, None), *((0.0, weight) for weight in largest.tolist())]
    slack = np.ones((len(losses), 1))
    both = np.vstack((np.hstack((design, -slack)), np.hstack((-design, -slack))))
    tightest = linprog(
        np.r_[np.zeros(count), 1.0], A_ub=both, b_ub=np.r_[losses, -losses], bounds=[*limits, (0.0, None)]
    )
    rise = float(np.ptp(losses))
    tolerance = max(SLACK * float(_solved(tightest)[-1]), FLOOR * rise, 2.0 * noise)
    around = np.vstack((design, -design))
    allowed = np.r_[losses + tolerance, tolerance - losses]
    target = np.column_stack((np.ones(later.shape[1]), (later / scale[:, None]).T))
    low, high = (
        np.array([row @ _solved(linprog(sign * row, A_ub=around, b_ub=allowed, bounds=limits)) for row in target])
        for sign in (1.0, -1.0)
    )
    return low, high, tolerance


def _solved(result: OptimizeResult) -> Array:
    """The solution: there is one, for a mixture fits within the tolerance, and a rise is bounded by the last one's."""
    assert result.x is not None, result.message
    found: Array = result.x
    return found
