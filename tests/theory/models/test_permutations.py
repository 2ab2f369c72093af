"""The law of the number of convolutions: Stirling numbers, trees enumerated in full, and the variance."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, S, factorial
from sympy.functions.combinatorial.numbers import stirling

from theory.errors import DomainError
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.drift import drift
from theory.models.kernels.permutations import convolutions
from theory.testing import workflows
from theory.workflows import Accumulate, AccumulateSubsample, FreshReal, RealPlusLatest, Replace, Weighted


@pytest.mark.parametrize("g", [1, 2, 5, 9])
def test_accumulate_has_the_cycles_of_a_uniform_permutation(g):
    assert convolutions(Accumulate(), g) == tuple(stirling(g, k, kind=1) / factorial(g) for k in range(g + 1))


@pytest.mark.parametrize("g", [1, 4, 30])
def test_replace_is_a_point_mass(g):
    assert convolutions(Replace(), g) == (S.Zero,) * g + (S.One,)


def lineages(workflow, g):
    """P(L) by listing every line of ancestors: choose a block, then a block of the model it came from, and so on."""
    law = [S.Zero] * (g + 1)
    for choice in product(*(range(model + 1) for model in range(1, g + 1))):
        model, kernels, probability = g, 0, S.One
        visited = set()
        while model > 0:
            block, kernels = choice[model - 1], kernels + 1
            visited.add(model)
            probability *= sum(workflow.fresh_weights(model)) if block == 0 else S(workflow.weights(model)[block - 1])
            model = 0 if block == 0 else block - 1
        # Models off the line have been chosen for as well: count each line once.
        if all(choice[other - 1] == 0 for other in range(1, g + 1) if other not in visited):
            law[kernels] += probability
    return tuple(law)


@settings(max_examples=25)
@given(workflows(subsampled=False), st.integers(1, 5))
def test_every_workflow_agrees_with_all_lineages_enumerated(workflow, g):
    law = convolutions(workflow, g)
    assert law == lineages(workflow, g)
    assert sum(law) == 1
    assert law[0] == 0


@settings(max_examples=25)
@given(workflows(), st.integers(1, 7))
def test_the_mean_number_is_the_excess_variance(workflow, g):
    recurrence = drift(workflow, KernelDensity(1, n=6).bandwidths(workflow))
    assert recurrence.at(g) == sum(k * p for k, p in enumerate(convolutions(workflow, g)))


def test_subsampling_and_symbols():
    assert convolutions(AccumulateSubsample(), 4) == convolutions(Accumulate(), 4)
    share = RealPlusLatest(share="lambda").real_weight
    law = convolutions(RealPlusLatest(share="lambda"), 3)
    assert [(p - q).expand() for p, q in zip(law, [0, share, (1 - share) * share, (1 - share) ** 2], strict=True)] == [
        0
    ] * 4
    assert convolutions(FreshReal(), 3) == (0, Rational(1, 2), Rational(1, 4), Rational(1, 4))


def test_bad_input_is_named():
    negative = Weighted(lambda g: [2, *[0] * (g - 2), -1] if g > 1 else [1])
    with pytest.raises(DomainError, match=r"Weighted\.weights\(2\) gives block 2 the weight -1"):
        convolutions(negative, 3)
    with pytest.raises(DomainError, match="g = 0 is not a generation"):
        convolutions(Accumulate(), 0)
