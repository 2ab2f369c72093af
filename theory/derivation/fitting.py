"""Steps one to three: what a model is fitted on, how the noise travels, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sympy import Dummy, Expr, Ge, Integer, Le, Matrix, Piecewise, S, Sum, Symbol, cancel, expand, simplify

from theory.derivation.checks import equal, equality, under
from theory.derivation.notation import (
    block_mean,
    coefficient,
    delta,
    fresh_noise,
    indexed,
    mean,
    noise,
    oriented,
    real_mean,
    shown,
    size,
    squared_error,
    squared_noise,
    state,
    theta,
)
from theory.derivation.relation import DEFINED, EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.errors import DomainError
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import j
from theory.latex import latex
from theory.models.base import Model
from theory.moments.composition import linear_moments, pool_exact, pool_leading
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.stationary import StationaryRecurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LAG, LagWindow, LinearDynamics, PoolDynamics
from theory.workflows.pathway import Pathways, verify_dynamics

#: Generations at which a recursion is compared with the weights, and the model whose fit is written out.
COMPARED, WRITTEN_OUT = 5, 3


@dataclass(frozen=True)
class Stated:
    """The right side is what an object of the library states, and so is the condition behind it."""

    expected: Any
    where: Any = None

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        equality(replace(relation, left=self.expected))
        return Evidence("as stated by the model and the workflow")


# -- 1 and 2: the workflow --------------------------------------------------------------------------------


def fit_steps(workflow: Workflow, g: Symbol) -> list[Step]:
    """What model g is fitted on."""
    steps = []
    if workflow.schedule.has(j) and not isinstance(workflow.schedule, Piecewise):
        at = workflow.schedule.subs(j, g)
        steps.append(Step(Relation(size(g), DEFINED, at), "block $g$ holds $n\\,s_g$ samples", Stated(at)))
    dynamics = workflow.dynamics()
    if isinstance(dynamics, LagWindow) and not dynamics.length.is_Integer:
        lag = Symbol("l", integer=True, nonnegative=True)
        total = Sum(dynamics.weight.subs(LAG, lag) * block_mean(g - lag), (lag, 0, dynamics.length - 1))
        where = Ge(g, dynamics.length)
        reason = f"under {workflow.name} model $g$ is fitted on a window of block means"
        return [*steps, Step(Relation(theta(g), EQUAL, total, where=where), reason, Window(dynamics, g, lag))]
    at = Integer(WRITTEN_OUT)
    what = "weighs its blocks as it would their means $\\bar{x}_j$, for instance"
    if isinstance(dynamics, PoolDynamics):
        drawn = "with replacement" if dynamics.replacement else "without replacement"
        points = "$n$" if dynamics.budget == 1 else f"${latex(dynamics.budget)}\\,n$"
        what = (
            f"is fitted on {points} points drawn at random, {drawn}, from the pool of all blocks, so that it weighs "
            "the means $\\bar{x}_j$, on average over the draw, as in"
        )
    # A symbolic budget is one that every pool has.
    symbolic = isinstance(dynamics, PoolDynamics) and not dynamics.budget.is_number
    where = Le(dynamics.budget, 1) if isinstance(dynamics, PoolDynamics) and symbolic else None
    weights = Weights(workflow, WRITTEN_OUT, where)
    reason = f"under {workflow.name} model $g$ {what}"
    return [*steps, Step(Relation(theta(at), EQUAL, weights.combination(), where=where), reason, weights)]


@dataclass(frozen=True)
class Weights:
    """The right side weighs block means as the workflow does at one generation, and the weights sum to one."""

    workflow: Workflow
    generation: int
    where: Any = None

    def combination(self) -> Expr:
        """Σ_j w_{g,j} x̄_j, and fresh real data."""
        g = self.generation
        weights = exact_weights(self.workflow, g)
        total = sum((weight * block_mean(index) for index, weight in enumerate(weights, start=1)), S.Zero)
        fresh = enumerate(self.workflow.fresh_weights(g), start=1)
        return total + sum((weight * real_mean(index) for index, weight in fresh if weight != 0), S.Zero)

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        equal(relation.right, self.combination())
        ones = dict.fromkeys(relation.right.atoms(type(block_mean(1)), type(real_mean(1))), S.One)
        equal(relation.right.subs(ones), S.One)
        return Evidence("the workflow's own weights, which sum to 1")


@dataclass(frozen=True)
class Window:
    """The right side is the window's weighted sum, and its weights sum to one."""

    window: LagWindow
    g: Symbol
    lag: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, Ge(self.g, self.window.length))
        found = relation.right
        if not isinstance(found, Sum) or found.limits != ((self.lag, 0, self.window.length - 1),):
            raise NotShown(f"the window has {self.window.length} blocks")
        equal(found.function, self.window.weight.subs(LAG, self.lag) * block_mean(self.g - self.lag))
        last = Dummy("L", integer=True, positive=True)
        weight = found.function / block_mean(self.g - self.lag)
        equal(Sum(weight, (self.lag, 0, last - 1)).doit().subs(last, self.window.length), S.One)
        return Evidence("the workflow's own weights, which sum to 1")


