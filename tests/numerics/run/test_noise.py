"""Noise is fresh at every generation, wherever a generator holds its random state, and comes back with the seed."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import random
from collections import deque
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from any_generator import POOL, Box, Holder, Mean, square
from numpy.random import SeedSequence

from numerics.generations import run_generations
from numerics.run.generator import generator_source
from numerics.run.randomness import offspring
from theory import Accumulate, DomainError, Replace


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
