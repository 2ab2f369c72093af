"""The recurrence that carries a risk: every regime, the state that it starts from, and how the risk is read off it.

Two regimes in a row with one recursion, or one readout, are shown as one. A regime without a generation of its own
hands its state over, and has the one readout before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import And, Eq, Expr, Ge, Integer, Lt, Matrix, S, Symbol, factor, nan, sympify, zeros, zoo

from theory.derivation.checks import equality, weakest
from theory.derivation.fitting import Stated
from theory.derivation.notation import indexed, moment, oriented, risk, shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.solver.system import solve_moments

#: Systems of more moments fill a page; a state is run to by hand for so many generations, and solved for beyond.
LARGEST_SHOWN, LONGEST_RUN = 4, 40

#: Parameters at which a state that is solved for is compared with the recurrence as it is run.
COMPARED = 3


@dataclass(frozen=True)
class Segment:
    """Generations ``start`` ≤ g < ``end`` (None: for ever) that obey one rule of a recurrence."""

    start: Expr
    end: Expr | None
    rule: MomentRecurrence

    def where(self, g: Symbol, always: Expr = S.One) -> Any:
        """The condition on g; None when it says nothing beyond g ≥ ``always``."""
        if self.end is None:
            return None if self.start == always else Ge(g, self.start)
        if self.end - self.start == 1:
            return Eq(g, self.start)
        return And(Ge(g, self.start), Lt(g, self.end)) if self.start != always else Lt(g, self.end)


def regimes(recurrence: MomentRecurrence) -> list[Segment]:
    """The regimes in their order, those without a generation of their own included."""
    return [
        Segment(sympify(one.start), None if one.continuation is None else sympify(one.continuation[0]), one)
        for one in recurrence.regimes
    ]


def recursions(recurrence: MomentRecurrence) -> list[Segment]:
    """Where which recursion holds."""
    running = [part for part in regimes(recurrence) if part.end != part.start]
    return _merged(running, lambda rule: (rule.matrix, rule.forcing))


def readouts(recurrence: MomentRecurrence) -> list[Segment]:
    """Where which readout holds: the first one from the generation of the first state on."""
    first, *rest = regimes(recurrence)
    opening = max(first.start - 1, S.One) if first.start.is_number else first.start
    parts = [replace(first, start=opening), *rest]
    return _merged([part for part in parts if part.end != part.start], lambda rule: (rule.readout, rule.shift))


def _merged(parts: list[Segment], of: Callable[[MomentRecurrence], Any]) -> list[Segment]:
    merged: list[Segment] = []
    for part in parts:
        if merged and of(merged[-1].rule) == of(part.rule):
            merged[-1] = replace(merged[-1], end=part.end)
        else:
            merged.append(part)
    return merged


# -- the steps ---------------------------------------------------------------------------------------------------


def recurrence_steps(recurrence: Any, ranges: Ranges, g: Symbol, what: str) -> list[Step]:
    """Recursion and first state of every regime, and the risk as it is read off; none beyond a page, or if infinite."""
    if not is_shown(recurrence):
        return []
    plain = is_plain(recurrence)
    name, scale, count = risk if plain else moment, recurrence.scale if plain else S.One, recurrence.matrix.shape[0]
    steps = []
    for index, segment in enumerate(recursions(recurrence)):
        reached = _start_of(recurrence, segment)
        if index and reached is None:
            continue
        relation = _recursion(segment, scale, name, g, ranges)
        reason = what if index == 0 else f"{'from then on' if segment.end is None else 'and then'} it is"
        steps.append(Step(relation, reason, OfRecurrence(segment, scale, g, name)))
        if reached is None:
            continue
        value = oriented(scale * reached, ranges)
        left = indexed(name, count, segment.start - 1)
        check: Any = Stated(_one(value)) if index == 0 else Reached(recurrence, segment.start - 1, scale)
        steps.append(Step(Relation(_one(left), EQUAL, _one(value)), "starting from" if index else "", check))
    return steps + _readout_steps(recurrence, ranges, g, plain)


def _recursion(segment: Segment, scale: Expr, name: Any, g: Symbol, ranges: Ranges) -> Relation:
    count = segment.rule.matrix.shape[0]
    left, before = indexed(name, count, g), indexed(name, count, g - 1)
    right = oriented(shown(segment.rule.matrix, g) * before + scale * shown(segment.rule.forcing, g), ranges)
    return Relation(_one(left), EQUAL, _one(right), where=segment.where(g))


def _readout_steps(recurrence: MomentRecurrence, ranges: Ranges, g: Symbol, plain: bool) -> list[Step]:
    steps = []
    for generation, early in enumerate(recurrence.early, start=1):
        value = oriented(recurrence.offset + recurrence.scale * early, ranges)
        reason = "the first generations have the risks of their own weights" if generation == 1 else ""
        steps.append(
            Step(Relation(risk(Integer(generation)), EQUAL, value), reason, AtGeneration(recurrence, generation))
        )
    if plain:
        return steps
    left = indexed(moment, recurrence.matrix.shape[0], g)
    found = readouts(recurrence)
    for index, segment in enumerate(found):
        rule, factor_ = segment.rule, oriented(recurrence.scale, ranges)
        readout = recurrence.offset + factor_ * ((shown(rule.readout, g) * left)[0] + shown(rule.shift, g))
        where = segment.where(g)
        reason = "" if len(found) == 1 else "from this the risk is" if index == 0 else "and then"
        steps.append(Step(Relation(risk(g), EQUAL, readout, where=where), reason, Stated(readout, where)))
    return steps


def is_shown(recurrence: Any) -> bool:
    """Whether a recurrence is one of moments, fits on a page, and is finite."""
    if not isinstance(recurrence, MomentRecurrence):
        return False
    return recurrence.matrix.shape[0] <= LARGEST_SHOWN and not recurrence.forcing.has(zoo, nan)


def is_plain(recurrence: MomentRecurrence) -> bool:
    """Whether the moment is the risk up to a factor, in every regime."""
    if recurrence.offset != 0 or recurrence.scale == 0:
        return False
    return all(
        part.rule.matrix.shape == (1, 1) and part.rule.readout[0] == 1 and part.rule.shift == 0
        for part in regimes(recurrence)
    )


def _one(matrix: Matrix) -> Any:
    return matrix[0] if matrix.shape == (1, 1) else matrix


# -- the state that a regime starts from -------------------------------------------------------------------------


def _start_of(recurrence: MomentRecurrence, segment: Segment) -> Matrix | None:
    """The state at ``segment.start − 1``: run to, or solved for; None where neither is done."""
    first = recurrence.start
    if segment.start == first:
        return recurrence.initial
    if segment.start.is_Integer and segment.start - sympify(first) <= LONGEST_RUN:
        return _run(recurrence, int(segment.start) - 1)
    solution = _solved_until(recurrence, segment.start)
    return None if solution is None else Matrix(solution[1]).subs(G, segment.start - 1)


def _solved_until(recurrence: MomentRecurrence, end: Expr) -> tuple[Segment, list[Expr]] | None:
    """The regime that ends at a generation, and its moments at G."""
    solved = solve_moments(recurrence)
    if solved is None:
        return None
    parts = zip(regimes(recurrence), solved, strict=True)
    return next(((part, moments) for part, moments in parts if part.end == end and part.start != end), None)


def _run(recurrence: MomentRecurrence, generation: int) -> Matrix:
    """The state at a generation, step by step."""
    state = recurrence.initial
    for index in range(int(recurrence.start), generation + 1):
        rule = next(part.rule for part in recursions(recurrence) if part.end is None or bool(index < part.end))
        step = {recurrence.symbol: index}
        state = (rule.matrix.subs(step) * state + rule.forcing.subs(step)).applyfunc(factor)
    return state


@dataclass(frozen=True)
class Reached:
    """The right side is the state at a generation, by running the recurrence for each of its moments.

    A generation that depends on parameters is not run to: there the regime before is solved, its solution is put into
    its recursion, and values of the parameters are a check on the whole.
    """

    recurrence: MomentRecurrence
    generation: Expr
    scale: Expr

    def __call__(self, relation: Relation) -> Evidence:
        right = relation.right if hasattr(relation.right, "shape") else Matrix([relation.right])
        if self.generation.is_Integer:
            return _compared(right, self.recurrence, self.scale, int(self.generation))
        points = list(islice(self._points(), COMPARED))
        if len(points) < COMPARED:
            raise NotShown("no values of the parameters were found at which the regimes can be run")
        for at in points:
            _compared(right.subs(at), self.recurrence.subs(at), self.scale.subs(at), int(self.generation.subs(at)))
        solution = _solved_until(self.recurrence, self.generation + 1)
        if solution is None:
            raise NotShown("the regime before has no solution")
        before, moments = solution
        column, g = Matrix(moments), self.recurrence.symbol
        step = before.rule.matrix.subs(g, G) * column.subs(G, G - 1) + before.rule.forcing.subs(g, G)
        equations = [(column, step), (right, self.scale * column.subs(G, self.generation))]
        if before.start == self.recurrence.start:
            equations.append((column.subs(G, before.start - 1), self.recurrence.initial))
        found = weakest([equality(Relation(left, EQUAL, other)) for left, other in equations])
        return replace(found, how=f"the solution of the regime before, put into its recursion: {found.how}")

    def _points(self) -> Iterator[dict[Symbol, Expr]]:
        """Whole values of the parameters, the regime before some generations long."""
        symbols = sorted(self.recurrence.domain.free_symbols | self.generation.free_symbols, key=str)
        for total in range(3, 40):
            for point in _compositions(total, len(symbols)):
                at = dict(zip(symbols, map(Integer, point), strict=True))
                last = self.generation.subs(at)
                if self.recurrence.domain.subs(at) == S.true and last.is_Integer and 1 < last <= LONGEST_RUN:
                    yield at


def _compared(right: Matrix, recurrence: MomentRecurrence, scale: Expr, generation: int) -> Evidence:
    rows = range(recurrence.matrix.shape[0])
    return weakest(
        [equality(Relation(scale * _moment(recurrence, row, generation), EQUAL, right[row])) for row in rows]
    )


def _compositions(total: int, count: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(1, total - count + 2):
        for rest in _compositions(total - first, count - 1):
            yield (first, *rest)


def _moment(recurrence: MomentRecurrence, row: int, generation: int) -> Expr:
    """One moment at a generation, as the risk of the same recurrence that reads out nothing else."""
    unit = zeros(1, recurrence.matrix.shape[0])
    unit[row] = 1

    def alone(part: MomentRecurrence) -> MomentRecurrence:
        follow = part.continuation
        return replace(
            part,
            readout=unit,
            shift=S.Zero,
            early=(S.Zero,) * len(part.early),
            scale=S.One,
            offset=S.Zero,
            margin=None,
            continuation=None if follow is None else (follow[0], alone(follow[1])),
        )

    return alone(recurrence).at(generation)


# -- checks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfRecurrence:
    """The displayed recursion is the recurrence's, in these generations."""

    segment: Segment
    scale: Expr
    g: Symbol
    name: Any

    def __call__(self, relation: Relation) -> Evidence:
        stated = _recursion(self.segment, self.scale, self.name, self.g, {})
        return Stated(stated.right, stated.where)(relation)


@dataclass(frozen=True)
class AtGeneration:
    """The right side is the exact risk at one generation, from the recurrence run again."""

    recurrence: Any
    generation: int

    def __call__(self, relation: Relation) -> Evidence:
        return equality(replace(relation, left=self.recurrence.at(self.generation)))