def motion_steps(workflow: Workflow, g: Symbol) -> list[Step]:
    """How the deviation from the truth moves, and how the noise of each block travels."""
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics):
        return []
    count = dynamics.transition.shape[0]
    plain = count == 1 and dynamics.readout[0] == 1
    name = delta if plain else state
    before = indexed(name, count, g - 1)
    moved = shown(dynamics.transition, g) * before + shown(dynamics.innovation, g) * noise(g)
    moved += shown(dynamics.fresh, g) * fresh_noise(g)
    left = indexed(name, count, g)
    where = _since(dynamics, g)
    check = Motion(workflow, dynamics, g, tuple(before))
    reason = (
        "with $\\bar{x}_g = \\theta_{g-1} + \\varepsilon_g$ and $\\mathbb{E}[\\varepsilon_g \\mid \\text{past}] = 0$, "
        "the deviation from the truth, $\\delta_g = \\theta_g - \\theta_0$, moves by"
    )
    if not plain:
        reason += " a linear recursion"
    steps = [
        Step(
            Relation(left[0] if count == 1 else left, EQUAL, moved[0] if count == 1 else moved, where=where),
            reason,
            check,
        )
    ]
    if not plain:
        readout = (shown(dynamics.readout, g) * left)[0]
        steps.append(Step(Relation(delta(g), EQUAL, readout), "", Readout(workflow, dynamics, g, tuple(left))))
    found = _coefficient(dynamics, g)
    if found is not None:
        travel = "so the noise of block $j$ is in model $g$ with the coefficient"
        steps.append(
            Step(Relation(coefficient(g, j), EQUAL, found, where=_since(dynamics, j)), travel, Travels(workflow, g))
        )
    return steps


def _since(dynamics: LinearDynamics, index: Any) -> Any:
    """The generations, or blocks, from which on the recursion holds; None when it always does."""
    return Ge(index, dynamics.start) if dynamics.start > 1 else None


def _coefficient(dynamics: LinearDynamics, g: Symbol) -> Expr | None:
    """C_{g,j} of one number that shrinks by a constant factor."""
    if dynamics.transition.shape != (1, 1) or dynamics.transition.has(GENERATION) or dynamics.readout.has(GENERATION):
        return None
    shrink = dynamics.transition[0]
    return dynamics.readout[0] * shrink ** (g - j) * dynamics.innovation[0].subs(GENERATION, j)


@dataclass(frozen=True)
class Motion:
    """The displayed recursion gives the pathway coefficients that the weights give."""

    workflow: Workflow
    dynamics: LinearDynamics
    g: Symbol
    before: tuple[Any, ...]

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, _since(self.dynamics, self.g))
        right = relation.right if hasattr(relation.right, "shape") else Matrix([relation.right])
        read = {name: right.jacobian(Matrix([symbol])) for name, symbol in _drivers(self.g).items()}
        stated = replace(
            self.dynamics,
            transition=_in_generation(right.jacobian(Matrix(self.before)), self.g),
            innovation=_in_generation(read["innovation"], self.g),
            fresh=_in_generation(read["fresh"], self.g),
        )
        rest = right - stated_value(stated, self.before, self.g)
        if any(expand(entry) != 0 for entry in rest.applyfunc(cancel)):
            raise NotShown("the recursion is not linear in the state and the noise")
        return _by_weights(self.workflow, stated)


