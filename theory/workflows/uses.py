"""What the models of a workflow are fitted on: which blocks, and what fresh data, whatever their weights."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sympy import Expr, S

from theory.errors import DomainError
from theory.expressions.fraction_field import in_lowest_terms
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics


def fits(workflow: Workflow) -> Iterator[tuple[tuple[int, ...], Expr]]:
    """At g = 1, 2, …: the blocks with a weight, and the real data drawn afresh that have one, in units of n."""
    g = 0
    while True:
        g += 1
        weights, fresh = exact_weights(workflow, g), workflow.fresh_weights(g)
        for index, weight in enumerate((*weights, *fresh), start=1):
            if weight.is_negative:
                which = f"block {index}" if index <= g else "fresh real data"
                raise DomainError(
                    f"workflow = {workflow.name} gives {which} the weight {weight} in model {g}: a fit needs "
                    "weights of 0 or more."
                )
        used = tuple(index for index, weight in enumerate(weights, start=1) if weight != 0)
        yield used, workflow.fresh_rows(g)


class Parts(NamedTuple):
    """What every fit from the second on is made of, in units of n: data of block 1, of the newest, fresh ones."""

    kept: Expr
    newest: Expr
    fresh: Expr


def settled_parts(workflow: Workflow) -> Parts | None:
    r"""The parts of a workflow that weighs block 1, the newest block and fresh data, always alike; None for others.

    Its recursion is then :math:`\delta_g = \alpha\,\varepsilon_1 + \beta(\delta_{g-1} + \varepsilon_g) +
    \gamma\varrho_g`, and the weights are α, β, γ.
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.start > 2:
        return None
    pieces = (dynamics.transition, dynamics.innovation, dynamics.readout, dynamics.fresh)
    sizes = workflow.size(GENERATION), workflow.fresh_size(GENERATION)
    if not all(_constant(entry) for piece in pieces for entry in piece) or not all(map(_constant, sizes)):
        return None
    zero, one = S.Zero, S.One
    if dynamics.transition.shape == (1, 1):
        alpha, beta, fresh = zero, dynamics.transition[0], dynamics.fresh[0]
        alike = dynamics.innovation[0] == beta and dynamics.readout[0] == one
    elif dynamics.transition.shape == (2, 2):
        alpha, beta, fresh = dynamics.transition[1, 0], dynamics.transition[1, 1], dynamics.fresh[1]
        alike = list(dynamics.transition[0, :]) == [one, zero] and list(dynamics.innovation) == [zero, beta]
        alike = alike and list(dynamics.readout) == [zero, one] and dynamics.fresh[0] == zero
        alike = alike and list(dynamics.initial) == [one, one]
    else:
        return None
    if not alike or in_lowest_terms(alpha + beta + fresh - 1) != 0:
        return None
    newest, drawn = sizes
    found = Parts(
        workflow.size(1) if alpha != 0 else zero, newest if beta != 0 else zero, drawn if fresh != 0 else zero
    )
    for g, (used, more) in enumerate(islice(fits(workflow), 4), start=1):
        stated = {1} if g == 1 else ({1} if alpha != 0 else set()) | ({g} if beta != 0 else set())
        if set(used) != stated or (g > 1 and in_lowest_terms(more - found.fresh) != 0):
            return None
    return found


def _constant(value: Expr) -> bool:
    return GENERATION not in value.free_symbols
