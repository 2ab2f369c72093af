r"""A number that the moment never exceeds, where it does not go one way for ever.

Linear forms that start nonnegative and of which each step is a nonnegative combination stay so (derived here). Three
kinds of them hold M − y, for a number M that is the limit or an early value:

- *Constant steps.* Those of :mod:`theory.solver.kept_forms` in the distance from the fixed point; or, from where on the
  moment falls, the distance M − y itself.
- *One moment*, :math:`y_g = a_g y_{g-1} + f_g`: then :math:`M - y_g = a_g (M - y_{g-1}) + (1 - a_g) M - f_g`.
- *A mean and a square*, :math:`e_g = p_g e_{g-1} + (1 - p_g)\,c`, :math:`y_g = a_g y_{g-1} + b_g e_{g-1} + f_g`, the
  mean on one side of c. The same with e = c ∓ E. Where M is the limit itself, E must be seen to last:
  :math:`g E_g - K \ge 0` where :math:`g p_g \ge g - 1`. A sampler that leans meets it under accumulate: its noise
  falls like 1/g² a step, what is left of its bias like :math:`g^{-1-(1-\tau)}`, so that it ends below its limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from sympy import Expr, ImmutableMatrix, Integer, Matrix, S, eye, zeros

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.signs import at_least, sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.kept_forms import flint_matrix, kept_forms, short
from theory.solver.reduced import reduced
from theory.solver.single_hump import single_hump
from theory.solver.steady import FROM, MOST_MOMENTS, has_rational_steps, states, steady_from


@dataclass(frozen=True)
class Ceiling:
    r"""The moment is ``bound`` at most: from ``since`` on a combination of forms tells, before that numbers.

    Attributes
    ----------
    bound : M, the limit or the moment at an early generation
    since : first generation of the argument
    forms : rows of coefficients of (m, 1), expressions in g; nonnegative at ``since`` − 1
    multipliers, rests : each form at g as a combination of those at g − 1 and 1, for g ≥ ``since``
    weights, rest : M − y at g as a combination of the forms at g and 1
    """

    bound: Expr
    since: int
    forms: Matrix
    multipliers: Matrix
    rests: Matrix
    weights: Matrix
    rest: Expr

    def holds(self, recurrence: MomentRecurrence, before: list[Expr]) -> bool:
        """Whether everything that has to be nonnegative is; ``before`` are the moments at ``since`` − 1."""
        g = recurrence.symbol
        first = self.forms.subs(g, self.since - 1) * Matrix([*before, S.One])
        if any(value.is_negative for value in first):
            return False
        after = {g: at_least(Integer(self.since))}
        parts = (*self.multipliers, *self.rests, *self.weights, self.rest)
        return all(sign(in_lowest_terms(part), after) in (0, 1) for part in parts)


def ceiling(recurrence: MomentRecurrence, limit: Expr, direction: int = 1) -> Ceiling | None:
    """The least upper bound of the moment, with its argument; None where none is found, or parameters are symbols.

    With ``direction`` −1 its greatest lower bound, by an argument about minus the moment.

    Examples
    --------
    >>> from theory import Accumulate, GaussianMean
    >>> from theory.models.bent import BiasedSampler
    >>> from sympy import Rational
    >>> coin = BiasedSampler(GaussianMean(sigma2=1, n=4), "1/2", 1)
    >>> found = ceiling(coin.recurrence(Accumulate(), "squared"), Rational(1))
    >>> found.bound, found.since
    (1, 2)
    """
    recurrence = replace(reduced(recurrence), scale=S.One, offset=S.Zero)
    if not _has_numbers(recurrence) or not limit.is_Rational:
        return None
    if direction < 0:
        early = tuple(-value for value in recurrence.early)
        turned = recurrence.changed(readout=-recurrence.readout, shift=-recurrence.shift, early=early)
        found = ceiling(turned, -limit)
        return None if found is None else replace(found, bound=-found.bound)
    first = max(int(recurrence.start), 2)
    values, moments = list[Expr](), list[list[Expr]]()
    for since in _looks(recurrence, first):
        if len(values) <= since:
            values, moments = list(islice(recurrence.values(), 2 * since)), states(recurrence, 2 * since)
        bound = max(limit, *values[: since - 1])
        if bound < max(values):
            continue
        for found in _arguments(recurrence, bound, limit, since, moments[since - 2]):
            if found.holds(recurrence, moments[since - 2]):
                return found
    return None


def _looks(recurrence: MomentRecurrence, first: int) -> Iterator[int]:
    """Generations from which the bound is looked for; last, where a moment turns once, the one after that."""
    yield from (first + more for more in FROM)
    turn = single_hump(recurrence)
    if turn is not None and turn[0] > first + FROM[-1]:
        yield turn[0] + 1


def _has_numbers(recurrence: MomentRecurrence) -> bool:
    """Whether all is rational in g alone, in one regime."""
    alone = recurrence.continuation is None and recurrence.margin is None
    if not alone or recurrence.matrix.rows > MOST_MOMENTS or not all(x.is_Rational for x in recurrence.early):
        return False
    return has_rational_steps(recurrence)


def _arguments(
    recurrence: MomentRecurrence, bound: Expr, limit: Expr, since: int, before: list[Expr]
) -> Iterator[Ceiling]:
    g = recurrence.symbol
    parts = (*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift)
    if not any(part.has(g) for part in parts):
        yield from _of_constant_steps(recurrence, bound, limit, since, before)
    elif recurrence.matrix.rows == 1 and recurrence.readout[0] == 1 and recurrence.shift == 0:
        step, inflow = recurrence.matrix[0], recurrence.forcing[0]
        yield Ceiling(
            bound, since, ImmutableMatrix([[-1, bound]]), ImmutableMatrix([[step]]),
            ImmutableMatrix([(1 - step) * bound - inflow]), ImmutableMatrix([[1]]), S.Zero,
        )  # fmt: skip
    elif _is_pair(recurrence):
        yield from _of_a_mean_and_a_square(recurrence, bound, since, before)


def _is_pair(recurrence: MomentRecurrence) -> bool:
    """Whether the moments are a mean and a square, of which the latter is shown."""
    shown = [*recurrence.readout] == [0, 1] and recurrence.shift == 0
    return recurrence.matrix.shape == (2, 2) and recurrence.matrix[0, 1] == 0 and shown


def _of_a_mean_and_a_square(
    recurrence: MomentRecurrence, bound: Expr, since: int, before: list[Expr]
) -> Iterator[Ceiling]:
    g, (p, _, b, a), (push, f) = recurrence.symbol, recurrence.matrix, recurrence.forcing
    if p == 1:
        return
    centre = in_lowest_terms(push / (1 - p))
    if centre.has(g) or before[0] == centre:
        return
    side = 1 if before[0] < centre else -1
    lasting = to_sympy(short(to_flint((since - 1) * abs(centre - before[0])), upwards=False))
    gain, left = side * b, (1 - a) * bound - f - b * centre
    # M − y, the distance E of the mean, and what is left of g E above K.
    forms = ImmutableMatrix([[0, -1, bound], [-side, 0, side * centre], [-side * g, 0, side * g * centre - lasting]])
    kept = g * p / (g - 1)
    for share in (0, 1):
        multipliers = [[a, (1 - share) * gain, share * gain / (g - 1)], [0, p, 0], [0, 0, kept]]
        rests = [left + share * gain * lasting / (g - 1), 0, lasting * (kept - 1)]
        used = 2 + share
        yield Ceiling(
            bound, since, forms[:used, :], ImmutableMatrix(multipliers)[:used, :used],
            ImmutableMatrix(rests[:used]), ImmutableMatrix([[1, 0, 0][:used]]), S.Zero,
        )  # fmt: skip


def _of_constant_steps(
    recurrence: MomentRecurrence, bound: Expr, limit: Expr, since: int, before: list[Expr]
) -> Iterator[Ceiling]:
    P, h, size = recurrence.matrix, recurrence.readout, recurrence.matrix.rows
    gap = flint_matrix(eye(size) - P)
    if gap.det() != 0:
        settled = gap.solve(flint_matrix(recurrence.forcing))
        fixed = Matrix([to_sympy(x) for x in settled.entries()])
        for kept in kept_forms(P, -h, Matrix(before) - fixed, bound - limit):
            forms, rests = kept.forms, kept.rests
            about = forms[:, :size].row_join(forms[:, size] - forms[:, :size] * fixed)
            yield Ceiling(bound, since, about, kept.multipliers, rests, kept.weights, kept.rest)
    for falling in steady_from(recurrence, since, before, [-1]):
        kept = falling.kept
        count = kept.forms.rows
        below = (-h).row_join(Matrix([[bound - recurrence.shift]]))
        multipliers = Matrix([[1]]).row_join(kept.weights).col_join(zeros(count, 1).row_join(kept.multipliers))
        weights = Matrix([[1, *[0] * count]])
        yield Ceiling(bound, since, below.col_join(kept.forms), multipliers, zeros(count + 1, 1), weights, S.Zero)
