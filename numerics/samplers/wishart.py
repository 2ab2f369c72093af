r"""Wishart laws for many replicates at once, and triangular algebra on them.

Arrays carry the replicate as their last axis, so every operation on one matrix entry is a vector operation
over replicates: for the small dimensions of regression this is several times faster than a call to LAPACK a matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


def wishart_factor(rng: Generator, dimension: int, freedom: int, replicates: int) -> Array:
    r"""Lower triangular L with :math:`L L^\top \sim W_d(\nu, I)`, ν ≥ d (Bartlett 1933): shape (d, d, replicates).

    Entries above the diagonal are zero.
    """
    factor = np.zeros((dimension, dimension, replicates))
    for row in range(dimension):
        for column in range(row):
            rng.standard_normal(out=factor[row, column])
        np.sqrt(rng.chisquare(freedom - row, replicates), out=factor[row, row])
    return factor


def add_gram(factor: Array, weight: float, total: Array) -> None:
    """Add weight·L Lᵀ to the lower triangle of ``total``."""
    for k in range(len(factor)):
        product = np.einsum("ijb,jb->ib", factor[k:, : k + 1], factor[k, : k + 1])
        if weight != 1.0:
            product *= weight
        total[k:, k] += product


def lower_times(factor: Array, vector: Array) -> Array:
    """L v."""
    return np.stack([np.einsum("jb,jb->b", factor[i, : i + 1], vector[: i + 1]) for i in range(len(factor))])


def transpose_times(factor: Array, vector: Array) -> Array:
    """Lᵀ v."""
    return np.stack([np.einsum("jb,jb->b", factor[i:, i], vector[i:]) for i in range(len(factor))])


def cholesky_solve(matrix: Array, right: Array) -> Array:
    """Solve A x = b for positive definite A, of which only the lower triangle is read."""
    dimension = len(matrix)
    factor = np.empty_like(matrix)
    inverse_diagonal = np.empty_like(right)
    solution = np.empty_like(right)
    for k in range(dimension):
        column = matrix[k:, k]
        if k:
            column = column - np.einsum("ijb,jb->ib", factor[k:, :k], factor[k, :k])
        np.sqrt(column[0], out=inverse_diagonal[k])
        np.reciprocal(inverse_diagonal[k], out=inverse_diagonal[k])
        np.multiply(column, inverse_diagonal[k], out=factor[k:, k])
        value = right[k]
        if k:
            value = value - np.einsum("jb,jb->b", factor[k, :k], solution[:k])
        np.multiply(value, inverse_diagonal[k], out=solution[k])
    for k in range(dimension - 1, -1, -1):
        if k + 1 < dimension:
            solution[k] -= np.einsum("jb,jb->b", factor[k + 1 :, k], solution[k + 1 :])
        solution[k] *= inverse_diagonal[k]
    return solution


def bidiagonal_factor(rng: Generator, dimension: int, freedom: int, replicates: int) -> tuple[Array, Array]:
    r"""Diagonal and subdiagonal of a bidiagonal B with :math:`B B^\top` orthogonally similar to :math:`W_d(\nu, I)`.

    Dumitriu and Edelman (2002), *Matrix models for beta ensembles*, with β = 1: independent χ variables of
    ν, ν−1, …, ν−d+1 degrees on the diagonal and d−1, …, 1 below it.
    """
    diagonal = np.sqrt(rng.chisquare((freedom - np.arange(dimension))[:, None], (dimension, replicates)))
    below = np.sqrt(rng.chisquare(np.arange(dimension - 1, 0, -1)[:, None], (dimension - 1, replicates)))
    return diagonal, below


def bidiagonal_inverse_norm(diagonal: Array, below: Array, vector: Array, out: Array) -> None:
    r""":math:`\|B^{-1} v\|^2` by forward substitution."""
    entry = vector[0] / diagonal[0]
    np.multiply(entry, entry, out=out)
    for k in range(1, len(diagonal)):
        entry = (vector[k] - below[k - 1] * entry) / diagonal[k]
        out += entry * entry
