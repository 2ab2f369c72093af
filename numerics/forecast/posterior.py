r"""The posterior of the depth law, on a grid, and what it says of losses not yet measured.

With m the share of bias in the rise and u what growing data save, the expected loss is linear in (E, S):

.. math:: \mu_w(g) = E + S\,\bigl[(1-m)\,\tilde r_w(g) + m\,\tilde\varphi_w(g;\lambda) - u\,\tilde s_w(g)\bigr],
          \qquad S \ge 0,

each curve scaled to mean 1 over what is measured. Around it lie three kinds of Gaussian noise: independent from one
generation to the next; persistent, for what a chain has learnt it passes on, with the squared covariance of the
workflow's limit process, a loss being quadratic in it; and a discrepancy, the law being only nearly true, a Brownian
motion in log g in proportion to the rise.
(E, S) is integrated out, with a flat prior on S ≥ 0; λ, m, u and the sizes of the noise run over a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

from numerics.forecast.data import Curve
from numerics.forecast.shapes import Shapes
from theory.errors import DomainError

Array = NDArray[np.float64]

#: λ, the share m of bias in the rise, and what growing data save, in multiples of the rise.
RATES = np.array([0.0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0])
SHARES = np.linspace(0.0, 1.0, 11)
SAVINGS = np.array([0.0, 0.15, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 5.0])
#: Standard deviation of a single loss over the rise. A rise may drown in it: under accumulate, after four generations,
#: that of a model of 24 parameters is 1.5 standard deviations.
NOISES = np.geomspace(0.003, 6.0, 11)
#: The log-normal prior of it where nothing measures it, over the rise. Where all is variance, of p parameters, it is
#: A·√(2/p) whatever the workflow, and does not shrink with a rise that averaging holds down: there the prior is over
#: the rise that replace would have had, STEEPEST times the measured one at most. With bias nothing tells whether noise
#: goes with the generator or with the rise: half-way, in logarithms.
PRIOR_NOISE, PRIOR_SPREAD, STEEPEST = 0.08, 2.0, 10.0
#: How much of the variance of the noise persists, and the discrepancy per unit of log g, over the rise. A loss that is
#: computed without error, of a model fitted to the end, has no other noise than what its chain has learnt.
PERSISTENCES = np.array([0.1, 0.7, 0.99])
DISCREPANCIES = np.array([0.005, 0.03])
#: The prior of λ is proportional to LEAN + λ: little-trained learners, as most are that are measured, keep much of what
#: they are shown.
LEAN = 0.3
#: Cells of noise with less weight than this are not drawn from.
NEGLIGIBLE = 2e-3
#: Curves, of mean about 1, that vary by less than this (squared) are flat.
FLAT = 1e-6


@dataclass(frozen=True, eq=False)
class Points:
    """Places at which losses are, or will be, measured: an index of the workflow and a generation each."""

    index: NDArray[np.int64]
    generation: NDArray[np.int64]

    @classmethod
    def of(cls, generations: Sequence[NDArray[np.int64]]) -> Points:
        """All the generations of workflow 0, then those of workflow 1, …"""
        index = np.concatenate([np.full(len(each), place) for place, each in enumerate(generations)])
        return cls(index, np.concatenate([np.asarray(each) for each in generations]))

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, eq=False)
class Design:
    """Curves of several workflows at common scales, and the covariances of their noise.

    Attributes
    ----------
    shapes : of every workflow, those measured first
    measured : Points
    shared : whether generation 1 is one and the same model under all of them
    growing : whether compute grows, so that what is saved is 1 − 1/g whatever the workflow
    """

    shapes: Sequence[Shapes]
    measured: Points
    shared: bool
    growing: bool = False

    def _at(self, points: Points, of: str) -> Array:
        table = np.stack([getattr(each, of) for each in self.shapes])
        return table[points.index, points.generation - 1]

    def variance(self, points: Points) -> Array:
        """ratio − 1."""
        return self._at(points, "ratio") - 1.0

    def bias(self, points: Points) -> Array:
        """φ, (len(RATES), points)."""
        table = np.stack([each.rise(RATES) for each in self.shapes])
        return table[points.index, :, points.generation - 1].T

    def saved(self, points: Points) -> Array:
        """1 − rows_1/rows_g."""
        return 1.0 - 1.0 / points.generation if self.growing else self._at(points, "saved")

    @cached_property
    def scales(self) -> tuple[float, Array, float]:
        """What the curves are divided by: their means over what is measured, 1 where they are 0."""
        later = self.measured.generation > 1
        variance = abs(self.variance(self.measured)[later].mean())
        bias = self.bias(self.measured)[:, later].mean(axis=1)
        saved = self.saved(self.measured)[later].mean()
        return float(variance) or 1.0, np.where(bias > 0, bias, 1.0), float(saved) or 1.0

    def basis(self, points: Points) -> Array:
        """The curves ratio, φ(λ) for each rate, and rows saved: (1 + len(RATES) + 1, points)."""
        variance, bias, saved = self.scales
        return np.vstack(
            (self.variance(points) / variance, self.bias(points) / bias[:, None], self.saved(points) / saved)
        )

    @cached_property
    def single_depth(self) -> bool:
        """Whether all rows of a generation have the same depth, as under replace: variance is bias with λ = 1."""
        deep = self.bias(self.measured)[-1]
        return bool(np.allclose(self.variance(self.measured), deep))

    @cached_property
    def cells(self) -> Array:
        """λ, m, u and the rate of the slower part of the rise of every cell, (cells, 4); 1 there is the variance."""
        # Where no data grow, nothing is saved.
        savings = SAVINGS if self.saved(self.measured).any() else SAVINGS[:1]
        slower = RATES if self.single_depth else RATES[-1:]
        found = np.array(list(product(RATES, SHARES, savings, slower)))
        return found[(found[:, 0] < found[:, 3]) | (found[:, 3] == 1.0)]

    @cached_property
    def mixtures(self) -> Array:
        """What each curve of the basis weighs in every cell, (cells, curves)."""
        rate, share, saving, slower = self.cells.T
        every = np.arange(len(rate))
        weights = np.zeros((len(rate), len(RATES) + 2))
        weights[every, np.where(slower == 1.0, 0, 1 + np.searchsorted(RATES, slower))] = 1.0 - share
        weights[every, 1 + np.searchsorted(RATES, rate)] += share
        weights[:, -1] = -saving
        return weights

    @cached_property
    def families(self) -> dict[str, NDArray[np.bool_]]:
        """The forms of the law that the cells hold: which cells are of each."""
        _, share, saving, slower = self.cells.T
        single = slower == 1.0
        kinds = {
            "variance": single & (share == 0.0) & (saving == 0.0),
            "bias": single & (share == 1.0) & (saving == 0.0),
            "variance and bias": single & (share > 0.0) & (share < 1.0) & (saving == 0.0),
            "variance, bias and rows": single & (saving > 0.0),
            "two rates": ~single,
        }
        return {name: kind for name, kind in kinds.items() if kind.any()}

    @cached_property
    def prior(self) -> Array:
        """Logarithm of the prior of every cell: all families alike; within one λ leaning, m uniform, u exponential.

        A model fitted to the end rises by variance alone, exactly: a prior that is spread over the shares of bias would
        hold that against it.
        """
        gaps = np.gradient(RATES)
        rate, _, saving, slower = self.cells.T
        found = np.log(gaps[np.searchsorted(RATES, rate)]) + np.log(LEAN + rate) - saving
        second = slower < 1.0
        found[second] += np.log(gaps[np.searchsorted(RATES, slower[second])])
        for family in self.families.values():
            found[family] -= logsumexp(found[family])
        return found - np.log(len(self.families))

    # -- noise -------------------------------------------------------------------------------------------

    def persistent(self, left: Points, right: Points) -> Array:
        """Covariance of the losses of chains; of two workflows, by the real data that they have in common."""
        found = np.zeros((len(left), len(right)))
        for a, first in enumerate(self.shapes):
            rows = np.flatnonzero(left.index == a)
            for b, second in enumerate(self.shapes):
                columns = np.flatnonzero(right.index == b)
                at, by = left.generation[rows] - 1, right.generation[columns] - 1
                if a == b:
                    found[np.ix_(rows, columns)] = first.covariance[np.ix_(at, by)]
                elif self.shared:
                    found[np.ix_(rows, columns)] = np.outer(first.opening[at], second.opening[by])
        return found

    def discrepancy(self, left: Points, right: Points) -> Array:
        """Brownian motion in log g, one for each workflow."""
        least = np.log(np.minimum(left.generation[:, None], right.generation))
        return np.where(left.index[:, None] == right.index, least, 0.0)


@dataclass(frozen=True, eq=False)
class Data:
    """Mean losses at some points, and how they may err.

    Attributes
    ----------
    design : Design
    points : Points
    losses : (k,), means over seeds
    spread : (k,), standard deviation of each, in units of that of a single loss, or as given
    rise : what noise and discrepancy are in proportion to
    origin : what ``losses`` are counted from, so that a large constant in them costs no digits
    """

    design: Design
    points: Points
    losses: Array
    spread: Array
    rise: float
    origin: float

    def joint(self, noises: Array, left: Points, right: Points, scale: tuple[Array, Array]) -> Array:
        """What two lists of points have in common, for every cell of noise: what persists, and the discrepancy."""
        persistent = scale[0][:, None] * scale[1] * self.design.persistent(left, right)
        drifting = self.rise**2 * self.design.discrepancy(left, right)
        deviation, persistence, discrepancy = noises.T[:, :, None, None]
        found: Array = deviation**2 * persistence * persistent + discrepancy**2 * drifting
        return found


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posterior of the law given measured curves.

    Attributes
    ----------
    data : Data
    noises : (cells of noise, 3), deviation, persistence, discrepancy, the first and the last in units of the rise
    fits : of (E, S), one a cell of noise
    weights : (cells of noise, cells), sums to 1
    """

    data: Data
    noises: Array
    fits: Sequence[Fit]
    weights: Array

    def also(self, shapes: Sequence[Shapes]) -> Posterior:
        """The same, where other workflows may be asked for too: nothing was measured under them."""
        return replace(self, data=replace(self.data, design=replace(self.data.design, shapes=tuple(shapes))))

    @cached_property
    def best(self) -> tuple[int, int]:
        """The cell of noise and the cell of the law with the largest weight."""
        noise, cell = np.unravel_index(int(self.weights.argmax()), self.weights.shape)
        return int(noise), int(cell)

    def residuals(self) -> Array:
        """Losses less the law at its best."""
        noise, cell = self.best
        floor, rise = self.fits[noise].centre(cell)
        curve = self.data.design.mixtures[cell] @ self.data.design.basis(self.data.points)
        found: Array = self.data.losses - floor - rise * curve
        return found

    def chi_square(self) -> float:
        """Of the residuals, were there no discrepancy."""
        place, _ = self.best
        noise = self.noises[place] * [1.0, 1.0, 0.0]
        points, spread = self.data.points, self.data.spread
        covariance = self.data.joint(noise[None, :], points, points, (spread, spread))[0]
        covariance[np.diag_indices_from(covariance)] += _own(noise, spread)
        left = self.residuals()
        return float(left @ np.linalg.solve(covariance, left))

    def families(self) -> dict[str, float]:
        """Posterior probability of the laws that the grid holds, all alike before."""
        by_cell = self.weights.sum(axis=0)
        return {name: float(by_cell[family].sum()) for name, family in self.data.design.families.items()}

    def draw(self, points: Points, spread: Array, count: int, rng: np.random.Generator) -> Draws:
        """Draw parameters and losses at ``points``; ``spread`` is that of new measurements there."""
        data = self.data
        by_noise = self.weights.sum(axis=1)
        by_noise[by_noise < NEGLIGIBLE * by_noise.max()] = 0.0
        chosen = np.sort(rng.choice(len(by_noise), size=count, p=by_noise / by_noise.sum()))
        places = np.unique(chosen)
        noises = self.noises[places]
        basis, future = data.design.basis(data.points), data.design.basis(points)
        across = data.joint(noises, points, data.points, (spread, data.spread))
        inside = data.joint(noises, points, points, (spread, spread))
        parts, losses = [], np.empty((count, len(points)))
        for index, place in enumerate(places):
            rows = np.flatnonzero(chosen == place)
            cells = rng.choice(self.weights.shape[1], size=len(rows), p=self.weights[place] / by_noise[place])
            floor, rise = self.fits[place].draw(cells, rng)
            mix = data.design.mixtures[cells]
            gain = self.fits[place].solve(across[index].T).T
            left = data.losses - floor[:, None] - rise[:, None] * (mix @ basis)
            expected = floor[:, None] + rise[:, None] * (mix @ future)
            covariance = inside[index] - gain @ across[index].T
            covariance[np.diag_indices_from(covariance)] += _own(self.noises[place], spread)
            scatter = rng.standard_normal((len(rows), len(points))) @ _root(covariance).T
            losses[rows] = expected + left @ gain.T + scatter
            parts.append(np.column_stack((floor + data.origin, rise, data.design.cells[cells])))
        return Draws(np.concatenate(parts), losses + data.origin)


