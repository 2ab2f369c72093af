r"""The derivation of a risk, from what its model and workflow state to its limit and its bound.

Nothing here knows a particular model or workflow. The steps are read off the objects: the weights and the dynamics of
the workflow, the conditional variance of a block where composing it with the dynamics gives the recurrence entry by
entry, the recurrence, its solution, and what follows. Each step that is not true of a pair, or not known, is left out,
and the derivation says where exact values come from instead of a closed form.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Symbol

from theory.derivation.arguments import argument
from theory.derivation.closed_form import ratio_steps, solution_steps
from theory.derivation.derivation import Derivation
from theory.derivation.fitting import curvature_of, fit_steps, motion_steps, noise_steps
from theory.derivation.functions import explained
from theory.derivation.notation import generation_symbol
from theory.derivation.random_sizes import size_steps
from theory.derivation.regimes import is_plain, recurrence_steps
from theory.derivation.step import Step
from theory.derivation.trend import domain_steps, limit_steps, order_steps
from theory.errors import DomainError
from theory.models.real_data import derived_recurrence
from theory.risk import Risk
from theory.told import tells
from theory.workflows.dynamics import PoolDynamics


@tells("derivation")
def derivation(found: Risk) -> Derivation:
    """The steps that are true of a risk."""
    absolute = found
    if found.relative:
        recurrence = derived_recurrence(found.model, found.workflow, found.loss)
        absolute = replace(found, recurrence=recurrence, relative=False)
        if found.exactness == "leading order" and absolute.exactness == "exact":
            absolute = absolute.leading_order
    g = generation_symbol(found.free_symbols)
    title = f"{found.model.name} under {found.workflow.name}, loss {found.loss}"
    workflow = found.workflow.simplest()
    curvature = curvature_of(workflow, absolute.recurrence, found.model)
    composed = (
        []
        if curvature is None
        else [
            *_guarded(motion_steps, workflow, g),
            *noise_steps(found.model, workflow, absolute.recurrence, curvature, found._ranges, g),
        ]
    )
    # Models fitted on real data alone repeat the first risk: no argument about data that they would share is needed.
    argued, moments = (
        argument(found.model, workflow, found.loss, absolute.recurrence, g)
        if workflow.real_only is None
        else (None, None)
    )
    steps = [
        *size_steps(workflow, absolute.recurrence, g),
        *(argued or _guarded(fit_steps, workflow, g)),
        *([] if argued else composed),
        *_recurrence_steps(absolute, g, curvature is not None, moments),
        *solution_steps(absolute),
        *ratio_steps(absolute),
        *limit_steps(absolute),
        *order_steps(absolute),
        *domain_steps(absolute),
    ]
    return Derivation(title, tuple(explained(steps)))


def _guarded(build: Any, *arguments: Any) -> list[Step]:
    """No step where the workflow cannot say, such as weights for a symbolic window."""
    try:
        return build(*arguments)
    except DomainError:
        return []


# -- 4: the recurrence -------------------------------------------------------------------------------------


def _recurrence_steps(found: Risk, g: Symbol, composed: bool, moments: str | None) -> list[Step]:
    recurrence = found.recurrence.as_moments()
    if recurrence is None:
        return []
    what = moments
    if what is None:
        what = "so the risk obeys" if is_plain(recurrence) else _meaning(found, recurrence.matrix.shape[0], composed)
        if is_plain(recurrence) and recurrence.exactness != "exact":
            what += ", to leading order,"
    return recurrence_steps(recurrence, found._ranges, g, what)


def _meaning(found: Risk, count: int, composed: bool) -> str:
    """What the moments are, where that is known from how the recurrence was composed."""
    if not composed:
        return "the moments $m$ that carry the risk obey" if count > 1 else "the risk is carried by one moment $m$"
    if isinstance(found.workflow.simplest().dynamics(), PoolDynamics):
        what = (
            "squared error of the pool's mean and the variance of the pool"
            if count > 1
            else "squared error of the pool's mean"
        )
        return f"so the {what}, in units of the noise of a unit block, obey{'' if count > 1 else 's'}"
    return "so the second moments $m$ of that state, in units of the noise of a unit block, obey"
