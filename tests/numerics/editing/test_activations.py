"""Activations of files: names, masks, the number of layers, the final norm, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.editing.activations import read_activations
from numerics.editing.safetensors_file import stored, write_safetensors
from numerics.editing.trial import Variant, find_edits
from theory import DomainError

STATES = np.random.default_rng(0).standard_normal((3, 5, 4)).astype(np.float32) * 10


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_the_same_by_all_names(tmp_path):
    path = tmp_path / "a.npz"
    layers = {f"layer_{number}": layer for number, layer in enumerate(STATES)}
    for arrays in ({"hidden_states": STATES}, {"activations": STATES}, layers):
        assert (read_activations(saved(path, **arrays)).states == STATES).all()
    tensors = {name: stored(layer) for name, layer in layers.items()}
    write_safetensors(tmp_path / "a.safetensors", tensors)
    assert (read_activations(tmp_path / "a.safetensors").states == STATES).all()


def test_tokens_with_a_mask_and_names(tmp_path):
    tokens = np.repeat(STATES[:, :, None], 6, axis=2)
    tokens[:, :, 4:] = 1e9
    mask = np.ones((5, 6))
    mask[:, 4:] = 0
    found = read_activations(saved(tmp_path / "a.npz", hidden_states=tokens, mask=mask, ids=["a", "b", "c", "d", "e"]))
    assert np.allclose(found.states, STATES)
    assert found.ids == ["a", "b", "c", "d", "e"]


def test_one_layer_more_is_the_embeddings(tmp_path):
    found = read_activations(saved(tmp_path / "a.npz", hidden_states=STATES))
    assert (found.behind_blocks(2) == STATES[1:]).all()
    assert (found.behind_blocks(3) == STATES).all()
    with pytest.raises(DomainError, match="activations have 3 layers, and the model 5 blocks"):
        found.behind_blocks(5)


def test_a_last_layer_behind_the_final_norm_is_refused(tmp_path):
    weight = np.array([0.5, 2.0, 1.5, 3.0])
    normed = STATES.copy()
    normed[2] = STATES[2] / np.sqrt((STATES[2] ** 2).mean(axis=1, keepdims=True)) * weight
    found = read_activations(saved(tmp_path / "a.npz", hidden_states=normed))
    states = found.behind_blocks(2, weight)
    assert np.isnan(states[1]).all()
    assert (states[0] == STATES[1]).all()
    with pytest.raises(DomainError, match="behind the final norm: block 1 cannot be read"):
        find_edits(states, STATES[:2], [0, 1], 1, Variant())
    # Of the residual stream nothing is refused.
    plain = read_activations(saved(tmp_path / "a.npz", hidden_states=STATES))
    assert np.isfinite(plain.behind_blocks(2, weight)).all()


@pytest.mark.parametrize(
    ("arrays", "word"),
    [
        ({"x": STATES}, "holds x: give hidden_states"),
        ({"layer_0": STATES[0], "layer_2": STATES[0]}, "without a gap"),
        ({"layer_0": STATES[0], "layer_1": STATES[0, :3]}, "layers of .* have the shapes"),
        ({"hidden_states": STATES * np.nan}, "layer 0 of a.npz holds a number that is not finite"),
        ({"hidden_states": np.array([[{}]])}, "is no .npz file of arrays of numbers"),
    ],
)
def test_bad_files(tmp_path, arrays, word):
    with pytest.raises(DomainError, match=word):
        read_activations(saved(tmp_path / "a.npz", **arrays))


def test_other_files(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 no zip")
    for name, word in (("a.npz", "is no .npz file"), ("b.npz", "cannot be read"), ("c.pt", "must end in .npz")):
        with pytest.raises(DomainError, match=word):
            read_activations(tmp_path / name)
