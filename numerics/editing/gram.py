"""Right singular vectors from inner products: deterministic, and the same whatever the signs of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal, eigvalsh_tridiagonal, lapack

from numerics.editing.lanczos import leading_pairs, leading_pairs_of_rows
from numerics.threads import single_threaded_algebra

Array = NDArray[np.float64]

#: Singular values below this share of the largest are rounding: inner products hold their squares.
RESOLUTION = 1e-7
#: Fewer vectors than this share of all are computed by themselves.
_FEW = 4
#: Columns that LAPACK works on at a time: without room for them it falls back to one.
_BLOCK = 32


def row_signs(rows: Array) -> Array:
    r"""Signs that make flipped rows the same: of each the first entry that is not 0 becomes positive.

    Notes
    -----
    Derived here: :math:`\Delta^\top\Delta = \sum_i d_i d_i^\top` knows none, and of :math:`\Delta\Delta^\top` they are
    factors, which change no bit but the sign.
    """
    first = (rows != 0).argmax(axis=1)
    return np.where(rows[np.arange(len(rows)), first] < 0, -1.0, 1.0)


def spectrum(rows: Array, most: int | None = None) -> tuple[Array, Array]:
    r"""Squared singular values, the largest first, and the right singular vectors of the first of them.

    :math:`\Delta = U S V^\top` from the smaller of :math:`\Delta\Delta^\top` and :math:`\Delta^\top\Delta`, on one
    thread: all eigenvalues, and the vectors of ``most`` of them, but of none that is rounding.

    Parameters
    ----------
    rows : array, shape (N, D)
    most : int, optional
        Vectors that are computed; all where left out.

    Returns
    -------
    squares : shape (min(N, D),)
    vectors : shape (at most ``most``, D), orthonormal rows

    Notes
    -----
    Derived here; the Gram matrix loses half of the digits of small singular values, which no editing uses.
    """
    with single_threaded_algebra():
        gram, signs = _products(rows)
        order = len(gram)
        number = order if most is None else min(most, order)
        if 0 < number < order // _FEW:
            squares, vectors = _leading(gram, number)
        else:
            squares, vectors = np.linalg.eigh(gram)
            squares = squares[::-1]
        squares = np.clip(squares, 0.0, None)
        number = min(number, int((squares > RESOLUTION**2 * squares[0]).sum()) if squares[0] > 0 else 0)
        return squares, _of_rows(vectors.T[::-1][:number], rows, signs)


def leading_spectrum(
    rows: Array, wanted: int, edge: Callable[[Array, float], float] | None = None
) -> tuple[Array, Array] | None:
    r"""The first squared singular values and right singular vectors alone; None where they take as long as all.

    Parameters
    ----------
    rows : array, shape (N, D)
    wanted : int
        Directions: so many where no edge is given, else at the least, and those above the edge are all there.
    edge : function, optional
        Of the squares that are known, decreasing, and the sum of all: the number above which all are wanted.

    Returns
    -------
    squares : shape (k,)
    vectors : shape (k, D), orthonormal rows

    Notes
    -----
    By :mod:`numerics.editing.lanczos`, on one thread: the same bits every time, and whatever the signs of the rows.
    Without an edge the inner products are not even computed where a few of them prove that none was passed over.

    Examples
    --------
    >>> states = np.random.default_rng(0).standard_normal((60, 90)) + 9 * np.eye(90)[0]
    >>> squares, vectors = leading_spectrum(states, 1)
    >>> squares.round(3).tolist(), bool(vectors[0, 0] > 0.99)
    ([4989.362], True)
    """
    with single_threaded_algebra():
        found, signs = _without_products(rows, wanted) if edge is None else (None, None)
        if found is None:
            gram, signs = _products(rows)
            total = float(np.trace(gram))
            found = leading_pairs(gram, wanted, lambda squares: math.inf if edge is None else edge(squares, total))
        if found is None or found[0][-1] <= RESOLUTION**2 * found[0][0]:
            return None
        return found[0], _of_rows(found[1].T, rows, signs)


def _without_products(rows: Array, wanted: int) -> tuple[tuple[Array, Array] | None, Array | None]:
    """The first eigenpairs of what :func:`_products` would give, and its signs."""
    if rows.shape[0] >= rows.shape[1]:
        return leading_pairs_of_rows(rows.T, np.ones(rows.shape[1]), wanted), None
    signs = row_signs(rows)
    return leading_pairs_of_rows(rows, signs, wanted), signs


def _products(rows: Array) -> tuple[Array, Array | None]:
    """The smaller matrix of inner products, and the signs of the rows where it is theirs."""
    if rows.shape[0] >= rows.shape[1]:
        return rows.T @ rows, None
    signs = row_signs(rows)
    gram = rows @ rows.T
    gram *= signs
    gram *= signs[:, None]
    return gram, signs


def _of_rows(found: Array, rows: Array, signs: Array | None) -> Array:
    """Right singular vectors from the eigenvectors of the products, one a row."""
    if not len(found):
        return np.empty((0, rows.shape[1]))
    return orthonormal(found if signs is None else (found * signs) @ rows)


def _leading(gram: Array, number: int) -> tuple[Array, Array]:
    """All eigenvalues, the largest first, and the last ``number`` eigenvectors, from one tridiagonal form."""
    order = len(gram)
    # Transposed it is the same, and in LAPACK's order.
    reduced, diagonal, beside, scales, _ = lapack.dsytrd(gram.T, lower=1, lwork=_BLOCK * order, overwrite_a=1)
    squares = eigvalsh_tridiagonal(diagonal, beside, lapack_driver="sterf", check_finite=False)
    window = (order - number, order - 1)
    inner = eigh_tridiagonal(diagonal, beside, select="i", select_range=window, check_finite=False)[1]
    # The reflections leave the first coordinate alone, and stand below the diagonal as those of a QR do.
    reflections = np.asfortranarray(reduced[1:, :-1])
    rest = lapack.dormqr("L", "N", reflections, scales, inner[1:], lwork=_BLOCK * number)[0]
    return np.asarray(squares[::-1], dtype=np.float64), np.concatenate([inner[:1], rest])


def right_vectors(rows: Array) -> tuple[Array, Array]:
    """All singular values and right singular vectors that are no rounding; shapes (m,) and (m, D)."""
    squares, vectors = spectrum(rows)
    return np.sqrt(squares[: len(vectors)]), vectors


def orthonormal(rows: Array) -> Array:
    """Orthonormal rows with the same span, one after another, each towards its own row (a QR with signs kept)."""
    if not len(rows):
        return rows
    with single_threaded_algebra():
        basis, triangle = np.linalg.qr(rows.T)
    return np.ascontiguousarray((basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T)
