"""Bent coins under every workflow against every data set that there can be, in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import comb, prod

import pytest
from sympy import Rational

from theory import (
    AccumulateSubsample,
    AgeWeighted,
    Bernoulli,
    CappedReal,
    ContaminatedPool,
    Forgetting,
    FreshReal,
    LabelledPool,
    RealAndSynthetic,
    RealPlusLatest,
    SampledPool,
    SlidingWindow,
    Weighted,
    expected_risk,
)
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
from theory.registry import EVERY_WORKFLOW
from theory.testing.enumeration import bernoulli_law, smallest_sample

TRUTH, FIDELITY, TARGET, STRENGTH = Fraction(1, 3), Fraction(4, 5), Fraction(3, 4), Fraction(3, 2)
GENERATIONS = 3

#: Settings with small blocks; every other workflow of the registry is taken as it is made without any.
SETTINGS = {
    "accumulate-subsample": AccumulateSubsample(budget=1),
    "sliding-window": SlidingWindow(k=2),
    "real-plus-latest": RealPlusLatest(share="1/3"),
    "fresh-real": FreshReal(share="1/4"),
    "capped-real": CappedReal(synthetic="1/2"),
    "real-and-synthetic": RealAndSynthetic(real=1, synthetic=1),
    "contaminated-pool": ContaminatedPool(real="1/2"),
    "weighted": Weighted(lambda g: [1] if g == 1 else [0] * (g - 2) + ["1/3", "2/3"]),
    "age-weighted": AgeWeighted("(1/2)**l"),
    "forgetting": Forgetting(rate="1/3"),
    "labelled-pool": LabelledPool(real="1/2", share="1/2"),
    "sampled-pool": SampledPool(real="1/2"),
}
#: Several models have no weights on the blocks of one chain.
CHAINS = sorted(set(EVERY_WORKFLOW) - {"ecosystem"})


def binomial(count, p):
    return [(k, comb(count, k) * p**k * (1 - p) ** (count - k)) for k in range(count + 1)]


def rising(x, k):
    return prod((x + i for i in range(k)), start=Fraction(1))


def beta_binomial(count, a, b):
    """Successes when the parameter is a draw from Beta(a, b)."""
    whole = rising(a + b, count)
    return [(k, comb(count, k) * rising(a, k) * rising(b, count - k) / whole) for k in range(count + 1)]


def rows(workflow, n, g):
    found = n * workflow.rows(g)
    return Fraction(int(found.p), int(found.q))


def enumerated(kind, workflow, n):
    """E (θ_g − p)² of every generation, by the Beta posterior and the binomial law alone."""

    def shrunk(mean, g):
        count = rows(workflow, n, g)
        return (count * mean + STRENGTH * TARGET) / (count + STRENGTH), count + STRENGTH

    def sampled(count, mean, g):
        if kind is BiasedSampler:
            return binomial(count, FIDELITY * mean + (1 - FIDELITY) * TARGET)
        centre, weight = shrunk(mean, g - 1)
        if kind is PosteriorMean:
            return binomial(count, centre)
        return beta_binomial(count, centre * weight, (1 - centre) * weight)

    def loss(mean, g):
        if kind is BiasedSampler:
            return (mean - TRUTH) ** 2
        centre, weight = shrunk(mean, g)
        spread = centre * (1 - centre) / (weight + 1) if kind is PosteriorSample else 0
        return (centre - TRUTH) ** 2 + spread

    laws = bernoulli_law(workflow, Rational(TRUTH), n, GENERATIONS, sampled)
    return [sum(mass * loss(mean, g) for mean, mass in law.items()) for g, law in enumerate(laws, start=1)]


@pytest.mark.parametrize("kind", [BiasedSampler, PosteriorMean, PosteriorSample])
@pytest.mark.parametrize("name", CHAINS)
def test_every_data_set(name, kind):
    workflow = SETTINGS.get(name) or EVERY_WORKFLOW[name]()
    rest = (FIDELITY, TARGET) if kind is BiasedSampler else (STRENGTH, TARGET)
    n = 2 * smallest_sample(workflow, GENERATIONS)
    risk = expected_risk(kind(Bernoulli(p=Rational(TRUTH), n=n), *map(Rational, rest)), workflow)
    expected = enumerated(kind, workflow, n)
    assert [risk.at(g) for g in range(1, GENERATIONS + 1)] == [Rational(value) for value in expected]
