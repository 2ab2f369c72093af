"""What a recurrence inside another one answers, in units of the risk."""

from __future__ import annotations

from sympy import Expr, Piecewise, S, oo

from theory.expressions.expansion import Order
from theory.moments.recurrence import Recurrence
from theory.solver.solution import Solution


def answer(recurrence: Recurrence | None, which: str, order: Order | None) -> Expr | None:
    """Closed form, limit or growth of a recurrence, in units of the risk; of none at all it is 0."""
    if recurrence is None:
        return S.Zero
    found: Expr | None = getattr(Solution(recurrence, {} if order is None else order.ranges), which)
    if found is None:
        return None
    if isinstance(found, Piecewise):
        return Piecewise(*((_rescaled(recurrence, value), condition) for value, condition in found.args))
    return _rescaled(recurrence, found)


def _rescaled(recurrence: Recurrence, value: Expr) -> Expr:
    return value if value in (oo, -oo) else recurrence.offset + recurrence.scale * value
