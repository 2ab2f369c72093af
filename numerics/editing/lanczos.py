r"""The first eigenvectors of a Gram matrix without the others, and a proof that none was passed over.

Lanczos's method from a fixed start, each vector made orthogonal to all before it: where
:math:`G Q = Q T + \beta q e^\top`, an eigenpair (θ, s) of the tridiagonal T is within :math:`\beta |s_m|` of one of G.
Of which one that does not say: what the start has no part of is never seen. So the rest is looked at. Where
:math:`\|G\|_F^2 - \sum_i \theta_i^2 < \tau^2`, or :math:`\tau I - G + \sum_i \theta_i v_i v_i^\top` has a Cholesky
factor, no other eigenvalue reaches τ.

Of rows Δ the matrix :math:`G = \Delta\Delta^\top` itself is not needed: G q takes two products with Δ, and of the rest
:math:`R = G - \sum_i \theta_i v_i v_i^\top`, positive semidefinite but for rounding, the blocks :math:`R_{bb}` on
the diagonal are enough where :math:`\sum_b \|R_{bb}\|_F < \tau`: by Cauchy and Schwarz
:math:`x^\top R x \le (\sum_b \|R_{bb}^{1/2} x_b\|)^2 \le \sum_b \|R_{bb}\| \|x\|^2`. Blocks of one row make it the
trace; those of s rows cost N/s times less than G, and the trace of noise falls by √s at most. The mean of a model's
states is above that; what is near the edge of noise takes all of G.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]

#: More steps than these cost as much as all eigenvalues.
_STEPS = 40
#: Steps between two looks at what was found.
_PAUSE = 3
#: An eigenpair is found when its residual is rounding: so much of the largest eigenvalue.
_SETTLED = 1e-13
#: Rows of a block, at the least; and how many times as many as would do, were there nothing but noise.
_BLOCK, _SLACK = 16, 2.0
#: The rest of a sum of squares is known to so much of the sum.
_ROUNDING = 1e-10


def leading_pairs(gram: Array, wanted: int, edge: Callable[[Array], float]) -> tuple[Array, Array] | None:
    """The first eigenvalues, decreasing, and their vectors as columns; None where few steps do not settle them.

    Parameters
    ----------
    gram : array, shape (n, n), positive semidefinite
    wanted : int
        Pairs, at the least.
    edge : function
        Of the eigenvalues, decreasing, of which the small ones may be off: the number above which all are wanted.

    Notes
    -----
    Lanczos (1950), made orthogonal twice (Parlett 1980); the proof that none is missing is made here.
    """
    found = _iterated(gram.__matmul__, np.diagonal(gram), wanted, edge)
    return found[:2] if found is not None and _none_missing(gram, *found) else None


def leading_pairs_of_rows(rows: Array, signs: Array, wanted: int) -> tuple[Array, Array] | None:
    r"""Those of :math:`(s_i s_j \langle d_i, d_j\rangle)`, which is not made; None also where its blocks prove nothing.

    Parameters
    ----------
    rows : array, shape (n, D), n ≤ D
    signs : array, shape (n,)
        1 or −1.
    wanted : int
        Pairs.

    Notes
    -----
    As :func:`leading_pairs`; flipped rows with flipped signs give the same bits.
    """
    squares = np.einsum("ij,ij->i", rows, rows)
    found = _iterated(lambda given: signs * (rows @ ((signs * given) @ rows)), squares, wanted, lambda _: np.inf)
    if found is None:
        return None
    values, vectors, ceiling = found
    seen = _none_missing_in_rows(rows, squares, values, signs[:, None] * vectors, ceiling)
    return (values, vectors) if seen else None


def _iterated(
    times: Callable[[Array], Array], squares: Array, wanted: int, edge: Callable[[Array], float]
) -> tuple[Array, Array, float] | None:
    """Eigenpairs, and what no other eigenvalue may reach, of a matrix that multiplies and whose diagonal is known."""
    order, length = len(squares), np.linalg.norm(squares)
    if not length:
        return None
    steps = min(_STEPS, order // 4)
    basis, diagonal, beside = np.zeros((steps + 1, order)), np.zeros(steps), np.zeros(steps)
    basis[0] = squares / length
    for step in range(steps):
        known = basis[: step + 1]
        image = times(basis[step])
        diagonal[step] = basis[step] @ image
        for _ in range(2):
            image -= (known @ image) @ known
        beside[step] = np.linalg.norm(image)
        if beside[step] <= _SETTLED * diagonal[0]:
            return None
        basis[step + 1] = image / beside[step]
        if (step + 1) % _PAUSE == 0:
            found = _settled(diagonal[: step + 1], beside[: step + 1], wanted, edge)
            if found is not None:
                values, inner, ceiling = found
                return values, known.T @ inner, ceiling
    return None


def _settled(
    diagonal: Array, beside: Array, wanted: int, edge: Callable[[Array], float]
) -> tuple[Array, Array, float] | None:
    """Eigenpairs of the tridiagonal form that are wanted, and what no other eigenvalue may reach; if all are found."""
    if len(diagonal) <= wanted:
        return None
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1))
    values, vectors = values[::-1], vectors[:, ::-1]
    above = edge(values)
    number = max(wanted, int((values > above).sum()))
    residuals = beside[-1] * np.abs(vectors[-1, :number])
    if (residuals > _SETTLED * values[0]).any():
        return None
    return values[:number], vectors[:, :number], min(above, float(values[number - 1]))


def _none_missing(gram: Array, values: Array, vectors: Array, ceiling: float) -> bool:
    """Whether no eigenvalue beside those given reaches the ceiling."""
    # Eigenvalues that all are their mean have the least squares: where those are too much, none is summed.
    if (np.trace(gram) - values.sum()) ** 2 < len(gram) * ceiling**2:
        squares = float((gram**2).sum())
        if squares - float(values @ values) + _ROUNDING * squares < ceiling**2:
            return True
    rest = (vectors * values) @ vectors.T
    rest -= gram
    rest[np.diag_indices(len(rest))] += ceiling
    return bool(lapack.dpotrf(rest.T, lower=1, overwrite_a=1)[1] == 0)


def _none_missing_in_rows(rows: Array, squares: Array, values: Array, vectors: Array, ceiling: float) -> bool:
    """The same from blocks on the diagonal of the products of the rows; False may also be that they do not tell."""
    total = float(squares.sum())
    # Rounding, of the products and of the pairs found, is far less.
    ceiling -= _ROUNDING * total
    rest = total - float(values.sum())
    if rest < ceiling:
        return True
    # Blocks of s rows lower it by √s at most, and of noise by that nearly.
    size = max(_BLOCK, math.ceil(_SLACK * (rest / ceiling) ** 2)) if ceiling > 0 else len(rows)
    if size > len(rows) // 2:
        return False
    scaled = vectors * np.sqrt(values)
    bound = 0.0
    for start in range(0, len(rows), size):
        block, known = rows[start : start + size], scaled[start : start + size]
        bound += float(np.linalg.norm(block @ block.T - known @ known.T))
    return bound < ceiling
