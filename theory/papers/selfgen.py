"""Derived here: statements that selfgen makes for workflows and settings beyond the papers."""

from __future__ import annotations

from sympy import Rational, gamma, harmonic, log, oo, pi, sympify, zeta

from theory.design.depth import depth
from theory.expected import expected_risk
from theory.expressions.symbols import G, j
from theory.models import LinearRegression, Poisson, Regular
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import B, T, d, n, rate, sigma
from theory.papers.symbols import share as lam
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
)

PAPER = Paper(title="selfgen, derived here", authors="selfgen contributors", year=2026)


@PAPER.states("docs/laws.md", "any budget b: (2b + 1) H_G^(2) − 2b without replacement; the bootstrap, over b")
def any_budget() -> Sides:
    """Ratios to generation 1, to leading order in 1/n."""
    draws = [expected_risk(Regular(), AccumulateSubsample(lam, again)).ratio for again in (False, True)]
    return tuple(risk.closed_form for risk in draws), ((2 * lam + 1) * harmonic(G, 2) - 2 * lam, harmonic(G, 2))


@PAPER.states("docs/laws.md", "real data and the latest block settle at 1/(1 − (1 − share)²), at equal shares 4/3")
def real_and_latest() -> Sides:
    """Any share, and one half."""
    ratios = [expected_risk(Regular(), workflow).ratio for workflow in (RealPlusLatest(lam), RealPlusLatest())]
    return tuple(ratio.limit for ratio in ratios), (1 / (1 - (1 - lam) ** 2), Rational(4, 3))


@PAPER.states("docs/laws.md", "fresh real data of equal size and share settle at 2/3, below the first model")
def fresh_real() -> Sides:
    """Limit and bound of the ratio."""
    ratio = expected_risk(Regular(), FreshReal()).ratio
    return (ratio.limit, ratio.bound), (Rational(2, 3), sympify(1))


@PAPER.states("docs/laws.md", "a window of two blocks grows at 4/9 of replace's rate")
def two_blocks() -> Sides:
    """Growth, (2/(k + 1))² G."""
    return expected_risk(Regular(), SlidingWindow(2)).ratio.growth, 4 * G / 9


@PAPER.states("docs/laws.md", "blocks that grow as j^s keep replace bounded exactly for s > 1")
def growing_blocks() -> Sides:
    """s = 1/2, 1, 2, 3."""
    powers = (Rational(1, 2), sympify(1), sympify(2), sympify(3))
    found = tuple(expected_risk(Regular(), Replace(sizes=j**s)).ratio.limit for s in powers)
    return found, (oo, oo, pi**2 / 6, zeta(3))


@PAPER.states("docs/laws.md", "accumulating growing blocks: sizes j and j²")
def growing_pool() -> Sides:
    """Limits of the ratio."""
    found = tuple(expected_risk(Regular(), Accumulate(sizes=j**s)).ratio.limit for s in (1, 2))
    return found, (8 - 2 * pi**2 / 3, 24 * pi**2 - 36 - 288 * log(2))


@PAPER.states("derived here", "the Kullback-Leibler divergence of a family is the ratio over 2n")
def divergence() -> Sides:
    """Poisson under accumulate."""
    return expected_risk(Poisson(), Accumulate(), loss="kl").closed_form, harmonic(G, 2) / (2 * n)


@PAPER.states("derived here", "least norm, d ≥ T + 2: each projection loses signal, and the risk settles")
def least_norm() -> Sides:
    """Closed form and limit under replace with fresh designs."""
    risk = expected_risk(LinearRegression(signal=B, sigma2=sigma**2), Replace())
    kept = T / d
    floor = (1 - kept) * B + sigma**2 * T / (d - T - 1)
    return (risk.closed_form, risk.limit), (floor * (1 - kept**G) / (1 - kept), floor / (1 - kept))


@PAPER.states("derived here", "a shared design loses the signal once")
def least_norm_shared() -> Sides:
    """Accumulate with a shared design, d ≥ T + 2."""
    risk = expected_risk(LinearRegression(signal=B, design="shared"), Accumulate())
    return risk.closed_form, B * (1 - T / d) + T / (d - T - 1) * harmonic(G, 2)


@PAPER.states("docs/laws.md", "depth: a row of accumulate keeps λ of a feature like a permutation weighs its cycles")
def generating_function() -> Sides:
    """E λ^K in closed form, and its decay; a subsample's rows are as deep."""
    found = [depth(workflow).generating(rate) for workflow in (Accumulate(), AccumulateSubsample())]
    form = gamma(G + rate) / (gamma(G + 1) * gamma(1 + rate))
    return (*(each.closed_form for each in found), found[0].growth), (form, form, G ** (rate - 1) / gamma(1 + rate))


@PAPER.states("docs/laws.md", "depth: the rise of accumulate settles at 1/(1 − λ) for λ < 1, and at λ = 1 is H_G − 1")
def rise_of_accumulate() -> Sides:
    """Limits at λ = 4/5 and 1, and the mean depth."""
    found = depth(Accumulate())
    limits = (found.rise(Rational(4, 5)).limit, found.rise(1).limit)
    return (*limits, found.mean.closed_form), (sympify(5), oo, harmonic(G) - 1)


@PAPER.states(
    "docs/laws.md", "depth: with a share ρ of real data beside the latest block, s = 1 − ρ, at most s/(1 − sλ)"
)
def rise_with_real_data() -> Sides:
    """Limit for any λ at ρ = 2/5, and E K."""
    s = Rational(3, 5)
    found = depth(RealPlusLatest(share=1 - s))
    return (found.rise(rate).limit, found.mean.limit), (s / (1 - s * rate), s / (1 - s))
