r"""The derivation of a risk, from what its model and workflow state to its limit and its bound.

Nothing here knows a particular model or workflow. The steps are read off the objects: the weights and the dynamics of
the workflow, the conditional variance of a block where composing it with the dynamics gives the recurrence entry by
entry, the recurrence, its solution, and what follows. Each step that is not true of a pair, or not known, is left out,
and the derivation says where exact values come from instead of a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from sympy import And as Conjunction
from sympy import Basic, Expr, Ge, Integer, Lt, Matrix, Piecewise, S, Symbol, nan, oo, sympify, zoo

from theory.bounds import DECREASING, INCREASING
from theory.derivation.checks import equal, equality, limit_of
from theory.derivation.derivation import Derivation
from theory.derivation.fitting import Stated, curvature_of, fit_steps, motion_steps, noise_steps
from theory.derivation.notation import generation_symbol, indexed, moment, oriented, risk, shown
from theory.derivation.relation import ASYMPTOTIC, AT_LEAST, AT_MOST, EQUAL, LESS, LIMIT, Relation
from theory.derivation.solution import SolvesRecurrence
from theory.derivation.step import Evidence, NotShown, Step
from theory.dynamics import PoolDynamics
from theory.errors import DomainError, NotDerivedError
from theory.positivity import sign
from theory.proof import claims, prove
from theory.proof.texts import text
from theory.recurrence import MomentRecurrence
from theory.symbols import G

if TYPE_CHECKING:
    from theory.risk import Risk

#: Systems of more moments fill a page; values that are written out instead of a closed form.
LARGEST_SHOWN, VALUES_SHOWN = 4, 4


def derivation(found: Risk) -> Derivation:
    """The steps that are true of a risk."""
    absolute = found
    if found.relative:
        absolute = replace(found, recurrence=found.model.recurrence(found.workflow, found.loss), relative=False)
        if found.exactness == "leading order" and absolute.exactness == "exact":
            absolute = absolute.leading_order
    g = generation_symbol(found.free_symbols)
    title = f"{found.model.name} under {found.workflow.name}, loss {found.loss}"
    curvature = curvature_of(found.workflow, absolute.recurrence, found.model)
    composed = (
        []
        if curvature is None
        else [
            *_guarded(motion_steps, found.workflow, g),
            *noise_steps(found.model, found.workflow, absolute.recurrence, curvature, found._ranges, g),
        ]
    )
    steps = [
        *_guarded(fit_steps, found.workflow, g),
        *composed,
        *_recurrence_steps(absolute, g, curvature is not None),
        *_solution_steps(absolute),
        *_ratio_steps(absolute),
        *_limit_steps(absolute),
        *_order_steps(absolute),
        *_domain_steps(absolute),
    ]
    return Derivation(title, tuple(steps))


def _guarded(build: Any, *arguments: Any) -> list[Step]:
    """No step where the workflow cannot say, such as weights for a symbolic window."""
    try:
        return build(*arguments)
    except DomainError:
        return []


# -- 4: the recurrence -------------------------------------------------------------------------------------


def _recurrence_steps(found: Risk, g: Symbol, composed: bool) -> list[Step]:
    recurrence = found.recurrence
    if not isinstance(recurrence, MomentRecurrence):
        return []
    if recurrence.matrix.shape[0] > LARGEST_SHOWN or recurrence.forcing.has(zoo, nan):
        return []  # beyond a page, or infinite from the start
    steps: list[Step] = []
    plain = _is_plain(recurrence)
    regimes = [recurrence]
    while regimes[-1].continuation is not None:
        regimes.append(regimes[-1].continuation[1])
    scale = recurrence.scale if plain else S.One
    name = risk if plain else moment
    count = recurrence.matrix.shape[0]
    what = "so the risk obeys" if plain else _meaning(found, count, composed)
    if plain and recurrence.exactness != "exact":
        what += ", to leading order,"
    for index, regime in enumerate(regimes):
        start = sympify(regime.start)
        end = None if regime.continuation is None else sympify(regime.continuation[0])
        if end == start:
            continue
        left, before = indexed(name, count, g), indexed(name, count, g - 1)
        right = oriented(shown(regime.matrix, g) * before + scale * shown(regime.forcing, g), found._ranges)
        where: Any = Ge(g, start) if end is None else Conjunction(Ge(g, start), Lt(g, end))
        where = None if where == S.true else where
        relation = Relation(_one(left), EQUAL, _one(right), where=where)
        steps.append(Step(relation, what if index == 0 else "and then", OfRecurrence(regime, scale, g, name, where)))
        if index == 0 and start.is_Integer:
            first = indexed(name, count, start - 1)
            initial = oriented(scale * regime.initial, found._ranges)
            steps.append(Step(Relation(_one(first), EQUAL, _one(initial)), "", Stated(_one(initial))))
        if not plain:
            factor = oriented(recurrence.scale, found._ranges)
            readout = recurrence.offset + factor * ((shown(regime.readout, g) * left)[0] + shown(regime.shift, g))
            since = Ge(g, start - 1) if index == 0 and start.is_Integer and start > 2 else None
            steps.append(Step(Relation(risk(g), EQUAL, readout, where=since), "", Stated(readout, since)))
    return steps


def _meaning(found: Risk, count: int, composed: bool) -> str:
    """What the moments are, where that is known from how the recurrence was composed."""
    if not composed:
        return "the moments $m$ that carry the risk obey" if count > 1 else "the risk is carried by one moment $m$"
    if isinstance(found.workflow.dynamics(), PoolDynamics):
        what = (
            "squared error of the pool's mean and the variance of the pool"
            if count > 1
            else "squared error of the pool's mean"
        )
        return f"so the {what}, in units of the noise of a unit block, obey{'' if count > 1 else 's'}"
    return "so the second moments $m$ of that state, in units of the noise of a unit block, obey"


def _is_plain(recurrence: MomentRecurrence) -> bool:
    """Whether the moment is the risk up to a factor."""
    alone = recurrence.matrix.shape == (1, 1) and recurrence.readout[0] == 1 and recurrence.shift == 0
    return bool(alone and recurrence.offset == 0 and recurrence.continuation is None and recurrence.scale != 0)


def _one(matrix: Matrix) -> Any:
    return matrix[0] if matrix.shape == (1, 1) else matrix


@dataclass(frozen=True)
class OfRecurrence:
    """The displayed step is the recurrence's, and continues its exact values."""

    recurrence: MomentRecurrence
    scale: Expr
    g: Symbol
    name: Any
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        count = self.recurrence.matrix.shape[0]
        before = indexed(self.name, count, self.g - 1)
        stated = shown(self.recurrence.matrix, self.g) * before + self.scale * shown(self.recurrence.forcing, self.g)
        return Stated(_one(stated), self.where)(relation)


