r"""The maximum of a risk that rises above its limit and falls again.

With constant coefficients the steps :math:`u_g = y_g - y_{g-1} = h P^{g-s} d` obey a linear recurrence
:math:`U_{g+1} = C U_g` of U = (u_g, …, u_{g+r-1}), C the companion matrix of its minimal polynomial
(Berlekamp and Massey; the order is at most that of P by Cayley and Hamilton). Let :math:`\|C^s\| \le 1/2` in the
maximum norm. Then everything still to come moves y by at most

.. math:: \sum_{g > K} |u_g| \le 2 \sum_{g = K+1}^{K+s} \|U_g\|,

so that a value that lies further than that above the limit is never reached again once K is past it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

from flint import fmpq, fmpq_mat
from sympy import Expr, S

from theory.expressions.numerals import to_flint, to_sympy
from theory.moments.recurrence import MomentRecurrence

#: Generations looked at, moments, and powers of the companion matrix tried, at most.
_LONGEST_LOOK, _MOST_MOMENTS, _LONGEST_MEMORY = 600, 40, 256


def highest_moment(recurrence: MomentRecurrence, limit: Expr, direction: int = 1) -> Expr | None:
    """The maximum over all generations where it lies above the limit; with ``direction`` −1 the minimum below it.

    None where it does not, or where parameters are symbols.

    Examples
    --------
    >>> from sympy import Matrix, Rational
    >>> from theory.moments.recurrence import MomentRecurrence
    >>> fading = Matrix([[Rational(1, 2), 1], [0, Rational(1, 3)]])
    >>> hump = MomentRecurrence(1, fading, Matrix([0, 0]), Matrix([[1, 0]]), Matrix([1, 2]))
    >>> highest_moment(hump, S.Zero)
    5/2
    """
    size = recurrence.matrix.shape[0]
    entries = [*recurrence.matrix, *recurrence.forcing, *recurrence.readout, *recurrence.initial, recurrence.shift]
    known = all(entry.is_Rational for entry in (*entries, *recurrence.early, limit))
    if not known or recurrence.continuation is not None or recurrence.margin is not None or size > _MOST_MOMENTS:
        return None
    plain = replace(recurrence, scale=S.One, offset=S.Zero)
    values = [to_flint(direction * value) for value in islice(plain.values(), _LONGEST_LOOK)]
    settled = values[max(int(recurrence.start) - 2, 0) :]
    steps = [after - before for before, after in pairwise(settled)]
    coefficients = _minimal_recurrence(steps[: 2 * size + 2])
    memory = _memory(coefficients)
    if memory is None:
        return None
    target, best = to_flint(direction * limit), max(values)
    if best <= target:
        return None
    # From the end: the more steps are past, the less is still to come.
    order = max(len(coefficients), 1)
    last = len(steps) - memory - order
    if last <= 0 or values.index(best) > len(values) - memory - order - 1:
        return None
    left = sum((max(map(abs, steps[g : g + order])) for g in range(last, last + memory)), fmpq(0))
    if best < target + 2 * left:
        return None
    return direction * to_sympy(best)


def _minimal_recurrence(terms: list[fmpq]) -> list[fmpq]:
    """The shortest c with terms[i] = Σ c[k]·terms[i − 1 − k] (Berlekamp and Massey)."""
    current: list[fmpq] = []
    previous: list[fmpq] = []
    failed, gap_then = -1, fmpq(0)
    for place, term in enumerate(terms):
        gap = term - sum((c * terms[place - 1 - k] for k, c in enumerate(current)), fmpq(0))
        if gap == 0:
            continue
        if failed < 0:
            current, failed, gap_then = [fmpq(0)] * (place + 1), place, gap
            continue
        quotient = gap / gap_then
        correction = [fmpq(0)] * (place - failed - 1) + [quotient] + [-quotient * c for c in previous]
        length = max(len(current), len(correction))
        longer = [
            (current[k] if k < len(current) else fmpq(0)) + (correction[k] if k < len(correction) else fmpq(0))
            for k in range(length)
        ]
        if place - len(current) > failed - len(previous):
            previous, failed, gap_then = current, place, gap
        current = longer
    return current


def _memory(coefficients: list[fmpq]) -> int | None:
    """A power of the companion matrix whose rows add up to 1/2 at most; None where none is found."""
    order = len(coefficients)
    if order == 0:
        return 1
    companion = fmpq_mat(order, order)
    for row in range(order - 1):
        companion[row, row + 1] = fmpq(1)
    for col in range(order):
        companion[order - 1, col] = coefficients[order - 1 - col]
    power, steps = companion, 1
    while steps <= _LONGEST_MEMORY:
        if all(sum((abs(entry) for entry in row), fmpq(0)) <= fmpq(1, 2) for row in power.tolist()):
            return steps
        power, steps = power * power, 2 * steps
    return None
