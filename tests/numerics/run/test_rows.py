"""What a generator is fitted on: the blocks of the workflow, their weights, real rows drawn afresh."""

# Users draw from NumPy's global generator, and so does this file.

from fractions import Fraction

import numpy as np
import pytest
from any_generator import Recorder, Weigher, same_rows, traced
from hypothesis import given
from hypothesis import strategies as st
from sympy import Rational, sqrt

from numerics.run.training import training
from theory import Accumulate, AccumulateSubsample, FreshReal, RealPlusLatest, Replace, SlidingWindow, Weighted, j


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
