r"""Gaussians with fitted mean and covariance.

Model g is the weighted maximum likelihood fit

.. math:: \mu_g = \sum_j w_{g,j}\,\bar x_j, \qquad
          \Sigma_g = \frac{1}{1 - \kappa_g}\Big[\sum_j w_{g,j}\big(C_j + \bar x_j \bar x_j^\top\big)
          - \mu_g\mu_g^\top\Big], \qquad \kappa_g = \sum_j \frac{w_{g,j}^2}{n_j},

with :math:`C_j` the covariance of block j (divisor n_j); the factor 1/(1 − κ) is there for the unbiased fit only.
A chain keeps :math:`\Sigma_g = F F^\top` as its root F, d × r with r ≤ d columns. Given the past, block g + 1 has

.. math:: \bar x = \mu + F z/\sqrt n, \qquad n\,C = F\, T T^\top F^\top, \qquad z \sim N(0, I_r),

with T Bartlett's root of an r-dimensional Wishart matrix of n − 1 degrees, singular ones included. When model g
differs from model g − 1 by its newest block alone, :math:`w_g = (c\,w_{g-1}, a)` with a + c = 1, all happens inside
the span of F,

.. math:: \Sigma_g = F\Big[c I + \tfrac{a}{n}\,(T T^\top + c\, z z^\top)\Big] F^\top,

so F is multiplied by a triangular matrix and no d × d matrix is factored: replace is c = 0, accumulate c = (g−1)/g.
Covariances are added as they are, never as second moments minus the square of the mean: a fit that collapses keeps
its digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.blocks import Sampler, block_size
from numerics.samplers.choose import sampler
from numerics.samplers.combination import Step, kept_blocks, steps
from numerics.samplers.covariance import apply, gram, inverse_norms, log_determinant, root, wishart_root
from numerics.samplers.schedule import Schedule, schedule
from numerics.samplers.subsets import gathered, subsets, with_replacement
from theory.errors import DomainError
from theory.models.gaussian_fit import GaussianFit
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

# Matrices of a block of replicates stay within the second-level cache; measured at d = 7 and d = 31.
CACHE_BYTES = 2**21
# The pools of a block of replicates: reading 89 of 8900 points is a walk through memory whatever their size.
POOL_BYTES = 2**26


@dataclass(frozen=True)
class Fit:
    """Mean (R, d), lower trapezoidal root F (R, d, r) of a covariance, and log det FFᵀ (R,).

    A long chain may leave F below the smallest double; its logarithm is carried from factor to factor and stays.
    """

    mean: Array
    factor: Array
    logarithm: Array

    def stretched(self, stretch: float) -> Fit:
        """The same with ``stretch``² times the covariance."""
        if stretch == 1.0:
            return self
        shift = 2 * self.mean.shape[1] * np.log(stretch)
        return Fit(self.mean, stretch * self.factor, self.logarithm + shift)


def standard(replicates: int, d: int) -> Fit:
    """The truth, N(0, I)."""
    identity = np.broadcast_to(np.eye(d), (replicates, d, d))
    return Fit(np.zeros((replicates, d)), identity, np.zeros(replicates))


@dataclass(frozen=True)
class GaussianLoss:
    r"""A loss of N(μ, FFᵀ) against N(0, I_d), by the name it has in the theory."""

    name: str

    @property
    def logarithmic(self) -> bool:
        """Whether it needs log det Σ."""
        return self.name in ("log-determinant", "kl")

    def fitted(self, mean: Array, factor: Array, logarithm: Array | None = None) -> Fit:
        """A fit with the logarithm of its determinant, if this loss needs it (else it is left at 0)."""
        if logarithm is None:
            logarithm = log_determinant(factor) if self.logarithmic else np.zeros(len(mean))
        return Fit(mean, factor, logarithm)

    def __call__(self, fit: Fit, out: Array) -> None:
        mean, factor = fit.mean, fit.factor
        if self.name in ("mean", "squared"):
            np.einsum("bd,bd->b", mean, mean, out=out)
        if self.name == "squared":
            out += _covariance_error(factor)
        elif self.name == "covariance":
            out[:] = _covariance_error(factor)
        elif self.name == "trace":
            np.einsum("bij,bij->b", factor, factor, out=out)
        elif self.name == "log-determinant":
            out[:] = fit.logarithm
        elif self.name == "kl":
            # A singular fit has log det = −∞ and the inverse's +∞; the latter wins.
            inverse = inverse_norms(factor, mean)
            finite = np.isfinite(inverse) & np.isfinite(fit.logarithm)
            out[:] = np.inf
            out[finite] = (inverse[finite] - mean.shape[1] + fit.logarithm[finite]) / 2
        elif self.name == "wasserstein":
            deviation = np.abs(factor).sum(axis=(1, 2))
            out[:] = mean[:, 0] ** 2 + (deviation - 1) ** 2


def _covariance_error(factor: Array) -> Array:
    """‖FFᵀ − I‖² from the smaller of the two Gram matrices."""
    _, d, rank = factor.shape
    if rank < d:
        small = gram(np.ascontiguousarray(factor.transpose(0, 2, 1)))
        trace = np.einsum("bii->b", small)
        return np.einsum("bij,bij->b", small, small) - 2 * trace + d
    difference = gram(factor)
    corner = np.arange(d)
    difference[:, corner, corner] -= 1.0
    return np.einsum("bij,bij->b", difference, difference)


def merged(groups: list[tuple[float, Array, Array]]) -> tuple[Array, Array]:
    """Mean and covariance of a mixture of (weight, mean, covariance), by weights that sum to 1.

    Merged one by one (Chan, Golub and LeVeque 1983): nothing is ever subtracted from a covariance.
    """
    total, mean, matrix = groups[0]
    scatter = total * matrix
    for weight, other, matrix in groups[1:]:
        shift = other - mean
        scatter += weight * matrix
        between = shift[:, :, None] * shift[:, None, :]
        between *= total * weight / (total + weight)
        scatter += between
        total += weight
        mean = mean + (weight / total) * shift
    return mean, scatter


def convex_steps(weights: Array, fresh_weights: Array) -> tuple[Step, ...]:
    """The cheapest recursion whose terms are all nonnegative: covariances are only ever added.

    A block that leaves a window would be subtracted, and cancels what is left of a fit that has collapsed; rows are
    then summed from scratch.
    """
    plan = steps(weights, fresh_weights)
    if fresh_weights.ndim == 2 or all(
        step.carry >= 0 and all(weight >= 0 for _, weight in step.terms) for step in plan
    ):
        return plan
    rows = [tuple((int(j), float(row[j])) for j in np.flatnonzero(row)) for row in weights]
    last_use = {j: g for g, terms in enumerate(rows) for j, _ in terms}
    return tuple(
        Step(
            carry=0.0,
            terms=terms,
            fresh=float(fresh_weights[g]),
            keep=last_use.get(g, g) > g,
            done=tuple(j for j, _ in terms if last_use[j] == g and j != g),
        )
        for g, terms in enumerate(rows)
    )


def stretches(table: Schedule, unbiased: bool) -> tuple[float, ...]:
    r""":math:`1/\sqrt{1-\kappa_g}` for the unbiased fit, else 1: what the root of every fit is multiplied by, (G,).

    A random subsample of b points weighs each of them 1/b.
    """
    if not unbiased:
        return (1.0,) * table.generations
    kappa = (table.weights**2) @ (1 / table.points)
    kappa += table.kept_or_newest**2 @ np.divide(
        1.0, table.fresh_points, out=np.zeros_like(kappa), where=table.fresh_points > 0
    )
    kappa = np.divide(1.0, table.drawn, out=kappa, where=table.drawn > 0)
    if (kappa >= 1 - 1e-12).any():
        g = int(np.argmax(kappa >= 1 - 1e-12)) + 1
        raise DomainError(f"model {g} is fitted on a single point: an unbiased covariance needs two or more.")
    return tuple((1 / np.sqrt(1 - kappa)).tolist())


def fitted_on(table: Schedule) -> NDArray[np.int64]:
    """The number of points that each model is fitted on, (G,)."""
    pooled = (table.weights != 0) @ table.points + table.fresh_in_use
    return np.where(table.drawn > 0, table.drawn, pooled)


def covariance(points: Array) -> tuple[Array, Array]:
    """Means (R, d) and covariances with divisor n (R, d, d) of points (R, n, d), which are centred in place."""
    count = points.shape[1]
    mean = np.matmul(np.full((1, count), 1 / count), points)
    points -= mean
    # A copy of the transpose, as in ``gram``: BLAS is several times slower on the view of a small matrix.
    scatter = np.matmul(np.ascontiguousarray(points.transpose(0, 2, 1)), points)
    scatter /= count
    return mean[:, 0], scatter


def draw_points(rng: Generator, fit: Fit, out: Array) -> None:
    """Fill ``out`` (R, n, d) with points of N(μ, FFᵀ)."""
    replicates, count, _ = out.shape
    noise = rng.standard_normal((replicates, count, fit.factor.shape[2]))
    np.matmul(noise, np.ascontiguousarray(fit.factor.transpose(0, 2, 1)), out=out)
    out += fit.mean[:, None, :]


@dataclass(frozen=True)
class GaussianChain:
    """Deterministic weights: every fit from its exact law, or from drawn points.

    Attributes
    ----------
    plan : the recursion by which weighted sums are formed, nonnegative throughout
    points_drawn : whether every point is drawn and the model refitted (raw)
    """

    d: int
    loss: GaussianLoss
    schedule: Schedule
    plan: tuple[Step, ...]
    stretch: tuple[float, ...]
    points_drawn: bool
    temperature: float = 1.0

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        numbers = (6 + kept_blocks(self.plan)) * self.d * (self.d + 1)
        if self.points_drawn:
            numbers += 3 * int(max(table.points.max(), table.fresh_points.max())) * self.d
        size = block_size(8 * numbers, 8 * CACHE_BYTES if self.points_drawn else 4 * CACHE_BYTES)
        return min(size, block_size(8 * (2 * table.generations + numbers)))

    @property
    def singular(self) -> bool:
        """Whether some model is fitted on d points or fewer, so that covariances are singular by construction."""
        return bool((fitted_on(self.schedule) <= self.d).any())

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        truth = standard(replicates, self.d)
        # ``fit`` has the root of the maximum likelihood covariance, ``model`` the same root stretched.
        fit = model = truth
        stretch = 1.0
        # Means of blocks are kept relative to the newest fit, whose own mean may dwarf their differences.
        kept: dict[int, tuple[Array, Array]] = {}
        singular = self.singular
        for g, step in enumerate(self.plan):
            count = int(table.points[g])
            # Real data are as they are; a model is sampled at its temperature.
            heat = np.sqrt(self.temperature) if g else 1.0
            inside = not self.points_drawn and not step.fresh and len(step.terms) == 1 and step.terms[0][0] == g
            if inside:
                fit, shift, kept[g] = self._within_span(rng, fit, stretch * heat, step, count)
            else:
                kept[g] = self._moments(rng, model.stretched(heat), count)
                groups = [(weight, *kept[j]) for j, weight in step.terms]
                if step.carry:
                    groups.append((step.carry, np.zeros_like(fit.mean), gram(fit.factor)))
                if step.fresh:
                    offset, matrix = self._moments(rng, truth, int(table.fresh_points[g]))
                    groups.append((step.fresh, offset - fit.mean, matrix))
                shift, matrix = merged(groups)
                fit = self.loss.fitted(fit.mean + shift, root(matrix, singular))
            for j in step.done if step.keep else (*step.done, g):
                del kept[j]
            kept = {j: (offset - shift, matrix) for j, (offset, matrix) in kept.items()}
            stretch = self.stretch[g]
            model = fit.stretched(stretch)
            self.loss(model, out[g])
        return out

    def _within_span(
        self, rng: Generator, fit: Fit, stretch: float, step: Step, count: int
    ) -> tuple[Fit, Array, tuple[Array, Array]]:
        """The next fit when it is c times the one before and a times a newest block.

        Also the shift of the mean, and the block's moments, if kept. The block is drawn from the model, whose root is
        ``stretch`` times the fit's.
        """
        newest, carry = step.terms[0][1], step.carry
        replicates, _, rank = fit.factor.shape
        triangle = wishart_root(rng, rank, count - 1, replicates)
        triangle *= stretch / np.sqrt(count)
        noise = rng.standard_normal((replicates, rank))
        noise *= stretch / np.sqrt(count)
        shift = apply(fit.factor, noise)
        block = shift, gram(np.matmul(fit.factor, triangle)) if step.keep else triangle
        if carry:
            wide = np.concatenate((triangle, np.sqrt(carry) * noise[:, :, None]), axis=2)
            inner = gram(wide)
            inner *= newest
            corner = np.arange(rank)
            inner[:, corner, corner] += carry
            triangle = root(inner)
            shift = newest * shift
        logarithm = None
        if self.loss.logarithmic and triangle.shape[2] == self.d:
            logarithm = fit.logarithm + log_determinant(triangle)
        return self.loss.fitted(fit.mean + shift, np.matmul(fit.factor, triangle), logarithm), shift, block

    def _moments(self, rng: Generator, model: Fit, count: int) -> tuple[Array, Array]:
        """Mean, relative to the model's, and covariance of a new block."""
        if self.points_drawn:
            points = np.empty((len(model.mean), count, self.d))
            draw_points(rng, model, points)
            mean, matrix = covariance(points)
            return mean - model.mean, matrix
        replicates, _, rank = model.factor.shape
        spread = np.matmul(model.factor, wishart_root(rng, rank, count - 1, replicates))
        spread /= np.sqrt(count)
        noise = rng.standard_normal((replicates, rank)) / np.sqrt(count)
        return apply(model.factor, noise), gram(spread)


