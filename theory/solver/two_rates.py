r"""Which way one or two moments go for ever under constant steps, whatever numbers they hold: roots, integrals.

For a moment y with :math:`y_{g+1} = a\,y_g + f` and a ≥ 0 the increments are :math:`a^t (y_2 - y_1)`: it goes the
way of its first step. For two, of which one may drive the other, with rates a ≠ b above 0, the increments of the
readout are

.. math:: D_t = A\,a^t + B\,b^t, \qquad D_t/b^t = A\,(a/b)^t + B,

and the second is monotone in t. So D keeps its sign for ever exactly when :math:`D_0` and what multiplies the larger
rate have the same one; where they have not it changes once, and the readout has one turn (derived here). Signs of
numbers are those of balls.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, S

from theory.expressions.signs import Ranges, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.reduced import reduced

#: Generations that are looked through for the turn.
_FARTHEST = 400


@dataclass(frozen=True)
class TwoRates:
    """First ``way`` (1 up, −1 down) for ever, or up to ``turn``, the generation with the highest, or lowest, value."""

    way: int
    turn: int | None


def two_rates(recurrence: MomentRecurrence, ranges: Ranges) -> TwoRates | None:
    """How the readout moves from generation 1 on; None where steps are of another kind, or a sign is not told.

    Examples
    --------
    >>> from sympy import Matrix, sqrt
    >>> one, half = Matrix([[1]]), Matrix([[sqrt(2) / 2]])
    >>> steps = MomentRecurrence(start=2, matrix=half, forcing=one, readout=one, initial=Matrix([4]))
    >>> two_rates(steps, {})
    TwoRates(way=-1, turn=None)
    """
    found = _increments(reduced(recurrence), ranges)
    if found is None:
        return None
    terms = [term for term in found if sign(term[0], ranges) != 0]
    if not terms:
        return TwoRates(1, None)
    way, last = sign(sum((part for part, _ in terms), S.Zero), ranges), _last(terms, ranges)
    if way is None or last is None:
        return None
    if way in (0, last):
        return TwoRates(last, None)
    for t in range(1, _FARTHEST):
        now = sign(sum((part * rate**t for part, rate in terms), S.Zero), ranges)
        if now is None:
            return None
        if now != way:
            return TwoRates(way, t + 1)
    return None


def _last(terms: list[tuple[Expr, Expr]], ranges: Ranges) -> int | None:
    """The sign of what multiplies the largest rate."""
    if len(terms) == 1:
        return sign(terms[0][0], ranges)
    (first, rate), (second, other) = terms
    larger = sign(rate - other, ranges)
    return None if not larger else sign(first if larger > 0 else second, ranges)


def _increments(recurrence: MomentRecurrence, ranges: Ranges) -> list[tuple[Expr, Expr]] | None:
    """(A, a), (B, b) with readout(2 + t) − readout(1 + t) = A a^t + B b^t."""
    P, f, h, g = recurrence.matrix, recurrence.forcing, recurrence.readout, recurrence.symbol
    alone = recurrence.continuation is None and recurrence.margin is None and not recurrence.early
    if not alone or recurrence.start not in (1, 2) or any(x.has(g) for x in (*P, *f, *h, recurrence.shift)):
        return None
    state = recurrence.initial if recurrence.start == 2 else P * recurrence.initial + f
    steps = P * state + f - state
    if P.rows == 1:
        return [(h[0] * steps[0], P[0])] if sign(P[0], ranges) in (0, 1) else None
    if P.rows != 2 or (P[0, 1] != 0 and P[1, 0] != 0):
        return None
    driven, source = (1, 0) if P[0, 1] == 0 else (0, 1)
    rates = P[source, source], P[driven, driven]
    if any(sign(rate, ranges) != 1 for rate in rates) or not sign(rates[0] - rates[1], ranges):
        return None
    pushed = P[driven, source] * steps[source] / (rates[0] - rates[1])
    return [
        (h[source] * steps[source] + h[driven] * pushed, rates[0]),
        (h[driven] * (steps[driven] - pushed), rates[1]),
    ]
