"""Generations of any generator: what it is fitted on, its noise, what is kept on disk, and the measured ratios."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import errno
import json
import os
import random
import re
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import SeedSequence
from scipy.special import ndtr, ndtri
from sympy import Piecewise, Rational, sqrt, sympify

from numerics.generations import run_generations
from numerics.run.generator import generator_source
from numerics.run.randomness import offspring
from numerics.run.ratio import _largest, check_ratio, measured_ratio, scores
from numerics.run.training import training
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    CappedReal,
    DomainError,
    FreshReal,
    GaussianMean,
    KernelDensity,
    QuadraticVariance,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
    j,
)
from theory.models.gaussian_fit import GaussianFit
from theory.workflows.pathway import Pathways
from theory.workflows.real_and_synthetic import RealAndSynthetic

POOL = np.random.default_rng(7).normal(size=2000)
POOL = (POOL - POOL.mean()) / POOL.std(ddof=1)


class Mean:
    """A unit normal whose mean is fitted: all that a user has to write."""

    def fit(self, X):
        self.mean = X.mean()

    def sample(self, n):
        return np.random.normal(self.mean, 1.0, n)


class WeighedMean(Mean):
    def fit(self, X, sample_weight=None):
        self.mean = np.average(X, weights=sample_weight)


def square(model, test):
    return (model.mean - test.mean()) ** 2


class Recorder:
    """Says what it was fitted on and what it drew."""

    log: ClassVar[list] = []

    def fit(self, X):
        self.rows = X.copy()
        X[:] = np.nan  # what it is given is its own

    def sample(self, n):
        drawn = np.random.random(n)
        # The probe that looks for fresh noise, of 8 rows, is no block.
        if n != 8:
            Recorder.log.append((self.rows, drawn))
        return drawn


class Weigher(Recorder):
    def fit(self, X, sample_weight=None):
        super().fit(X)
        self.rows = np.column_stack([self.rows, np.ones(len(X)) if sample_weight is None else sample_weight])


def traced(generator, workflow, generations=5, n=6, data=None):
    """Rows of every fit but the last, and the synthetic blocks 2..G."""
    Recorder.log = []
    pool = np.arange(1, 101.0) if data is None else data
    run_generations(generator, pool, workflow, generations, lambda model, test: 0.0, n=n)
    fits, blocks = zip(*Recorder.log, strict=True)
    return list(fits), [None, fits[0], *blocks]


def same_rows(found, *expected):
    assert sorted(found.tolist()) == sorted(np.concatenate(expected).tolist())


# What a generator is fitted on


def test_fits_are_on_the_blocks_of_the_workflow():
    fits, blocks = traced(Recorder(), Replace())
    real = blocks[1]
    assert len(real) == 6
    assert set(real) <= set(range(1, 101))
    assert len(set(real)) == 6
    for g in range(1, 5):
        same_rows(fits[g - 1], blocks[g])
    fits, blocks = traced(Recorder(), Accumulate(sizes=j))
    assert [len(block) for block in blocks[1:]] == [6, 12, 18, 24, 30]
    for g in range(1, 5):
        same_rows(fits[g - 1], *blocks[1 : g + 1])
    fits, blocks = traced(Recorder(), SlidingWindow(2))
    for g in range(2, 5):
        same_rows(fits[g - 1], *blocks[g - 1 : g + 1])
    fits, blocks = traced(Recorder(), Accumulate(), data=np.arange(6.0), n=None)
    assert fits[0].tolist() == list(range(6))


def test_weights_become_repeated_rows_in_the_smallest_whole_proportion():
    fits, blocks = traced(Recorder(), RealPlusLatest(share=Rational(2, 5)))
    for g in range(2, 5):
        same_rows(fits[g - 1], *[blocks[1]] * 2, *[blocks[g]] * 3)
    # Weights 1/2 each on a block of 6 and one of 12: rows of the first weigh twice as much.
    fits, blocks = traced(Recorder(), Weighted(lambda g: [1] if g == 1 else [0] * (g - 2) + [Rational(1, 2)] * 2, j))
    same_rows(fits[1], blocks[1], blocks[1], blocks[2])


def test_weights_become_sample_weight_where_fit_takes_it():
    fits, blocks = traced(Weigher, RealPlusLatest(share=Rational(1, 10)))
    rows, weights = fits[3].T
    assert rows.tolist() == [*blocks[1][:, 0], *blocks[4]]
    np.testing.assert_allclose(weights, [0.2] * 6 + [1.8] * 6, rtol=1e-15)
    # Irrational weights have no other representation.
    fits, _ = traced(Weigher, RealPlusLatest(share=1 / sqrt(2)))
    np.testing.assert_allclose(fits[1][:, 1], [2**0.5] * 6 + [2 - 2**0.5] * 6, rtol=1e-14)
    # And equal ones need none.
    fits, _ = traced(Weigher, Accumulate())
    assert (fits[3][:, 1] == 1).all()


def test_real_rows_drawn_afresh_are_others():
    fits, blocks = traced(Recorder(), FreshReal(real=2, share=Rational(1, 2)))
    seen = set(blocks[1])
    for g in range(2, 5):
        real = fits[g - 1][fits[g - 1] >= 1]
        assert len(real) == len(set(real)) == 12
        assert not seen & set(real)
        seen |= set(real)
        # Half the weight on 12 real rows: each counts once, each of 6 synthetic ones twice.
        same_rows(fits[g - 1][fits[g - 1] < 1], blocks[g], blocks[g])


def test_subsamples_come_from_the_pool():
    fits, blocks = traced(Recorder(), AccumulateSubsample(budget=2))
    same_rows(fits[1], blocks[1], blocks[2])
    for g in range(3, 5):
        assert len(set(fits[g - 1])) == 12
        assert set(fits[g - 1]) < set(np.concatenate(blocks[1 : g + 1]))
    fits, _ = traced(Recorder(), AccumulateSubsample(replacement=True), n=40)
    assert len(fits[3]) == 40
    assert len(set(fits[3])) < 40


@given(st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any), st.integers(1, 4))
def test_repeated_rows_have_the_weighted_mean(shares, n):
    """For any weights the mean of the rows is Σ w_j × the mean of block j, in exact arithmetic."""
    g, total = len(shares), sum(shares)
    workflow = Weighted(lambda h: [Rational(s, total) for s in shares] if h == g else [0] * (h - 1) + [1], j)
    rng = np.random.default_rng(n)
    blocks = {index: rng.integers(0, 50, (n * index, 1)).astype(float) for index in range(1, g + 1)}
    expected = sum(Fraction(s, total) * Fraction(int(blocks[i].sum()), n * i) for i, s in enumerate(shares, 1))
    rows, weights = training(workflow, g, n, weighable=False).recipes[-1].assemble(blocks, rng)
    assert weights is None
    assert Fraction(int(rows.sum()), len(rows)) == expected
    rows, weights = training(workflow, g, n, weighable=True).recipes[-1].assemble(blocks, rng)
    assert np.average(rows[:, 0], weights=weights) == pytest.approx(float(expected), rel=1e-13)


# Noise


class Holder(Mean):
    """Holds a random generator: copied as it is, it would draw the same noise at every generation."""

    def __init__(self):
        self.rng = [np.random.default_rng(0)]

    def sample(self, n):
        return self.rng[0].normal(self.mean, 1.0, n)


class Slotted(Holder):
    __slots__ = ("rng",)


class Stated(Mean):
    random_state = None

    def __init__(self):
        self.random_state = 3

    def sample(self, n):
        return np.random.default_rng(self.random_state).normal(self.mean, 1.0, n)


class Asking(Mean):
    def sample(self, n, rng=None):
        return rng.normal(self.mean, 1.0, n)


class Inner(Mean):
    def __init__(self):
        self.inner = Stated()

    def fit(self, X):
        self.inner.fit(X)
        self.mean = self.inner.mean

    def sample(self, n):
        return self.inner.sample(n)


class Constant(Mean):
    """Its noise is the same whenever it is called."""

    def sample(self, n):
        return np.random.default_rng(0).normal(self.mean, 1.0, n)


class Unseeded(Mean):
    def sample(self, n):
        return np.random.default_rng().normal(self.mean, 1.0, n)


@pytest.mark.parametrize("kind", [Mean, Holder, Slotted, Stated, Asking, Inner])
def test_noise_is_fresh_at_every_generation_and_comes_back(kind):
    """Under replace the steps of the mean are independent: repeated noise would make them equal."""
    run = run_generations(kind(), POOL, Replace(), 4, lambda model, test: model.mean, replicates=40, n=10)
    steps = np.diff(run.losses, axis=1)
    assert len(np.unique(steps)) == steps.size
    correlation = np.corrcoef(steps.T)
    assert np.abs(correlation[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(40)
    again = run_generations(kind, POOL, Replace(), 4, lambda model, test: model.mean, replicates=3, n=10)
    assert (again.losses == run.losses[:3]).all()
    other = run_generations(kind(), POOL, Replace(), 4, lambda model, test: model.mean, replicates=3, n=10, seed=1)
    assert (other.losses != run.losses[:3]).all()


def test_the_global_generators_are_left_as_they_were():
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    run_generations(Mean(), POOL, Replace(), 2, square, n=10)
    assert (np.random.random(3) == expected).all()


class Box:
    """Holds one thing."""

    def __init__(self, held):
        self.held = held


class SlottedBox:
    __slots__ = ("__held",)

    def __init__(self, held):
        self.__held = held


@dataclass(frozen=True)
class FrozenBox:
    held: object


def closing_over(held):
    return lambda: held


def inside_all(held):
    """Nine levels of containers of every kind, the innermost of which holds ``held``."""
    for kind in (
        FrozenBox, lambda x: [x], SlottedBox, lambda x: {"k": x}, lambda x: (x,), Box, lambda x: deque([x]),
        closing_over, lambda x: partial(print, x), lambda x: np.array([x, None], dtype=object)[:1],
    ):  # fmt: skip
        held = kind(held)
    return held


class Drawing(Mean):
    """Draws with ``draw(n)``; ``held`` is where its randomness is found."""

    def __init__(self, held, draw):
        self.held, self.draw = held, draw

    def sample(self, n):
        return self.mean + self.draw(n)


def drawn_by_a_generator():
    rng = np.random.Generator(np.random.Philox(3))
    return Drawing(inside_all(rng), lambda n: rng.normal(size=n))


def drawn_by_a_frozen_dataclass():
    box = FrozenBox(np.random.default_rng(0))
    return Drawing(box, lambda n: box.held.normal(size=n))


def drawn_by_an_old_state():
    state = np.random.RandomState(4)
    return Drawing(inside_all(state), lambda n: state.normal(size=n))


def drawn_by_python():
    state = random.Random(4)
    return Drawing(inside_all(state), lambda n: np.array([state.gauss(0, 1) for _ in range(n)]))


def drawn_from_a_seed_in_a_dictionary():
    options = {"random_state": 0}
    return Drawing(inside_all(options), lambda n: np.random.default_rng(seed=options["random_state"]).normal(size=n))


def drawn_from_a_seed_sequence():
    box = Box(SeedSequence(3))
    return Drawing(inside_all(box), lambda n: np.random.default_rng(box.held).normal(size=n))


def drawn_from_a_seed_in_a_circle():
    first, second = Box(None), Box(None)
    first.held, second.held, second.seed = [second], {"back": first}, 7
    return Drawing(first, lambda n: np.random.default_rng(second.seed).normal(size=n))


def drawn_by_a_bound_method():
    return Drawing(None, np.random.RandomState(0).standard_normal)


class OfTheClass(Mean):
    rng = np.random.default_rng(1)

    def sample(self, n):
        return self.rng.normal(self.mean, 1.0, n)


class SeedOfTheClass(Mean):
    seed = 0

    def sample(self, n):
        return np.random.default_rng(self.seed).normal(self.mean, 1.0, n)


@pytest.mark.parametrize(
    "make",
    [
        drawn_by_a_generator, drawn_by_a_frozen_dataclass, drawn_by_an_old_state, drawn_by_python,
        drawn_from_a_seed_in_a_dictionary, drawn_from_a_seed_sequence, drawn_from_a_seed_in_a_circle,
        drawn_by_a_bound_method, OfTheClass, SeedOfTheClass,
    ],
)  # fmt: skip
def test_random_states_are_found_wherever_they_are_held(make):
    """Any number of levels inside: noise is fresh at every generation, and comes back for another such object."""
    arguments = {"workflow": Replace(), "generations": 3, "loss": lambda model, test: model.mean, "n": 10}
    run = run_generations(make(), POOL, replicates=4, **arguments)
    steps = np.diff(run.losses, axis=1)
    assert len(np.unique(steps)) == steps.size
    assert (run_generations(make(), POOL, replicates=2, **arguments).losses == run.losses[:2]).all()
    first, again = (run_generations(make, POOL, replicates=2, **arguments).losses for _ in range(2))
    assert (first == again).all()


def test_what_the_user_holds_is_left_as_it_was():
    rng, options = np.random.default_rng(5), {"seed": 3}
    expected = np.random.default_rng(5).random(3)
    made = lambda: Drawing(options, lambda n: rng.normal(size=n))  # noqa: E731
    run_generations(made, POOL, Replace(), 3, square, n=10)
    assert (rng.random(3) == expected).all()
    assert options == {"seed": 3}


class Flip(Mean):
    """A coin."""

    def sample(self, n):
        return np.random.binomial(1, self.mean, n)


class SortedFlip(Flip):
    def sample(self, n):
        return np.sort(super().sample(n))


class SameFlip(Flip):
    def sample(self, n):
        return np.random.default_rng(0).binomial(1, self.mean, n)


def test_discrete_generators_are_not_refused_by_chance(tmp_path):
    """Eight flips agree once in 2⁸, sorted ones far more often; and they hide a seed that does not change."""
    coins = np.arange(200) % 2.0
    fitted = generator_source(SortedFlip, 1, True)
    agreed = 0
    for seed in range(60):
        model = fitted.fit(coins[:, None], None, SeedSequence(seed))
        again = lambda: fitted.fit(coins[:, None], None, SeedSequence(0))  # noqa: E731
        first, second = (child for child, _ in zip(offspring(SeedSequence(seed)), range(2), strict=False))
        agreed += bool((model.sample(8, first) == model.sample(8, second)).all())
        model.verify_noise(SeedSequence(seed), True, again)
    assert agreed > 5
    for share in (0.5, 0.02):
        rare = (np.arange(200) < 200 * share).astype(float)
        run_generations(Flip(), rare, Replace(), 2, square, n=100)
        with pytest.raises(DomainError, match="draws the same rows at every generation"):
            run_generations(SameFlip(), rare, Replace(), 2, square, n=100)
    # What does not vary is not seen to repeat its noise.
    run_generations(Flip(), np.zeros(20), Replace(), 3, square, n=10, path=tmp_path / "zeros")


def test_hidden_noise_of_models_made_anew_is_fresh():
    """A copy repeats what a hidden state draws; the models of a run do not, and are what is looked at."""
    seeds = iter(range(10**6))

    class Hidden(Mean):
        def __init__(self):
            self.start = next(seeds)

        def sample(self, n):
            return self.mean + np.random.default_rng(self.start).normal(size=n)

    assert run_generations(Hidden, POOL, Replace(), 2, square, n=10).generations == 2
    with pytest.raises(DomainError, match="draws the same rows"):
        run_generations(Hidden(), POOL, Replace(), 2, square, n=10)


def test_what_sample_returns_is_copied():
    """A generator may draw into the same memory again."""

    class Reusing(Mean):
        buffer = np.empty(10)

        def sample(self, n):
            Reusing.buffer[:n] = np.random.normal(self.mean, 1.0, n)
            return Reusing.buffer[:n]

    arguments = (POOL, Accumulate(), 4, square)
    assert (
        run_generations(Reusing(), *arguments, n=10).losses == run_generations(Mean(), *arguments, n=10).losses
    ).all()
    data = POOL[:30].copy()

    class Changing(Mean):
        def fit(self, X):
            super().fit(X)
            data[:] = 0.0

    assert (run_generations(Changing(), data, Replace(), 3, square, n=10).losses
            == run_generations(Mean(), POOL[:30], Replace(), 3, square, n=10).losses).all()  # fmt: skip


def test_noise_that_repeats_is_refused(tmp_path):
    with pytest.raises(DomainError, match=r"Constant.sample draws the same rows at every generation"):
        run_generations(Constant(), POOL, Replace(), 2, square, n=10)
    # Noise that cannot be seeded is fresh, but does not come back.
    assert run_generations(Unseeded(), POOL, Replace(), 2, square, n=10).generations == 2
    with pytest.raises(DomainError, match="cannot be seeded"):
        run_generations(Unseeded(), POOL, Replace(), 2, square, n=10, path=tmp_path / "run")


# Measured ratios


@pytest.mark.parametrize(
    "workflow", [Replace(), Accumulate(), RealPlusLatest(share=Rational(1, 3))], ids=lambda w: w.name
)
def test_a_users_class_has_the_derived_ratio(workflow):
    """With power: an error of 40 % in the ratio would be seen with probability 0.99."""
    run = run_generations(Mean(), POOL, workflow, 5, square, replicates=500, n=5)
    risk = expected_risk(GaussianMean(1, 5), workflow)
    check = run.compare(risk, best=0.0)
    assert check.passed, check.reason
    assert check.detectable < 0.4
    increase = run.compare(risk)
    assert increase.passed, increase.reason
    assert abs(increase.ratio[-1] - check.ratio[-1]) < 4 * np.hypot(increase.stderr[-1], check.stderr[-1])
    # Another workflow's ratio fails, as it must where it differs by more than is detectable.
    wrong = expected_risk(GaussianMean(1, 5), Accumulate() if workflow == Replace() else Replace())
    assert abs(float(wrong.ratio.at(5) / risk.ratio.at(5)) - 1) > check.detectable
    assert not check_ratio(run.losses, wrong, wrong.workflow, 5, 5 / 2000, 0.0, None, 0.001).passed


def test_detectable_is_an_error_seen_with_probability_99():
    """Normal losses of known deviation, two generations: the contrast L_2 − ρ L_1 has variance (1 + ρ²) τ²."""
    losses = np.random.default_rng(5).normal([1.0, 2.0], 0.5, (4000, 2))
    risk = expected_risk(GaussianMean(1, 1), Replace())
    deviation = 0.5 * np.sqrt(1 + 2**2) / np.sqrt(4000)
    reach = ndtri(1 - 0.0005) + ndtri(0.99)
    for best, unit, scale in ((0.0, None, deviation / 2), (None, 1.0, 0.5 * np.sqrt(2 / 4000) / 2)):
        check = check_ratio(losses, risk, Replace(), 1, 0.0, best, unit, 0.001)
        assert check.detectable == pytest.approx(reach * scale, rel=0.05)
    # The standard error of the ratio itself, by a bootstrap.
    rng = np.random.default_rng(6)
    means = np.array([losses[rng.integers(0, 4000, 4000)].mean(axis=0) for _ in range(400)])
    ratio, stderr = measured_ratio(losses, 0.0, None)
    assert (means[:, 1] / means[:, 0]).std() == pytest.approx(stderr[1], rel=4 / np.sqrt(800))
    assert ratio[1] == pytest.approx(losses[:, 1].mean() / losses[:, 0].mean())


def test_a_small_pool_changes_the_ratio_and_not_the_increase():
    """The tempting law that the measured ratio is the derived one fails: at f = 1/2 replace gives 1, 3, 5, … ."""
    pool = POOL[:20]
    pool = (pool - pool.mean()) / pool.std(ddof=1)
    run = run_generations(Mean(), pool, Replace(), 4, square, replicates=700, n=10)
    risk = expected_risk(GaussianMean(1, 10), Replace())
    check = run.compare(risk, best=0.0)
    assert check.prediction.tolist() == pytest.approx([1, 3, 5, 7])
    assert check.passed, check.reason
    assert run.compare(risk).passed
    # What would be said without the correction, and with the unit too large by a fifth.
    assert not check_ratio(run.losses, risk, Replace(), 10, 0.0, 0.0, None, 0.001).passed
    assert not run.compare(risk, unit=0.13).passed
    # Where every replicate starts from all the data there is no excess at generation 1.
    whole = run_generations(Mean(), pool, Replace(), 4, square, replicates=400)
    assert np.ptp(whole.losses[:, 0]) == 0
    assert whole.compare(expected_risk(GaussianMean(1, 20), Replace())).passed
    with pytest.raises(DomainError, match="every replicate starts from all the data"):
        whole.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0)


@pytest.mark.parametrize(
    "workflow",
    [Replace(), Accumulate(sizes=j), SlidingWindow(3), RealPlusLatest(), FreshReal(), RealAndSynthetic(3, 2, True)],
    ids=lambda w: w.name,
)
def test_coefficients_of_the_real_blocks_sum_to_one(workflow):
    """The step of the argument about finite pools: a shift of all real data is handed on unchanged."""
    for blocks, fresh in islice(Pathways(workflow), 6):
        assert blocks[0] + sum(fresh) == 1


FIRST_FITS = [
    (Replace(), 1),
    (Replace(sizes=2), 2),
    (Accumulate(sizes=2 * j), 2),
    (Accumulate(sizes=Piecewise((1, j < 2), (Rational(1, 2), True))), 1),
    (AccumulateSubsample(), 1),
    (AccumulateSubsample(budget=Rational(1, 2)), Rational(1, 2)),
    (AccumulateSubsample(budget=3), 1),
    (AccumulateSubsample(replacement=True), Rational(144, 12 * 23)),
    (AccumulateSubsample(budget=Rational(1, 2), replacement=True), Rational(72, 12 * 17)),
    (AccumulateSubsample(budget=2, replacement=True), 1),  # all of a pool smaller than the budget
    (SlidingWindow(3), 1),
    (RealPlusLatest(share=Rational(1, 3)), 1),
    (FreshReal(), 1),
    (CappedReal(synthetic=2), 1),
    (RealAndSynthetic(2, 2, True), 1),
    (RealAndSynthetic(2, 2, False), 1),
]


def excess_over_the_pool(workflow, generations, n, N, v2):
    """E(θ_g − mean of the pool)² in fractions, from second moments of single rows; V = 1 is the pool's variance."""
    v2, at_mean = Fraction(v2), 1 + Fraction(v2) / N
    fraction = lambda value: Fraction(int(value.p), int(value.q))  # noqa: E731
    # with_real: the coefficients of real rows in a row, summed.
    sizes, own, cross, excess, with_real = [], [], {}, [], []

    def add(size, square, pair, others):
        """A block: E row², E of two of its rows, and E of one of them with one of each earlier block."""
        here = len(sizes)
        sizes.append(size)
        own.append(square)
        cross[here, here] = pair
        for other, value in enumerate(others):
            cross[here, other] = cross[other, here] = value

    def with_mean(weights, row):
        """E of the weighed mean with one row of block ``row``, given which block."""
        return sum(
            w * (cross[k, row] if k != row else (own[k] + (sizes[k] - 1) * cross[k, k]) / sizes[k])
            for k, w in weights.items()
        )

    def real(size):
        """Real rows that nothing had before, whose means of disjoint subsets have covariance −V/N."""
        add(size, 1 - Fraction(1, N), -Fraction(1, N), [-coefficient / N for coefficient in with_real])
        with_real.append(Fraction(1))

    real(int(n * workflow.size(1)))
    blocks = [0]
    for g in range(1, generations + 1):
        weights = {blocks[at]: fraction(sympify(w)) for at, w in enumerate(workflow.weights(g)) if w != 0}
        if g > 1 and workflow.fresh_weight(g) != 0:
            weights[len(sizes)] = fraction(workflow.fresh_weight(g))
            real(int(n * workflow.fresh_size(g)))
        draw = workflow.draw(g)
        pool = sum(sizes[k] for k in weights)
        square = sum(w * with_mean(weights, k) for k, w in weights.items())
        if draw is not None and (draw.replacement or n * draw.size < pool):
            b, single = int(n * draw.size), sum(w * own[k] for k, w in weights.items())
            pair = square if draw.replacement else (square - single / pool) * pool / (pool - 1)
            square = single / b + (1 - Fraction(1, b)) * pair
        excess.append(square)
        if g < generations:
            blocks.append(len(sizes))
            others = [with_mean(weights, k) for k in range(len(sizes))]
            add(int(n * workflow.size(g + 1)), square * (1 + v2) + at_mean, square, others)
            with_real.append(sum(w * with_real[k] for k, w in weights.items()))
    return excess


