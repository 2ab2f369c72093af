"""Derived here: statements that selfgen makes for workflows and settings beyond the papers."""

from __future__ import annotations

from sympy import Rational, Symbol, factorial, gamma, harmonic, hyper, log, oo, pi, sqrt, symbols, sympify, zeta

from theory.design.depth import depth
from theory.design.sampling import best_forgetting
from theory.expected import expected_risk
from theory.expressions.lambert import lambert_sum
from theory.expressions.symbols import G, j, l
from theory.models import LinearRegression, Poisson, Regular
from theory.models.bigram import Bigram
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import B, T, d, models, n, q, rate, sigma
from theory.papers.symbols import share as lam
from theory.subspaces import FactorModel, IteratedEditing, subspace_error
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    ContaminatedPool,
    Ecosystem,
    Forgetting,
    FreshReal,
    LabelledPool,
    RealPlusLatest,
    Replace,
    SlidingWindow,
)
from theory.workflows.sampled_pool import SampledPool

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


@PAPER.states("derived here", "forgetting at rate q: a Lambert series of slope (1 - q)^2; at rate 1 - 1/j bounded")
def forgetting() -> Sides:
    """Closed form, growth, and the limit of the memory that lengthens."""
    ratio = expected_risk(Regular(), Forgetting(q)).ratio
    series = lambert_sum(2, q, 1) - lambert_sum(2, q, q**G)
    bounded = expected_risk(Regular(), Forgetting(1 - 1 / j)).ratio.limit
    stated = ((1 - q) ** 2 * (G + series), (1 - q) ** 2 * G, 2 * pi**2 / 3 - 4)
    return (ratio.closed_form, ratio.growth, bounded), stated


@PAPER.states("derived here", "weights by age: growth d G over the squared mean age, d their common divisor")
def mean_age() -> Sides:
    """Ages 1 to 6 and half of 7, ages 3 and 6, and geometric ages."""
    laws = (AgeWeighted.fifo(Rational(13, 2)), AgeWeighted(["0", "0", "1/2", "0", "0", "1/2"]), AgeWeighted())
    found = tuple(expected_risk(Regular(), law).ratio.growth for law in laws)
    return found, (G / Rational(49, 13) ** 2, 3 * G / Rational(9, 2) ** 2, (1 - q) ** 2 * G)


@PAPER.states("derived here", "ages of infinite mean: weights of order l^(-1-a) are bounded for a < 1/2 alone")
def infinite_mean_age() -> Sides:
    """Fractional ages with a = 1/3, 1/2, 2/3, and 1/(l(l + 1))."""

    def fractional(a: Rational) -> AgeWeighted:
        return AgeWeighted(a * gamma(l - a) / gamma(1 - a) / factorial(l))

    third, half = Rational(1, 3), Rational(1, 2)
    laws = (fractional(third), fractional(half), fractional(2 * third), AgeWeighted(1 / (l * (l + 1))))
    found = tuple(expected_risk(Regular(), law).ratio.growth for law in laws)
    power = 3 * G**third / gamma(2 * third) ** 2
    return found, (gamma(third) / gamma(2 * third) ** 2, log(G) / pi, power, G / log(G) ** 2)


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


@PAPER.states("derived here", "the floor of an unlabelled pool, and what attains it: 1/(1 + ρ²(G − 1))")
def sampled_pool() -> Sides:
    """Closed form for any ρ, growth, and the weights of three blocks at ρ = 1/2."""
    ratio = expected_risk(Regular(), SampledPool(lam)).ratio
    shares = SampledPool(Rational(1, 2)).shares(3)
    stated = (1 / (1 + lam**2 * (G - 1)), 1 / (lam**2 * G), Rational(2, 5), Rational(4, 15), Rational(1, 3))
    return (ratio.closed_form, ratio.growth, *shares), stated


@PAPER.states("derived here", "forgetting at the best rate for a horizon G costs ln G below one half")
def forgetting_for_a_horizon() -> Sides:
    """Leading orders of 1 − q and of the ratio at ρ = 1/4, and q = 1 where all rows are real, or none later on."""
    found = best_forgetting(Rational(1, 4), 8, digits=2).large
    ends = [best_forgetting(real, 8, digits=2).rate[0] for real in (0, 1)]
    assert found is not None
    return (*found, *ends), (log(G) / G, 2 * log(G) / G, sympify(1), sympify(1))


@PAPER.states("docs/laws.md", "bigrams: Σ(1 − Σp²)/n for rows weighted by π, p/(2n) for the Kullback-Leibler rate")
def bigrams() -> Sides:
    """Replace and accumulate, for two words; and the exact error of one pair of words at two generations."""
    words = Bigram("1/2 1/2; 1/4 3/4")
    squared, rate_ = (expected_risk(words, Accumulate(), loss=loss).closed_form for loss in words.losses)
    short = Bigram("1/2 1/2; 1/4 3/4", 1)
    exact = [short.exact(Replace(), g) for g in (1, 2)]
    return (squared, rate_, *exact), (
        Rational(7, 8) * harmonic(G, 2) / n, harmonic(G, 2) / n, Rational(1, 4), Rational(23, 108)
    )  # fmt: skip


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


@PAPER.states("derived here", "m models that read one another grow as G/m whatever they exchange, in turns as if alone")
def exchange() -> Sides:
    """Leading terms for two models with exchange 1/4 and 1, and for any number of models with exchange 1/3."""
    workflows = (Ecosystem("3/4 1/4; 1/4 3/4"), Ecosystem("0 1; 1 0"), Ecosystem.symmetric(models, Rational(1, 3)))
    return tuple(expected_risk(Regular(), workflow).ratio.growth for workflow in workflows), (G / 2, G, G / models)


@PAPER.states("derived here", "one model with fresh real data bounds all that read it, and none that does not")
def anchored_ecosystem() -> Sides:
    """Limits of two models that read each other, the first with real data; and the first, reading a closed one."""
    found = [expected_risk(Regular(), Ecosystem("1/2 1/4; 1/2 1/2", observed=who)).ratio.limit for who in (0, 1)]
    alone = expected_risk(Regular(), Ecosystem("1/2 1/4; 0 1")).ratio.growth
    return (*found, alone), (Rational(138, 119), Rational(242, 119), G / 4)


@PAPER.states("docs/laws.md", "the error of one singular vector: three pairs in the plane, and two orders in 1/N")
def subspace_orders() -> Sides:
    """Exact, first and second order, for a centred Gaussian factor of strength l."""
    strength = Symbol("l", positive=True)
    pairs, width = symbols("N D", integer=True, positive=True)
    plane = subspace_error(FactorModel(strength, 3, 2), regime="exact").closed_form
    error = subspace_error(FactorModel(strength), regime="leading")
    second = (width - 1) * (4 * strength**3 + 10 * strength**2 + 12 * strength + 6) / strength**4
    second -= 2 * (width - 1) * (width - 2) * (strength + 1) / strength**3
    first = 2 * (width - 1) * (strength + 1) / (pairs * strength**2)
    return (plane, error.closed_form, error.second_order), (2 / (strength + 2), first, second)


@PAPER.states("docs/laws.md", "repeated editing ends at the detection threshold, or after one edit where D < N")
def editing_floor() -> Sides:
    """The floor at D/N = 4 and at 1/4, from strength 6."""
    floors = tuple(IteratedEditing(FactorModel(6, pairs, width)).floor for pairs, width in ((100, 400), (400, 100)))
    return floors, (sympify(2), Rational(7, 25))
