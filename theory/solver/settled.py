r"""The limit of several moments that constant steps pull to it, where no order of growth need be told from another.

For :math:`m_g = P m_{g-1} + f` the moments that feed one another make blocks, and P is triangular in these. Where every
block contracts, :math:`m_g \to (1 - P)^{-1} f`, whichever of its entries is the largest: parameters may be symbols. A
block of one moment contracts by a number inside (−1, 1); one of more, by nonnegative numbers whose sums over a row are
at most 1, and not all of them 1 (Perron and Frobenius).
"""

from __future__ import annotations

from sympy import Expr, Matrix, S, eye
from sympy.polys.matrices import DomainMatrix

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.graph import reached
from theory.solver.system import reachable


def settled_limit(recurrence: MomentRecurrence, ranges: Ranges) -> Expr | None:
    """Limit of the moment as G → ∞; None where steps are not seen to be of this kind."""
    while recurrence.continuation is not None:
        recurrence = recurrence.continuation[1]
    used = reachable(recurrence)
    matrix, readout = recurrence.matrix.extract(used, used), recurrence.readout.extract([0], used)
    forcing, g = recurrence.forcing.extract(used, [0]), recurrence.symbol
    if any(part.has(g) for part in (matrix, forcing, readout, recurrence.shift)):
        return None
    if not all(_contracts(matrix.extract(block, block), ranges) for block in _blocks(matrix)):
        return None
    return in_lowest_terms(_fixed(matrix, forcing, readout) + recurrence.shift)


def _blocks(matrix: Matrix) -> list[list[int]]:
    """The moments that feed one another, together."""
    size = matrix.shape[0]
    sources = [reached(matrix, {row}) for row in range(size)]
    found = {row: [col for col in range(size) if col in sources[row] and row in sources[col]] for row in range(size)}
    return [block for row, block in found.items() if block[0] == row]


def _contracts(block: Matrix, ranges: Ranges) -> bool:
    """Whether powers of a block, whose moments all feed one another, tend to 0 for all parameters."""
    if block.shape == (1, 1):
        return _is_inside(block[0], ranges)
    if any(sign(entry, ranges) not in (0, 1) for entry in block):
        return False
    left = {sign(in_lowest_terms(1 - sum(block[row, :])), ranges) for row in range(block.rows)}
    return left == {0, 1} or left == {1}


def _fixed(matrix: Matrix, forcing: Matrix, readout: Matrix) -> Expr:
    """h (1 − P)⁻¹ f."""
    size = matrix.rows
    whole = DomainMatrix.from_Matrix((eye(size) - matrix).row_join(forcing)).to_field()
    fixed = whole[:, :size].lu_solve(whole[:, size:]).to_Matrix()
    return (readout * fixed)[0]


def _is_inside(value: Expr, ranges: Ranges) -> bool:
    """Whether −1 < value < 1 for all parameters."""
    return sign(in_lowest_terms(S.One - value), ranges) == 1 and sign(in_lowest_terms(S.One + value), ranges) == 1
