r"""The limit of several moments that constant steps pull to it, where no order of growth need be told from another.

For :math:`m_g = P m_{g-1} + f` with a matrix P that is triangular in some order, and a diagonal inside the unit circle,
:math:`m_g \to (1 - P)^{-1} f`, whichever of its entries is the largest: parameters may be symbols.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from sympy import Expr, Matrix, S, eye

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.system import reachable


def settled_limit(recurrence: MomentRecurrence, ranges: Ranges) -> Expr | None:
    """Limit of the moment as G → ∞; None where steps are not seen to be of this kind."""
    while recurrence.continuation is not None:
        recurrence = recurrence.continuation[1]
    used = reachable(recurrence)
    matrix, readout = recurrence.matrix.extract(used, used), recurrence.readout.extract([0], used)
    forcing, g = recurrence.forcing.extract(used, [0]), recurrence.symbol
    if readout.has(g) or recurrence.shift.has(g) or not _is_triangular(matrix):
        return None
    if matrix.has(g) or forcing.has(g) or not all(_is_inside(matrix[k, k], ranges) for k in range(len(used))):
        return None
    fixed = (eye(len(used)) - matrix).LUsolve(forcing)
    return in_lowest_terms((readout * fixed)[0] + recurrence.shift)


def _is_triangular(matrix: Matrix) -> bool:
    size = matrix.shape[0]
    sources = {row: {col for col in range(size) if col != row and matrix[row, col] != 0} for row in range(size)}
    try:
        list(TopologicalSorter(sources).static_order())
    except CycleError:
        return False
    return True


def _is_inside(value: Expr, ranges: Ranges) -> bool:
    """Whether −1 < value < 1 for all parameters."""
    return sign(in_lowest_terms(S.One - value), ranges) == 1 and sign(in_lowest_terms(S.One + value), ranges) == 1
