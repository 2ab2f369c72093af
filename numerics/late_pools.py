r"""Late generations of pools of random sizes: the risk and the pool's size by their joint moments.

With :math:`S_g = g\mu(1 + z_g)`, :math:`N_g = \mu(1 + c)` and :math:`g z_g = (g-1) z_{g-1} + c`, the moments
:math:`a_k = E[\delta_g^2 z_g^k]` and :math:`b_k = E[z_g^k]` obey

.. math:: a_k(g) = E\Bigl[z^k \Bigl(1 - \tfrac{\rho(1+c)}{g(1+z)}\Bigr)^2 \delta^2
          + z^k\,\frac{(1+c)\,(1 + (1-\rho)\kappa\,\delta^2)}{\mu\,g^2\,(1+z)^2}\Bigr],

linear in the moments before once :math:`(1+z)^{-1}` and :math:`(1+z)^{-2}` are written as their series in z, which end
at :math:`z^K`. What they leave out is at most a multiple of :math:`(\mu/s)^2 E z^{K+2}`, s the least size, for even K:
:math:`E z^{K+2}` is known exactly, falls like :math:`g^{-K/2-1}`, and says from which generation on this is below
rounding. The law of the pool's size (:mod:`numerics.random_sizes`) leads there. Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import comb, factorial

import numpy as np
from flint import arb, ctx, fmpz
from numpy.typing import NDArray
from scipy.linalg import pascal

from theory.expressions.random_sizes import RandomSizes, power_series

Array = NDArray[np.float64]

#: The last power of z, an even one, and what its series may leave out, relative to the risk.
LAST_POWER, _LEFT_OUT = 14, 1e-17
#: Generations whose matrices are made at once, bits of the moments of one size, the last generation to begin at.
_AT_ONCE, _BITS, _LATEST = 128, 256, 5000


@dataclass(frozen=True)
class LatePools:
    """From which generation on moments carry a pool, and the moments of one size that they need."""

    mean: float
    #: E[(1 + c)^e c^k] for e = 0, 1, 2.
    moments: tuple[Array, Array, Array]
    begins: int


@lru_cache(maxsize=32)
def late_pools(sizes: RandomSizes) -> LatePools | None:
    """What is needed to go on by moments; None where they do not exist, or are small only at generations too late.

    Examples
    --------
    >>> late_pools(RandomSizes.uniform(2)).begins < 150
    True
    """
    if not sizes.has_light_tail or sizes.free_symbols:
        return None
    mean, plain = _moments(sizes, LAST_POWER + 4)
    moments = tuple(
        np.array([sum(comb(e, i) * plain[k + i] for i in range(e + 1)) for k in range(LAST_POWER + 3)])
        for e in range(3)
    )
    bound = _LEFT_OUT / (LAST_POWER + 3) * (sizes.least / mean) ** 2
    state = moments[0]
    for first in range(2, _LATEST, _AT_ONCE):
        generations = np.arange(first, first + _AT_ONCE, dtype=float)
        for g, step in zip(generations, _shifted(moments[0], generations), strict=True):
            if state[-1] < bound:
                return LatePools(mean, moments, int(g) - 1)  # type: ignore[arg-type]
            state = step @ state
    return None


def _moments(sizes: RandomSizes, last: int) -> tuple[float, list[float]]:
    """μ, and E c^k, from the factorial moments: f(1 + s) = Σ E[N(N−1)…(N−k+1)] s^k/k!."""
    with ctx.workprec(_BITS):
        found = power_series(sizes.generating_function, [1, 1], last + 1, _BITS)
        mean, falling = found[1], [arb(1)]
        for k in range(1, last + 1):
            falling.append(found[k] * factorial(k))
        powers = [_power_moment(falling, k) for k in range(last + 1)]
        centred = [
            sum((comb(k, i) * powers[i] * (-mean) ** (k - i) for i in range(k + 1)), arb(0)) / mean**k
            for k in range(last + 1)
        ]
        return float(mean), [float(value) for value in centred]


def _power_moment(falling: list[arb], k: int) -> arb:
    """E N^k = Σ S(k, i) E[N(N−1)…(N−i+1)], S the Stirling numbers of the second kind."""
    return sum((fmpz.stirling_s2(k, i) * falling[i] for i in range(k + 1)), arb(0))


def _shifted(moments: Array, generations: Array) -> Array:
    """From moments of z_{g−1} to those of z_g weighed by (1 + c)^e, at every generation."""
    size = len(moments)
    k, i = np.indices((size, size))
    below = i <= k
    table = np.where(below, pascal(size, kind="lower", exact=False) * moments[np.where(below, k - i, 0)], 0.0)
    inverse = 1 / generations[:, None, None]
    return table * (1 - inverse) ** i * inverse ** np.maximum(k - i, 0)


def run_late(
    pools: LatePools, kappa: float, real: float, risks: Array, law: Array, lowest: int, last: int
) -> Iterator[float]:
    """The moment at generations ``begins + 1``, …, ``last``; risks and chances of the sizes from ``lowest`` on."""
    size, mean = LAST_POWER + 1, pools.mean
    z = (lowest + np.arange(len(law))) / (pools.begins * mean) - 1
    powers = z ** np.arange(size)[:, None]
    joint, alone = powers @ risks, powers @ law
    # (1 + z)^−1 and (1 + z)^−2 as matrices that move moments.
    once, twice = np.zeros((size, size)), np.zeros((size, size))
    for k in range(size):
        for i in range(size - k):
            once[k, k + i], twice[k, k + i] = (-1) ** i, (-1) ** i * (i + 1)
    for first in range(pools.begins + 1, last + 1, _AT_ONCE):
        generations = np.arange(first, min(first + _AT_ONCE, last + 1), dtype=float)
        g = generations[:, None, None]
        plain, weighed, squared = (_shifted(part[:size], generations) for part in pools.moments)
        noise = np.matmul(twice, weighed) / (mean * g**2)
        moves = plain + (1 - real) * kappa * noise
        if real:
            moves += real**2 * np.matmul(twice, squared) / g**2 - 2 * real * np.matmul(once, weighed) / g
        for move, fresh, shift in zip(moves, noise, plain, strict=True):
            joint = move @ joint + fresh @ alone
            alone = shift @ alone
            yield float(joint[0])