@dataclass(frozen=True, eq=False)
class Draws:
    """From a posterior: parameters (E, S, λ, m, u, slower rate), and losses as they would be measured anew."""

    parameters: Array
    losses: Array


class Fit:
    """(E, S) given a cell of noise, for all cells of the law: one factor of the covariance serves them."""

    def __init__(self, lower: Array, columns: Array, mixtures: Array, size: Array) -> None:
        self._lower = lower
        white = solve_triangular(lower, columns, lower=True, check_finite=False)
        gram = white.T @ white
        self._ones, self._ones_losses, self._losses = gram[0, 0], gram[0, 1], gram[1, 1]
        across = mixtures @ gram[2:, :2]
        self._curves_ones, self._curves_losses = across.T
        squares = ((mixtures @ gram[2:, 2:]) * mixtures).sum(axis=1)
        # A curve that is flat where losses were measured says nothing: its S could be anything.
        self._flat = size <= FLAT
        self._size = np.where(self._flat, 1.0, size)
        self._determinant = np.where(self._flat, 1.0, self._ones * squares - self._curves_ones**2)

    def solve(self, columns: Array) -> Array:
        """Covariance⁻¹ columns."""
        half = solve_triangular(self._lower, columns, lower=True, check_finite=False)
        found: Array = solve_triangular(self._lower, half, lower=True, trans=1, check_finite=False)
        return found

    @cached_property
    def rise(self) -> tuple[Array, Array]:
        """Mean and standard deviation of S in every cell, before S ≥ 0."""
        mean = (self._ones * self._curves_losses - self._curves_ones * self._ones_losses) / self._determinant
        return mean, np.sqrt(self._ones / self._determinant)

    def log_evidence(self) -> Array:
        """Of every cell, with (E, S) integrated out over S ≥ 0."""
        mean, deviation = self.rise
        floor = (self._ones_losses - self._curves_ones * mean) / self._ones
        residual = self._losses - floor * self._ones_losses - mean * self._curves_losses
        constant = -float(np.log(np.diag(self._lower)).sum())
        # The prior is flat in the size of the rise, whatever the curve is scaled to.
        volume = 0.5 * np.log(self._size / self._determinant)
        found = constant + volume - 0.5 * residual + log_ndtr(mean / deviation)
        return np.where(self._flat, -np.inf, found)

    def centre(self, cell: int) -> tuple[float, float]:
        """The best E and S of one cell."""
        rise = max(float(self.rise[0][cell]), 0.0)
        return float((self._ones_losses - self._curves_ones[cell] * rise) / self._ones), rise

    def draw(self, cells: NDArray[np.int64], rng: np.random.Generator) -> tuple[Array, Array]:
        """E and S for each of the cells."""
        mean, deviation = (each[cells] for each in self.rise)
        # A normal law beyond 0, by its distribution function.
        below = ndtr(-mean / deviation)
        uniform = below + (1.0 - below) * rng.random(len(cells))
        rise = np.maximum(mean + deviation * ndtri(np.clip(uniform, 1e-300, 1 - 1e-16)), 0.0)
        centre = (self._ones_losses - self._curves_ones[cells] * rise) / self._ones
        return centre + rng.standard_normal(len(cells)) / np.sqrt(self._ones), rise


