r"""The finite-n correction to a leading-order prediction, fitted by weighted least squares.

Measured ratios :math:`\hat r(n)` with standard errors :math:`s(n)` at several n are fitted as

.. math:: \hat r(n) - r = \frac{c_1}{n} + \frac{c_2}{n^2} + \dots

with as few terms as the data allow. That the correction vanishes is itself tested: with a constant :math:`c_0` added to
the fit, :math:`c_0` must be zero within its standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from numerics.estimation.cholesky import Array
from theory.errors import DomainError

#: Another term is added while the fit without it is rejected at this level.
LEVEL = 0.01
MOST_TERMS = 3


@dataclass(frozen=True, eq=False)
class Correction:
    r"""Coefficients :math:`c_1, c_2, \dots` of 1/n, 1/n², …, with what says whether to believe them.

    Attributes
    ----------
    coefficients, stderr : (K,)
    p_value : of the χ² of the fit
    remainder, remainder_stderr : :math:`c_0`, what would be left at n = ∞ were it allowed

    Notes
    -----
    Weighted least squares, as in any textbook of it.

    Examples
    --------
    >>> found = fit_correction([50, 100, 200, 400], [0.0602, 0.0298, 0.0151, 0.0075], [3e-4] * 4)
    >>> round(float(found(1000.0)), 4), found.p_value > 0.001
    (0.003, True)
    """

    coefficients: Array
    stderr: Array
    p_value: float
    remainder: float
    remainder_stderr: float

    def __call__(self, n: ArrayLike) -> Array:
        """The fitted correction at n."""
        values = np.asarray(n, dtype=np.float64)
        return sum((c * values ** -(k + 1.0) for k, c in enumerate(self.coefficients)), np.zeros_like(values))


def fit_correction(n: ArrayLike, difference: ArrayLike, stderr: ArrayLike, terms: int | None = None) -> Correction:
    """Fit measured minus predicted, at several n, on powers of 1/n; as many as needed unless ``terms`` says.

    Notes
    -----
    Weighted least squares, as in any textbook of it; as many terms as χ² asks for.

    Examples
    --------
    >>> found = fit_correction([50, 100, 200, 400], [0.0602, 0.0298, 0.0151, 0.0075], [3e-4] * 4)
    >>> found.coefficients.round(2).tolist(), bool(abs(found.remainder) < 3 * found.remainder_stderr)
    ([3.0], True)
    """
    sizes, values, errors = measured_at(n, difference, stderr)
    most = min(MOST_TERMS, len(np.unique(sizes)) - 2)
    if most < 1 or (terms is not None and not 1 <= terms <= most):
        raise DomainError(
            f"{len(np.unique(sizes))} different n are too few: K terms need K + 2, and K is {MOST_TERMS} at most."
        )
    for count in range(1, most + 1) if terms is None else (terms,):
        found = _fit(sizes, values, errors, range(1, count + 1))
        p_value = float(chi2.sf(found[2], len(sizes) - count))
        if p_value >= LEVEL:
            break
    whole = _fit(sizes, values, errors, range(count + 1))
    return Correction(found[0], found[1], p_value, float(whole[0][0]), float(whole[1][0]))


def measured_at(n: ArrayLike, difference: ArrayLike, stderr: ArrayLike) -> tuple[Array, Array, Array]:
    """Three lists of one length as arrays, verified."""
    sizes, values, errors = (np.asarray(item, dtype=np.float64) for item in (n, difference, stderr))
    if sizes.ndim != 1 or not sizes.shape == values.shape == errors.shape:
        raise DomainError("n, difference and stderr must be lists of the same length.")
    if not (sizes > 0).all() or not (errors > 0).all():
        raise DomainError("n and stderr must be positive.")
    return sizes, values, errors


def _fit(n: Array, values: Array, errors: Array, powers: range) -> tuple[Array, Array, float]:
    """Coefficients, standard errors and χ² of a weighted fit on powers of n₀/n, scaled back."""
    unit = n.min()
    design = np.stack([(unit / n) ** k for k in powers], axis=1) / errors[:, None]
    covariance = np.linalg.inv(design.T @ design)
    scaled = covariance @ (design.T @ (values / errors))
    residual = values / errors - design @ scaled
    scale = np.array([unit**k for k in powers])
    return scaled * scale, np.sqrt(np.diag(covariance)) * scale, float(residual @ residual)