@pytest.mark.parametrize("v2", [0, -1, Fraction(1, 2)])
@pytest.mark.parametrize(("workflow", "first"), FIRST_FITS, ids=str)
def test_the_share_of_the_pool_follows_from_the_first_fit(workflow, first, v2):
    """(ρ_g − f)/(1 − f) is the measured ratio, exactly, and (ρ_g − 1) r_1 the increase; n = 12 rows of N = 100."""
    n, N, G = 12, 100, 4
    excess = excess_over_the_pool(workflow, G, n, N, v2)
    model = {0: GaussianMean(1, n), -1: Bernoulli("1/2", n)}.get(v2) or QuadraticVariance(1, 0, "1/2", mean=0, n=n)
    risk = expected_risk(model, workflow)
    share = training(workflow, 1, n, True).first_rows / N
    assert share == Fraction(str(first)) * n / N
    for g in range(1, G + 1):
        exact = sympify(risk.at(g)) * (4 if v2 == -1 else 1)
        risk_g = Fraction(int(exact.p), int(exact.q))
        # The pool's own best falls short of the truth by V/N, at every generation.
        assert risk_g - Fraction(1, N) == excess[g - 1]
        assert (risk_g / (excess[0] + Fraction(1, N)) - share) / (1 - share) == excess[g - 1] / excess[0]