def _own(noise: Array, spread: Array) -> Array:
    """Variances of what does not persist."""
    found: Array = (noise[0] * spread) ** 2 * (1.0 - noise[1])
    return found


def _root(covariance: Array) -> Array:
    """A square root of a covariance that rounding may have left a little short of nonnegative."""
    values, vectors = np.linalg.eigh(covariance)
    # The symmetric one, which does not turn with rounding as eigenvectors do.
    root: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def posterior(measured: Sequence[Curve], design: Design) -> Posterior:
    """The posterior given curves, those of ``design.shapes`` in their order."""
    known = all(each.stderr is not None for each in measured)
    data = _data(measured, design, known)
    noises = np.array(list(product(np.ones(1) if known else NOISES, PERSISTENCES, DISCREPANCIES)))
    basis = design.basis(data.points)
    centred = basis - basis.mean(axis=1, keepdims=True)
    size = ((design.mixtures @ (centred @ centred.T)) * design.mixtures).sum(axis=1)
    if (size <= FLAT).all():
        raise DomainError(
            f"losses of {', '.join(each.workflow.name for each in measured)} are expected to be the same at every "
            "generation that was measured, for no model there learns from another: there is nothing to forecast from."
        )
    columns = np.column_stack((np.ones(len(data.losses)), data.losses, basis.T))
    covariances = data.joint(noises, data.points, data.points, (data.spread, data.spread))
    diagonal = np.arange(len(data.points))
    covariances[:, diagonal, diagonal] += [_own(noise, data.spread) for noise in noises]
    lower = np.linalg.cholesky(covariances)
    fits = [Fit(factor, columns, design.mixtures, size) for factor in lower]
    table = np.stack([fit.log_evidence() for fit in fits]) + design.prior
    if not known:
        expected = PRIOR_NOISE * _steepness(measured, design) ** np.where(design.families["variance"], 1.0, 0.5)
        table -= 0.5 * (np.log(noises[:, :1] / expected) / PRIOR_SPREAD) ** 2
        table += np.array([_scatter(measured, design, data.rise, noise) for noise in noises])[:, None]
    weights = np.exp(table - table.max())
    return Posterior(data, noises, fits, weights / weights.sum())


