r"""The fourth moment of the error of a scalar family as a loss: the composition with every workflow.

The mechanism is that of the fourth power of an error whose blocks have a quadratic variance function
(:mod:`theory.moments.fourth_moment`): whatever the family, a sampler that leans, an estimator that shrinks.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Basic, Expr, Gt, S

from theory.errors import NotDerivedError
from theory.models.gaussian_fourth import GaussianFourth
from theory.moments.bent import BIAS, VARIANCE, Bend, compose_bent, nothing
from theory.moments.composition import compose, verify_pool
from theory.moments.error_power import ErrorPower
from theory.moments.fourth_moment import LARGEST_STATE, fourth_moment
from theory.moments.fourth_pool import fourth_moment_of_pool
from theory.moments.higher_moments import ErrorMoments
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, Dynamics, LinearDynamics, PoolDynamics

#: Generations that are run to see whether a workflow's weights allow higher moments.
TRIED = 3


def compose_fourth(workflow: Workflow, bend: Bend) -> Recurrence:
    """E δ⁴ of a scalar family, bent or not, under any workflow: exact at every n.

    Raises
    ------
    NotDerivedError
        Where the workflow draws a subsample of no pool of unit blocks, or its weights are no rational numbers and
        follow no linear recursion.
    """
    dynamics = workflow.dynamics()
    if isinstance(dynamics, PoolDynamics):
        verify_pool(workflow, dynamics, bend.points)
        return _bounded(workflow, bend, 4, lambda: fourth_moment_of_pool(dynamics, bend))
    if workflow.draw(GENERATION) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: the fourth moment of its error "
            "is not derived."
        )
    small = isinstance(dynamics, LinearDynamics) and _is_small(dynamics, bend)
    if is_gaussian(bend) and not (small and _is_constant(workflow, dynamics, bend)):
        return _gaussian(workflow, bend)
    if small:
        return _bounded(workflow, bend, 4, lambda: fourth_moment(workflow, bend))
    return error_power(workflow, bend, 4)


def leading_fourth(workflow: Workflow, bend: Bend) -> Recurrence:
    """E δ⁴ = 3 (E δ²)² to leading order in 1/n, where every error is Gaussian."""
    noise = bend.variance / bend.points
    variance = compose(workflow, noise=noise, curvature=S.Zero, exactness="leading order")
    return GaussianFourth(variance, exactness="leading order")


def error_power(workflow: Workflow, bend: Bend, order: int) -> Recurrence:
    """E δ^order by the weights alone, exact at every G.

    Raises
    ------
    NotDerivedError
        Where the workflow draws a subsample or its weights are no rational numbers.
    """

    def derive() -> Recurrence:
        ErrorMoments(bend, workflow, TRIED, degree=order)
        return ErrorPower(workflow, bend, order)

    return _bounded(workflow, bend, order, derive)


def second_moment_of(workflow: Workflow, bend: Bend, loss: str) -> Recurrence | None:
    """E loss² of the squared error and of its square; None where that is not derived."""
    if workflow.biased_real:
        return None
    try:
        return compose_fourth(workflow, bend) if loss == "squared" else error_power(workflow, bend, 8)
    except NotDerivedError:
        return None


def is_gaussian(bend: Bend) -> bool:
    """Whether blocks are Gaussian, whatever the model that they are drawn from."""
    return bend.slope == 0 and bend.curvature == 0


def _is_constant(workflow: Workflow, dynamics: Dynamics | None, bend: Bend) -> bool:
    """Whether every generation moves the state as the one before did, so that the solver solves it."""
    assert isinstance(dynamics, LinearDynamics)
    g = GENERATION
    used = [*dynamics.transition, *dynamics.innovation, *dynamics.readout, *dynamics.fresh, workflow.size(g)]
    used += [workflow.rows(g)] if bend.counts_rows else []
    used += [workflow.fresh_size(g)] if any(dynamics.fresh) else []
    return not any(entry.has(g) for entry in used)


def _is_small(dynamics: LinearDynamics, bend: Bend) -> bool:
    """Whether the moments of the state are worth a recurrence.

    Numbers that feed one another make growth rates the roots of polynomials of degrees three to five: with symbols in
    them no formula that anybody reads.
    """
    transition = dynamics.transition
    triangular = transition.is_lower or transition.is_upper
    symbolic = any(isinstance(value, Expr) and value.free_symbols for value in vars(bend).values())
    return transition.shape[0] <= LARGEST_STATE and (triangular or not symbolic)


def _gaussian(workflow: Workflow, bend: Bend) -> GaussianFourth:
    if bend.straight:
        noise = bend.variance / bend.points
        return GaussianFourth(compose(workflow, noise=noise, curvature=S.Zero, points=bend.points))
    bias, variance = (compose_bent(workflow, bend, part) for part in (BIAS, VARIANCE))
    return GaussianFourth(variance, bias)


def enough_samples(workflow: Workflow, bend: Bend, order: int) -> Basic:
    """The condition under which errors have a moment of this order: a posterior of more than (order − 1)·v2 samples."""
    if not bend.drawn:
        return S.true
    return Gt(bend.points * workflow.rows(1) + bend.strength - (order - 1) * bend.curvature, 0)


def _bounded(workflow: Workflow, bend: Bend, order: int, derive: Callable[[], Recurrence]) -> Recurrence:
    """What is derived, under the condition that errors have such a moment; ``oo`` at once where they have not."""
    condition = enough_samples(workflow, bend, order)
    if condition == S.false:
        return nothing().changed(domain=condition, margin=S.Zero)
    return derive() if condition == S.true else derive().changed(domain=condition)
