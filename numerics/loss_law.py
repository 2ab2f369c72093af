r"""How the average of a loss over R replicates scatters: its covariance, and what is left of skewness and kurtosis.

Of the squared error of a scalar family under deterministic weights all of them are known exactly
(:mod:`theory.moments.higher_moments`): nothing about the spread of the average is then estimated from the replicates
that are to be judged. Where ``Risk.standard_deviation`` is derived, the variance is known. Elsewhere all is estimated,
and the verdict says so.

With a = skewness/√R the average, in units of its standard error, is close to normal only up to a; its *score* is
normal one order further. Where the standard error is known that is the normal score of the gamma law with the same
skewness (exact for Gaussian errors, whose average of squares has a gamma law). Where it is estimated from the same
replicates, the expansion turns round (a large average comes with a large standard error), and Hall (1992, *The
bootstrap and Edgeworth expansion*, section 3.9) gives the monotone cubic :math:`((1 + a z/3)^3 - 1)/a + a/6`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from math import sqrt
from typing import Protocol

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtr, ndtri

from numerics.blocks import correlation
from numerics.pathway_table import pathway_coefficients
from theory.errors import NotDerivedError
from theory.models.base import Model
from theory.moments.higher_moments import ErrorMoments, QuadraticNoise
from theory.risk import Risk
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: Below this the skewness of an average changes nothing that is printed.
NEGLIGIBLE = 1e-4
#: A score beyond this is one of probability zero in double precision.
FURTHEST = 38.0
#: A test is not held to its level where scores leave this relative error in the tail beyond the critical value.
WORST_TAIL = 0.5
#: Skewness of an average up to which the expansions behind its score are used: derived, and estimated.
MOST_SKEW, MOST_ESTIMATED_SKEW = 1.0, 0.5
#: Relative standard error of an estimated variance, √((excess + 2)/R), up to which it is taken for the variance.
VARIANCE_ERROR = 1 / 3
#: Exact covariances between more generations than this are not run.
MOST_GENERATIONS = 150
#: Nor are more moments, added up over the generations.
MOST_WORK = 3000
# Relative accuracy of an evaluated formula and of an average of floating-point numbers.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class LossLaw:
    """Of the loss of one replicate at generations 1..G.

    Attributes
    ----------
    mean : (G,)
    covariance : (G, G)
    skewness, excess : third and fourth standardised cumulants, 0 for a Gaussian, (G,)
    known : whether the variance is derived, not estimated from the replicates
    """

    mean: Array
    covariance: Array
    skewness: Array
    excess: Array
    known: bool

    def at_rows(self, rows: list[int]) -> LossLaw:
        """The law of the losses at some of the generations, counted from 0."""
        covariance = self.covariance[np.ix_(rows, rows)]
        return LossLaw(self.mean[rows], covariance, self.skewness[rows], self.excess[rows], self.known)

    @property
    def correlation(self) -> Array:
        """Zero where a loss does not vary."""
        return correlation(self.covariance)

    def stderr(self, replicates: int) -> Array:
        """Standard error of the average of as many replicates, (G,)."""
        return np.sqrt(np.diag(self.covariance) / replicates)

    def scores(self, z: Array, replicates: int) -> Array:
        """Normal scores of standardised averages."""
        to_normal = _gamma_score if self.known else _hall_score
        return np.array([to_normal(value, a) for value, a in zip(z, self.skewness / sqrt(replicates), strict=True)])

    def strain(self, critical: float, replicates: int) -> Array:
        """How many times more replicates it takes until scores hold up to the critical value; 1 or less: they do."""
        skew = self.skewness**2 / replicates
        if not self.known:
            error = (self.excess + 2) / replicates
            return np.maximum(error / VARIANCE_ERROR**2, skew / MOST_ESTIMATED_SKEW**2)
        # Edgeworth to second order, what the gamma law has of it taken off.
        tail = critical**2 * (critical**2 - 3) / 24
        left = np.abs(self.excess - 1.5 * self.skewness**2) / replicates * tail
        return np.maximum(left / WORST_TAIL, skew / MOST_SKEW**2)

    def standardised(self, score: float, replicates: int) -> Array:
        """The standardised averages that have this normal score."""
        to_plain = _gamma_plain if self.known else _hall_plain
        return np.array([to_plain(score, a) for a in self.skewness / sqrt(replicates)])


class Averages(Protocol):
    """What is read of a simulation: of what, and the averages of its losses, (G,) and (G, G)."""

    @property
    def model(self) -> Model:
        """What was fitted."""

    @property
    def workflow(self) -> Workflow:
        """What each generation was fitted on."""

    @property
    def loss(self) -> str:
        """The name of the loss."""

    @property
    def method(self) -> str:
        """How it was simulated."""

    @property
    def generations(self) -> int:
        """G."""

    @property
    def mean(self) -> Array:
        """Mean losses, (G,)."""

    @property
    def covariance(self) -> Array:
        """Covariance of the mean losses, (G, G)."""

    @property
    def correlation(self) -> Array:
        """Their correlation, (G, G)."""

    @property
    def skewness(self) -> Array | None:
        """Skewness of one loss, (G,); None when not estimated."""

    @property
    def excess(self) -> Array | None:
        """Excess kurtosis of one loss, (G,); None when not estimated."""


@dataclass(frozen=True, eq=False)
class Spread:
    """What is derived of how a simulated loss scatters, whatever the replicates were.

    Attributes
    ----------
    law : all of it, where that is known
    variance : the variance alone, where no more is known, (G,)
    """

    law: LossLaw | None = None
    variance: Array | None = None

    @classmethod
    def of(cls, model: Model, workflow: Workflow, loss: str, method: str, generations: int) -> Spread:
        """That of a simulation by a method."""
        if method == "importance":
            return cls()
        law = None
        if loss == "squared":
            try:
                law = squared_error_law(model.noise(), workflow, generations)
            except OverflowError:
                law = None
        return cls(law) if law is not None else cls(variance=exact_variance(model, workflow, loss, generations))


def loss_law(simulation: Averages, spread: Spread | None = None) -> LossLaw:
    """The law of a simulated loss, derived where that is known and estimated where it is not."""
    generations = simulation.generations
    if spread is None:
        spread = Spread.of(simulation.model, simulation.workflow, simulation.loss, simulation.method, generations)
    none = np.zeros(generations)
    skewness = none if simulation.skewness is None else simulation.skewness[:generations]
    excess = none if simulation.excess is None else simulation.excess[:generations]
    if spread.law is not None:
        unknown = np.isnan(spread.law.skewness).any()
        return replace(spread.law, skewness=skewness, excess=excess) if unknown else spread.law
    if spread.variance is not None and _varies(simulation, spread.variance):
        deviation = np.sqrt(spread.variance)
        covariance = simulation.correlation * np.outer(deviation, deviation)
        return LossLaw(simulation.mean, covariance, skewness, excess, known=True)
    return LossLaw(simulation.mean, simulation.covariance, skewness, excess, known=False)


def _varies(simulation: Averages, variance: Array) -> bool:
    """Whether the run varied wherever the loss does: what is estimated of one that did not says nothing."""
    spread, size = np.sqrt(np.diag(simulation.covariance)), np.abs(simulation.mean)
    seen = spread[: len(variance)] > ROUNDING * size[: len(variance)]
    return bool(seen[variance > 0].all())


def exact_variance(model: Model, workflow: Workflow, loss: str, generations: int) -> Array | None:
    """Var loss at generations 1..G, the square of ``Risk.standard_deviation``; None where that is not derived."""
    if generations > MOST_GENERATIONS or loss not in model.losses:
        return None
    try:
        deviation = Risk.of(model, workflow, loss).standard_deviation
        return np.array([float(value) for value in islice(deviation.variances(), generations)])
    except (NotDerivedError, OverflowError):
        return None


def squared_error_law(noise: QuadraticNoise | None, workflow: Workflow, generations: int) -> LossLaw | None:
    """The exact law of a squared error; None where it is not derived, OverflowError where it fits no doubles.

    Where eighth moments are too many to run, skewness and excess are nan.
    """
    if workflow.random_sizes is not None:
        return None  # no weights are known beforehand
    if workflow.chain is not workflow:
        places = [workflow.place(g) - 1 for g in range(1, generations + 1)]
        whole = squared_error_law(noise, workflow.chain, places[-1] + 1)
        return None if whole is None else whole.at_rows(places)
    if type(workflow).__module__.startswith("theory."):
        return _remembered(noise, workflow, generations)
    # A user's workflow may change, or not be hashable.
    return _derived(noise, workflow, generations)


@lru_cache(maxsize=64)
def _remembered(noise: QuadraticNoise | None, workflow: Workflow, generations: int) -> LossLaw | None:
    return _derived(noise, workflow, generations)


def _derived(noise: QuadraticNoise | None, workflow: Workflow, generations: int) -> LossLaw | None:
    if noise is None or generations > MOST_GENERATIONS or any(
        workflow.draw(g) is not None for g in range(1, generations + 1)
    ):  # fmt: skip
        return None
    if noise.slope == 0 and noise.curvature == 0:
        return _gaussian(noise, workflow, generations)
    moments = _moments(noise, workflow, generations)
    if moments is None:
        return None
    covariance = moments.covariance()
    mean = np.array([_double(value) for value in moments.cumulants(1)])
    table = np.array([[_double(value) for value in row] for row in covariance])
    if moments.degree < 8:
        unknown = np.full(generations, np.nan)
        return LossLaw(mean, table, unknown, unknown, known=True)
    spread = moments.cumulants(2)
    skewness, excess = (
        np.array([_shape(*pair, order) for pair in zip(moments.cumulants(order), spread, strict=True)])
        for order in (3, 4)
    )
    return LossLaw(mean, table, skewness, excess, known=True)


def _moments(noise: QuadraticNoise, workflow: Workflow, generations: int) -> ErrorMoments | None:
    """Exact moments of as high a degree as is quickly run."""
    try:
        moments = ErrorMoments(noise, workflow, generations, degree=8)
        if moments.count * generations > MOST_WORK:
            moments = ErrorMoments(noise, workflow, generations, degree=4)
    except NotDerivedError:
        try:
            moments = ErrorMoments(noise, workflow, generations, degree=4)
        except NotDerivedError:
            return None
    return moments if moments.count * generations <= MOST_WORK else None


def _gaussian(noise: QuadraticNoise, workflow: Workflow, generations: int) -> LossLaw:
    """Gaussian errors under any weights: their squares have covariance 2K², K that of the errors."""
    block, fresh = pathway_coefficients(workflow, generations)
    unit = float(noise.variance) / float(noise.points)
    size = np.array([float(workflow.size(index)) for index in range(1, generations + 1)])
    covariance = (block / size) @ block.T
    used = np.flatnonzero(fresh.any(axis=0))
    if len(used):
        real = np.array([float(workflow.fresh_size(int(index) + 1)) for index in used])
        covariance += (fresh[:, used] / real) @ fresh[:, used].T
    copies = float(noise.copies)
    ones = np.ones(generations)
    mean = copies * unit * np.diag(covariance)
    return LossLaw(mean, 2 * copies * (unit * covariance) ** 2, sqrt(8 / copies) * ones, 12 / copies * ones, known=True)


def _double(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _shape(cumulant: fmpq, variance: fmpq, order: int) -> float:
    if not variance:
        return 0.0
    # Squares first: the ratio is a modest number even where its parts overflow.
    ratio = _double(cumulant**2 / variance**order)
    return float(np.copysign(sqrt(ratio), _sign(cumulant)))


def _sign(value: fmpq) -> int:
    return (int(value.p) > 0) - (int(value.p) < 0)


def _gamma_score(z: float, a: float) -> float:
    if not np.isfinite(z):
        return float(np.clip(z, -FURTHEST, FURTHEST))
    if abs(a) < NEGLIGIBLE:
        return z - a / 6 * (z * z - 1)
    if a < 0:
        return -_gamma_score(-z, -a)
    shape = 4 / a**2
    at = shape + sqrt(shape) * z
    if at <= 0:
        return -FURTHEST
    upper = float(gammaincc(shape, at))
    score = -float(ndtri(upper)) if upper < 0.5 else float(ndtri(float(gammainc(shape, at))))
    return float(np.clip(score, -FURTHEST, FURTHEST))


def _gamma_plain(score: float, a: float) -> float:
    if abs(a) < NEGLIGIBLE:
        return score + a / 6 * (score * score - 1)
    if a < 0:
        return -_gamma_plain(-score, -a)
    shape = 4 / a**2
    tail = float(ndtr(-abs(score)))
    at = gammainccinv(shape, tail) if score > 0 else gammaincinv(shape, tail)
    return float((at - shape) / sqrt(shape))


def _hall_score(z: float, a: float) -> float:
    if not np.isfinite(z):
        return float(np.clip(z, -FURTHEST, FURTHEST))
    if abs(a) < NEGLIGIBLE:
        return z + a * z * z / 3 + a / 6
    return float(((1 + a * z / 3) ** 3 - 1) / a + a / 6)


def _hall_plain(score: float, a: float) -> float:
    if abs(a) < NEGLIGIBLE:
        return score - a * score * score / 3 - a / 6
    return float(3 / a * (np.cbrt(1 + a * (score - a / 6)) - 1))
