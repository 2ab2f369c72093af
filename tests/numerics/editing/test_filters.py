"""Weights without a subspace: against the dense projector, the variants, the exact way back, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.editing import filter_weights, what_is_left
from numerics.editing.gram import orthonormal
from numerics.editing.numbers import nearest_bfloat16
from theory import DomainError

GENERATOR = np.random.default_rng(0)
V = orthonormal(GENERATOR.standard_normal((2, 12)))
P = V.T @ V
W = GENERATOR.standard_normal((12, 7))


def test_the_same_as_the_dense_projector():
    dense = (np.eye(12) - P) @ W
    assert np.allclose(filter_weights(W, V).weights, dense, atol=1e-12)
    assert np.allclose(filter_weights(W.T, V).weights, dense.T, atol=1e-12)
    stack = np.stack([W, 2 * W, W - 1])
    assert np.allclose(filter_weights(stack, V, axis=-2).weights, (np.eye(12) - P) @ stack, atol=1e-12)
    turned = stack.transpose(0, 2, 1)
    assert np.allclose(filter_weights(turned, V, axis=-1).weights, turned @ (np.eye(12) - P), atol=1e-12)
    assert np.allclose(filter_weights(W[:, 0], V).weights, dense[:, 0], atol=1e-12)
    assert filter_weights(W, V).removed == pytest.approx(((P @ W) ** 2).sum() / (W**2).sum())


def test_twice_is_once():
    single = W.astype(np.float32)
    once = filter_weights(single, V).weights
    twice = filter_weights(once, V).weights
    assert np.abs(twice - once).max() < 1e-6
    assert what_is_left(single, once, V) < 1e-6


def test_variants():
    weights = np.array([0.3, 0.9])
    shrunken = W - V.T @ (weights[:, None] * (V @ W))
    assert np.allclose(filter_weights(W, V, weights).weights, shrunken, atol=1e-12)
    kept = filter_weights(W, V, keep_norms=True).weights
    assert np.allclose(np.linalg.norm(kept, axis=0), np.linalg.norm(W, axis=0))
    assert np.allclose(V @ kept, 0, atol=1e-12)
    left = filter_weights(W, V, one_sided=True).weights
    assert np.allclose(V @ left, np.minimum(V @ W, 0), atol=1e-12)
    assert np.allclose((np.eye(12) - P) @ left, (np.eye(12) - P) @ W, atol=1e-12)


def test_the_affine_edit_keeps_the_mean_output_and_takes_all_variance():
    inputs, bias = GENERATOR.standard_normal((7, 500)) + 1, GENERATOR.standard_normal(12)
    outputs = W @ inputs + bias[:, None]
    mean = outputs.mean(axis=1)
    edited = filter_weights(W, V).weights @ inputs + filter_weights(bias, V, mean=mean).weights[:, None]
    assert np.allclose(edited.mean(axis=1), mean)
    assert np.allclose((V @ edited).std(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"keep_norms": True}, {"one_sided": True}, {"weights": [0.2, 1.0]}])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, "bfloat16"])
def test_undo_is_exact(kind, options):
    matrix = np.random.default_rng(1).standard_normal((12, 300)) * 0.02
    matrix[0, :3] = [0.0, -0.0, 1e-7]
    coarse = kind == "bfloat16"
    matrix = nearest_bfloat16(matrix) if coarse else matrix.astype(kind)
    found = filter_weights(matrix, V, bfloat16=coarse, **options)
    assert found.weights.dtype == matrix.dtype
    assert found.undo(found.weights).tobytes() == matrix.tobytes()
    if coarse:
        assert (nearest_bfloat16(found.weights) == found.weights).all()
    # It is the correction that makes it exact.
    assert found.undo.guess(found.weights).tobytes() != matrix.tobytes()


def test_a_large_matrix_goes_in_parts_to_the_same_result():
    large = np.random.default_rng(2).standard_normal((12, 200_000)).astype(np.float32)
    found = filter_weights(large, V)
    assert np.abs(found.weights - (large - V.T @ (V @ large))).max() < 1e-6
    assert found.undo(found.weights).tobytes() == large.tobytes()


def test_what_is_left():
    assert what_is_left(W, W, V) == pytest.approx(1)
    assert what_is_left(W, W / 2, V) == pytest.approx(0.5)
    assert what_is_left(np.zeros((12, 2)), np.zeros((12, 2)), V) == 0


@pytest.mark.parametrize(
    ("matrix", "options", "word"),
    [
        (np.ones((12, 12)), {}, "either axis could be that of the outputs"),
        (np.ones((5, 7)), {}, r"shape \(5, 7\), and no axis of length 12"),
        (W, {"axis": 1}, "axis = 1"),
        (np.ones((2, 2, 12, 3)), {}, "give a bias, a matrix or a stack"),
        (W.astype(int), {}, "floating-point weights"),
        (W * np.nan, {}, "W holds a number that is not finite"),
        (W, {"weights": [2, 0]}, "weights = "),
        (W, {"mean": np.ones(12)}, "mean is kept by a bias"),
        (W[:, 0], {"mean": np.ones(3)}, "mean has shape"),
    ],
)
def test_bad_input(matrix, options, word):
    with pytest.raises(DomainError, match=word):
        filter_weights(matrix, V, **options)


def test_a_basis_that_is_not_orthonormal():
    with pytest.raises(DomainError, match="V is not orthonormal"):
        filter_weights(W, 2 * V)
    with pytest.raises(DomainError, match="V has shape"):
        filter_weights(W, V * np.nan)
    largest = np.full((12, 2), 65000, dtype=np.float16)
    largest[0] = -65000
    spread = np.full((1, 12), 12**-0.5)
    with pytest.raises(DomainError, match="do not fit the type float16"):
        filter_weights(largest, spread, keep_norms=False, axis=0)
