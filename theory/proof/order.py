r"""Steps about order: a risk that rises or falls, and one risk that stays below another.

Both come from *invariant forms*: linear forms in the moments, not negative at the start, each at g a nonnegative
combination of those at g − 1. Candidates are the moments themselves, their distance from a fixed point, their
increments, and the difference of two risks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, pairwise, product
from typing import Any

from sympy import Expr, Matrix, S, diag, eye, fraction, oo, sympify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import ball_sign, covering
from theory.moments.recurrence import MomentRecurrence
from theory.proof.algebra import CertificateError
from theory.proof.draft import Draft, named, reduced
from theory.proof.leading import settles
from theory.proof.mixing import mixtures
from theory.proof.modes import geometric_forms
from theory.proof.texts import text
from theory.risk import Risk
from theory.solver.ceiling import ceiling
from theory.solver.leaning import leaning
from theory.solver.steady import steady
from theory.workflows.dynamics import GENERATION

#: Moments whose increments are tried with every choice of signs.
MOST_SIGNS = 3
#: Generations that may show a turn.
LOOKED_AT = 12


def monotone(draft: Draft, index: int) -> str:
    """Which way the risk goes."""
    risk = draft.risks[index]
    try:
        return str(draft.attempt(_rising(risk, index))["shape"])
    except NotDerivedError:
        turns = _first_turn(risk)
        if turns is None:
            raise
        before, after = ("falls", "rises") if turns[1] > 0 else ("rises", "falls")
        raise NotDerivedError(
            f"no certificate was found: {named(risk)} {before} up to generation {turns[0]} and then {after}: it is not "
            f"monotone."
        ) from None


def _first_turn(risk: Risk) -> tuple[int, int] | None:
    """The last generation, among a few, before a risk turns, and which way it goes from there."""
    before = 0
    try:
        values = [risk.at(g) for g in range(1, LOOKED_AT)]
    except DomainError:
        return None  # symbols decide what a generation is
    for g, (one, other) in enumerate(pairwise(values), start=1):
        if not (one.is_Rational and other.is_Rational):
            return None
        step = int(bool(other > one)) - int(bool(other < one))
        if step and before == -step:
            return g, step
        before = step or before
    return None


def _rising(risk: Risk, index: int) -> Iterator[dict[str, Any]]:
    recurrence = reduced(risk)
    g = GENERATION
    if not sympify(recurrence.start).is_Integer or recurrence.continuation is not None:
        raise NotDerivedError(f"no certificate was found: {named(risk)} changes regime.")
    P, f, h, c = recurrence.matrix, recurrence.forcing, recurrence.readout, recurrence.shift
    size, scale = P.rows, recurrence.scale
    before = {g: g - 1}
    # The step of the risk is row · m_(g−1) + constant.
    row, constant = scale * (h * P - h.subs(before)), scale * ((h * f)[0] + c - c.subs(before))

    def cone(shape: str, since: int, *form: Any) -> dict[str, Any]:
        return _cone(shape, {index: recurrence}, since, *form)

    none, first = Matrix.zeros(0, 0), max(int(recurrence.start), 2)
    # A coefficient may be 0/0 at the first generation and the least n.
    ways = (("increasing", 1), ("decreasing", -1))
    for since, shape, way in ((since, *pair) for since in (first, first + 1) for pair in ways):
        if row.is_zero_matrix:
            empty = Matrix.zeros(0, size + 1), none, Matrix.zeros(0, 1), Matrix.zeros(1, 0)
            yield cone(shape, since, *empty, way * constant)
        forms = eye(size).row_join(Matrix.zeros(size, 1))
        yield cone(shape, since, forms, P, f, way * row, way * constant)
        if size == 1 and P[0] != 1:
            above, below = fraction(in_lowest_terms(f[0] / (1 - P[0])))
            if not any(item.has(g) for item in (above, below, h, c)):
                for side in (1, -1):
                    # The distance from the fixed point above/below, times the latter, which may vanish.
                    forms = side * Matrix([[below, -above]])
                    weights = Matrix([[way * side * scale * h[0] * (P[0] - 1) / below]])
                    yield cone(shape, since, forms, P, Matrix([0]), weights, S.Zero)
            elif not (h.has(g) or c.has(g)):
                # Behind fixed points that move: way (h_(g+1) − y) stays as it is.
                level = in_lowest_terms(above / below)
                ahead = level.subs(g, g + 1)
                forms, rests = way * Matrix([[-1, ahead]]), Matrix([way * (ahead - level)])
                yield cone(shape, since, forms, P, rests, scale * h * (1 - P[0]), S.Zero)
        if not any(item.has(g) for item in (P, f, h, c)):
            for sides in _signs(size):
                # Each moment goes one way for ever, all of them the same way or not.
                forms = sides * (P - eye(size)).row_join(f)
                yield cone(
                    shape, since, forms, sides * P * sides, Matrix.zeros(size, 1), way * scale * h * sides, S.Zero
                )
            yield from (cone(shape, since, *forms, S.Zero) for forms in _own_steps(P, f, h, scale, way))
    if not any(item.has(g) for item in (P, f, h, c)):
        for shape, way in ways:
            for since, parts, multipliers in geometric_forms(recurrence, way, first):
                last = Matrix([[*[0] * (size - 1), 1]])
                yield cone(shape, since, parts, multipliers, Matrix.zeros(size, 1), last, S.Zero)
    found = steady(recurrence) or leaning(recurrence) if scale.is_Rational else None
    if found is not None:
        shape = "increasing" if found.way * scale > 0 else "decreasing"
        kept = found.kept
        weights, rest = abs(scale) * kept.weights, abs(scale) * kept.rest
        yield cone(shape, found.since, kept.forms, kept.multipliers, kept.rests, weights, rest)


def _own_steps(P: Matrix, f: Matrix, h: Matrix, scale: Expr, way: int) -> Iterator[tuple[Matrix, ...]]:
    """The step of the risk beside those of the moments that feed the last, which feeds itself alone.

    With p the last entry of P, :math:`h\\Delta_{g+1} = p\\,h\\Delta_g + (hP - ph)\\Delta_g`, and hP − ph is 0 there.
    """
    last = P.rows - 1
    if not 1 <= last < MOST_SIGNS or h[last] == 0 or any(P[row, last] != 0 for row in range(last)):
        return
    change, own = (P - eye(last + 1)).row_join(f), P[last, last]
    fed = (h * P - own * h)[:, :last]
    for sides in _signs(last):
        forms = (sides * change[:last, :]).col_join(way * h * change)
        multipliers = (
            (sides * P[:last, :last] * sides)
            .row_join(Matrix.zeros(last, 1))
            .col_join((way * fed * sides).row_join(Matrix([[own]])))
        )
        yield forms, multipliers, Matrix.zeros(last + 1, 1), Matrix([[*[0] * last, scale]])


def at_most(draft: Draft, index: int, refusal: NotDerivedError) -> str:
    """The least upper bound of a risk that turns: its limit, or the largest of its first values."""
    risk = draft.risks[index]
    recurrence = reduced(risk)
    limit, scale = risk.limit, recurrence.scale
    if limit is None or limit in (oo, -oo) or not scale.is_positive or not (limit.is_Rational and scale.is_Rational):
        raise refusal
    found = ceiling(recurrence, (limit - recurrence.offset) / scale)
    if found is None:
        raise refusal
    bound = recurrence.offset + scale * found.bound
    parts = found.forms, found.multipliers, found.rests, scale * found.weights, scale * found.rest
    step = _cone("at most", {index: recurrence}, found.since, *parts) | {"bound": text(bound)}
    draft.attempt([step])
    if bound == limit:
        settles(draft, index)
    return text(bound)


def _signs(size: int) -> list[Matrix]:
    """Diagonals of signs, those of one sign first; these alone where there are many moments."""
    alike = [(1,) * size, (-1,) * size]
    others = product((1, -1), repeat=size) if size <= MOST_SIGNS else ()
    return [diag(*signs) for signs in dict.fromkeys((*alike, *others))]


def _cone(
    shape: str,
    about: dict[int, MomentRecurrence],
    since: int,
    forms: Matrix,
    multipliers: Matrix,
    rests: Matrix,
    weights: Matrix,
    rest: Expr,
) -> dict[str, Any]:
    def written(table: Matrix) -> list[list[str]]:
        return [[text(in_lowest_terms(entry)) for entry in table.row(index)] for index in range(table.rows)]

    return {
        "rule": "cone",
        "shape": shape,
        "sequences": list(about),
        "since": since,
        "risks": [[text(risk) for risk in islice(item.values(), since + 1)] for item in about.values()],
        "forms": written(forms),
        "multipliers": written(multipliers),
        "rests": [text(in_lowest_terms(entry)) for entry in rests],
        "weights": [text(in_lowest_terms(entry)) for entry in weights],
        "rest": text(in_lowest_terms(rest)),
    }


def _ordered(draft: Draft) -> None:
    """The first risk stays below the second: their difference, and the moments of one of them, stay nonnegative."""
    low, high = (reduced(risk) for risk in draft.risks)
    starts = [sympify(item.start) for item in (low, high)]
    if not all(start.is_Integer for start in starts) or low.continuation or high.continuation:
        raise NotDerivedError("no certificate was found: a sequence changes regime.")
    since = max(*map(int, starts), 1)
    draft.attempt(chain(_differences(low, high, since), _beside(low, high, since)))


def _beside(low: MomentRecurrence, high: MomentRecurrence, since: int) -> Iterator[dict[str, Any]]:
    """A loop that keeps part of what it was, beside one that moves on."""
    for forms, multipliers, rests in mixtures(low, high):
        first = Matrix([[1, *[0] * (forms.rows - 1)]])
        yield _cone("never above", {0: low, 1: high}, since, forms, multipliers, rests, first, S.Zero)


def _differences(low: MomentRecurrence, high: MomentRecurrence, since: int) -> Iterator[dict[str, Any]]:
    """Forms in the moments (a, b) of both: the difference of the risks, and those of a, of b, or their increments."""
    g = GENERATION
    sizes = low.matrix.rows, high.matrix.rows
    step = Matrix.diag(low.matrix, high.matrix)
    pushed = low.forcing.col_join(high.forcing)
    row = (-low.scale * low.readout).row_join(high.scale * high.readout)
    constant = high.offset + high.scale * high.shift - low.offset - low.scale * low.shift
    total, before = sum(sizes), {g: g - 1}
    # The difference is kept at a rate λ; what is left of its step must come from the forms of the moments.
    rates = [S.One, *(item.matrix[0] for item in (high, low) if item.matrix.rows == 1)]
    sides = [_sides(item) for item in (low, high)]
    for rate, one, two in product(dict.fromkeys(rates), *sides):
        side, centre = Matrix.diag(one[0], two[0]), one[1].col_join(two[1])
        left = row * step - rate * row.subs(before)
        rest = (row * pushed)[0] + constant - rate * constant.subs(before) + (left * centre)[0]
        forms = row.row_join(Matrix([[constant]])).col_join(side.row_join(-side * centre))
        top = Matrix([[rate]]).row_join(left * side)
        multipliers = top.col_join(Matrix.zeros(total, 1).row_join(side * step * side))
        rests = Matrix([rest]).col_join(side * (pushed + step * centre - centre))
        yield _cone(
            "never above", {0: low, 1: high}, since, forms, multipliers, rests, Matrix([[1, *[0] * total]]), S.Zero
        )


def _sides(recurrence: MomentRecurrence) -> list[tuple[Matrix, Matrix]]:
    """Forms of the moments that may stay nonnegative: m itself, or the distance of one moment from a fixed point."""
    size = recurrence.matrix.rows
    found = [(eye(size), Matrix.zeros(size, 1))]
    if size == 1 and recurrence.matrix[0] != 1:
        fixed = in_lowest_terms(recurrence.forcing[0] / (1 - recurrence.matrix[0]))
        found += [] if fixed.has(GENERATION) else [(Matrix([[side]]), Matrix([fixed])) for side in (-1, 1)]
    return found


def never_above(draft: Draft) -> dict[str, Any]:
    """Step by step; or past a generation at which the second exceeds all that the first will ever reach."""
    claim: dict[str, Any] = {"statement": "never above", "sequences": [0, 1]}
    try:
        _ordered(draft)
        return claim
    except NotDerivedError as error:
        refusal = error
    try:
        for index in (0, 1):
            if monotone(draft, index) != "increasing":
                raise refusal
        settles(draft, 0)
    except NotDerivedError:
        raise refusal from None
    for since in _passing(draft):
        try:
            draft.claimed({**claim, "since": since})
            return {**claim, "since": since}
        except CertificateError:
            continue
    raise refusal


def _passing(draft: Draft) -> Iterator[int]:
    """Generations at which the second risk may exceed the limit of the first: none where its own limit does not."""
    limit, highest = (risk.limit for risk in draft.risks)
    if limit is not None and highest is not None and _falls_short(highest - limit, draft.risks):
        return
    for since in range(1, LATEST + 1):
        gap = None if limit is None else draft.risks[1].at(since) - limit
        if gap is None or gap.is_negative is not True:
            yield since


def _falls_short(gap: Expr, risks: tuple[Risk, ...]) -> bool:
    """Whether a gap is negative at one value of the parameters, each a step inside its range."""
    cover = covering(gap, {symbol: run for risk in risks for symbol, run in risk._ranges.items()})
    inside = gap.subs(cover)
    sign = ball_sign(inside.subs(dict.fromkeys(inside.free_symbols, S.One))) if set(cover) >= gap.free_symbols else None
    return sign == -1


#: Generations tried for one risk to pass the limit of another.
LATEST = 60
