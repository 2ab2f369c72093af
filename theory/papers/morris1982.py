"""Natural exponential families with quadratic variance functions: the six families, and what they make exact."""

from __future__ import annotations

from sympy import S, pi, simplify, sin, sinh, sqrt, symbols

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import (
    Bernoulli,
    Binomial,
    Exponential,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
)
from theory.models.exponential_family import ExponentialFamily
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import alpha, mean, mu, n, p, v0, v1, v2
from theory.workflows import Accumulate, Replace

PAPER = Paper(
    title="Natural exponential families with quadratic variance functions",
    authors="Morris",
    year=1982,
    reference="Ann. Statist. 10, 65-80",
)


@PAPER.states("Table 1", "the discriminant v1² − 4 v0 v2 and v2 tell the six families apart")
def six_families() -> Sides:
    """v2 of each: 0, 0, 1/α, −1/m, 1/r, 1/r."""
    size, successes, shape = symbols("m r s", positive=True, integer=True)
    models: list[ExponentialFamily] = [
        GaussianMean(), Poisson(), Gamma(shape=shape), Binomial(m=size), NegativeBinomial(r=successes),
        HyperbolicSecant(r=successes),
    ]  # fmt: skip
    return tuple(model.variance_coefficients[2] for model in models), (
        S.Zero, S.Zero, 1 / shape, -1 / size, 1 / successes, 1 / successes,
    )  # fmt: skip


@PAPER.states("derived here from section 4", "under replace the risk is (V/v2)((1 + v2/n)^G − 1), exactly, at every n")
def replace() -> Sides:
    """Any family, with V at the truth."""
    variance = v0 + v1 * mean + v2 * mean**2
    risk = expected_risk(QuadraticVariance(), Replace())
    return risk.closed_form, variance / v2 * ((1 + v2 / n) ** G - 1)


@PAPER.states("derived here from section 4", "a coin saturates at V under replace, waiting times explode")
def fates() -> Sides:
    """Limit of Bernoulli, growth of Exponential."""
    coin, waiting = expected_risk(Bernoulli(), Replace()), expected_risk(Exponential(), Replace())
    return (coin.limit, simplify(waiting.growth)), (p * (1 - p), mu**2 * (1 + 1 / n) ** G)


@PAPER.states("derived here from section 4", "accumulate: the limits are sinh and sin, and π²/6 as n → ∞")
def accumulate() -> Sides:
    """Exponential, Bernoulli, Gamma."""
    x, y = pi / sqrt(n), pi / sqrt(alpha * n)
    found = [expected_risk(model, Accumulate()).limit for model in (Exponential(), Bernoulli(), Gamma())]
    return tuple(found), (mu**2 * (sinh(x) / x - 1), p * (1 - p) * (1 - sin(x) / x), mu**2 * (sinh(y) / y - 1))
