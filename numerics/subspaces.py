r"""Subspaces of preference data, simulated: the factor model drawn, the subspace estimated, the error measured.

>>> from theory.subspaces import FactorModel, subspace_error
>>> model = FactorModel(3, pairs=3, dimension=2)
>>> check_subspace_error(subspace_error(model, regime="exact"), replicates=20_000, seed=1).verdict
'agrees'
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import ndtri

from numerics.crosscheck import AGREES, ASKED, DISAGREES, INCONCLUSIVE, POWER
from numerics.seeds import Seed, seed_number
from numerics.threads import single_threaded_algebra
from theory.errors import DomainError
from theory.expressions.arguments import choice, whole_number
from theory.subspaces import FactorModel, SubspaceError
from theory.subspaces.error import ESTIMATORS
from theory.subspaces.factor_model import verify_model
from theory.subspaces.overlaps import overlaps

Array = NDArray[np.float64]

#: Numbers drawn at a time.
_CHUNK = 4_000_000
#: Up to this order all eigenvectors of a stack of matrices cost less than a few of each.
_SMALL = 16
#: A derived error is refused beyond so many standard errors, two-sided at 0.27 %.
_LEVEL = 3.0


@dataclass(frozen=True)
class SubspaceSimulation:
    r"""Mean squared error of an estimated subspace over independent data sets.

    Attributes
    ----------
    error, missed, collateral : float
        Means of :math:`\|F - P\|_F^2` and of its two parts, without a unit: 1 is a direction.
    standard_error : float
        Of ``error``.
    replicates : int

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> found = simulate_subspace_error(FactorModel(3, 20, 2), replicates=1000, seed=0)
    >>> abs(found.error - found.missed - found.collateral) < 1e-12
    True
    """

    error: float
    missed: float
    collateral: float
    standard_error: float
    replicates: int


@dataclass(frozen=True)
class SubspaceCheck:
    """A derived error beside a simulated one.

    Attributes
    ----------
    verdict : "agrees", "disagrees" or "inconclusive"
        Inconclusive where a relative error of 25 % could have been missed.
    derived, z : float
        The derived error, and (simulated − derived) / standard error.
    allowance : float
        What the derived error may be off by, because it is a limit: 0 for an exact one.
    detectable : float
        The smallest relative error that would have been found with probability 0.99.
    simulation : SubspaceSimulation

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> from theory.subspaces import subspace_error
    >>> error = subspace_error(FactorModel(3, 3, 2), regime="exact")
    >>> check_subspace_error(error, replicates=50_000, seed=1).detectable < 0.05
    True
    """

    verdict: str
    derived: float
    z: float
    allowance: float
    detectable: float
    simulation: SubspaceSimulation

    @property
    def passed(self) -> bool:
        """Whether the two agree."""
        return self.verdict == AGREES


def draw_differences(model: FactorModel, replicates: int, generator: np.random.Generator, flip: bool = True) -> Array:
    r"""Differences of pairs, shape (replicates, N, D): the factors along the first coordinates, Gaussian.

    Parameters
    ----------
    model : FactorModel
        With numbers.
    replicates : int
    generator : numpy.random.Generator
    flip : bool
        Whether labels are flipped; without, the same draws with the labels right.

    Notes
    -----
    Measured here; strengths are in units of the noise variance of a coordinate.

    Examples
    --------
    >>> draw_differences(FactorModel([3, 1], 5, 4), 2, np.random.default_rng(0)).shape
    (2, 5, 4)
    """
    pairs, width = verified_numbers(model)
    found = generator.standard_normal((replicates, pairs, width))
    found[..., : model.rank] += draw_factors(model, replicates, generator)
    signs = np.where(generator.random((replicates, pairs, 1)) < float(model.flips), -1.0, 1.0)
    return found * signs if flip else found


def draw_factors(model: FactorModel, replicates: int, generator: np.random.Generator) -> Array:
    r"""Gaussian factors of every pair, shape (replicates, N, r), in units of the noise's standard deviation.

    Parameters
    ----------
    model : FactorModel
        With numbers.
    replicates : int
    generator : numpy.random.Generator

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> factors = draw_factors(FactorModel([3, 1], 1000, 4), 100, np.random.default_rng(0))
    >>> (factors**2).mean(axis=(0, 1)).round(1).tolist()
    [3.0, 1.0]
    """
    pairs, _ = verified_numbers(model)
    strengths = np.array([float(strength) for strength in model.strengths])
    means = np.sqrt(np.array([float(share) for share in model.coherence]) * strengths)
    values, vectors = np.linalg.eigh(np.diag(strengths) - np.outer(means, means))
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    return np.asarray(means + generator.standard_normal((replicates, pairs, len(strengths))) @ root.T)


def estimated_directions(differences: Array, estimator: str, rank: int) -> Array:
    """Orthonormal rows that an estimator finds, shape (replicates, rank, D).

    Singular vectors come from the smaller of the two matrices of inner products; that of the coordinates is the same to
    the last bit whatever the signs of the rows.

    Parameters
    ----------
    differences : array, shape (replicates, N, D)
    estimator : "svd" or "mean-difference"
    rank : int

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> estimated_directions(np.array([[[2.0, 0.0], [0.0, 1.0]]]), "svd", 1).round(6).tolist()
    [[[1.0, 0.0]]]
    """
    if estimator == "mean-difference":
        mean = differences.mean(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=2, keepdims=True)
    pairs, width = differences.shape[1:]
    if width <= pairs:
        return leading_vectors(differences.swapaxes(1, 2) @ differences, rank)
    rows = leading_vectors(differences @ differences.swapaxes(1, 2), rank) @ differences
    return rows / np.linalg.norm(rows, axis=2, keepdims=True)


def simulate_subspace_error(
    model: FactorModel, estimator: str = "svd", replicates: int = 1000, seed: Seed = 0, rank: int | None = None
) -> SubspaceSimulation:
    r"""Measure :math:`E\|F - P\|_F^2` over independent data sets; without a unit, 1 is a direction.

    Parameters
    ----------
    model : FactorModel
        With numbers for all parameters.
    estimator : "svd", "mean-difference" or "shrunken"
        Shrunken by the overlaps of the limit D/N → g, which follow from the true strengths.
    replicates : whole number, 2 or more
    seed : int, SeedSequence or Generator
    rank : int, optional
        Directions removed; as many as factors where left out, one by the mean difference.

    Raises
    ------
    DomainError
        For parameters that are symbols, and a rank above min(N, D).

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> simulate_subspace_error(FactorModel(3, 200, 2), replicates=2000, seed=0).error < 0.01
    True
    """
    verify_model(model)
    choice("estimator", estimator, ESTIMATORS)
    repeats = whole_number("replicates", replicates, 2)
    pairs, width = verified_numbers(model)
    number = 1 if estimator == "mean-difference" else model.rank if rank is None else whole_number("rank", rank, 0)
    if number > min(pairs, width):
        raise DomainError(f"rank = {number} is not allowed: {pairs} pairs in dimension {width} span no more.")
    weights = np.ones(number)
    if estimator == "shrunken":
        found = [float(cosine) for cosine in overlaps(model)][:number]
        weights = np.array(found + [0.0] * (number - len(found)))
    generator = np.random.default_rng(seed_number(seed))
    parts, left = [], repeats
    while left:
        size = min(left, max(1, _CHUNK // (pairs * width)))
        with single_threaded_algebra():
            rows = estimated_directions(draw_differences(model, size, generator), estimator, number)
        parts.append(_errors(rows, weights, model.rank))
        left -= size
    return simulation_of(*np.concatenate(parts, axis=1))


def simulation_of(missed: Array, collateral: Array) -> SubspaceSimulation:
    """Means over data sets, and the standard error of the sum.

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> simulation_of(np.array([1.0, 0.0]), np.array([0.5, 0.5])).error
    1.0
    """
    total = missed + collateral
    return SubspaceSimulation(
        error=float(total.mean()),
        missed=float(missed.mean()),
        collateral=float(collateral.mean()),
        standard_error=float(total.std(ddof=1) / math.sqrt(len(total))),
        replicates=len(total),
    )


def check_subspace_error(
    error: SubspaceError,
    replicates: int = 1000,
    seed: Seed = 0,
    allowance: float | None = None,
    detectable: float = ASKED,
) -> SubspaceCheck:
    r"""Compare a derived error with a simulation of the same model.

    A limit is not exact at the simulated N and D. What it may be off by is ``allowance``; where it is left out,
    for a limit D/N → g the error over :math:`\sqrt{\min(N, D)}`, and for a leading order the error over N times
    :math:`(D + 1)(1 + 1/l_r)^2`, which is the size of the second order; a check with such an allowance is coarse, and
    ``detectable`` counts it.

    Parameters
    ----------
    error : SubspaceError
        With numbers for all parameters.
    replicates : whole number, 2 or more
    seed : int, SeedSequence or Generator
    allowance : float, optional
    detectable : positive float, default 0.25
        It agrees only where a relative error of this size would have been found with probability 0.99.

    Notes
    -----
    Measured here; disagreement is more than 3 standard errors beyond the allowance.

    Examples
    --------
    >>> from theory.subspaces import subspace_error
    >>> error = subspace_error(FactorModel(3, 100, 100, coherence=1), "mean-difference")
    >>> check_subspace_error(error, replicates=200, seed=1, allowance=4 / 100).passed
    True
    """
    if not isinstance(error, SubspaceError):
        raise DomainError(f"error = {error!r} is no derived error: give what theory.subspaces.subspace_error returns.")
    derived = error.number
    found = simulate_subspace_error(error.model, error.estimator, replicates, seed, error.rank)
    slack = _allowance(error, derived) if allowance is None else float(allowance)
    return compared(derived, found, slack, detectable)


def compared(
    derived: float, found: SubspaceSimulation, allowance: float = 0.0, detectable: float = ASKED
) -> SubspaceCheck:
    """The verdict on a derived value: it disagrees beyond 3 standard errors and the allowance.

    Parameters
    ----------
    derived : float
    found : SubspaceSimulation
    allowance : float
        What the derived value may be off by, as a limit is.
    detectable : positive float
        It agrees only where a relative error of this size would have been found with probability 0.99.

    Notes
    -----
    Measured here.

    Examples
    --------
    >>> found = simulate_subspace_error(FactorModel(3, 3, 2), replicates=100_000, seed=1)
    >>> compared(0.4, found).verdict, compared(0.41, found).verdict, compared(0.4, found, detectable=0.001).verdict
    ('agrees', 'disagrees', 'inconclusive')
    """
    off = found.error - derived
    reach = (_LEVEL + float(ndtri(POWER))) * found.standard_error + 2 * allowance
    seen = reach / derived if derived > 0 else math.inf
    if abs(off) > _LEVEL * found.standard_error + allowance:
        verdict = DISAGREES
    else:
        verdict = AGREES if seen <= detectable else INCONCLUSIVE
    z = off / found.standard_error if found.standard_error > 0 else math.copysign(math.inf, off) if off else 0.0
    return SubspaceCheck(verdict, derived, z, allowance, seen, found)


def leading_vectors(grams: Array, rank: int) -> Array:
    """Eigenvectors of the largest eigenvalues, as rows; of large matrices no others are computed."""
    order = grams.shape[-1]
    if order <= _SMALL or rank == 0:
        vectors = np.linalg.eigh(grams)[1][..., ::-1][..., :rank]
    else:
        window = [order - rank, order - 1]
        vectors = np.stack([eigh(gram, subset_by_index=window, check_finite=False)[1][:, ::-1] for gram in grams])
    return vectors.swapaxes(1, 2)


def _errors(rows: Array, weights: Array, factors: int) -> Array:
    """Missed and collateral of each data set, shape (2, replicates): the factors are the first coordinates."""
    cosines = (rows[..., :factors] ** 2).sum(axis=2)
    missed = factors - (2 * weights * cosines).sum(axis=1) + (weights**2 * cosines).sum(axis=1)
    collateral = (weights**2 * (1 - cosines)).sum(axis=1)
    return np.stack([missed, collateral])


def _allowance(error: SubspaceError, derived: float) -> float:
    pairs, width = verified_numbers(error.model)
    if error.regime == "exact":
        return 0.0
    if error.regime == "proportional":
        return derived / math.sqrt(min(pairs, width))
    least = float(error.model.strengths[-1])
    return derived * (width + 1) * (1 + 1 / least) ** 2 / pairs


def verified_numbers(model: FactorModel) -> tuple[int, int]:
    """Pairs and dimension of a model that has numbers for all parameters; others are refused."""
    values: tuple[Any, ...] = (model.pairs, model.dimension, *model.strengths, *model.coherence, model.flips)
    names = sorted({str(symbol) for value in values for symbol in value.free_symbols})
    if names:
        raise DomainError(f"the model holds the symbols {', '.join(names)}: give numbers, to simulate it.")
    return int(model.pairs), int(model.dimension)
