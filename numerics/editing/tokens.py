"""Texts as tokens: byte-level byte-pair encoding, as in GGUF files and tokenizer.json, without another package.

The splitting before the merges is by classes of characters (letters, numbers, spaces, others), which Python's own
regular expressions do not know; a string of one class letter a character is searched in place of the text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from theory.errors import DomainError

#: Contractions that GPT-2 cuts off; others do so in any case of letters.
_CONTRACTIONS = r"'(?:s|t|re|ve|m|ll|d)"
#: By the names of GGUF: contractions, and the pieces in letters of classes (blank, S other space, R line end).
_SPLITS = {
    "gpt-2": (re.compile(_CONTRACTIONS), re.compile(r" ?L+| ?N+| ?O+|[ SR]+(?![^ SR])|[ SR]+"), False),
    "smollm": (re.compile(_CONTRACTIONS), re.compile(r" ?L+| ?N+| ?O+|[ SR]+(?![^ SR])|[ SR]+"), True),
    "llama-bpe": (
        re.compile(_CONTRACTIONS, re.IGNORECASE),
        re.compile(r"[^RLN]?L+|N{1,3}| ?O+R*|[ SR]*R+|[ SR]+(?![^ SR])|[ SR]+"),
        False,
    ),
    "qwen2": (
        re.compile(_CONTRACTIONS, re.IGNORECASE),
        re.compile(r"[^RLN]?L+|N| ?O+R*|[ SR]*R+|[ SR]+(?![^ SR])|[ SR]+"),
        False,
    ),
}


def bytes_as_letters() -> dict[int, str]:
    """The letter that stands for each byte in the pieces of byte-level encodings (GPT-2, 2019).

    Examples
    --------
    >>> bytes_as_letters()[32]
    'Ġ'
    """
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain}
    return letters | {byte: chr(256 + place) for place, byte in enumerate(others)}


class ByteLevelTokenizer:
    """Byte-level byte-pair encoding.

    Parameters
    ----------
    pieces : texts, the place is the number of the token
    merges : texts "left right", the most urgent first
    split : one of "gpt-2", "smollm", "llama-bpe", "qwen2"
    first : int, optional
        The token that every text begins with.

    Notes
    -----
    Radford et al. (2019); checked against the package tokenizers.

    Examples
    --------
    >>> coder = ByteLevelTokenizer(["a", "b", "ab", "Ġ"], ["a b"], "gpt-2")
    >>> coder.encode("ab b"), coder.decode([2, 3, 1])
    ([2, 3, 1], 'ab b')
    """

    def __init__(self, pieces: Sequence[str], merges: Sequence[str], split: str, first: int | None = None) -> None:
        if split not in _SPLITS:
            raise DomainError(f"texts split as {split!r} are not known: {', '.join(_SPLITS)} are; give activations.")
        self.pieces, self.first = list(pieces), first
        self._numbers = {piece: number for number, piece in enumerate(self.pieces)}
        self._ranks = {tuple(merge.split(" ", 1)): rank for rank, merge in enumerate(merges)}
        self._contraction, self._classes, self._single = _SPLITS[split]
        self._letters = bytes_as_letters()
        self._bytes = {letter: byte for byte, letter in self._letters.items()}
        self._merged: Callable[[str], tuple[int, ...]] = lru_cache(maxsize=1 << 16)(self._merge)

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Tokens of a text; special tokens in it are taken as the letters they are written with."""
        found = [] if self.first is None else [self.first]
        for word in self._words(text):
            found.extend(self._merged("".join(self._letters[byte] for byte in word.encode("utf-8"))))
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; bytes that are no UTF-8 are replaced."""
        raw = bytearray()
        for token in tokens:
            piece = self.pieces[token]
            known = all(letter in self._bytes for letter in piece)
            raw += bytes(self._bytes[letter] for letter in piece) if known else piece.encode("utf-8")
        return raw.decode("utf-8", errors="replace")

    def _words(self, text: str) -> list[str]:
        classes = "".join(map(_class_of, text))
        parts = re.split("(N)", classes) if self._single else [classes]
        found, start = [], 0
        for part in parts:
            found += self._split(text[start : start + len(part)], part)
            start += len(part)
        return found

    def _split(self, text: str, classes: str) -> list[str]:
        found, place = [], 0
        while place < len(text):
            match = self._contraction.match(text, place) or self._classes.match(classes, place)
            end = match.end() if match else place + 1
            found.append(text[place:end])
            place = end
        return found

    def _merge(self, word: str) -> tuple[int, ...]:
        parts = list(word)
        while len(parts) > 1:
            ranks = [self._ranks.get(pair) for pair in pairwise(parts)]
            known = [rank for rank in ranks if rank is not None]
            if not known:
                break
            least = min(known)
            left, right = parts[ranks.index(least)], parts[ranks.index(least) + 1]
            merged, place = [], 0
            while place < len(parts):
                if parts[place : place + 2] == [left, right]:
                    merged.append(left + right)
                    place += 2
                else:
                    merged.append(parts[place])
                    place += 1
            parts = merged
        lost = next((part for part in parts if part not in self._numbers), None)
        if lost is not None:
            raise DomainError(f"the tokenizer has no token for the byte {lost!r}: its list of tokens is not whole.")
        return tuple(self._numbers[part] for part in parts)


@lru_cache(maxsize=1 << 14)
def _class_of(character: str) -> str:
    if character == " ":
        return " "
    if character in "\r\n":
        return "R"
    if character.isspace():
        return "S"
    return {"L": "L", "N": "N"}.get(unicodedata.category(character)[0], "O")


def tokenizer_of_json(path: Path) -> ByteLevelTokenizer:
    """The tokenizer of a tokenizer.json that is byte-level byte-pair encoding.

    Raises
    ------
    DomainError
        For one of another kind.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise DomainError(f"{path} is not JSON.") from None
    model = told.get("model") or {}
    vocabulary = model.get("vocab")
    if model.get("type", "BPE") != "BPE" or not isinstance(vocabulary, dict) or model.get("byte_fallback"):
        raise DomainError(f"{path} is no byte-level byte-pair encoding: give activations in place of texts.")
    added = {entry["content"]: int(entry["id"]) for entry in told.get("added_tokens", [])}
    numbers = vocabulary | added
    pieces = [""] * (1 + max(numbers.values()))
    for piece, number in numbers.items():
        pieces[number] = piece
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model.get("merges", [])]
    return ByteLevelTokenizer(pieces, merges, _split_of(told.get("pre_tokenizer"), path))


def _split_of(told: Any, path: Path) -> str:
    """Which of the known splittings a pre-tokenizer is."""
    steps = (told or {}).get("pretokenizers", [told or {}])
    kinds = [step.get("type") for step in steps]
    patterns = [str((step.get("pattern") or {}).get("Regex", "")) for step in steps]
    if kinds == ["ByteLevel"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    if kinds == ["Split", "ByteLevel"]:
        return "llama-bpe" if r"\p{N}{1,3}" in patterns[0] else "qwen2"
    raise DomainError(f"{path} splits texts by {kinds}, which is not known here: give activations in place of texts.")
