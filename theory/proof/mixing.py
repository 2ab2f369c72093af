r"""A loop that keeps part of what it was, beside one that only moves on: forms that stay nonnegative.

Let both be of a bent model, with the moments :math:`e = E\delta` and :math:`r = E\delta^2`; the second moves by
:math:`e' = \tau e + f`, :math:`r' = R(e, r)`, and the first keeps 1 − q of itself, as accumulate does with q = 1/g:

.. math:: e_1' = (1-q)\,e_1 + q\,(\tau e_1 + f), \qquad r_1' = (1-q)\,r_1 + q\,R(e_1, r_1) - q(1-q)\,X_1,

with :math:`X_1 = E(\delta - \bar x)^2` affine in (e_1, r_1). Let the bias tend to b = f/(1 − τ), of sign s, and y be
:math:`E(\delta_1 - b)^2`. Nonnegative for ever are :math:`r_2 - r_1`, :math:`s(e_2 - e_1)`, :math:`s(b - e_1)`, y or,
where X falls in y, the distance of y from where X would be 0, and the steps of :math:`r_2` and of :math:`s e_2`: each
is a nonnegative combination of those before (derived here; whether it is, the checker decides).
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, Matrix, S, zeros

from theory.expressions.fraction_field import in_lowest_terms
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.dynamics import GENERATION


def mixtures(low: MomentRecurrence, high: MomentRecurrence) -> Iterator[tuple[Matrix, Matrix, Matrix]]:
    """Forms in (e_1, r_1, e_2, r_2) and a constant, multipliers and rests; none where the two are not such a pair."""
    alike = all(_is_pair(item) for item in (low, high)) and (low.scale, low.offset) == (high.scale, high.offset)
    if not alike or any(entry.has(GENERATION) for entry in (*high.matrix, *high.forcing)) or high.matrix[0, 0] == 1:
        return
    P, f, A, h = high.matrix, high.forcing, low.matrix, low.forcing
    q, centre = in_lowest_terms((1 - A[0, 0]) / (1 - P[0, 0])), in_lowest_terms(f[0] / (1 - P[0, 0]))
    if q in (0, 1) or in_lowest_terms(h[0] - q * f[0]) != 0:
        return
    kept = q * (1 - q)
    # X in (e_1, r_1, 1), and E(δ_1 − b)² one generation later.
    apart = [(q * P[1, 0] - A[1, 0]) / kept, (1 - q + q * P[1, 1] - A[1, 1]) / kept, (q * f[1] - h[1]) / kept]
    later = [A[1, 0] - 2 * centre * A[0, 0], A[1, 1], h[1] - 2 * centre * h[0] + centre**2]
    for side in (1, -1):
        forms = low.scale * Matrix(
            [
                [0, -1, 0, 1, 0],
                [-side, 0, side, 0, 0],
                [-side, 0, 0, 0, side * centre],
                [-2 * centre, 1, 0, 0, centre**2],
                [0, 0, P[1, 0], P[1, 1] - 1, f[1]],
                [0, 0, side * (P[0, 0] - 1), 0, side * f[0]],
            ]
        )
        (gap, spread, rest), (gap_later, spread_later, rest_later) = (
            _split(row, centre, side) for row in (apart, later)
        )
        if in_lowest_terms(spread).is_negative:
            # A bounded family: the farther from b, the less noise.
            most = in_lowest_terms(-rest / spread)
            forms[3, :] = -forms[3, :]
            forms[3, 4] += low.scale * most
            gap_later, rest_later = -gap_later, most * (1 - spread_later) - rest_later
            spread, rest = -spread, S.Zero
        multipliers = zeros(6, 6)
        multipliers[0, :] = Matrix([[1 - q + q * P[1, 1], q * side * P[1, 0], kept * gap, kept * spread, 1 - q, 0]])
        multipliers[1, 1], multipliers[1, 2] = P[0, 0], (1 - q) * (1 - P[0, 0])
        multipliers[2, 2] = A[0, 0]
        multipliers[3, 2], multipliers[3, 3] = gap_later, spread_later
        multipliers[4, 4], multipliers[4, 5] = P[1, 1], side * P[1, 0]
        multipliers[5, 5] = P[0, 0]
        rests = low.scale * Matrix([kept * rest, 0, 0, rest_later, 0, 0])
        yield forms, multipliers, rests


def _is_pair(item: MomentRecurrence) -> bool:
    """Whether the moments are a mean and a square, of which the latter is shown."""
    return item.matrix.shape == (2, 2) and item.matrix[0, 1] == 0 and [*item.readout] == [0, 1] and item.shift == 0


def _split(row: list[Expr], centre: Expr, side: int) -> tuple[Expr, Expr, Expr]:
    """Coefficients of s(b − e) and of E(δ − b)², and what is left, of a form in (e, r, 1)."""
    mean, square, constant = row
    gap = -side * (mean + 2 * centre * square)
    return gap, square, constant - square * centre**2 - gap * side * centre
