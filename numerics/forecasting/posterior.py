r"""The posterior of the depth law, on a grid, and what it says of losses not yet measured.

With m the share of bias in the rise and u what growing data save, the expected loss is linear in (E, S):

.. math:: \mu_w(g) = E + S\,\bigl[(1-m)\,\tilde r_w(g) + m\,\tilde\varphi_w(g;\lambda) - u\,\tilde s_w(g)\bigr],
          \qquad S \ge 0,

each curve scaled to mean 1 over what is measured; or with two rates or many, as some of what is learnt is kept better
than the rest (:mod:`numerics.forecasting.law`). Around it lie three kinds of Gaussian noise: independent
from one generation to the next; persistent, for what a chain has learnt it passes on, with the squared covariance of
the workflow's limit process, a loss being quadratic in it; and a discrepancy, the law being only nearly true, a
Brownian motion in log g in proportion to the rise of the workflow.
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
from scipy.special import log_ndtr, ndtr, ndtri
from scipy.stats import chi2

from numerics.forecasting.data import Curve
from numerics.forecasting.law import Design, Points
from numerics.forecasting.shapes import Shapes
from theory.errors import DomainError

Array = NDArray[np.float64]

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
DISCREPANCIES = np.array([0.004, 0.025])
#: Of several workflows, one that rises less has the smaller noise: in proportion to its rise to one of these powers.
POWERS = np.array([0.0, 0.5, 1.0])
#: A rise is no less than this part of the largest one: it may be hidden in noise.
LEAST_RISE = 0.02
#: Cells of noise with less weight than this are not drawn from.
NEGLIGIBLE = 2e-3
#: Curves, of mean about 1, that vary by less than this (squared) are flat.
FLAT = 1e-6


@dataclass(frozen=True, eq=False)
class Data:
    """Mean losses at some points, and how they may err.

    Attributes
    ----------
    design : Design
    points : Points
    losses : (k,), means over seeds
    spread : (k,), standard deviation of each, in units of that of a single loss, or as given
    given : (workflows measured,), whether the standard errors of each are
    rise : the largest one, that noise is in proportion to
    rises : (workflows,), each one's own, that its discrepancy is in proportion to
    origin : what ``losses`` are counted from, so that a large constant in them costs no digits
    """

    design: Design
    points: Points
    losses: Array
    spread: Array
    given: NDArray[np.bool_]
    rise: float
    rises: Array
    origin: float

    def joint(self, noises: Array, left: Points, right: Points, scale: tuple[Array, Array]) -> Array:
        """What two lists of points have in common, for every cell of noise: what persists, and the discrepancy."""
        drifting = np.outer(self.rises[left.index], self.rises[right.index]) * self.design.discrepancy(left, right)
        rows, columns = (self._deviations(noises, *each) for each in ((left, scale[0]), (right, scale[1])))
        sizes = rows[:, :, None] * columns[:, None]
        _, persistence, discrepancy, _ = noises.T[:, :, None, None]
        found: Array = persistence * sizes * self.design.persistent(left, right) + discrepancy**2 * drifting
        return found

    def own(self, noises: Array, points: Points, spread: Array) -> Array:
        """Variances of what does not persist, for every cell of noise."""
        found: Array = self._deviations(noises, points, spread) ** 2 * (1.0 - noises[:, 1:2])
        return found * np.where(self._given(points), 1.0, self.smaller(points.index) ** (2.0 * noises[:, 3:]))

    def smaller(self, index: NDArray[np.int64]) -> Array:
        """Rises of workflows over the largest."""
        found: Array = self.rises[index] / self.rise
        return found

    def _deviations(self, noises: Array, points: Points, spread: Array) -> Array:
        """Standard deviations for every cell of noise: as given, or its deviation times the spread."""
        found: Array = np.where(self._given(points), 1.0, noises[:, :1]) * spread
        return found

    def _given(self, points: Points) -> NDArray[np.bool_]:
        # Workflows that nothing was measured under come last.
        found: NDArray[np.bool_] = np.append(self.given, self.given.all())[np.minimum(points.index, len(self.given))]
        return found


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posterior of the law given measured curves.

    Attributes
    ----------
    data : Data
    noises : (cells of noise, 4), deviation, persistence, discrepancy, the first and the third in units of the rise, and
        the power of its rise that a workflow's deviation goes with
    fits : of (E, S), one a cell of noise
    weights : (cells of noise, cells), sums to 1
    """

    data: Data
    noises: Array
    fits: Sequence[Fit]
    weights: Array

    def also(self, shapes: Sequence[Shapes]) -> Posterior:
        """The same, where other workflows may be asked for too: nothing was measured under them."""
        data = self.data
        design = replace(data.design, shapes=tuple(shapes))
        noise, cell = self.best
        _, size = self.fits[noise].centre(cell)
        known = len(data.rises)
        later = np.arange(1, int(data.points.generation.max()) + 1)
        places = [Points(np.full(len(later), place), later) for place in range(known, len(shapes))]
        told = [size * float(np.ptp(design.mixtures[cell] @ design.basis(points))) for points in places]
        rises = np.append(data.rises, np.maximum(told, LEAST_RISE * data.rise))
        return replace(self, data=replace(data, design=design, rises=rises))

    @cached_property
    def best(self) -> tuple[int, int]:
        """The cell of noise and the cell of the law with the largest weight."""
        noise, cell = np.unravel_index(int(self.weights.argmax()), self.weights.shape)
        return int(noise), int(cell)

    def residuals(self) -> Array:
        """Losses less the law at its best."""
        return self._residuals(*self.best)

    def _residuals(self, noise: int, cell: int) -> Array:
        floor, rise = self.fits[noise].centre(cell)
        curve = self.data.design.mixtures[cell] @ self.data.design.basis(self.data.points)
        found: Array = self.data.losses - floor - rise * curve
        return found

    def chance(self, free: int) -> float:
        """Probability of residuals as large, were there no discrepancy: by chi square, over the sizes of the noise."""
        by_noise = self.weights.sum(axis=1)
        places = np.flatnonzero(by_noise > NEGLIGIBLE * by_noise.max()).tolist()
        tails = [float(chi2.sf(self._chi_square(place), free)) for place in places]
        return float(np.average(tails, weights=by_noise[places]))

    def _chi_square(self, place: int) -> float:
        noise = self.noises[place] * [1.0, 1.0, 0.0, 1.0]
        points, spread = self.data.points, self.data.spread
        covariance = self.data.joint(noise[None, :], points, points, (spread, spread))[0]
        covariance[np.diag_indices_from(covariance)] += self.data.own(noise[None, :], points, spread)[0]
        left = self._residuals(place, int(self.weights[place].argmax()))
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
            covariance[np.diag_indices_from(covariance)] += data.own(noises[[index]], points, spread)[0]
            scatter = rng.standard_normal((len(rows), len(points))) @ _root(covariance).T
            losses[rows] = expected + left @ gain.T + scatter
            parts.append((floor + data.origin, rise, cells))
        floors, rises, chosen = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Draws(floors, rises, chosen, losses + data.origin)


