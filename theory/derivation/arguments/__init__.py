"""What a model is fitted as, where that is no weighing of means: the steps from the fit to its recurrence.

One file an argument. Every displayed step is checked on matrices of rational numbers, by algebra, or by an integral.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from sympy import Symbol

from theory.derivation.arguments import bending, least_squares, spectrum, wishart_chain
from theory.derivation.step import Step
from theory.models.base import Model
from theory.models.bent import BentModel, PosteriorMean, PosteriorSample
from theory.models.gaussian_fit import GaussianFit
from theory.models.kernel_density import KernelDensity
from theory.models.linear_regression import LinearRegression
from theory.workflows.base import Workflow


@singledispatch
def argument(model: Model, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> tuple[list[Step], str | None]:
    """The steps from the fit to the recurrence, and in words what its moments are; a model may register its own.

    No steps where a block counts by its mean, or no such argument is known.
    """
    return [], None


@argument.register
def _(model: LinearRegression, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> Any:
    return least_squares.steps(model, workflow, recurrence, g), None


@argument.register
def _(model: GaussianFit, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> Any:
    return wishart_chain.steps(model, workflow, loss, recurrence, g)


@argument.register
def _(model: KernelDensity, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> Any:
    return spectrum.steps(model, workflow, recurrence, g)


@argument.register
def _(model: BentModel, workflow: Workflow, loss: str, recurrence: Any, g: Symbol) -> Any:
    if isinstance(model, PosteriorMean | PosteriorSample) and isinstance(model.model, LinearRegression):
        return [], None  # a ridge fit about the prior mean, which shrinks by matrices and not by one number
    return bending.steps(model, workflow, recurrence, g)
