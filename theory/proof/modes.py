r"""Steps of moments that feed one another in turn, as sums of geometric parts: forms that keep their sign.

Let the constant matrix P be triangular in some order, with different rates :math:`\lambda_1 > \lambda_2 > \dots \ge 0`
on its diagonal and left eigenvectors :math:`l_i`. The increments :math:`d_g = m_g - m_{g-1}` have
:math:`l_i d_{g+1} = \lambda_i\, l_i d_g`, so that :math:`h = \sum_i w_i l_i` has increments
:math:`\sum_i c_i`, :math:`c_i = w_i l_i d_g`. Its partial sums :math:`F_k = c_1 + \dots + c_k` move by (Abel, derived
here)

.. math:: F_k' = \lambda_k F_k + \sum_{j < k} (\lambda_j - \lambda_{j+1})\,F_j :

if all of them have one sign once, so they have for ever; the slowest part, which leads in the end, need only be of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sympy import Expr, Matrix, S, eye, zeros

from theory.expressions.fraction_field import in_lowest_terms
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.trace_moments import wishart_trace
from theory.moments.recurrence import MomentRecurrence
from theory.proof.texts import letter
from theory.solver.graph import feeding, in_turn

#: Moments whose parts are told apart, generations from which the forms are tried, and digits that tell signs.
MOST, FROM, DIGITS = 4, (0, 1, 2, 4, 8), 30


def geometric_forms(recurrence: MomentRecurrence, way: int, first: int) -> Iterator[tuple[int, Matrix, Matrix]]:
    """Generations, forms in the moments and 1, and their multipliers; none where the parts are not of that kind."""
    P, f, h = recurrence.matrix, recurrence.forcing, way * recurrence.scale * recurrence.readout
    size = P.rows
    order = in_turn(feeding(P))
    if order is None or not 1 < size <= MOST or not all(part.is_number for part in (*P, *f, *h, *recurrence.initial)):
        return
    if any(abs((P[a, a] - P[b, b]).evalf(DIGITS)) < S(10) ** -10 for a in range(size) for b in range(a)):
        return
    named = {part: letter(part) for item in (P, f, h) for part in item.atoms(wishart_trace, limiting_shrinkage)}
    back = {symbol: part for part, symbol in named.items()}
    P, f, h = (item.xreplace(named) for item in (P, f, h))
    parts = _parts(P, h, order)
    slowest_first = sorted(range(size), key=lambda place: -P[place, place].xreplace(back).evalf(DIGITS))
    change = (P - eye(size)).row_join(f)
    sums, rows = zeros(1, size), []
    for place in slowest_first:
        sums = (sums + parts[place]).applyfunc(in_lowest_terms)
        rows.append((sums * change).applyfunc(in_lowest_terms))
    rates = [P[place, place] for place in slowest_first]
    if rates[-1].xreplace(back).evalf(DIGITS) < 0:
        return
    forms = Matrix.vstack(*rows)
    multipliers = Matrix(size, size, lambda k, j: rates[k] if j == k else rates[j] - rates[j + 1] if j < k else S.Zero)
    shown = forms.xreplace(back).evalf(DIGITS)
    seen = [(recurrence.readout * _state(recurrence, g))[0] for g in range(first - 1, first + FROM[-1])]
    seen = [way * recurrence.scale.evalf(DIGITS) * value.evalf(DIGITS) for value in seen]
    for more in FROM:
        if any(after < before for before, after in pairwise(seen[: more + 2])):
            return
        state = _state(recurrence, first + more - 1)
        if all(value >= 0 for value in shown * Matrix([*state, S.One])):
            yield first + more, forms, multipliers


def _parts(P: Matrix, h: Matrix, order: list[int]) -> dict[int, Matrix]:
    """w_i l_i by the place of the rate: from the moment that feeds no other backwards."""
    size, left, found = P.rows, h, {}
    for at in reversed(range(size)):
        place = order[at]
        vector: list[Expr] = [S.Zero] * size
        vector[place] = S.One
        for back in reversed(range(at)):
            row = order[back]
            fed = sum((vector[order[k]] * P[order[k], row] for k in range(back + 1, at + 1)), S.Zero)
            vector[row] = in_lowest_terms(fed / (P[place, place] - P[row, row]))
        found[place] = in_lowest_terms(left[place]) * Matrix([vector])
        left = left - found[place]
    return found


def _state(recurrence: MomentRecurrence, last: int) -> Matrix:
    """The moments at a generation, in floating point."""
    P, f, state = (part.evalf(DIGITS) for part in (recurrence.matrix, recurrence.forcing, recurrence.initial))
    for _ in range(int(recurrence.start), last + 1):
        state = P * state + f
    return state
