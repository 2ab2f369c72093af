r"""Law of a weighted sum of squared standard normals, :math:`Q = \sum_i \lambda_i \chi^2_1`.

With equal weights it is a scaled χ²; otherwise Imhof's inversion of the characteristic function,

.. math:: P(Q > x) = \frac12 + \frac1\pi \int_0^\infty \frac{\sin\theta(u)}{u\,\rho(u)}\,du, \qquad
          \theta(u) = \tfrac12\sum_i \arctan(\lambda_i u) - \tfrac12 x u, \quad
          \rho(u) = \prod_i (1 + \lambda_i^2 u^2)^{1/4}.

Imhof (1961), *Computing the distribution of quadratic forms in normal variables*, Biometrika 48.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

from theory.errors import DomainError

Array = NDArray[np.float64]

# Imhof's integral loses its digits to cancellation in the far tail: its absolute error.
ABSOLUTE_ERROR = 1e-10


@dataclass(frozen=True, eq=False)
class QuadraticForm:
    """Q = Σ λ_i χ²_1 for nonnegative weights λ, not all zero.

    Examples
    --------
    >>> from numerics.quadratic_form import QuadraticForm
    >>> form = QuadraticForm([1.0, 0.5, 0.25])
    >>> round(form.survival(4.0), 6), round(form.quantile(0.5), 4)
    (0.087983, 1.2795)
    """

    weights: ArrayLike

    def __post_init__(self) -> None:
        weights = np.atleast_1d(np.asarray(self.weights, dtype=float))
        if weights.ndim != 1 or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
            raise DomainError(f"weights = {self.weights!r} are not weights: give nonnegative numbers, not all zero.")
        object.__setattr__(self, "weights", weights[weights > 0])

    @property
    def mean(self) -> float:
        """Σ weights."""
        return float(np.sum(self.weights))

    @property
    def variance(self) -> float:
        """2 Σ weights²."""
        return float(2 * np.sum(np.square(self.weights)))

    def survival(self, value: float) -> float:
        """P(Q > value), to an absolute error of 1e-10 (exact to rounding for equal weights)."""
        weights: Array = self.weights  # type: ignore[assignment]
        if np.isnan(value):
            raise DomainError(f"value = {value} is not a number: give a number.")
        if value <= 0:
            return 1.0
        if np.isinf(value):
            return 0.0
        if np.ptp(weights) == 0:
            return float(stats.chi2.sf(value / weights[0], len(weights)))
        # In units of the largest weight the integrand varies on the scale of one.
        largest = weights.max()
        return float(np.clip(_imhof(weights / largest, value / largest), 0.0, 1.0))

    def quantile(self, probability: float) -> float:
        """The value below which Q lies with this probability."""
        if not 0 < probability < 1:
            raise DomainError(f"probability = {probability!r} is not allowed: it must lie strictly between 0 and 1.")
        weights: Array = self.weights  # type: ignore[assignment]
        if np.ptp(weights) == 0:
            return float(weights[0] * stats.chi2.ppf(probability, len(weights)))
        # Q lies between its largest term and the same number of terms as large.
        low = weights.max() * stats.chi2.ppf(probability, 1)
        high = weights.max() * stats.chi2.ppf(probability, len(weights))
        return float(brentq(lambda x: 1 - probability - self.survival(x), 0.5 * low, 1.01 * high, xtol=1e-12 * high))


def _imhof(weights: Array, value: float) -> float:
    def integrand(u: float) -> float:
        if u == 0.0:
            return float(0.5 * (weights.sum() - value))
        theta = 0.5 * np.arctan(weights * u).sum() - 0.5 * value * u
        decay = np.exp(-0.25 * np.log1p((weights * u) ** 2).sum())
        return float(np.sin(theta) / u * decay)

    # The phase turns once every 4π/value: quarter turns up to where the amplitude is spent, summed with care.
    period = 2 * np.pi / value
    total, start, turns = 0.0, 0.0, []
    for turn in range(_MOST_TURNS):
        # The first turn may be long: the amplitude then varies on the scale of one, decade by decade.
        cuts = [start, start + period]
        if turn == 0 and period > 1:
            cuts = [0.0, *(10.0**power for power in range(-1, int(np.ceil(np.log10(period))))), period]
        # With its full output quad keeps quiet about rounding, which here is far below the error that is promised.
        piece = sum(
            quad(integrand, low, high, epsabs=1e-13, epsrel=1e-11, limit=200, full_output=1)[0]
            for low, high in pairwise(cuts)
        )
        turns.append(piece)
        total += piece
        start += period
        if abs(piece) < ABSOLUTE_ERROR / 100:
            return float(0.5 + total / np.pi)
    # Alternating and slowly falling: averaging the partial sums takes out the oscillation.
    partial = np.cumsum(turns)[-_AVERAGED:]
    while len(partial) > 1:
        partial = 0.5 * (partial[1:] + partial[:-1])
    return float(0.5 + partial[0] / np.pi)


_MOST_TURNS = 400
_AVERAGED = 60