@dataclass(frozen=True, eq=False)
class Draws:
    """From a posterior: E, S and the form of the law, and losses as they would be measured anew."""

    floor: Array
    size: Array
    form: NDArray[np.int64]
    losses: Array

    def take(self, chosen: NDArray[np.int64]) -> Draws:
        """Some of them, or some more than once."""
        return Draws(self.floor[chosen], self.size[chosen], self.form[chosen], self.losses[chosen])


class Fit:
    """(E, S) given a cell of noise, for all cells of the law: one factor of the covariance serves them.

    ``gram`` holds the products, in the inverse of the covariance, of 1, the losses and the curves of the basis;
    ``squares`` those of the curve of each cell of the law with itself.
    """

    def __init__(self, lower: Array, gram: Array, squares: Array, mixtures: Array, size: Array) -> None:
        self._lower = lower
        self._ones, self._ones_losses, self._losses = gram[0, 0], gram[0, 1], gram[1, 1]
        self._curves_ones, self._curves_losses = (mixtures @ gram[2:, :2]).T
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


def _root(covariance: Array) -> Array:
    """A square root of a covariance that rounding may have left a little short of nonnegative."""
    values, vectors = np.linalg.eigh(covariance)
    # The symmetric one, which does not turn with rounding as eigenvectors do.
    root: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def posterior(measured: Sequence[Curve], design: Design) -> Posterior:
    """The posterior given curves, those of ``design.shapes`` in their order."""
    known = all(each.stderr is not None for each in measured)
    data = _data(measured, design)
    powers = POWERS if len(measured) > 1 and not known else POWERS[:1]
    noises = np.array(list(product(np.ones(1) if known else NOISES, PERSISTENCES, DISCREPANCIES, powers)))
    basis = design.basis(data.points)
    centred = basis - basis.mean(axis=1, keepdims=True)
    size = design.squares((centred @ centred.T)[None, :, :])[0]
    if (size <= FLAT).all():
        raise DomainError(
            f"losses of {', '.join(each.workflow.name for each in measured)} are expected to be the same at every "
            "generation that was measured, for no model there learns from another: there is nothing to forecast from."
        )
    columns = np.column_stack((np.ones(len(data.losses)), data.losses, basis.T))
    covariances = data.joint(noises, data.points, data.points, (data.spread, data.spread))
    diagonal = np.arange(len(data.points))
    covariances[:, diagonal, diagonal] += data.own(noises, data.points, data.spread)
    lower = np.linalg.cholesky(covariances)
    white = [solve_triangular(factor, columns, lower=True, check_finite=False) for factor in lower]
    grams = np.stack([each.T @ each for each in white])
    squares = design.squares(grams[:, 2:, 2:])
    fits = [Fit(*each, design.mixtures, size) for each in zip(lower, grams, squares, strict=True)]
    table = np.stack([fit.log_evidence() for fit in fits]) + design.prior
    if not known:
        expected = PRIOR_NOISE * _steepness(measured, design) ** np.where(design.families["variance"], 1.0, 0.5)
        table -= 0.5 * (np.log(noises[:, :1] / expected) / PRIOR_SPREAD) ** 2
        table += _scatter(measured, data, noises)[:, None]
    weights = np.exp(table - table.max())
    return Posterior(data, noises, fits, weights / weights.sum())


