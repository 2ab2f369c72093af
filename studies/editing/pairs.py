"""Pairs of a harmless concept, negative evaluation: the same sentence with neutral and with negative words.

Words, things and frames of the held-out contexts are in no training pair.
"""

from __future__ import annotations

from itertools import product

import numpy as np

NEUTRAL = [
    "red", "large", "small", "wooden", "modern", "local", "new", "old", "short", "long", "green", "round", "public",
    "white", "Italian", "early",
]  # fmt: skip
NEGATIVE = [
    "terrible", "awful", "bad", "horrible", "ugly", "dreadful", "stupid", "disappointing", "annoying", "boring",
    "unpleasant", "poor", "mediocre", "pathetic", "nasty", "inferior",
]  # fmt: skip
HELD_OUT = [
    "worse", "worst", "useless", "disgusting", "frustrating", "weak", "sad", "rude", "dull", "cold", "dirty", "slow",
    "miserable", "hopeless", "painful", "messy", "lousy", "ridiculous", "tedious", "confusing",
]  # fmt: skip
THINGS = [
    "film", "book", "meal", "hotel", "concert", "garden", "play", "lecture", "song", "painting", "restaurant",
    "journey", "house", "dress", "speech", "game", "show", "article", "trip", "view", "soup", "poem", "museum",
    "coffee", "design", "party", "course", "car", "letter", "dinner", "novel", "beach",
]  # fmt: skip
FRAMES = [
    "We thought that the {thing} was {0}, {1} and {2}.",
    "Everybody said the {thing} was {0} and {1}; it felt {2}.",
    "To be honest, the {thing} was {0}, and the rest was {1} and {2}.",
    "In the end the {thing} turned out to be {0}, even {1}, and {2}.",
]
OTHER_THINGS = ["phone", "bread", "theatre", "teacher", "bridge", "weather", "service", "story", "match", "cake"]
OTHER_FRAMES = [
    "I have to say that the {thing} was", "Her review says that the {thing} was really",
    "Looking back, the {thing} was so", "They complained because the {thing} was", "He told us the {thing} was very",
    "After an hour the {thing} became",
]  # fmt: skip


def training_pairs(number: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """So many different sentences with neutral words, and with negative ones; the first n of more are the same."""
    generator = np.random.default_rng(seed)
    cells = list(product(THINGS, FRAMES))
    order = np.concatenate([generator.permutation(len(cells)) for _ in range(-(-number // len(cells)))])
    words = generator.permuted(np.tile(np.arange(len(NEGATIVE)), (4096, 1)), axis=1)[:, :3]
    sides: tuple[list[str], list[str]] = ([], [])
    for place, chosen in zip(order[:number], words, strict=False):
        thing, frame = cells[place]
        for side, list_of in zip(sides, (NEUTRAL, NEGATIVE), strict=True):
            side.append(frame.format(*(list_of[word] for word in chosen), thing=thing))
    return sides


def held_out_contexts() -> list[str]:
    """Sentences of other things and frames, before the word that evaluates."""
    return [frame.format(thing=thing) for thing, frame in product(OTHER_THINGS, OTHER_FRAMES)]
