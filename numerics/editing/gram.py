"""Right singular vectors from inner products: deterministic, and the same whatever the signs of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.threads import single_threaded_algebra

Array = NDArray[np.float64]

#: Singular values below this share of the largest are rounding: inner products hold their squares.
RESOLUTION = 1e-7


def unsigned(rows: Array) -> Array:
    """Rows with signs of their own choice, so that flipped rows are the same to the last bit: first entry not 0 is > 0.

    Notes
    -----
    Derived here: the subspace of :math:`\\Delta^\\top\\Delta = \\sum_i d_i d_i^\\top` knows no signs.
    """
    first = (rows != 0).argmax(axis=1)
    signs = np.where(rows[np.arange(len(rows)), first] < 0, -1.0, 1.0)
    return rows * signs[:, None]


def right_vectors(rows: Array) -> tuple[Array, Array]:
    r"""Singular values and right singular vectors of a matrix, the largest first; those that are rounding left out.

    :math:`\Delta = U S V^\top` from the smaller of :math:`\Delta\Delta^\top` and :math:`\Delta^\top\Delta`, on one
    thread.

    Parameters
    ----------
    rows : array, shape (N, D)

    Returns
    -------
    values : shape (m,)
    vectors : shape (m, D), orthonormal rows

    Notes
    -----
    Derived here; the Gram matrix loses half of the digits of small singular values, which no editing uses.
    """
    rows = unsigned(rows)
    with single_threaded_algebra():
        if rows.shape[0] < rows.shape[1]:
            squares, vectors = np.linalg.eigh(rows @ rows.T)
            vectors = vectors.T[::-1] @ rows
        else:
            squares, vectors = np.linalg.eigh(rows.T @ rows)
            vectors = vectors.T[::-1]
        values = np.sqrt(np.clip(squares[::-1], 0.0, None))
        kept = values > RESOLUTION * values[0] if values[0] > 0 else np.zeros(len(values), dtype=bool)
        return values[kept], orthonormal(vectors[kept])


def orthonormal(rows: Array) -> Array:
    """Orthonormal rows with the same span, one after another, each towards its own row (a QR with signs kept)."""
    if not len(rows):
        return rows
    with single_threaded_algebra():
        basis, triangle = np.linalg.qr(rows.T)
    return np.ascontiguousarray((basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T)
