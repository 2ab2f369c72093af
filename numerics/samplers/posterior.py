r"""Draws of a Morris family's mean from its conjugate posterior.

With mean m and M samples' worth of weight the posterior has the variance :math:`V(m)/(M - v_2)`: a Gaussian, a Gamma
(Poisson), an inverse Gamma (Gamma), a Beta (binomial), a ratio of Gammas (negative binomial), Pearson's law of type IV
(hyperbolic secant).

Source: Morris (1983), *Natural exponential families with quadratic variance functions: statistical theory*, section 5.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.samplers.draws import standard_gamma
from numerics.samplers.families import Binomial, Gamma, HyperbolicSecant, Kind, NegativeBinomial, Normal, Poisson
from numerics.samplers.tilted_secant import secant_tilts
from theory.errors import DomainError

Array = NDArray[np.float64]


@singledispatch
def posterior_draw(kind: Kind, rng: Generator, mean: Array, weight: float) -> Array:
    """One mean from the posterior with these means, each counting for ``weight`` samples."""
    raise DomainError(f"the posterior of the {type(kind).__name__} family has no sampler here: use the posterior mean.")


@posterior_draw.register
def _(kind: Normal, rng: Generator, mean: Array, weight: float) -> Array:
    draws = rng.standard_normal(mean.shape)
    draws *= np.sqrt(kind.index / weight)
    draws += mean
    return draws


@posterior_draw.register
def _(kind: Poisson, rng: Generator, mean: Array, weight: float) -> Array:
    return standard_gamma(rng, weight * mean) / weight


@posterior_draw.register
def _(kind: Gamma, rng: Generator, mean: Array, weight: float) -> Array:
    count = weight * kind.index
    return count * mean / standard_gamma(rng, count + 1, mean.shape)


@posterior_draw.register
def _(kind: Binomial, rng: Generator, mean: Array, weight: float) -> Array:
    return kind.index * rng.beta(weight * mean, weight * (kind.index - mean))


@posterior_draw.register
def _(kind: NegativeBinomial, rng: Generator, mean: Array, weight: float) -> Array:
    odds = standard_gamma(rng, weight * mean) / standard_gamma(rng, weight * kind.index + 1, mean.shape)
    return kind.index * odds


@posterior_draw.register
def _(kind: HyperbolicSecant, rng: Generator, mean: Array, weight: float) -> Array:
    return kind.index * np.tan(secant_tilts(rng, kind.index, mean, weight))
