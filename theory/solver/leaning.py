r"""Errors that rise for ever where a sampler leans: a mean beside a square, with steps that depend on g.

Let :math:`e_g = p_g e_{g-1} + (1 - p_g)\,c` start on one side of c, E > 0 its distance, s the size of c, and let
:math:`z = y - 2ce + c^2`, the square about c, move by itself, :math:`z_g = a_g z_{g-1} + f_g`
(:mod:`theory.solver.driven`). Then :math:`y = z - 2sE + c^2` and (derived here)

.. math:: y_g - y_{g-1} = (a_g - 1)\,z_{g-1} + 2s\,(1 - p_g)\,E_{g-1} + f_g.

- *Away from c*, p ≥ 1: the form :math:`z - sE` stays nonnegative if :math:`a \ge p`, and the increment is
  :math:`2(p-1)(z - sE) + (a - 1 - 2(p-1))\,z + f`.
- *Towards c*, p < 1: the increment times g, F, is carried on by
  :math:`F_g = p_g F_{g-1} + B_g z_{g-1} + C_g E_{g-1} + R_g`, where R < 0 is less than what z brings while
  :math:`g z_g \ge \kappa`, which is a form that stays nonnegative too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from sympy import Expr, Integer, Matrix, Rational, S

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.signs import at_least, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.driven import about_centre
from theory.solver.kept_forms import Kept, short
from theory.solver.reduced import reduced
from theory.solver.shrinking_steps import at_infinity
from theory.solver.steady import Steady, has_rational_steps, states

#: Generations beyond the first step from which the forms are tried, and multiples of the least κ far out.
FROM = (0, 1, 2, 4, 8)
MULTIPLES = (S.One, Rational(9, 8), Rational(5, 4), Rational(3, 2), Integer(2))


def leaning(recurrence: MomentRecurrence) -> Steady | None:
    """That the moment rises from the first generation on, and how that is seen; None where it is not.

    Examples
    --------
    >>> from theory import Accumulate, GaussianMean
    >>> from theory.models.bent import BiasedSampler
    >>> sampler = BiasedSampler(GaussianMean(sigma2=1, n=100), "1/2", 1)
    >>> leaning(sampler.recurrence(Accumulate(), "squared")).since
    2
    """
    recurrence = reduced(recurrence)
    found = about_centre(recurrence)
    if found is None or not has_rational_steps(recurrence):
        return None
    centre, square = found
    first = max(int(recurrence.start), 2)
    if centre == 0 or not all(x.is_Rational for x in (centre, *recurrence.early)):
        return None
    moments, plain = states(recurrence, first + FROM[-1]), recurrence.changed(scale=S.One, offset=S.Zero)
    values = list(islice(plain.values(), first + FROM[-1]))
    if any(after < before for before, after in pairwise(values)):
        return None
    for since in (first + more for more in FROM):
        before = moments[since - 2]
        for kept in _forms(recurrence, square, centre, since, before):
            if _holds(kept, recurrence, since, before):
                return Steady(1, since, kept)
    return None


def _holds(kept: Kept, recurrence: MomentRecurrence, since: int, before: Sequence[Expr]) -> bool:
    g = recurrence.symbol
    after = {g: at_least(Integer(since))}
    start = kept.forms.subs(g, since - 1) * Matrix([*before, S.One])
    parts = (*kept.multipliers, *kept.rests, *kept.weights, kept.rest)
    return all(value >= 0 for value in start) and all(sign(in_lowest_terms(part), after) in (0, 1) for part in parts)


def _forms(
    recurrence: MomentRecurrence, square: MomentRecurrence, centre: Expr, since: int, before: Sequence[Expr]
) -> Iterator[Kept]:
    g, p = recurrence.symbol, recurrence.matrix[0, 0]
    a, f = square.matrix[0], square.forcing[0]
    side, size = (1, centre) if centre > 0 else (-1, -centre)
    # E and z as forms in (e, y, 1).
    distance, apart = Matrix([[-side, 0, side * centre]]), Matrix([[-2 * centre, 1, centre**2]])
    pull = at_infinity(g * (1 - p), g)
    if pull is None:
        return
    if pull < 0:
        forms = Matrix.vstack(apart - size * distance, apart)
        multipliers = Matrix([[p, a - p], [0, a]])
        yield Kept(forms, multipliers, Matrix([f, f]), Matrix([[2 * (p - 1), a - 1 - 2 * (p - 1)]]), f)
        return
    # What the increment at g + 1, times g + 1, holds of z, of E and by itself.
    now = [g * (a - 1), 2 * size * g * (1 - p), g * f]
    u, v, w = (item.subs(g, g + 1) for item in now)
    rise = u * apart + v * distance + Matrix([[0, 0, w]])
    of_square, of_distance, alone = u * a - p * now[0], p * (v - now[1]), u * f + w - p * now[2]
    least = at_infinity(in_lowest_terms(-alone * (g - 1) / of_square), g)
    if least is None or not least.is_Rational:
        return
    for level in (to_sympy(short(to_flint(multiple * max(least, S.Zero)), upwards=True)) for multiple in MULTIPLES):
        forms = Matrix.vstack(rise, g * apart - Matrix([[0, 0, level]]), distance)
        kept = g * a / (g - 1)
        multipliers = Matrix([[p, of_square / (g - 1), of_distance], [0, kept, 0], [0, 0, p]])
        rests = Matrix([alone + of_square * level / (g - 1), level * (kept - 1) + g * f, 0])
        yield Kept(forms, multipliers, rests, Matrix([[1 / g, 0, 0]]), S.Zero)
