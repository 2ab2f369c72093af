r"""Newton's method for many convex fits at once, with a step length that is proved to lower every one of them.

Every canonical regression minimises :math:`F(\theta) = \sum_i m_i A(\eta_i) - s_i \eta_i`, :math:`\eta_i = x_i\theta`,
whose cumulant A satisfies :math:`|A'''[v,v,v]| \le |v|\,A''[v,v]`, |v| the spread of the change v of a row's
predictors: F is self-concordant in the sense of Bach (2010). Along Newton's direction, with decrement λ and
:math:`\sigma = \max_i |v_i|`, this integrates to

.. math:: F(\theta + t\delta) \le F(\theta) - t\lambda^2 + \lambda^2\,\frac{e^{t\sigma} - t\sigma - 1}{\sigma^2},

least at :math:`t = \log(1+\sigma)/\sigma`; the full step t = 1 decreases F by at least :math:`(3 - e)\lambda^2` when
σ ≤ 1. So F decreases at every iteration, and once σ ≤ 1, which from a nearby start is at once, the
steps are Newton's own and F is never evaluated. Before that longer steps are tried, and halved down to the proved one.

A minimum exists unless some direction that changes the predictors never raises F, which is what its recession function
says (Rockafellar 1970, theorem 27.1): separation, for labels that are classes. Newton's steps then turn into that
direction with σ → 1, and never shrink, so that a fit is finished when σ is small, and not when the decrement is, which
goes to zero either way. What is neither finished nor seen to be flat in the end is decided by a linear program.

Source: F. Bach, *Self-concordant analysis for logistic regression*, Electronic Journal of Statistics 4 (2010),
propositions 1 and 2, for the bound; the step length and the criteria are derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from numerics.estimation.cholesky import backward, factor, forward

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A step that changes no predictor by more than this is the last: the error after it is of the order of its square.
LAST_STEP = 1e-5
#: A direction whose recession function is below this share of its length is one along which F never rises.
FLAT = 1e-5
#: Steps before separation is looked for: what is left of a fit that exists has converged, or nearly.
PATIENCE = 12
#: Damped steps gain log(1 + σ) in the predictors each; predictors of any use are far below this many.
MOST_STEPS = 60

#: A step longer than the proved one must lower F by this share of what its slope promises.
ARMIJO = 0.25

#: Why a fit failed.
FITTED, SEPARATED, SINGULAR, UNFINISHED = range(4)


class Objective(Protocol):
    """A convex function of θ for every replicate; the replicates are the last axis of every array."""

    def predictors(self, theta: Array) -> Array:
        """η of every row, (…, B), linear in θ of shape (p, B)."""
        ...

    def derivatives(self, predictors: Array) -> tuple[Array, Array]:
        """Gradient (p, B) and Hessian (p, p, B) in θ."""
        ...

    def value(self, predictors: Array) -> Array:
        """F, (B,)."""
        ...

    def spread(self, change: Array) -> Array:
        """σ of a change of predictors, (B,)."""
        ...

    def recession(self, change: Array) -> Array:
        """How fast F rises along a change of predictors, at the row where it rises most; 0 if it never does: (B,)."""
        ...

    def separated(self, replicate: int) -> bool:
        """Whether some direction changes the predictors of a replicate and never raises F: decided, and slow."""
        ...

    def select(self, replicates: NDArray[np.intp]) -> Self:
        """The same for some of the replicates."""
        ...


@dataclass(frozen=True, eq=False)
class Fits:
    """What came of fitting every replicate.

    Attributes
    ----------
    theta : parameters, (p, B); where the fit failed, those it started from
    status : ``FITTED``, ``SEPARATED``, ``SINGULAR`` (the rows do not determine θ) or ``UNFINISHED``, (B,)
    steps : Newton steps taken, (B,)
    """

    theta: Array
    status: NDArray[np.int8]
    steps: NDArray[np.int64]

    @property
    def fitted(self) -> Mask:
        """Which replicates have an estimate, (B,)."""
        return self.status == FITTED


def minimise(objective: Objective, start: Array, replicates: NDArray[np.intp] | None = None) -> Fits:
    """Minimise every replicate of ``objective`` from ``start``, shape (p, B), or only the given replicates."""
    total = start.shape[1]
    whole = objective
    theta = start.copy()
    status = np.zeros(total, dtype=np.int8)
    taken = np.zeros(total, dtype=np.int64)
    active = np.arange(total) if replicates is None else replicates
    if replicates is not None and len(replicates) < total:
        objective = objective.select(replicates)
    current = start[:, active]
    predictors = objective.predictors(current)
    done = np.zeros(len(active), dtype=np.bool_)
    for step in range(1, MOST_STEPS + 1):
        gradient, hessian = objective.derivatives(predictors)
        lower, definite = factor(hessian)
        direction = -backward(lower, forward(lower, gradient))
        change = objective.predictors(direction)
        spread = objective.spread(change)
        length = np.ones(len(active))
        far = np.flatnonzero(~done & (spread > 1) & np.isfinite(spread))
        if len(far):
            decrease = -np.einsum("pb,pb->b", gradient[:, far], direction[:, far])
            part = objective.select(far)
            length[far] = _lengths(part, predictors[..., far], change[..., far], spread[far], decrease)
        if step >= PATIENCE:
            # Looked for before definiteness: the Hessian of separated data goes to zero along their direction.
            flat = ~done & (spread > LAST_STEP) & (objective.recession(change) <= FLAT * spread)
            status[active[flat]] = SEPARATED
            done |= flat
        lost = ~done & ~(definite & np.isfinite(spread))
        status[active[lost]] = SINGULAR
        done |= lost
        moving = ~done
        length[done] = 0.0
        direction[:, done] = 0.0
        change[..., done] = 0.0
        current += length * direction
        finished = moving & (spread <= LAST_STEP)
        theta[:, active[finished]] = current[:, finished]
        taken[active[moving]] = step
        done |= finished
        if done.all():
            break
        if done.sum() * 2 > len(done):
            # Most are finished: go on with the others alone.
            keep = np.flatnonzero(~done)
            objective, active, current, done = objective.select(keep), active[keep], current[:, keep], done[keep]
            predictors = objective.predictors(current)
        else:
            change *= length
            predictors += change
    else:
        status[active[~done]] = UNFINISHED
    for replicate in np.flatnonzero((status == SINGULAR) | (status == UNFINISHED)):
        # Few: labels may be separated and the steps not yet say so, while rows far out hold them back.
        if whole.separated(int(replicate)):
            status[replicate] = SEPARATED
    return Fits(theta, status, taken)


def _lengths(objective: Objective, predictors: Array, change: Array, spread: Array, decrement: Array) -> Array:
    """Full steps, halved until F falls enough; never below the length that is proved to lower it."""
    proved = np.log1p(spread) / spread
    length = np.ones(len(spread))
    before = objective.value(predictors)
    trying = np.arange(len(spread))
    while len(trying):
        with np.errstate(over="ignore", invalid="ignore"):
            after = objective.select(trying).value(predictors[..., trying] + length[trying] * change[..., trying])
            enough = after <= before[trying] - ARMIJO * length[trying] * decrement[trying]
        trying = trying[~enough]
        length[trying] = np.maximum(length[trying] / 2, proved[trying])
        trying = trying[length[trying] > proved[trying]]
    return length
