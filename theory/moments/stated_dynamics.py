r"""Is the recursion that a workflow states that of its weights?

A closed form comes from :meth:`Workflow.dynamics`, a value at one generation from :meth:`Workflow.weights`: where the
two say different things an answer would depend on who asked. Each kind of dynamics is compared in its own way, from the
first generation that it speaks of to two generations beyond its start at least.
"""

from __future__ import annotations

from functools import singledispatch
from itertools import islice
from typing import Any

from sympy import Expr, Integer, N, Rational, S, simplify, sympify

from theory.errors import DomainError
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G, j
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.ages import law_of
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.converging import ConvergingDynamics
from theory.workflows.dynamics import (
    LAG,
    FadingMemory,
    LagWindow,
    LinearDynamics,
    PoolDynamics,
    StationaryAges,
    VaryingPool,
)
from theory.workflows.pathway import verify_dynamics as verify_linear

#: Pathways up to here take a second; a recursion that starts later is not compared, and refused.
LATEST_START = 200
#: Weights are written out one by one.
LONGEST_WINDOW = 20_000
#: Digits to which irrational numbers are compared.
DIGITS = 40
#: Generations at which weights are compared with those that they tend to.
EARLY, LATE = 16, 64


@singledispatch
def verify_stated(dynamics: Any, workflow: Workflow, upto: int) -> None:
    """Raise DomainError at the first generation where stated dynamics are not those of the weights.

    Parameters
    ----------
    dynamics : what ``workflow.dynamics()`` returned
    workflow : Workflow
    upto : int
        Generations are compared so far, and two beyond the start of the dynamics where they start later.
    """
    if dynamics is not None:
        raise DomainError(
            f"{_name(workflow)}.dynamics() is {dynamics!r}: give LinearDynamics, PoolDynamics, a LagWindow, "
            f"FadingMemory, StationaryAges, ConvergingDynamics or None."
        )


@verify_stated.register
def _(dynamics: LinearDynamics, workflow: Workflow, upto: int) -> None:
    if dynamics.start > LATEST_START:
        raise DomainError(
            f"{_name(workflow)}.dynamics() starts at generation {dynamics.start}: it can be compared with the weights "
            f"up to {LATEST_START} only."
        )
    verify_linear(workflow, dynamics, max(upto, int(dynamics.start) + 2))


@verify_stated.register
def _(dynamics: PoolDynamics, workflow: Workflow, upto: int) -> None:
    """All samples kept, each with the same weight, and one simple random sample of them."""
    budget = sympify(dynamics.budget)
    if budget.is_number and not (budget.is_real and budget.is_positive):
        raise _disagreement(1, f"the budget is {budget}, and must be positive")
    pool, last = S.Zero, upto
    for g in range(1, LONGEST_WINDOW):
        if g > last:
            return
        pool += workflow.size(g)
        whole = bool(budget.is_number and pool.is_number and pool < budget)
        last = max(last, g + 3 if whole else 0)
        if g <= upto or not whole:
            _pooled(workflow, g, pool)
        _same_draw(dynamics, budget, workflow, g, pool)
    raise DomainError(
        f"{_name(workflow)}.dynamics() draws n·{budget} samples of a pool that holds fewer for {LONGEST_WINDOW} "
        f"generations: it cannot be compared with draw()."
    )


@verify_stated.register
def _(dynamics: VaryingPool, workflow: Workflow, upto: int) -> None:
    """The same, with what is drawn at each generation."""
    pool = S.Zero
    for g in range(1, max(upto, dynamics.whole_until + 3) + 1):
        pool += workflow.size(g)
        _pooled(workflow, g, pool)
        _same_draw(dynamics, sympify(dynamics.budget_at(Integer(g))), workflow, g, pool)


def _pooled(workflow: Workflow, g: int, pool: Expr) -> None:
    if g > 1 and workflow.fresh_weight(g) != 0:
        raise _disagreement(g, f"fresh real data have weight {workflow.fresh_weight(g)}, and a pool has none")
    for index, weight in enumerate(exact_weights(workflow, g), start=1):
        share = workflow.size(index) / pool
        if not _same(weight, share):
            raise _disagreement(
                g, f"block {index} has weight {weight} by weights() and {share} in the pool of dynamics()"
            )