# -- 5: its solution -----------------------------------------------------------------------------------------


def _solution_steps(found: Risk) -> list[Step]:
    closed = found.closed_form
    order = "" if found.exactness == "exact" else f", to {found.exactness},"
    recurrence = found.recurrence
    if closed is not None and closed != oo:
        reason = f"hence{order} for every generation"
        if isinstance(recurrence, MomentRecurrence) and recurrence.matrix.shape[0] > LARGEST_SHOWN:
            reason = f"a linear recurrence of {recurrence.matrix.shape[0]} moments carries the risk{order} and gives"
        return [Step(Relation(risk(G), EQUAL, closed), reason, SolvesRecurrence(recurrence))]
    steps = []
    opening = (
        f"no closed form was derived; the recurrence gives exact values{order} at every generation, the first being"
    )
    if found.domain == S.false:
        opening = "the expectation is infinite from some generation on"
    for g, value in enumerate(_values(found, VALUES_SHOWN), start=1):
        check = Value(found, g)
        left = Relation(risk(Integer(g)), EQUAL, value)
        steps.append(Step(left, opening if g == 1 else "", check))
        if value == oo:
            break
    return steps


def _values(found: Risk, count: int) -> list[Expr]:
    try:
        return [found._written(value) if value != oo else value for value in islice(found.recurrence.values(), count)]
    except DomainError:
        return []


