r"""At which temperature the variance of a refitted Gaussian dies.

Under replace :math:`\Sigma_g = \tau\,F_{g-1} W_g F_{g-1}^\top / c` with :math:`W_g \sim W(I, \nu)`, ν = n − 1, c the
divisor of the covariance and F a root of the last one (derived here):

- :math:`\log\det\Sigma_g` is a sum of independent terms of mean :math:`\lambda + d\log\tau`,
  :math:`\lambda = \sum_{i \le d}\psi((\nu - i + 1)/2) + d\log(2/c)`: the variance dies almost surely where that
  is negative, and :math:`\log\det\Sigma_g \to \infty` where it is positive. At 0 it is a walk that does neither.
- :math:`E\,\Sigma_g` is multiplied by τν/c.
- :math:`(E \operatorname{tr}\Sigma_g^2,\; E(\operatorname{tr}\Sigma_g)^2)` is multiplied by
  :math:`(\tau/c)^2 \begin{pmatrix} \nu(\nu+1) & \nu \\ 2\nu & \nu^2 \end{pmatrix}`, whose eigenvalues are
  :math:`(\tau/c)^2` times ν(ν + 2) and ν(ν − 1): the variance dies in mean square where the first is less than 1.

By Jensen the three temperatures fall in this order. In between, almost every loop dies and the average does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, exp, sqrt

from theory.models.gaussian.inverse_wishart import WishartChain
from theory.models.gaussian_fit import GaussianFit


@dataclass(frozen=True)
class DyingBelow:
    """Temperatures below which the variance dies under replace, in three senses; each is more than the next.

    Attributes
    ----------
    almost_surely : the determinant of the covariance tends to 0 with probability 1
    in_mean : its expectation tends to 0
    in_mean_square : the expectation of its squares tends to 0
    """

    almost_surely: Expr
    in_mean: Expr
    in_mean_square: Expr


def dying_below(model: GaussianFit) -> DyingBelow:
    """Temperatures below which the variance of a Gaussian that is refitted on its own samples dies.

    Examples
    --------
    >>> from theory import GaussianFit
    >>> found = dying_below(GaussianFit(d=1, n=11, unbiased=True))
    >>> found.in_mean, found.in_mean_square, found.almost_surely.evalf(6)
    (1, sqrt(30)/6, 1.10885)
    """
    points: Expr = model.n  # type: ignore[assignment]
    chain = WishartChain(model.d, points, points - 1 if model.unbiased else points)  # type: ignore[arg-type]
    nu, divisor = chain.freedom, chain.divisor
    return DyingBelow(exp(-chain.log_determinant / chain.dimension), divisor / nu, divisor / sqrt(nu * (nu + 2)))