def test_the_measured_ratio_of_a_small_subsample():
    """Half a block of 20 rows from a pool of 40: 5/3 at generation 2, not the 2 that a share of 20/40 would give."""
    pool = POOL[:40]
    pool = (pool - pool.mean()) / pool.std(ddof=1)
    workflow = AccumulateSubsample(budget=Rational(1, 2))
    run = run_generations(Mean(), pool, workflow, 2, square, replicates=1800, n=20)
    risk = expected_risk(GaussianMean(1, 20), workflow)
    check = run.compare(risk, best=0.0)
    assert check.passed, check.reason
    assert check.prediction[1] == pytest.approx(5 / 3)
    assert not check_ratio(run.losses, risk, workflow, 20, 20 / 40, 0.0, None, 0.001).passed
    # A bootstrap of all the data leaves something over their own best, where all the data do not.
    assert training(AccumulateSubsample(replacement=True), 1, 40, True).first_rows == Fraction(1600, 79)


def test_scores_are_standard_normal():
    """Of few replicates: Student's law, not the normal one, decides; with it 9 times as many would be beyond 3.29."""
    z, error = scores(np.random.default_rng(3).normal(size=(10, 200_000)) * 3)
    assert error.mean() == pytest.approx(3 / np.sqrt(10), rel=0.05)
    for bound in (1.0, 2.0, 3.29):
        expected = 2 * ndtr(-bound)
        assert abs((np.abs(z) > bound).mean() - expected) < 4 * np.sqrt(expected / 200_000)
    # Contrasts that do not vary are zero or not.
    fixed = np.column_stack([np.zeros(30), np.ones(30)])
    assert scores(fixed)[0].tolist() == [0.0, 37.0]
    noise = np.random.default_rng(4).normal(size=(30, 1))
    assert _largest(fixed, 0.001)[1] == _largest(np.hstack([noise, fixed]), 0.001)[1] == 0.0
    assert _largest(fixed[:, :1], 0.001)[1] == 1.0


