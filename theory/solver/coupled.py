r"""Limit and growth of many rational moments under constant steps: by linear algebra, without eigenvalues.

For :math:`m_g = P m_{g-1} + f`, of which only the moments that the readout reaches are looked at:

1. where some power of P has a row-sum norm below 1 the moments tend to :math:`(1 - P)^{-1} f`;
2. where P ≥ 0 has row sums of at most 1, its powers are bounded, so that 1 is a semisimple eigenvalue, and
   :math:`m_G = G\,\Pi f + O(1)` with the projection Π on the fixed vectors along the range of 1 − P; other eigenvalues
   of modulus 1 only oscillate;
3. where P ≥ 0 and :math:`(1 - P) m = f` has no solution m ≥ 0, the spectral radius is 1 or more (Neumann series), and
   moments that are all positive from some generation on grow beyond all bounds.
"""

from __future__ import annotations

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat
from sympy import Expr, Matrix, Rational, S, oo
from sympy.polys.matrices import DomainMatrix

from theory.expressions.symbols import G
from theory.moments.covariance import CovarianceRecurrence
from theory.moments.recurrence import Recurrence
from theory.solver.system import reachable

#: Squarings of P after which a spectral radius is no longer told from 1.
_SQUARINGS = 40


def is_coupled(recurrence: Recurrence) -> bool:
    """Whether these are rational second moments of coupled models."""
    if not isinstance(recurrence, CovarianceRecurrence):
        return False
    return all(entry.is_Rational for entry in (*recurrence.matrix, *recurrence.forcing, *recurrence.readout))


def limit_and_growth(recurrence: CovarianceRecurrence) -> tuple[Expr | None, Expr | None]:
    """Limit and leading term of the moment as G → ∞; None for what no theorem here tells."""
    used = reachable(recurrence)
    matrix, forcing = recurrence.matrix.extract(used, used), recurrence.forcing.extract(used, [0])
    readout = recurrence.readout.extract([0], used)
    step, flow = _flint(matrix), _flint(forcing)
    if _contracts(step):
        fixed = _solution(step, flow)
        assert fixed is not None
        value = (_flint(readout) * fixed)[0, 0]
        limit = recurrence.shift + Rational(int(value.p), int(value.q))
        return limit, limit
    if any(entry.is_negative for entry in (*matrix, *forcing, *readout)):
        return None, None
    if all(sum(matrix[row, :]) <= 1 for row in range(len(used))):
        slope = _slope(matrix, forcing, readout)
        return (oo, slope * G) if slope > 0 else (None, None)
    fixed = _solution(step, flow)
    negative = fixed is None or any(value < 0 for value in fixed.entries())
    initial = _flint(recurrence.initial.extract(used, [0]))
    return (oo, None) if negative and _becomes_positive(step, flow, initial) else (None, None)


def _flint(matrix: Matrix) -> fmpq_mat:
    return fmpq_mat(*matrix.shape, [fmpq(int(value.p), int(value.q)) for value in matrix])


def _identity(size: int) -> fmpq_mat:
    return fmpq_mat(size, size, [int(row == col) for row in range(size) for col in range(size)])


def _solution(step: fmpq_mat, flow: fmpq_mat) -> fmpq_mat | None:
    """m = P m + f; None where 1 is an eigenvalue of P."""
    try:
        return (_identity(step.nrows()) - step).solve(flow)
    except ZeroDivisionError:
        return None


def _contracts(step: fmpq_mat) -> bool:
    """Whether a power of P has a row-sum norm below 1, in balls."""
    size, before = step.nrows(), ctx.prec
    try:
        ctx.prec = 256
        power = arb_mat(step)
        for _ in range(_SQUARINGS):
            sums = [sum((abs(power[row, col]) for col in range(size)), arb(0)) for row in range(size)]
            if all(total < 1 for total in sums):
                return True
            if any(not total.is_finite() or total > arb(2) ** 60 for total in sums):
                return False
            power = power * power
    finally:
        ctx.prec = before
    return False


def _slope(matrix: Matrix, forcing: Matrix, readout: Matrix) -> Expr:
    """h Π f."""
    size = matrix.shape[0]
    still = Matrix.eye(size) - Matrix(matrix)
    right, left = (_kernel(entries) for entries in (still, still.T))
    if not right:
        return S.Zero
    columns, rows = Matrix.hstack(*right), Matrix.hstack(*left).T
    weights = (rows * columns).LUsolve(rows * forcing)
    return (readout * columns * weights)[0]


def _kernel(matrix: Matrix) -> list[Matrix]:
    found = DomainMatrix.from_Matrix(matrix).to_field().nullspace().to_Matrix()
    return [found[row, :].T for row in range(found.shape[0])]


def _becomes_positive(step: fmpq_mat, flow: fmpq_mat, state: fmpq_mat) -> bool:
    """Whether every moment is positive after as many generations as there are moments, and has an inflow then."""
    for _ in range(step.nrows() + 1):
        state = step * state + flow
    return all(value > 0 for value in state.entries())
