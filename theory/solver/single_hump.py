r"""The maximum of a risk that rises, turns once, and falls for ever after.

Let :math:`y_g = a_g y_{g-1} + f_g` with :math:`0 \le a_g < 1` and :math:`f_g > 0`, and let the fixed points
:math:`h_g = f_g/(1 - a_g)` fall in g. Then y falls at g exactly where :math:`y_{g-1} \ge h_g`, and once it does it
falls for ever (derived here): the step is a rising function of y, so that :math:`y_{g-1} \ge h_g` gives
:math:`y_g \ge a_g h_g + f_g = h_g > h_{g+1}`. Where it rises it is below :math:`h_g`. So there is one maximum, at the
last generation before the first fall, and finitely many exact values find it.

In a contaminated pool :math:`h_g = 1/(2\rho g - \rho^2 - (1-\rho)v_2/n)`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from sympy import Expr, S

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.reduced import plainly_read, reduced

#: Generations looked at for the turn.
LONGEST_LOOK = 1_000


def single_hump(recurrence: MomentRecurrence) -> tuple[int, Expr] | None:
    """The generation of the maximum, the first where there are two, and the moment there.

    None where it is not of this kind, its parameters are symbols, or it turns later than is looked.

    Examples
    --------
    >>> from theory import ContaminatedPool, Regular
    >>> single_hump(Regular(p=1, n=1).recurrence(ContaminatedPool(real="1/10"), "squared"))
    (4, 76281469/64000000)
    """
    first = hump_from(recurrence)
    if first is None:
        return None
    plain = replace(reduced(recurrence), scale=S.One, offset=S.Zero)
    before: Expr | None = None
    best: tuple[int, Expr] | None = None
    for g, value in enumerate(islice(plain.values(), LONGEST_LOOK), start=1):
        if not value.is_Rational:
            return None
        if before is not None and g >= first and value <= before:
            return best
        if best is None or value > best[1]:
            best = g, value
        before = value
    return None


def hump_from(recurrence: MomentRecurrence) -> int | None:
    """The first generation from which the argument above holds; None where it does not."""
    recurrence = plainly_read(reduced(recurrence))
    g, start = recurrence.symbol, recurrence.start
    alone = recurrence.matrix.shape == (1, 1) and recurrence.continuation is None and recurrence.margin is None
    entries = (*recurrence.matrix, *recurrence.forcing)
    if not alone or recurrence.early or recurrence.shift != 0 or recurrence.readout[0] != 1:
        return None
    if not all(entry.is_rational_function(g) and entry.free_symbols <= {g} for entry in entries):
        return None
    step, inflow = in_lowest_terms(recurrence.matrix[0]), in_lowest_terms(recurrence.forcing[0])
    if inflow == 0 or step == 1:
        return None
    level = in_lowest_terms(inflow / (1 - step))
    # The first steps may be of another kind: a rational function keeps its signs from some generation on. Where the
    # curvature is large they multiply by more than 1 for long.
    least = max(int(start), 2)
    for first in (*range(least, least + 6), *(least + 2**power for power in range(3, 8))):
        after = {g: at_least(S(first))}
        if sign(step, after) not in (0, 1) or sign(1 - step, after) != 1 or sign(inflow, after) != 1:
            continue
        if sign(in_lowest_terms(level - level.subs(g, g + 1)), after) == 1:
            return first
    return None