def test_mixtures_of_one_normal_follow_the_theory():
    mixture = pytest.importorskip("sklearn.mixture")

    def error(model, test):
        return float((model.means_[0, 0] - test.mean()) ** 2)

    generator = mixture.GaussianMixture(1, init_params="random_from_data", random_state=0)
    for workflow in (Replace(), Accumulate()):
        run = run_generations(generator, POOL, workflow, 3, error, replicates=150, n=8)
        risk = expected_risk(GaussianFit(d=1, n=8), workflow, loss="mean")
        check = run.compare(risk, best=0.0)
        assert check.passed, check.reason
        assert check.detectable < 0.75
        wrong = (Accumulate(), Replace())[workflow == Accumulate()]
        assert not check_ratio(
            run.losses, expected_risk(GaussianFit(1, 8), wrong, loss="mean"), wrong, 8, 0.004, 0.0, None, 0.05
        ).passed


def test_the_variance_of_a_kernel_density_grows_by_its_bandwidth():
    """By G h² under replace and H_G h² under accumulate: the named loss against the variance of the training rows."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    generator = neighbors.KernelDensity(bandwidth=0.6)

    def spread(model, test):
        return float(
            np.asarray(model.tree_.data).var()
            + 0.36
            - test.var()
            + (np.asarray(model.tree_.data).mean() - test.mean()) ** 2
        )

    risks = {
        workflow: expected_risk(KernelDensity("3/5", 30), workflow, loss="variance")
        for workflow in (Replace(), Accumulate())
    }
    for workflow, risk in risks.items():
        exactly = run_generations(generator, POOL, workflow, 4, spread, replicates=200, n=30)
        check = exactly.compare(risk)
        assert check.passed, check.reason
        assert check.detectable < 0.5
        sampled = run_generations(generator, POOL, workflow, 4, "variance", replicates=60, n=30)
        difference = sampled.mean - exactly.mean
        assert (np.abs(difference) < 4.5 * np.hypot(sampled.stderr, exactly.stderr)).all()
        wrong = risks[(Accumulate(), Replace())[workflow == Accumulate()]]
        assert not check_ratio(exactly.losses, wrong, wrong.workflow, 30, 0.015, None, 0.36, 0.001).passed


def test_named_losses():
    mixture = pytest.importorskip("sklearn.mixture")
    data = np.random.default_rng(2).normal(size=(300, 2)) @ [[1, 0], [0.5, 2]]
    run = run_generations(mixture.GaussianMixture(1), data, Replace(), 1)
    # The log-likelihood of the fitted normal on its own data, but for the ridge 1e-6 that the mixture adds.
    covariance = np.cov(data.T, bias=True)
    expected = 0.5 * (2 * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + 2)
    assert run.losses[0, 0] == pytest.approx(expected, abs=1e-5)
    # Sampled losses are unbiased: model 1 has the mean of the data, and their variance in excess of none.
    for loss, truth in (("mean", 0.0), ("variance", 0.0)):
        run = run_generations(mixture.GaussianMixture(1), data, Replace(), 1, loss, replicates=60)
        assert abs(run.mean[0] - truth) < 4 * run.stderr[0]
        shifted = run_generations(
            mixture.GaussianMixture(1), data, Replace(), 1, loss, data + np.array([1, 2]), replicates=60
        )
        moved = 5.0 if loss == "mean" else 2.5
        assert abs(shifted.mean[0] - moved) < 4 * shifted.stderr[0] + 1e-9


def test_the_likelihood_of_a_normal_rises_by_its_parameters():
    """E L_g − L_1 = (ρ_g − 1) p/2n given the data, p = 1; all rows in block 1, the loss on the same rows."""

    class Normal(Mean):
        def score(self, X):
            return float(-0.5 * np.log(2 * np.pi) - 0.5 * ((X - self.mean) ** 2).mean())

    run = run_generations(Normal(), POOL[:200], Accumulate(), 4, replicates=400)
    assert run.loss == "negative log-likelihood"
    ratio = expected_risk(Regular(p=1, n=200), Accumulate()).ratio
    assert run.compare(ratio, unit=1 / 400).passed
    assert not run.compare(ratio, unit=1.5 / 400).passed
    with pytest.raises(DomainError, match="risk does not say how large"):
        run.compare(ratio)


# On disk

SETTINGS = {"workflow": Accumulate(), "generations": 4, "loss": square, "replicates": 2, "n": 6, "seed": 9}


def keep(path, **changed):
    return run_generations(Mean(), POOL, **{**SETTINGS, **changed}, path=path)


@pytest.fixture(scope="module")
def reference():
    return run_generations(Mean(), POOL, **SETTINGS).losses


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill")
def test_a_run_killed_at_any_write_goes_on_to_the_same_bits(tmp_path, reference):
    """A forked process is killed at its k-th write to the disk, for every k."""
    kills = 0
    for k in range(1, 100):
        path = tmp_path / str(k)
        child = os.fork()
        if child == 0:
            calls = iter(range(1, k))

            def killing(settle, calls=calls):
                def call(*arguments):
                    if next(calls, None) is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return settle(*arguments)

                return call

            os.fsync, os.replace = killing(os.fsync), killing(os.replace)
            try:
                keep(path)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert (keep(path).losses == reference).all()
        if not os.WIFSIGNALED(status):
            break
        kills += 1
        # Nothing is left that the finished run does not need.
        assert [file.name for file in path.iterdir()] == ["losses.jsonl"]
    # Header 2; per replicate 3 generations with a block, 4 each, and one without, 1.
    assert kills == 2 + 2 * (3 * 4 + 1)


SCRIPT = """
import sys, time
import numpy as np
from numerics.generations import run_generations
from theory import FreshReal

