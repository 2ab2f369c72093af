r"""NumPy's samplers in the range in which they are right, and other exact ways beyond it.

``benchmarks/sampler_ranges.csv`` has the mean, variance and fourth moment of many draws of each over its whole range
(NumPy 2.4.6). What follows from it:

- ``poisson``: right up to rate 10^11. Variance +1.7 % at 3·10^13, −8 % at 1.5·10^14, +42 % at 10^16. Beyond the bound a
  gamma time is drawn.
- ``binomial``: right up to 2^43 trials. Variance +0.7 % at 10^15 trials and p = 10^−13, −7 % at 2^53 and p = 10^−14,
  +12 % at 2^56 and p = 10^−15, the mean off by up to 0.03 σ. Beyond, an order statistic is drawn.
- ``multinomial``: so, and for chances from 2^−40. A count 90 % too small at 2^53 tokens of chance 10^−17. Beyond,
  binomials are drawn.
- ``hypergeometric`` and its multivariate form: right below 10^9 of a kind, where NumPy ends; more is refused.
- ``standard_gamma``: right for all large shapes. Small ones are inverted from uniform numbers of 53 bits: refused below
  10^−9.
- ``chisquare``, ``beta``: right for all that are asked for, of NumPy.

The errors come from acceptance tests that subtract logarithms of the size of λ log λ, known to half a unit at
λ = 10^14, and from chances taken as what is left of 1.

*Poisson.* The m-th point of a Poisson process of rate 1 comes at a time X ~ Gamma(m). If X ≤ λ, the number of points
up to λ is m plus Poisson(λ − X) (Ahrens and Dieter 1974); m is eight standard deviations below λ, so that X > λ has
probability 10^−15, and λ − X is of order :math:`\sqrt\lambda`.

*Binomial.* The i-th smallest of n uniform numbers is B ~ Beta(i, n + 1 − i). If B ≤ p, the number below p is i plus
Bin(n − i, (p − B)/(1 − B)) (Relles 1972), with i chosen likewise. The latter, and any with p ≤ 2^−30, is drawn as
Poisson: these laws differ by at most its p in total variation, which is 3·10^−6 or less, and only the last
:math:`8\sqrt{np}` or so of the points are drawn so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from theory.errors import DomainError

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

#: 10^11: at 10^12 the fourth moment of 4·10^7 draws is 2 standard errors off, at 10^13 it is 7.
LARGEST_RATE = 1e11
#: Draws are 64-bit integers; eight standard deviations below 2^63.
LARGEST_COUNT = 9.2e18
#: 2^43 ≈ 9·10^12: logarithms times the number of trials have an error of 10^−3 there.
MOST_TRIALS = 2**43
#: Draws are 64-bit integers.
LARGEST_TRIALS = 2**62
#: The remainder that NumPy subtracts from is known to 10^−16: to 10^−4 of such a chance.
SMALLEST_CHANCE = 2.0**-40
#: NumPy's own limit, for each kind.
MOST_OF_A_KIND = 10**9
#: One draw in 10^9 differs from 0, known to 10^−7: fewer than a simulation has replicates.
SMALLEST_SHAPE = 1e-9
#: A chance at which Binomial and Poisson are the same to every simulation.
RARE = 2.0**-30
#: Standard deviations below the mean at which the known part of a large count ends.
BELOW = 8.0


def poisson(rng: Generator, rates: Any) -> Counts:
    """One Poisson count for every rate."""
    rates = np.asarray(rates, dtype=float)
    largest = rates.max(initial=0.0)
    if largest <= LARGEST_RATE:
        return rng.poisson(rates)
    if not largest <= LARGEST_COUNT:
        raise DomainError(f"a fitted rate has reached {largest:.3g}, too large for counts: simulate fewer generations.")
    counts = np.empty(rates.shape, dtype=np.int64)
    large = rates > LARGEST_RATE
    counts[~large] = rng.poisson(rates[~large])
    counts[large] = _large_poisson(rng, rates[large])
    return counts


def _large_poisson(rng: Generator, rates: Array) -> Counts:
    known = np.floor(rates - BELOW * np.sqrt(rates))
    rest = np.maximum(rates - rng.standard_gamma(known), 0.0)
    return known.astype(np.int64) + rng.poisson(rest)


def binomial(rng: Generator, trials: Any, success: Any, size: Any = None) -> Counts:
    """One binomial count for every number of trials and probability, as ``rng.binomial``."""
    if np.max(trials, initial=0) <= MOST_TRIALS:
        return rng.binomial(trials, success, size)
    if np.max(trials) > LARGEST_TRIALS:
        raise DomainError(f"a block has {np.max(trials)} trials: up to 2^62 can be drawn.")
    shape = np.broadcast_shapes(np.shape(trials), np.shape(success)) if size is None else size
    n = np.broadcast_to(np.asarray(trials, dtype=np.int64), shape).ravel()
    p = np.broadcast_to(np.asarray(success, dtype=float), shape).ravel()
    counts = np.empty(n.shape, dtype=np.int64)
    many = n > MOST_TRIALS
    counts[~many] = rng.binomial(n[~many], p[~many])
    counts[many] = _large_binomial(rng, n[many], p[many])
    return counts.reshape(shape)


def _large_binomial(rng: Generator, trials: Counts, success: Array) -> Counts:
    mirrored = success > 0.5
    chance = np.where(mirrored, 1 - success, success)
    counts = np.empty(trials.shape, dtype=np.int64)
    rare = chance <= RARE
    counts[rare] = poisson(rng, trials[rare] * chance[rare])
    n, p = trials[~rare], chance[~rare]
    known = np.floor(n * p - BELOW * np.sqrt(n * p * (1 - p)))
    below = rng.standard_gamma(known)
    smallest = below / (below + rng.standard_gamma(n + 1 - known))
    rest = (n - known) * np.maximum(p - smallest, 0.0) / (1 - smallest)
    counts[~rare] = known.astype(np.int64) + poisson(rng, rest)
    np.minimum(counts, trials, out=counts)
    return np.where(mirrored, trials - counts, counts)


def multinomial(rng: Generator, count: int, chances: Array) -> Counts:
    """Counts for every row of chances, of shape (rows, categories), that sum to 1."""
    if count <= MOST_TRIALS and np.min(chances, initial=1.0, where=chances > 0) >= SMALLEST_CHANCE:
        return rng.multinomial(count, chances)
    # Category by category, each among those that come after it. Chances are summed from the last one on, and the
    # smaller side is drawn, so that small ones are not what is left of 1.
    behind = np.zeros((len(chances), chances.shape[1] + 1))
    behind[:, :-1] = np.cumsum(chances[:, ::-1], axis=1)[:, ::-1]
    counts = np.zeros(chances.shape, dtype=np.int64)
    left = np.full(len(chances), count, dtype=np.int64)
    for category in range(chances.shape[1]):
        own, rest = chances[:, category], behind[:, category + 1]
        smaller = own <= rest
        total = behind[:, category]
        share = np.divide(np.minimum(own, rest), total, out=np.zeros(len(left)), where=total > 0)
        drawn = binomial(rng, left, np.minimum(share, 0.5))
        counts[:, category] = np.where(smaller, drawn, left - drawn)
        left = left - counts[:, category]
    return counts


def hypergeometric(rng: Generator, good: Any, bad: Any, drawn: Any) -> Counts:
    """How many of ``drawn`` taken without replacement are good."""
    _verify_pool(max(np.max(good, initial=0), np.max(bad, initial=0)))
    return rng.hypergeometric(good, bad, drawn)


def multivariate_hypergeometric(rng: Generator, colours: Counts, drawn: int) -> Counts:
    """How many of each colour are among ``drawn`` taken without replacement."""
    _verify_pool(int(colours.sum()))
    return rng.multivariate_hypergeometric(colours, drawn, method="marginals")


def _verify_pool(largest: int) -> None:
    if largest >= MOST_OF_A_KIND:
        raise DomainError(
            f"a pool holds {largest} points: subsamples without replacement are drawn from fewer than {MOST_OF_A_KIND}."
        )


def standard_gamma(rng: Generator, shape: Any, size: Any = None) -> Array:
    """Gamma variables of unit scale, as ``rng.standard_gamma``."""
    smallest = np.min(shape, initial=np.inf)
    if smallest < SMALLEST_SHAPE:
        raise DomainError(
            f"a gamma law of shape {smallest:.3g} is 0 but for one draw in {1 / smallest:.3g}: it can be simulated "
            f"from shape {SMALLEST_SHAPE:g} on."
        )
    return rng.standard_gamma(shape, size)
