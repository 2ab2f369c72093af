r"""Limits of several moments at once, where no order of growth need be told from another.

*Constant steps.* For :math:`m_g = P m_{g-1} + f` with a matrix P that is triangular in some order, and a diagonal
inside the unit circle, :math:`m_g \to (1 - P)^{-1} f`, whichever of its entries is the largest: parameters may be
symbols.

*Steps of products.* A moment that nothing else feeds, :math:`m_g = p_g m_{g-1}`, tends to an infinite product where
:math:`p_g = 1 + O(1/g^2)`.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from sympy import Expr, Integer, Matrix, S, cancel, eye

from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.series import convergent_product
from theory.solver.system import reachable


def settled_limit(recurrence: MomentRecurrence, ranges: Ranges) -> Expr | None:
    """Limit of the moment as G → ∞; None where neither theorem applies."""
    while recurrence.continuation is not None:
        recurrence = recurrence.continuation[1]
    used = reachable(recurrence)
    matrix, readout = recurrence.matrix.extract(used, used), recurrence.readout.extract([0], used)
    forcing, g = recurrence.forcing.extract(used, [0]), recurrence.symbol
    if readout.has(g) or recurrence.shift.has(g) or not _is_triangular(matrix):
        return None
    if not matrix.has(g) and not forcing.has(g):
        if all(_is_inside(matrix[row, row], ranges) for row in range(len(used))):
            fixed = (eye(len(used)) - matrix).LUsolve(forcing)
            return cancel((readout * fixed)[0] + recurrence.shift)
        return None
    if recurrence.initial.shape[0] != recurrence.matrix.shape[0] or not matrix.is_diagonal() or any(forcing):
        return None
    return _by_products(recurrence, used, readout)


def _by_products(recurrence: MomentRecurrence, used: list[int], readout: Matrix) -> Expr | None:
    total = recurrence.shift
    for at, index in enumerate(used):
        first = recurrence.initial[index]
        if not isinstance(recurrence.start, int | Integer):
            return None
        product = convergent_product(recurrence.matrix[index, index], recurrence.symbol, int(recurrence.start))
        if product is None:
            return None
        total += readout[at] * first * product
    return total


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
    return sign(cancel(S.One - value), ranges) == 1 and sign(cancel(S.One + value), ranges) == 1
