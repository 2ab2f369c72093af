"""Model folders edited and restored: what is written, what is left alone, families, and what is refused by name."""

from __future__ import annotations

import errno
import json

import numpy as np
import pytest
from small_models import BLOCKS, CONFIG, WIDTH, llama_tensors, spiked, write_folder

from numerics.editing import find_subspace
from numerics.editing import folder_model as folder_room
from numerics.editing.families import FAMILIES, family_of, layers_of, targets_of
from numerics.editing.gram import orthonormal
from numerics.editing.models import RECORD, Edit, open_model, undo_edit
from numerics.editing.safetensors_file import read_shards
from theory import DomainError

TENSORS = llama_tensors()


def edits(blocks, width=WIDTH, **options):
    return {block: Edit(find_subspace(spiked(60, width, [30.0], block)[0], rank=1), **options) for block in blocks}


def read_all(folder):
    files = read_shards(folder)
    return {name: file.array(name) for name, file in files.items()}


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_edited_written_and_restored(tmp_path, kind, shards):
    source = write_folder(tmp_path / "model", TENSORS, shards=shards, kind=kind, metadata={"format": "pt"})
    (source / "generation_config.json").write_text("{}")
    model = open_model(source)
    targets = model.targets([1, 2])
    assert [target.name for target in sorted(targets, key=lambda one: one.block)] == [
        f"model.layers.{block}.mlp.down_proj.weight" for block in (1, 2)
    ]
    kept = edits([1, 2])
    written = model.write(tmp_path / "edited", kept, targets, {"note": "test"})
    assert {one.block for one in written} == {1, 2}
    # What rounding leaves: about a unit in the last place of the type, over √width.
    assert all(one.left < {"F32": 1e-6, "F16": 2e-3, "BF16": 1e-2}[kind] for one in written)
    before, after = read_all(source), read_all(tmp_path / "edited")
    for name, array in before.items():
        changed = name in {target.name for target in targets}
        assert (array.tobytes() != after[name].tobytes()) == changed, name
    record = json.loads((tmp_path / "edited" / RECORD).read_text())
    assert record["note"] == "test"
    assert len(record["tensors"]) == 2
    assert (tmp_path / "edited" / "generation_config.json").exists()
    assert read_shards(tmp_path / "edited")["model.norm.weight"].metadata == {"format": "pt"}
    assert sorted(undo_edit(tmp_path / "edited", tmp_path / "back")) == sorted(one.name for one in written)
    for file in source.iterdir():
        if file.suffix != ".safetensors":
            assert (tmp_path / "back" / file.name).read_bytes() == file.read_bytes()
    for name, array in read_all(tmp_path / "back").items():
        assert array.tobytes() == before[name].tobytes(), name
    assert {path.name for path in (tmp_path / "back").iterdir()} == {path.name for path in source.iterdir()}


def test_attention_and_both(tmp_path):
    model = open_model(write_folder(tmp_path / "model", TENSORS))
    assert len(model.targets([0], "attention")) == 1
    assert len(model.targets([0, 1], "both")) == 4
    with pytest.raises(DomainError, match="matrices = 'all'"):
        model.targets([0], "all")


