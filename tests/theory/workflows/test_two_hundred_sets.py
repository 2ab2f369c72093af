"""200 random parameter sets of workflows as people run them, against a recursion in fractions that shares nothing.

The weights are written down here from what each workflow says it does. Every mean is a combination of independent
noises, block j of N rows adding one of variance (1 + κ r_{j−1})/N in units of that of n rows; the risk is the sum of
their squares. Pools of random size are the same over every history of sizes.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
from sympy import Rational

from theory import (
    Accumulate,
    AgeWeighted,
    BiasedSampler,
    ContaminatedPool,
    Ecosystem,
    Forgetting,
    LabelledPool,
    PosteriorMean,
    QuadraticVariance,
    RandomSizes,
    expected_risk,
)

GENERATIONS = 5


def text(value):
    """As a user writes it."""
    return str(value)


def some(rng, low=1, high=9):
    """A fraction between 0 and 1, neither of them."""
    bottom = rng.randint(low + 1, high)
    return Fraction(rng.randint(low, bottom - 1), bottom)


def risks(weights, sizes, fresh, fresh_sizes, curvature):
    """r_1 … r_G from weights[g][j] of blocks and fresh[g][i] of real rows, both counted from 0."""
    noises, models, found = [], [], []
    real = {}
    for g, row in enumerate(weights):
        before = found[g - 1] if g else Fraction(0)
        noises.append((1 + curvature * before) / sizes[g])
        model = {}
        for index, weight in enumerate(row):
            # Block j is model j − 1 and a noise of its own.
            for source, part in (models[index - 1] if index else {}).items():
                model[source] = model.get(source, 0) + weight * part
            model["block", index] = model.get(("block", index), 0) + weight
        for index, weight in enumerate(fresh[g]):
            if weight:
                real[index] = Fraction(1) / fresh_sizes[index]
                model["real", index] = model.get(("real", index), 0) + weight
        models.append(model)
        found.append(sum(part**2 * (noises[at] if kind == "block" else real[at]) for (kind, at), part in model.items()))
    return found


def nothing():
    return [[Fraction(0)] * (g + 1) for g in range(GENERATIONS)]


def pools(rng):
    """A contaminated pool, its later blocks a fraction ρ real."""
    real, first, growing = some(rng), rng.randint(1, 4), rng.random() < 0.5
    blocks = [Fraction(first + j if growing else first) for j in range(GENERATIONS)]
    weights, fresh = [], []
    for g in range(GENERATIONS):
        total = sum(blocks[: g + 1])
        weights.append([blocks[j] * (1 if j == 0 else 1 - real) / total for j in range(g + 1)])
        fresh.append([Fraction(0) if j == 0 else blocks[j] * real / total for j in range(g + 1)])
    synthetic = [blocks[0], *[size * (1 - real) for size in blocks[1:]]]
    schedule = f"j + {first - 1}" if growing else first
    return ContaminatedPool(text(real), sizes=schedule), weights, synthetic, fresh, [real * size for size in blocks]


def labelled(rng):
    """Two pools, told apart: λ on all real rows, 1 − λ on all synthetic ones."""
    real, share = some(rng), some(rng)
    weights, fresh = [[Fraction(1)]], [[Fraction(0)]]
    for g in range(1, GENERATIONS):
        rows = 1 + g * real
        weights.append([share / rows, *[(1 - share) / g] * g])
        fresh.append([Fraction(0), *[share * real / rows] * g])
    sizes = [Fraction(1), *[1 - real] * (GENERATIONS - 1)]
    return LabelledPool(text(real), share=text(share)), weights, sizes, fresh, [real] * GENERATIONS


def forgetting(rng):
    """Older blocks fade by q_j; sizes grow or not."""
    constant = rng.random() < 0.5
    q, growing = some(rng), rng.random() < 0.5
    rates = [q if constant else 1 - q / j for j in range(1, GENERATIONS + 1)]
    sizes = [Fraction(j if growing else 1) for j in range(1, GENERATIONS + 1)]
    weights = []
    for g in range(GENERATIONS):
        row = []
        for j in range(g + 1):
            kept = sizes[j]
            for i in range(j + 1, g + 1):
                kept *= rates[i]
            row.append(kept)
        weights.append([weight / sum(row) for weight in row])
    rate = text(q) if constant else f"1 - ({text(q)})/j"
    return Forgetting(rate, sizes="j" if growing else 1), weights, sizes, nothing(), [Fraction(1)] * GENERATIONS


def ages(rng):
    """A table of ages, what is left on the real block."""
    drawn = [Fraction(rng.randint(0, 5)) for _ in range(rng.randint(1, 4))]
    total = sum(drawn) + rng.randint(0, 3) or Fraction(1)
    law = [weight / total for weight in drawn]
    weights = []
    for g in range(1, GENERATIONS + 1):
        row = [Fraction(0)] * g
        for age in range(1, g):
            row[g - age] = law[age - 1] if age <= len(law) else Fraction(0)
        row[0] = 1 - sum(row)
        weights.append(row)
    return AgeWeighted([text(w) for w in law]), weights, [Fraction(1)] * GENERATIONS, nothing(), [1] * GENERATIONS


SINGLE = {"pools": pools, "labelled": labelled, "forgetting": forgetting, "ages": ages}


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize("seed", range(35))
def test_one_chain(kind, seed):
    rng = random.Random(f"{kind} {seed}")
    workflow, weights, sizes, fresh, fresh_sizes = SINGLE[kind](rng)
    n = 24
    v2 = rng.choice([Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1), Fraction(2)])
    mean = Fraction(1, 3)
    model = QuadraticVariance(v0=0, v1=1, v2=text(v2), mean=text(mean), n=n)
    unit = (mean + v2 * mean**2) / n
    expected = risks(weights, sizes, fresh, fresh_sizes, v2 / n)
    risk = expected_risk(model, workflow)
    assert [risk.at(g) for g in range(1, GENERATIONS + 1)] == [Rational(unit * value) for value in expected]


def bent_risks(weights, sizes, fresh, fresh_sizes, variance, mean, n, sampler, prior):
    """r_1 … r_G where a block is drawn about τθ + (1 − τ)m and a fit is (1 − c)·prior + c·(weighted mean).

    ``variance`` is V's coefficients, ``sampler`` (τ, m) and ``prior`` (strength, its mean, rows of each fit). Every
    model is a number and a combination of noises; a block's noise has the mean of V at its centre for a variance.
    """
    v0, v1, v2 = variance
    (tau, target), (strength, centre, rows) = sampler, prior
    away, pulled = target - mean, centre - mean
    noises, models, found, real = [], [], [], {}
    for g, row in enumerate(weights):
        share = Fraction(n * rows[g]) / (n * rows[g] + strength)
        at, model = (1 - share) * pulled, {}
        # Block 1 is real: its centre is the truth.
        told = found[g - 1] if g else (Fraction(0), Fraction(0))
        off = tau * told[0] + (1 - tau) * away if g else Fraction(0)
        square = (
            tau**2 * told[1] + 2 * tau * (1 - tau) * away * told[0] + (1 - tau) ** 2 * away**2 if g else Fraction(0)
        )
        spread = v0 + v1 * mean + v2 * mean**2 + (v1 + 2 * v2 * mean) * off + v2 * square
        noises.append(spread / (n * sizes[g]))
        for index, weight in enumerate(row):
            if index:
                number, parts = models[index - 1]
                at += share * weight * (tau * number + (1 - tau) * away)
                for source, part in parts.items():
                    model[source] = model.get(source, 0) + share * weight * tau * part
            model["block", index] = model.get(("block", index), 0) + share * weight
        for index, weight in enumerate(fresh[g]):
            if weight:
                real[index] = (v0 + v1 * mean + v2 * mean**2) / (n * fresh_sizes[index])
                model["real", index] = model.get(("real", index), 0) + share * weight
        models.append((at, model))
        noise = sum(part**2 * (noises[i] if kind == "block" else real[i]) for (kind, i), part in model.items())
        found.append((at, at**2 + noise))
    return [square for _, square in found]


@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize("seed", range(6))
def test_one_chain_that_bends(kind, seed):
    rng = random.Random(f"bent {kind} {seed}")
    workflow, weights, sizes, fresh, fresh_sizes = SINGLE[kind](rng)
    variance = (Fraction(0), Fraction(1), rng.choice([Fraction(-1), Fraction(0), Fraction(1)]))
    n, mean = 24, Fraction(1, 3)
    family = QuadraticVariance(v0=0, v1=1, v2=text(variance[2]), mean="1/3", n=n)
    leaning = seed % 2 == 0
    tau, target = (Fraction(rng.randint(0, 10), 10), some(rng)) if leaning else (Fraction(1), Fraction(0))
    strength, centre = (Fraction(0), Fraction(0)) if leaning else (Fraction(rng.randint(1, 40), 3), some(rng))
    # All rows that are kept count against the prior; of weights by age, those that have one.
    seen = [[i for i, w in enumerate(row) if w] for row in weights]
    rows = [sum(sizes[i] for i in seen[g]) + sum(fresh_sizes[i] for i, w in enumerate(fresh[g]) if w) for g in range(5)]
    expected = bent_risks(
        weights, sizes, fresh, fresh_sizes, variance, mean, n, (tau, target), (strength, centre, rows)
    )
    model = (
        BiasedSampler(family, fidelity=text(tau), target=text(target))
        if leaning
        else PosteriorMean(family, strength=text(strength), prior_mean=text(centre))
    )
    risk = expected_risk(model, workflow)
    assert [risk.at(g) for g in range(1, GENERATIONS + 1)] == [Rational(value) for value in expected]


@pytest.mark.parametrize("seed", range(30))
def test_ecosystems(seed):
    rng = random.Random(f"ecosystem {seed}")
    count = rng.randint(1, 3)
    curvature = rng.choice([Fraction(-1, 10), Fraction(0), Fraction(1, 7)])
    rows = []
    for _ in range(count):
        drawn = [Fraction(rng.randint(0, 4)) for _ in range(count)]
        kept = Fraction(rng.randint(0, 2))
        total = sum(drawn) + kept or Fraction(1)
        rows.append([weight / total for weight in drawn])
    fresh = [1 - sum(row) for row in rows]
    observed = rng.randrange(count)
    # C_1 of independent real blocks; C' = W(C + I + κ diag C)Wᵀ + diag(λ²).
    c = [[Fraction(int(i == k)) for k in range(count)] for i in range(count)]
    expected = [c[observed][observed]]
    for _ in range(1, GENERATIONS):
        drawn = [[c[i][k] + (1 + curvature * c[i][i] if i == k else 0) for k in range(count)] for i in range(count)]
        c = [
            [
                sum(rows[i][a] * drawn[a][b] * rows[k][b] for a in range(count) for b in range(count))
                + (fresh[i] ** 2 if i == k else 0)
                for k in range(count)
            ]
            for i in range(count)
        ]
        expected.append(c[observed][observed])
    workflow = Ecosystem([[text(w) for w in row] for row in rows], fresh=[text(f) for f in fresh], observed=observed)
    n = int(1 / abs(curvature)) if curvature else 10
    v2 = Fraction(curvature * n)
    model = QuadraticVariance(v0=1, v1=0, v2=text(v2), mean=0, n=n)
    risk = expected_risk(model, workflow)
    assert [risk.at(g) for g in range(1, GENERATIONS + 1)] == [Rational(value / n) for value in expected]


@pytest.mark.parametrize("seed", range(30))
def test_random_sizes(seed):
    rng = random.Random(f"sizes {seed}")
    sizes = sorted(rng.sample(range(1, 6), rng.randint(1, 3)))
    parts = [Fraction(rng.randint(1, 5)) for _ in sizes]
    chances = [part / sum(parts) for part in parts]
    real = rng.choice([Fraction(0), Fraction(1, 2), Fraction(1, 3)])
    v2, n, last = rng.choice([Fraction(-1), Fraction(0), Fraction(2)]), 6, 4
    expected = [Fraction(0)] * last
    for history in product(range(len(sizes)), repeat=last):
        chance, blocks = Fraction(1), [Fraction(sizes[at]) for at in history]
        for at in history:
            chance *= chances[at]
        weights, fresh = [], []
        for g in range(last):
            total = sum(blocks[: g + 1])
            weights.append([blocks[j] * (1 if j == 0 else 1 - real) / total for j in range(g + 1)])
            fresh.append([Fraction(0) if j == 0 else blocks[j] * real / total for j in range(g + 1)])
        synthetic = [blocks[0], *[size * (1 - real) for size in blocks[1:]]]
        found = risks(weights, synthetic, fresh, [real * size for size in blocks], v2 / n)
        expected = [a + chance * b for a, b in zip(expected, found, strict=True)]
    law = RandomSizes(" + ".join(f"({text(c)})*t**{size}" for c, size in zip(chances, sizes, strict=True)))
    workflow = ContaminatedPool(text(real), sizes=law) if real else Accumulate(sizes=law)
    mean = Fraction(1, 3)
    unit = (mean + v2 * mean**2) / n
    risk = expected_risk(QuadraticVariance(v0=0, v1=1, v2=text(v2), mean=text(mean), n=n), workflow)
    assert [risk.at(g) for g in range(1, last + 1)] == [Rational(unit * value) for value in expected]