def _drivers(g: Symbol) -> dict[str, Any]:
    return {"innovation": noise(g), "fresh": fresh_noise(g)}


def stated_value(dynamics: LinearDynamics, before: tuple[Any, ...], g: Symbol) -> Matrix:
    """A z + b ε + c ϱ."""
    moved = shown(dynamics.transition, g) * Matrix(before) + shown(dynamics.innovation, g) * noise(g)
    return moved + shown(dynamics.fresh, g) * fresh_noise(g)


def _in_generation(matrix: Matrix, g: Symbol) -> Matrix:
    return matrix.subs(g, GENERATION)


def _by_weights(workflow: Workflow, dynamics: LinearDynamics) -> Evidence:
    upto = max(COMPARED, dynamics.start + 2)
    try:
        verify_dynamics(workflow, dynamics, upto=upto)
    except DomainError as broken:
        raise NotShown(str(broken)) from broken
    return Evidence(f"the workflow's own recursion, compared with its weights up to generation {upto}")


@dataclass(frozen=True)
class Readout:
    """The displayed readout gives the pathway coefficients that the weights give."""

    workflow: Workflow
    dynamics: LinearDynamics
    g: Symbol
    state: tuple[Any, ...]

    def __call__(self, relation: Relation) -> Evidence:
        row = Matrix([relation.right]).jacobian(Matrix(self.state))
        if expand(relation.right - (row * Matrix(self.state))[0]) != 0:
            raise NotShown("the readout is not linear in the state")
        return _by_weights(self.workflow, replace(self.dynamics, readout=_in_generation(row, self.g)))


@dataclass(frozen=True)
class Travels:
    """The displayed coefficients are those of the pathway at the first generations."""

    workflow: Workflow
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        dynamics: Any = self.workflow.dynamics()
        under(relation, _since(dynamics, j))
        first = int(dynamics.start)
        upto = max(COMPARED, first + 2)
        for g, (block, _) in enumerate(islice(Pathways(self.workflow), upto), start=1):
            for index in range(first, g + 1):
                equal(relation.right.subs({self.g: g, j: index}), block[index - 1])
        return Evidence(f"unrolled from the recursion, compared with the weights up to generation {upto}")


# -- 3: the noise -----------------------------------------------------------------------------------------


def noise_steps(
    model: Model, workflow: Workflow, recurrence: Recurrence, curvature: Expr, ranges: Ranges, g: Symbol
) -> list[Step]:
    """The conditional variance of a block, for a recurrence composed of it and the workflow's dynamics."""
    steps = []
    coefficients = getattr(model, "variance_coefficients", None)
    if coefficients is not None and curvature != 0:
        v0, v1, v2 = coefficients
        steps.append(
            Step(
                Relation(Symbol(r"V(\mu)"), EQUAL, v0 + v1 * mean + v2 * mean**2),
                "one observation of mean $\\mu$ has the variance",
                VarianceFunction(tuple(coefficients), model.truth, recurrence, curvature, model.parameters["n"]),  # type: ignore[attr-defined]
            )
        )
    if recurrence.scale == 0 or sign(recurrence.scale, ranges) == -1:
        return steps  # what is lost of a quantity, not an error
    named = workflow.schedule.has(j) and not isinstance(workflow.schedule, Piecewise)
    right = oriented(recurrence.scale, ranges) + curvature * squared_error
    reason = (
        "given the past a block mean is unbiased; its squared error, in the units of the loss, averages, as "
        "$\\mathbb{E}\\,\\delta_{g-1} = 0$, to"
        if curvature != 0
        else "given the past a block mean is unbiased; its squared error, in the units of the loss, does not depend on "
        "the model that it is drawn from"
    )
    if recurrence.exactness != "exact":
        reason += ", to leading order"
    # Blocks of a table have sizes of their own, before the one that is written.
    dynamics = workflow.dynamics()
    table = isinstance(dynamics, LinearDynamics) and isinstance(workflow.schedule, Piecewise)
    where = _since(dynamics, g) if isinstance(dynamics, LinearDynamics) and table else None
    check = Composed(workflow, recurrence, model, g, where)
    written = right / (size(g) if named else workflow.size(g))
    return [*steps, Step(Relation(squared_noise, EQUAL, written, where=where), reason, check)]


