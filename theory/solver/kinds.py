"""What is known of the moment of a recurrence that is not one of finitely many moments, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from sympy import Expr, S, oo

from theory.errors import NotDerivedError
from theory.expressions.expansion import Order
from theory.expressions.shorter import simplified
from theory.expressions.symbols import G
from theory.moments.fading import FadingRecurrence
from theory.moments.renewal import RenewalRecurrence
from theory.solver.fading import added
from theory.solver.renewal import squares


@dataclass(frozen=True)
class Fate:
    """Limit and leading term of a moment, None where unknown, and whether it is known to stay bounded."""

    limit: Expr | None = None
    growth: Expr | None = None
    bounded: bool = False


@singledispatch
def fate(recurrence: Any, order: Order) -> Fate:
    """What the recurrence itself says."""
    limit = recurrence.limit(order)
    return Fate(limit, recurrence.growth(order), limit is not None and limit not in (oo, -oo))


@fate.register
def _(recurrence: FadingRecurrence, order: Order) -> Fate:
    """A random walk: 1 + κ r is the product of all 1 + κ f, f what a generation adds without curvature."""
    curved = order.exponents(recurrence.curvature, S.Zero)
    try:
        term = added(recurrence)
        (partial, _), *others = term.summed()
    except NotDerivedError:
        return Fate()
    if others:
        return Fate()
    if partial is None:
        return Fate(bounded=True)
    if curved == 0:
        leading = partial.leading
        return Fate(oo, None if leading is None else leading.subs(partial.variable, G))
    if curved > 0:
        return Fate(oo)
    # Each factor lies between −1 and 1, away from −1: f tends to 0, or to a constant below 1.
    settles = term.powers[1].is_negative or (
        term.constant is not None and (2 + recurrence.curvature * term.constant) > 0
    )
    fixed = -1 / recurrence.curvature
    return Fate(fixed, fixed, True) if settles else Fate()


@fate.register
def _(recurrence: RenewalRecurrence, order: Order) -> Fate:
    curvature = recurrence.curvature
    curved = order.exponents(curvature, S.Zero)
    try:
        found = squares(recurrence)
    except NotDerivedError:
        return Fate()
    if not found.converges:
        if curved == 0:
            return Fate(oo, found.partial)
        if curved > 0:
            return Fate(oo)
        return Fate(-1 / curvature, -1 / curvature, True) if found.mean != oo else Fate(bounded=True)
    if curved <= 0 and found.value is None:
        return Fate(bounded=True)
    if found.value is None:
        return Fate()
    side = order.exponents(curvature * found.value, S.One) if curved > 0 else -1
    if side >= 0:
        return Fate(oo)
    limit = simplified((1 + found.value) / (1 - curvature * found.value)) if curved else found.value + 1
    return Fate(limit, limit, True)
