r"""The limit of moments that steps pull to it, where no order of growth need be told from another.

For :math:`m_g = P_g m_{g-1} + f_g` with :math:`P_g \to P`, :math:`f_g \to f`, the moments that feed one another in the
end make blocks, and P is triangular in these. Where every block contracts, :math:`m_g \to m = (1 - P)^{-1} f`,
whichever of its entries is the largest: parameters may be symbols. A block of one moment contracts by a number inside
(−1, 1); one of more, by nonnegative numbers whose sums over a row are at most 1, and not all of them 1 (Perron and
Frobenius). For in
some norm :math:`\|P_g\| \le 1 - \epsilon` from some generation on, and
:math:`m_g - m = P_g(m_{g-1} - m) + (P_g - P)\,m + f_g - f`, whose last terms tend to 0 (derived here). A memory that
fades at a constant rate has such steps, rational in g and in a power :math:`c^g`.
"""

from __future__ import annotations

from sympy import Add, Expr, Matrix, Mul, Pow, S, Symbol, expand, expand_power_exp, eye, fraction
from sympy.polys.matrices import DomainMatrix

from theory.expressions.fraction_field import NotRational, Quotient, Rationals, at_infinity, in_lowest_terms, is_over_q
from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.graph import feeding, in_turn, reached
from theory.solver.system import reachable


def settled_limit(recurrence: MomentRecurrence, ranges: Ranges) -> Expr | None:
    """Limit of the moment as G → ∞; None where steps are not seen to be of this kind."""
    while recurrence.continuation is not None:
        recurrence = recurrence.continuation[1]
    used = reachable(recurrence)
    matrix, readout = recurrence.matrix.extract(used, used), recurrence.readout.extract([0], used)
    forcing = recurrence.forcing.extract(used, [0])
    try:
        matrix, readout, forcing, shift = (
            part.applyfunc(lambda entry: _late(entry, recurrence.symbol, ranges))
            for part in (matrix, readout, forcing, Matrix([recurrence.shift]))
        )
    except (_Moving, NotRational):
        return None
    if not all(_contracts(matrix.extract(block, block), ranges) for block in _blocks(matrix)):
        return None
    return in_lowest_terms(_fixed(matrix, forcing, readout) + shift[0])


class _Moving(Exception):
    """A coefficient without a finite limit that is seen."""


def _late(entry: Expr, g: Symbol, ranges: Ranges) -> Expr:
    """The limit of a coefficient that is rational in g and in powers c^g: the largest c outruns all else."""
    if not entry.has(g):
        return entry
    (above, top), (below, bottom) = (_largest(_by_rates(part, g), ranges) for part in fraction(in_lowest_terms(entry)))
    faster = sign(above - below, ranges)
    found = S.Zero if faster == -1 else at_infinity(top / bottom, g) if faster == 0 else None
    if found is None:
        raise _Moving
    return found


def _by_rates(polynomial: Expr, g: Symbol) -> dict[Expr, Expr]:
    """Coefficients, which may hold g, of every c^g by c."""
    found: dict[Expr, Expr] = {}
    for term in Add.make_args(expand(expand_power_exp(polynomial))):
        rest, rate = S.One, S.One
        for factor in Mul.make_args(term):
            if not (isinstance(factor, Pow) and factor.exp.has(g)):
                rest *= factor
            elif (factor.exp / g).is_Integer:
                rate *= factor.base ** (factor.exp / g)
            else:
                raise _Moving
        found[rate] = found.get(rate, S.Zero) + rest
    return {rate: value for rate, value in found.items() if value != 0}


def _largest(parts: dict[Expr, Expr], ranges: Ranges) -> tuple[Expr, Expr]:
    """The largest rate, and its coefficient."""
    if any(sign(rate, ranges) != 1 for rate in parts):
        raise _Moving
    for rate, value in parts.items():
        if all(sign(rate - other, ranges) in (0, 1) for other in parts):
            return rate, value
    raise _Moving


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
    order = in_turn(feeding(matrix))
    if order is not None and all(map(is_over_q, (*matrix, *forcing, *readout))):
        return _in_turn(matrix, forcing, readout, order)
    whole = DomainMatrix.from_Matrix((eye(size) - matrix).row_join(forcing)).to_field()
    fixed = whole[:, :size].lu_solve(whole[:, size:]).to_Matrix()
    return (readout * fixed)[0]


def _in_turn(matrix: Matrix, forcing: Matrix, readout: Matrix, order: list[int]) -> Expr:
    """The same where the moments can be told one after another."""
    field = Rationals(set().union(*(entry.free_symbols for entry in (*matrix, *forcing, *readout))))
    fixed: dict[int, Quotient] = {}
    for row in order:
        inflow = sum(
            (field(matrix[row, col]) * fixed[col] for col in fixed if matrix[row, col] != 0), field(forcing[row])
        )
        fixed[row] = inflow / (1 - field(matrix[row, row]))
    return field.expression(sum((field(readout[row]) * value for row, value in fixed.items()), field.one * 0))


def _is_inside(value: Expr, ranges: Ranges) -> bool:
    """Whether −1 < value < 1 for all parameters."""
    return sign(in_lowest_terms(S.One - value), ranges) == 1 and sign(in_lowest_terms(S.One + value), ranges) == 1