@dataclass(frozen=True)
class Value:
    """The right side is the exact risk at one generation, from the recurrence run again."""

    found: Risk
    generation: int

    def __call__(self, relation: Relation) -> Evidence:
        return equality(replace(relation, left=self.found.recurrence.at(self.generation)))


# -- 6 and 7: ratio, limit, growth ---------------------------------------------------------------------------


def _ratio_steps(found: Risk) -> list[Step]:
    closed = found.closed_form
    if closed is None or closed == oo:
        return []
    try:
        ratio = found.ratio
    except DomainError:
        return []
    form, first = ratio.closed_form, Integer(1)
    if form is None or form == closed or isinstance(form, Piecewise) or form.count_ops() > closed.count_ops():
        return []  # no ratio, or one that is longer than the risk
    steps = [
        Step(Relation(risk(first), EQUAL, found.baseline), "generation 1 is fitted on real data alone", Value(found, 1))
    ]
    steps.append(
        Step(Relation(risk(G) / risk(first), EQUAL, form), "and relative to it", Ratio(closed, found.baseline))
    )
    return steps


@dataclass(frozen=True)
class Ratio:
    """The right side times the risk at generation 1 is the risk."""

    closed: Expr
    baseline: Expr

    def __call__(self, relation: Relation) -> Evidence:
        return equal(relation.right * self.baseline, self.closed)


def _limit_steps(found: Risk) -> list[Step]:
    steps = []
    limit, growth = found.limit, found.growth
    if limit is not None and found.closed_form != oo and (found.closed_form is None or found.closed_form.has(G)):
        reason = "it diverges" if limit in (oo, -oo) else "as generations go on it settles"
        steps.append(Step(Relation(risk(G), LIMIT, limit), reason, Tends(found)))
    diverges = limit in (None, oo, -oo) or isinstance(limit, Piecewise)
    if growth is not None and growth.has(G) and diverges:
        steps.append(Step(Relation(risk(G), ASYMPTOTIC, growth), "it grows like", Grows(found)))
    return steps


@dataclass(frozen=True)
class Tends:
    """The limit of the closed form, by its expansion; without one, that of the recurrence."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        from theory.asymptotics.expansion import Order

        found, right = self.found, relation.right
        closed = found.closed_form
        evidence = _same(found.limit, right, "derived from the recurrence")
        if closed is None or isinstance(closed, Piecewise) or isinstance(right, Piecewise):
            return evidence
        limit = limit_of(closed, Order(found._ranges))
        if limit is None:
            return evidence
        return _same(limit, right, "asymptotic expansion of the closed form")


@dataclass(frozen=True)
class Grows:
    """The leading term as it is derived from the recurrence, or from the closed form."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        found, closed = self.found, self.found.closed_form
        evidence = _same(found.growth, relation.right, "leading term of the expansion")
        if closed is None or isinstance(closed, Piecewise) or isinstance(relation.right, Piecewise):
            return evidence
        try:
            grown = next(step["growth"] for step in prove(claims.Growth(found)).data["steps"] if "growth" in step)
        except NotDerivedError:
            return evidence
        if grown != text(relation.right):
            raise NotShown(f"the certificate says {grown}")
        return Evidence("by a certificate that the checker accepts")


def _same(expected: Any, stated: Any, how: str) -> Evidence:
    """Two answers that may be infinite, or by cases."""
    if isinstance(expected, Piecewise) or isinstance(stated, Piecewise):
        if not (isinstance(expected, Piecewise) and isinstance(stated, Piecewise)):
            raise NotShown(f"it is {expected}")
        pairs = list(zip(expected.args, stated.args, strict=False))
        if len(expected.args) != len(stated.args) or any(a[1] != b[1] for a, b in pairs):
            raise NotShown(f"it is {expected}")
        for (a, _), (b, _) in pairs:
            _same(a, b, how)
        return Evidence(how)
    if expected in (oo, -oo) or stated in (oo, -oo):
        if expected != stated:
            raise NotShown(f"it is {expected}")
        return Evidence(how)
    weak = equal(expected, stated)
    return Evidence(how if weak.proved else f"{how}; {weak.how}", weak.proved)


