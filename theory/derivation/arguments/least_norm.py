r"""Least squares with fewer rows than features: the fit of least norm among those that interpolate.

With :math:`X^+` the pseudo-inverse, the newest block alone takes :math:`w_{g-1}` to
:math:`P_g w_{g-1} + X_g^+ E_g`, :math:`P_g = X_g^+ X_g`. Where rows are kept, earlier ones stay interpolated, and the
fit moves by noise alone, orthogonally to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import And, Expr, Ge, Integer, Lt, Matrix, S, Symbol, eye

from theory.derivation.arguments.matrices import (
    chi_square_moment,
    evaluated,
    letter,
    rational_matrix,
    same,
    verify_residuals,
)
from theory.derivation.checks import equal, under
from theory.derivation.notation import risk, shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, Step
from theory.models.linear_regression import LinearRegression
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow, exact_weights

#: The fits in numbers: features, rows of a block, generations.
FEATURES, ROWS, GENERATIONS = 7, 2, 3

_now, _before, _labels = letter("w_g"), letter("w_{g-1}"), letter("E_g")
_projection, _pseudo, _new = letter("P_g"), letter("X_{g}^{+}"), letter(r"(X_g Q_{g-1})^{+}")
_mean_projection = Symbol(r"\mathbb{E}\operatorname{tr} P_g")
_noise = Symbol(r"\mathbb{E}\,\|X_{g}^{+} E_g\|^2")
_new_noise = Symbol(r"\mathbb{E}\,\|(X_g Q_{g-1})^{+} E_g\|^2")


def projected(model: LinearRegression, workflow: Workflow, recurrence: MomentRecurrence, g: Symbol) -> list[Step]:
    """A new row space every generation."""
    d, T, B, sigma2 = (
        model.parameters["d"],
        model.parameters["T"] * workflow.size(1),
        model.signal_strength,
        model.sigma2,
    )
    carried = recurrence.matrix[0] * risk(g - 1) + recurrence.scale * recurrence.forcing[0]
    return [
        Step(
            Relation(_now, EQUAL, _projection * _before + _pseudo * _labels),
            f"under {workflow.name} model $g$ is the fit of least norm on block $g$, with labels "
            "$Y_g = X_g w_{g-1} + E_g$ and $P_g$ the projection on its row space",
            LeastNorm(workflow, kept=False),
        ),
        Step(
            Relation(_mean_projection, EQUAL, T),
            "the row space has as many dimensions as rows, and prefers no direction: on average $P_g$ is the identity "
            "but for a factor",
            Trace(T),
        ),
        Step(
            Relation(_noise, EQUAL, sigma2 * T / (d - T - 1)),
            "errors add the inverse of the Wishart matrix $X_g X_g^\\top$, with diagonal entries one over $\\chi^2$ "
            "with $d - T + 1$ degrees of freedom",
            InverseMoment(sigma2 * T, d - T + 1),
        ),
        Step(
            Relation(risk(g), EQUAL, T / d * risk(g - 1) + (1 - T / d) * B + _noise),
            "what lies outside the row space is lost; as it is of the truth, where the error is the signal",
            Pythagoras(T / d, B, sigma2 * T / (d - T - 1), carried, g),
        ),
    ]


def interpolating(model: LinearRegression, workflow: Workflow, recurrence: MomentRecurrence, g: Symbol) -> list[Step]:
    """All rows kept, fewer than features at first."""
    d, T, sigma2 = model.parameters["d"], model.parameters["T"] * workflow.size(1), model.sigma2
    assert recurrence.continuation is not None
    until, later = Lt(g, recurrence.continuation[0]), And(Ge(g, 2), Lt(g, recurrence.continuation[0]))
    left, lost = d - (g - 1) * T, (1 - T / d) * model.signal_strength
    first = lost + sigma2 * T / (d - T - 1)
    return [
        Step(
            Relation(risk(Integer(1)), EQUAL, first),
            "the first fit is of least norm: it keeps the signal inside its row space, $T/d$ of it on average, and "
            "adds the errors of its labels",
            FirstFit(
                T / d, model.signal_strength, sigma2 * T * chi_square_moment(S.NegativeOne, d - T + 1), recurrence
            ),
        ),
        Step(
            Relation(_now, EQUAL, _before + _new * _labels, where=later),
            f"under {workflow.name} model $g$ is the fit on all rows, of least norm while features are more; earlier "
            " rows stay interpolated, so that with $Q_{g-1}$ the projection on what is orthogonal to them",
            LeastNorm(workflow, kept=True, where=later),
        ),
        Step(
            Relation(_new_noise, EQUAL, sigma2 * T / (left - T - 1), where=until),
            "errors add the inverse of a Wishart matrix of $T$ rows in the dimensions that are left, "
            "one over $\\chi^2$ for each",
            InverseMoment(sigma2 * T, left - T + 1, until, forcing=shown(recurrence.scale * recurrence.forcing[0], g)),
        ),
    ]


# -- fits in numbers -----------------------------------------------------------------------------------------------


def _pseudo_inverse(rows: Matrix) -> Matrix:
    return rows.T * (rows * rows.T).inv()


def _fits(workflow: Workflow) -> Iterator[dict[Expr, Any]]:
    """Letters in numbers, at every generation, with the fit of least norm on the rows that the workflow weighs."""
    fitted = rational_matrix(FEATURES, 1, seed=3)
    blocks: list[Matrix] = []
    labels: list[Matrix] = []
    for g in range(1, GENERATIONS + 1):
        block, errors = rational_matrix(ROWS, FEATURES, seed=20 + g), rational_matrix(ROWS, 1, seed=60 + g)
        blocks.append(block)
        labels.append(block * fitted + errors)
        chosen = [index for index, weight in enumerate(exact_weights(workflow, g)) if weight != 0]
        used, answers = (Matrix.vstack(*(part[index] for index in chosen)) for part in (blocks, labels))
        after = _pseudo_inverse(used) * answers
        earlier = Matrix.vstack(*blocks[:-1]) if g > 1 else None
        outside = eye(FEATURES) - (
            _pseudo_inverse(earlier) * earlier if earlier is not None else S.Zero * eye(FEATURES)
        )
        yield {
            _now: after,
            _before: fitted,
            _labels: errors,
            _projection: _pseudo_inverse(block) * block,
            _pseudo: _pseudo_inverse(block),
            _new: outside * block.T * (block * outside * block.T).inv(),
        }
        fitted = after


# -- checks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeastNorm:
    """The right side is the fit of least norm, in numbers; where rows are kept from the second fit on."""

    workflow: Workflow
    kept: bool
    where: Any = None

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        for g, at in enumerate(_fits(self.workflow), start=1):
            if g > 1 or not self.kept:
                same(evaluated(relation.right, at), at[_now], f"the fit of generation {g}")
        return Evidence(f"exact fits on rows of rational numbers, up to generation {GENERATIONS}")


@dataclass(frozen=True)
class Trace:
    """The right side is the number of rows: the trace of the projection on them."""

    rows: Expr

    def __call__(self, relation: Relation) -> Evidence:
        for rows, columns in ((1, 3), (2, 5), (3, 7)):
            X = rational_matrix(rows, columns, seed=rows)
            projection = _pseudo_inverse(X) * X
            same(projection * projection, projection, "the projection twice")
            same(projection.trace(), rows, "the trace")
        equal(relation.right, self.rows)
        return Evidence("projections in rational numbers")


@dataclass(frozen=True)
class InverseMoment:
    """The right side is so many times the mean of one over χ²; with what stands before it, that of the recurrence."""

    count: Expr
    freedom: Expr
    where: Any = None
    factor: Expr = S.One
    forcing: Expr | None = None

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        verify_residuals()
        equal(relation.right, self.count * chi_square_moment(S.NegativeOne, self.freedom))
        if self.forcing is not None:
            equal(self.factor * relation.right, self.forcing)
        return Evidence("χ² residuals in rational numbers, their inverse moment by its integral, and algebra")


@dataclass(frozen=True)
class FirstFit:
    """The right side is the risk of a fit of least norm, and that of the recurrence at generation 1."""

    share: Expr
    signal: Expr
    noise: Expr
    recurrence: MomentRecurrence

    def __call__(self, relation: Relation) -> Evidence:
        verify_pythagoras()
        equal(relation.right, (1 - self.share) * self.signal + self.noise)
        equal(relation.right, self.recurrence.at(1))
        return Evidence("Pythagoras, in rational numbers, and algebra")


def verify_pythagoras() -> None:
    """On numbers: what a projection keeps of one error, and loses of another, adds up in squares."""
    X = rational_matrix(ROWS, FEATURES, seed=5)
    projection = _pseudo_inverse(X) * X
    inside, lost = rational_matrix(FEATURES, 1, seed=6), rational_matrix(FEATURES, 1, seed=7)
    error = projection * inside - (eye(FEATURES) - projection) * lost
    parts = (inside.T * projection * inside)[0] + (lost.T * lost)[0] - (lost.T * projection * lost)[0]
    same((error.T * error)[0], parts, "the squared error")


@dataclass(frozen=True)
class Pythagoras:
    """The right side splits the error into what is kept, what is lost and noise, and makes the recurrence."""

    share: Expr
    signal: Expr
    noise: Expr
    carried: Expr
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        verify_pythagoras()
        equal(relation.right, self.share * risk(self.g - 1) + (1 - self.share) * self.signal + _noise)
        equal(relation.right.subs(_noise, self.noise), self.carried)
        return Evidence("Pythagoras, in rational numbers, and algebra")