@dataclass(frozen=True)
class GaussianPool:
    """Accumulate-subsample: every point is kept, and each model fitted on a random subset of them."""

    d: int
    loss: GaussianLoss
    schedule: Schedule
    stretch: tuple[float, ...]
    temperature: float = 1.0

    @property
    def replicates_in_a_block(self) -> int:
        """Replicates drawn together: as many as fit into the cache or the memory of a block."""
        table = self.schedule
        numbers = int(table.points.sum()) * self.d + 2 * table.generations
        numbers += 4 * int(np.maximum(table.points, fitted_on(table)).max()) * (self.d + 1)
        return block_size(8 * numbers, POOL_BYTES)

    def losses(self, rng: Generator, replicates: int) -> Array:
        """Losses of generations 1..G, each chain drawn anew: shape (G, replicates)."""
        table = self.schedule
        out = np.empty((table.generations, replicates))
        pool = np.empty((replicates, int(table.points.sum()), self.d))
        # Points drawn twice may leave fewer than d of them.
        singular = bool((fitted_on(table) <= self.d).any() or table.replacement.any())
        model = standard(replicates, self.d)
        filled = 0
        for g in range(table.generations):
            count, drawn = int(table.points[g]), int(table.drawn[g])
            source = model.stretched(float(np.sqrt(self.temperature))) if g else model
            draw_points(rng, source, pool[:, filled : filled + count])
            filled += count
            if drawn:
                chosen = (with_replacement if table.replacement[g] else subsets)(rng, filled, drawn, replicates)
                mean, matrix = covariance(gathered(pool, chosen))
            else:
                mean, matrix = covariance(pool[:, :filled].copy())
            model = self.loss.fitted(mean, root(matrix, singular)).stretched(self.stretch[g])
            self.loss(model, out[g])
        return out


@sampler.register
def _(model: GaussianFit, workflow: Workflow, generations: int, raw: bool, loss: str) -> Sampler:
    d = int(model.d)  # type: ignore[arg-type]
    table = schedule(workflow, generations, int(model.n), keeps=True)  # type: ignore[arg-type]
    if (table.weights < 0).any() or (table.fresh_weights < 0).any():
        raise DomainError(
            f"{type(workflow).__name__} has negative weights: a weighted covariance needs weights ≥ 0, "
            f"or it might not be a covariance."
        )
    stretch = stretches(table, model.unbiased)
    measure, heat = GaussianLoss(loss), float(model.temperature)
    if table.subsampled:
        return GaussianPool(d, measure, table, stretch, heat)
    plan = convex_steps(table.weights, table.real)
    if any(step.keep_fresh for step in plan):
        raise DomainError(
            f"{type(workflow).__name__} weighs real data of earlier generations apart: Gaussian fits have no sampler "
            f"for that."
        )
    return GaussianChain(d, measure, table, plan, stretch, raw, heat)
