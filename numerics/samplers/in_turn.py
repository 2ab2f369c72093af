"""One of several models that take turns in a chain: its losses, picked out of those of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import Sampler


@dataclass(frozen=True)
class InTurn:
    """The losses of a chain at some of its places.

    Attributes
    ----------
    chain : draws the losses of all models of the chain
    places : rows of those that are wanted, from 0
    """

    chain: Sampler
    places: tuple[int, ...]

    @property
    def replicates_in_a_block(self) -> int:
        """As many as the chain draws together."""
        return self.chain.replicates_in_a_block

    def losses(self, rng: Generator, replicates: int) -> NDArray[np.float64]:
        """Losses of generations 1..G: an array of shape (G, replicates)."""
        return self.chain.losses(rng, replicates)[list(self.places)]