class Slow:
    pause = 0.0
    def fit(self, X):
        time.sleep(self.pause)
        self.mean, self.scale = X.mean(), X.std()
    def sample(self, n):
        return np.random.normal(self.mean, self.scale, n)

def run(path=None):
    real = np.random.default_rng(0).normal(size=400)
    return run_generations(Slow, real, FreshReal(), 12, "mean", replicates=2, n=10, path=path)

if __name__ == "__main__":
    Slow.pause = 0.3
    run(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_run_killed_from_outside_goes_on_to_the_same_bits(tmp_path):
    script, path = tmp_path / "run.py", tmp_path / "run"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, path], env={**os.environ, "PYTHONPATH": os.getcwd()})
    record = path / "losses.jsonl"
    started = time.monotonic()
    while not (record.exists() and record.read_bytes().count(b"\n") >= 4):
        assert process.poll() is None
        assert time.monotonic() - started < 120
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    before = record.read_bytes()
    assert before.count(b"\n") < 25
    here = runpy.run_path(str(script))
    assert (here["run"](path).losses == here["run"]().losses).all()
    # What was there stays there.
    assert record.read_bytes().startswith(before[: before.rindex(b"\n") + 1])


def test_a_torn_record_is_cut_where_it_is_torn(tmp_path, reference):
    path = tmp_path / "run"
    keep(path)
    whole = (path / "losses.jsonl").read_bytes()
    header = whole.index(b"\n") + 1
    assert whole.count(b"\n") == 1 + reference.size
    written = [json.loads(line)["loss"] for line in whole.splitlines()[1:]]
    assert written == reference.ravel().tolist()
    for end in range(header, len(whole), 41):
        (path / "losses.jsonl").write_bytes(whole[:end])
        assert (keep(path).losses == reference).all()
        assert [json.loads(line)["loss"] for line in (path / "losses.jsonl").read_bytes().splitlines()[1:]] == written
    # A loss of power may leave zeros in the place of the last line; in the middle they are damage.
    for tail in (b"\0" * 19 + b"\n", b"\0" * 500):
        (path / "losses.jsonl").write_bytes(whole[:-20] + tail)
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes() == whole
    (path / "losses.jsonl").write_bytes(whole[: header + 3] + b"\0" + whole[header + 4 :])
    with pytest.raises(DomainError, match="is damaged: line 2"):
        keep(path)
    # A header that is torn, or there in length only, was followed by nothing; what is not ours is left alone.
    for begun in (whole[: header - 4], whole[:9], b"", b"\0" * 40):
        (path / "losses.jsonl").write_bytes(begun)
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes() == whole
    for foreign in (b'{"loss": 3}', b'{"loss": 3}\n', b'{"format": "other"}\n' + whole[header:]):
        (path / "losses.jsonl").write_bytes(foreign)
        with pytest.raises(DomainError, match="has no header"):
            keep(path)
        assert (path / "losses.jsonl").read_bytes() == foreign


