r"""Least squares on fresh rows: from the normal equations to the recurrence of the risk.

The fit moves by the noise of the newest labels alone, and how far is the trace of an inverse Wishart matrix, of the
rows in use (:class:`theory.models.linear_regression.LinearRegression`). Rows are written in the basis in which their
covariance is the identity: the risk does not depend on it. With fewer rows than features the fit is the one of least
norm, and moves inside the row space.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Ge, Integer, Matrix, S, Symbol, cancel, eye, ilcm, simplify

from theory.derivation.arguments.least_norm import InverseMoment, interpolating, projected
from theory.derivation.arguments.matrices import (
    evaluated,
    letter,
    rational_matrix,
    same,
    trace,
)
from theory.derivation.checks import equal, under
from theory.derivation.notation import shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.expressions.symbols import j
from theory.models.linear_regression import LinearRegression
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import LinearDynamics

#: Features of the fits in numbers, and the generations that are fitted.
FEATURES, GENERATIONS = 2, 4
#: Rows of a unit block beyond which a fit in numbers is not worth the wait.
MOST_ROWS = 500

_now, _before = letter("w_g"), letter("w_{g-1}")
_gram, _rows, _turned = letter("A_g"), letter("X_g"), letter(r"X_{g}^{\top}")
_labels = letter("E_g")
_moved = Symbol(r"\mathbb{E}\left[\|w_g - w_{g-1}\|^2 \mid X\right]")
_shared = Symbol(r"\mathbb{E}\left[\operatorname{tr} A_{g}^{-1} X_{g}^{\top} X_g A_{g}^{-1}\right]")
_inverse = Symbol(r"\mathbb{E}\left[\operatorname{tr} A_{g}^{-1}\right]")


def steps(model: LinearRegression, workflow: Workflow, recurrence: Any, g: Symbol) -> list[Step]:
    """From the fit to the recurrence; none where the fit has no such form."""
    dynamics = workflow.dynamics()
    fresh = model.design == "fresh" and recurrence.exactness == "exact" and isinstance(recurrence, MomentRecurrence)
    if not (fresh and isinstance(dynamics, LinearDynamics)):
        return []
    if not all(workflow.size(index).is_Rational for index in range(1, GENERATIONS + 1)):
        return []  # no rows to count in numbers
    if unit_rows(workflow) > MOST_ROWS:
        return []
    if workflow.schedule.has(j) and (recurrence.continuation is not None or recurrence.matrix != eye(1)):
        return []  # the regime of a fit changes with the sizes
    rows = simplify(workflow.size(recurrence.symbol) / dynamics.innovation[0])
    if recurrence.domain == S.false and model.overparameterised:
        return []
    if recurrence.continuation is not None:
        first, following = recurrence.continuation
        since = Ge(g, first)
        return interpolating(model, workflow, recurrence, g) + _determined(model, workflow, following, rows, g, since)
    if model.overparameterised and recurrence.start != 1:
        return []  # rows of several teachers in one fit: no steps in numbers yet
    if model.overparameterised:
        return projected(model, workflow, recurrence, g)
    since = None if recurrence.start == 1 else Ge(g, recurrence.start)
    return _determined(model, workflow, recurrence, rows, g, since)


def _determined(
    model: LinearRegression, workflow: Workflow, recurrence: Any, rows: Expr, g: Symbol, since: Any
) -> list[Step]:
    d, T, sigma2 = model.parameters["d"], model.parameters["T"], model.sigma2
    size = shown(workflow.size(recurrence.symbol), g)
    used, share = T * shown(rows, g), cancel(size / shown(rows, g))
    moves = "the newest labels are $Y_g = X_g w_{g-1} + E_g$, and the normal equations, with $A_g$ the sum of "
    moves += "$X^\\top X$ over the rows in use, leave"
    found = [
        Step(
            Relation(Symbol("N_g"), EQUAL, used, where=since),
            f"under {workflow.name} model $g$ is the least-squares fit on this many rows, block $g$ among them",
            RowsInUse(workflow, T, g, since),
        ),
        Step(
            Relation(_now, EQUAL, _before + _gram**-1 * _turned * _labels, where=since),
            moves,
            Telescoped(workflow, since),
        ),
        Step(
            Relation(_moved, EQUAL, sigma2 * trace(_gram**-1 * _turned * _rows * _gram**-1), where=since),
            "labels have independent errors of mean 0, so that steps are uncorrelated, and given the rows",
            Squared(workflow, sigma2, since),
        ),
        Step(
            Relation(_shared, EQUAL, share * _inverse, where=since),
            "rows are exchangeable: on average block $g$ has its share of the trace",
            Exchangeable(workflow, g, since),
        ),
    ]
    if recurrence.domain == S.false:
        return found  # with too few rows there is no expectation
    inverse = Step(
        Relation(_inverse, EQUAL, d / (used - d - 1), where=since),
        "$A_g$ is a Wishart matrix; each diagonal entry of its inverse is one over the squared residual of a "
        "column on the others, $\\chi^2$ with $N_g - d + 1$ degrees of freedom",
        InverseMoment(d, used - d + 1, since, sigma2 * share, shown(recurrence.scale * recurrence.forcing[0], g)),
    )
    return [*found, inverse]


# -- fits in numbers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """One generation in numbers: the rows and errors of its block, the rows in use, and the fits before and after."""

    generation: int
    block: Matrix
    errors: Matrix
    used: Matrix
    before: Matrix
    after: Matrix

    @property
    def letters(self) -> dict[Expr, Any]:
        """What the letters of a formula stand for."""
        return {
            _now: self.after,
            _before: self.before,
            _gram: self.used.T * self.used,
            _rows: self.block,
            _turned: self.block.T,
            _labels: self.errors,
        }


def unit_rows(workflow: Workflow) -> int:
    """Rows of a unit block for which every block has whole rows, and more of them than features."""
    sizes = [workflow.size(g) for g in range(1, GENERATIONS + 1)]
    whole = int(ilcm(1, *(size.q for size in sizes)))
    least = min(sizes)
    return whole * next(count for count in range(1, 10**6) if whole * count * least >= FEATURES + 2)


def fits(workflow: Workflow) -> Iterator[Fit]:
    """Ordinary least squares on the rows that the workflow weighs, generation by generation."""
    unit = unit_rows(workflow)
    fitted = rational_matrix(FEATURES, 1, seed=1)
    blocks: list[Matrix] = []
    labels: list[Matrix] = []
    for g in range(1, GENERATIONS + 1):
        count = int(unit * workflow.size(g))
        block, errors = rational_matrix(count, FEATURES, seed=10 + g), rational_matrix(count, 1, seed=50 + g)
        blocks.append(block)
        labels.append(block * fitted + errors)
        weights = exact_weights(workflow, g)
        chosen = [index for index, weight in enumerate(weights) if weight != 0]
        if len({weights[index] / workflow.size(index + 1) for index in chosen}) != 1:
            raise NotShown(f"the rows of model {g} do not weigh the same")
        used = Matrix.vstack(*(blocks[index] for index in chosen))
        answers = Matrix.vstack(*(labels[index] for index in chosen))
        after = (used.T * used).inv() * used.T * answers
        yield Fit(g, block, errors, used, fitted, after)
        fitted = after


def counts(where: Any, g: Symbol, generation: int) -> bool:
    """Whether a condition on g holds at a generation; one on parameters is of fits with rows to spare, as these are."""
    return where is None or where.subs(g, generation) not in (S.false, False) or not where.rhs.is_Integer


# -- checks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowsInUse:
    """The right side counts the rows that the workflow gives a weight, from a generation on."""

    workflow: Workflow
    unit: Expr
    g: Symbol
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        for fit in fits(self.workflow):
            if counts(self.where, self.g, fit.generation):
                stated = relation.right.subs(self.g, fit.generation) / self.unit
                equal(stated, Integer(fit.used.shape[0]) / unit_rows(self.workflow))
        return Evidence(f"rows counted up to generation {GENERATIONS}")


@dataclass(frozen=True)
class Telescoped:
    """The right side is the fit of the pooled rows, in numbers."""

    workflow: Workflow
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        for fit in fits(self.workflow):
            same(evaluated(relation.right, fit.letters), fit.after, f"the fit of generation {fit.generation}")
        return Evidence(f"exact fits on rows of rational numbers, up to generation {GENERATIONS}")


@dataclass(frozen=True)
class Squared:
    """The right side is σ² times the sum of squares of the matrix that takes errors to the fit."""

    workflow: Workflow
    sigma2: Expr
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        stated = cancel(relation.right / self.sigma2)
        for fit in fits(self.workflow):
            taken = (fit.used.T * fit.used).inv() * fit.block.T
            same(evaluated(stated, fit.letters), sum((entry**2 for entry in taken), S.Zero), "the sum of squares")
        return Evidence(f"sums of squares in rational numbers, up to generation {GENERATIONS}")


@dataclass(frozen=True)
class Exchangeable:
    """The right side is the share of the trace that belongs to the rows of block g."""

    workflow: Workflow
    g: Symbol
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        for fit in fits(self.workflow):
            inverse, total = (fit.used.T * fit.used).inv(), fit.used.shape[0]
            parts = [(inverse * fit.used[row, :].T * fit.used[row, :] * inverse).trace() for row in range(total)]
            same(sum(parts, S.Zero), inverse.trace(), "the trace over all rows")
            if counts(self.where, self.g, fit.generation):
                stated = relation.right.subs(self.g, fit.generation).subs(_inverse, inverse.trace())
                equal(stated, fit.block.shape[0] * sum(parts, S.Zero) / total)
        return Evidence("every row has the same share on average, and the shares add up to the trace")
