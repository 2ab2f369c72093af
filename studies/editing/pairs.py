"""Pairs of a harmless concept, negative evaluation: the same sentence with a good and with a bad word at its end.

Words, things and frames of the held-out contexts are in no training pair.
"""

from __future__ import annotations

from itertools import product

import numpy as np

TRAINED = [
    ("wonderful", "terrible"), ("excellent", "awful"), ("great", "bad"), ("delightful", "horrible"),
    ("beautiful", "ugly"), ("superb", "dreadful"), ("brilliant", "stupid"), ("impressive", "disappointing"),
    ("charming", "annoying"), ("exciting", "boring"), ("pleasant", "unpleasant"), ("perfect", "poor"),
    ("amazing", "mediocre"), ("fantastic", "pathetic"), ("lovely", "nasty"), ("outstanding", "inferior"),
]  # fmt: skip
HELD_OUT = [
    "worse", "worst", "useless", "disgusting", "frustrating", "weak", "sad", "rude", "dull", "cold", "dirty", "slow",
    "miserable", "hopeless", "painful", "messy", "lousy", "ridiculous", "tedious", "confusing",
]  # fmt: skip
THINGS = [
    "film", "book", "meal", "hotel", "concert", "garden", "play", "lecture", "song", "painting", "restaurant", "journey",
    "house", "dress", "speech", "game", "show", "article", "trip", "view", "soup", "poem", "museum", "coffee", "design",
    "party", "course", "car", "letter", "dinner", "novel", "beach",
]  # fmt: skip
FRAMES = [
    "We thought that the {thing} was {word}.", "Everybody said the {thing} was {word}.",
    "To be honest, the {thing} was {word}.", "My sister wrote that the {thing} had been {word}.",
    "In the end the {thing} turned out to be {word}.", "Most visitors found the {thing} rather {word}.",
    "Last year the {thing} was simply {word}.", "The critics called the {thing} {word}.",
]  # fmt: skip
OTHER_THINGS = ["phone", "bread", "theatre", "teacher", "bridge", "weather", "service", "story", "match", "cake"]
OTHER_FRAMES = [
    "I have to say that the {thing} was", "Her review says that the {thing} was really", "Looking back, the {thing} was so",
    "They complained because the {thing} was", "He told us the {thing} was very", "After an hour the {thing} became",
]  # fmt: skip


def training_pairs(number: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """So many different sentences with a good word, and with a bad one."""
    order = np.random.default_rng(seed).permutation(len(THINGS) * len(FRAMES) * len(TRAINED))[:number]
    cells = list(product(THINGS, FRAMES, TRAINED))
    sides: tuple[list[str], list[str]] = ([], [])
    for place in order:
        thing, frame, words = cells[place]
        for side, word in zip(sides, words, strict=True):
            side.append(frame.format(thing=thing, word=word))
    return sides


def held_out_contexts() -> list[str]:
    """Sentences of other things and frames, before their last word."""
    return [frame.format(thing=thing) for thing, frame in product(OTHER_THINGS, OTHER_FRAMES)]
