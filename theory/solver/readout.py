r"""Two moments of which the first is rational: the readout obeys a scalar recurrence of its own.

With :math:`y = h_1 m_1 + h_2 m_2 + c` and a rational closed form of m_1, :math:`y_g = a_g y_{g-1} + F_g`, where
:math:`a_g = h_2(g) P_{22}(g)/h_2(g-1)`. It may have a constant fixed point where m_2 has none: under accumulate a
conjugate prior acts once, so that the fitted mean keeps its bias, and its squared error is moved by a product alone.
"""

from __future__ import annotations

from sympy import Expr, expand_func, powsimp, sympify

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.scalar import solve_scalar


def solve_readout(recurrence: MomentRecurrence) -> tuple[Expr, list[Expr]] | None:
    """The readout at G (before scale and offset), and both moments; None where that does not succeed."""
    g, P = recurrence.symbol, recurrence.matrix
    if P.shape != (2, 2) or P[0, 1] != 0 or recurrence.continuation is not None or recurrence.early:
        return None
    entries = (*P, *recurrence.forcing, *recurrence.readout, recurrence.shift)
    first, second = recurrence.readout
    if second == 0 or not second.has(g) or not all(entry.is_rational_function(g) for entry in entries):
        return None
    start, before = sympify(recurrence.start), {g: g - 1}
    known = solve_scalar(P[0, 0], recurrence.forcing[0], g, start, recurrence.initial[0], G)
    if known is None:
        return None
    # Gamma functions one step apart, which SymPy leaves standing.
    known = in_lowest_terms(powsimp(expand_func(known)))
    if not known.is_rational_function(G):
        return None
    mean = known.subs(G, g)
    beside = first * mean + recurrence.shift
    step = in_lowest_terms(second * P[1, 1] / second.subs(before))
    flow = second * (P[1, 0] * mean.subs(before) + recurrence.forcing[1]) + beside - step * beside.subs(before)
    initial = in_lowest_terms((second * recurrence.initial[1] + beside).subs(g, start - 1))
    value = solve_scalar(step, in_lowest_terms(flow), g, start, initial, G)
    if value is None:
        return None
    return value, [known, (value - beside.subs(g, G)) / second.subs(g, G)]
