"""Bent loops against every data set of tiny coin chains, enumerated here in fractions by a program of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import comb

import pytest
from sympy import Integer, Rational

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
)
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
from theory.workflows.dynamics import Draw, LinearDynamics, PoolDynamics, random_walk

# -- enumeration: whole numbers of successes, nothing but fractions -------------------------------------------


@dataclass(frozen=True)
class Coin:
    """What an estimator makes of a weighted mean of flips, and the law of a block drawn from what it made.

    ``fidelity`` and ``target`` bend the sampler, ``strength`` and ``prior`` the estimator.
    """

    p: Fraction
    n: int
    fidelity: Fraction = Fraction(1)
    target: Fraction = Fraction(0)
    strength: Fraction = Fraction(0)
    prior: Fraction = Fraction(0)
    drawn: bool = False

    def fit(self, mean: Fraction, rows: Fraction) -> tuple[Fraction, Fraction]:
        """The Beta(a, b) of the posterior as (a, b), or (θ, 0) for a fit without noise."""
        total = rows + self.strength
        centre = (rows * mean + self.strength * self.prior) / total
        return (total * centre, total * (1 - centre)) if self.drawn else (centre, Fraction(-1))

    def moments(self, fit: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
        a, b = fit
        if not self.drawn:
            return a - self.p, (a - self.p) ** 2
        mean = a / (a + b)
        return mean - self.p, (mean - self.p) ** 2 + a * b / ((a + b) ** 2 * (a + b + 1))

    def block(self, fit: tuple[Fraction, Fraction], count: int) -> list[Fraction]:
        """Chances of 0 … count successes."""
        a, b = fit
        if not self.drawn:
            return binomial(count, self.fidelity * a + (1 - self.fidelity) * self.target)
        return [
            comb(count, k) * rising(a, k) * rising(b, count - k) / rising(a + b, count) for k in range(count + 1)
        ]  # beta-binomial


def rising(value: Fraction, count: int) -> Fraction:
    product = Fraction(1)
    for step in range(count):
        product *= value + step
    return product


def binomial(count: int, p: Fraction) -> list[Fraction]:
    return [comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(count + 1)]


Fits = Callable[[tuple[int, ...], int], list[tuple[Fraction, Fraction, Fraction]]]


def chain(coin: Coin, sizes: Callable[[int], int], fits: Fits, upto: int) -> list[tuple[Fraction, Fraction]]:
    """(E δ, E δ²) at generations 1 … upto. ``fits`` lists (weighted mean, rows, chance) of model g given its blocks."""
    states: dict[tuple[tuple[int, ...], tuple[Fraction, Fraction] | None], Fraction] = {((), None): Fraction(1)}
    answers = []
    for g in range(1, upto + 1):
        following: dict[tuple[tuple[int, ...], tuple[Fraction, Fraction] | None], Fraction] = defaultdict(Fraction)
        bias = risk = Fraction(0)
        for (blocks, model), mass in states.items():
            law = binomial(sizes(g), coin.p) if model is None else coin.block(model, sizes(g))
            for successes, chance in enumerate(law):
                if chance == 0:
                    continue
                seen = (*blocks, successes)
                for mean, rows, share in fits(seen, g):
                    fit = coin.fit(mean, rows)
                    weight = mass * chance * share
                    first, second = coin.moments(fit)
                    bias, risk = bias + weight * first, risk + weight * second
                    following[seen, fit] += weight
        states = following
        answers.append((bias, risk))
    return answers


def weighted(
    weights: Callable[[int], list[Fraction]],
    sizes: Callable[[int], int],
    real: tuple[Fraction, int, Fraction] | None = None,
) -> Fits:
    """Deterministic weights; ``real`` = (share, flips, p) of real flips drawn afresh from generation 2 on."""

    def fits(blocks: tuple[int, ...], g: int) -> list[tuple[Fraction, Fraction, Fraction]]:
        row = weights(g)
        means = [Fraction(k, sizes(index)) for index, k in enumerate(blocks, start=1)]
        centre = sum((w * m for w, m in zip(row, means, strict=True)), Fraction(0))
        rows = Fraction(sum(sizes(index) for index, w in enumerate(row, start=1) if w))
        if real is None or g == 1:
            return [(centre, rows, Fraction(1))]
        share, flips, p = real
        return [
            (centre + share * Fraction(k, flips), rows + flips, chance) for k, chance in enumerate(binomial(flips, p))
        ]

    return fits


def drawn(budget: int, replacement: bool, n: int) -> Fits:
    """A simple random sample of the pool; all of the pool while it is smaller."""

    def fits(blocks: tuple[int, ...], g: int) -> list[tuple[Fraction, Fraction, Fraction]]:
        pool, ones = n * g, sum(blocks)
        if pool < budget:
            return [(Fraction(ones, pool), Fraction(pool), Fraction(1))]
        if replacement:
            law = binomial(budget, Fraction(ones, pool))
        else:
            law = [
                Fraction(comb(ones, k) * comb(pool - ones, budget - k), comb(pool, budget)) for k in range(budget + 1)
            ]
        return [(Fraction(k, budget), Fraction(budget), chance) for k, chance in enumerate(law) if chance]

    return fits


def equal(first: int, g: int) -> list[Fraction]:
    return [Fraction(0)] * (first - 1) + [Fraction(1, g - first + 1)] * (g - first + 1)


def by_size(sizes: Callable[[int], int], first: int, g: int) -> list[Fraction]:
    total = sum(sizes(index) for index in range(first, g + 1))
    return [Fraction(0)] * (first - 1) + [Fraction(sizes(index), total) for index in range(first, g + 1)]


class HalfAndHalf(Workflow):
    """A user's own: the latest block and the one before, half each; no recursion is stated."""

    def weights(self, g: int) -> list[Rational]:
        return [Integer(1)] if g == 1 else [Integer(0)] * (g - 2) + [Rational(1, 2)] * 2


