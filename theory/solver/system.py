"""Closed form of a moment recurrence: constant systems whole, others one component at a time."""

from __future__ import annotations

from sympy import Eq, Expr, Matrix, Piecewise, Pow, S, sympify

from theory.expressions.fraction_field import is_over_q
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.constant import solve_constant
from theory.solver.graph import feeding, in_turn, reached
from theory.solver.readout import solve_readout
from theory.solver.scalar import solve_scalar


def solve_recurrence(recurrence: MomentRecurrence) -> Expr | None:
    """h·m + c at generation G in closed form (before scale and offset), or None.

    A recurrence that starts late, or changes regime, gives a Piecewise in G.
    """
    branches: list[tuple[Expr, object]] = [(value, Eq(G, g)) for g, value in enumerate(recurrence.early, start=1)]
    active, initial = recurrence, recurrence.initial
    while True:
        solved = _solve(active, initial) or solve_readout(recurrence)
        if solved is None:
            return None
        value, moments = solved
        if active.continuation is None:
            branches.append((value, True))
            break
        first, following = active.continuation
        branches.append((value, first > G))
        if moments is None:
            return None
        initial = Matrix([moment.subs(G, first - 1) for moment in moments])
        active = following
    return branches[0][0] if len(branches) == 1 else Piecewise(*branches)


def solve_moments(recurrence: MomentRecurrence) -> list[list[Expr]] | None:
    """The moments at generation G in every regime, solved one after another; None where that does not succeed."""
    found: list[list[Expr]] = []
    active, initial = recurrence, recurrence.initial
    while True:
        moments = _triangular(active.matrix, active.forcing, initial, active)
        if moments is None:
            whole = solve_readout(recurrence)
            return None if whole is None else [whole[1]]
        found.append(moments)
        if active.continuation is None:
            return found
        first, active = active.continuation
        initial = Matrix([moment.subs(G, first - 1) for moment in moments])


def _solve(recurrence: MomentRecurrence, initial: Matrix) -> tuple[Expr, list[Expr] | None] | None:
    """The readout at G, and the moments themselves where they were solved for."""
    g = recurrence.symbol
    needed = reachable(recurrence)
    matrix = recurrence.matrix.extract(needed, needed)
    forcing = recurrence.forcing.extract(needed, [0])
    readout = recurrence.readout.extract([0], needed)
    start = Matrix([initial[index] for index in needed])
    shift = recurrence.shift.subs(g, G)
    if not (matrix.has(g) or forcing.has(g) or readout.has(g)) and recurrence.continuation is None:
        if len(needed) > _largest([*matrix, *forcing, *readout, *start]):
            return None
        origin = sympify(recurrence.start) - 1
        value = solve_constant(matrix, forcing, readout, start, origin, G)
        return None if value is None else (value + shift, None)
    moments = _triangular(matrix, forcing, start, recurrence)
    if moments is None:
        return None
    value = sum((readout[col].subs(g, G) * moments[col] for col in range(len(needed))), shift)
    full: list[Expr] = [S.Zero] * recurrence.matrix.shape[0]
    for position, index in enumerate(needed):
        full[index] = moments[position]
    return value, full


#: Moments of a constant system beyond which its characteristic polynomial, or its roots, are not worth the wait.
LARGEST_SYMBOLIC, LARGEST_IRRATIONAL, LARGEST_RATIONAL = 12, 4, 60


#: Moments of a system beyond which sums over Gamma functions, which are hardly ever closed, are not tried.
LARGEST_VARYING = 3


def _largest(entries: list[Expr]) -> int:
    if all(entry.is_Rational for entry in entries):
        return LARGEST_RATIONAL
    if all(map(is_over_q, entries)):
        return LARGEST_SYMBOLIC
    symbols = set().union(*(entry.free_symbols for entry in entries))
    rational = all(entry.is_rational_function(*symbols) and not entry.atoms(Pow) - _powers(entry) for entry in entries)
    return LARGEST_SYMBOLIC if rational else LARGEST_IRRATIONAL


def _powers(entry: Expr) -> set[Expr]:
    """The powers with whole exponents."""
    return {power for power in entry.atoms(Pow) if power.exp.is_Integer}


def reachable(recurrence: MomentRecurrence) -> list[int]:
    """Moments that the readout depends on, through any number of steps."""
    read = {col for col, weight in enumerate(recurrence.readout) if weight != 0}
    return sorted(reached(recurrence.matrix, read))


def _triangular(matrix: Matrix, forcing: Matrix, initial: Matrix, recurrence: MomentRecurrence) -> list[Expr] | None:
    g = recurrence.symbol
    size = matrix.shape[0]
    sources = feeding(matrix)
    order = in_turn(sources)
    if order is None:
        return None
    moments: list[Expr] = [S.Zero] * size
    for row in order:
        if size > LARGEST_VARYING and any(not moments[col].is_rational_function(G) for col in sources[row]):
            return None
        inflow = forcing[row] + sum((matrix[row, col] * moments[col].subs(G, g - 1) for col in sources[row]), S.Zero)
        solved = solve_scalar(matrix[row, row], inflow, g, sympify(recurrence.start), initial[row], G)
        if solved is None:
            return None
        moments[row] = solved
    return moments