def _same_draw(dynamics: PoolDynamics | VaryingPool, budget: Expr, workflow: Workflow, g: int, pool: Expr) -> None:
    draw = workflow.draw(g)
    whole = bool(budget.is_number and pool.is_number and pool < budget)
    everything = budget == pool and not dynamics.replacement
    if draw is None:
        if not (whole or everything):
            raise _disagreement(g, f"draw() takes every sample and dynamics() draws n·{budget} of them")
        return
    if whole:
        raise _disagreement(
            g, f"draw() takes a sample of n·{draw.size} and dynamics() the whole pool, smaller than n·{budget}"
        )
    if not _same(sympify(draw.size), budget) or bool(draw.replacement) != bool(dynamics.replacement):
        raise _disagreement(
            g,
            f"draw() takes n·{draw.size} samples {_how(draw.replacement)} and dynamics() n·{budget} "
            f"{_how(dynamics.replacement)}",
        )


def _how(replacement: bool) -> str:
    return "with replacement" if replacement else "without replacement"


@verify_stated.register
def _(dynamics: LagWindow, workflow: Workflow, upto: int) -> None:
    """From the first full window on the weights are those of the lags; which they were before does not matter."""
    length, weight = sympify(dynamics.length), sympify(dynamics.weight)
    if not length.is_number:
        return
    if not (length.is_Integer and 1 <= length <= LONGEST_WINDOW):
        raise DomainError(
            f"{_name(workflow)}.dynamics() has a window of {length} blocks: a whole number from 1 to {LONGEST_WINDOW} "
            f"can be compared with the weights."
        )
    lags = [weight.subs(LAG, lag) for lag in range(int(length))]
    for g in range(int(length), max(upto, int(length) + 2) + 1):
        _stationary(workflow, g)
        stated = [S.Zero] * (g - int(length)) + lags[::-1]
        for index, (own, lagged) in enumerate(zip(exact_weights(workflow, g), stated, strict=True), start=1):
            if not _same(own, lagged):
                raise _disagreement(
                    g, f"block {index} has weight {own} by weights() and {lagged} in the window of dynamics()"
                )


@verify_stated.register
def _(dynamics: FadingMemory, workflow: Workflow, upto: int) -> None:
    """What each block counts, by the memory run from the first one on."""
    memory: Expr = S.Zero
    counts: list[Expr] = []
    for g in range(1, upto + 1):
        rate, size = dynamics.rate.subs(j, g) if g > 1 else S.One, dynamics.sizes.subs(j, g)
        counts = [count * rate for count in counts] + [size]
        memory = rate * memory + size
        if g > 1 and (workflow.fresh_weight(g) != 0 or workflow.draw(g) is not None):
            raise _disagreement(g, "weights() has fresh data or a draw, and a fading memory has none")
        if not _same(size, workflow.size(g)):
            raise _disagreement(g, f"block {g} has size {workflow.size(g)}, and {size} by dynamics()")
        _same_weights(workflow, g, [count / memory for count in counts], "fading memory")


@verify_stated.register
def _(dynamics: StationaryAges, workflow: Workflow, upto: int) -> None:
    """Blocks by their ages, and the first one by what is left."""
    newest = list(islice(law_of(dynamics.weight).values(), upto))
    for g in range(1, upto + 1):
        _stationary(workflow, g)
        aged = newest[: g - 1]
        _same_weights(workflow, g, [1 - sum(aged, S.Zero), *reversed(aged)], "law of ages")


def _same_weights(workflow: Workflow, g: int, stated: list[Expr], where: str) -> None:
    for index, (own, other) in enumerate(zip(exact_weights(workflow, g), stated, strict=True), start=1):
        if not _same(own, other):
            raise _disagreement(
                g, f"block {index} has weight {own} by weights() and {other} in the {where} of dynamics()"
            )


@verify_stated.register
def _(dynamics: ConvergingDynamics, workflow: Workflow, upto: int) -> None:
    """The moment is that of the weights, its limit that of the limiting workflow, to which the weights tend."""
    if workflow.free_symbols:
        return
    if not isinstance(dynamics.limiting, Workflow):
        raise DomainError(f"{_name(workflow)}.dynamics().limiting is {dynamics.limiting!r}: give a workflow.")
    moment = dynamics.moment
    if moment is not None:
        for g, value in enumerate(islice(PathwayRecurrence(workflow, S.Zero).values(), upto), start=1):
            stated = sympify(moment).subs(G, g)
            if not _same(value, stated):
                raise _disagreement(g, f"the moment is {value} by the weights and {stated} by dynamics()")
    _verify_settled(dynamics)
    early, late = (_apart(workflow, dynamics.limiting, g) for g in (EARLY, LATE))
    # A distance of order 1/log g, the slowest of use, falls to 2/3 on the way.
    if late > 1e-9 and late > 0.75 * early:
        raise _disagreement(
            LATE,
            f"the weights are {late:.2g} away from those of {dynamics.limiting!r}, which they should tend to, and were "
            f"{early:.2g} away at g = {EARLY}",
        )


