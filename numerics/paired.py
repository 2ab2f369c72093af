"""What a simulation tells when it is asked: at hand, or measured then, on the same chains drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.blocks import Moments, Sampler, all_moments
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


#: Attributes that tell how the losses of single replicates lie about their mean.
SHAPE = ("largest_share", "skewness", "excess")


def shape(moments: Moments) -> dict[str, Array]:
    """The attributes ``SHAPE``; zero where the loss does not vary."""
    squares, spread = moments.squares, moments.squares / moments.count
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        skewness = np.where(spread > 0, moments.cubes / moments.count / spread**1.5, 0.0)
        excess = np.where(spread > 0, moments.fourths / moments.count / spread**2 - 3, 0.0)
        extreme = np.maximum(moments.largest - moments.mean, moments.mean - moments.smallest) ** 2
        share = np.divide(extreme, squares, out=np.zeros_like(squares), where=squares != 0)
    return {"largest_share": share, "skewness": skewness, "excess": excess}


@dataclass(frozen=True, eq=False)
class Unshaped:
    """The chains to draw again for the shape of their losses."""

    sampler: Sampler
    replicates: int
    seed: int

    def shape(self) -> dict[str, Array]:
        """The attributes ``SHAPE``."""
        return shape(all_moments(self.sampler, self.replicates, self.seed, None, False, paired=False))


@dataclass(frozen=True)
class Shape:
    """One of the attributes ``SHAPE``: an array, or what all of them are made from when the first is read."""

    name: str

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            raise AttributeError(f"{self.name} is one of a simulation")
        held = vars(instance)
        unshaped = held[f"_{self.name}"]
        if isinstance(unshaped, Unshaped):
            found = unshaped.shape()
            held.update({f"_{name}": found[name] for name in SHAPE if isinstance(held[f"_{name}"], Unshaped)})
        return held[f"_{self.name}"]

    def __set__(self, instance: Any, value: Array | Unshaped | None) -> None:
        vars(instance)[f"_{self.name}"] = value
