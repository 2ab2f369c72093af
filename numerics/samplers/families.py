r"""The six Morris families in canonical coordinates: points, and the law of a block mean.

All six are closed under sums: N points of index r and mean y add up to one draw of index N r and mean
N y, so a block costs O(1) however many points it has.

| kind               | V(y)      | index r           |
|--------------------|-----------|-------------------|
| normal             | r         | variance          |
| poisson            | y         | (1)               |
| gamma              | y²/r      | shape             |
| binomial           | y − y²/r  | trials            |
| negative binomial  | y + y²/r  | number of failures|
| hyperbolic secant  | r + y²/r  | r                 |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.samplers.binomial import MOST_TABLES, MOST_TRIALS, tabulated_binomial
from numerics.samplers.draws import binomial, poisson, standard_gamma
from numerics.samplers.hyperbolic_secant import hyperbolic_secant
from theory.errors import DomainError
from theory.models.exponential_family import ExponentialFamily
from theory.models.morris import morris_family

Array = NDArray[np.float64]

# Points drawn at a time by ``averaged_points``: 1 MiB, which stays in the cache.
SLAB = 2**17
# A mean this far outside its domain, relative to the index, is more than rounding.
OUTSIDE = 1e-9


@dataclass(frozen=True)
class Kind(ABC):
    """One Morris family with known index."""

    index: float

    @abstractmethod
    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """``count`` points for every mean: shape ``(count, *mean.shape)``."""

    @abstractmethod
    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points, drawn from its own law."""

    def total(self, rng: Generator, mean: Array, count: int) -> Array:
        """The sum of ``count`` points, each of them drawn."""
        return self.points(rng, mean, count).sum(axis=0)

    def for_blocks(self, counts: NDArray[np.int64]) -> Kind:
        """The same family, prepared for blocks of these sizes."""
        return self

    def within(self, mean: Array) -> Array:
        """``mean`` with rounding at the edge of the mean domain removed."""
        return mean


class Normal(Kind):
    """Normal of variance ``index``."""

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        noise = rng.standard_normal((count, *mean.shape))
        noise *= np.sqrt(self.index)
        noise += mean
        return noise

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        noise = rng.standard_normal(mean.shape)
        noise *= np.sqrt(self.index / count)
        noise += mean
        return noise


class Nonnegative(Kind):
    """A family whose means are nonnegative."""

    def within(self, mean: Array) -> Array:
        """The mean with negative rounding removed; DomainError when it is more than rounding."""
        lowest = mean.min()
        if lowest >= 0:
            return mean
        if lowest < -OUTSIDE * max(1.0, self.index):
            raise DomainError(f"weights take a fitted mean to {lowest:.4g}: this family has nonnegative means only.")
        return np.maximum(mean, 0.0)


class Poisson(Nonnegative):
    """Poisson; the index is 1."""

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        return _poisson(rng, np.broadcast_to(mean, (count, *mean.shape)))

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        return _poisson(rng, count * mean) / count


class Gamma(Nonnegative):
    """Gamma of shape ``index``."""

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        draws = standard_gamma(rng, self.index, (count, *mean.shape))
        draws *= mean / self.index
        return draws

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        shape = count * self.index
        draws = standard_gamma(rng, shape, mean.shape)
        draws *= mean
        draws /= shape
        return draws


@dataclass(frozen=True)
class Binomial(Nonnegative):
    """``tabulated``: the totals of trials whose law is drawn from tables."""

    tabulated: tuple[int, ...] = ()

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        shape = (count, *mean.shape)
        if self.index == 1:
            return (rng.random(shape) < mean).astype(np.float64)
        return binomial(rng, int(self.index), mean / self.index, shape).astype(np.float64)

    def total(self, rng: Generator, mean: Array, count: int) -> Array:
        """The sum of ``count`` points; of flips, counted as bytes."""
        if self.index != 1 or count > 255:
            return super().total(rng, mean, count)
        flips = rng.random((count, *mean.shape)) < mean
        return flips.view(np.uint8).sum(axis=0, dtype=np.uint8).astype(np.float64)

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        trials = count * int(self.index)
        success = mean if self.index == 1 else mean / self.index
        if trials in self.tabulated:
            return tabulated_binomial(rng, trials, success) / count
        return binomial(rng, trials, success) / count

    def for_blocks(self, counts: NDArray[np.int64]) -> Binomial:
        """With tables for the totals of these blocks, where they are few and small."""
        totals = {int(count) * int(self.index) for count in counts}
        worthwhile = len(totals) <= MOST_TABLES and max(totals) <= MOST_TRIALS
        return replace(self, tabulated=tuple(sorted(totals))) if worthwhile else self

    def within(self, mean: Array) -> Array:
        """The mean within [0, trials]; DomainError when it is outside by more than rounding."""
        mean = super().within(mean)
        highest = mean.max()
        if highest <= self.index:
            return mean
        if highest > self.index * (1 + OUTSIDE):
            raise DomainError(
                f"weights take a fitted mean to {highest:.4g}: this family has means up to {self.index:g}."
            )
        return np.minimum(mean, self.index)


class NegativeBinomial(Nonnegative):
    """Negative binomial, V = μ + μ²/index: Poisson with a gamma rate."""

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        rates = standard_gamma(rng, self.index, (count, *mean.shape))
        rates *= mean / self.index
        return _poisson(rng, rates)

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        rates = standard_gamma(rng, count * self.index, mean.shape)
        rates *= mean / self.index
        return _poisson(rng, rates) / count


class HyperbolicSecant(Kind):
    """Generalised hyperbolic secant, V = index + μ²/index."""

    def points(self, rng: Generator, mean: Array, count: int) -> Array:
        """Points of the family about every mean: shape ``(count, *mean.shape)``."""
        return hyperbolic_secant(rng, self.index, mean, count)

    def block_mean(self, rng: Generator, mean: Array, count: int) -> Array:
        """The mean of ``count`` points by its own law, of the shape of ``mean``."""
        return hyperbolic_secant(rng, count * self.index, count * mean) / count


def _poisson(rng: Generator, rates: Array) -> Array:
    return poisson(rng, rates).astype(np.float64)


_KINDS: dict[str, type[Kind]] = {
    "normal": Normal,
    "poisson": Poisson,
    "gamma": Gamma,
    "binomial": Binomial,
    "negative binomial": NegativeBinomial,
    "hyperbolic secant": HyperbolicSecant,
}


@dataclass(frozen=True)
class CanonicalFamily:
    """A model in canonical coordinates: observation = shift + scale·Y, Y of ``kind`` with mean ``truth``."""

    name: str
    kind: Kind
    truth: float
    scale: float


def canonical_family(model: ExponentialFamily) -> CanonicalFamily:
    """The Morris family behind a model with numbers for parameters."""
    family = morris_family(*model.variance_coefficients, model.truth)
    truth = (model.truth - family.shift) / family.scale
    index = float(family.index)
    return CanonicalFamily(family.kind, _KINDS[family.kind](index), float(truth), float(family.scale))


def averaged_points(kind: Kind, rng: Generator, mean: Array, count: int) -> Array:
    """The mean of ``count`` points, drawn one and all, a slab at a time."""
    slab = max(1, SLAB // mean.size)
    total = np.zeros(mean.shape)
    for start in range(0, count, slab):
        total += kind.total(rng, mean, min(slab, count - start))
    total /= count
    return total
