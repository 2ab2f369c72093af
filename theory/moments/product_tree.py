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

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, fmpz_poly
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
#: Steps that one matrix of polynomials takes at most, and how many such matrices make one of twice as many worth it.
WIDEST, FEWEST = 8, 32

PolynomialMatrix = list[list[fmpz_poly]]


def value_at(recurrence: MomentRecurrence, generation: int) -> Expr | None:
    """The exact risk at one generation, ``oo`` where it is infinite; None where entries are not rational over Q."""
    if not all(entry.is_Rational for entry in (*recurrence.initial, recurrence.scale, recurrence.offset)):
        return None
    numerators, common = _over_one([_flint(entry) for entry in recurrence.initial])
    active, state = recurrence, fmpz_mat(len(numerators) + 1, 1, [*numerators, fmpz(common)])
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
        moved = _moments_after(active, state, int(start), last)
        if moved is None:
            return None
        state = moved
        if following is None or last == generation:
            break
        active = following[1]
    moment = _read(active, state, generation)
    if moment is None:
        return None
    # One fraction is reduced, the last: a greatest common divisor takes as long as several products.
    (scale, offset), below = _over_one([_flint(recurrence.scale), _flint(recurrence.offset)])
    return _rational(fmpq(scale * moment[0] + offset * moment[1], below * moment[1]))


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


def _moments_after(recurrence: MomentRecurrence, state: fmpz_mat, first: int, last: int) -> fmpz_mat | None:
    """The moments at generation ``last`` from those at ``first − 1``, above what they are all divided by.

    None where an entry is not rational, or 0/0.
    """
    if last < first:
        return state
    size = state.nrows() - 1
    found = over_one_denominator([*recurrence.matrix, *recurrence.forcing], recurrence.symbol)
    if found is None:
        return None
    tops, bottom = found
    rows = [tops[row * size : (row + 1) * size] for row in range(size)]
    forcing = tops[size * size :]
    still = _fixed_point(rows, forcing, bottom)
    if still is not None:
        return _moved_about(still, state, _factors(rows, first, last), _factors([[bottom]], first, last))
    affine = [[*row, term] for row, term in zip(rows, forcing, strict=True)]
    factors = _factors([*affine, [fmpz_poly()] * size + [bottom]], first, last)
    # A step that divides by 0 multiplies it by a moment that is 0.
    if any(factor[size, size] == 0 for factor in factors):
        return None
    for factor in factors:
        state = factor * state
    return state


def _fixed_point(rows: PolynomialMatrix, forcing: Sequence[fmpz_poly], bottom: fmpz_poly) -> list[fmpq] | None:
    """Moments c = P c + f that no generation changes, as of a model that has collapsed; None where there are none."""
    size = len(rows)
    if all(term == 0 for term in forcing):
        return [fmpq(0)] * size
    equations = []
    for index, (row, term) in enumerate(zip(rows, forcing, strict=True)):
        parts = [bottom - entry if column == index else -entry for column, entry in enumerate(row)] + [term]
        longest = max(part.degree() for part in parts)
        equations += [[part[power] for part in parts] for power in range(longest + 1)]
    reduced, rank = fmpq_mat(fmpz_mat(equations)).rref()
    if rank != size or any(reduced[index, index] != 1 for index in range(size)):
        return None
    return [reduced[index, size] for index in range(size)]


def _moved_about(still: list[fmpq], state: fmpz_mat, factors: list, divisors: list) -> fmpz_mat | None:
    """The moments moved by P, those that stay being the origin; None at 0/0."""
    size = len(still)
    origin, common = _over_one(still)
    below = state[size, 0]
    away = fmpz_mat(size, 1, [state[row, 0] * common - entry * below for row, entry in enumerate(origin)])
    for factor in factors:
        away = factor * away
    for divisor in divisors:
        below = divisor * below
    if below == 0:
        return None
    return fmpz_mat(size + 1, 1, [*(away[row, 0] + entry * below for row, entry in enumerate(origin)), common * below])


