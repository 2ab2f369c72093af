"""The safetensors format: what is written is read, by the format's own library too, and broken files are told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from numerics.editing.numbers import decoded, encoded, nearest_bfloat16, widened
from numerics.editing.safetensors_file import SafetensorsFile, read_shards, stored, write_safetensors
from theory import DomainError

ARRAYS = {
    "a.weight": np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32),
    "b": np.arange(4, dtype=np.float16),
    "empty": np.empty((0, 3), dtype=np.float32),
    "scalar": np.array(2.5, dtype=np.float64),
}


def written(path, arrays=ARRAYS, **options):
    write_safetensors(path, {name: stored(array) for name, array in arrays.items()}, **options)
    return path


def test_what_is_written_is_read(tmp_path):
    file = SafetensorsFile(written(tmp_path / "x.safetensors", metadata={"format": "pt"}))
    assert file.metadata == {"format": "pt"}
    for name, array in ARRAYS.items():
        found = file.array(name)
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert (found == array).all()
    # One's own: changing it does not touch the file.
    file.array("b")[:] = 9
    assert (file.array("b") == ARRAYS["b"]).all()


def test_bfloat16(tmp_path):
    values = np.array([1.0, 1 + 2**-9, 3e38, -1e-40, 0.1], dtype=np.float32)
    path = tmp_path / "x.safetensors"
    write_safetensors(path, {"w": stored(values, "BF16")})
    found = SafetensorsFile(path).array("w")
    assert found.dtype == np.float32
    assert (found == nearest_bfloat16(values)).all()
    assert encoded(found, "BF16") == encoded(values, "BF16")


def test_bfloat16_against_torch():
    torch = pytest.importorskip("torch")
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32)
    values = bits.view(np.float32)
    theirs = torch.tensor(values).to(torch.bfloat16).to(torch.float32).numpy()
    ours = nearest_bfloat16(values)
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    assert (ours[~np.isnan(ours)] == theirs[~np.isnan(ours)]).all()


def test_against_the_library(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    found = library.load_file(written(tmp_path / "ours.safetensors"))
    for name, array in ARRAYS.items():
        assert (found[name] == array).all()
    library.save_file(ARRAYS, tmp_path / "theirs.safetensors", {"a": "b"})
    file = SafetensorsFile(tmp_path / "theirs.safetensors")
    assert file.metadata == {"a": "b"}
    for name, array in ARRAYS.items():
        assert (file.array(name) == array).all()


def raw_file(path, header, numbers=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + numbers)
    return path


def tensor(start=0, end=8, shape=(2,), kind="F32"):
    return {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}


def test_a_header_without_padding_is_read(tmp_path):
    for blanks in range(8):
        path = raw_file(tmp_path / "x", json.dumps({"w": tensor()}).encode() + b" " * blanks, bytes(8))
        assert (SafetensorsFile(path).array("w") == 0).all()


@pytest.mark.parametrize(
    ("header", "numbers", "word"),
    [
        ({"w": tensor()}, bytes(9), "end at byte 8, and 9 follow"),
        ({"w": tensor()}, bytes(7), "end at byte 8, and 7 follow"),
        ({"w": tensor(), "v": tensor(9, 17)}, bytes(17), "leaves a hole"),
        ({"w": tensor(), "v": tensor(4, 12)}, bytes(12), "overlaps"),
        ({"w": tensor(shape=(3,))}, bytes(8), "does not take bytes 0 to 8"),
        ({"w": tensor(kind="F33")}, bytes(8), "unknown type 'F33'"),
        ({"w": {"dtype": "F32"}}, bytes(8), "tells no type, shape and place of 'w'"),
        ({"w": tensor(shape=(-2,))}, bytes(8), "tells no type, shape and place of 'w'"),
        ({"w": tensor(shape=(True, 2))}, bytes(8), "tells no type"),
        ({"__metadata__": {"n": 1}}, b"", "metadata are not texts"),
        (b'{"w": 1', b"", "header is not JSON"),
        (b'["w"]', b"", "not a JSON object"),
        (b" {}", b"", "not a JSON object"),
        (b'{"a": 1, "a": 1}', b"", "'a' twice"),
        (b"\xff{}", b"", "header is not JSON"),
    ],
)
def test_broken_files(tmp_path, header, numbers, word):
    with pytest.raises(DomainError, match=word):
        SafetensorsFile(raw_file(tmp_path / "x.safetensors", header, numbers))


def test_cut_off_headers(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"\x01\x02")
    with pytest.raises(DomainError, match="it has 2 bytes"):
        SafetensorsFile(path)
    with pytest.raises(DomainError, match="it is cut off"):
        SafetensorsFile(raw_file(path, {}, length=50))
    with pytest.raises(DomainError, match="100000000 are allowed"):
        SafetensorsFile(raw_file(path, {}, length=100_000_001))
    with pytest.raises(DomainError, match="cannot be read"):
        SafetensorsFile(tmp_path / "none.safetensors")
    whole = written(path).read_bytes()
    for cut in (1, 40, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DomainError, match="is no safetensors file"):
            SafetensorsFile(path)


def test_numbers_that_do_not_fit():
    with pytest.raises(DomainError, match="does not fit the type F16"):
        encoded(np.array([1e6], dtype=np.float32), "F16")
    with pytest.raises(DomainError, match="cannot be written"):
        encoded(np.zeros(2), "I8")
    with pytest.raises(DomainError, match="cannot be read"):
        decoded(np.zeros(2, dtype=np.uint8), "F8_E4M3")
    assert widened(np.array([0x3F80], dtype=np.uint16)).tolist() == [1.0]


def test_shards(tmp_path):
    written(tmp_path / "one.safetensors", {"a": ARRAYS["b"]})
    written(tmp_path / "two.safetensors", {"b": ARRAYS["b"]})
    index = tmp_path / "model.safetensors.index.json"

    def told(places):
        index.write_text(json.dumps({"weight_map": places}))
        return read_shards(tmp_path)

    assert set(told({"a": "one.safetensors", "b": "two.safetensors"})) == {"a", "b"}
    for places, word in (
        ({"a": "one.safetensors", "b": "three.safetensors"}, "shard three.safetensors of .* is missing"),
        ({"a": "one.safetensors", "c": "two.safetensors"}, "does not hold 'c'"),
        ({"a": "one.safetensors"} | {"b": "../two.safetensors"}, "not in its own folder"),
    ):
        with pytest.raises(DomainError, match=word):
            told(places)
    written(tmp_path / "two.safetensors", {"b": ARRAYS["b"], "d": ARRAYS["b"]})
    with pytest.raises(DomainError, match="does not know it"):
        told({"a": "one.safetensors", "b": "two.safetensors"})
    index.write_text("[]")
    with pytest.raises(DomainError, match="is no index of shards"):
        read_shards(tmp_path)
    index.unlink()
    with pytest.raises(DomainError, match="holds neither"):
        read_shards(tmp_path)
