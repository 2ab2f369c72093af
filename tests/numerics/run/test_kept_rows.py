"""Runs of pools that keep real rows, and of every workflow there is: fitted on what the weights say, or refused why."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from any_generator import POOL, Mean, Recorder, WeighedMean, Weigher, same_rows, square, traced
from sympy import Rational

from numerics.generations import run_generations
from numerics.run.training import training
from theory import (
    Accumulate,
    AgeWeighted,
    CappedReal,
    ContaminatedPool,
    DomainError,
    Ecosystem,
    Forgetting,
    FreshReal,
    GaussianMean,
    LabelledPool,
    NotDerivedError,
    SampledPool,
    Weighted,
    expected_risk,
    j,
)
from theory.workflows.pathway import Pathways


def test_a_pool_keeps_the_real_rows_of_every_generation():
    """A third of every later block is real: 2 rows of 6, others each time, and all of them in every later fit."""
    fits, blocks = traced(Recorder(), ContaminatedPool(Rational(1, 3)))
    real = list(blocks[1])
    for g in range(2, 5):
        new = [row for row in fits[g - 1] if row >= 1 and row not in real]
        assert len(set(new)) == 2
        real += new
        assert len(blocks[g]) == 4
        same_rows(fits[g - 1], real, *blocks[2 : g + 1])


def test_labelled_rows_have_their_weight():
    """Half the weight on all real rows so far, whatever their number; each row of a kind counts alike."""
    fits, _ = traced(Weigher, LabelledPool(Rational(1, 3), share=Rational(1, 2)))
    for g in range(2, 5):
        rows, weights = fits[g - 1].T
        assert weights[rows >= 1].sum() == pytest.approx(len(rows) / 2, rel=1e-12)
        assert np.ptp(weights[rows >= 1]) == pytest.approx(0, abs=1e-12)


def test_the_plan_of_a_sampled_pool():
    """Every kept row has the weight of its block over its rows."""
    workflow = SampledPool(Rational(1, 2))
    recipe = training(workflow, 4, 4, weighable=True).recipes[3]
    shares = workflow.shares(4)
    assert recipe.blocks == (1, 2, 3, 4, 0, -2, -3)
    by_block = dict(zip(recipe.blocks, recipe.weights, strict=True))
    assert by_block[1] == float(shares[0] / 4)
    for kept, made in ((0, 4), (-3, 3), (-2, 2)):
        # Two real rows and two synthetic ones share the weight of their block.
        assert by_block[kept] == by_block[made] == float(shares[made - 1] / 4)


@pytest.mark.parametrize(
    ("generator", "workflow"),
    [(Mean(), ContaminatedPool(Rational(1, 4))), (WeighedMean(), SampledPool(Rational(1, 4)))],
)
def test_the_derived_ratio(generator, workflow):
    """A user's class has the ratio that is derived, and twice it would have been seen."""
    run = run_generations(generator, POOL, workflow, 3, square, replicates=300, n=20, seed=4)
    check = run.compare(expected_risk(GaussianMean(1, 20), workflow), best=0.0)
    assert check.passed
    assert check.detectable < 0.6
    for block, fresh in islice(Pathways(workflow), 5):
        assert block[0] + sum(fresh) == 1


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path):
    """Kept rows are made again from the seed: the bits are those of one run; other weights are refused."""
    pool = ContaminatedPool(Rational(1, 2))
    whole = run_generations(Mean(), POOL, pool, 5, square, replicates=3, n=10, seed=2)
    run_generations(Mean(), POOL, pool, 3, square, replicates=3, n=10, seed=2, path=tmp_path)
    longer = run_generations(Mean(), POOL, pool, 5, square, replicates=3, n=10, seed=2, path=tmp_path)
    assert (longer.losses == whole.losses).all()
    other = ContaminatedPool(1 / j)
    with pytest.raises(DomainError, match="whole number"):
        run_generations(Mean(), POOL, other, 5, square, replicates=3, n=10, seed=2, path=tmp_path)


@pytest.mark.parametrize(
    "workflow",
    [
        ContaminatedPool("1/2", sizes=2),
        LabelledPool("1/2"),
        SampledPool("1/2"),
        Forgetting("1/2"),
        Forgetting(1 - 1 / j),
        AgeWeighted("(1/2)**l"),
        AgeWeighted.lag(1),
        AgeWeighted.fifo("5/2"),
        CappedReal(synthetic=2),
        FreshReal(share=1 / j),
        Weighted("2*j/(g*(g+1))"),
        Ecosystem("3/4 1/4; 1/4 3/4").chain,
        Ecosystem("1/2 1/4; 1/2 1/2").chain,
        Accumulate(sizes=2),
    ],
    ids=lambda workflow: repr(workflow)[:40],
)
def test_every_workflow_runs(workflow):
    run = run_generations(WeighedMean(), POOL, workflow, 4, square, replicates=2, n=8, seed=1)
    assert np.isfinite(run.losses).all()


def test_refusals_say_why():
    """Several models are no one chain of fits; biased real rows are none of the data that were given."""
    with pytest.raises(NotDerivedError, match=r"couples several models.*ask \.chain"):
        run_generations(Mean(), POOL, Ecosystem("3/4 1/4; 1/4 3/4"), 3, square, replicates=2, n=8)
    with pytest.raises(DomainError, match="draws biased real data"):
        run_generations(Mean(), POOL, ContaminatedPool("1/2", stream=1 / j), 3, square, replicates=2, n=8)
    with pytest.raises(DomainError, match="whole number"):
        run_generations(Mean(), POOL, ContaminatedPool("1/3"), 3, square, replicates=2, n=8)
