r"""Monotone risks, and with them least upper bounds.

The moments of a recurrence keep the way they start: if P, f do not depend on g and, for a diagonal D of signs,
:math:`D P D \ge 0` and :math:`D (m_{s+1} - m_s) \ge 0`, then
:math:`D (m_{g+1} - m_g) = D P D\, D (m_g - m_{g-1}) \ge 0` for ever. For one moment with varying coefficients,
:math:`y_g - y_{g-1} = (p_g - 1) y_{g-1} + f_g` is nonnegative when p ≥ 1 and f ≥ 0, and keeps one sign when there is
a constant fixed point c, because :math:`y_g - c = (y_0 - c) \prod p_i` with p ≥ 0: the sign of
:math:`(p_g - 1)(y_0 - c) = f_g + (p_g - 1) y_0`. Where the fixed points :math:`h_g = f_g/(1 - p_g)` move, one way for
ever, and y starts behind them, it stays so: :math:`y_{g-1} \ge h_g` gives
:math:`y_g = p_g y_{g-1} + f_g \ge h_g \ge h_{g+1}`, and y falls. A monotone sequence is bounded by its first value or
its limit.
"""

from __future__ import annotations

from itertools import pairwise

from sympy import Expr, Matrix, S, exp, sympify

from theory.expressions.fraction_field import in_lowest_terms, is_over_q
from theory.expressions.shorter import shorter, simplified
from theory.expressions.signs import Ranges, at_least, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.leaning import leaning
from theory.solver.reduced import plainly_read, reduced
from theory.solver.steady import steady
from theory.workflows.dynamics import GENERATION

INCREASING, DECREASING, MONOTONE = "increasing", "decreasing", "monotone"


def monotonicity(recurrence: MomentRecurrence, ranges: Ranges) -> str | None:
    """ "increasing", "decreasing", "monotone" (one of the two, depending on parameters), or None: not decided.

    Weakly, over all generations.
    """
    found = _by_signs(recurrence, ranges)
    if found is not None:
        return found
    by_forms = steady(recurrence) or leaning(recurrence)
    return None if by_forms is None else INCREASING if by_forms.way > 0 else DECREASING


def _by_signs(recurrence: MomentRecurrence, ranges: Ranges) -> str | None:
    """What the signs of the coefficients and of the first steps tell."""
    recurrence = plainly_read(reduced(recurrence))
    regimes = recurrence.regimes
    if len(regimes) > 1:
        return INCREASING if _all_add(regimes, ranges) else None
    tail = _scalar(recurrence, ranges) if recurrence.matrix.shape == (1, 1) else _constant(recurrence, ranges)
    tail = _adding(recurrence, ranges) if tail is None and not recurrence.early else tail
    if not recurrence.early:
        return tail
    first = sympify(recurrence.start) - 1
    reached = (recurrence.readout * recurrence.initial)[0] + recurrence.shift
    opening = [*recurrence.early, reached.subs(recurrence.symbol, first)]
    steps = {_reduced_sign(b - a, ranges) for a, b in pairwise(opening)}
    if tail == INCREASING and steps <= {0, 1}:
        return INCREASING
    falls = tail == DECREASING or _stands_still(recurrence)
    return DECREASING if falls and steps <= {0, -1} else None


def _reduced_sign(value: Expr, ranges: Ranges) -> int | None:
    """The sign of what may cancel; in lowest terms it shows, and a shorter form tells no more."""
    return sign(in_lowest_terms(value) if is_over_q(value) else shorter(value), ranges)


def _stands_still(recurrence: MomentRecurrence) -> bool:
    """Whether the moments are where their constant step leaves them."""
    coefficients = [*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift]
    if any(entry.has(recurrence.symbol) for entry in coefficients):
        return False
    step = recurrence.matrix * recurrence.initial + recurrence.forcing - recurrence.initial
    return all(shorter(entry) == 0 for entry in step)


def _all_add(regimes: list[MomentRecurrence], ranges: Ranges) -> bool:
    """Whether every regime, and every change of regime, adds a nonnegative amount to one and the same sum."""
    g = regimes[0].symbol
    if not all(_is_sum(regime) and regime.readout == regimes[0].readout for regime in regimes):
        return False
    for before, regime in zip([None, *regimes], regimes, strict=False):
        inside = regime.forcing[0] + simplified(regime.shift - regime.shift.subs(g, g - 1))
        if not _nonnegative(inside, regime, ranges):
            return False
        if before is not None and before.shift != regime.shift:
            joint = regime.forcing[0] + regime.shift - before.shift.subs(g, g - 1)
            if _reduced_sign(joint.subs(g, regime.start), ranges) not in (0, 1):
                return False
    return True


def _is_sum(recurrence: MomentRecurrence) -> bool:
    return recurrence.matrix.shape == (1, 1) and recurrence.matrix[0] == 1


def _nonnegative(expression: Expr, recurrence: MomentRecurrence, ranges: Ranges) -> bool:
    """Whether an expression in g is never negative where the margin is positive: one of both may show it."""
    covering = {**ranges, GENERATION: at_least(Matrix([recurrence.start])[0])}
    forms = [expression] if recurrence.margin is None else [expression, in_lowest_terms(expression * recurrence.margin)]
    return any(sign(form, covering) in (0, 1) for form in forms)


