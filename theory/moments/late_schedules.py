"""Recurrences whose coefficients hold a table of first values, started after it."""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, Matrix, Piecewise, S

from theory.expressions.symbols import j
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.tables import table_and_tail


def past_tables(recurrence: MomentRecurrence) -> MomentRecurrence | None:
    """The same recurrence, started after all tables in its coefficients; None where a coefficient has no such form."""
    g, state = recurrence.symbol, recurrence.initial
    if not S(recurrence.start).is_Integer or recurrence.continuation is not None:
        return None
    found = [table_and_tail(entry.subs(g, j)) for entry in _coefficients(recurrence)]
    tails = [None if form is None else form[1].subs(j, g) for form in found]
    if any(tail is None for tail in tails):
        return None
    first = int(recurrence.start)
    last = max((form[0] for form in found if form is not None), default=0)
    early = list(recurrence.early)
    for block in range(first, last + 1):
        if block > 1:
            early.append((recurrence.readout.subs(g, block - 1) * state)[0] + recurrence.shift.subs(g, block - 1))
        state = recurrence.matrix.subs(g, block) * state + recurrence.forcing.subs(g, block)
    size = recurrence.matrix.shape[0]
    at = (0, size**2, size**2 + size, size**2 + 2 * size)
    return replace(
        recurrence,
        start=max(first, last + 1),
        matrix=Matrix(size, size, tails[at[0] : at[1]]),
        forcing=Matrix(size, 1, tails[at[1] : at[2]]),
        readout=Matrix(1, size, tails[at[2] : at[3]]),
        shift=tails[-1],
        initial=state,
        early=tuple(early),
    )


def started_late(recurrence: Recurrence) -> Recurrence:
    """The recurrence past the tables in its coefficients, where it has such and is finite on the way; itself otherwise.

    Closed forms are of recurrences whose coefficients are single expressions.
    """
    if not isinstance(recurrence, MomentRecurrence) or not any(c.has(Piecewise) for c in _coefficients(recurrence)):
        return recurrence
    later, margin = past_tables(recurrence), recurrence.margin
    if later is None or margin is None:
        return recurrence if later is None else later
    early = (margin.subs(recurrence.symbol, g) for g in range(1, int(later.start)))
    return later if all(value.is_positive for value in early) else recurrence


def _coefficients(recurrence: MomentRecurrence) -> list[Expr]:
    return [*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift]
