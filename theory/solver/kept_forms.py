r"""Linear forms that stay nonnegative under constant steps x ↦ P x, and among their combinations one that is asked for.

Each is nonnegative to begin with, and at every step a nonnegative combination of those before (derived here):

- *Aligned.* With signs D such that :math:`D P D \ge 0`, the entries of D x.
- *Boxed.* For v ≥ 0 and :math:`w = (1 - |P|)^{-1} v \ge 0`, |P| the matrix of sizes, the forms :math:`w_i \pm x_i`:
  :math:`|P| w = w - v`, so that the box is never left, and :math:`v_i = |x_i|` puts x into it.
- *Dominated.* One coordinate a that the others, y, never outweigh: a and :math:`w_i a \pm y_i`. With
  :math:`a' = \lambda a + p y` and :math:`y' = q a + Q y`

  .. math:: w_i a' \pm y_i' = c_i\,a + \sum_j |z_{ij}|\,(w_j a \pm y_j), \quad z_{ij} = w_i p_j \pm Q_{ij}, \quad
            c_i = w_i \lambda \pm q_i - \sum_j |z_{ij}| w_j,

  which is what the largest eigenvalue does, once it leads.

The last two are looked for in the coordinates row·Pⁱ x, what is asked now and later, and in rational ones near the
eigenvectors of these. That they are only near costs nothing, for the combinations are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from flint import acb_mat, ctx, fmpq, fmpq_mat, fmpq_poly
from sympy import Expr, ImmutableMatrix, Matrix

from theory.expressions.numerals import to_flint, to_sympy

#: Moments whose signs are all tried, and coordinates at most.
MOST_SIGNS, MOST_SEEN = 4, 16
#: Significant bits of coordinates, and of widths.
BITS, WIDTH_BITS = 96, 24

Row = list[fmpq]


@dataclass(frozen=True)
class Kept:
    """Forms in (x, 1), carried on by ``multipliers`` and ``rests``; ``weights`` and ``rest`` make what is asked.

    Examples
    --------
    >>> from sympy import Rational, S
    >>> step, row, start = Matrix([[Rational(1, 2), 0], [1, Rational(1, 3)]]), Matrix([[-1, 1]]), Matrix([1, 4])
    >>> found = next(kept_forms(step, row, start, S.Zero))
    >>> (found.weights * found.forms)[0, :2] == row
    True
    """

    forms: Matrix
    multipliers: Matrix
    rests: Matrix
    weights: Matrix
    rest: Expr


@dataclass(frozen=True)
class _Kept:
    """The same in numbers of FLINT, in coordinates of its own."""

    forms: list[Row]
    multipliers: list[Row]
    rests: Row
    weights: Row
    rest: fmpq

    @property
    def holds(self) -> bool:
        """Whether the combinations are nonnegative."""
        plain = all(x >= 0 for x in (*self.rests, *self.weights, self.rest))
        return plain and all(x >= 0 for row in self.multipliers for x in row)

    def told(self, basis: fmpq_mat) -> Kept:
        """In the coordinates that the basis is written in."""
        size = basis.nrows()
        turned = fmpq_mat([row[:size] for row in self.forms]) * basis
        forms = [
            [*map(to_sympy, row), to_sympy(form[size])] for row, form in zip(_rows(turned), self.forms, strict=True)
        ]
        return Kept(
            Matrix(forms),
            Matrix([[to_sympy(x) for x in row] for row in self.multipliers]),
            Matrix([to_sympy(x) for x in self.rests]),
            Matrix([[to_sympy(x) for x in self.weights]]),
            to_sympy(self.rest),
        )


@dataclass(frozen=True)
class _Frame:
    """Coordinates B x, in which the step is B P B⁻¹, and the row that is asked for."""

    basis: fmpq_mat
    step: list[Row]
    row: Row


def kept_forms(step: Matrix, row: Matrix, start: Matrix, room: Expr) -> Iterator[Kept]:
    """Ways to see that room + row·x is never negative from x = ``start`` on, all numbers being rational."""
    yield from _found(ImmutableMatrix(step), ImmutableMatrix(row), flint_matrix(start), to_flint(room))


def _found(step: ImmutableMatrix, row: ImmutableMatrix, start: fmpq_mat, room: fmpq) -> Iterator[Kept]:
    frames, modes = _frames(step, row)
    for mode, rate, weight in modes:
        if (mode * start)[0, 0] == 0:
            # What is nothing for ever may be added on either side.
            rest = flint_matrix(row) - mode * weight
            for found in _found(step, _sympy(rest), start, room):
                yield _beside(found, _sympy(mode), rate, weight)
            return
    for frame in frames:
        here = [x for (x,) in _rows(frame.basis * start)]
        for argument in (_aligned, _boxed, _dominated):
            for kept in argument(frame.step, frame.row, here, room):
                if kept.holds:
                    yield kept.told(frame.basis)


@lru_cache(maxsize=32)
def _frames(step: ImmutableMatrix, row: ImmutableMatrix) -> tuple[list[_Frame], list[tuple[fmpq_mat, fmpq, fmpq]]]:
    """Coordinates to look in; and rows ℓ with ℓ P = λ ℓ, λ rational, and how much of them is in what is asked."""
    plain, asked = flint_matrix(step), flint_matrix(row)
    size = plain.nrows()
    frames = [_Frame(_unit(size), _rows(plain), _rows(asked)[0])] if size <= MOST_SIGNS else []
    if asked == fmpq_mat(1, size):
        return [_Frame(asked, [[fmpq(0)]], [fmpq(0)])], []  # nothing is asked for, and nothing moves
    seen = _seen(plain, asked)
    if seen.nrows() > MOST_SEEN:
        return frames, []
    within = _companion(plain, seen)
    modes = [(mode * seen, rate, weight) for mode, rate, weight in _modes(within)]
    for turn in (_unit(seen.nrows()), _eigenbasis(within) if seen.nrows() > 1 else None):
        if turn is not None:
            back = turn.inv()
            frames.append(_Frame(turn * seen, _rows(turn * within * back), _rows(back)[0]))
    return frames, modes


def _modes(within: fmpq_mat) -> list[tuple[fmpq_mat, fmpq, fmpq]]:
    """Left eigenvectors of a companion matrix at its simple rational eigenvalues."""
    *_, last = _rows(within)
    coefficients = [*(-x for x in last), fmpq(1)]
    found = []
    for rate, times in fmpq_poly(coefficients).roots():
        if times != 1:
            continue
        # Over (z − λ), by Horner's rule.
        quotient, carried = list[fmpq](), fmpq(0)
        for coefficient in reversed(coefficients[1:]):
            carried = carried * rate + coefficient
            quotient.insert(0, carried)
        value = sum((x * rate**i for i, x in enumerate(quotient)), fmpq(0))
        found.append((fmpq_mat([quotient]), rate, 1 / value))
    return found


def _beside(found: Kept, silent: Matrix, rate: fmpq, weight: fmpq) -> Kept:
    """With a form that is nothing for ever, and its opposite."""
    count, none = found.forms.rows, Matrix([[0]])
    forms = Matrix.vstack(found.forms, silent.row_join(none), (-silent).row_join(none))
    stay, turn = to_sympy(max(rate, fmpq(0))), to_sympy(max(-rate, fmpq(0)))
    more, less = to_sympy(max(weight, fmpq(0))), to_sympy(max(-weight, fmpq(0)))
    multipliers = Matrix.diag(found.multipliers, Matrix([[stay, turn], [turn, stay]]))
    rests = Matrix.vstack(found.rests, Matrix.zeros(2, 1))
    weights = found.weights.row_join(Matrix([[more, less]]))
    assert weights.cols == count + 2
    return Kept(forms, multipliers, rests, weights, found.rest)


def _seen(step: fmpq_mat, row: fmpq_mat) -> fmpq_mat:
    """What is asked now and later, row·Pⁱ, as far as it is independent (Krylov)."""
    rows = _rows(row)
    while len(rows) < step.nrows():
        after = _rows(fmpq_mat([rows[-1]]) * step)
        if fmpq_mat([*rows, *after]).rank() == len(rows):
            break
        rows += after
    return fmpq_mat(rows)


def _companion(step: fmpq_mat, seen: fmpq_mat) -> fmpq_mat:
    """The step of these rows by themselves."""
    size, after = seen.nrows(), fmpq_mat([_rows(seen)[-1]]) * step
    last = (seen * seen.transpose()).solve(seen * after.transpose())
    return fmpq_mat([*_rows(_unit(size))[1:], [x for (x,) in _rows(last)]])


def _eigenbasis(step: fmpq_mat) -> fmpq_mat | None:
    """Rational rows near the left eigenvectors, the largest eigenvalue first; None where they are dependent."""
    size = step.nrows()
    with ctx.workprec(8 * BITS):
        values, left = acb_mat(step).eig(left=True, algorithm="approx")
    order = sorted(range(size), key=lambda i: (-float(abs(values[i]).mid()), -float(values[i].imag.mid())))
    rows: list[Row] = []
    for i in order:
        imaginary = float(values[i].imag.mid())
        if imaginary < -1e-12:
            continue
        line = [left[i, j] for j in range(size)]
        most = max(line, key=lambda x: float(abs(x).mid()))
        line = [x / most for x in line]
        rows.append([_near(x.real) for x in line])
        if imaginary > 1e-12:
            rows.append([_near(x.imag) for x in line])
    if len(rows) != size:
        return None
    basis = fmpq_mat(rows)
    return None if basis.det() == 0 else basis


def _near(value: Any) -> fmpq:
    return fmpq((value.mid() * 2**BITS).floor().unique_fmpz(), 2**BITS)


# -- arguments ---------------------------------------------------------------------------------------------


def _aligned(step: list[Row], row: Row, start: Row, room: fmpq) -> Iterator[_Kept]:
    size = len(step)
    if size > MOST_SIGNS:
        return
    for signs in product((1, -1), repeat=size):
        if all(x * way >= 0 for x, way in zip(start, signs, strict=True)):
            forms = [[fmpq(way if i == k else 0) for k in range(size + 1)] for i, way in enumerate(signs)]
            multipliers = [
                [one * x * two for x, two in zip(line, signs, strict=True)]
                for line, one in zip(step, signs, strict=True)
            ]
            weights = [x * way for x, way in zip(row, signs, strict=True)]
            yield _Kept(forms, multipliers, [fmpq(0)] * size, weights, room)


def _boxed(step: list[Row], row: Row, start: Row, room: fmpq) -> Iterator[_Kept]:
    if room <= 0:
        return
    size = len(step)
    gap = fmpq_mat([[int(i == k) - abs(x) for k, x in enumerate(line)] for i, line in enumerate(step)])
    if gap.det() == 0:
        return
    around = [short(abs(x), upwards=True) for x in start]
    widths = [x for (x,) in _rows(gap.solve(fmpq_mat([[x] for x in around])))]
    if any(width < 0 for width in widths):
        return
    forms = [[fmpq(way * int(i == k)) for k in range(size)] + [widths[i]] for way in (-1, 1) for i in range(size)]
    multipliers = [_parts(line, -way) for way in (-1, 1) for line in step]
    outside = sum((abs(x) * width for x, width in zip(row, widths, strict=True)), fmpq(0))
    yield _Kept(forms, multipliers, [*around, *around], _parts(row, -1), room - outside)


def _parts(line: Row, way: int) -> Row:
    """What is positive in it and what is negative; the other way round for −1."""
    above, below = [max(x, fmpq(0)) for x in line], [max(-x, fmpq(0)) for x in line]
    return [*above, *below] if way > 0 else [*below, *above]


def _dominated(step: list[Row], row: Row, start: Row, room: fmpq) -> Iterator[_Kept]:
    """The first coordinate above the others, with widths a few times what they are to begin with."""
    size = len(step)
    if size == 1 or start[0] == 0 or step[0][0] <= 0 or row[0] * start[0] < 0:
        return
    if start[0] < 0:
        turned = [[-x if (i == 0) != (k == 0) else x for k, x in enumerate(line)] for i, line in enumerate(step)]
        for found in _dominated(turned, [-row[0], *row[1:]], [-start[0], *start[1:]], room):
            forms = [[-form[0], *form[1:]] for form in found.forms]
            yield _Kept(forms, found.multipliers, found.rests, found.weights, found.rest)
        return
    least = [short(abs(y / start[0]), upwards=True) for y in start[1:]]
    most = max(abs(x) for x in row[1:])
    narrow = short(abs(row[0]) / (most * size * 8), upwards=False) if most else fmpq(1)
    for times in (1, 2, 4):
        found = _cone(step, row, [max(times * x, narrow) for x in least], room)
        if found.holds:
            yield found
            return


def _cone(step: list[Row], row: Row, widths: Row, room: fmpq) -> _Kept:
    """Forms a, w_i a − y_i, w_i a + y_i."""
    size = len(step)
    places = [(i, way) for i in range(1, size) for way in (-1, 1)]

    def combined(line: Row) -> Row:
        """one·a + Σ z_j y_j by the forms."""
        one, *others = line
        first = one - sum((abs(z) * w for z, w in zip(others, widths, strict=True)), fmpq(0))
        return [first, *(max(others[j - 1] * way, fmpq(0)) for j, way in places)]

    forms = [[fmpq(1), *[fmpq(0)] * size]]
    rows = [combined(step[0])]
    for i, way in places:
        width = widths[i - 1]
        forms.append([width, *(fmpq(way if j == i else 0) for j in range(1, size)), fmpq(0)])
        rows.append(combined([width * x + way * y for x, y in zip(step[0], step[i], strict=True)]))
    return _Kept(forms, rows, [fmpq(0)] * len(rows), combined(row), room)


# -- numbers -----------------------------------------------------------------------------------------------


def flint_matrix(matrix: Matrix) -> fmpq_mat:
    """A matrix of rational numbers as one of FLINT."""
    return fmpq_mat(matrix.rows, matrix.cols, [to_flint(x) for x in matrix])


def _sympy(matrix: fmpq_mat) -> ImmutableMatrix:
    return ImmutableMatrix(matrix.nrows(), matrix.ncols(), [to_sympy(x) for x in matrix.entries()])


def _rows(matrix: fmpq_mat) -> list[Row]:
    return matrix.tolist()


def _unit(size: int) -> fmpq_mat:
    return fmpq_mat([[int(i == k) for k in range(size)] for i in range(size)])


def short(value: fmpq, upwards: bool) -> fmpq:
    """A short rational number near a nonnegative one, on the side that is asked for."""
    if value == 0:
        return value
    bits = WIDTH_BITS - (int(value.p).bit_length() - int(value.q).bit_length())
    scale = fmpq(2) ** bits
    whole = value * scale
    return fmpq(whole.ceil() if upwards else whole.floor()) / scale
