"""Covariances between generations: at hand, or measured when somebody asks, on the same chains drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.blocks import Sampler, all_moments
from theory.errors import DomainError

Array = NDArray[np.float64]

#: Covariances between more generations than this fit no memory.
MOST_PAIRED = 10_000
HELD = "_covariance"


@dataclass(frozen=True, eq=False)
class Unpaired:
    """Variances that are known, and the chains to draw again for what is not."""

    variance: Array
    sampler: Sampler
    replicates: int
    seed: int

    def covariance(self) -> Array:
        """Covariances between all generations.

        Raises
        ------
        DomainError
            When they fit no memory.
        """
        count = len(self.variance)
        if count > MOST_PAIRED:
            raise DomainError(
                f"generations = {count} have {count}² covariances, which fit no memory: their variances are known, "
                f"covariances of {MOST_PAIRED} generations or fewer."
            )
        found = all_moments(self.sampler, self.replicates, self.seed, None, False, paired=True)
        return found.comoment / (self.replicates - 1)


class Covariance:
    """The attribute ``covariance``: an array, or what it is made from when it is first read."""

    def __get__(self, instance: Any, owner: type) -> Array:
        if instance is None:
            raise AttributeError("covariance is one of a simulation")
        held = vars(instance)[HELD]
        if isinstance(held, Unpaired):
            held = vars(instance)[HELD] = held.covariance()
        return held

    def __set__(self, instance: Any, value: Array | Unpaired) -> None:
        vars(instance)[HELD] = value


def variance(instance: Any) -> Array:
    """The diagonal of the attribute ``covariance``, which is not made for it."""
    held = vars(instance)[HELD]
    return held.variance if isinstance(held, Unpaired) else np.diag(held)