def _data(measured: Sequence[Curve], design: Design) -> Data:
    rises = np.array([float(abs(each.mean[1:] - each.mean[0]).max()) for each in measured])
    rise = float(rises.max())
    origin = float(measured[0].mean[0])
    spread = [
        np.full(len(each.generations), rise / each.seeds**0.5) if each.stderr is None else each.stderr
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
        given=np.array([each.stderr is not None for each in measured]),
        rise=rise,
        rises=np.maximum(rises, LEAST_RISE * rise),
        origin=origin,
    )


def _steepness(measured: Sequence[Curve], design: Design) -> float:
    """How many times the largest rise that was measured replace would have risen, were it all variance; 1 or more."""
    place = int(np.argmax([abs(each.mean[1:] - each.mean[0]).max() for each in measured]))
    generations = measured[place].generations
    ratio = float(np.abs(design.shapes[place].ratio[generations - 1] - 1.0).max())
    steep = float(generations[-1] - 1) / ratio if ratio > 0 else 1.0
    return float(np.clip(steep, 1.0, STEEPEST))


def _scatter(measured: Sequence[Curve], data: Data, noises: Array) -> Array:
    """Log-likelihood of how seeds scatter about their mean, whatever the mean is, for every cell of noise."""
    total = np.zeros(len(noises))
    for place, each in enumerate(measured):
        if each.seeds < 2 or each.stderr is not None:
            continue
        points = Points(np.full(len(each.generations), place), each.generations)
        persistent, smaller = data.design.persistent(points, points), data.smaller(points.index)
        apart = (each.losses - each.mean).T / data.rise
        # The discrepancy is common to all seeds, and does not scatter them; nor need each size be factored.
        for persistence, power in {(noise[1], noise[3]) for noise in noises}:
            covariance = persistence * persistent
            covariance[np.diag_indices_from(covariance)] += (1.0 - persistence) * smaller ** (2.0 * power)
            lower = np.linalg.cholesky(covariance)
            white = solve_triangular(lower, apart, lower=True)
            alike = (noises[:, 1] == persistence) & (noises[:, 3] == power)
            sizes = noises[alike, 0]
            spread = float(np.log(np.diag(lower)).sum()) + len(points) * np.log(sizes * data.rise)
            total[alike] -= (each.seeds - 1) * spread + 0.5 * float((white**2).sum()) / sizes**2
    return total