SHAPES = {
    "gpt2": ("h.{i}.mlp.c_proj.weight", (20, 6), "h.{i}.mlp.c_proj.bias"),
    "gptj": ("transformer.h.{i}.mlp.fc_out.weight", (6, 20), "transformer.h.{i}.mlp.fc_out.bias"),
    "gpt_neox": ("gpt_neox.layers.{i}.mlp.dense_4h_to_h.weight", (6, 20), "gpt_neox.layers.{i}.mlp.dense_4h_to_h.bias"),
    "opt": ("model.decoder.layers.{i}.fc2.weight", (6, 20), "model.decoder.layers.{i}.fc2.bias"),
    "llama": ("model.layers.{i}.mlp.down_proj.weight", (6, 20), None),
    "mistral": ("model.layers.{i}.mlp.down_proj.weight", (6, 20), None),
    "qwen2": ("model.layers.{i}.mlp.down_proj.weight", (6, 20), None),
    "gemma": ("model.layers.{i}.mlp.down_proj.weight", (6, 20), None),
    "mixtral": ("model.layers.{i}.mlp.experts.down_proj", (4, 6, 20), None),
    "qwen3_moe": ("model.layers.{i}.mlp.experts.3.down_proj.weight", (6, 20), None),
    "gpt_oss": ("model.layers.{i}.mlp.experts.down_proj", (4, 20, 6), "model.layers.{i}.mlp.experts.down_proj_bias"),
    "llama4_text": ("model.layers.{i}.feed_forward.experts.down_proj", (4, 20, 6), None),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_families_and_their_orientation(tmp_path, kind):
    pattern, shape, bias = SHAPES[kind]
    generator = np.random.default_rng(0)
    tensors = {"other.weight": np.ones((2, 2), np.float32)}
    for block in range(2):
        tensors[pattern.format(i=block)] = generator.standard_normal(shape).astype(np.float32)
        if bias:
            size = (*shape[:1], 6) if len(shape) == 3 else (6,)
            tensors[bias.format(i=block)] = generator.standard_normal(size).astype(np.float32)
    source = write_folder(tmp_path / "model", tensors, {"model_type": kind, "hidden_size": 6, "n_embd": 6})
    model = open_model(source)
    assert model.blocks == 2
    targets = model.targets([1])
    assert len(targets) == (2 if bias else 1)
    kept = edits([1], 6)
    model.write(tmp_path / "edited", kept, targets, {})
    after = read_all(tmp_path / "edited")
    (direction,) = kept[1].subspace.basis
    matrix = after[pattern.format(i=1)]
    outputs = matrix @ direction if shape[-1] == 6 else np.einsum("d,...df->...f", direction, matrix)
    assert np.abs(outputs).max() < 1e-6
    if bias:
        assert np.abs(after[bias.format(i=1)] @ direction).max() < 1e-6
    assert (after[pattern.format(i=0)] == tensors[pattern.format(i=0)]).all()


def test_a_norm_behind_the_outputs_is_counted(tmp_path):
    """What is added to the residual stream is (1 + weight)·W x over its length: that must miss the direction."""
    generator = np.random.default_rng(0)
    weight = generator.standard_normal(6).astype(np.float32)
    tensors = {
        "model.layers.0.mlp.down_proj.weight": generator.standard_normal((6, 20)).astype(np.float32),
        "model.layers.0.post_feedforward_layernorm.weight": weight,
    }
    config = {"model_type": "gemma2", "hidden_size": 6}
    model = open_model(write_folder(tmp_path / "model", tensors, config))
    kept = edits([0], 6)
    model.write(tmp_path / "edited", kept, model.targets([0]), {})
    after = read_all(tmp_path / "edited")["model.layers.0.mlp.down_proj.weight"]
    (direction,) = kept[0].subspace.basis
    assert np.abs(direction @ ((1 + weight)[:, None] * after)).max() < 1e-6
    del tensors["model.layers.0.post_feedforward_layernorm.weight"]
    with pytest.raises(DomainError, match="has no norm"):
        open_model(write_folder(tmp_path / "without", tensors, config)).targets([0])


def test_square_matrices_are_edited_along_the_axis_of_their_family(tmp_path):
    matrix = np.random.default_rng(0).standard_normal((6, 6)).astype(np.float32)
    for kind, name, axis in (
        ("gpt2", "h.0.attn.c_proj.weight", 1),
        ("opt", "decoder.layers.0.self_attn.out_proj.weight", 0),
    ):
        model = open_model(write_folder(tmp_path / kind, {name: matrix}, {"model_type": kind, "hidden_size": 6}))
        kept = edits([0], 6)
        model.write(tmp_path / f"{kind}-edited", kept, model.targets([0], "attention"), {})
        after = read_all(tmp_path / f"{kind}-edited")[name]
        products = after @ kept[0].subspace.basis[0] if axis else kept[0].subspace.basis[0] @ after
        assert np.abs(products).max() < 1e-6


def test_an_affine_edit_goes_into_the_bias(tmp_path):
    generator = np.random.default_rng(0)
    tensors = {
        "decoder.layers.0.fc2.weight": generator.standard_normal((6, 20)).astype(np.float32),
        "decoder.layers.0.fc2.bias": generator.standard_normal(6).astype(np.float32),
    }
    model = open_model(write_folder(tmp_path / "model", tensors, {"model_type": "opt", "hidden_size": 6}))
    mean = generator.standard_normal(6)
    kept = edits([0], 6, mean=mean)
    model.write(tmp_path / "edited", kept, model.targets([0]), {})
    (direction,) = kept[0].subspace.basis
    assert direction @ read_all(tmp_path / "edited")["decoder.layers.0.fc2.bias"] == pytest.approx(
        direction @ mean, abs=1e-6
    )


def test_refused_by_name(tmp_path):
    def model(name, tensors=TENSORS, **config):
        return open_model(write_folder(tmp_path / name, tensors, CONFIG | config))

    with pytest.raises(DomainError, match=r"models of type 'mamba' \(config.json\) are not known"):
        model("a", model_type="mamba")
    with pytest.raises(DomainError, match="is named as those of a model of type 'gpt2'"):
        model("b", model_type="gpt2")
    with pytest.raises(DomainError, match=r"has shape \[16, 24\], and the outputs should have the width 15"):
        model("c", hidden_size=15).targets([0])
    without = {name: array for name, array in TENSORS.items() if "layers.1.mlp.down" not in name}
    with pytest.raises(DomainError, match=r"block 1 has no tensor .*layers.1.mlp.down_proj.weight"):
        model("d", without).targets([0, 1])
    whole = {name: array for name, array in TENSORS.items() if "layers.0.mlp.down" not in name}
    whole["model.layers.0.mlp.down_proj.qweight"] = np.ones((2, 2), np.float32)
    with pytest.raises(DomainError, match="block 0 has no tensor"):
        model("e", whole).targets([0])
    with pytest.raises(DomainError, match="is no model"):
        open_model(tmp_path / "none")


def test_tied_weights(tmp_path):
    name = "model.layers.0.mlp.down_proj.weight"
    folder = write_folder(tmp_path / "model", TENSORS, metadata={"other.weight": name})
    with pytest.raises(DomainError, match=f"other.weight is tied to {name}"):
        open_model(folder).targets([0])
    assert open_model(folder).targets([1])


def test_output_and_source(tmp_path):
    source = write_folder(tmp_path / "model", TENSORS)
    model, kept = open_model(source), edits([0])
    for output, word in ((source, "is the model itself"), (source / "sub", "is the model itself, or in it")):
        with pytest.raises(DomainError, match=word):
            model.write(output, kept, model.targets([0]), {})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    with pytest.raises(DomainError, match="exists: give a new folder"):
        model.write(tmp_path / "full", kept, model.targets([0]), {})
    with pytest.raises(DomainError, match="types are changed of GGUF files only"):
        model.write(tmp_path / "new", kept, model.targets([0]), {}, "F16")


@pytest.mark.parametrize("writes", [1, 2])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, writes):
    source = write_folder(tmp_path / "model", TENSORS, shards=3)
    model, plain, count = open_model(source), folder_room.write_safetensors, []

    def full(path, *more):
        count.append(path)
        if len(count) == writes:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(path, *more)

    monkeypatch.setattr(folder_room, "write_safetensors", full)
    with pytest.raises(DomainError, match="No space left on device; nothing was left of it"):
        model.write(tmp_path / "edited", edits(range(BLOCKS)), model.targets(list(range(BLOCKS))), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_an_edit_that_was_changed_is_not_undone(tmp_path):
    source = write_folder(tmp_path / "model", TENSORS)
    model = open_model(source)
    model.write(tmp_path / "edited", edits([0]), model.targets([0]), {})
    with pytest.raises(DomainError, match="nowhere does not exist"):
        undo_edit(tmp_path / "nowhere", tmp_path / "back")
    with pytest.raises(DomainError, match="keeps no edit to undo"):
        undo_edit(source, tmp_path / "back")
    path = tmp_path / "edited" / "model.safetensors"
    raw = bytearray(path.read_bytes())
    place = read_shards(tmp_path / "edited")["model.layers.0.mlp.down_proj.weight"]
    raw[place._start + place.entries["model.layers.0.mlp.down_proj.weight"].start] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DomainError, match="was changed after the edit"):
        undo_edit(tmp_path / "edited", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_layers():
    assert layers_of(":", 4) == [0, 1, 2, 3]
    assert layers_of("-1", 4) == [3]
    assert layers_of("1:3,0", 4) == [0, 1, 2]
    for text, word in (("4", "out of range"), ("3:2", "out of range"), ("a", "is not allowed"), ("", "is not allowed"),
                       ("15:", "the model has blocks 0 to 3")):  # fmt: skip
        with pytest.raises(DomainError, match=word):
            layers_of(text, 4)


def test_each_family_matches_its_own_names_alone():
    for family in FAMILIES:
        for kind in family.types:
            assert family_of(kind) is family
    names = [pattern.format(i=0) for pattern, _, _ in SHAPES.values()]
    for kind, (pattern, _, _) in SHAPES.items():
        found = {target.name for target in targets_of(family_of(kind), names, [0])}
        assert pattern.format(i=0) in found
        assert all(names.index(name) >= 0 for name in found)


def test_the_norm_is_mapped_to_an_orthonormal_basis():
    basis = orthonormal(np.random.default_rng(0).standard_normal((2, 5)) * np.arange(1, 6))
    assert np.allclose(basis @ basis.T, np.eye(2))