@pytest.mark.parametrize("half", [False, True])
def test_a_full_disk_is_one_sentence_at_any_write(tmp_path, reference, monkeypatch, half):
    """At the k-th write, half of it done or nothing; what was finished is kept, and the same call goes on."""
    write, settle, rename = os.write, os.fsync, os.replace
    told = set()
    for k in range(1, 100):
        path, left = tmp_path / str(k), iter(range(1, k))

        def full(act, left=left):
            def call(*arguments):
                if next(left, None) is None:
                    if half and act is write:
                        write(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return act(*arguments)

            return call

        with monkeypatch.context() as patched:
            for name, act in (("write", write), ("fsync", settle), ("replace", rename)):
                patched.setattr(os, name, full(act))
            try:
                keep(path)
                break
            except DomainError as error:
                told.add(re.sub(r"\d+", "#", str(error).replace(str(path), "PATH")))
        before = (path / "losses.jsonl").read_bytes()
        assert before.endswith(b"\n") or not before
        assert not list(path.glob("*.partial"))
        assert (keep(path).losses == reference).all()
        assert (path / "losses.jsonl").read_bytes().startswith(before)
    # Header 3; per replicate 3 generations with a block, 6 each, and one without, 2.
    assert k == 1 + 3 + 2 * (3 * 6 + 2)
    sentence = "path = PATH cannot be written: No space left on device."
    assert told == {
        sentence,
        f"{sentence} # finished generation is kept in PATH: the same call goes on from there.",
        f"{sentence} # finished generations are kept in PATH: the same call goes on from there.",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and locks")
def test_processes_that_start_at_once(tmp_path, reference):
    """One does the run; the others are told, whichever comes first; and nothing is damaged."""
    codes = set()
    for attempt in range(8):
        path, at, children = tmp_path / str(attempt), time.time() + 0.1, []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                code = 2
                try:
                    while time.time() < at:
                        pass
                    keep(path)
                    code = 0
                except DomainError as error:
                    code = 1 if str(error) == f"path = {path} is being written by another process: wait for it." else 3
                finally:
                    os._exit(code)
            children.append(child)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert 0 in ended
        codes |= set(ended)
        assert (keep(path).losses == reference).all()
    assert codes == {0, 1}


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
@pytest.mark.parametrize("kept", [True, False])
def test_an_interruption_is_one_sentence(tmp_path, kept):
    script, path = tmp_path / "run.py", tmp_path / "run"
    script.write_text(SCRIPT.replace("run(sys.argv[1])", "print(flush=True)\n    run(*sys.argv[1:])"))
    command = [sys.executable, script, *([path] if kept else [])]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()}, stdout=-1, stderr=-1, text=True)
    process.stdout.readline()
    record = path / "losses.jsonl"
    while kept and not (record.exists() and record.read_bytes().count(b"\n") >= 3):
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130)
    if kept:
        done = record.read_bytes().count(b"\n") - 1
        told = f"{done} finished generations are kept in {path}: the same call goes on from there."
    else:
        told = "Nothing is kept: with path = a folder, what is finished would be."
    assert error == f"Interrupted. {told}\n"


def interrupted(path, after):
    """A run whose generator fails at its fit number ``after``."""
    fits = 0

    class Mean:
        def fit(self, X):
            nonlocal fits
            fits += 1
            if fits > after:
                raise RuntimeError("out of memory")
            self.mean = X.mean()

        def sample(self, n):
            return np.random.normal(self.mean, 1.0, n)

    Mean.__qualname__ = "Mean"
    with pytest.raises(RuntimeError, match="out of memory") as caught:
        run_generations(Mean(), POOL, **SETTINGS, path=path)
    return caught.value


def test_a_first_fit_that_fails_says_where(tmp_path):
    assert interrupted(tmp_path / "run", 0).__notes__ == ["This was at generation 1 of replicate 1."]


def test_a_lost_or_damaged_block_is_made_again(tmp_path, reference):
    for damage in ("unlink", "flip", "empty"):
        path = tmp_path / damage
        error = interrupted(path, 4)  # the first fit is done twice
        assert error.__notes__ == ["This was at generation 4 of replicate 1."]
        blocks = sorted(file.name for file in path.glob("*.npy"))
        assert blocks == ["block-1-2.npy", "block-1-3.npy", "block-1-4.npy"]
        block = path / blocks[1]
        if damage == "unlink":
            block.unlink()
        else:
            content = bytearray(block.read_bytes())
            content[-3] ^= 1
            block.write_bytes(content if damage == "flip" else b"")
        assert (keep(path).losses == reference).all()


def test_what_is_finished_is_not_done_again(tmp_path, reference):
    path = tmp_path / "run"
    interrupted(path, 4)
    fits = []

    class Counting(Mean):
        def fit(self, X):
            fits.append(len(X))
            super().fit(X)

    Counting.__qualname__ = "Mean"
    assert (run_generations(Counting(), POOL, **SETTINGS, path=path).losses == reference).all()
    # The very first fit as a check, generation 4 of replicate 1 on all its blocks, and replicate 2.
    assert fits == [6, 24, 6, 12, 18, 24]


def test_replace_keeps_one_block_on_disk(tmp_path):
    path = tmp_path / "run"
    fits = 0

    def counting(model, test):
        nonlocal fits
        fits += 1
        assert len(list(path.glob("*.npy"))) <= 1
        return 0.0

    run_generations(Mean(), POOL, Replace(), 5, counting, n=6, path=path)
    assert fits == 5


