"""Texts as whole numbers, and back: a number a character, or byte pairs that were learnt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.run.rows import Documents
from theory.errors import DomainError
from theory.expressions.arguments import whole_number


@dataclass(frozen=True)
class Characters:
    """A number for each character.

    Attributes
    ----------
    alphabet : characters, in order
    """

    alphabet: str

    @property
    def vocabulary(self) -> int:
        """How many there are."""
        return len(self.alphabet)

    @property
    def name(self) -> str:
        """What tells one from another."""
        return f"characters {sha256(self.alphabet.encode()).hexdigest()[:12]}"

    def encode(self, text: str) -> NDArray[Any]:
        """Tokens of a text, (T,); a character that is none of the alphabet is refused."""
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        known = np.array([ord(character) for character in self.alphabet], np.uint32)
        places = np.searchsorted(known, codes).clip(max=len(known) - 1)
        strange = np.flatnonzero(known[places] != codes)
        if len(strange):
            raise DomainError(f"text has the character {text[strange[0]]!r}, which is not in the alphabet.")
        return places.astype(np.uint8 if len(known) <= 256 else np.uint16)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens."""
        return "".join(self.alphabet[int(token)] for token in tokens)


@dataclass(frozen=True)
class BytePairs:
    """Byte pairs: a text is bytes, of which frequent neighbours are one token.

    Attributes
    ----------
    tokenizer : of the package ``tokenizers``
    """

    tokenizer: Any

    @property
    def vocabulary(self) -> int:
        """How many there are."""
        return int(self.tokenizer.get_vocab_size())

    @property
    def name(self) -> str:
        """What tells one from another: the pieces, not the file, which may differ in what has no effect."""
        pieces = sorted(self.tokenizer.get_vocab().items(), key=lambda item: item[1])
        return f"byte pairs {sha256(repr(pieces).encode()).hexdigest()[:12]}"

    def encode(self, text: str) -> NDArray[Any]:
        """Tokens of a text, (T,)."""
        kind: Any = np.uint16 if self.vocabulary <= 2**16 else np.uint32
        return np.array(self.tokenizer.encode(text).ids, kind)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that are no text show as the replacement character."""
        return str(self.tokenizer.decode([int(token) for token in tokens]))


def characters(texts: Iterable[str]) -> Characters:
    """The alphabet of texts.

    Notes
    -----
    Built here.

    Examples
    --------
    >>> found = characters(["abba", "cab"])
    >>> found.encode("cab").tolist(), found.decode([1, 0])
    ([2, 0, 1], 'ba')
    """
    found = sorted({character for text in texts for character in text})
    if not found:
        raise DomainError("there are no characters: give texts with some.")
    return Characters("".join(found))


def byte_pairs(texts: Sequence[str], vocabulary: int) -> BytePairs:
    """Learn byte pairs, until there are ``vocabulary`` tokens or nothing occurs twice; 256 of them are the bytes.

    Notes
    -----
    Sennrich, Haddow and Birch 2016, on bytes as in GPT-2 (Radford et al. 2019), by the package ``tokenizers``.

    Examples
    --------
    >>> found = byte_pairs(["low lower lowest"] * 5, 260)  # doctest: +SKIP
    """
    size = whole_number("vocabulary", vocabulary, 256)
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise DomainError(
            "byte pairs need the package tokenizers: pip install tokenizers, or take characters."
        ) from None
    # All bytes are tokens, so that nothing is dropped; and no blank is put before a text.
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False, min_frequency=2)
    tokenizer.train_from_iterator(texts, trainer)
    return BytePairs(tokenizer)


def windows(tokens: NDArray[Any], length: int) -> NDArray[Any]:
    """Rows of ``length`` tokens, one after the other; what is left at the end is left out."""
    count = len(tokens) // length
    if not count:
        raise DomainError(f"the text has {len(tokens)} tokens, fewer than one row of {length}.")
    return tokens[: count * length].reshape(count, length)


def documents(texts: Iterable[str], tokens: Characters | BytePairs) -> Documents:
    """Each text as a document."""
    return Documents.of([tokens.encode(text) for text in texts])