def _scalar(recurrence: MomentRecurrence, ranges: Ranges) -> str | None:
    g = GENERATION
    p, f, y = recurrence.matrix[0], recurrence.forcing[0], recurrence.initial[0]
    readout, shift = recurrence.readout[0], recurrence.shift
    if readout.has(g) or sign(readout, ranges) != 1:
        return None
    covering = {**ranges, g: at_least(Matrix([recurrence.start])[0])}
    drift = _reduced_sign(shift - shift.subs(g, g - 1), covering) if shift.has(g) else 0
    if recurrence.adds_noise and drift in (0, 1) and _is_random_walk(p, f):
        # Every step is f (1 + κ y), and 1 + κ y keeps the sign that it starts with.
        curvature = S.Zero if p == 1 else simplified((p - 1) / f)
        if _reduced_sign(1 + curvature * y, ranges) in (0, 1):
            return INCREASING
    excess = _reduced_sign(p - 1, covering)
    if excess in (0, 1) and _nonnegative(f, recurrence, ranges) and sign(y, ranges) in (0, 1) and drift in (0, 1):
        return INCREASING
    if drift != 0 or sign(p, covering) not in (0, 1) or p == 1:
        return None
    fixed = simplified(f / (1 - p))
    if fixed.has(g):
        return _behind(fixed, y, recurrence, covering, ranges) if excess == -1 else None
    # (p_g − 1)(y_0 − c), the sign of every later step
    step = _reduced_sign(f + (p - 1) * y, covering)
    if step is None:
        return MONOTONE if not p.has(g) or excess is not None else None
    return INCREASING if step >= 0 else DECREASING


def _adding(recurrence: MomentRecurrence, ranges: Ranges) -> str | None:
    """Where moments that are never negative add to what is shown: h_g P_g ≥ h_(g−1)."""
    g, P, h = GENERATION, recurrence.matrix, recurrence.readout
    covering = {**ranges, g: at_least(Matrix([recurrence.start])[0])}
    if recurrence.matrix.rows == 1 or recurrence.shift.has(g):
        return None
    known = all(sign(x, ranges) in (0, 1) for x in recurrence.initial)
    row = h * P - h.subs(g, g - 1)
    if known and all(sign(in_lowest_terms(x), covering) in (0, 1) for x in (*row, *recurrence.forcing, *P, *h)):
        return INCREASING
    return None


def _behind(fixed: Expr, y: Expr, recurrence: MomentRecurrence, covering: Ranges, ranges: Ranges) -> str | None:
    """Where the fixed points h_g go one way, and the moment is behind them to begin with, it follows them."""
    g = GENERATION
    later = fixed.subs(g, g + 1)
    for way, found in ((-1, DECREASING), (1, INCREASING)):
        ahead = sign(in_lowest_terms(way * (fixed.subs(g, recurrence.start) - y)), ranges)
        if ahead in (0, 1) and sign(in_lowest_terms(way * (later - fixed)), covering) in (0, 1):
            return found
    return None


def bound_of_pools(recurrence: MomentRecurrence, first_size: Expr, ranges: Ranges) -> Expr | None:
    r"""An upper bound of the moment when every block is pooled with all before it, whatever the sizes.

    With :math:`f_g = s(g)/N_g^2` the sum of all f is below 2/s(1): a Riemann sum of :math:`1/N^2` (law 5 of
    docs/laws.md). So is the moment without curvature, or with κ < 0; for κ > 0
    :math:`1 + \kappa m = \prod (1 + \kappa f) \le e^{2\kappa/s(1)}`.
    """
    if not recurrence.adds_noise or recurrence.matrix.shape != (1, 1) or recurrence.continuation is not None:
        return None
    p, f = recurrence.matrix[0], recurrence.forcing[0]
    if not _is_random_walk(p, f) or recurrence.readout[0] != 1 or recurrence.shift != 0:
        return None
    curvature = simplified((p - 1) / f)
    if sign(curvature, ranges) in (0, -1):
        return 2 / first_size
    return (exp(2 * curvature / first_size) - 1) / curvature if sign(curvature, ranges) == 1 else None


def _is_random_walk(p: Expr, f: Expr) -> bool:
    """Whether a step adds f (1 + κ y), new noise of the variance at hand: p = 1 + κ f."""
    return p == 1 or (f != 0 and not simplified((p - 1) / f).has(GENERATION))


def _constant(recurrence: MomentRecurrence, ranges: Ranges) -> str | None:
    g = GENERATION
    if recurrence.matrix.has(g) or recurrence.forcing.has(g) or recurrence.readout.has(g) or recurrence.shift.has(g):
        return None
    P, h = recurrence.matrix, recurrence.readout
    step = P * recurrence.initial + recurrence.forcing - recurrence.initial
    ways = [_reduced_sign(entry, ranges) for entry in step]
    coupled = [[sign(entry, ranges) for entry in P.row(row)] for row in range(P.rows)]
    shown = [sign(entry, ranges) for entry in h]
    if None in (*ways, *shown, *(entry for row in coupled for entry in row)):
        return None
    found = _ways(ways, coupled)
    if found is None:
        return None
    # Each moment goes one way for ever, and the readout adds up what it sees of them.
    signs = {way * (entry or 0) for way, entry in zip(found, shown, strict=True)}
    if signs <= {0, 1}:
        return INCREASING
    return DECREASING if signs <= {0, -1} else None


def _ways(first: list[int | None], coupled: list[list[int | None]]) -> list[int] | None:
    """The way of every moment, as its first step goes or as the others push it; None where they do not agree."""
    ways = [way or 0 for way in first]
    for _ in ways:
        pushed = [{(entry or 0) * way for entry, way in zip(row, ways, strict=True)} - {0} for row in coupled]
        sides = [pushes | ({way} - {0}) for pushes, way in zip(pushed, ways, strict=True)]
        if any(len(side) > 1 for side in sides):
            return None
        ways = [next(iter(side), 0) for side in sides]
    return ways