def curvature_of(workflow: Workflow, recurrence: Recurrence, model: Model) -> Expr | None:
    """κ such that composing noise (1 + κ r) with the workflow's dynamics gives this recurrence; None if none does."""
    if isinstance(recurrence, (PathwayRecurrence, StationaryRecurrence)):
        return recurrence.curvature
    if not isinstance(recurrence, MomentRecurrence):
        return None
    g, dynamics, entries = recurrence.symbol, workflow.dynamics(), recurrence.matrix
    candidate: Expr = S.Zero
    if isinstance(dynamics, LinearDynamics):
        try:
            flat = linear_moments(workflow, dynamics, S.Zero)
            bent = linear_moments(workflow, dynamics, S.One)
        except DomainError:
            return None
        if flat.matrix.shape != entries.shape:
            return None
        moved = zip(entries, flat.matrix, bent.matrix, strict=True)
        first = next(((here - none) / (one - none) for here, none, one in moved if one != none), S.Zero)
        candidate = in_lowest_terms(first) if first.is_rational_function(*first.free_symbols) else simplify(first)
    elif isinstance(dynamics, PoolDynamics) and entries.shape == (2, 2):
        candidate = cancel((entries[0, 0] - 1) * g**2)
    if candidate.has(g):
        return None
    return candidate if _recomposed(workflow, recurrence, model, candidate) else None


def _recomposed(workflow: Workflow, recurrence: MomentRecurrence, model: Model, curvature: Expr) -> bool:
    """Whether the composition with this curvature is the recurrence, entry by entry."""
    dynamics = workflow.dynamics()
    try:
        if isinstance(dynamics, LinearDynamics):
            made = linear_moments(workflow, dynamics, curvature)
        elif isinstance(dynamics, PoolDynamics) and recurrence.matrix.shape == (2, 2):
            made = pool_exact(dynamics, curvature, model.parameters["n"])
        elif isinstance(dynamics, PoolDynamics):
            made = pool_leading(dynamics)
        else:
            return False
        return _same(made, recurrence)
    except (DomainError, NotShown, KeyError):
        return False


def _same(made: MomentRecurrence, recurrence: MomentRecurrence) -> bool:
    if made.start != recurrence.start or made.matrix.shape != recurrence.matrix.shape:
        return False
    if (made.continuation is None) != (recurrence.continuation is None):
        return False
    for name in ("matrix", "forcing", "readout", "initial"):
        equality(Relation(getattr(made, name), EQUAL, getattr(recurrence, name)))
    equal(made.shift, recurrence.shift)
    return True


@dataclass(frozen=True)
class VarianceFunction:
    """The displayed variance function is the model's, and makes the noise and the curvature of the recurrence."""

    coefficients: tuple[Expr, ...]
    truth: Expr
    recurrence: Recurrence
    curvature: Expr
    points: Expr

    def __call__(self, relation: Relation) -> Evidence:
        v0, v1, v2 = self.coefficients
        equal(relation.right, v0 + v1 * mean + v2 * mean**2)
        equal(relation.right.subs(mean, self.truth) / self.points, self.recurrence.scale)
        equal(relation.right.diff(mean, 2) / 2 / self.points, self.curvature)
        return Evidence("the model's variance function")


@dataclass(frozen=True)
class Composed:
    """The displayed variance, sent through the workflow's dynamics, gives the recurrence entry by entry."""

    workflow: Workflow
    recurrence: Any
    model: Model
    g: Symbol
    where: Any = None

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        previous = squared_error
        written = relation.right.subs(size(self.g), self.workflow.size(self.g)) * self.workflow.size(self.g)
        written = expand(cancel(written))
        curvature = written.coeff(previous, 1)
        equal(written, written.coeff(previous, 0) + curvature * previous)
        equal(written.coeff(previous, 0), self.recurrence.scale)
        stated = curvature_of(self.workflow, self.recurrence, self.model)
        if stated is None:
            raise NotShown("the recurrence is not composed of a variance and the workflow's dynamics")
        equal(curvature, stated)
        return Evidence("composed with the workflow's dynamics it is the recurrence")