def _evaluated(block: PolynomialMatrix, generations: range) -> list:
    """The matrices of whole numbers at these generations; whole numbers where there is one entry."""
    zeros = [0] * len(generations)
    columns = [zeros if entry == 0 else [entry(g) for g in generations] for row in block for entry in row]
    if len(columns) == 1:
        return columns[0]
    return [fmpz_mat(len(block), len(block), list(entries)) for entries in zip(*columns, strict=True)]


def _leaves(block: PolynomialMatrix, first: int, last: int) -> list:
    """Matrices whose product takes the moments from ``first − 1`` to ``last``: of several steps each, then of one.

    Several steps are one matrix of polynomials in the first of them: the polynomials are multiplied once, and as many
    fewer matrices are made of whole numbers.
    """
    single, taken = block, 1
    while taken < WIDEST and (last + 1 - first) >= FEWEST * taken:
        shift = fmpz_poly([taken, 1])
        block = _product([[entry(shift) for entry in row] for row in block], block)
        taken *= 2
    until = first + (last + 1 - first) // taken * taken
    rest = _evaluated(single, range(until, last + 1)) if until <= last else []
    return _evaluated(block, range(first, until, taken)) + rest


def _product(left: PolynomialMatrix, right: PolynomialMatrix) -> PolynomialMatrix:
    columns = list(zip(*right, strict=True))
    return [[_dot(row, column) for column in columns] for row in left]


def _dot(row: Sequence[fmpz_poly], column: Sequence[fmpz_poly]) -> fmpz_poly:
    return sum((a * b for a, b in zip(row, column, strict=True) if a != 0 and b != 0), fmpz_poly())


def _factors(block: PolynomialMatrix, first: int, last: int) -> list:
    """Matrices whose product, later ones to the left, takes the moments from ``first − 1`` to ``last``."""
    if all(entry.degree() <= 0 for row in block for entry in row):
        (step,), count = _evaluated(block, range(first, first + 1)), last + 1 - first
        return [*[step ** (count // ROOT)] * ROOT, step ** (count % ROOT)]
    if last - first < PIECE:
        return _multiplied(_leaves(block, first, last), ROOT)
    # Piece by piece: the leaves of the whole tree at once are most of its memory.
    ends = [(begin, min(begin + PIECE - 1, last)) for begin in range(first, last + 1, PIECE)]
    return _multiplied([_multiplied(_leaves(block, *piece), 1)[0] for piece in ends], ROOT)


def _multiplied(factors: list, left: int) -> list:
    """Neighbours multiplied, later ones to the left, until no more are left than that."""
    while len(factors) > left:
        paired = [later * earlier for earlier, later in zip(factors[::2], factors[1::2], strict=False)]
        factors = paired + factors[2 * len(paired) :]
    return factors


def _read(recurrence: MomentRecurrence, state: fmpz_mat, generation: int) -> tuple[fmpz, fmpz] | None:
    """Numerator and denominator of the moment that is read off, not reduced; None where an entry is not rational."""
    at = {recurrence.symbol: generation}
    entries = [entry.subs(at) for entry in (*recurrence.readout, recurrence.shift)]
    if not all(entry.is_Rational for entry in entries):
        return None
    weights, common = _over_one([_flint(entry) for entry in entries])
    size = state.nrows() - 1
    return (fmpz_mat(1, size + 1, weights) * state)[0, 0], state[size, 0] * common


def _over_one(values: Sequence[fmpq]) -> tuple[list[fmpz], int]:
    """Numerators over one denominator, and it."""
    common = lcm(*(int(value.q) for value in values))
    return [(value * common).p for value in values], common


def _flint(value: Expr) -> fmpq:
    return fmpq(int(value.p), int(value.q))  # type: ignore[attr-defined]


def _rational(value: fmpq) -> Expr:
    """Without the greatest common divisor, which is 1; SymPy before 1.14 is told so otherwise."""
    numerator, denominator = int(value.p), int(value.q)
    if hasattr(Rational, "from_coprime_ints"):
        return Rational.from_coprime_ints(numerator, denominator)
    return Rational(numerator, denominator, 1)
