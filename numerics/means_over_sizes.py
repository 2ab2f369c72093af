r"""Labelled pools, windows and fading memories under blocks of random size, as floating-point numbers.

The same recurrences as in :mod:`theory.moments.labelled_sizes`, :mod:`theory.moments.window_sizes` and
:mod:`theory.moments.fading_sizes`, in doubles. The risks of pools and windows, and of all chances, are sums of terms
of 0 or more; those of memories are interpolated, which loses about two digits.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator
from sympy import lambdify

from numerics.random_sizes import LONGEST_LAW, number, trimmed, verify_reach
from theory.expressions.symbols import t
from theory.moments.fading_sizes import FadingSizes
from theory.moments.labelled_sizes import LabelledSizes
from theory.moments.window_sizes import WindowSizes, moments

Array = NDArray[np.float64]

#: Generations of windows, each of which runs over all sequences of sizes.
LONGEST_WINDOW = 1000
#: Chances of sizes that are left out of a window.
_NEGLIGIBLE = 1e-17
#: Chebyshev points of a piece, and where e^(−u) is negligible.
_POINTS, _LAST = 24, 40.0


def evaluate_labelled(recurrence: LabelledSizes, generations: list[int]) -> dict[int, float]:
    """The risk at some generations, by the law of the later rows."""
    last = max(generations)
    verify_reach(last, LONGEST_LAW)
    scale, offset, kappa, real, share = (
        number(part)
        for part in (recurrence.scale, recurrence.offset, recurrence.curvature, recurrence.real, recurrence.share)
    )
    chances = np.array([float(chance) for chance in recurrence.sizes.chances_that_matter()])
    sizes = np.arange(1, len(chances) + 1, dtype=float)
    once, twice = sizes * chances, sizes**2 * chances
    other = (1 - share) ** 2

    known = np.zeros(0)  # h(T) at T = 0, 1, …

    def inverse(first: int, count: int) -> Array:
        nonlocal known
        if first + count > len(known):
            new = np.arange(len(known), 2 * (first + count), dtype=float)
            known = np.concatenate((known, (1 / (sizes[:, None] + real * new)).T @ chances))
        return known[first : first + count]

    apart, law, lowest = np.zeros(1), np.ones(1), 0
    shown = inverse(0, 1)
    wanted, found = set(generations), {}
    for g in range(1, last + 1):
        if g > 1:
            totals = lowest + 1 + np.arange(len(law) + len(chances) - 1, dtype=float)
            told = law * shown
            fresh = np.convolve(law + kappa * (told + other * apart), once)
            kept = np.convolve(apart, chances) - 2 * share * np.convolve(apart, once) / totals
            kept += share**2 * np.convolve(apart, twice) / totals**2
            before, law = np.convolve(told, chances), np.convolve(law, chances)
            shown = inverse(lowest + 1, len(totals))
            apart = kept + fresh / ((1 - real) * totals**2) + before - law * shown
            held = lowest + 1
            apart, law, lowest = trimmed(apart, law, held)
            shown = shown[lowest - held : lowest - held + len(law)]
        if g in wanted:
            found[g] = float(offset + scale * ((law * shown).sum() + other * apart.sum()))
    return found


def evaluate_windows(recurrence: WindowSizes, generations: list[int]) -> dict[int, float]:
    """The risk at some generations, on every sequence of sizes that matters."""
    last = max(generations)
    verify_reach(last, LONGEST_WINDOW)
    scale, offset, kappa = (number(part) for part in (recurrence.scale, recurrence.offset, recurrence.curvature))
    listed = [float(chance) for chance in recurrence.sizes.chances_that_matter()]
    chances = [(size, chance) for size, chance in enumerate(listed, start=1) if chance > _NEGLIGIBLE]
    values = list(islice(moments(chances, kappa, recurrence.blocks, lambda p, q: p / q), last))
    return {g: float(offset + scale * values[g - 1]) for g in generations}


def evaluate_memories(recurrence: FadingSizes, generations: list[int]) -> dict[int, float]:
    """The risk at some generations, by the functions of which it is the value at 0."""
    last = max(generations)
    verify_reach(last, LONGEST_LAW)
    scale, offset, kappa = (number(part) for part in (recurrence.scale, recurrence.offset, recurrence.curvature))
    line = _Line(recurrence)
    risks, laws, known = np.zeros(len(line.nodes)), np.ones(len(line.nodes)), None
    wanted, found = set(generations), {}
    for g in range(1, last + 1):
        before = risks
        if g > 1:
            rate = recurrence.rate(g)
            if known is None or known[0] != rate:
                known = rate, line.interpolation(number(rate) * line.nodes)
            before, laws = known[1] @ risks, known[1] @ laws
        risks = line.law * before + line.twice @ (line.slopes * (laws + kappa * before))
        laws = line.law * laws
        if g in wanted:
            found[g] = float(offset + scale * (line.start @ risks))
    return found


class _Line:
    """[0, ∞) in pieces, and ∫_u^∞ (v − u) h(v) dv as one matrix."""

    def __init__(self, recurrence: FadingSizes) -> None:
        sizes = recurrence.sizes
        first, ends = 1 / (2 * number(sizes.mean)), [0.0]
        step = 2.0 ** np.floor(np.log2(min(first, 1.0)))
        while ends[-1] < _LAST:
            ends.append(ends[-1] + step)
            step = min(ends[-1], 1.0)
        self.ends = np.array(ends)
        self.unit = -np.cos(np.pi * (2 * np.arange(_POINTS) + 1) / (2 * _POINTS))
        halves = np.diff(self.ends) / 2
        self.nodes = np.concatenate([a + h * (1 + self.unit) for a, h in zip(self.ends, halves, strict=False)])
        law = sizes.generating_function
        f, slope = (lambdify(t, part, "numpy") for part in (law, law.diff(t)))
        shrunk = np.exp(-self.nodes)
        self.law, self.slopes = f(shrunk), shrunk * slope(shrunk)
        self.twice = self._twice(halves)
        self.start = self.interpolation(np.zeros(1))[0]

    def interpolation(self, points: Array) -> Array:
        """The matrix from values at the nodes to those at other points."""
        matrix = np.zeros((len(points), len(self.nodes)))
        pieces = np.clip(np.searchsorted(self.ends, points, side="right") - 1, 0, len(self.ends) - 2)
        for piece in np.unique(pieces):
            inside = np.flatnonzero(pieces == piece)
            low, high = self.ends[piece], self.ends[piece + 1]
            x = 2 * (points[inside] - low) / (high - low) - 1
            places = slice(piece * _POINTS, (piece + 1) * _POINTS)
            matrix[inside, places] = BarycentricInterpolator(self.unit, np.eye(_POINTS))(x)
        return matrix

    def _twice(self, halves: Array) -> Array:
        y, weights = np.polynomial.legendre.leggauss(_POINTS)
        count, size = len(halves), _POINTS
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        basis = BarycentricInterpolator(self.unit, np.eye(size))
        whole = basis(y)
        for piece, half in enumerate(halves):
            places = slice(piece * size, (piece + 1) * size)
            for row in range(size):
                x = self.unit[row]
                inner = x + (1 - x) * (1 + y) / 2
                part = weights * (1 - x) / 2 * (inner - x)
                matrix[piece * size + row, places] = half**2 * (part @ basis(inner))
            nodes = self.ends[piece] + half * (1 + y)
            earlier = self.nodes[: piece * size]
            if count and len(earlier):
                matrix[: piece * size, places] = half * (weights * (nodes[None, :] - earlier[:, None])) @ whole
        return matrix
