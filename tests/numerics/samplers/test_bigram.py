"""Simulated bigrams against exact values on short paths, and the leading order on long ones."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from numerics import crosscheck, simulate
from numerics.samplers.bigram import long_run
from theory import (
    Accumulate,
    AccumulateSubsample,
    Bigram,
    DomainError,
    FreshReal,
    NotDerivedError,
    Replace,
    Weighted,
    expected_risk,
)

THREE = "1/2 1/2 0; 1/4 1/2 1/4; 1 0 0"


@pytest.mark.parametrize("unseen", ["uniform", "previous"])
@pytest.mark.parametrize(
    ("table", "n", "workflow"),
    [
        (THREE, 3, Replace()),
        ("1/2 1/2; 1/4 3/4", 4, Accumulate()),
        ("0 1; 1/3 2/3", 3, FreshReal(real=1)),
        ("0 1; 1/3 2/3", 3, AccumulateSubsample()),
    ],
)
def test_exact_values(table, n, workflow, unseen):
    """Every average within 4.5 standard errors: of 24 right ones one is off once in 6000 runs; seeds are fixed."""
    words = Bigram(table, n, unseen)
    expected = np.array([float(value) for value in islice(words.paths(workflow).values(), 3)])
    run = simulate(words, workflow, generations=3, replicates=20_000, seed=3)
    assert (np.abs(run.mean - expected) < 4.5 * run.stderr).all()
    assert (run.stderr < 0.02 * expected).all()


@pytest.mark.parametrize("workflow", [Replace(), Accumulate()])
def test_leading_order(workflow):
    """On paths of 400 pairs the formula is right to a few per cent."""
    words = Bigram(THREE, 400)
    run = simulate(words, workflow, generations=3, replicates=4000, seed=1)
    found = crosscheck(expected_risk(words, workflow), run, detectable=0.15)
    assert found.verdict == "agrees"


def test_kl_rate():
    """On long paths the rate is p/(2n) and no path misses a transition."""
    words = Bigram("1/2 1/2; 1/4 3/4", 1000)
    run = simulate(words, Replace(), generations=2, replicates=2000, seed=2, loss="kl")
    expected = np.array([1, 2]) / 1000
    assert (np.abs(run.mean / expected - 1) < 0.12).all()


def test_long_run():
    """Of two ends each in proportion; in turns the average; one law where there is one."""
    rows = np.array([
        [[1, 0, 0], [0.25, 0, 0.75], [0, 0, 1]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
        [[0.5, 0.5, 0], [0.25, 0.75, 0], [1, 0, 0]],
    ])  # fmt: skip
    found = long_run(rows, np.array([[0, 1.0, 0], [1.0, 0, 0], [0.2, 0.3, 0.5]]))
    assert np.allclose(found, [[0.25, 0, 0.75], [0.5, 0.5, 0], [1 / 3, 2 / 3, 0]], atol=1e-6)
    assert (found[:, 2] == [found[0, 2], 0, 0]).all()


def test_refused():
    with pytest.raises(DomainError, match="transitions"):
        simulate(Bigram(n=4), Replace(), generations=2, replicates=10)
    backwards = Weighted(lambda g: [1] if g == 1 else [*[0] * (g - 2), -1, 2])
    with pytest.raises((DomainError, NotDerivedError), match="negative"):
        simulate(Bigram("1/2 1/2; 1/4 3/4", 4), backwards, generations=3, replicates=10)
