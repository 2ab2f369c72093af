r"""One exact value of a moment recurrence over Q, without those before it.

With the entries of P and f over one denominator d, whole at every g, the step is

.. math:: \begin{pmatrix} d\,m_g \\ d \end{pmatrix}
          = \begin{pmatrix} d P_g & d f_g \\ 0 & d \end{pmatrix} \begin{pmatrix} m_{g-1} \\ 1 \end{pmatrix},

and G steps are a product of matrices of whole numbers. Multiplied as a tree, each level holds as many digits as the
next, and fast multiplication makes it nearly linear in those; no fraction is reduced but the last (binary splitting:
Brent 1976, and Haible and Papanikolaou 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import Any

from flint import fmpq, fmpz, fmpz_mat, fmpz_poly
from sympy import Expr, Rational, S, oo, sympify

from theory.expressions.one_denominator import over_one_denominator

MomentRecurrence = Any
""":class:`theory.moments.recurrence.MomentRecurrence`, which asks for its values here."""

#: Steps from which on a tree is faster than one step after another.
SHORTEST = 48
#: Matrices left at the root: those are applied to vectors, which takes fewer multiplications than their product.
ROOT = 4
#: Steps whose matrices are held at a time.
PIECE = 2048


def value_at(recurrence: MomentRecurrence, generation: int) -> Expr | None:
    """The exact risk at one generation, ``oo`` where it is infinite; None where entries are not rational over Q."""
    if not all(entry.is_Rational for entry in (*recurrence.initial, recurrence.scale, recurrence.offset)):
        return None
    active, state = recurrence, [_flint(entry) for entry in recurrence.initial]
    while True:
        start = sympify(active.start)
        if not start.is_Integer or generation < int(start):
            return None
        following = active.continuation
        first = None if following is None else following[0]
        if first is not None and not first.is_Integer:
            return None
        last = generation if first is None or first > generation else int(first) - 1
        # The generation before the start has a risk of this regime only where no other came before it.
        since = max(int(start) - 1, 1) if active is recurrence else int(start)
        finite = _stays_finite(active, since, last)
        if not finite:
            return None if finite is None else oo
        moved = moments_after(active, state, int(start), last)
        if moved is None:
            return None
        state = moved
        if following is None or last == generation:
            break
        active = following[1]
    moment = _read(active, state, generation)
    return None if moment is None else _rational(_flint(recurrence.offset) + _flint(recurrence.scale) * moment)


def is_over_rationals(recurrence: MomentRecurrence) -> bool:
    """Whether every value at a late generation comes by the tree: all entries are rational functions over Q."""
    constants = (*recurrence.initial, recurrence.scale, recurrence.offset)
    return all(entry.is_Rational for entry in constants) and all(
        sympify(part.start).is_Integer
        and over_one_denominator(
            [*part.matrix, *part.forcing, *part.readout, part.shift, part.margin or S.Zero], part.symbol
        )
        is not None
        for part in recurrence.regimes
    )


def _stays_finite(recurrence: MomentRecurrence, first: int, last: int) -> bool | None:
    """Whether the margin is 1 or more throughout; None where it is no rational function over Q."""
    if recurrence.margin is None:
        return True
    found = over_one_denominator([recurrence.margin - 1], recurrence.symbol)
    if found is None:
        return None
    (top,), bottom = found
    generations = range(first, last + 1 if recurrence.margin.has(recurrence.symbol) else first + 1)
    return all(top(g) * bottom(g) >= 0 for g in generations)


def moments_after(recurrence: MomentRecurrence, state: list[fmpq], first: int, last: int) -> list[fmpq] | None:
    """The moments at generation ``last`` from those at ``first − 1``; None where an entry is not rational, or 0/0."""
    if last < first:
        return state
    size = len(state)
    found = over_one_denominator([*recurrence.matrix, *recurrence.forcing], recurrence.symbol)
    if found is None:
        return None
    factors = _factors(*found, size, first, last)
    # A step that divides by 0 multiplies it by a moment that is 0.
    if any(factor[size, size] == 0 for factor in factors):
        return None
    common = lcm(*(int(value.q) for value in state))
    vector = fmpz_mat(size + 1, 1, [*((value * common).p for value in state), fmpz(common)])
    for factor in factors:
        vector = factor * vector
    below = vector[size, 0]
    return [fmpq(vector[row, 0], below) for row in range(size)]


def _steps(tops: Sequence[fmpz_poly], bottom: fmpz_poly, size: int, first: int, last: int) -> list[fmpz_mat]:
    """One matrix of whole numbers a generation."""
    generations = range(first, last + 1)
    columns: list[list[fmpz] | list[int]] = []
    zeros = [0] * len(generations)
    for row in range(size):
        for entry in (*tops[row * size : (row + 1) * size], tops[size * size + row]):
            columns.append([entry(g) for g in generations] if entry != 0 else zeros)
    columns += [zeros] * size
    columns.append([bottom(g) for g in generations])
    return [fmpz_mat(size + 1, size + 1, list(entries)) for entries in zip(*columns, strict=True)]


def _factors(tops: Sequence[fmpz_poly], bottom: fmpz_poly, size: int, first: int, last: int) -> list[fmpz_mat]:
    """Matrices whose product, later ones to the left, takes the moments from ``first − 1`` to ``last``."""
    if all(entry.degree() <= 0 for entry in (*tops, bottom)):
        (step,), count = _steps(tops, bottom, size, first, first), last + 1 - first
        return [*[step ** (count // ROOT)] * ROOT, step ** (count % ROOT)]
    if last - first < PIECE:
        return _multiplied(_steps(tops, bottom, size, first, last), ROOT)
    # Piece by piece: the leaves of the whole tree at once are most of its memory.
    ends = [(begin, min(begin + PIECE - 1, last)) for begin in range(first, last + 1, PIECE)]
    return _multiplied([_multiplied(_steps(tops, bottom, size, *piece), 1)[0] for piece in ends], ROOT)


def _multiplied(factors: list[fmpz_mat], left: int) -> list[fmpz_mat]:
    """Neighbours multiplied, later ones to the left, until no more are left than that."""
    while len(factors) > left:
        paired = [later * earlier for earlier, later in zip(factors[::2], factors[1::2], strict=False)]
        factors = paired + factors[2 * len(paired) :]
    return factors


def _read(recurrence: MomentRecurrence, state: list[fmpq], generation: int) -> fmpq | None:
    at = {recurrence.symbol: generation}
    entries = [entry.subs(at) for entry in (*recurrence.readout, recurrence.shift)]
    if not all(entry.is_Rational for entry in entries):
        return None
    *weights, shift = map(_flint, entries)
    return sum((weight * moment for weight, moment in zip(weights, state, strict=True)), shift)


def _flint(value: Expr) -> fmpq:
    return fmpq(int(value.p), int(value.q))  # type: ignore[attr-defined]


def _rational(value: fmpq) -> Expr:
    """Without the greatest common divisor, which is 1; SymPy before 1.14 is told so otherwise."""
    numerator, denominator = int(value.p), int(value.q)
    if hasattr(Rational, "from_coprime_ints"):
        return Rational.from_coprime_ints(numerator, denominator)
    return Rational(numerator, denominator, 1)
