"""Autophagous loops with sampling bias: a Gaussian refitted on samples that were made less diverse."""

from __future__ import annotations

from sympy import Rational, exp, log

from theory.expected import expected_risk
from theory.expressions.multidigamma import multidigamma
from theory.expressions.symbols import G
from theory.models import GaussianFit
from theory.models.gaussian.temperature import dying_below
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import d, n, tau
from theory.workflows import Replace

PAPER = Paper(
    title="Self-Consuming Generative Models Go MAD",
    authors="Alemohammad, Casco-Rodriguez, Luzi, Humayun, Babaei, LeJeune, Siahkoohi, Baraniuk",
    year=2024,
    reference="ICLR 2024, arXiv:2307.01850",
)


@PAPER.states(
    "fully synthetic loop, no number known", "with sampling bias τ the covariance is multiplied by τ a generation"
)
def covariance() -> Sides:
    """E tr Σ_G = d τ^{G−1} for an unbiased covariance; real data are sampled as they are."""
    return expected_risk(GaussianFit(unbiased=True, temperature=tau), Replace(), "trace").closed_form, d * tau ** (
        G - 1
    )


@PAPER.states(
    "fully synthetic loop, no number known", "without bias diversity dies too, almost surely: log σ² drifts down"
)
def diversity() -> Sides:
    """E log σ²_G for d = 1, τ = 1; and the temperature above which it would not fall, which exceeds 1."""
    model = GaussianFit(d=1, unbiased=True)
    drift = multidigamma((n - 1) / 2, 1) + log(2 / (n - 1))
    risk = expected_risk(model, Replace(), "log-determinant")
    return (risk.closed_form, dying_below(model).almost_surely), (G * drift, exp(-drift))


@PAPER.states("derived here", "bias towards quality costs diversity, and stops the drift of the mean")
def mean() -> Sides:
    """E‖μ_G‖² = (d/n)(1 − τ^G)/(1 − τ), here for τ = 1/2."""
    half = Rational(1, 2)
    risk = expected_risk(GaussianFit(unbiased=True, temperature=half), Replace(), "mean")
    return (risk.closed_form, risk.limit), (2 * d * (1 - half**G) / n, 2 * d / n)
