r"""Which way a moment goes for ever under constant steps, where signs of the first step alone do not tell.

The increments :math:`d_g = m_g - m_{g-1}` obey :math:`d_{g+1} = P d_g`. That :math:`h d_g` keeps its sign from some
generation on is seen by forms that stay nonnegative (:mod:`theory.solver.kept_forms`); before that, by numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from flint import fmpq, fmpq_poly
from sympy import Expr, Matrix, Poly, S, Symbol, eye, fraction, zeros

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.moments.recurrence import MomentRecurrence
from theory.solver.kept_forms import Kept, kept_forms
from theory.solver.reduced import reduced

#: Generations beyond the first step from which the forms are tried, and moments, at most.
FROM, MOST_MOMENTS = (0, 1, 2, 3, 5, 8, 12, 20, 32, 60, 120, 240), 40
#: Generations whose values tell at once that it goes both ways.
FIRST_LOOK = 12


@dataclass(frozen=True)
class Steady:
    """From generation ``since`` on the moment goes ``way`` (1 up, −1 down), and so by the forms in (m, 1) at g − 1."""

    way: int
    since: int
    kept: Kept


def steady(recurrence: MomentRecurrence) -> Steady | None:
    """Which way the moment goes from the first generation on; None where it turns, or no argument is found.

    Examples
    --------
    >>> from theory import Bernoulli, SlidingWindow
    >>> from theory.models.bent import BiasedSampler
    >>> coin = BiasedSampler(Bernoulli(p="1/3", n=4), "9/10", "1/2")
    >>> found = steady(coin.recurrence(SlidingWindow(2), "squared"))
    >>> found.way, found.since
    (1, 10)
    """
    recurrence = reduced(recurrence)
    if not has_constant_numbers(recurrence):
        return None
    plain = replace(recurrence, scale=S.One, offset=S.Zero)
    values = list(islice(plain.values(), FIRST_LOOK))
    for more in FROM:
        since = max(int(recurrence.start), 2) + more
        if len(values) <= since:
            values = list(islice(plain.values(), 2 * since))
        rises = [after >= before for before, after in pairwise(values)]
        ways = [way for way, goes in ((1, all(rises)), (-1, all(b <= a for a, b in pairwise(values)))) if goes]
        if not ways:
            return None
        for found in steady_from(recurrence, since, states(recurrence, since)[since - 2], ways):
            return found
    return None


def steady_from(
    recurrence: MomentRecurrence, since: int, before: Sequence[Expr], ways: Sequence[int]
) -> Iterator[Steady]:
    """Arguments that hold from ``since`` on, ``before`` being the moments at ``since`` − 1."""
    P, f, h, size = recurrence.matrix, recurrence.forcing, recurrence.readout, recurrence.matrix.rows
    change = (P - eye(size)).row_join(f)
    step = change * Matrix([*before, S.One])
    for way in ways:
        for found in kept_forms(P, way * h, step, S.Zero):
            constants = zeros(found.forms.rows, size).row_join(found.forms[:, size])
            forms = found.forms[:, :size] * change + constants
            yield Steady(way, since, replace(found, forms=forms))
            break


def has_constant_numbers(recurrence: MomentRecurrence) -> bool:
    """Whether all is rational, in one regime, and no step depends on the generation."""
    entries = (*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift, *recurrence.early)
    alone = recurrence.continuation is None and recurrence.margin is None and S(recurrence.start).is_Integer
    few = 0 < recurrence.matrix.rows <= MOST_MOMENTS
    return alone and few and all(entry.is_Rational for entry in (*entries, *recurrence.initial))


def has_rational_steps(recurrence: MomentRecurrence) -> bool:
    """Whether the moments start as rational numbers, and every step is rational in the generation, without letters."""
    g = recurrence.symbol
    entries = (*recurrence.matrix, *recurrence.forcing, *recurrence.readout, recurrence.shift)
    begins = S(recurrence.start).is_Integer and all(value.is_Rational for value in recurrence.initial)
    return begins and all(entry.free_symbols <= {g} and entry.is_rational_function(g) for entry in entries)


def states(recurrence: MomentRecurrence, last: int) -> list[list[Expr]]:
    """The moments at generations 1 … ``last`` under rational steps; before the first step those it starts from."""
    first = int(recurrence.start)
    step = [
        [_quotient(x, recurrence.symbol) for x in recurrence.matrix.row(row)] for row in range(recurrence.matrix.rows)
    ]
    push = [_quotient(x, recurrence.symbol) for x in recurrence.forcing]
    here = [to_flint(x) for x in recurrence.initial]
    found = [here] * max(first - 1, 0)
    for g in range(first, last + 1):
        moved = [
            sum((top(g) / bottom(g) * x for (top, bottom), x in zip(row, here, strict=True) if top != 0), fmpq(0))
            for row in step
        ]
        here = [x + top(g) / bottom(g) for x, (top, bottom) in zip(moved, push, strict=True)]
        found.append(here)
    return [[to_sympy(x) for x in row] for row in found[:last]]


def _quotient(entry: Expr, g: Symbol) -> tuple[fmpq_poly, fmpq_poly]:
    """A rational function of g as two polynomials."""
    if entry.is_Rational:
        return fmpq_poly([to_flint(entry)]), fmpq_poly([1])
    top, bottom = (Poly(part, g).all_coeffs() for part in fraction(in_lowest_terms(entry)))
    return tuple(fmpq_poly([to_flint(x) for x in reversed(part)]) for part in (top, bottom))  # type: ignore[return-value]