def _data(measured: Sequence[Curve], design: Design, known: bool) -> Data:
    rise = max(float(abs(each.mean[1:] - each.mean[0]).max()) for each in measured)
    origin = float(measured[0].mean[0])
    spread = [
        each.stderr if known and each.stderr is not None else np.full(len(each.generations), rise / each.seeds**0.5)
        for each in measured
    ]
    kept, points = np.arange(len(design.measured)), design.measured
    if design.shared:
        # Generation 1 is one model, and counts once.
        kept = np.flatnonzero((points.generation > 1) | (points.index == points.index[0]))
    return Data(
        design=design,
        points=Points(points.index[kept], points.generation[kept]),
        losses=np.concatenate([each.mean - origin for each in measured])[kept],
        # A standard error of 0 is one that was rounded away.
        spread=np.maximum(np.concatenate(spread), 1e-6 * rise)[kept],
        rise=rise,
        origin=origin,
    )


def _steepness(measured: Sequence[Curve], design: Design) -> float:
    """How many times the largest rise that was measured replace would have risen, were it all variance; 1 or more."""
    place = int(np.argmax([abs(each.mean[1:] - each.mean[0]).max() for each in measured]))
    generations = measured[place].generations
    ratio = float(np.abs(design.shapes[place].ratio[generations - 1] - 1.0).max())
    steep = float(generations[-1] - 1) / ratio if ratio > 0 else 1.0
    return float(np.clip(steep, 1.0, STEEPEST))


def _scatter(measured: Sequence[Curve], design: Design, rise: float, noise: Array) -> float:
    """Log-likelihood of how seeds scatter about their mean, whatever the mean is."""
    total = 0.0
    for place, each in enumerate(measured):
        if each.seeds < 2:
            continue
        points = Points(np.full(len(each.generations), place), each.generations)
        covariance = noise[1] * design.persistent(points, points)
        covariance[np.diag_indices_from(covariance)] += 1.0 - noise[1]
        lower = np.linalg.cholesky(covariance * (noise[0] * rise) ** 2)
        white = solve_triangular(lower, (each.losses - each.mean).T, lower=True)
        total -= (each.seeds - 1) * float(np.log(np.diag(lower)).sum()) + 0.5 * float((white**2).sum())
    return total
