"""Real images, texts and molecules that are on this machine: nothing is fetched, and what is missing is said."""

from numerics.datasets.images import Images, images
from numerics.datasets.molecules import Molecules, molecules
from numerics.datasets.texts import Texts, texts
from numerics.datasets.tokens import BytePairs, Characters, byte_pairs, characters

__all__ = [
    "BytePairs",
    "Characters",
    "Images",
    "Molecules",
    "Texts",
    "byte_pairs",
    "characters",
    "images",
    "molecules",
    "texts",
]
