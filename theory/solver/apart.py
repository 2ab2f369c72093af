r"""Limit and growth of a sum of moments by those of each: :math:`h_g \cdot m_g = \sum_i h_{i,g}\,m_{i,g}`.

Where every moment that is read tends to a number, so does the sum. Where some grow, the largest power of G (and ln G)
decides, unless what multiplies it cancels. A readout may move too, to numbers: as that of an unbiased maximum, whose
factor (N + 1)/N tends to 1 as the pool grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sympy import Expr, Matrix, Piecewise, S, Symbol, log, oo, sympify

from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.shrinking_steps import at_infinity

#: Limit and leading term of a moment, None for what is unknown.
Answer = tuple[Expr | None, Expr | None]


class _Term(NamedTuple):
    """coefficient · G^power · (ln G)^logs."""

    power: Expr
    logs: Expr
    coefficient: Expr


def of_each(recurrence: MomentRecurrence, ranges: Ranges, ask: Callable[[MomentRecurrence], Answer]) -> Answer:
    """Limit and leading term of the sum; None where one moment is read alone, or what is asked of it is unknown."""
    g, shift = recurrence.symbol, recurrence.shift
    read = [col for col, weight in enumerate(recurrence.readout) if weight != 0]
    alone = len(read) < 2 and not recurrence.readout.has(g)
    if recurrence.continuation is not None or alone or shift.has(g):
        return None, None
    terms = [_Term(S.Zero, S.Zero, shift)]
    for weight, moment in _moments(recurrence, read):
        late = _late(weight, g)
        limit, growth = (None, None) if late is None else ask(moment)
        found = _term(limit, growth)
        if late is None or found is None or (late == 0 and found[:2] != (0, 0)):
            return None, None
        terms.append(found._replace(coefficient=late * found.coefficient))
    largest = max((term.power, term.logs) for term in terms)
    total = sum((term.coefficient for term in terms if term[:2] == largest), S.Zero)
    if largest == (0, 0):
        return total, total
    way = sign(total, ranges)
    if not way:
        return None, None
    return oo * way, total * G ** largest[0] * log(G) ** largest[1]


def _moments(recurrence: MomentRecurrence, read: list[int]) -> Iterator[tuple[Expr, MomentRecurrence]]:
    for col in read:
        alone = Matrix([[int(place == col) for place in range(recurrence.matrix.rows)]])
        yield recurrence.readout[col], recurrence.changed(readout=alone, shift=S.Zero, early=())


def _late(weight: Expr, g: Symbol) -> Expr | None:
    """What a weight tends to; None where that is no number, or not seen."""
    if not weight.has(g):
        return weight
    return at_infinity(weight, g) if weight.is_rational_function(g) else None


def _term(limit: Expr | None, growth: Expr | None) -> _Term | None:
    """A moment as a power with a number for an exponent, from below 0 on; one that vanishes counts as 0."""
    if limit is None or limit.has(Piecewise):
        return None
    if limit.is_finite:
        return _Term(S.Zero, S.Zero, limit)
    if growth is None or growth.has(Piecewise):
        return None
    coefficient, rest = sympify(growth).as_independent(G, as_Add=False)
    powers = rest.as_powers_dict()
    power, logs = (sympify(powers.pop(base, S.Zero)) for base in (G, log(G)))
    powers.pop(S.One, None)
    return None if powers or not power.is_Rational or not logs.is_Rational else _Term(power, logs, coefficient)