def _verify_settled(dynamics: ConvergingDynamics) -> None:
    """The limit against a long run under the limiting workflow, which is at most about its last steps away."""
    if dynamics.settled is None:
        return
    settled, values = float(N(dynamics.settled)), _decimal_risks(dynamics.limiting, LATE)
    step = abs(values[-1] - values[LATE // 2])
    if abs(settled - values[-1]) > 10 * step + 1e-9 * values[-1]:
        raise DomainError(
            f"dynamics agree with weights: broken as g → ∞, where the moment tends to {dynamics.settled} by settled "
            f"and is {values[-1]:.12g} at generation {LATE} under {dynamics.limiting!r}."
        )


def _decimal_risks(workflow: Workflow, upto: int) -> list[float]:
    """Risks of generations 1 … ``upto`` without curvature, in floating-point numbers: weights may be irrational."""
    models: list[list[float]] = []
    risks = []
    for g in range(1, upto + 1):
        weights = [float(N(weight)) for weight in exact_weights(workflow, g)]
        share = float(N(workflow.fresh_weight(g))) if g > 1 else 0.0
        # Noises of blocks 1 … upto, and after them those of fresh real data.
        row = [0.0] * (2 * upto)
        for index, weight in enumerate(weights, start=1):
            row[index - 1] += weight
            if index > 1 and weight:
                row = [own + weight * past for own, past in zip(row, models[index - 2], strict=True)]
        row[upto + g - 1] += share
        models.append(row)
        total = sum(row[index - 1] ** 2 / float(N(workflow.size(index))) for index in range(1, g + 1))
        for index in range(2, g + 1):
            if row[upto + index - 1]:
                total += row[upto + index - 1] ** 2 / float(N(workflow.fresh_size(index)))
        risks.append(total)
    return risks


def _apart(workflow: Workflow, limiting: Workflow, g: int) -> float:
    """How far the fits of generation g are from each other: weights of blocks, and weight and size of fresh data."""
    pairs: list[tuple[Any, Any]] = list(zip(exact_weights(workflow, g), exact_weights(limiting, g), strict=True))
    pairs.append((workflow.fresh_weight(g), limiting.fresh_weight(g)))
    pairs.append((workflow.size(g), limiting.size(g)))
    if workflow.fresh_weight(g) != 0 or limiting.fresh_weight(g) != 0:
        pairs.append((workflow.fresh_size(g), limiting.fresh_size(g)))
    return float(sum(abs(N(sympify(own) - sympify(other))) for own, other in pairs))


def _stationary(workflow: Workflow, g: int) -> None:
    """A stationary window knows neither sizes that change, nor fresh real data, nor draws."""
    size, first = workflow.size(g), workflow.size(1)
    if not _same(size, first):
        raise _disagreement(g, f"block {g} has size {size}, and in a stationary window that of block 1, {first}")
    if g > 1 and workflow.fresh_weight(g) != 0:
        raise _disagreement(g, f"fresh real data have weight {workflow.fresh_weight(g)}, and a window has none")
    if workflow.draw(g) is not None:
        raise _disagreement(g, "draw() takes a subsample, and a stationary window has none")


def _same(one: Expr, other: Expr) -> bool:
    """Equality of two exact expressions; of irrational numbers, to forty digits."""
    difference = sympify(one) - sympify(other)
    if difference.is_Rational:
        return bool(difference == 0)
    if difference.is_number:
        return bool(abs(N(difference, DIGITS, chop=True)) <= Rational(1, 10 ** (DIGITS - 5)))
    return bool(in_lowest_terms(difference) == 0 or simplify(difference) == 0)


def _disagreement(g: int, what: str) -> DomainError:
    return DomainError(f"dynamics agree with weights: broken at g = {g}, where {what}.")


def _name(workflow: Workflow) -> str:
    return type(workflow).__name__


def verify_users(workflow: Workflow) -> None:
    """Verify what somebody else's workflow states; those of this package are compared in its tests."""
    if not type(workflow).__module__.startswith("theory."):
        verify_stated(workflow.dynamics(), workflow, 4)
