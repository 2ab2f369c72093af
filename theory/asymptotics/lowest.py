r"""How small the terms of a sequence get, over all generations: decided, not looked up at some of them.

A rational sequence takes its infimum at its first term, next to an extreme point or a pole, or in the limit: finitely
many candidates, all exact. Of other sequences the derivative is enclosed over :math:`[N, \infty)`: where it has one
sign the sequence is monotone from N on, and the terms before N are counted out. Tables are cut into their pieces, and
alternating signs into even and odd terms. What none of this decides is said to be undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sympy import (
    Basic,
    Dummy,
    Expr,
    Ge,
    Integer,
    Piecewise,
    Poly,
    Pow,
    S,
    Symbol,
    ceiling,
    diff,
    factor_terms,
    floor,
    oo,
    simplify,
)
from sympy.core.relational import Relational

from theory.asymptotics.enclosures import enclosure, polynomials
from theory.asymptotics.scales import limit_or_none
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, at_least, sign, sign_of_difference

#: Where a sequence is tried for being monotone from, counted from its first term.
_HEADS = (0, 8, 64, 512)
#: Pieces of a table, and intervals that are enclosed, before a sequence is left undecided.
_MOST_PIECES, _MOST_INTERVALS = 1000, 150


def always_at_least(
    unit: Expr, size: Expr, x: Symbol, start: int, bound: Expr, ranges: Ranges | None = None
) -> Basic | None:
    """The condition that unit · size(x) ≥ ``bound`` at every whole x ≥ ``start``; None when it is not decided.

    True or false for numbers, a condition on the parameters for symbols. ``unit`` is positive.

    Examples
    --------
    >>> from sympy import Integer, exp
    >>> from theory.expressions.symbols import j
    >>> always_at_least(Integer(10), 401 * j / (j**2 + 400), j, 1, Integer(9))
    False
    >>> always_at_least(Integer(10), 1 + exp(-j), j, 1, Integer(10))
    True
    """
    low = infimum(size, x, start, ranges)
    if low is not None:
        condition = Ge(unit * low, bound)
        if condition in (S.true, S.false) or condition.free_symbols:
            return condition
        decided = sign(unit * low - bound)
        return None if decided is None else (S.true if decided >= 0 else S.false)
    excess = unit * size - bound
    if excess.free_symbols - {x}:
        return None
    return _nonnegative(excess, x, start)


def infimum(
    sequence: Expr, x: Symbol, start: int, ranges: Ranges | None = None, last: int | None = None
) -> Expr | None:
    """The greatest lower bound of the terms at whole x from ``start`` to ``last`` (None: no end); None if not found.

    Examples
    --------
    >>> from sympy import log
    >>> from theory.expressions.symbols import j
    >>> infimum(2 + (-1) ** j, j, 1), infimum(j / (1 + j) + 1 / j, j, 1), infimum(1 + log(j), j, 1)
    (1, 1, 1)
    """
    parts = list(pieces(sequence, x, start, last))
    lows = []
    for part in parts:
        low = None if part is None else _infimum_of_piece(*part, ranges or {})
        if low is None:
            return None
        lows.append(low)
    return _least(lows)


Piece = tuple[Expr, Symbol, int, int | None]
"""An expression without tables or alternating signs, its variable, and the first and last terms it holds for."""


def pieces(sequence: Expr, x: Symbol, start: int, last: int | None = None) -> Iterator[Piece | None]:
    """A table cut into expressions, each on its stretch, and these into even and odd terms where signs alternate."""
    for stretch in stretches(sequence, x, start, last):
        if stretch is None:
            yield None
        else:
            yield from _halves(*stretch)


def stretches(sequence: Expr, x: Symbol, start: int, last: int | None = None) -> Iterator[Piece | None]:
    """A table cut into expressions, each on its stretch; None where a condition does not compare x with a number."""
    cuts = _cuts(sequence, x)
    if cuts is None:
        yield None
        return
    firsts = [start, *(cut for cut in cuts if cut > start and (last is None or cut <= last))]
    merged: list[Piece] = []
    for first, following in zip(firsts, [*firsts[1:], None], strict=True):
        at = Integer(first)

        def branch(table: Piecewise, at: Integer = at) -> Expr:
            return next((value for value, condition in table.args if condition.subs(x, at) == S.true), S.NaN)

        piece = sequence.replace(lambda part: isinstance(part, Piecewise), branch)
        if merged and merged[-1][0] == piece:
            first = merged.pop()[2]
        merged.append((piece, x, first, last if following is None else following - 1))
    yield from merged


def _cuts(sequence: Expr, x: Symbol) -> list[int] | None:
    """Where the branches of tables may change; None for conditions of another kind."""
    cuts: set[int] = set()
    for table in sequence.atoms(Piecewise):
        for _, condition in table.args:
            for relation in condition.atoms(Relational):
                left, right = (relation.lhs, relation.rhs) if relation.lhs == x else (relation.rhs, relation.lhs)
                if left != x or not right.is_Rational:
                    return None
                cuts |= {int(floor(right)), int(floor(right)) + 1, int(ceiling(right))}
    return sorted(cuts) if len(cuts) <= _MOST_PIECES else None


def _halves(piece: Expr, x: Symbol, first: int, last: int | None) -> Iterator[Piece | None]:
    """A piece, or its even and its odd terms where signs alternate."""
    if piece.has(S.NaN):
        yield None
    elif not _alternates(piece, x):
        yield piece, x, first, last
    else:
        half = Dummy("k", integer=True, nonnegative=True)
        for odd in (0, 1):
            terms = piece.subs(x, 2 * half + odd)
            low, high = -((odd - first) // 2), None if last is None else (last - odd) // 2
            if high is None or low <= high:
                yield None if _alternates(terms, half) else (terms, half, low, high)


def _alternates(piece: Expr, x: Symbol) -> bool:
    return any(power.base.is_negative and power.exp.has(x) for power in piece.atoms(Pow))


def _infimum_of_piece(piece: Expr, x: Symbol, first: int, last: int | None, ranges: Ranges) -> Expr | None:
    if not piece.has(x):
        return piece
    if first == last:
        return piece.subs(x, first)
    if piece.free_symbols - {x}:
        return _symbolic_infimum(piece, x, first, last, ranges)
    rational = polynomials(piece, x)
    if rational is not None:
        return _rational_infimum(piece, *rational, first, last)
    return _monotone_infimum(piece, x, first, last)


def _symbolic_infimum(piece: Expr, x: Symbol, first: int, last: int | None, ranges: Ranges) -> Expr | None:
    """With parameters: by the sign of the step, if that is one sign."""
    step = sign(simplify(piece.subs(x, x + 1) - piece), {**ranges, x: at_least(Integer(first))})
    if step is None:
        return None
    if step >= 0:
        return piece.subs(x, first)
    return piece.subs(x, last) if last is not None else limit_or_none(piece, x)


def _rational_infimum(piece: Expr, top: Poly, bottom: Poly, first: int, last: int | None) -> Expr:
    (x,) = top.gens
    slope = top.diff() * bottom - top * bottom.diff()
    candidates = {first} if last is None else {first, last}
    for polynomial in (slope, bottom):
        if polynomial.degree() <= 0:
            continue
        for (low, high), _ in polynomial.intervals(eps=S.One / 4):
            candidates |= {
                int(floor(low)),
                int(ceiling(low)),
                int(floor(high)),
                int(ceiling(high)),
                int(floor(high)) + 1,
            }
    inside = [at for at in candidates if at >= first and (last is None or at <= last)]
    values = [piece.subs(x, at) for at in inside]
    if last is None:
        values.append(_limit(top, bottom))
    return min(values)


def _limit(top: Poly, bottom: Poly) -> Expr:
    if top.degree() < bottom.degree():
        return S.Zero
    share = in_lowest_terms(top.LC() / bottom.LC())
    return share if top.degree() == bottom.degree() else share * oo


def _monotone_infimum(piece: Expr, x: Symbol, first: int, last: int | None) -> Expr | None:
    """Of a sequence of numbers that is seen to be monotone from some term on."""
    slope = diff(piece, x)
    slopes = (slope, factor_terms(slope))  # a sum hides the sign that a product shows
    for head in _HEADS:
        begin = first + head
        if last is not None and begin >= last:
            return _least([piece.subs(x, at) for at in range(first, last + 1)])
        enclosures = (enclosure(one, x, begin, last) for one in slopes)
        found = next((one for one in enclosures if one is not None and (one[0] >= 0 or one[1] <= 0)), None)
        if found is None:
            continue
        values = [piece.subs(x, at) for at in range(first, begin + 1)]
        if found[0] >= 0:
            return _least(values)
        end = limit_or_none(piece, x) if last is None else piece.subs(x, last)
        return None if end is None or end.is_real is False else _least([*values, end])
    return None


def _least(values: Iterable[Expr]) -> Expr | None:
    """The smallest of several numbers; None when two cannot be told apart, or are symbols of unknown order."""
    best: Expr | None = None
    for value in values:
        if best is None:
            best = value
            continue
        smaller = sign_of_difference(value, best)
        if smaller is None:
            return None
        best = value if smaller < 0 else best
    return best


def _nonnegative(excess: Expr, x: Symbol, start: int) -> Basic | None:
    """Whether an expression is never negative: a negative term settles it, and so do enclosures of all terms."""
    for at in (*range(start, start + 65), *(2**power for power in range(7, 21))):
        found = enclosure(excess.subs(x, at), x, 0, 0) if at >= start else None
        if found is not None and found[1] < 0:
            return S.false
    parts = list(pieces(excess, x, start))
    verdicts = [None if part is None else _piece_is_nonnegative(*part) for part in parts]
    return S.true if all(verdicts) else None


def _piece_is_nonnegative(piece: Expr, x: Symbol, first: int, last: int | None) -> bool:
    """By enclosures over intervals that are halved until each is seen to hold no negative term."""
    left: list[tuple[int, int | None]] = [(first, last)]
    for _ in range(_MOST_INTERVALS):
        if not left:
            return True
        low, high = left.pop()
        found = enclosure(piece, x, low, high)
        if found is not None and found[0] >= 0:
            continue
        if low == high:
            if sign(piece.subs(x, low)) in (0, 1):
                continue
            return False
        if high is None:
            if low > 2**40:
                return False
            middle = 2 * max(low, 1) + 1
        else:
            middle = (low + high) // 2
        left += [(middle + 1, high), (low, middle)]
    return False
