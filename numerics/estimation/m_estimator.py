r"""Any M-estimator, given its score and Hessian: Newton for many replicates at once.

:math:`\hat\theta` solves :math:`\sum_i w_i\,\psi(\theta, z_i) = 0`. A Newton step δ is taken in full or halved until

.. math:: \|J(\theta)^{-1}\bar\psi(\theta + t\delta)\| \le (1 - t/2)\,\|\delta\|,

the natural monotonicity test (Deuflhard 2004, section 3.3): it needs no objective and does not change when scores are
combined linearly.

Source: P. Deuflhard, *Newton Methods for Nonlinear Problems*, Springer 2004.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.newton import MOST_STEPS, SINGULAR, UNFINISHED, Fits
from theory.errors import DomainError
from theory.expressions.arguments import quoted

#: A step of this relative size is the last.
LAST_STEP = 1e-8
#: Halvings after which a direction is given up.
MOST_HALVINGS = 40
#: A Jacobian of a larger condition number does not determine the step.
WORST_CONDITION = 1e13


@dataclass(frozen=True, eq=False)
class MEstimator:
    r"""An estimator given by its score, with the law that its synthetic data follow.

    Parameters
    ----------
    sample : callable
        ``sample(rng, theta, n)``: n points of each model, θ of shape (B, p), points of shape (B, n, …).
    score : callable
        ``score(theta, points)``: ψ of every point, shape (B, n, p).
    hessian : callable
        ``hessian(theta, points)``: its derivative in θ of every point, shape (B, n, p, p).
    truth : (p,) array
    n : positive int
        Points in a unit block.
    metric : (p, p) array
        What the squared error is measured in: the inverse of the asymptotic covariance of √n(θ̂ − θ₀), which is
        :math:`J K^{-1} J` with J = E ∂ψ and K = E ψψᵀ at the truth. The risk of generation 1 is then p/n to leading
        order.

    Notes
    -----
    Deuflhard (2004) for the steps; Huber (1964) for the estimators.

    Examples
    --------
    The median of a logistic distribution is its location; so is its maximum-likelihood estimate, and I = 1/3.

    >>> import numpy as np
    >>> location = MEstimator(
    ...     sample=lambda rng, theta, n: theta[:, :, None][:, 0] + rng.logistic(size=(len(theta), n)),
    ...     score=lambda theta, z: np.tanh((theta - z) / 2)[:, :, None],
    ...     hessian=lambda theta, z: (0.5 / np.cosh((theta - z) / 2) ** 2)[:, :, None, None],
    ...     truth=[0.0], n=50, metric=[[1 / 3]],
    ... )
    >>> points = location.sample(np.random.default_rng(1), np.zeros((4, 1)), 50)
    >>> fits = location.fit(points, np.ones((4, 50)), np.zeros((1, 4)))
    >>> bool(np.abs(location.score(fits.theta.T, points).sum(axis=1)).max() < 1e-9)
    True
    """

    sample: Callable[[Generator, Array, int], Array]
    score: Callable[[Array, Array], Array]
    hessian: Callable[[Array, Array], Array]
    truth: Array
    n: int
    metric: Array
    name: ClassVar[str] = "m-estimator"

    def __post_init__(self) -> None:
        truth, metric = np.asarray(self.truth, dtype=np.float64), np.asarray(self.metric, dtype=np.float64)
        if truth.ndim != 1 or not len(truth) or not np.isfinite(truth).all():
            raise DomainError(f"truth = {quoted(self.truth)} is not a parameter: give a vector of finite numbers.")
        if metric.shape != (len(truth), len(truth)) or not np.isfinite(metric).all():
            raise DomainError(f"metric of shape {metric.shape} is not allowed: give a matrix of {len(truth)} rows.")
        if not np.allclose(metric, metric.T) or np.linalg.eigvalsh(metric).min() <= 0:
            raise DomainError(f"metric = {metric.tolist()} is not allowed: it must be symmetric and positive definite.")
        if isinstance(self.n, bool) or not isinstance(self.n, (int, np.integer)) or self.n < 1:
            raise DomainError(f"n = {self.n!r} is not a number of points: n must be a whole number, 1 or more.")
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "metric", metric)
        rng = np.random.default_rng(0)
        points = self.sample(rng, np.repeat(truth[None], 2, axis=0), 3)
        shapes = {
            "sample": (np.shape(points)[:2], (2, 3)),
            "score": (np.shape(self.score(np.stack([truth, truth]), points)), (2, 3, len(truth))),
            "hessian": (np.shape(self.hessian(np.stack([truth, truth]), points)), (2, 3, len(truth), len(truth))),
        }
        for argument, (found, wanted) in shapes.items():
            if found != wanted:
                raise DomainError(
                    f"{argument} returns an array of shape {found} for 2 replicates of 3 points: it must be {wanted}."
                )

    @property
    def parameters(self) -> int:
        """p."""
        return len(self.truth)

    def fit(self, points: Array, weights: Array, start: Array) -> Fits:
        """Solve for every replicate: points (B, M, …), weights (B, M) or (M,), start (p, B)."""
        share = np.broadcast_to(weights / np.sum(weights, axis=-1, keepdims=True), points.shape[:2])
        theta = start.T.copy()
        status = np.zeros(len(theta), dtype=np.int8)
        taken = np.zeros(len(theta), dtype=np.int64)
        active = np.arange(len(theta))
        for step in range(1, MOST_STEPS + 1):
            current, data, weight = theta[active], points[active], share[active]
            jacobian = np.einsum("bm,bmij->bij", weight, self.hessian(current, data))
            lost = ~np.isfinite(jacobian).all(axis=(1, 2))
            jacobian[lost] = np.eye(self.parameters)
            lost |= ~(np.linalg.cond(jacobian) < WORST_CONDITION)
            jacobian[lost] = np.eye(self.parameters)
            direction = -self._solved(jacobian, self._mean(current, data, weight))
            size = np.linalg.norm(direction, axis=1)
            length = self._lengths(current, data, weight, jacobian, direction, size)
            lost |= ~np.isfinite(size)
            stuck = ~lost & (length == 0)
            status[active[lost]] = SINGULAR
            status[active[stuck]] = UNFINISHED
            going = ~(lost | stuck)
            theta[active[going]] += length[going, None] * direction[going]
            taken[active[going]] = step
            finished = going & (size <= LAST_STEP * (1 + np.linalg.norm(current, axis=1)))
            active = active[going & ~finished]
            if not len(active):
                break
        status[active] = UNFINISHED
        failed = status != 0
        theta[failed] = start.T[failed]
        return Fits(theta.T.copy(), status, taken)

    def _mean(self, theta: Array, points: Array, weights: Array) -> Array:
        return np.einsum("bm,bmi->bi", weights, self.score(theta, points))

    @staticmethod
    def _solved(jacobian: Array, right: Array) -> Array:
        return np.asarray(np.linalg.solve(jacobian, right[:, :, None])[:, :, 0], dtype=np.float64)

    def _lengths(
        self, theta: Array, points: Array, weights: Array, jacobian: Array, direction: Array, size: Array
    ) -> Array:
        """Step lengths, halved where the test asks for it; 0 where no length passes."""
        length = np.ones(len(theta))
        # What rounding leaves of a step cannot be halved into anything better.
        tiny = size <= LAST_STEP * (1 + np.linalg.norm(theta, axis=1))
        trying: NDArray[np.intp] = np.flatnonzero(~tiny & np.isfinite(size))
        for _ in range(MOST_HALVINGS):
            if not len(trying):
                return length
            moved = theta[trying] + length[trying, None] * direction[trying]
            after = self._solved(jacobian[trying], self._mean(moved, points[trying], weights[trying]))
            passed = np.linalg.norm(after, axis=1) <= (1 - length[trying] / 2) * size[trying]
            trying = trying[~passed]
            length[trying] /= 2
        length[trying] = 0.0
        return length
