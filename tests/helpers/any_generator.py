"""Generators as users write them, and what they were fitted on."""

# Users draw from NumPy's global generator, and so does this file.
# ruff: noqa: NPY002

import os
from typing import ClassVar

import numpy as np

from numerics.generations import run_generations

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


class Holder(Mean):
    """Holds a random generator: copied as it is, it would draw the same noise at every generation."""

    def __init__(self):
        self.rng = [np.random.default_rng(0)]

    def sample(self, n):
        return self.rng[0].normal(self.mean, 1.0, n)


class Box:
    """Holds one thing."""

    def __init__(self, held):
        self.held = held


class Keeping(Mean):
    """Its model can be kept, taken up again, and begun from: half of what it fits is where it began."""

    start = 0.0

    def fit(self, X):
        self.mean = (X.mean() + self.start) / 2

    def state(self):
        return {"mean": self.mean}

    def load(self, state):
        self.start = self.mean = float(state["mean"])


class Warm(Mean):
    """Begins from another model, and cannot be kept."""

    start = 0.0

    def warm_start(self, previous):
        self.start = previous.mean

    def fit(self, X):
        self.mean = (X.mean() + self.start) / 2


class Dying(Mean):
    """Ends the process in which it is fitted, once, unless that is the one that holds ``alive``."""

    def __init__(self, alive, mark):
        self.alive, self.mark = alive, mark

    def fit(self, X):
        if os.getpid() != self.alive and len(X) == 18 and not os.path.exists(self.mark):
            open(self.mark, "w").close()
            os._exit(1)
        super().fit(X)


class Letters:
    """Documents of letters: how often each occurs, and how long documents are."""

    def fit(self, X):
        self.seen = X
        self.shares = np.bincount(X.tokens, minlength=4) / len(X.tokens)
        self.lengths = X.lengths

    def sample(self, n):
        lengths = np.random.choice(self.lengths, n)
        return [np.random.choice(4, length, p=self.shares).astype(np.uint8) for length in lengths]

    def score_samples(self, X):
        return [float(np.log(self.shares[row]).sum()) for row in X]
