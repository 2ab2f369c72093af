r"""Draws from the generalised hyperbolic secant family, exactly.

With index r, mean y and :math:`\theta = \arctan(y/r)`, the density is proportional to

.. math:: f(x) = e^{\theta x}\,\bigl|\Gamma\bigl(\tfrac{r + ix}{2}\bigr)\bigr|^2, \qquad V(y) = r + y^2/r

(Morris 1982). For r ≥ 1 it is log-concave, and the tangents of log f at the mean ± √2 standard deviations,
with the tangent at the mean between them, make a hat from which rejection is exact (Devroye 1986,
section VII.2); near the normal limit nine draws in ten are accepted. For r = 1, with
:math:`|\Gamma((1+ix)/2)|^2 = \pi/\cosh(\pi x/2)`, X is logit(B)/π with B ~ Beta(1/2 + θ/π, 1/2 − θ/π), and for r < 1
the ratio to the density of index 1 is greatest at 0, which gives a second rejection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import digamma, loggamma

from numerics.samplers.draws import standard_gamma

Array = NDArray[np.float64]

# Logarithms of this size differ by rounding of 10^-8; beyond, differences are summed instead.
LARGEST_INDEX = 1e6


def hyperbolic_secant(rng: Generator, index: float, mean: Array, count: int | None = None) -> Array:
    """One draw for every mean; or ``count``, of shape ``(count, *mean.shape)``, for which each hat is made once."""
    tilt, each = np.arctan(mean.ravel() / index), count or 1
    if index < 1:
        draws = _thinned(rng, index, np.tile(tilt, each))
    elif index == 1:
        draws = _logit_beta(rng, np.tile(tilt, each))
    else:
        draws = _Hat.at(index, tilt).draws(rng, each)
    return draws.reshape(mean.shape if count is None else (count, *mean.shape))


@dataclass(frozen=True)
class _LogWeight:
    r"""log f relative to its value at the centre y.

    The logarithms themselves are of the size of r log r: from r = 10^13 on their difference is rounding. For large r,
    with :math:`z = (r + iy)/2`, w = i(x − y)/2 and u = w/z, Stirling's series gives

    .. math:: \log\frac{f(x)}{f(y)} = 2\,\mathrm{Re}\Bigl[z\bigl((1+u)\log(1+u) - u\bigr) - \tfrac12\log(1+u)
              - \frac{u}{12 z(1+u)}\Bigr] + O(r^{-3}),

    in which the tilt has cancelled against the argument of z, and
    :math:`(1+u)\log(1+u) - u = u^2/2 - u^3/6 + u^4/12 - \dots`.
    """

    index: float
    tilt: Array
    centre: Array
    peak: Array | None

    @classmethod
    def at(cls, index: float, tilt: Array, centre: Array) -> _LogWeight:
        peak = None if index > LARGEST_INDEX else _log_weight(index, tilt, centre)
        return cls(index, tilt, centre, peak)

    def some(self, which: NDArray[np.int64]) -> _LogWeight:
        peak = None if self.peak is None else self.peak[which]
        return _LogWeight(self.index, self.tilt[which], self.centre[which], peak)

    def rise(self, offset: Array) -> Array:
        """log f(centre + offset) − log f(centre)."""
        if self.peak is not None:
            return _log_weight(self.index, self.tilt, self.centre + offset) - self.peak
        z = (self.index + 1j * self.centre) / 2
        u = 0.5j * offset / z
        logarithm = np.log1p(u)
        small = np.abs(u) < 0.05
        series = np.zeros_like(u)
        for k in range(14, 1, -1):
            series = series * -u + 1 / (k * (k - 1))
        bend = np.where(small, u * u * series, (1 + u) * logarithm - u)
        return 2 * (z * bend - logarithm / 2 - u / (12 * z * (1 + u))).real


def _log_weight(index: float, tilt: Array, x: Array) -> Array:
    return tilt * x + 2 * loggamma((index + 1j * x) / 2).real


def _slope(index: float, tilt: Array, x: Array) -> Array:
    return tilt - digamma((index + 1j * x) / 2).imag


def _logit_beta(rng: Generator, tilt: Array) -> Array:
    """Index 1. Gamma(a) = Gamma(a + 1)·U^{1/a} in logarithms, so that a shape near 0 does not underflow."""
    left, right = 0.5 + tilt / np.pi, 0.5 - tilt / np.pi
    upper = np.log(standard_gamma(rng, left + 1)) - rng.standard_exponential(tilt.shape) / left
    lower = np.log(standard_gamma(rng, right + 1)) - rng.standard_exponential(tilt.shape) / right
    return (upper - lower) / np.pi


def _thinned(rng: Generator, index: float, tilt: Array) -> Array:
    """Index below 1, by rejection from index 1."""
    draws = np.empty(tilt.shape)
    waiting = np.arange(tilt.size)
    peak = 2 * (loggamma(index / 2) - loggamma(0.5))
    while waiting.size:
        proposal = _logit_beta(rng, tilt[waiting])
        ratio = 2 * (loggamma((index + 1j * proposal) / 2) - loggamma((1 + 1j * proposal) / 2)).real
        accepted = -rng.standard_exponential(waiting.size) <= ratio - peak
        draws[waiting[accepted]] = proposal[accepted]
        waiting = waiting[~accepted]
    return draws


@dataclass(frozen=True)
class _Hat:
    """Three exponential pieces above the density of index above 1, for every mean; offsets are from the mean.

    Tangents ``intercepts + slopes·offset`` of the logarithm on the left, in the middle and on the right, which cross at
    ``low`` and ``high``; the masses of the pieces; and below the logarithm, between the points of contact ``feet``, the
    slopes of its ``chords`` from the mean.
    """

    weight: _LogWeight
    slopes: Array
    intercepts: Array
    low: Array
    high: Array
    tail_left: Array
    middle: Array
    total: Array
    feet: Array
    chords: Array

    @classmethod
    def at(cls, index: float, tilt: Array) -> _Hat:
        centre = index * np.tan(tilt)
        scale = np.sqrt(index + centre**2 / index)
        left, slope_left = _foot(index, tilt, centre, -scale)
        right, slope_right = _foot(index, tilt, centre, scale)
        # The middle tangent is taken at the centre.
        weight = _LogWeight.at(index, tilt, centre)
        slopes = np.stack([slope_left, _slope(index, tilt, centre), slope_right])
        feet = np.stack([left - centre, right - centre])
        heights = np.stack([weight.rise(foot) for foot in feet])
        intercepts = np.stack([heights[0] - slopes[0] * feet[0], 0 * centre, heights[1] - slopes[2] * feet[1]])
        # Tangents of a strictly concave function cross once, between their points of contact.
        low = (intercepts[0] - intercepts[1]) / (slopes[1] - slopes[0])
        high = (intercepts[1] - intercepts[2]) / (slopes[2] - slopes[1])
        tail_left = np.exp(intercepts[0] + slopes[0] * low) / slopes[0]
        tail_right = -np.exp(intercepts[2] + slopes[2] * high) / slopes[2]
        width = high - low
        middle = np.exp(slopes[1] * low) * width * _growth(slopes[1] * width)
        total = tail_left + middle + tail_right
        return cls(weight, slopes, intercepts, low, high, tail_left, middle, total, feet, heights / feet)

    def draws(self, rng: Generator, count: int) -> Array:
        """Draws by rejection, ``count`` for every mean, one after another of all means."""
        means = self.low.size
        draws = np.empty(count * means)
        waiting = np.arange(count * means)
        while waiting.size:
            w = waiting % means
            offset, hat = self._proposals(rng, w)
            threshold = hat - rng.standard_exponential(w.size)
            # A concave function lies above its chords: only what is not below them is compared with the function.
            side = (offset > 0).astype(np.intp)
            foot = self.feet[side, w]
            accepted = (np.abs(offset) <= np.abs(foot)) & (threshold <= self.chords[side, w] * offset)
            unsure = np.flatnonzero(~accepted)
            accepted[unsure] = threshold[unsure] <= self.weight.some(w[unsure]).rise(offset[unsure])
            draws[waiting[accepted]] = (self.weight.centre[w] + offset)[accepted]
            waiting = waiting[~accepted]
        return draws

    def _proposals(self, rng: Generator, w: NDArray[np.int64]) -> tuple[Array, Array]:
        """A draw under the hat of each of these means, and the logarithm of the hat there."""
        piece = rng.random(w.size) * self.total[w]
        left, middle = self.tail_left[w], self.middle[w]
        in_left, in_right = piece < left, piece >= left + middle
        uniform = rng.random(w.size)
        tail = rng.standard_exponential(w.size)
        low, high = self.low[w], self.high[w]
        step = self.slopes[1, w] * (high - low)
        # Inverse distribution function of e^{step·t} on [0, 1]; the uniform limit where the tangent is flat.
        flat = np.abs(step) < 1e-8
        safe = np.where(flat, 1.0, step)
        inside = np.where(flat, uniform, np.log1p(uniform * np.expm1(safe)) / safe)
        offset = np.where(
            in_left,
            low - tail / self.slopes[0, w],
            np.where(in_right, high - tail / self.slopes[2, w], low + (high - low) * inside),
        )
        row = np.where(in_left, 0, np.where(in_right, 2, 1))
        return offset, self.intercepts[row, w] + self.slopes[row, w] * offset


def _foot(index: float, tilt: Array, centre: Array, scale: Array) -> tuple[Array, Array]:
    """A point of contact on one side of the mode, that of the sign of ``scale``, and the slope of log f there.

    The mean of a log-concave law lies within √3 standard deviations of its mode, usually much nearer:
    √2, best for a normal law, is stepped outwards where it falls short.
    """
    reach = np.sqrt(2.0) * scale
    foot = centre + reach
    slope = _slope(index, tilt, foot)
    while (short := np.flatnonzero(slope * scale > -0.3)).size:
        foot[short] += reach[short] / 2
        slope[short] = _slope(index, tilt[short], foot[short])
    return foot, slope


def _growth(step: Array) -> Array:
    """(e^s − 1)/s."""
    safe = np.where(np.abs(step) < 1e-8, 1.0, step)
    return np.where(np.abs(step) < 1e-8, 1.0, np.expm1(safe) / safe)
