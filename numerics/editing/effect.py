r"""What an edit does: the probability of a concept's words in held-out contexts, and the perplexity of other text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.editing.llama import Floats, Llama, Tokens
from theory.errors import DomainError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A quantity before and after, on the same held-out texts.

    Attributes
    ----------
    before, after : float
    relative : float
        after/before − 1.
    standard_error : float
        Of ``relative``, over texts, which are taken to be independent.

    Notes
    -----
    Measured here.
    """

    before: float
    after: float
    relative: float
    standard_error: float


@dataclass(frozen=True)
class Effect:
    """Concept mass and perplexity of an edited model, beside those of the model before.

    Attributes
    ----------
    mass : Change
        Mean probability of the concept's tokens at the end of held-out contexts.
    perplexity : Change
    tokens : int
        That the perplexity is of.

    Notes
    -----
    Measured here.
    """

    mass: Change
    perplexity: Change
    tokens: int


class Bench:
    """Held-out contexts and texts of a model, computed once up to the first block that is edited.

    Parameters
    ----------
    model : Llama
    contexts : texts of tokens, at whose ends the concept's mass is measured
    concept : tokens of the concept
    texts : texts of tokens, two or more each, whose perplexity is measured
    start : int
        The first edited block; all before are not computed again.

    Notes
    -----
    Made here; mass and losses are averaged in float64.
    """

    def __init__(
        self, model: Llama, contexts: Sequence[Tokens], concept: Iterable[int], texts: Sequence[Tokens], start: int = 0
    ) -> None:
        self.concept = np.array(sorted(set(concept)))
        if not len(self.concept):
            raise DomainError("the concept has no tokens: give words of it.")
        if len(contexts) < 2:
            raise DomainError(f"{len(contexts)} held-out contexts are not enough: give 2 or more.")
        self.texts = [np.asarray(text) for text in texts if len(text) > 1]
        if len(self.texts) < 2:
            raise DomainError("the text for the perplexity is too short: give two lines of two tokens or more.")
        self.contexts, self.start = [np.asarray(text) for text in contexts], start
        self._given = [model.hidden(part, stop=start) for part in (self.contexts, self.texts)]
        self.mass = self._mass(model)
        self.losses = self._losses(model)

    @property
    def tokens(self) -> int:
        """Tokens with a loss: all but the first of each text."""
        return sum(len(text) - 1 for text in self.texts)

    def _mass(self, model: Llama) -> Array:
        rows = model.hidden(self.contexts, self.start, self._given[0])
        ends = rows[np.cumsum([len(text) for text in self.contexts]) - 1]
        parts = [
            np.exp(found[:, self.concept].astype(np.float64)).sum(axis=1) for _, found in model.log_probabilities(ends)
        ]
        return np.concatenate(parts)

    def _losses(self, model: Llama) -> list[Array]:
        rows = model.hidden(self.texts, self.start, self._given[1])
        targets = np.concatenate([np.append(text[1:], 0) for text in self.texts])
        found = np.empty(len(rows))
        for part, logs in model.log_probabilities(rows):
            found[part] = -logs[np.arange(len(logs)), targets[part]]
        ends = np.cumsum([len(text) for text in self.texts])
        return [found[end - len(text) : end - 1] for end, text in zip(ends, self.texts, strict=True)]

    def mass_of(self, edited: Llama) -> Change:
        """The change of the concept's mass alone, which costs less."""
        return mass_change(self.mass, self._mass(edited))

    def effect(self, edited: Llama) -> Effect:
        """What an edited model does on the same contexts and texts; ``last`` keeps mass and losses of each."""
        self.last = self._mass(edited), self._losses(edited)
        return Effect(mass_change(self.mass, self.last[0]), loss_change(self.losses, self.last[1]), self.tokens)


def mass_change(before: Array, after: Array) -> Change:
    """A change of mean mass, with the standard error of the ratio of means over contexts."""
    start, end = float(before.mean()), float(after.mean())
    ratio = end / start
    spread = float((after - ratio * before).std(ddof=1)) / math.sqrt(len(before)) / start
    return Change(start, end, ratio - 1, spread)


def loss_change(before: Sequence[Array], after: Sequence[Array]) -> Change:
    """A change of perplexity from losses a token, with its standard error over texts."""
    tokens = sum(map(len, before))
    means = [sum(float(part.sum()) for part in side) / tokens for side in (before, after)]
    rise = np.array([float((new - old).sum()) for old, new in zip(before, after, strict=True)])
    lengths = np.array([len(part) for part in before])
    rest = rise - (means[1] - means[0]) * lengths
    spread = math.sqrt(float((rest**2).sum()) * len(rest) / (len(rest) - 1)) / tokens
    ratio = math.exp(means[1] - means[0])
    return Change(math.exp(means[0]), math.exp(means[1]), ratio - 1, ratio * spread)


def with_weights(model: Llama, weights: dict[tuple[int, str], Floats]) -> Llama:
    """The model with some weights of blocks in place of its own; the others are shared.

    Notes
    -----
    Made here.
    """
    blocks: list[dict[str, Any]] = [dict(block) for block in model.blocks]
    for (number, name), matrix in weights.items():
        blocks[number][name] = np.asarray(matrix, dtype=np.float32)
    return replace(model, blocks=blocks)


def token_states(model: Llama, texts: Sequence[Tokens], skip: int = 1, batch: int = 32) -> Array:
    """Means over the tokens of each text behind each block, shape (blocks, texts, width), float64.

    Parameters
    ----------
    model : Llama
    texts : texts of tokens
    skip : int
        First tokens that are left out of texts that are longer. The first token of a text gathers attention, and its
        state is a hundred times as long as others: in a mean it tells little but how many tokens the text has.
    batch : int
        Texts computed together; it changes memory alone.

    Notes
    -----
    Made here; on attention sinks Xiao et al. (2023).
    """
    found = np.empty((model.shape.blocks, len(texts), model.shape.width))
    for begin in range(0, len(texts), batch):
        part = texts[begin : begin + batch]
        ends = np.cumsum([len(text) for text in part])
        spans = [(end - len(text) + min(skip, len(text) - 1), end) for end, text in zip(ends, part, strict=True)]

        def keep(number: int, rows: Floats, begin: int = begin, spans: Any = spans) -> None:
            for place, (start, end) in enumerate(spans):
                found[number, begin + place] = rows[start:end].mean(axis=0, dtype=np.float64)

        model.hidden(part, seen=keep)
    return found