class OwnPool(Workflow):
    """A user's accumulate with its recursion, but no formula for its rows."""

    def weights(self, g: int) -> list[Rational]:
        return [Rational(1, g)] * g

    def dynamics(self) -> LinearDynamics:
        return random_walk(lambda g: 1 / g)


class OwnDraw(Workflow):
    """A user's workflow that draws one block out of the pool."""

    def weights(self, g: int) -> list[Rational]:
        return [Rational(1, g)] * g

    def draw(self, g: object) -> Draw:
        return Draw(Integer(1), False)

    def dynamics(self) -> PoolDynamics:
        return PoolDynamics(Integer(1), False)


def constant(n: int) -> Callable[[int], int]:
    return lambda index: n


N = 2
P = Fraction(1, 3)
THIRD = Fraction(1, 3)
GROWING = lambda index: N * index  # noqa: E731
TWICE = lambda index: N if index == 1 else 2 * N  # noqa: E731
FIRST_LARGE = lambda index: 2 * N if index == 1 else N  # noqa: E731


def skewed(g: int) -> list[Fraction]:
    return [Fraction(1)] if g == 1 else [THIRD, *[Fraction(0)] * (g - 2), 1 - THIRD]


CASES: dict[str, tuple[Workflow, Callable[[int], int], Fits]] = {
    "replace": (Replace(), constant(N), weighted(lambda g: equal(g, g), constant(N))),
    "replace, growing": (Replace(sizes="j"), GROWING, weighted(lambda g: equal(g, g), GROWING)),
    "accumulate": (Accumulate(), constant(N), weighted(lambda g: equal(1, g), constant(N))),
    "accumulate, growing": (Accumulate(sizes="j"), GROWING, weighted(lambda g: by_size(GROWING, 1, g), GROWING)),
    "window": (SlidingWindow(2), constant(N), weighted(lambda g: equal(max(1, g - 1), g), constant(N))),
    "window of three": (SlidingWindow(3), constant(N), weighted(lambda g: equal(max(1, g - 2), g), constant(N))),
    "window, growing": (
        SlidingWindow(2, sizes="j"), GROWING, weighted(lambda g: by_size(GROWING, max(1, g - 1), g), GROWING),
    ),
    "window of five": (SlidingWindow(5), constant(N), weighted(lambda g: equal(max(1, g - 4), g), constant(N))),
    "real plus latest": (
        RealPlusLatest(share="2/3"), constant(N),
        weighted(lambda g: [Fraction(1)] if g == 1 else [1 - THIRD] + [Fraction(0)] * (g - 2) + [THIRD], constant(N)),
    ),
    "fresh real": (
        FreshReal(share="1/3", real="1/2"), constant(N),
        weighted(
            lambda g: [Fraction(1)] if g == 1 else [Fraction(0)] * (g - 1) + [1 - THIRD], constant(N), (THIRD, 1, P)
        ),
    ),
    "capped real": (CappedReal(synthetic=2), TWICE, weighted(lambda g: by_size(TWICE, 1, g), TWICE)),
    "weighted": (
        Weighted(lambda g: [Integer(1)] if g == 1 else [Rational(1, 3), *[Integer(0)] * (g - 2), Rational(2, 3)]),
        constant(N), weighted(skewed, constant(N)),
    ),
    "a user's own": (
        HalfAndHalf(), constant(N), weighted(lambda g: equal(max(1, g - 1), g), constant(N)),
    ),
    "a user's recursion": (OwnPool(), constant(N), weighted(lambda g: equal(1, g), constant(N))),
    "a user's draw": (OwnDraw(), constant(N), drawn(N, False, N)),
    "subsample": (AccumulateSubsample(), constant(N), drawn(N, False, N)),
    "bootstrap": (AccumulateSubsample(replacement=True), constant(N), drawn(N, True, N)),
    "half a block": (AccumulateSubsample(budget="1/2"), constant(N), drawn(1, False, N)),
    "two blocks": (AccumulateSubsample(budget=2), constant(N), drawn(2 * N, False, N)),
    "two and a half blocks": (AccumulateSubsample(budget="5/2"), constant(N), drawn(5, False, N)),
    "bootstrap of three blocks": (AccumulateSubsample(budget=3, replacement=True), constant(N), drawn(3 * N, True, N)),
}  # fmt: skip

