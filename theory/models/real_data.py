"""The recurrence behind a risk: of the workflow in its simplest form, and of models fitted on real data alone."""

from __future__ import annotations

from sympy import And, Expr, Matrix, Pow, S, nan, oo, zoo

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import shown
from theory.expressions.symbols import j
from theory.models.base import Model
from theory.moments.covariance import in_turn
from theory.moments.late_schedules import started_late
from theory.moments.over_sizes import at_any_sizes, over_sizes
from theory.moments.random_sizes import runs_by_sizes
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow, probes
from theory.workflows.dynamics import CovarianceDynamics
from theory.workflows.replace import Replace


def derived_recurrence(model: Model, workflow: Workflow, loss: str) -> Recurrence:
    """What model and workflow compose to, in the form of which most is known.

    Raises
    ------
    NotDerivedError
        When no argument known to the model covers the workflow.
    """
    verify_real_data(model, workflow, loss)
    found = _derived(model, workflow, loss)
    if isinstance(found, MomentRecurrence) and found.continuation is None and _is_wide(found.margin):
        return found.changed(margin=None)
    return found


def _is_wide(margin: Expr | None) -> bool:
    """Whether it is one number, 1 or more: it tells nothing, and arguments that need every generation finite ask it."""
    return margin is not None and margin.is_number and (margin - 1).is_nonnegative is True


def _derived(model: Model, workflow: Workflow, loss: str) -> Recurrence:
    if workflow.random_sizes is not None:
        return _of_random_sizes(model, workflow, loss)
    if isinstance(workflow.dynamics(), CovarianceDynamics):
        return _coupled(model, workflow, loss)
    try:
        own = started_late(model.recurrence(workflow.simplest(), loss))
    except NotDerivedError:
        found = _on_real_data(model, workflow, loss)
        if found is None:
            raise
        return found
    moments = own.as_moments()
    if own.exactness == "exact" and moments is not None and moments.matrix.shape == (1, 1):
        return own
    return _on_real_data(model, workflow, loss) or own


def _of_random_sizes(model: Model, workflow: Workflow, loss: str) -> Recurrence:
    """Blocks of random size: where the noise of the model is proportional to 1/size, given the past.

    Raises
    ------
    NotDerivedError
        Naming the model and its loss, or the workflow.
    """
    if loss in model.of_random_sizes and not _remembers_sizes(workflow):
        return model.recurrence(workflow.simplest(), loss)
    return over_sizes(model.recurrence(at_any_sizes(workflow.simplest()), loss), workflow.simplest())


def _remembers_sizes(workflow: Workflow) -> bool:
    """Whether the mean over sizes is to be taken of what holds at any sizes."""
    return workflow.weighs_by_size and not runs_by_sizes(workflow)


def _coupled(model: Model, workflow: Workflow, loss: str) -> Recurrence:
    """Second moments of the coupled models where these carry the risk; else the chain in which models take turns."""
    try:
        own = model.recurrence(workflow, loss)
        if isinstance(own, MomentRecurrence):
            return own
    except NotDerivedError:
        if workflow.chain is workflow:
            raise
    of_chain = model.recurrence(workflow.chain, loss)
    if of_chain.margin is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name}: the {loss} loss of {model.name} asks for enough samples in every fit, "
            f"which is derived for single chains only. Simulation works."
        )
    return in_turn(of_chain, workflow)


def verify_real_data(model: Model, workflow: Workflow, loss: str) -> None:
    """Refuse biased real data for a model whose loss is derived for unbiased ones.

    Raises
    ------
    NotDerivedError
        Naming both.
    DomainError
        Where no law of the model has the mean of some real block.
    """
    if workflow.biased_real and workflow.random_sizes is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws biased real data in blocks of random size: this is not derived."
        )
    if workflow.biased_real and loss not in model.of_biased_data:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws biased real data: the {loss} loss of {type(model).__name__} is not "
            f"derived for these."
        )
    verify_bias(model, workflow)


def verify_bias(model: Model, workflow: Workflow) -> None:
    """Refuse real data whose mean no law of the model has, as coins of probability 3/2.

    Raises
    ------
    DomainError
        Naming the generation. Symbols are taken to fit.
    """
    if not workflow.biased_real:
        return
    low, high = model.leeway
    bias = workflow.fresh_bias(j)
    for g in sorted({*probes(bias - low), *probes(high - bias)}):
        off = workflow.fresh_bias(g)
        if g > 1 and workflow.fresh_weight(g) == 0:
            continue
        if (off - low).is_negative or (high - off).is_negative:
            raise DomainError(
                f"stream = {shown(bias)} of {workflow.name}: at generation {g} the mean of the real data would be off "
                f"by {shown(off)}, and {model.name} has room from {shown(low)} to {shown(high)}."
            )


def _on_real_data(model: Model, workflow: Workflow, loss: str) -> Recurrence | None:
    r"""The risk of models that are fitted on real data alone; None where they are not, or it is not known exactly.

    Models 2, 3, … are then all fitted like the first on as many real samples: :math:`r_1, r', r', \dots`, with
    :math:`r'` the first risk at their number of samples.
    """
    amount = workflow.real_only
    if amount is None or not model.fits_alike:
        return None
    try:
        first = model.recurrence(Replace(), loss)
        later = first if amount == 1 else model.recurrence(Replace(sizes=amount), loss)
        start, settled = first.at(1), later.at(1)
    except DomainError:
        return None
    if not first.exactness == later.exactness == "exact" or not _is_scale(settled) or start.has(oo, nan, zoo):
        return None
    if amount != 1 and _has_nested_roots(settled):
        return None  # no derivation could show that two writings of such a number are one
    return MomentRecurrence(
        start=2 if amount == 1 else 3,
        matrix=Matrix([[1]]),
        forcing=Matrix([0]),
        readout=Matrix([[1]]),
        initial=Matrix([1]),
        early=() if amount == 1 else (start / settled,),
        scale=settled,
        domain=And(first.domain, later.domain),
    )


def _has_nested_roots(value: Expr) -> bool:
    roots = [power for power in value.atoms(Pow) if not power.exp.is_integer]
    return any(not inner.exp.is_integer for root in roots for inner in root.base.atoms(Pow))


def _is_scale(value: Expr) -> bool:
    return value != 0 and not value.has(oo, nan, zoo, S.ComplexInfinity)
