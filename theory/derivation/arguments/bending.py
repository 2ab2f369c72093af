r"""A sampler that leans, an estimator that shrinks: from what is stated to the recurrence of (E z, E zzᵀ).

Each statement of the model is checked against the family's variance function, and the recurrence against the blocks
themselves: their first and second moments, one by one, by the weights alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import Expr, Function, Piecewise, S, Symbol, cancel, expand

from theory.derivation.checks import equal
from theory.derivation.fitting import Stated, fit_steps
from theory.derivation.notation import size, squared_noise, theta
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.errors import DomainError
from theory.expressions.symbols import j
from theory.models.bent import BentModel
from theory.moments.bent import BIAS, RISK, VARIANCE, BentPathway
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, PoolDynamics

#: Generations at which the recurrence is compared with the blocks.
COMPARED = 5
#: The weighted mean of the blocks, and the posterior mean, where the model is neither.
weighted, centre = Function(r"\tilde{x}"), Function(r"\hat{\theta}")
#: E D and E D², of the mean D of a block drawn from the model before, about the truth.
lean, square = Symbol(r"\mathbb{E}\,D_{g}"), Symbol(r"\mathbb{E}\,D_{g}^{2}")
#: Mean of a block given the model that it is drawn from, and the variance of a posterior draw.
expected = Symbol(r"\mathbb{E}\left[\bar{x}_{g} \mid \text{past}\right]")
blur = Symbol(r"\operatorname{Var}\left[\theta_{g} \mid \text{data}\right]")


def steps(model: BentModel, workflow: Workflow, recurrence: Any, g: Symbol) -> tuple[list[Step], str | None]:
    """From the fit to the recurrence, and what its moments are."""
    try:
        fitted = fit_steps(workflow, g)
    except DomainError:
        fitted = []
    found = [*_estimator(model, workflow, fitted, g), *_sampler(model, workflow, recurrence, g)]
    return found, _meaning(workflow, recurrence)


def _estimator(model: BentModel, workflow: Workflow, fitted: list[Step], g: Symbol) -> list[Step]:
    """What is weighed, and what a prior makes of it."""
    bend = model.bend
    if bend.strength == 0:
        return fitted
    named = [
        replace(step, expression=replace(step.expression, left=step.expression.left.replace(theta, weighted)))
        for step in fitted
    ]
    prior_mean = bend.prior + model.family.truth
    rows = bend.points * workflow.rows(GENERATION).subs(GENERATION, g)
    kept = cancel(rows / (rows + bend.strength))
    estimate = theta if not bend.drawn else centre
    right = kept * weighted(g) + (1 - kept) * prior_mean
    prior = model.parameters["prior_mean"]
    strength = model.parameters["strength"]
    shrunk = (rows * weighted(g) + strength * prior) / (rows + strength)
    reason = "the prior counts as that many samples of its own mean, so that the posterior mean is"
    found = [*named, Step(Relation(estimate(g), EQUAL, right), reason, Stated(shrunk))]
    if bend.drawn:
        mu = estimate(g)
        spread = _variance(model, mu) / (rows + strength - bend.curvature)
        reason = "and the generator is a draw from the posterior, of that mean and of the variance"
        found.append(Step(Relation(blur, EQUAL, spread), reason, Posterior(model, rows, mu)))
    return found


def _variance(model: BentModel, mu: Expr) -> Expr:
    """V(μ), about the truth, by the bend."""
    bend, off = model.bend, mu - model.family.truth
    return expand(bend.variance + bend.slope * off + bend.curvature * off**2)


def _sampler(model: BentModel, workflow: Workflow, recurrence: Any, g: Symbol) -> list[Step]:
    """The mean of a block given the model that it is drawn from, and its noise."""
    bend, before = model.bend, theta(g - 1)
    target = bend.target + model.family.truth
    own = model.parameters
    stated = own.get("fidelity", S.One) * before + (1 - own.get("fidelity", S.One)) * own.get("target", S.Zero)
    reason = (
        "a block drawn from model $g-1$ has the mean"
        if bend.fidelity == 1
        else ("the sampler leans towards its target: a block drawn from model $g-1$ has the mean")
    )
    named = workflow.schedule.has(j) and not isinstance(workflow.schedule, Piecewise)
    count = bend.points * (size(g) if named else workflow.size(g))
    noise = bend.dispersion * (bend.variance + bend.slope * lean + bend.curvature * square) / count
    says = "and, with $D$ that mean about the truth, its squared error about it averages to"
    return [
        Step(Relation(expected, EQUAL, bend.fidelity * before + (1 - bend.fidelity) * target), reason, Stated(stated)),
        Step(Relation(squared_noise, EQUAL, noise), says, Noise(model, workflow, recurrence, g)),
    ]


def _meaning(workflow: Workflow, recurrence: Any) -> str | None:
    if not isinstance(recurrence, MomentRecurrence):
        return None
    if isinstance(workflow.dynamics(), PoolDynamics):
        return "so the mean of the pool about the truth, the square of that and the variance of the pool average to"
    count = recurrence.matrix.shape[0]
    states = next(k for k in range(1, count + 1) if k + k * (k + 1) // 2 >= count)
    what = "the weighted mean $z$" if states == 1 else f"the {states} numbers $z$ that the workflow keeps"
    return f"so the expectations $m$ of {what} about the truth, and of its products, obey"


@dataclass(frozen=True)
class Posterior:
    """The displayed variance is the family's at that mean, over the samples that data and prior count for."""

    model: BentModel
    rows: Expr
    mu: Expr

    def __call__(self, relation: Relation) -> Evidence:
        v0, v1, v2 = self.model.family.variance_coefficients
        strength = self.model.parameters["strength"]
        equal(relation.right, (v0 + v1 * self.mu + v2 * self.mu**2) / (self.rows + strength - v2))
        return Evidence("the conjugate posterior of a family with quadratic variance")


@dataclass(frozen=True)
class Noise:
    """The displayed noise is the family's variance at the block's mean, and leads to the recurrence."""

    model: BentModel
    workflow: Workflow
    recurrence: Any
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        v0, v1, v2 = self.model.family.variance_coefficients
        truth, points = self.model.family.truth, self.model.family.parameters["n"]
        written = relation.right.subs(size(self.g), self.workflow.size(self.g))
        heat = self.model.parameters.get("dispersion", S.One)
        at_mean = v0 + v1 * (truth + lean) + v2 * (truth**2 + 2 * truth * lean + square)
        equal(written, heat * at_mean / (points * self.workflow.size(self.g)))
        if isinstance(self.recurrence, MomentRecurrence) and not isinstance(self.workflow.dynamics(), PoolDynamics):
            self._compared()
            upto = f"block by block it gives the recurrence up to generation {COMPARED}"
            return Evidence(f"the family's variance function; {upto}")
        return Evidence("the family's variance function")

    def _compared(self) -> None:
        """Every block's moments by the weights alone, against the recurrence."""
        found = list(islice(self.recurrence.values(), COMPARED))
        for part in (RISK, BIAS, VARIANCE):
            blocks = islice(BentPathway(self.workflow, self.model.bend, part).values(), COMPARED)
            if all(cancel(one - two) == 0 for one, two in zip(found, blocks, strict=True)):
                return
        raise NotShown("the blocks do not have the moments of the recurrence")
