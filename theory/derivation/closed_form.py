"""The closed form of a risk, one line a regime, or the first exact values where there is none; and its ratio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import And, Basic, Eq, Expr, Ge, Integer, Lt, Piecewise, S, Tuple, oo

from theory.derivation.checks import equal, under
from theory.derivation.limits import singular
from theory.derivation.notation import risk
from theory.derivation.regimes import LARGEST_SHOWN, AtGeneration, is_shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.solution import SolvesRecurrence
from theory.derivation.step import Check, Evidence, Step
from theory.errors import DomainError
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.risk import Risk

#: Values that are written out instead of a closed form.
VALUES_SHOWN = 4


def solution_steps(found: Risk) -> list[Step]:
    """The risk at G in closed form, regime by regime, or at the first generations."""
    closed, recurrence = found._formula, found.recurrence
    order = "" if found.exactness == "exact" else f", to {found.exactness},"
    if closed is None or closed == oo:
        return _values(found, order)
    reason = f"hence{order} for every generation"
    if isinstance(recurrence, MomentRecurrence) and recurrence.matrix.shape[0] > LARGEST_SHOWN:
        reason = f"a linear recurrence of {recurrence.matrix.shape[0]} moments carries the risk{order} and gives"
    if not isinstance(closed, Piecewise):
        where = together(singular(closed, found._ranges))
        check = Conditioned(SolvesRecurrence(recurrence), where)
        return [Step(Relation(risk(G), EQUAL, closed, where=where), reason, check)]
    # Generations before the recursion have been given their values with it.
    early = len(recurrence.early) if isinstance(recurrence, MomentRecurrence) and is_shown(recurrence) else 0
    steps: list[Step] = []
    start: Expr = S.One
    for index, (value, until) in enumerate(closed.args):
        end = until.rhs + 1 if isinstance(until, Eq) else None if until == S.true else until.gts
        if start.is_number and start <= early:
            start = end if end is not None else start
            continue
        single = end is not None and end - start == 1
        value = value.subs(G, start) if single else value
        run = None if single else And(Ge(G, start), Lt(G, end)) if end is not None else Ge(G, start)
        where = together(run, singular(value, found._ranges))
        of_regime: Check = (
            AtGeneration(recurrence, int(start)) if single else InRegime(SolvesRecurrence(recurrence), closed, index)
        )
        relation = Relation(risk(start if single else G), EQUAL, value, where=where)
        only = not steps and end is None
        reason = "and" if steps else f"hence{order} {'from there on' if only else 'regime by regime'}"
        steps.append(Step(relation, reason, Conditioned(of_regime, where)))
        start = end if end is not None else start
    return steps


def _values(found: Risk, order: str) -> list[Step]:
    reason = (
        f"no closed form was derived; the recurrence gives exact values{order} at every generation, the first being"
    )
    if found.domain == S.false:
        reason = "the expectation is infinite from some generation on"
    try:
        values = list(islice(found.recurrence.values(), VALUES_SHOWN))
    except DomainError:
        return []
    steps = []
    for g, value in enumerate(values, start=1):
        left = Relation(risk(Integer(g)), EQUAL, value if value == oo else found._written(value))
        steps.append(Step(left, reason if g == 1 else "", AtGeneration(found.recurrence, g)))
        if value == oo:
            break
    return steps


def together(*conditions: Basic | None) -> Basic | None:
    """All conditions at once, in their order; None where there is none."""
    parts = [part for part in conditions if part is not None and part != S.true]
    parts = [one for part in parts for one in (part.args if isinstance(part, And) else (part,))]
    return And(*parts, evaluate=False) if len(parts) > 1 else parts[0] if parts else None


@dataclass(frozen=True)
class Conditioned:
    """A check under a condition, which has to be displayed."""

    check: Check
    where: Basic | None

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        return self.check(relation)


@dataclass(frozen=True)
class InRegime:
    """The right side is the closed form in one regime: with it, the whole solves the recurrence."""

    solves: SolvesRecurrence
    closed: Piecewise
    index: int

    def __call__(self, relation: Relation) -> Evidence:
        pairs: list[Any] = list(self.closed.args)
        pairs[self.index] = Tuple(relation.right, pairs[self.index][1])
        return self.solves(replace(relation, right=Piecewise(*pairs, evaluate=False)))


# -- relative to generation 1 --------------------------------------------------------------------------------------


def ratio_steps(found: Risk) -> list[Step]:
    """The risk at generation 1, and the ratio to it where that is the shorter formula."""
    closed = found._formula
    if closed is None or closed == oo:
        return []
    try:
        ratio = found.ratio
    except DomainError:
        return []
    form, first = ratio._formula, Integer(1)
    if form is None or form == closed or isinstance(form, Piecewise) or form.count_ops() > closed.count_ops():
        return []  # no ratio, or one that is longer than the risk
    where = together(singular(form, found._ranges))
    reason = "generation 1 is fitted on real data alone"
    return [
        Step(Relation(risk(first), EQUAL, found.baseline), reason, AtGeneration(found.recurrence, 1)),
        Step(
            Relation(risk(G) / risk(first), EQUAL, form, where=where),
            "and relative to it",
            Conditioned(Ratio(closed, found.baseline), where),
        ),
    ]


@dataclass(frozen=True)
class Ratio:
    """The right side times the risk at generation 1 is the risk."""

    closed: Expr
    baseline: Expr

    def __call__(self, relation: Relation) -> Evidence:
        return equal(relation.right * self.baseline, self.closed)
