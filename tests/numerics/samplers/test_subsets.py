"""Sums over random subsets of each replicate's points."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.stats import chi2

from numerics.samplers.subsets import Subsets

REPLICATES = 20_000


@pytest.mark.parametrize(("filled", "chosen"), [(6, 3), (7, 2), (5, 1)])
def test_every_subset_is_equally_likely(filled, chosen):
    """Points 2^i say by their sum which they are; what is beyond the filled ones is never read."""
    points = np.append(2.0 ** np.arange(filled), np.nan)
    pool = np.tile(points, (REPLICATES, 1))[:, :, None]
    subsets = Subsets(np.random.default_rng(1), REPLICATES, filled + 1)
    for _ in range(2):  # the second time among the marks of the first
        sums = subsets.total(pool, filled, chosen)[:, 0]
        assert {int(total).bit_count() for total in sums} == {chosen}
        _, counts = np.unique(sums, return_counts=True)
        ways = comb(filled, chosen)
        assert len(counts) == ways
        expected = REPLICATES / ways
        assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-6, ways - 1)


def test_marks_begin_anew_before_they_run_out():
    pool = np.tile(2.0 ** np.arange(8), (50, 1))[:, :, None]
    subsets = Subsets(np.random.default_rng(1), 50, 8)
    subsets._used = np.iinfo(np.int32).max - 4 * 2 * 50 * 4 + 1
    subsets._marks[:] = np.iinfo(np.int32).max - 5000
    assert {int(total).bit_count() for total in subsets.total(pool, 8, 4)[:, 0]} == {4}
    assert subsets._used < 50 * 4 * 4


def test_marks_that_are_left_at_a_restart_would_lean_the_subsets():
    """Half the places marked: were the marks not cleared, places drawn again would be of the other half only."""
    replicates, filled, chosen = 20_000, 8, 4
    pool = np.tile(np.repeat([1.0, 0.0], filled // 2), (replicates, 1))[:, :, None]
    subsets = Subsets(np.random.default_rng(4), replicates, filled)
    subsets._used = np.iinfo(np.int32).max - 4 * 2 * replicates * chosen + 1
    subsets._marks.reshape(replicates, filled)[:, : filled // 2] = subsets._used
    total = subsets.total(pool, filled, chosen)[:, 0]
    # Hypergeometric: mean 2, variance 4·(1/2)(1/2)(8 − 4)/(8 − 1) = 4/7.
    assert abs(total.mean() - chosen / 2) < 5 * np.sqrt(4 / 7 / replicates)


def test_vectors_keep_their_coordinates_together_and_none_are_chosen():
    pool = np.stack([2.0 ** np.arange(6), 3 * 2.0 ** np.arange(6)], axis=1)[None].repeat(100, axis=0)
    subsets = Subsets(np.random.default_rng(2), 100, 6)
    found = subsets.total(pool, 6, 3)
    assert (found[:, 1] == 3 * found[:, 0]).all()
    assert (subsets.total(pool, 6, 0) == 0).all()


def test_independent_draws_repeat():
    pool = np.tile(2.0 ** np.arange(2), (REPLICATES, 1))[:, :, None]
    sums = Subsets(np.random.default_rng(3), REPLICATES, 2).with_replacement(pool, 2, 2)[:, 0]
    counts = np.array([(sums == total).sum() for total in (2, 3, 4)])
    expected = REPLICATES * np.array([1 / 4, 1 / 2, 1 / 4])
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-6, 2)
