"""Closed-loop learning of exponential families: maximum likelihood is absorbed, a prior or real data prevent it."""

from __future__ import annotations

from sympy import Integer, sympify

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import Bernoulli, Poisson
from theory.models.bent import PosteriorMean
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import kappa, n, p, rate, share
from theory.papers.symbols import prior_mean as m
from theory.workflows import FreshReal, Replace

PAPER = Paper(
    title="Lost in Retraining: Roaming the Parameter Space of Exponential Families Under Closed-Loop Learning",
    authors="Jangjoo, Marsili, Roudi",
    year=2025,
    reference="arXiv:2506.20623",
)


@PAPER.states("abstract, no number known", "under maximum likelihood the fitted means are martingales")
def martingale() -> Sides:
    """Their expectation stays that of the data: a coin, and counts, at generation 7."""
    families = (Bernoulli(), Poisson())
    return tuple(family.truth + expected_risk(family, Replace()).bias.at(7) for family in families), (p, rate)


@PAPER.states(
    "abstract, no number known", "the process converges to absorbing states: a coin ends at heads or at tails"
)
def absorbed() -> Sides:
    """E θ_G (1 − θ_G) = p(1 − p) − E (θ_G − p)², and its limit 0."""
    risk = expected_risk(Bernoulli(), Replace())
    left = p * (1 - p)
    return (left - risk.closed_form, left - risk.limit), (left * (1 - 1 / n) ** G, Integer(0))


@PAPER.states("abstract, no number known", "a prior prevents it (here the posterior mean): no coin is absorbed")
def prior() -> Sides:
    """The limit of E θ_G (1 − θ_G), which is m(1 − m) less the variance, is positive for every κ > 0."""
    risk = expected_risk(PosteriorMean(Bernoulli(), kappa, m), Replace())
    kept = kappa * (2 * n + kappa)
    return m * (1 - m) - risk.variance.limit, m * (1 - m) * kept / (kept + n)


@PAPER.states("derived here", "and the price is that the data are forgotten: the mean ends at that of the prior")
def price() -> Sides:
    """Limits of the bias, for a coin and for counts."""
    models = (Bernoulli(), Poisson())
    return tuple(expected_risk(PosteriorMean(model, kappa, m), Replace()).bias.limit for model in models), (
        m - p,
        m - rate,
    )


@PAPER.states("abstract, no number known", "so does a single real sample in each round")
def one_real_sample() -> Sides:
    """The limit of E θ_G (1 − θ_G) with one real toss beside n synthetic ones, pooled."""
    limit = sympify(expected_risk(Bernoulli(), FreshReal(real=share)).limit).subs(share, 1 / n)
    return p * (1 - p) - limit, p * (1 - p) * 2 * n / (3 * n + 1)
