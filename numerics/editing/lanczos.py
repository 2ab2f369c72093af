r"""The first eigenvectors of a Gram matrix without the others, and a proof that none was passed over.

Lanczos's method from a fixed start, each vector made orthogonal to all before it: where
:math:`G Q = Q T + \beta q e^\top`, an eigenpair (θ, s) of the tridiagonal T is within :math:`\beta |s_m|` of one of G.
Of which one that does not say: what the start has no part of is never seen. So the rest is looked at. Where
:math:`\|G\|_F^2 - \sum_i \theta_i^2 < \tau^2`, or :math:`\tau I - G + \sum_i \theta_i v_i v_i^\top` has a Cholesky
factor, no other eigenvalue reaches τ.
"""

from __future__ import annotations

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
    order = len(gram)
    steps = min(_STEPS, order // 4)
    basis, diagonal, beside = np.zeros((steps + 1, order)), np.zeros(steps), np.zeros(steps)
    start = np.diagonal(gram)
    basis[0] = start / np.linalg.norm(start)
    for step in range(steps):
        known = basis[: step + 1]
        image = gram @ basis[step]
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
                vectors = known.T @ inner
                return (values, vectors) if _none_missing(gram, values, vectors, ceiling) else None
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
    squares = float((gram**2).sum())
    if squares - float(values @ values) + _ROUNDING * squares < ceiling**2:
        return True
    rest = (vectors * values) @ vectors.T - gram
    rest[np.diag_indices(len(rest))] += ceiling
    return bool(lapack.dpotrf(rest.T, lower=1, overwrite_a=1)[1] == 0)
