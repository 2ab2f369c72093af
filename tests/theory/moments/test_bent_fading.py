"""Bent loops under a memory that fades: against the weights alone, and the long run against late generations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import pytest
from sympy import N, Rational, Symbol, oo, simplify

from numerics import evaluate, simulate
from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    DomainError,
    Exponential,
    Forgetting,
    G,
    NotDerivedError,
    Poisson,
    PosteriorMean,
    PosteriorSample,
    expected_risk,
)
from theory.moments.bent import BIAS, RISK, VARIANCE, BentFading, BentPathway, compose_bent

HALF = Rational(1, 2)
COIN, COUNT, WAIT = Bernoulli("1/3", 4), Poisson(3, 4), Exponential(1, 4)
LENGTHENING = Forgetting("1 - 1/(2*sqrt(j))")


@pytest.mark.parametrize("part", [RISK, BIAS, VARIANCE])
@pytest.mark.parametrize(
    ("model", "workflow"),
    [
        (PosteriorMean(COUNT, 2, "3/4"), Forgetting("1/2")),
        (PosteriorSample(COIN, 2, "3/4"), Forgetting("2/3", sizes="j")),
        (PosteriorSample(WAIT, 3, "3/4"), Forgetting("1/2")),
        (BiasedSampler(COIN, "9/10", "1/2"), LENGTHENING),
        (PosteriorMean(WAIT, 3, "3/4"), Forgetting("1/j", sizes="sqrt(j)")),
    ],
)
def test_two_moments_say_what_all_weights_say(model, workflow, part):
    found, by_weights = compose_bent(workflow, model.bend, part), BentPathway(workflow, model.bend, part)
    assert isinstance(found, BentFading)
    pairs = list(zip(islice(found.values(), 4), islice(by_weights.values(), 4), strict=True))
    assert all(abs(N(one - other, 30)) <= 1e-25 for one, other in pairs)
    assert pairs[3][0] != 0


@pytest.mark.parametrize("kind", [PosteriorMean, PosteriorSample])
def test_a_coin_ends_at_the_prior_mean_with_no_variance_left(kind):
    risk = expected_risk(kind(COIN, 40, "3/4"), Forgetting("1/2"))
    # E θ(1 − θ) = 0 and E θ = 3/4: E(θ − 1/3)² = 3/4 − (2/3)(3/4) + 1/9.
    assert (risk.limit, risk.growth) == (Rational(13, 36), Rational(13, 36))
    assert risk.bias.limit == Rational(5, 12)
    # What is missing falls like 1/G.
    missing = [float(risk.limit) - value for value in evaluate(risk, [20_000, 40_000])]
    assert missing[1] > 0
    assert missing[1] / missing[0] == pytest.approx(1 / 2, abs=0.01)
    assert evaluate(risk.bias, [40_000])[0] == pytest.approx(5 / 12, rel=1e-6)


@pytest.mark.parametrize("kind", [PosteriorMean, PosteriorSample])
def test_without_curvature_the_pull_of_the_prior_slows_the_growth(kind):
    risk = expected_risk(kind(COUNT, 40, "3/4"), Forgetting("1/2"))
    assert (risk.limit, risk.growth) == (oo, 3 * G / 704)
    assert risk.bias.limit == Rational(-9, 4)
    early, late = evaluate(risk, [20_000, 40_000])
    assert (late - early) / 20_000 == pytest.approx(3 / 704, rel=1e-5)


def test_with_a_positive_curvature_it_grows_without_end():
    risk = expected_risk(PosteriorMean(WAIT, 2, "3/4"), Forgetting("1/2"))
    assert (risk.limit, risk.growth, risk.bias.limit) == (oo, None, Rational(-1, 4))
    assert evaluate(risk, [4000])[0] > 1e60


def test_the_long_run_in_symbols():
    p, m = (Symbol(name, positive=True) for name in "pm")
    coin = PosteriorMean(Bernoulli(p, Symbol("n", integer=True, positive=True)), 3, m)
    risk = expected_risk(coin, Forgetting("1/2"))
    assert simplify(risk.limit - (m - 2 * p * m + p**2)) == 0


def test_a_memory_that_lengthens_has_no_long_run_here():
    assert expected_risk(PosteriorMean(COUNT, 2, "3/4"), LENGTHENING).limit is None


def test_late_values_are_those_of_the_fractions():
    risk = expected_risk(PosteriorSample(COUNT, 2, "3/4"), Forgetting("2/3"))
    assert evaluate(risk, [3, 60]) == pytest.approx([float(risk.at(3)), float(risk.at(60))], rel=1e-13)


@dataclass(frozen=True)
class Level(Forgetting):
    """A class of one's own whose weights are not those of a memory that fades: all blocks alike."""

    def weights(self, g):
        return Accumulate(self.sizes).weights(g)

    def dynamics(self):
        return None


def test_other_weights_of_a_derived_class_are_its_own():
    """By the rate alone model 3 would have the risk 322951/6482700."""
    model = PosteriorMean(COIN, 2, HALF)
    own, known = (expected_risk(model, workflow) for workflow in (Level(HALF), Accumulate()))
    assert [own.at(g) for g in range(1, 6)] == [known.at(g) for g in range(1, 6)]
    assert own.limit is None


@pytest.mark.parametrize("law", ["uniform(2)", "geometric(1/2)"])
def test_sizes_that_are_random_do_not_bring_the_rate_back(law):
    workflow = Level(HALF, sizes=f"random({law})")
    with pytest.raises(NotDerivedError, match="has blocks of random size"):
        expected_risk(COIN, workflow)
    with pytest.raises(DomainError, match="has no sampler"):
        simulate(COIN, workflow, 3, 100, seed=1)