BENDS = {
    "sampler": (lambda: BiasedSampler(Bernoulli("1/3", N), "9/10", "1/2"), {"fidelity": "9/10", "target": "1/2"}),
    "sampler of nothing but the target": (
        lambda: BiasedSampler(Bernoulli("1/3", N), 0, "3/4"), {"fidelity": "0", "target": "3/4"},
    ),
    "faithful sampler": (lambda: BiasedSampler(Bernoulli("1/3", N), 1, "3/4"), {"fidelity": "1", "target": "3/4"}),
    "coin turned over": (
        lambda: BiasedSampler(Bernoulli("1/3", N), "-1/2", "1/2"), {"fidelity": "-1/2", "target": "1/2"},
    ),
    "posterior mean": (
        lambda: PosteriorMean(Bernoulli("1/3", N), "3/2", "3/4"), {"strength": "3/2", "prior": "3/4"},
    ),
    "posterior sample": (
        lambda: PosteriorSample(Bernoulli("1/3", N), "3/2", "3/4"),
        {"strength": "3/2", "prior": "3/4", "drawn": True},
    ),
}  # fmt: skip


def upto(case: str) -> int:
    """Generations that are enumerated in time: the pools have the largest tables."""
    return 3 if case in ("accumulate, growing", "window, growing", "replace, growing") else 4


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("case", CASES)
def test_every_data_set_is_enumerated(case: str, bend: str) -> None:
    workflow, sizes, fits = CASES[case]
    make, own = BENDS[bend]
    numbers = {name: value if isinstance(value, bool) else Fraction(value) for name, value in own.items()}
    last = upto(case)
    expected = chain(Coin(p=P, n=N, **numbers), sizes, fits, last)
    risk = expected_risk(make(), workflow)
    found = [[Fraction(str(part.at(g))) for part in (risk.bias, risk, risk.variance)] for g in range(1, last + 1)]
    assert found == [[bias, square, square - bias**2] for bias, square in expected]
    # The values of one run, which the solver reads, are the same.
    assert [Fraction(str(value)) for value in islice(risk.recurrence.values(), last)] == [r for _, r in expected]
