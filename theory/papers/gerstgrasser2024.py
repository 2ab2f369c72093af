"""Is Model Collapse Inevitable? Linear regression on the predictions of earlier models."""

from __future__ import annotations

from sympy import EulerGamma, Ge, digamma, harmonic, pi

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import LinearRegression
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import T, d, sigma
from theory.workflows import Accumulate, Replace

PAPER = Paper(
    title="Is Model Collapse Inevitable? Breaking the Curse of Recursion by Accumulating Real and Synthetic Data",
    authors="Gerstgrasser, Schaeffer, Dey, Rafailov, Sleight, Hughes, Korbak, Agrawal, Pai, Gromov, Roberts, Yang, "
    "Donoho, Koyejo",
    year=2024,
    reference="arXiv:2404.01413",
    names="Gerstgrasser, Matthias and Schaeffer, Rylan and Dey, Apratim and Rafailov, Rafael and Sleight, Henry "
    "and Hughes, John and Korbak, Tomasz and Agrawal, Rajashree and Pai, Dhruv and Gromov, Andrey and "
    "Roberts, Daniel A. and Yang, Diyi and Donoho, David L. and Koyejo, Sanmi",
)


@PAPER.states("Theorem 1", "under replace the test error of least squares grows linearly in the generations")
def replace() -> Sides:
    """σ² d G/(T − d − 1), for T ≥ d + 2."""
    risk = expected_risk(LinearRegression(sigma2=sigma**2), Replace())
    return (risk.closed_form, risk.domain), (sigma**2 * d / (T - d - 1) * G, Ge(T, d + 2))


@PAPER.states("Theorem 2", "under accumulate, with one design for all generations, it is the sum of 1/i²")
def accumulate() -> Sides:
    """σ² d/(T − d − 1) times the sum of 1/i² up to G."""
    risk = expected_risk(LinearRegression(sigma2=sigma**2, design="shared"), Accumulate())
    return risk.closed_form, sigma**2 * d / (T - d - 1) * harmonic(G, 2)


@PAPER.states("Theorem 2", "so it is bounded by π²/6 times the error of the first model, for ever")
def accumulate_bound() -> Sides:
    """σ² d/(T − d − 1) · π²/6, the least bound."""
    risk = expected_risk(LinearRegression(sigma2=sigma**2, design="shared"), Accumulate())
    return risk.bound, sigma**2 * d / (T - d - 1) * pi**2 / 6


@PAPER.states("derived here", "with a new design every generation the limit is smaller: a digamma")
def accumulate_fresh() -> Sides:
    """(T − d − 1)/(d + 1) · (−ψ(1 − (d + 1)/T) − γ) times the error of the first model."""
    ratio = expected_risk(LinearRegression(sigma2=sigma**2), Accumulate()).ratio
    return ratio.limit, (T - d - 1) / (d + 1) * (-digamma(1 - (d + 1) / T) - EulerGamma)
