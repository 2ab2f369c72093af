r"""The concentration of the weights: :math:`\kappa_g = \sum_j w_{g,j}^2 / n_j`, one over the effective sample size.

A pooled fit of N samples has κ = 1/N, and :math:`1 - \kappa` is what makes a weighted covariance unbiased for
independent data (reliability weights: N/(N − 1) for equal ones). κ is the variance of :math:`\sum_j w_{g,j} u_j` for
*independent* blocks u_j of variance 1/n_j. With :math:`\varepsilon_j = u_j - \delta_{j-1}` the workflow's recursion
:math:`z_g = A_g z_{g-1} + b_g \varepsilon_g` opens up,

.. math:: z_g = (A_g - b_g h_{g-1})\, z_{g-1} + b_g u_g,

and its second moment is a linear recurrence, which the solver solves (derived here).
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, Matrix, Piecewise, S, simplify

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G
from theory.moments.composition import linear_moments
from theory.solver.system import solve_recurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.pathway import block_coefficients


def concentration(workflow: Workflow, g: int) -> Expr:
    """κ_g in units of 1/n, from the weights of one generation."""
    total: Expr = S.Zero
    for index, weight in enumerate(exact_weights(workflow, g), start=1):
        if weight != 0:
            total += weight**2 / workflow.size(index)
    fresh = enumerate(workflow.fresh_weights(g), start=1)
    return sum((weight**2 / workflow.fresh_size(index) for index, weight in fresh if weight != 0), total)


def concentration_formula(workflow: Workflow, dynamics: LinearDynamics) -> tuple[Expr, int] | None:
    """κ_g in units of 1/n as an expression in ``GENERATION``, and the first generation it holds from.

    None when the recurrence of the second moment has no closed form.
    """
    opened = open_loop(workflow, dynamics)
    first = opened.start - 1
    recent = _finite_memory(workflow, opened)
    if recent is not None:
        formula, steps = recent
        holds = first + steps
        # Where the first blocks are whole windows already, it holds earlier.
        while holds > first and simplify(formula.subs(GENERATION, holds - 1) - concentration(workflow, holds - 1)) == 0:
            holds -= 1
        return formula, holds
    formula = _equal_points(workflow, opened)
    if formula is not None:
        return formula, first
    solved = solve_recurrence(linear_moments(workflow, opened, curvature=S.Zero))
    if solved is None:
        return None
    if isinstance(solved, Piecewise):
        *special, (solved, _) = solved.args
        # Every special branch is a single generation, Eq(G, g).
        first = max([first, *(int(condition.rhs) + 1 for _, condition in special)])
    return _neat(solved.subs(G, GENERATION)), first


def _finite_memory(workflow: Workflow, opened: LinearDynamics) -> tuple[Expr, int] | None:
    """κ_g as a sum over the latest blocks, and how many; None when older ones never leave the fit."""
    g = GENERATION
    row, total = opened.readout, S.Zero
    for lag in range(opened.transition.shape[0] + 1):
        if all(_neat(entry) == 0 for entry in row):
            return _neat(total), lag
        total += (row * opened.innovation.subs(g, g - lag))[0] ** 2 / workflow.size(g - lag)
        real = (row * opened.fresh.subs(g, g - lag))[0]
        if real != 0:
            total += real**2 / workflow.fresh_size(g - lag)
        row = row * opened.transition.subs(g, g - lag)
    return None


def _equal_points(workflow: Workflow, opened: LinearDynamics) -> Expr | None:
    """κ_g = w_{g,g}/s(g), one over the number of samples, if that solves the recurrence: all have equal weight."""
    g = GENERATION
    if opened.transition.shape != (1, 1) or opened.readout[0] != 1 or opened.fresh[0] != 0:
        return None
    gain, size = opened.innovation[0], workflow.size(g)
    candidate = gain / size
    left = opened.transition[0] ** 2 * candidate.subs(g, g - 1) + gain**2 / size - candidate
    first = candidate.subs(g, 1) - opened.initial[0] ** 2 / workflow.size(1)
    return _neat(candidate) if simplify(left) == 0 == simplify(first) and opened.start == 2 else None


def open_loop(workflow: Workflow, dynamics: LinearDynamics) -> LinearDynamics:
    """The recursion driven by the block means themselves, starting after block 1 at the earliest."""
    g = GENERATION
    late = late_start(dynamics)
    deviations = Matrix(block_coefficients(workflow, late.start - 1))
    return replace(
        late,
        transition=(late.transition - late.innovation * late.readout.subs(g, g - 1)).applyfunc(_neat),
        initial=late.initial * deviations.inv(),
    )


def late_start(dynamics: LinearDynamics) -> LinearDynamics:
    """The same recursion from generation 2 on at the earliest: coefficients at g − 1 = 0 may be singular."""
    if dynamics.start > 1:
        return dynamics
    return replace(dynamics, start=2, initial=dynamics.innovation.subs(GENERATION, 1))


def newest_block_only(dynamics: LinearDynamics) -> bool:
    """Whether earlier blocks matter through model g − 1 alone: h_g (A_g − b_g h_{g−1}) = 0, and nothing is fresh."""
    g = GENERATION
    carried = dynamics.readout * (dynamics.transition - dynamics.innovation * dynamics.readout.subs(g, g - 1))
    fresh = dynamics.readout * dynamics.fresh
    return all(_neat(entry) == 0 for entry in (*carried, *fresh))


def _neat(expression: Expr) -> Expr:
    return in_lowest_terms(expression) if expression.is_rational_function(GENERATION) else simplify(expression)
