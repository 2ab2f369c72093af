"""What a model is fitted as, where that is no weighing of means: the steps from the fit to its recurrence.

One file an argument. Every displayed step is checked on matrices of rational numbers, by algebra, or by an integral.
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol

from theory.derivation.arguments import least_squares, spectrum, wishart_chain
from theory.derivation.step import Step
from theory.models.base import Model
from theory.models.gaussian_fit import GaussianFit
from theory.models.kernel_density import KernelDensity
from theory.models.linear_regression import LinearRegression
from theory.workflows.base import Workflow


def argument(model: Model, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> tuple[list[Step], str | None]:
    """The steps from the fit to the recurrence, and in words what its moments are.

    No steps where a block counts by its mean, or no such argument is known.
    """
    if isinstance(model, LinearRegression):
        return least_squares.steps(model, workflow, recurrence, g), None
    if isinstance(model, GaussianFit):
        return wishart_chain.steps(model, workflow, loss, recurrence, g)
    if isinstance(model, KernelDensity):
        return spectrum.steps(model, workflow, recurrence, g)
    return [], None
