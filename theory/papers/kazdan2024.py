"""Collapse or Thrive? Gaussians, kernel densities, and a fixed compute budget."""

from __future__ import annotations

from sympy import Rational, harmonic, oo, pi, sin, sqrt

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import GaussianFit, KernelDensity, Regular
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import d, h, n
from theory.workflows import Accumulate, AccumulateSubsample, Replace

PAPER = Paper(
    title="Collapse or Thrive? Perils and Promises of Synthetic Data in a Self-Generating World",
    authors="Kazdan, Schaeffer, Dey, Gerstgrasser, Rafailov, Donoho, Koyejo",
    year=2024,
    reference="arXiv:2410.16713",
    names="Kazdan, Joshua and Schaeffer, Rylan and Dey, Apratim and Gerstgrasser, Matthias and Rafailov, Rafael "
    "and Donoho, David L. and Koyejo, Sanmi",
)


@PAPER.states("Gaussians, replace", "the fitted covariance shrinks to nothing: its trace falls as (1 − 1/n)^G")
def gaussian_replace() -> Sides:
    """E tr Σ_G = d (1 − 1/n)^G for maximum likelihood."""
    risk = expected_risk(GaussianFit(), Replace(), "trace")
    return (risk.closed_form, risk.limit), (d * ((n - 1) / n) ** G, 0 * d)


@PAPER.states("Gaussians, replace", "the mean wanders without bound where the covariance is unbiased")
def gaussian_mean_replace() -> Sides:
    """E‖μ_G − μ_0‖² = d G/n."""
    risk = expected_risk(GaussianFit(unbiased=True), Replace(), "mean")
    return (risk.closed_form, risk.limit), (d * G / n, oo)


@PAPER.states("Gaussians, accumulate", "the trace keeps the share sin(π/√n)/(π/√n) for ever")
def gaussian_accumulate() -> Sides:
    """Limit of E tr Σ_G."""
    x = pi / sqrt(n)
    return expected_risk(GaussianFit(), Accumulate(), "trace").limit, d * sin(x) / x


@PAPER.states("Gaussians, accumulate", "and the mean errs by what the covariance lost")
def gaussian_mean_accumulate() -> Sides:
    """Limit of E‖μ_G − μ_0‖²."""
    x = pi / sqrt(n)
    return expected_risk(GaussianFit(), Accumulate(), "mean").limit, d * (1 - sin(x) / x)


@PAPER.states("kernel densities", "a kernel of fixed width adds h² a generation under replace, h² H_G under accumulate")
def kernel_variance() -> Sides:
    """Variance of the expected density beyond that of the truth."""
    found = [expected_risk(KernelDensity(), workflow, "variance") for workflow in (Replace(), Accumulate())]
    return tuple(risk.closed_form for risk in found), (G * h**2, harmonic(G) * h**2)


@PAPER.states("fixed compute budget", "accumulate-subsample levels off: here with its constant, derived")
def fixed_budget() -> Sides:
    """3 H_G^(2) − 2, which tends to π²/2 − 2."""
    ratio = expected_risk(Regular(), AccumulateSubsample()).ratio
    stated = 3 * harmonic(G, 2) - 2
    return (ratio.closed_form, ratio.limit, ratio.at(2)), (stated, pi**2 / 2 - 2, Rational(7, 4))
