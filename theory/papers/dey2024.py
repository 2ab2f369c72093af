"""Universality of the π²/6 pathway: every regular model, by one Gaussian process."""

from __future__ import annotations

from sympy import Integer, Rational, Symbol, harmonic, pi, sympify

from theory.design.pathway import Pathway
from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import Bernoulli, Exponential, Gamma, GaussianMean, Poisson, QuadraticVariance, Regular
from theory.papers.paper import Paper, Sides
from theory.workflows import Accumulate, Replace

PAPER = Paper(
    title="Universality of the π²/6 Pathway in Avoiding Model Collapse",
    authors="Dey, Donoho",
    year=2024,
    reference="arXiv:2410.22812",
    names="Dey, Apratim and Donoho, David",
)


@PAPER.states("main theorem, discard", "the risk ratio of every regular model is G")
def discard() -> Sides:
    """Σ C² with C = 1."""
    return expected_risk(Regular(), Replace()).ratio.closed_form, G


@PAPER.states("main theorem, augment", "the risk ratio of every regular model is the sum of 1/i², at most π²/6")
def augment() -> Sides:
    """Σ C² with C = 1/j: value, limit, least bound."""
    ratio = expected_risk(Regular(), Accumulate()).ratio
    return (ratio.closed_form, ratio.limit, ratio.bound), (harmonic(G, 2), pi**2 / 6, pi**2 / 6)


@PAPER.states("the Gaussian process", "under augment models g and h covary as the sum of 1/i² up to min(g, h)")
def covariance() -> Sides:
    """Cov(Z_4, Z_7) = Σ_{i ≤ 4} 1/i²."""
    return sympify(Pathway(Accumulate()).covariance(4, 7)), sum((Rational(1, i**2) for i in range(1, 5)), Integer(0))


@PAPER.states("universality", "the exact ratio of each family tends to π²/6 as n grows")
def families() -> Sides:
    """The limits in G of six families, as n → ∞."""
    models = (Bernoulli(), Poisson(), Exponential(), Gamma(), GaussianMean(), QuadraticVariance())
    found = []
    for model in models:
        limit = sympify(expected_risk(model, Accumulate()).ratio.limit)
        sample_size = next((symbol for symbol in limit.free_symbols if symbol.name == "n"), Symbol("n"))
        large = Symbol("x", positive=True)
        found.append(limit.subs(sample_size, 1 / large**2).series(large, 0, 1).removeO())
    return tuple(found), (pi**2 / 6,) * len(models)
