"""Wrapped models: exact values stated elsewhere, limits, the unbiased model as the limit, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise, product

import mpmath
import numpy as np
import pytest
from sympy import I, Rational, Symbol, oo, pi, polygamma, simplify, symbols

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    Binomial,
    CappedReal,
    DomainError,
    Exponential,
    FreshReal,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    NegativeBinomial,
    NotDerivedError,
    Poisson,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    expected_risk,
)
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample

COIN = Bernoulli(p="1/3", n=4)
LEANING = BiasedSampler(COIN, fidelity="9/10", target="1/2")
PRIOR = PosteriorMean(COIN, strength=2, prior_mean="3/4")

FAMILIES = [
    COIN,
    Binomial(m=3, p="2/5", n=3),
    Poisson(rate=2, n=3),
    Gamma(shape=2, mean=3, n=4),
    Exponential(mean=1, n=5),
    NegativeBinomial(r=3, mean=2, n=4),
    GaussianMean(sigma2=2, n=3),
    HyperbolicSecant(r=4, mean=1, n=3),
]
WORKFLOWS = [
    Replace(),
    Accumulate(),
    SlidingWindow(2),
    RealPlusLatest(share="1/3"),
    FreshReal(share="1/4", real=2),
    CappedReal(synthetic=2),
    AccumulateSubsample(),
    AccumulateSubsample(budget=2, replacement=True),
]


def test_fractions_that_were_enumerated() -> None:
    assert expected_risk(LEANING, Replace()).at(5) == Rational(129231689503, 921600000000)
    assert expected_risk(LEANING, Replace()).limit == Rational(1057, 5652)
    assert expected_risk(LEANING, Accumulate()).at(5) == Rational(30477415806989, 491520000000000)
    assert expected_risk(LEANING, Accumulate()).limit == Rational(1, 36)
    assert expected_risk(PRIOR, Replace()).limit == Rational(59, 288)
    assert expected_risk(PRIOR, Accumulate()).at(5) == Rational(118511, 1920996)
    assert simplify(expected_risk(PRIOR, Accumulate()).limit - (Rational(29, 108) - 97 * pi / 1536)) == 0


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=repr)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_what_does_not_bend_is_the_family_itself(family, workflow) -> None:
    centre = family.truth + Rational(1, 5)
    straight = expected_risk(family, workflow)
    for model in (BiasedSampler(family, 1, centre), PosteriorMean(family, 0, centre)):
        risk = expected_risk(model, workflow)
        assert risk.recurrence == straight.recurrence
        assert risk.bias.at(5) == 0
        assert risk.variance.at(5) == straight.at(5)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=repr)
@pytest.mark.parametrize("family", [COIN, Exponential(mean=1, n=5), GaussianMean(sigma2=2, n=3)], ids=repr)
def test_the_mechanism_tends_to_the_family(family, workflow) -> None:
    """Not by the shortcut above: fidelity and strength are symbols, and their limit is taken."""
    tau, kappa = symbols("tau kappa", positive=True)
    target = family.truth + Rational(1, 5)
    for model, symbol, end in (
        (BiasedSampler(family, tau, target), tau, 1),
        (PosteriorMean(family, kappa, target), kappa, 0),
    ):
        values = islice(expected_risk(model, workflow).recurrence.values(), 3)
        straight = islice(expected_risk(family, workflow).recurrence.values(), 3)
        assert [simplify(value.subs(symbol, end)) for value in values] == list(straight)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_replace_tends_to_the_target_and_to_the_prior(family) -> None:
    """b² + V(m)/(n − τ²(n + v2)) and b² + nV(m)/((n + κ)² − n² − n v2), by another argument: the fixed point."""
    v0, v1, v2 = family.variance_coefficients
    n, m = family.n, family.truth + Rational(1, 7)
    b, at = Rational(1, 7), v0 + v1 * m + v2 * m**2
    tau, kappa = Rational(3, 4), Rational(3, 2)
    leaning = expected_risk(BiasedSampler(family, tau, m), Replace())
    assert leaning.limit == b**2 + at / (n - tau**2 * (n + v2))
    assert (leaning.bias.limit, leaning.variance.limit) == (b, at / (n - tau**2 * (n + v2)))
    shrinking = expected_risk(PosteriorMean(family, kappa, m), Replace())
    assert shrinking.limit == b**2 + n * at / ((n + kappa) ** 2 - n**2 - n * v2)
    # The law of a posterior sample tends to the prior, whose variance is V(m)/(κ − v2).
    sampled = expected_risk(PosteriorSample(family, kappa, m), Replace())
    assert sampled.limit == b**2 + at / (kappa - v2)
    # Accumulate: E δ tends to b, the prior acts once, and the posterior sample has one law for ever.
    assert expected_risk(BiasedSampler(family, tau, m), Accumulate()).limit == b**2
    assert expected_risk(PosteriorMean(family, kappa, m), Accumulate()).bias.closed_form == kappa * b / (n + kappa)
    assert expected_risk(PosteriorSample(family, kappa, m), Accumulate()).ratio.closed_form == 1


def test_a_mean_variance_that_never_settles_is_said_to_diverge() -> None:
    # τ²(1 + v2/n) = 81/100 · 3/2 > 1.
    risk = expected_risk(BiasedSampler(Exponential(mean=1, n=2), "9/10", 1), Replace())
    assert risk.limit == oo
    assert risk.variance.limit == oo
    assert risk.bias.limit == 0
    below = expected_risk(BiasedSampler(Exponential(mean=1, n=2), "4/5", 1), Replace())
    assert below.limit == Rational(25, 2)  # 1/(2 − 16/25·3)
    assert expected_risk(PosteriorSample(Exponential(mean=1, n=2), 1, 1), Replace()).limit == oo


def test_symbols_everywhere() -> None:
    tau, kappa, mu = Symbol("tau", positive=True), Symbol("kappa", positive=True), Symbol("mu", real=True)
    values = {tau: Rational(9, 10), mu: Rational(1, 2), Symbol("p", positive=True): Rational(1, 3)}
    values[Symbol("n", integer=True, positive=True)] = 4
    leaning = expected_risk(BiasedSampler(Bernoulli(), tau, mu), Replace())
    assert simplify(leaning.limit.subs(values) - Rational(1057, 5652)) == 0
    assert leaning.at(5).subs(values) == Rational(129231689503, 921600000000)
    assert leaning.subs(values).at(5) == Rational(129231689503, 921600000000)
    assert leaning.bias.subs(values).at(2) == Rational(1, 60)
    # A Gaussian may exaggerate: the limit is by cases.
    gaussian = expected_risk(BiasedSampler(GaussianMean(sigma2=2, n=3), tau, mu), Replace())
    assert gaussian.limit.subs(tau, Rational(1, 2)) == mu**2 + Rational(8, 9)
    assert gaussian.limit.subs(tau, Rational(3, 2)) == oo
    n = Symbol("n", integer=True, positive=True)
    prior = expected_risk(PosteriorMean(GaussianMean(sigma2=2), kappa, mu), Accumulate())
    stated = (kappa * mu / (n + kappa)) ** 2 + 2 * polygamma(1, 1 + kappa / n) / n
    found = prior.limit.subs({n: 3, kappa: Rational(3, 2)})
    assert abs((found - stated.subs({n: 3, kappa: Rational(3, 2)})).subs(mu, 2).evalf(30)) < 1e-25


def test_constructors_in_the_words_of_the_field() -> None:
    gaussian = GaussianMean(sigma2=2, n=5)
    verified = BiasedSampler.verified(gaussian, centre=3, width=6)
    assert (verified.fidelity, verified.target, verified.dispersion) == (Rational(3, 4), 3, Rational(3, 4))
    assert BiasedSampler.curated(gaussian, reward_centre=3, reward_width=6) == verified
    # Mean and variance of what a verifier keeps of N(θ, 2), by integration on a fine grid.
    grid = np.linspace(-30, 30, 200_001)
    kept = np.exp(-((grid - 1.5) ** 2) / 4 - (grid - 3) ** 2 / 12)
    kept /= kept.sum()
    mean = float(kept @ grid)
    assert mean == pytest.approx(0.75 * 1.5 + 0.25 * 3, rel=1e-9)
    assert float(kept @ (grid - mean) ** 2) == pytest.approx(0.75 * 2, rel=1e-9)
    flipped = BiasedSampler.label_flips(COIN, "1/20")
    assert flipped == LEANING
    # Below temperature 1 the risk of a Gaussian mean under replace is that of a smaller noise after generation 1.
    cool = expected_risk(BiasedSampler.temperature(gaussian, "1/4"), Replace())
    assert [cool.at(g) for g in (1, 2, 3)] == [Rational(2, 5), Rational(1, 2), Rational(3, 5)]


def test_a_bias_is_called_a_bias() -> None:
    risk = expected_risk(LEANING, Replace())
    assert "R_G" not in risk.bias.latex() + risk.variance.latex() + risk.variance.ratio.latex()
    assert r"\mathrm{Var}\,\theta_G / \mathrm{Var}\,\theta_1" in risk.variance.ratio.latex()
    window = expected_risk(LEANING, SlidingWindow(4))
    assert "R_" not in window.bias.latex() + window.variance.latex()
    assert str(risk.bias).startswith("bias of biased-sampler")
    with pytest.raises(DomainError, match="the bias at generation 1 is 0"):
        _ = risk.bias.ratio
    assert expected_risk(PRIOR, Replace()).bias.ratio.limit == 3
    assert risk.bias.leading_order.at(3) == risk.bias.at(3) == Rational(19, 600)
    assert risk.variance.leading_order.at(3) == risk.variance.at(3)
    family = expected_risk(COIN, Accumulate())
    assert family.bias.leading_order.at(3) == 0
    assert family.variance.leading_order.at(3) == family.leading_order.at(3)
    assert risk.bias.subs(fidelity="1/2", n=7).at(2) == Rational(1, 12)
    assert expected_risk(LEANING, Accumulate()).bias.expansion(1) == Rational(1, 6)


# -- any prior ----------------------------------------------------------------------------------------------


def posterior(prior: dict[Fraction, Fraction], heads: int, flips: int) -> dict[Fraction, Fraction]:
    weights = {p: mass * p**heads * (1 - p) ** (flips - heads) for p, mass in prior.items()}
    total = sum(weights.values())
    return {p: weight / total for p, weight in weights.items()}


def test_posterior_sampling_with_any_prior_keeps_its_law_under_accumulate() -> None:
    """Three values of p that no Beta has; the truth is none of them."""
    prior = {Fraction(1, 5): Fraction(1, 2), Fraction(1, 2): Fraction(1, 3), Fraction(9, 10): Fraction(1, 6)}
    n, truth = 2, Fraction(1, 3)
    states = {(heads,): mass for heads, mass in enumerate(_flips(n, truth))}
    laws = []
    for g in range(1, 5):
        law: dict[Fraction, Fraction] = dict.fromkeys(prior, Fraction(0))
        following: dict[tuple[int, ...], Fraction] = {}
        for blocks, mass in states.items():
            for p, chance in posterior(prior, sum(blocks), n * g).items():
                law[p] += mass * chance
                for heads, next_chance in enumerate(_flips(n, p)):
                    key = (*blocks, heads)
                    following[key] = following.get(key, Fraction(0)) + mass * chance * next_chance
        laws.append(law)
        states = following
    assert laws[0] == laws[1] == laws[2] == laws[3]
    # The ratio of any loss is 1: here of one that is no polynomial.
    assert len({sum(mass * abs(p - truth) for p, mass in law.items()) for law in laws}) == 1


def test_posterior_sampling_with_any_prior_forgets_the_data_under_replace() -> None:
    prior = {Fraction(1, 5): Fraction(1, 2), Fraction(1, 2): Fraction(1, 3), Fraction(9, 10): Fraction(1, 6)}
    n = 2
    step = {
        (old, new): sum(chance * posterior(prior, heads, n)[new] for heads, chance in enumerate(_flips(n, old)))
        for old, new in product(prior, prior)
    }
    law = dict.fromkeys(prior, Fraction(0))
    for heads, chance in enumerate(_flips(n, Fraction(1, 3))):
        for p, mass in posterior(prior, heads, n).items():
            law[p] += chance * mass
    distances = []
    for _ in range(12):
        distances.append(sum(abs(law[p] - prior[p]) for p in prior))
        law = {new: sum(law[old] * step[old, new] for old in prior) for new in prior}
    # The prior is stationary, exactly, and the distance to it falls at every step, geometrically.
    assert {new: sum(prior[old] * step[old, new] for old in prior) for new in prior} == prior
    assert all(later < Fraction(3, 4) * earlier for earlier, later in pairwise(distances))


def _flips(count: int, p: Fraction) -> list[Fraction]:
    from math import comb

    return [comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(count + 1)]


# -- what is refused ----------------------------------------------------------------------------------------

REFUSED = [
    (lambda: BiasedSampler(COIN, "11/10", "1/2"), "fidelity = 11/10"),
    (lambda: BiasedSampler(COIN, "-2/5", "9/10"), "fidelity = -2/5"),
    (lambda: BiasedSampler(Poisson(rate=1, n=2), 2, 1), "fidelity = 2"),
    (lambda: BiasedSampler(Poisson(rate=1, n=2), "-1/2", 1), "fidelity = -1/2"),
    (lambda: BiasedSampler(COIN, "1/2", 2), "target = 2"),
    (lambda: BiasedSampler(Exponential(mean=1, n=2), "1/2", -1), "target = -1"),
    (lambda: BiasedSampler(COIN, None, "1/2"), "fidelity = None"),
    (lambda: BiasedSampler(COIN, "1/2", None), "target = None"),
    (lambda: BiasedSampler(COIN, I, "1/2"), "fidelity = I"),
    (lambda: BiasedSampler(COIN, True, "1/2"), "fidelity = True"),
    (lambda: BiasedSampler(COIN, "nan", "1/2"), "fidelity = 'nan'"),
    (lambda: BiasedSampler(COIN, oo, "1/2"), "fidelity = oo"),
    (lambda: BiasedSampler(COIN, np.array([0.5, 0.6]), "1/2"), "fidelity = "),
    (lambda: BiasedSampler(COIN, [1, 2], "1/2"), r"fidelity = \[1, 2\]"),
    (lambda: BiasedSampler(COIN, "1/2", "1/2", 2), "dispersion = 2"),
    (lambda: BiasedSampler(GaussianMean(), "1/2", 0, 0), "dispersion = 0"),
    (lambda: BiasedSampler(None, "1/2", "1/2"), "model = None is not a model"),
    (lambda: BiasedSampler(Bernoulli, "1/2", "1/2"), "is not a model"),
    (lambda: BiasedSampler("bernoulli", "1/2", "1/2"), "model = 'bernoulli' is not a model"),
    (lambda: PosteriorMean(COIN, -1, "1/2"), "strength = -1"),
    (lambda: PosteriorMean(COIN, None, "1/2"), "strength = None"),
    (lambda: PosteriorMean(COIN, 1, "3/2"), "prior_mean = 3/2"),
    (lambda: PosteriorMean(None, 1, "3/2"), "model = None is not a model"),
    (lambda: PosteriorSample(COIN, "-1/2", "1/2"), "strength = -1/2"),
    (lambda: PosteriorSample(Exponential(mean=1, n=1), 0, 1), "strength = 0 is too little"),
    (lambda: BiasedSampler.label_flips(COIN, "3/5"), "rate = 3/5"),
    (lambda: BiasedSampler.label_flips(COIN, "-1/5"), "rate = -1/5"),
    (lambda: BiasedSampler.label_flips(COIN, None), "rate = None"),
    (lambda: BiasedSampler.label_flips(None, "1/5"), "model = None is not a model"),
    (lambda: BiasedSampler.temperature(GaussianMean(), 0), "temperature = 0"),
    (lambda: BiasedSampler.temperature(GaussianMean(), I), "temperature = I"),
    (lambda: BiasedSampler.verified(GaussianMean(), 0, 0), "width = 0"),
    (lambda: BiasedSampler.verified(GaussianMean(), I, 1), "centre = I"),
    (lambda: BiasedSampler.curated(GaussianMean(), 0, -1), "reward_width = -1"),
    (lambda: expected_risk(LEANING, Replace(), loss="kl"), "loss = 'kl'"),
    (lambda: expected_risk(LEANING, Replace(), loss=None), "loss = None"),
    (lambda: expected_risk(LEANING, AccumulateSubsample(budget="1/3")), "budget = 1/3"),
]


@pytest.mark.parametrize(("call", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_bad_input_is_one_sentence(call, said) -> None:
    with pytest.raises(DomainError, match=said) as caught:
        call()
    assert not isinstance(caught.value, NotDerivedError)
    assert "\n" not in str(caught.value)


def test_what_is_not_derived_says_so() -> None:
    for call in (
        lambda: BiasedSampler(PRIOR, "1/2", "1/2"),
        lambda: BiasedSampler.temperature(COIN, 2),
        lambda: BiasedSampler.verified(COIN, 0, 1),
        lambda: BiasedSampler.curated(COIN, 0, 1),
        lambda: BiasedSampler.label_flips(Poisson(rate=1, n=2), "1/5"),
    ):
        with pytest.raises(NotDerivedError):
            call()


def test_a_sampler_reaches_what_its_family_has() -> None:
    """A coin turned over, and counts exaggerated from the edge: their means are means."""
    over = expected_risk(BiasedSampler(COIN, -1, "1/2"), Replace())
    assert over.bias.at(2) == Rational(1, 3)
    twice = expected_risk(BiasedSampler(Poisson(rate=1, n=2), 2, 0), Replace())
    assert twice.bias.at(3) == 3
    assert isinstance(BiasedSampler(GaussianMean(sigma2=1, n=2), "-7/2", 11).fidelity, Rational)


@pytest.mark.parametrize("strength", [40_000, 4_000_000])
def test_the_limit_of_a_prior_that_counts_for_many_blocks_is_enclosed(strength: int) -> None:
    """(κb/(n + κ))² + V ψ'(1 + κ/n)/n, the trigamma function by mpmath."""
    n, sigma2, prior = 4, Rational(3, 2), 2
    risk = expected_risk(PosteriorMean(GaussianMean(sigma2=sigma2, n=n), strength, prior), Accumulate())
    low, high = risk.limit_enclosure(12)
    with mpmath.workdps(40):
        bias = mpmath.mpf(strength * prior) / (n + strength)
        noise = mpmath.mpf(3) / 2 * mpmath.polygamma(1, 1 + mpmath.mpf(strength) / n) / n
        value = Rational(str(bias**2 + noise))
    # The noise is 1/κ or so: an error of 1 % in it shows.
    assert low - Rational(1, 10**30) <= value <= high + Rational(1, 10**30)
    assert high - low < Rational(1, 10**10)
