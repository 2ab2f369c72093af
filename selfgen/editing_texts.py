"""What ``selfgen edit`` reads: pairs as texts or activations, and what the effect is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.activations import read_activations
from numerics.editing.effect import Bench, token_states
from numerics.editing.llama import Llama
from numerics.editing.llama_torch import on_torch
from numerics.editing.models import FolderModel, GgufModel
from numerics.editing.tokens import ByteLevelTokenizer
from numerics.editing.trial import shared_beginnings
from theory import DomainError

Array = NDArray[np.float64]
Model = FolderModel | GgufModel

#: Tokens of a text whose perplexity is measured together.
_CHUNK = 256


@dataclass(frozen=True)
class Pairs:
    """States of the pairs that subspaces are found in, and what the effect can be measured on.

    Attributes
    ----------
    chosen, rejected : arrays of shape (blocks, pairs, width)
    ids : pair of lists of names, or None
    llama : the model as it is computed here, or None
    contexts : texts of tokens, held out
    concept : tokens
    texts : texts of tokens for the perplexity
    """

    chosen: Array
    rejected: Array
    ids: tuple[Sequence[str], Sequence[str]] | None = None
    llama: Llama | None = None
    contexts: Sequence[Sequence[int]] = ()
    concept: Sequence[int] = ()
    texts: Sequence[Sequence[int]] = ()

    def benches(self, start: int) -> tuple[Bench, Bench] | None:
        """Contexts that the rank is chosen by, and those that the edit is judged by; None without a model or texts."""
        if self.llama is None or not self.contexts or not self.texts:
            return None
        half = len(self.texts) // 2
        parts = (self.contexts[::2], self.texts[:half]), (self.contexts[1::2], self.texts[half:])
        first, second = (Bench(self.llama, contexts, self.concept, texts, start) for contexts, texts in parts)
        return first, second


def read_pairs(
    model: Model,
    chosen: Path,
    rejected: Path,
    held_out: float,
    concept: Path | None,
    contexts: Path | None,
    text: Path | None,
    by_torch: bool = False,
) -> Pairs:
    """Pairs of two files, both of texts (a line each) or both of activations.

    The last ``held_out`` of pairs of texts are kept out of the subspaces: their common beginnings are the contexts, and
    what follows in the rejected (but in no chosen) ones is the concept, where files do not give both. States are
    computed by NumPy, or ``by_torch``.
    """
    if is_text(chosen) != is_text(rejected):
        raise DomainError(f"{chosen} and {rejected} are of two kinds: give two files of texts, or two of activations.")
    if not is_text(chosen):
        return _of_activations(model, chosen, rejected, concept, contexts, text, by_torch)
    sides = lines_of(chosen), lines_of(rejected)
    if len(sides[0]) != len(sides[1]):
        raise DomainError(
            f"{chosen} has {len(sides[0])} lines and {rejected} {len(sides[1])}: give pairs, a line each, in one order."
        )
    _verify_different(*sides)
    number = round(held_out * len(sides[0]))
    trained = len(sides[0]) - number
    if trained < 2:
        raise DomainError(f"{trained} pairs are left beside those held out, and 2 are needed: give more.")
    llama, tokenizer = _computed(model, by_torch), model.tokenizer()
    coded = [[tokenizer.encode(line) for line in side] for side in sides]
    states = [token_states(llama, side[:trained]) for side in coded]
    ends = list(shared_beginnings(*coded))
    words = (
        _tokens_of_words(tokenizer, concept) if concept else {bad for _, _, bad in ends} - {good for _, good, _ in ends}
    )
    begun = list(shared_beginnings(*(side[trained:] for side in coded)))
    places = _encoded(tokenizer, contexts) if contexts else [beginning for beginning, _, _ in begun]
    if len(places) < 4:
        raise DomainError(
            f"{len(places)} held-out pairs begin alike, and 4 are needed to measure an effect: give more pairs, or the "
            "contexts in a file of their own (--contexts)."
        )
    if not words:
        raise DomainError("no token follows in rejected texts alone: give the words of the concept (--concept).")
    texts = _chunks(tokenizer, text) if text else coded[0][trained:]
    return Pairs(states[0], states[1], None, llama, places, sorted(words), texts)


def _computed(model: Model, by_torch: bool) -> Llama:
    return on_torch(model.llama()) if by_torch else model.llama()


def is_text(path: Path) -> bool:
    """Whether a file holds texts, by its name."""
    return path.suffix not in (".npz", ".safetensors")


def lines_of(path: Path) -> list[str]:
    """The lines of a file that are not empty."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise DomainError(f"{path} is not a file of text in UTF-8.") from None
    found = [line for line in content.splitlines() if line.strip()]
    if not found:
        raise DomainError(f"{path} has no lines.")
    return found


def _verify_different(chosen: list[str], rejected: list[str]) -> None:
    pairs = list(zip(chosen, rejected, strict=True))
    same = [number for number, (one, other) in enumerate(pairs, 1) if one == other]
    if same:
        raise DomainError(f"line {same[0]} of chosen and of rejected are the same: give two different texts.")
    if len(set(pairs)) < len(pairs):
        twice = next(number for number, pair in enumerate(pairs, 1) if pair in pairs[: number - 1])
        raise DomainError(f"the pair of line {twice} is there before: give each pair once.")


def _of_activations(
    model: Model, chosen: Path, rejected: Path, concept: Path | None, contexts: Path | None, text: Path | None,
    by_torch: bool,
) -> Pairs:  # fmt: skip
    sides = [read_activations(path) for path in (chosen, rejected)]
    norm = model.final_norm()
    states = [side.behind_blocks(model.blocks, norm) for side in sides]
    if states[0].shape[2] != model.width:
        raise DomainError(f"activations have width {states[0].shape[2]}, and the model {model.width}.")
    one, other = sides[0].ids, sides[1].ids
    ids = None if one is None or other is None else (one, other)
    given = [path for path in (concept, contexts, text) if path is not None]
    if not given:
        return Pairs(states[0], states[1], ids)
    if concept is None or contexts is None or text is None:
        raise DomainError("an effect is measured with --concept, --contexts and --text: give all three, or none.")
    llama, tokenizer = _computed(model, by_torch), model.tokenizer()
    return Pairs(
        states[0], states[1], ids, llama, _encoded(tokenizer, contexts),
        sorted(_tokens_of_words(tokenizer, concept)), _chunks(tokenizer, text),
    )  # fmt: skip


def _tokens_of_words(tokenizer: ByteLevelTokenizer, path: Path) -> set[int]:
    """The first token of each word, as it stands behind a blank."""
    skipped = 0 if tokenizer.first is None else 1
    return {tokenizer.encode(f" {word.strip()}")[skipped] for word in lines_of(path)}


def _encoded(tokenizer: ByteLevelTokenizer, path: Path) -> list[list[int]]:
    return [tokenizer.encode(line) for line in lines_of(path)]


def _chunks(tokenizer: ByteLevelTokenizer, path: Path) -> list[list[int]]:
    """A text in parts of one length, the last one shorter."""
    tokens: list[Any] = tokenizer.encode("\n".join(lines_of(path)))
    return [tokens[start : start + _CHUNK] for start in range(0, len(tokens), _CHUNK)]
