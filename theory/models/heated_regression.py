r"""Least squares on labels that models draw with another variance than real labels have.

Model g labels rows by :math:`x\cdot w_g + \sqrt\tau\,\sigma z`; the labels of block 1, and fresh real ones, have
variance σ². Nothing leans, so that every fit moves as without a temperature and only the noise of what is sampled is
multiplied by τ (derived here): where the normal equations telescope, as under replace and accumulate,

.. math:: r_G = \sigma^2 d\Bigl[\frac{1}{T-d-1} + \tau \sum_{g=2}^G \frac{T_g}{N_g}\,\frac{1}{N_g - d - 1}\Bigr].
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Expr, Matrix, S

from theory.errors import NotDerivedError
from theory.models.least_norm import WideRegression
from theory.models.linear_regression import LinearRegression
from theory.models.regression_regimes import Regression
from theory.moments.bent import BIAS, RISK, Bend, compose_bent, nothing
from theory.moments.composition import pool_leading
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, PoolDynamics, VaryingPool


@dataclass(frozen=True)
class HeatedRegression(LinearRegression):
    """Least squares whose sampled labels have ``heat`` times the variance of real ones, in each of its regimes."""

    heat: Expr = S.One

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """Nothing is biased where every fit is determined by its rows; least norm is not split."""
        if loss != "squared" or self.overparameterised or self._wide(workflow):
            raise NotDerivedError(f"the {part} of fits of least norm is not derived.")
        risk = self.recurrence(workflow, loss)
        return nothing().changed(margin=risk.margin, domain=risk.domain) if part == BIAS else risk

    def _composed(self, workflow: Workflow, noise: Expr, exactness: str) -> Recurrence:
        dynamics = workflow.dynamics()
        if isinstance(dynamics, (PoolDynamics, VaryingPool)):
            super()._composed(workflow, noise, exactness)  # verifies the pool
            return pool_leading(dynamics, self.heat).changed(scale=noise)
        bend = Bend(variance=S.One, slope=S.Zero, curvature=S.Zero, points=S.One, dispersion=self.heat)
        return compose_bent(workflow, bend, RISK).changed(scale=noise, exactness=exactness)

    def _telescoping(self, workflow: Workflow, rows: Expr) -> MomentRecurrence:
        """The labels of block 1 are real."""
        plain = super()._telescoping(workflow, rows)
        first = plain.forcing.subs(GENERATION, 1) if plain.start == 1 else plain.initial
        return replace(plain, start=2, initial=Matrix(first), forcing=plain.forcing * self.heat)

    @property
    def _regression(self) -> Regression:
        return replace(super()._regression, heat=self.heat)

    @property
    def _wide_regression(self) -> WideRegression:
        return replace(super()._wide_regression, heat=self.heat)


def heated(model: LinearRegression, heat: Expr) -> HeatedRegression:
    """A regression whose models label rows with ``heat`` times its noise variance."""
    return HeatedRegression(model.d, model.T, model.sigma2, model.design, model.signal, heat)
