r"""Limit and growth of one moment without a closed form, by general theorems.

For :math:`y_g = p_g\, y_{g-1} + f_g` with f > 0 from some generation on (for f < 0 they tell of −y):

1. p = 1: a sum. Its growth is that of partial sums (Karamata's theorem, class by class for periodic sizes); where it
   converges its value is the limit.
2. :math:`p_g = 1 + \kappa f_g`: then :math:`1 + \kappa y_g = (1 + \kappa y_0) \prod p_i`. Where :math:`\sum f`
   converges so does the product; where it diverges the product grows beyond all bounds for κ > 0, and for κ < 0
   vanishes, if :math:`|p_g| \le 1 - \epsilon f_g` from some generation on: the limit is :math:`-1/\kappa`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Basic, Expr, Integer, Piecewise, S, oo

from theory.asymptotics.oscillation import partial_sums, pieces
from theory.asymptotics.scales import Scale, limit_or_none, positive_variable
from theory.errors import NotDerivedError
from theory.expressions.shorter import simplified
from theory.expressions.signs import Ranges, at_least, sign
from theory.expressions.symbols import G
from theory.moments.late_schedules import past_tables
from theory.moments.recurrence import MomentRecurrence
from theory.solver.series import convergent_product, convergent_sum, pooled_total


@dataclass(frozen=True)
class Outcome:
    """Limit and leading term under a condition on the parameters; None what is not known."""

    limit: Expr | None
    growth: Expr | None
    condition: Basic


def by_cases(cases: list[tuple[Expr | None, Basic]]) -> Expr | None:
    """One answer, or one by cases; None where any is unknown."""
    if not cases or any(value is None for value, _ in cases):
        return None
    return cases[0][0] if len(cases) == 1 else Piecewise(*cases)


def outcomes(recurrence: MomentRecurrence, ranges: Ranges) -> list[Outcome]:
    """What the theorems say of the moment; nothing where none applies."""
    if recurrence.matrix.shape != (1, 1) or recurrence.continuation is not None:
        return []
    if any(entry.has(Piecewise) for entry in (*recurrence.matrix, *recurrence.forcing)):
        later = past_tables(recurrence)
        if later is None:
            return []
        recurrence = later
    g, readout = recurrence.symbol, recurrence.readout[0]
    forcing, shift = recurrence.forcing[0], _settled(recurrence.shift, recurrence)
    if readout.has(g) or shift is None or forcing == 0:
        return []
    try:
        # Pools of any sizes converge (law 5 of docs/laws.md).
        pooled = pooled_total(forcing, g) is not None
        way = 1 if pooled or recurrence.adds_noise else _way(recurrence, ranges)
        if way == -1:
            parts = {name: -getattr(recurrence, name) for name in ("forcing", "initial", "readout")}
            return outcomes(recurrence.changed(**parts), ranges)
        if way != 1:
            return []
        cases: list[tuple[Scale | None, Basic]] = [(None, S.true)] if pooled else partial_sums(forcing, g)
        curvature = simplified((recurrence.matrix[0] - 1) / forcing)
        found = []
        for total, condition in cases:
            if curvature == 0:
                limit, growth = _sum(recurrence, total)
            elif curvature.has(g):
                return []
            else:
                limit, growth = _curved(recurrence, total, curvature, ranges)
            found.append(Outcome(_read(limit, readout, shift), _read(growth, readout, shift, total), condition))
    except NotDerivedError:
        return []
    return found


def _way(recurrence: MomentRecurrence, ranges: Ranges) -> int | None:
    """The sign of what is added from some generation on; None where it is not told, or is none.

    The bias of a loop falls where it leans to below the truth, and so does what every generation adds to it.
    """
    forcing, g = recurrence.forcing[0], recurrence.symbol
    everywhere = sign(forcing, {**ranges, g: at_least(Integer(recurrence.start))})
    if everywhere in (1, -1):
        return everywhere
    signs = {None if item.constant is None else sign(item.constant, ranges) for item in pieces(forcing, g).scales}
    return signs.pop() if len(signs) == 1 else None


def _read(moment: Expr | None, readout: Expr, shift: Expr, total: Scale | None = None) -> Expr | None:
    """Readout and shift; a term that grows leaves the shift behind."""
    if moment is None:
        return None
    if moment in (oo, -oo):
        direction = sign(readout)
        return None if not direction else moment * direction
    return readout * moment + (S.Zero if moment.has(G) else shift)


def _settled(shift: Expr, recurrence: MomentRecurrence) -> Expr | None:
    g = recurrence.symbol
    if not shift.has(g):
        return shift
    x = positive_variable()
    value = limit_or_none(shift.subs(g, x), x) if shift.is_rational_function(g) else None
    return value if value is not None and value.is_finite else None


def _sum(recurrence: MomentRecurrence, total: Scale | None) -> tuple[Expr | None, Expr | None]:
    if total is not None:
        leading = total.leading
        return oo, None if leading is None else leading.subs(total.variable, G)
    series = convergent_sum(recurrence.forcing[0], recurrence.symbol, int(Integer(recurrence.start)))
    value = None if series is None else recurrence.initial[0] + series
    return value, value


def _curved(
    recurrence: MomentRecurrence, total: Scale | None, curvature: Expr, ranges: Ranges
) -> tuple[Expr | None, Expr | None]:
    fixed, direction = -1 / curvature, sign(curvature, ranges)
    if total is None:
        product = convergent_product(recurrence.matrix[0], recurrence.symbol, int(Integer(recurrence.start)))
        value = None if product is None else fixed + (recurrence.initial[0] - fixed) * product
        return value, value
    if direction == 1:
        return oo, None
    if direction == -1 and _contracts(recurrence.forcing[0], recurrence, -curvature):
        return fixed, fixed
    return None, None


def _contracts(forcing: Expr, recurrence: MomentRecurrence, strength: Expr) -> bool:
    """Whether 0 < strength·f_g < 2 − ε from some generation on."""
    for scale in pieces(forcing, recurrence.symbol).scales:
        first = next((power for power in scale.powers if power != 0), S.Zero)
        if first.is_extended_negative:
            continue
        share = None if first != 0 or scale.constant is None else strength * scale.constant
        if share is None or not (2 - share).is_positive:
            return False
    return True
