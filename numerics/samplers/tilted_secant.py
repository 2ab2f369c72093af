r"""Draws of the canonical parameter of a hyperbolic secant family from its conjugate posterior, exactly.

With index r, weight w and posterior mean m the density of θ, :math:`\mu = r\tan\theta`, is proportional to
:math:`\exp w(m\theta + r\log\cos\theta)` on (−π/2, π/2): μ follows Pearson's law of type IV. It is log-concave with the
mode :math:`\theta^* = \arctan(m/r)`; about it, with t = m/r and A = wr,

.. math:: g(\delta) = A\,[t\delta + \log(\cos\delta - t\sin\delta)], \qquad
          g'(\delta) = A\,[t - \tan(\theta^* + \delta)],

and the tangents of g on either side, cut off at the ends, with 0 between them, make a hat from which rejection is
exact (Devroye 1986, section VII.2).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


def secant_tilts(rng: Generator, index: float, mean: Array, weight: float) -> Array:
    """One canonical parameter for every posterior mean, each counting for ``weight`` samples."""
    slope, strength = mean.ravel() / index, weight * index
    mode = np.arctan(slope)
    (left, fall_left, room_left), (right, fall_right, room_right) = (
        tangent(slope, strength, way) for way in (-1.0, 1.0)
    )
    mass_left, mass_right = (-np.expm1(-fall * (room - edge)) / fall for edge, fall, room in (
        (left, fall_left, room_left), (right, fall_right, room_right)
    ))  # fmt: skip
    total = mass_left + left + right + mass_right
    draws, waiting = np.empty(slope.shape), np.arange(slope.size)
    while waiting.size:
        w = waiting
        place, uniform = rng.random(w.size) * total[w], rng.random(w.size)
        below, above = place < mass_left[w], place >= (total - mass_right)[w]
        edge, fall = np.where(below, left[w], right[w]), np.where(below, fall_left[w], fall_right[w])
        room = np.where(below, room_left[w], room_right[w])
        tail = -np.log1p(uniform * np.expm1(-fall * (room - edge))) / fall
        inside = place - mass_left[w] - left[w]
        offset = np.where(below, -edge - tail, np.where(above, edge + tail, inside))
        hat = np.where(below | above, -fall * tail, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            accepted = -rng.standard_exponential(w.size) <= rise(slope[w], strength, offset) - hat
        draws[w[accepted]] = (mode[w] + offset)[accepted]
        waiting = w[~accepted]
    return draws.reshape(mean.shape)


def tangent(slope: Array, strength: float, way: float) -> tuple[Array, Array, Array]:
    """The hat over g on one side (−1: left) of the mode: 0 up to ``edge``, then falling by ``fall`` up to ``room``."""
    mode = np.arctan(slope)
    scale = np.sqrt(2.0 / strength) * np.cos(mode)
    room = np.pi / 2 - way * mode
    contact = way * np.minimum(scale, room / 2)
    steep = way * strength * (slope - np.tan(mode + contact))
    # Below 0 beyond the mode: the tangent leaves the level of the mode at ``edge``.
    edge = np.abs(contact) - rise(slope, strength, contact) / steep
    return edge, -steep, room


def rise(slope: Array, strength: float, offset: Array) -> Array:
    """g, by a logarithm near 1 of what is left of 1."""
    return strength * (slope * offset + np.log1p(-2 * np.sin(offset / 2) ** 2 - slope * np.sin(offset)))
