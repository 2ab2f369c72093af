"""Subspaces simulated: derived errors hold at a stated power, and DPO's gradient is what the docs prove it to be."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.subspace_loops import simulate_editing, simulate_generations
from numerics.subspaces import (
    check_subspace_error,
    draw_differences,
    estimated_directions,
    simulate_subspace_error,
)
from theory.errors import DomainError, NotDerivedError
from theory.subspaces import FactorModel, IteratedEditing, error_over_generations, observed_eigenvalues, subspace_error
from theory.workflows import Accumulate, Replace, SlidingWindow

seeds = st.integers(min_value=0, max_value=2**32 - 1)


@pytest.mark.parametrize(
    ("model", "estimator"),
    [
        (FactorModel(3, 2, 2), "svd"),
        (FactorModel(3, 5, 2, flips="1/4"), "svd"),
        (FactorModel(3, 1, 6), "svd"),
        (FactorModel(3, 2, 6, flips="1/4"), "svd"),
        (FactorModel(3, 6, 3), "svd"),
        (FactorModel(3, 4, 6, coherence=1, flips="1/5"), "mean-difference"),
        (FactorModel(3, 4, 6), "mean-difference"),
    ],
)
def test_exact_errors(model, estimator):
    """2·10^5 draws: a formula that is 2 % off is found with probability 0.99."""
    check = check_subspace_error(subspace_error(model, estimator, "exact"), replicates=200_000, seed=11)
    assert check.passed, check
    assert check.detectable < 0.02


@pytest.mark.parametrize(
    ("model", "estimator", "rank"),
    [
        (FactorModel([3, 2], 600, 5, coherence=["1/2", "1/3"], flips="1/4"), "svd", None),
        (FactorModel([6, 2], 600, 5), "svd", 1),
        (FactorModel([3, 2], 600, 5, coherence=["1/2", "1/3"], flips="1/10"), "mean-difference", None),
    ],
)
def test_leading_orders(model, estimator, rank):
    """What is outside of the subspace, E tr(I − P)P̂, within 3 standard errors and the order N^-2."""
    error = subspace_error(model, estimator, "leading", rank=rank)
    found = simulate_subspace_error(model, estimator, 3000, seed=2, rank=rank)
    derived = float(error.collateral)
    # No more than its own standard error relative to the error: collateral varies as a chi-square.
    slack = 3 * derived * np.sqrt(2 / 3000) + derived * 6 / 600
    assert abs(found.collateral - derived) < slack
    assert abs(found.missed - float(error.missed)) < slack
    assert slack < 0.15 * derived


def test_the_second_order():
    """At N = 60 the second order is 8 % of the error, and 2·10^4 draws see it."""
    error = subspace_error(FactorModel(2, 60, 4), regime="leading")
    found = simulate_subspace_error(error.model, replicates=40_000, seed=3)
    leading = error.number
    second = float(error.second_order) / 60**2
    third = leading * (second / leading) ** 2
    assert abs(found.error - leading - second) < 3 * found.standard_error + 2 * third
    assert abs(found.error - leading) > 6 * found.standard_error + 2 * third


@pytest.mark.parametrize("estimator", ["svd", "shrunken", "mean-difference"])
def test_proportional_limits(estimator):
    """D = 400, within 3 standard errors + 4/D."""
    model = FactorModel([6, 3], 300, 400, coherence=["1/2", "1/3"], flips="1/10")
    check = check_subspace_error(subspace_error(model, estimator), replicates=30, seed=4, allowance=4 / 400)
    assert check.passed, check
    assert abs(check.simulation.missed - float(subspace_error(model, estimator).missed)) < 0.05


def test_eigenvalues_and_edge():
    model = FactorModel([6, "1/2"], 300, 400)
    (differences,) = draw_differences(model, 1, np.random.default_rng(5))
    values = np.linalg.eigvalsh(differences @ differences.T / 300)[::-1][:2]
    expected = [float(value) for value in observed_eigenvalues(model)]
    # The first fluctuates as N^-1/2, the edge as N^-2/3.
    assert abs(values[0] / expected[0] - 1) < 3 * np.sqrt(2 / 300)
    assert abs(values[1] / expected[1] - 1) < 4 * 300 ** (-2 / 3)


def test_flips_leave_second_moments_to_the_last_bit():
    model = FactorModel(3, 40, 7, coherence=1, flips="1/2")
    noisy, clean = (draw_differences(model, 3, np.random.default_rng(6), flip) for flip in (True, False))
    assert (noisy != clean).any()
    found = [estimated_directions(rows, "svd", 1) for rows in (noisy, clean)]
    assert (found[0] == found[1]).all()


def test_generations():
    """Pairs about the last estimate: ratio H_3^(2) by accumulation at a fixed D, and cosines multiply in many."""
    found = simulate_generations(FactorModel(6, 150, 3), Accumulate(), 3, replicates=3000, seed=7)
    expected = float(error_over_generations(FactorModel(6, 150, 3), Accumulate(), regime="leading").at(3))
    assert abs(found.error - expected) < 3 * found.standard_error + expected * 8 / 150
    for workflow in (Replace(), Accumulate()):
        found = simulate_generations(FactorModel(4, 150, 200), workflow, 2, replicates=24, seed=7)
        expected = error_over_generations(FactorModel(4, 150, 200), workflow).number(2)
        assert abs(found.error - expected) < 3 * found.standard_error + 4 / 200


@pytest.mark.parametrize(("pairs", "width"), [(150, 400), (400, 150)])
@pytest.mark.parametrize("edits", [1, 3])
def test_repeated_editing(pairs, width, edits):
    """The strength left, after one edit and after three, with fewer pairs than dimensions and with more."""
    model = FactorModel(6, pairs, width)
    found = simulate_editing(model, edits, replicates=8, seed=8)
    slack = 3 * found.standard_error + 6 / min(pairs, width)
    assert abs(found.error - float(IteratedEditing(model).at(edits))) < slack


def test_loops_that_are_not_simulated():
    for workflow in (SlidingWindow(2), Replace("j")):
        with pytest.raises(NotDerivedError, match="give Replace"):
            simulate_generations(FactorModel(3, 10, 3), workflow, 2)
    with pytest.raises(DomainError, match="one factor"):
        simulate_editing(FactorModel([3, 2], 10, 4), 1)
    with pytest.raises(DomainError, match="must be below"):
        simulate_editing(FactorModel(3, 10, 4), 4)
    with pytest.raises(DomainError, match="holds the symbols"):
        simulate_generations(FactorModel(3, 10), Replace(), 2)


class TestPreferenceOptimisation:
    """The identities of docs/laws.md, on random matrices."""

    @staticmethod
    def matrices(seed):
        generator = np.random.default_rng(seed)
        pairs, width, inputs = (int(number) for number in generator.integers(1, 7, size=3))
        return generator, generator.standard_normal((pairs, width)), generator.standard_normal((pairs, inputs))

    @settings(max_examples=40, deadline=None)
    @given(seed=seeds)
    def test_the_gradient_at_the_reference(self, seed):
        generator, chosen, contexts = self.matrices(seed)
        pairs, width = chosen.shape
        rejected = generator.standard_normal(chosen.shape)
        reference = generator.standard_normal((width, contexts.shape[1]))
        beta = 0.7

        def loss(weights):
            # The normaliser of the softmax is common to both answers.
            margins = (((chosen - rejected) @ (weights - reference)) * contexts).sum(axis=1)
            return np.log1p(np.exp(-beta * margins)).mean()

        direction = generator.standard_normal(reference.shape)
        step = 1e-5
        slope = (loss(reference + step * direction) - loss(reference - step * direction)) / (2 * step)
        gradient = -beta / 2 * (chosen - rejected).T @ contexts / pairs
        assert abs(slope - (gradient * direction).sum()) < 1e-7 * (1 + abs(slope))

    @settings(max_examples=25, deadline=None)
    @given(seed=seeds)
    def test_an_autoregressive_model_is_the_difference_of_two_fine_tunings(self, seed):
        generator = np.random.default_rng(seed)
        reference = generator.standard_normal((4, 4))
        chosen, rejected = generator.integers(0, 4, size=(2, 3, 5))
        beta, step = 0.7, 1e-5

        def log_probability(weights, text):
            table = weights - np.log(np.exp(weights).sum(axis=1, keepdims=True))
            return table[text[:, :-1], text[:, 1:]].sum(axis=1)

        def dpo(weights):
            margins = [log_probability(weights, text) - log_probability(reference, text) for text in (chosen, rejected)]
            return np.log1p(np.exp(-beta * (margins[0] - margins[1]))).mean()

        direction = generator.standard_normal((4, 4))

        def slope(of):
            return (of(reference + step * direction) - of(reference - step * direction)) / (2 * step)

        tuned = [slope(lambda w, text=text: log_probability(w, text).mean()) for text in (chosen, rejected)]
        assert abs(slope(dpo) + beta / 2 * (tuned[0] - tuned[1])) < 1e-7 * (1 + abs(tuned[0]) + abs(tuned[1]))

    @settings(max_examples=60, deadline=None)
    @given(seed=seeds)
    def test_the_order_relation(self, seed):
        _, differences, contexts = self.matrices(seed)
        pairs = len(differences)
        mean = differences.T @ contexts / pairs
        largest = np.linalg.eigvalsh(contexts.T @ contexts / pairs)[-1]
        rest = largest * differences.T @ differences / pairs - mean @ mean.T
        scale = 1 + np.abs(rest).max()
        assert np.linalg.eigvalsh(rest)[0] > -1e-12 * scale
        # The constant is the best: with Δ = X it is attained.
        square = contexts.T @ contexts / pairs
        assert abs(np.linalg.eigvalsh(largest * square - square @ square)[0]) < 1e-9 * (1 + largest**2)

    @settings(max_examples=40, deadline=None)
    @given(seed=seeds)
    def test_whitened_contexts(self, seed):
        _, differences, contexts = self.matrices(seed)
        pairs = len(differences)
        basis, _ = np.linalg.qr(contexts)
        mean = differences.T @ (basis * np.sqrt(pairs)) / pairs
        expected = differences.T @ (basis @ basis.T) @ differences / pairs
        assert np.allclose(mean @ mean.T, expected, atol=1e-12)

    def test_flips_scale_the_expected_gradient(self):
        """Every pattern of flips, in fractions."""
        share = Fraction(1, 5)
        rows = [(Fraction(2), Fraction(-1)), (Fraction(1, 3), Fraction(4)), (Fraction(-5), Fraction(1, 2))]
        total = [Fraction(0)] * 2
        for flipped in product((False, True), repeat=3):
            weight = Fraction(1)
            for one in flipped:
                weight *= share if one else 1 - share
            for place in range(2):
                signed = sum(-row[place] if one else row[place] for row, one in zip(rows, flipped, strict=True))
                total[place] += weight * signed
        assert total == [(1 - 2 * share) * sum(row[place] for row in rows) for place in range(2)]

    def test_a_step_sees_as_many_pairs_as_contexts_have_dimensions(self):
        model = FactorModel(3, 40, 2, context=5)
        generator = np.random.default_rng(9)
        differences = draw_differences(model, 20_000, generator)
        basis, _ = np.linalg.qr(generator.standard_normal((40, 5)))
        found = estimated_directions(basis.T @ differences, "svd", 1)[:, 0]
        errors = 2 - 2 * found[:, 0] ** 2
        expected = subspace_error(model.of_gradient, regime="exact").number
        assert abs(errors.mean() - expected) < 3 * errors.std() / np.sqrt(20_000)
        assert expected > 1.5 * subspace_error(model, regime="exact").number


def test_a_wrong_formula_is_found():
    error = subspace_error(FactorModel(3, 3, 2), regime="exact")
    other = subspace_error(FactorModel("31/10", 3, 2), regime="exact")
    check = check_subspace_error(error, replicates=400_000, seed=10)
    assert check.detectable < abs(other.number / error.number - 1)
    simulated = simulate_subspace_error(other.model, replicates=400_000, seed=10)
    assert abs(simulated.error - error.number) > 3 * simulated.standard_error


def test_what_cannot_be_simulated():
    with pytest.raises(DomainError, match="symbols D, N, l"):
        simulate_subspace_error(FactorModel())
    with pytest.raises(DomainError, match="rank = 4"):
        simulate_subspace_error(FactorModel(3, 5, 3), rank=4)
    with pytest.raises(DomainError, match="replicates"):
        simulate_subspace_error(FactorModel(3, 5, 3), replicates=1)
    with pytest.raises(DomainError, match="derived error"):
        check_subspace_error(3)
    few = check_subspace_error(subspace_error(FactorModel(3, 5, 2), regime="exact"), replicates=40)
    assert few.verdict == "inconclusive"
    # A limit taken for the error of two pairs in two dimensions.
    wrong = check_subspace_error(subspace_error(FactorModel(8, 2, 2)), replicates=5000, allowance=0)
    assert wrong.verdict == "disagrees"
