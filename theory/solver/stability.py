"""Does a constant system forget, or blow up? Row sums of a nonnegative matrix decide (Perron–Frobenius)."""

from __future__ import annotations

from sympy import Matrix, S

from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import sign
from theory.solver.graph import reached


def spectral_radius(matrix: Matrix, order: Order) -> int | None:
    """Sign of (spectral radius − 1) for an irreducible nonnegative matrix; None when row sums do not tell.

    Raises
    ------
    UnknownOrder
        When a row sum may lie on either side of 1.
    """
    size = matrix.shape[0]
    if any(sign(entry, order.ranges) in (None, -1) for entry in matrix) or not _irreducible(matrix):
        return None
    signs = {order.exponents(in_lowest_terms(sum(matrix[row, :])), S.One) for row in range(size)}
    if {1, -1} <= signs:
        return None
    return 1 if 1 in signs else -1 if -1 in signs else 0


def _irreducible(matrix: Matrix) -> bool:
    return all(len(reached(matrix, {root})) == matrix.rows for root in range(matrix.rows))
