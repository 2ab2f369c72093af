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

By Jensen the three temperatures fall in this order. In between, almost every loop dies and the average does not. Read
the other way round, fits by maximum likelihood (c = n) at a temperature τ > 1 die in mean from fewer than τ/(τ − 1)
samples, and in mean square from fewer than :math:`\tau/\sqrt{\tau^2 - 1}`; at τ ≤ 1 they die at every n.

Under accumulate a fit moves by 1/g of a block only, :math:`\Sigma_g = \Sigma_{g-1}^{1/2}\,U_g\,\Sigma_{g-1}^{1/2}`
with independent :math:`U_g` whose law does not depend on the past and
:math:`E\,U_g = (1 + (\tau - 1)/g + O(1/g^2))\,I`, :math:`\operatorname{Var} U_g = O(1/g^2)` (derived here):

- :math:`\log\det U_g` has mean :math:`d(\tau - 1)/g + O(1/g^2)` and variance :math:`O(1/g^2)`, so that by Kolmogorov's
  theorem :math:`\log\det\Sigma_g - d(\tau - 1)\ln g` converges almost surely: the determinant is
  :math:`g^{d(\tau-1)}` times a random constant.
- E Σ is :math:`g^{\tau-1}`, and the expected squares are :math:`g^{2(\tau-1)}`, times a constant.

So the variance dies below τ = 1 in every sense, *at every n*, and only as a power of g; at τ = 1 it settles.

A fit of n ≤ d points is singular, and its samples stay on their plane: at any temperature the determinant is 0 from
the first generation on, and of one point the whole covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, S, exp, oo, sqrt

from theory.errors import NotDerivedError
from theory.models.gaussian.inverse_wishart import WishartChain
from theory.models.gaussian_fit import GaussianFit
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow
from theory.workflows.replace import Replace


@dataclass(frozen=True)
class DyingBelow:
    """Temperatures below which the variance dies, in three senses; under replace each is more than the next.

    Attributes
    ----------
    almost_surely : the determinant of the covariance tends to 0 with probability 1; oo where it does at any temperature
    in_mean : its expectation tends to 0
    in_mean_square : the expectation of its squares tends to 0
    """

    almost_surely: Expr
    in_mean: Expr
    in_mean_square: Expr


def dying_below(model: GaussianFit, workflow: Workflow | None = None) -> DyingBelow:
    """Temperatures below which the variance of a Gaussian that is refitted on its own samples dies.

    Parameters
    ----------
    model : GaussianFit
    workflow : Replace, the default, or Accumulate
        With blocks of one size.

    Raises
    ------
    NotDerivedError
        For other workflows, and blocks of several sizes.

    Examples
    --------
    >>> from theory import Accumulate, GaussianFit
    >>> model = GaussianFit(d=1, n=11, unbiased=True)
    >>> found = dying_below(model)
    >>> found.in_mean, found.in_mean_square, found.almost_surely.evalf(6)
    (1, sqrt(30)/6, 1.10885)
    >>> dying_below(model, Accumulate())
    DyingBelow(almost_surely=1, in_mean=1, in_mean_square=1)
    """
    workflow = Replace() if workflow is None else workflow
    points: Expr = model.n  # type: ignore[assignment]
    singular = (points - model.d).is_nonpositive  # type: ignore[operator]
    if workflow in (Replace(), Accumulate()) and points == 1:
        return DyingBelow(oo, oo, oo)
    if workflow == Accumulate():
        return DyingBelow(oo if singular else S.One, S.One, S.One)
    if workflow != Replace():
        raise NotDerivedError(
            f"workflow = {workflow!r} has no derived temperature at which the variance dies: derived are Replace() and "
            "Accumulate() with blocks of one size."
        )
    chain = WishartChain(model.d, points, points - 1 if model.unbiased else points)  # type: ignore[arg-type]
    nu, divisor = chain.freedom, chain.divisor
    surely = oo if singular else exp(-chain.log_determinant / chain.dimension)
    return DyingBelow(surely, divisor / nu, divisor / sqrt(nu * (nu + 2)))
