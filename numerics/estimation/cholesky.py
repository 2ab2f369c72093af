r"""Cholesky factors of many small matrices at once, replicates last.

An array of shape (p, p, B) holds B symmetric matrices, and every step below is one operation on all of them. LAPACK
called matrix by matrix raises on the first singular one of a batch and takes longer to call than to factorise; here a
matrix that is not positive definite is marked, and the others go on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A pivot below this share of its diagonal entry has lost all its digits to cancellation.
LOST = 1e-13


def factor(matrices: Array) -> tuple[Array, Mask]:
    r"""Lower triangles L with :math:`A = LL^\top`, shape (p, p, B), and which matrices have one, (B,).

    Where a pivot is not positive the matrix is marked and its pivot set to 1, so that what follows stays finite.

    Examples
    --------
    >>> import numpy as np
    >>> lower, definite = factor(np.array([[[4.0, 1.0], [2.0, 1.0]], [[2.0, 1.0], [3.0, 1.0]]]))
    >>> lower[:, :, 0].tolist(), definite.tolist()
    ([[2.0, 0.0], [1.0, 1.4142135623730951]], [True, False])
    """
    size = len(matrices)
    lower = np.zeros_like(matrices)
    rest = matrices.copy()
    definite = np.ones(matrices.shape[2], dtype=np.bool_)
    for k in range(size):
        # Negated, so that nan counts as indefinite.
        bad = ~(rest[k, k] > LOST * matrices[k, k])
        if bad.any():
            definite &= ~bad
            rest[k:, k, bad] = 0.0
            rest[k, k, bad] = 1.0
        root = np.sqrt(rest[k, k])
        lower[k, k] = root
        if k + 1 < size:
            column = rest[k + 1 :, k] / root
            lower[k + 1 :, k] = column
            rest[k + 1 :, k + 1 :] -= column[:, None] * column[None, :]
    return lower, definite


def forward(lower: Array, right: Array) -> Array:
    """``L⁻¹ right`` for right of shape (p, B)."""
    out = right.copy()
    for k in range(len(lower)):
        out[k] /= lower[k, k]
        if k + 1 < len(lower):
            out[k + 1 :] -= lower[k + 1 :, k] * out[k]
    return out


def backward(lower: Array, right: Array) -> Array:
    """``L⁻ᵀ right`` for right of shape (p, B)."""
    out = right.copy()
    for k in range(len(lower) - 1, -1, -1):
        out[k] /= lower[k, k]
        if k:
            out[:k] -= lower[k, :k] * out[k]
    return out
