"""Byte-level encodings against the package tokenizers, and what is refused."""

from __future__ import annotations

import json
import random

import pytest

from numerics.editing.tokens import ByteLevelTokenizer, bytes_as_letters, tokenizer_of_json
from theory import DomainError

LETTERS = bytes_as_letters()
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "Ġ Ġ", "l l", "' ll", "1 2", "Ã ©"]
PIECES = [*LETTERS.values(), "Ġt", "he", "Ġthe", "in", "ĠĠ", "ll", "'ll", "12", "Ã©"]


def texts():
    random.seed(0)
    letters = "the in ll' 's 'LL 12 é中１½² \n\r\n\t  .,!\u00a0\u0301x_"
    return ["".join(random.choice(letters) for _ in range(40)) for _ in range(300)] + ["", " ", "the the  the\n\n"]


STEPS = {
    "gpt-2": lambda p: p.ByteLevel(add_prefix_space=False),
    "smollm": lambda p: p.Sequence([p.Digits(individual_digits=True), p.ByteLevel(add_prefix_space=False)]),
}


@pytest.mark.parametrize("split", ["gpt-2", "smollm", "llama-bpe", "qwen2"])
def test_against_the_library(split):
    library = pytest.importorskip("tokenizers")
    numbers = {piece: place for place, piece in enumerate(PIECES)}
    theirs = library.Tokenizer(library.models.BPE(numbers, [tuple(merge.split(" ")) for merge in MERGES]))
    if split in STEPS:
        theirs.pre_tokenizer = STEPS[split](library.pre_tokenizers)
    else:
        digits = r"\p{N}{1,3}" if split == "llama-bpe" else r"\p{N}"
        pattern = (
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits
            + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )  # fmt: skip
        theirs.pre_tokenizer = library.pre_tokenizers.Sequence(
            [
                library.pre_tokenizers.Split(library.Regex(pattern), "isolated"),
                library.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    ours = ByteLevelTokenizer(PIECES, MERGES, split)
    for text in texts():
        assert ours.encode(text) == theirs.encode(text).ids, repr(text)


def test_there_and_back():
    for split in ("gpt-2", "smollm", "llama-bpe", "qwen2"):
        ours = ByteLevelTokenizer(PIECES, MERGES, split)
        for text in texts():
            assert ours.decode(ours.encode(text)) == text


def test_a_first_token():
    assert ByteLevelTokenizer(PIECES, MERGES, "gpt-2", first=7).encode(" the") == [7, PIECES.index("Ġthe")]


def test_a_tokenizer_of_json(tmp_path):
    path = tmp_path / "tokenizer.json"
    told = {
        "model": {"type": "BPE", "vocab": {piece: place for place, piece in enumerate(PIECES)}, "merges": MERGES},
        "pre_tokenizer": {"type": "ByteLevel"},
        "added_tokens": [{"content": "<end>", "id": len(PIECES)}],
    }

    def read(**changes):
        path.write_text(json.dumps(told | changes))
        return tokenizer_of_json(path)

    ours = read()
    assert ours.encode("the in") == ByteLevelTokenizer(PIECES, MERGES, "gpt-2").encode("the in")
    assert ours.pieces[-1] == "<end>"
    merges = [merge.split(" ") for merge in MERGES]
    assert read(model=told["model"] | {"merges": merges}).encode(" the") == [PIECES.index("Ġthe")]
    for changes, word in (
        ({"model": {"type": "Unigram"}}, "is no byte-level byte-pair encoding"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, r"splits texts by \['Whitespace'\]"),
    ):
        with pytest.raises(DomainError, match=word):
            read(**changes)
    path.write_text("{")
    with pytest.raises(DomainError, match="is not JSON"):
        tokenizer_of_json(path)


def test_bad_input():
    with pytest.raises(DomainError, match="texts split as 'bert' are not known"):
        ByteLevelTokenizer(PIECES, MERGES, "bert")
    with pytest.raises(DomainError, match="no token for the byte 'b'"):
        ByteLevelTokenizer(["a"], [], "gpt-2").encode("ab")