# -- 8: order and bound --------------------------------------------------------------------------------------


def _order_steps(found: Risk) -> list[Step]:
    steps = []
    closed = found.closed_form
    moves = closed is None or closed.has(G)
    if found.monotonicity in (INCREASING, DECREASING) and moves and found.domain != S.false:
        sign = AT_LEAST if found.monotonicity == INCREASING else AT_MOST
        reason = f"the sequence {'does not decrease' if sign == AT_LEAST else 'does not increase'}"
        steps.append(Step(Relation(risk(G + 1), sign, risk(G), for_all=((G, 1),)), reason, Monotone(found)))
    bound = found.bound
    if bound is not None and bound != oo and moves and not isinstance(bound, Piecewise):
        reason = "so it never exceeds its limit" if bound == found.limit else "so the first generations are the largest"
        steps.append(Step(Relation(risk(G), AT_MOST, bound, for_all=((G, 1),)), reason, Bounded(found)))
    return steps


@dataclass(frozen=True)
class Monotone:
    """The sign of the steps, by the recurrence (:mod:`theory.bounds`), and of the first ones by exact values."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        expected = AT_LEAST if self.found.monotonicity == INCREASING else AT_MOST
        if (relation.left, relation.sign, relation.right) != (risk(G + 1), expected, risk(G)):
            raise NotShown(f"the risk is {self.found.monotonicity}")
        way = 1 if expected == AT_LEAST else -1
        if any(
            sign(way * (later - former), self.found._ranges) == -1
            for former, later in pairwise(_first_values(self.found))
        ):
            raise NotShown("the first generations go the other way")
        return _certified(
            claims.Monotone(self.found), {AT_LEAST: INCREASING, AT_MOST: DECREASING}[expected], "statement"
        )


def _first_values(found: Risk, count: int = 6) -> list[Expr]:
    """Exact risks at the first generations."""
    return list(islice(found.recurrence.values(), count))


def _certified(claim: claims.Claim, expected: str, part: str) -> Evidence:
    """A certificate of the claim that says the same; without one the library's own argument is all there is."""
    try:
        stated = prove(claim).data["claim"][part]
    except NotDerivedError:
        return Evidence("by the signs of the recurrence's coefficients; no certificate was found")
    if stated != expected:
        raise NotShown(f"the certificate says {stated}")
    return Evidence("by a certificate that the checker accepts")


@dataclass(frozen=True)
class Bounded:
    """The least upper bound: a limit approached from one side, or the first value of a sequence that falls."""

    found: Risk

    def __call__(self, relation: Relation) -> Evidence:
        if relation.sign != AT_MOST:
            raise NotShown("it is an upper bound")
        if any(sign(relation.right - value, self.found._ranges) == -1 for value in _first_values(self.found)):
            raise NotShown("the first generations exceed it")
        weak = _same(self.found.bound, relation.right, "a monotone sequence lies between its first value and its limit")
        least = _certified(claims.LeastBound(self.found), text(relation.right), "bound")
        return least if weak.proved else weak


# -- 9: domain ------------------------------------------------------------------------------------------------


def _domain_steps(found: Risk) -> list[Step]:
    if found.domain in (S.true, S.false):
        return []
    relation = Relation(risk(G), LESS, oo, where=found.domain)
    return [Step(relation, "the expectation is finite for", Finite(found.domain))]


@dataclass(frozen=True)
class Finite:
    """The condition under which every generation has a finite risk, as the model states it."""

    domain: Basic

    def __call__(self, relation: Relation) -> Evidence:
        if relation.where != self.domain or (relation.sign, relation.right) != (LESS, oo):
            raise NotShown(f"it is finite for {self.domain}")
        return Evidence("as the model states it")
