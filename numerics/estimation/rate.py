r"""At which power of n a measured difference vanishes, fitted and tested.

With as many terms as :func:`numerics.estimation.correction.fit_correction` needs, the difference is fitted as

.. math:: d(n) = n^{-a}\,\bigl(c_1 + c_2/n + \dots\bigr)

by weighted least squares with the exponent a free. Against a = 1 stands the likelihood ratio
:math:`\chi^2(1) - \min_a \chi^2(a)`, which is :math:`\chi^2_1` were the rate 1/n: it asks nothing of the law of the
estimated exponent, which is skew where the difference is hardly seen.

Derived here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from numerics.estimation.cholesky import Array
from numerics.estimation.correction import measured_at
from theory.errors import DomainError

#: Exponents among which the best is sought.
RANGE = (0.05, 4.0)


@dataclass(frozen=True)
class Rate:
    r"""The exponent a of :math:`n^{-a}`.

    Attributes
    ----------
    exponent, stderr : fitted, and its standard error from the curvature of χ²; infinite at an end of ``RANGE``
    p_value : of a = 1
    """

    exponent: float
    stderr: float
    p_value: float


def fit_rate(n: ArrayLike, difference: ArrayLike, stderr: ArrayLike, terms: int = 1) -> Rate:
    """Fit the power of n at which a difference vanishes, with ``terms`` coefficients.

    Raises
    ------
    DomainError
        When there are fewer than ``terms`` + 2 different n, or standard errors that are not positive.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.array([100, 200, 400, 800])
    >>> found = fit_rate(n, 3 / n, [1e-4] * 4)
    >>> round(found.exponent, 3), round(found.p_value, 3)
    (1.0, 1.0)
    >>> fit_rate(n, 3 / np.sqrt(n), [1e-4] * 4).p_value < 1e-10
    True
    """
    sizes, values, errors = measured_at(n, difference, stderr)
    if terms < 1 or len(np.unique(sizes)) < terms + 2:
        raise DomainError(f"{len(np.unique(sizes))} different n are too few for {terms} terms: give {terms + 2}.")

    def misfit(exponent: float) -> float:
        return _chi_square(sizes, values, errors, exponent, terms)

    # The profile may have two valleys where corrections change sign: a grid finds the deeper one.
    grid = np.linspace(*RANGE, 80)
    start = int(np.argmin([misfit(a) for a in grid]))
    around = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
    found = minimize_scalar(misfit, bounds=around, method="bounded", options={"xatol": 1e-10})
    best, least = float(found.x), float(found.fun)
    step = 1e-3
    curvature = (misfit(best + step) - 2 * least + misfit(best - step)) / step**2
    inside = 0 < start < len(grid) - 1 and curvature > 0
    return Rate(
        best, float(np.sqrt(2 / curvature)) if inside else np.inf, float(chi2.sf(max(misfit(1.0) - least, 0), 1))
    )


def _chi_square(sizes: Array, values: Array, errors: Array, exponent: float, terms: int) -> float:
    unit = sizes.min()
    design = np.stack([(unit / sizes) ** (exponent + k) for k in range(terms)], axis=1) / errors[:, None]
    weighted = values / errors
    residual = weighted - design @ np.linalg.lstsq(design, weighted, rcond=None)[0]
    return float(residual @ residual)