def test_a_finished_run_is_read_and_not_done_again(tmp_path, reference):
    path = tmp_path / "run"
    keep(path)
    calls = 0

    def square(model, test):
        nonlocal calls
        calls += 1
        return (model.mean - test.mean()) ** 2

    square.__qualname__ = "square"
    assert (keep(path, loss=square).losses == reference).all()
    assert calls == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 10}, "another run, with seed = 9 there and 10 here: ask for the same as there to go on with it"),
        ({"seed": 10, "n": 7}, "with n = 6 there and 7 here, seed = 9 there and 10 here: ask"),
        ({"workflow": Replace()}, "with workflow = 'accumulate' there and 'replace' here"),
        ({"workflow": Accumulate(sizes=j)}, "with workflow = accumulate of other weights or sizes at generation 2"),
        ({"n": 7}, "with n = 6 there and 7 here"),
        ({"loss": "mean"}, "with loss = 'square' there and 'mean' here"),
        ({"test_data": POOL[:5]}, "with other numbers in test_data"),
    ],
)
def test_another_run_is_refused_and_kept(tmp_path, changed, told):
    path = tmp_path / "run"
    keep(path, replicates=2)
    before = (path / "losses.jsonl").read_bytes()
    with pytest.raises(DomainError, match=told):
        keep(path, **changed)
    assert (path / "losses.jsonl").read_bytes() == before


LONGER = [
    Replace(),
    Accumulate(),
    FreshReal(),
    AccumulateSubsample(),
    SlidingWindow(2, sizes=j),
    RealPlusLatest(share="1/3"),
]


