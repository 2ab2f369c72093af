r"""Ridge regression on the predictions of earlier models, with d/T → γ.

For Σ = I deterministic equivalents are functions of κ, the root of
:math:`\kappa - \lambda = \kappa\gamma/(1 + \kappa)` (λ a row), with :math:`\mathrm{df}_2 = d/(1 + \kappa)^2`;
selfgen works with the shrinkage α = 1/(1 + κ).
"""

from __future__ import annotations

from sympy import Expr, Symbol, sympify

from theory.asymptotics.scales import limit_or_none
from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import LinearRegression
from theory.models.ridge_regression import RidgeRegression
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import B, T, alpha, d, sigma
from theory.workflows import Replace

PAPER = Paper(
    title="Model Collapse Demystified: The Case of Regression",
    authors="Dohmatob, Feng, Kempe",
    year=2024,
    reference="NeurIPS 2024, arXiv:2402.07712",
)

_GAMMA = Symbol("gamma", positive=True)
_KAPPA = 1 / alpha - 1
#: df₂ over the rows.
_SECOND = _GAMMA / (1 + _KAPPA) ** 2
#: Mean squared shrinkage of a fit: the square of its mean, and what its spread adds.
_PASSED = (1 + _KAPPA) ** -2 + _SECOND * _KAPPA**2 / (1 + _KAPPA) ** 2 / (1 - _SECOND)


def _ridge() -> RidgeRegression:
    return RidgeRegression(ratio=_GAMMA, shrinkage=alpha, sigma2=sigma**2, signal=B)


def _one_fit() -> Expr:
    """Bias and variance of one ridge fit on clean data, in κ."""
    bias = _KAPPA**2 * B / (1 + _KAPPA) ** 2 / (1 - _SECOND)
    return bias + sigma**2 * _SECOND / (1 - _SECOND)


def _chain() -> Expr:
    """Risk of least squares under replace."""
    risk = sympify(expected_risk(LinearRegression(sigma2=sigma**2), Replace()).closed_form)
    found = limit_or_none(risk.subs(d, _GAMMA * T), T)
    assert found is not None
    return found


@PAPER.states(
    "section 4, no number known", "clean data: bias and variance of a ridge fit by its deterministic equivalents"
)
def clean() -> Sides:
    """Penalty a row, and risk of model 1."""
    equation = _KAPPA - _KAPPA * _GAMMA / (1 + _KAPPA)
    return (_ridge().penalty_per_row, expected_risk(_ridge(), Replace()).at(1)), (equation, _one_fit())


@PAPER.states("abstract", "least squares: the test error grows linearly with the number of generations")
def least_squares() -> Sides:
    """G σ²γ/(1 − γ), as d and T grow together."""
    return _chain(), G * sigma**2 * _GAMMA / (1 - _GAMMA)


@PAPER.states(
    "section 4, no number known", "a ridge fit at the end of a chain of least squares pays linearly too, times a factor"
)
def last_ridge() -> Sides:
    """The noise of G − 1 labellers passes through one shrinking fit, so that it counts β-fold."""
    chain = _chain().subs(G, G - 1)
    square = _ridge().moments()[1]
    derived = expected_risk(_ridge(), Replace()).at(1) + square * chain
    return derived, _one_fit() + (G - 1) * sigma**2 * _PASSED * _GAMMA / (1 - _GAMMA)


@PAPER.states("derived here", "ridge in every generation: the loop forgets the signal, and ends above predicting 0")
def every_generation() -> Sides:
    """The limit of the risk."""
    return expected_risk(_ridge(), Replace()).limit, B + sigma**2 * _SECOND / (1 - _SECOND) / (1 - _PASSED)
