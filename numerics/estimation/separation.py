r"""Separation, decided by a linear program.

The likelihood of a canonical regression has no maximum if and only if some direction δ changes the predictors and
raises no label's loss, however far it is followed. The directions that raise none form a polyhedral cone
:math:`\{A\delta \ge 0\}`, and the question is whether

.. math:: \max\{\mathbf 1^\top A\delta : 0 \le A\delta \le \mathbf 1\}

is positive or zero.

Source: K. Konis, *Linear programming algorithms for detecting separated data in binary logistic regression models*,
DPhil thesis, Oxford 2007, for two classes; the cones of the other regressions are derived here.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from numerics.estimation.cholesky import Array

#: The program's optimum is 0, or at least 1: what lies between is its tolerance.
POSITIVE = 1e-3


def separated(halfspaces: Array) -> bool:
    """Whether some δ has Aδ ≥ 0 and Aδ ≠ 0, for A of shape (K, p).

    Examples
    --------
    >>> import numpy as np
    >>> separated(np.array([[1.0, 1.0], [-1.0, 2.0]])), separated(np.array([[1.0], [-1.0]]))
    (True, False)
    """
    if not len(halfspaces):
        return False
    scale = np.abs(halfspaces).max(axis=1, keepdims=True)
    rows = np.unique(halfspaces[scale[:, 0] > 0] / scale[scale[:, 0] > 0], axis=0)
    found = linprog(
        -rows.sum(axis=0),
        A_ub=np.concatenate([rows, -rows]),
        b_ub=np.concatenate([np.ones(len(rows)), np.zeros(len(rows))]),
        bounds=(None, None),
        method="highs",
    )
    return bool(found.success) and -float(found.fun or 0.0) > POSITIVE