@pytest.mark.parametrize("workflow", LONGER, ids=lambda workflow: workflow.name)
@pytest.mark.parametrize(("generations", "replicates"), [(7, 2), (4, 5), (6, 3)])
def test_a_run_extended_is_one_long_run(tmp_path, workflow, generations, replicates):
    """To the last bit, whatever real data the longer run takes; and what was on record stays there."""
    path = tmp_path / "run"
    short = keep(path, workflow=workflow)
    before = (path / "losses.jsonl").read_bytes()
    longer = {"workflow": workflow, "generations": generations, "replicates": replicates}
    long = run_generations(Mean(), POOL, **{**SETTINGS, **longer}).losses
    assert (long[:2, :4] == short.losses).all()
    assert (keep(path, **longer).losses == long).all()
    after = (path / "losses.jsonl").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 1 + generations * replicates
    # Asked again, or for less, nothing is done.
    assert (keep(path, **longer).losses == long).all()
    assert (keep(path, workflow=workflow).losses == short.losses).all()
    assert (path / "losses.jsonl").read_bytes() == after


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill")
def test_an_extension_killed_at_any_write_goes_on_to_the_same_bits(tmp_path):
    begun = tmp_path / "begun"
    keep(begun, generations=2)
    long = run_generations(Mean(), POOL, **SETTINGS).losses
    kills = 0
    for k in range(1, 100):
        path = tmp_path / str(k)
        shutil.copytree(begun, path)
        child = os.fork()
        if child == 0:
            calls = iter(range(1, k))
            settle = os.fsync

            def killing(file, calls=calls, settle=settle):
                if next(calls, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return settle(file)

            os.fsync = killing
            try:
                keep(path)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert (keep(path).losses == long).all()
        assert [file.name for file in path.iterdir()] == ["losses.jsonl"]
        if not os.WIFSIGNALED(status):
            break
        kills += 1
    # Generation 3 of two replicates with a block, 3 each, and generation 4 without, 1.
    assert kills == 2 * (3 + 1)


def test_more_replicates_cost_nothing_of_what_is_there(tmp_path):
    path, calls = tmp_path / "run", []

    def square(model, test):
        calls.append(model.mean)
        return (model.mean - test.mean()) ** 2

    keep(path, loss=square)
    calls.clear()
    keep(path, loss=square, replicates=3)
    # The very first once more, and the new replicate.
    assert len(calls) == 1 + 4


def test_an_extension_by_another_generator_is_refused(tmp_path):
    """Under a name that is the same: the losses on record are computed again, and differ."""

    class Lying(Mean):
        def sample(self, n):
            return np.random.normal(self.mean, 1.1, n)

    Lying.__qualname__ = "Mean"
    path = tmp_path / "run"
    keep(path)
    with pytest.raises(DomainError, match="whose loss at generation 2 of replicate 1 is"):
        run_generations(Lying(), POOL, **{**SETTINGS, "generations": 6}, path=path)


def test_changed_data_generators_and_losses_are_refused(tmp_path):
    path = tmp_path / "run"
    keep(path)
    with pytest.raises(DomainError, match="with other numbers in data, other numbers in test_data"):
        run_generations(Mean(), POOL + 1e-12, **SETTINGS, path=path)
    with pytest.raises(DomainError, match="with generator = 'Mean\\(\\)' there and 'WeighedMean\\(\\)' here"):
        run_generations(WeighedMean(), POOL, **SETTINGS, path=path)

    def square(model, test):
        return (model.mean - test.mean()) ** 2 * (1 + 1e-15)

    # The same by name, but its first value tells.
    square.__qualname__ = "square"
    with pytest.raises(DomainError, match="the generator, the loss or a library has changed"):
        keep(path, loss=square)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(DomainError, match=r"holds 'thesis.tex', but no run"):
        keep(tmp_path / "other")
    with pytest.raises(DomainError, match="cannot be written"):
        keep(tmp_path / "other" / "thesis.tex")
    shutil.rmtree(path)


def test_two_processes_do_not_write_one_run(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "run"

    def again(model, test):
        with pytest.raises(DomainError, match="being written by another process"):
            keep(path, loss=again)
        return 0.0

    keep(path, loss=again, generations=1, replicates=1)


def test_kernel_densities_resume(tmp_path):
    """With one thread scikit-learn's fits are the same to the last bit; the state of a fit is never stored."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    arguments = {"workflow": RealPlusLatest(share=Rational(1, 3)), "generations": 4, "n": 15, "replicates": 2}
    generator = neighbors.KernelDensity(bandwidth=0.5)
    path = tmp_path / "run"
    run = run_generations(generator, POOL[:60], **arguments, path=path)
    lines = (path / "losses.jsonl").read_bytes().splitlines(keepends=True)
    (path / "losses.jsonl").write_bytes(b"".join(lines[:6]))
    assert (run_generations(generator, POOL[:60], **arguments, path=path).losses == run.losses).all()


# What is given and returned


class Returns(Mean):
    def __init__(self, returned):
        self.returned = returned

    def sample(self, n):
        return self.returned(n)


class Locked(Mean):
    def __init__(self):
        self.lock = threading.Lock()


def test_losses_that_are_numbers():
    for value in (3, 1.5, Fraction(3, 2), Decimal("1.5"), np.float32(1.5), np.int64(2), np.array(1.5), np.array([1.5])):
        run = run_generations(Mean(), POOL, Replace(), 2, lambda model, test, value=value: value, n=5)
        assert (run.losses == float(np.squeeze(value) if isinstance(value, np.ndarray) else value)).all()
    unmasked = np.ma.array(POOL, mask=False)
    assert (run_generations(Mean(), unmasked, Replace(), 2, square, n=5).losses
            == run_generations(Mean(), POOL, Replace(), 2, square, n=5).losses).all()  # fmt: skip

    class Scoring(Mean):
        def score_samples(self, X):
            return np.array(["1.0"] * len(X))

    with pytest.raises(DomainError, match="must be numbers alone"):
        run_generations(Scoring(), POOL, Replace(), 2, n=5)


def test_shapes():
    shapes = []

    class Shape(Mean):
        def fit(self, X):
            shapes.append(X.shape)
            self.mean = 0.0

        def sample(self, n):
            return np.random.normal(size=(n, *shapes[0][1:])), np.zeros(n)

    class Estimator(Shape):
        def get_params(self, deep=True):
            return {}

    for generator, data, expected in (
        (Shape(), POOL, (5,)),
        (Shape(), POOL[:, None], (5, 1)),
        (Shape(), np.ones((30, 3)), (5, 3)),
        (Estimator, POOL, (5, 1)),
    ):
        shapes.clear()
        run = run_generations(generator, data, Replace(), 3, lambda model, test: len(test.shape), n=5)
        assert set(shapes) == {expected}
        assert (run.losses == len(expected)).all()
    run_generations(Returns(lambda n: np.random.normal(size=(n, 1))), POOL, Replace(), 2, square, n=5)
    run_generations(Returns(lambda n: [1] * n), POOL, Replace(), 2, square, n=5)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"generator": object()}, "generator = object has no fit: give an object with fit(X) and sample(n)."),
        ({"generator": Returns}, "generator = .*Returns'> cannot be called without arguments"),
        ({"generator": Returns(lambda n: np.zeros(n + 1))}, r"Returns.sample\(8\) has shape \(9,\)"),
        ({"generator": Returns(lambda n: np.zeros((n, 2)))}, r"has shape \(8, 2\): it must be \(8,\) or \(8, 1\)"),
        ({"generator": Returns(lambda n: np.full(n, np.nan))}, r"has \[nan\] in row 0: every number must be finite"),
        ({"generator": Returns(lambda n: ["a"] * n)}, "it must be a 1-D or 2-D array of real numbers"),
        ({"generator": Returns(lambda n: [[1], [1, 2]])}, "is not an array"),
        ({"data": np.zeros((2, 2, 2))}, r"data has shape \(2, 2, 2\)"),
        ({"data": [1.0, np.inf]}, r"data has \[inf\] in row 1"),
        ({"data": []}, r"data has shape \(0,\)"),
        ({"data": np.ones(5), "n": 6}, "data has 5 rows, but a replicate takes 6 real ones"),
        ({"workflow": FreshReal(), "n": 700}, "what it draws afresh"),
        ({"test_data": np.ones((4, 2))}, "test_data has 2 columns and data 1"),
        ({"workflow": "replace"}, "workflow = 'replace' is not a workflow"),
        ({"workflow": FreshReal(share="s")}, "has the symbol s"),
        ({"workflow": Weighted(lambda g: [1] if g == 1 else [2, -1, *[0] * (g - 2)])}, "negative weight"),
        ({"workflow": RealPlusLatest(share=1 / sqrt(2))}, "not fractions.*sample_weight"),
        ({"workflow": RealPlusLatest(share="123457/2000003")}, "up to 1876546 times.*sample_weight"),
        ({"workflow": Accumulate(sizes=j / 3)}, "needs a whole number"),
        ({"generations": 0}, "generations = 0 is not a generation"),
        ({"replicates": 0}, "replicates = 0 is not allowed"),
        ({"seed": -1}, "seed = -1 is not allowed"),
        ({"n": 0}, "n = 0 is not allowed"),
        ({"replicates": 10**8}, "are too many"),
        ({"loss": "entropy"}, "loss = 'entropy' is not a loss"),
        ({"loss": "negative log-likelihood"}, "needs score_samples"),
        ({"loss": "mean", "n": 1}, "n = 1 is not allowed for loss = 'mean'"),
        ({"loss": lambda model, test: "low"}, "gave 'low': it must give one real number"),
        ({"loss": lambda model, test: np.nan}, "gave nan"),
        ({"loss": lambda model, test: "1.5"}, "gave '1.5': it must give one real number"),
        ({"loss": lambda model, test: b"1"}, "gave b'1'"),
        ({"loss": lambda model, test: True}, "gave True"),
        ({"loss": lambda model, test: np.str_("2")}, "gave np.str_('2')"),
        ({"loss": lambda model, test: test.mean() > 0}, "gave np."),
        ({"loss": lambda model, test: np.array("1.5")}, "gave array('1.5'"),
        ({"loss": lambda model, test: np.array([1.0, 2.0])}, "gave array([1., 2.])"),
        ({"loss": lambda model, test: np.ma.masked}, "gave masked"),
        ({"loss": lambda model, test: 1j}, "gave 1j"),
        ({"loss": lambda model, test: None}, "gave None"),
        ({"data": np.ma.masked_greater(POOL, 0.5)}, "data is masked in row"),
        ({"data": [np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, 2.0]]}, "data is masked in row 0"),
        ({"test_data": np.ma.masked_less(POOL, 0)}, "test_data is masked in row"),
        ({"generator": Returns(lambda n: np.ma.array(np.ones(n), mask=np.arange(n) == 2))}, "is masked in row 2"),
        ({"generator": Box(threading.Lock())}, "generator = Box has no fit"),
        ({"generator": Locked()}, "generator = Locked cannot be copied"),
        ({"path": 3}, "path = 3 is not a path"),
    ],
)
def test_errors_are_one_clear_sentence(changed, told):
    arguments = {"generator": Mean(), "data": POOL, "workflow": Replace(), "generations": 3, "loss": square, "n": 4}
    with pytest.raises(DomainError, match=told if "\\" in told or ".*" in told else re.escape(told)) as caught:
        run_generations(**{**arguments, **changed})
    assert str(caught.value).endswith(".")


def test_errors_of_comparisons():
    run = run_generations(Mean(), POOL, Replace(), 3, square, replicates=30, n=5)
    risk = expected_risk(GaussianMean(1, 5), Replace())
    for arguments, told in (
        ({"risk": 1}, "is not a risk"),
        ({"risk": expected_risk(GaussianMean(1, 5), Accumulate())}, "but the risk is of Accumulate"),
        ({"risk": expected_risk(GaussianMean(1, 6), Replace())}, "n = 5 was run, but the risk is of n = 6"),
        ({"risk": risk, "best": 0.0, "unit": 1.0}, "are both given"),
        ({"risk": risk, "best": 10.0}, "is not below the mean loss"),
        ({"risk": risk, "best": float("nan")}, "best = nan is not allowed"),
        ({"risk": risk, "unit": -1.0}, "must be positive"),
        ({"risk": risk, "level": 2.0}, "level = 2.0 is not a probability"),
    ):
        with pytest.raises(DomainError, match=told):
            run.compare(**arguments)
    with pytest.raises(DomainError, match="A ratio needs best"):
        run.ratio()
    few = run_generations(Mean(), POOL, Replace(), 3, square, n=5)
    assert np.isnan(few.stderr).all()
    with pytest.raises(DomainError, match="replicates = 1 is too few"):
        few.compare(risk)


def test_a_source_says_what_it_is():
    identity = generator_source(Returns(np.zeros(3)), 1, True).identity
    assert identity.startswith("Returns(returned=array (3,)")
    assert generator_source(Holder(), 1, True).identity == generator_source(Holder, 1, True).identity
