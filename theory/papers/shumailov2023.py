"""The curse of recursion: a Gaussian refitted on its own samples."""

from __future__ import annotations

from sympy import Rational, sympify

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import GaussianFit
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import n
from theory.workflows import Replace

PAPER = Paper(
    title="The Curse of Recursion: Training on Generated Data Makes Models Forget",
    authors="Shumailov, Shumaylov, Zhao, Gal, Papernot, Anderson",
    year=2023,
    reference="arXiv:2305.17493",
)


@PAPER.states(
    "one-dimensional Gaussian, no number known",
    "a sample drawn after G fits has variance 1 + G/n in units of the first",
)
def samples() -> Sides:
    """E Σ_G + E μ_G², the variance of a sample of model G about the true mean."""
    model = GaussianFit(d=1, unbiased=True)
    spread, wander = (sympify(expected_risk(model, Replace(), loss).closed_form) for loss in ("trace", "mean"))
    return spread + wander, 1 + G / n


@PAPER.states(
    "one-dimensional Gaussian, no number known", "the squared Wasserstein distance grows as 3/(2n) a generation"
)
def wasserstein() -> Sides:
    """To leading order in 1/n."""
    risk = expected_risk(GaussianFit(d=1, unbiased=True), Replace(), "wasserstein")
    return risk.leading_order.closed_form, Rational(3, 2) * G / n
