"""Derived here: statements that selfgen makes for workflows and settings beyond the papers."""

from __future__ import annotations

from sympy import Catalan, EulerGamma, Rational, gamma, harmonic, hyper, log, oo, pi, sqrt, sympify, zeta

from theory.expected import expected_risk
from theory.expressions.symbols import G, j
from theory.models import LinearRegression, Poisson, Regular
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import B, T, d, n, sigma
from theory.papers.symbols import share as lam
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    ContaminatedPool,
    FreshReal,
    LabelledPool,
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


@PAPER.states("derived here", "a pool with an unlabelled real fraction ρ < 1/2: C(ρ) G^(−2ρ), C = ₃F₂/Γ(2 − ρ)²")
def contaminated_pool() -> Sides:
    """The leading term at ρ = 1/4 and 2/5; and π²/6 at the end ρ = 0, where it is accumulate's limit."""
    one = sympify(1)
    fractions = (Rational(1, 4), Rational(2, 5))
    found = [expected_risk(Regular(), ContaminatedPool(real)).ratio.growth for real in fractions]
    stated = [
        hyper((one, one, one), (2 - real, 2 - real), one) / gamma(2 - real) ** 2 / G ** (2 * real) for real in fractions
    ]
    end = expected_risk(Regular(), ContaminatedPool(0)).ratio.limit
    return (*found, end), (*stated, pi**2 / 6)


@PAPER.states("derived here", "and its crossover: ln(G)/G at ρ = 1/2, 1/((2ρ − 1)G) above")
def crossover() -> Sides:
    """Leading terms at ρ = 1/2, 3/4 and 1."""
    found = [expected_risk(Regular(), ContaminatedPool(real)).ratio.growth for real in ("1/2", "3/4", 1)]
    return tuple(found), (log(G) / G, 2 / G, 1 / G)


@PAPER.states("derived here", "its one maximum: at ρ = 1/10 generation 4; none but the first for ρ > 2 − √3")
def maximum_of_the_pool() -> Sides:
    """Least upper bounds of the ratio, and the sign of the first step at 2 − √3."""
    bounds = [expected_risk(Regular(), ContaminatedPool(real)).ratio.bound for real in ("1/10", "1/4", "3/10")]
    turn = expected_risk(Regular(), ContaminatedPool(lam)).ratio.at(2).subs(lam, 2 - sqrt(3)).expand()
    return (*bounds, turn), (Rational(76281469, 64000000), Rational(65, 64), sympify(1), sympify(1))


@PAPER.states("derived here", "with labels the best weights leave synthetic rows out: 1/(1 + ρ(G − 1))")
def labels() -> Sides:
    """Generations 2, 5 and 20 at ρ = 1/3, all the weight on real rows."""
    ratio = expected_risk(Regular(), LabelledPool(Rational(1, 3), share=1)).ratio
    generations = (2, 5, 20)
    return tuple(ratio.at(g) for g in generations), tuple(1 / (1 + Rational(g - 1, 3)) for g in generations)


@PAPER.states("derived here", "the constant beside the logarithm at ρ = 1/2 is 4 ln 2 + γ − 8K/π, K Catalan's")
def beside_the_logarithm() -> Sides:
    """G y_G − ln G at G = 2000, to two places."""
    ratio, last = expected_risk(Regular(), ContaminatedPool("1/2")).ratio, 2000
    value = last * ratio.at(last) - log(last)
    return round(float(value), 2), round(float(4 * log(2) + EulerGamma - 8 * Catalan / pi), 2)
