"""GGUF files through the package gguf: read, exported with the rest byte for byte, and quantised ones not in place."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import spiked

from numerics.editing import find_subspace
from numerics.editing.gguf_file import GgufFile
from numerics.editing.models import Edit, open_model, undo_edit
from theory import DomainError

gguf = pytest.importorskip("gguf")

WIDTH, HIDDEN = 32, 64


def write_gguf(path, kind="F32", arch="llama"):
    generator = np.random.default_rng(0)
    writer = gguf.GGUFWriter(str(path), arch)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(2)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "é"])
    writer.add_float32("some.number", 9.999999747378752e-06)
    writer.add_array("some.numbers", [1, 2, 3])
    writer.add_bool("some.flag", True)
    own = gguf.GGMLQuantizationType[kind]
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    for block in range(2):
        for name, shape in (("ffn_down", (WIDTH, HIDDEN)), ("ffn_up", (HIDDEN, WIDTH))):
            matrix = generator.standard_normal(shape).astype(np.float32)
            stored = gguf.quants.quantize(matrix, own)
            writer.add_tensor(f"blk.{block}.{name}.weight", stored, raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def edit(block=1):
    return {block: Edit(find_subspace(spiked(80, WIDTH, [30.0])[0], rank=1))}


@pytest.mark.parametrize(("kind", "most"), [("Q8_0", 0.02), ("BF16", 0.006), ("F16", 6e-4), ("F32", 1e-6)])
def test_exported_with_the_rest_byte_for_byte(tmp_path, kind, most):
    source = write_gguf(tmp_path / "model.gguf", "Q4_1")
    model = open_model(source)
    assert model.blocks == 2
    (written,) = model.write(tmp_path / "edited", edit(), model.targets([1]), {}, kind)
    assert written.kind == kind
    # Rounding leaves so much; what is told is what the file holds.
    before, after = GgufFile(source), GgufFile(tmp_path / "edited" / "model.gguf")
    (direction,) = edit()[1].subspace.basis
    name = "blk.1.ffn_down.weight"
    left = np.linalg.norm(direction @ after.array(name)) / np.linalg.norm(direction @ before.array(name))
    assert written.left == pytest.approx(left, rel=1e-6)
    assert 0 < left < most
    assert after.kind(name) == kind
    for other in before.names:
        if other != name:
            assert after.kind(other) == before.kind(other)
            assert (after._tensors[other].data == before._tensors[other].data).all()
    for field in before._reader.fields:
        if not field.startswith("GGUF."):
            assert after.field(field) == before.field(field), field


def test_a_direction_comes_back_in_four_bits():
    """Why quantised matrices are not written in place."""
    matrix = np.random.default_rng(0).standard_normal((256, 512)).astype(np.float32) * 0.02
    direction = np.ones(256) / 16
    edited = matrix - np.outer(direction, direction @ matrix)
    own = gguf.GGMLQuantizationType.Q4_1
    stored = gguf.quants.dequantize(gguf.quants.quantize(edited.astype(np.float32), own), own)
    assert np.linalg.norm(direction @ stored) > 0.05 * np.linalg.norm(direction @ matrix)
    # Writing again what was read changes nothing: the loss is the edit's, not the format's.
    for kind in ("Q4_1", "Q8_0"):
        own = gguf.GGMLQuantizationType[kind]
        once = gguf.quants.quantize(edited.astype(np.float32), own)
        assert (gguf.quants.quantize(gguf.quants.dequantize(once, own), own) == once).all()


def test_quantised_is_refused_in_place_and_plain_is_not(tmp_path):
    model = open_model(write_gguf(tmp_path / "model.gguf", "Q4_1"))
    with pytest.raises(DomainError, match=r"blk.1.ffn_down.weight of model.gguf is stored as Q4_1"):
        model.write(tmp_path / "edited", edit(), model.targets([1]), {})
    with pytest.raises(DomainError, match="type Q4_K is not allowed"):
        model.write(tmp_path / "edited", edit(), model.targets([1]), {}, "Q4_K")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.gguf"]
    (tmp_path / "plain").mkdir()
    plain = open_model(write_gguf(tmp_path / "plain" / "model.gguf", "F16"))
    (written,) = plain.write(tmp_path / "edited", edit(), plain.targets([1]), {})
    assert written.kind == "F16"
    with pytest.raises(DomainError, match="take the file before the edit"):
        undo_edit(tmp_path / "edited", tmp_path / "back")


def test_arrays_are_of_ones_own(tmp_path):
    file = GgufFile(write_gguf(tmp_path / "model.gguf"))
    array = file.array("output_norm.weight")
    array[:] = 5
    assert (file.array("output_norm.weight") == 1).all()
    with pytest.raises(DomainError, match="has no tensor 'x'"):
        file.array("x")


def test_refused(tmp_path):
    path = write_gguf(tmp_path / "model.gguf", arch="mamba")
    with pytest.raises(DomainError, match=r"models of type 'mamba' \(general.architecture\) are not known"):
        open_model(path)
    whole = path.read_bytes()
    for cut in (3, 40, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(DomainError, match="cannot be read as GGUF"):
            GgufFile(path)
    model = open_model(write_gguf(tmp_path / "model.gguf"))
    with pytest.raises(DomainError, match=r"output .* is the model itself"):
        model.write(tmp_path, edit(), model.targets([1]), {})
