r"""Mean and trace of Gaussians fitted on a random sample of the pool, divided so as to be unbiased.

For the maximum-likelihood fit :math:`E\,\Sigma_{ii} + E\,\mu_i^2 = 1` under every workflow, and the pool composes like
that of a family with variance 1 − μ² (:func:`theory.moments.composition.pool_exact`). The unbiased divisor b − 1
breaks that balance: per coordinate, with a = E (pool mean)² and u the expected variance of the pool (divisor N),

.. math:: E\,\mu_g^2 = a_g + \kappa_g u_g, \qquad E\,\Sigma_g = \sigma_g u_g, \qquad
          \kappa_g = \frac{N_g - b}{b (N_g - 1)},\; \sigma_g = \frac{N_g}{N_g - 1} \;\text{(without replacement)},
          \quad \kappa_g = \frac1b,\; \sigma_g = 1 \;\text{(with)},

and a new block of n points has :math:`E\,\bar x^2 = E\,\mu^2 + E\,\Sigma/n`, :math:`E\,x^2 = E\,\mu^2 + E\,\Sigma`
(sampling from a finite population; derived here).
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr, Matrix, S, ceiling, factor

from theory.moments.composition import after_whole_pool
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.dynamics import GENERATION, PoolDynamics


def unbiased_pool(dynamics: PoolDynamics, points: Expr, trace: bool) -> MomentRecurrence:
    """E μ_g², or E Σ_g with ``trace``, of one coordinate; the moments are (a, u)."""
    g, drawn = GENERATION, points * dynamics.budget

    def regime(sampled: bool) -> tuple[Expr, Expr]:
        """κ_g and σ_g, of a sample or of the whole pool."""
        pool = points * g
        if not sampled:
            return S.Zero, pool / (pool - 1)
        return (
            (1 / drawn, S.One) if dynamics.replacement else ((pool - drawn) / (drawn * (pool - 1)), pool / (pool - 1))
        )

    def recurrence(sampled: bool) -> MomentRecurrence:
        kappa, sigma = regime(sampled)
        last_kappa, last_sigma = kappa.subs(g, g - 1), sigma.subs(g, g - 1)
        mean, variance = Matrix([[1, last_kappa]]), Matrix([[0, last_sigma]])
        pool_mean = Matrix([[1, 0]])
        # The draw is unbiased given the pool, so old and new means have covariance a.
        new_mean = (1 - 1 / g**2) * pool_mean + (mean + variance / points) / g**2
        new_second = (1 - 1 / g) * Matrix([[1, 1]]) + (mean + variance) / g
        return MomentRecurrence(
            start=2,
            matrix=Matrix.vstack(new_mean, new_second - new_mean).applyfunc(factor),
            forcing=Matrix([0, 0]),
            readout=Matrix([[0, sigma]]) if trace else Matrix([[1, kappa]]),
            initial=Matrix([1 / points, 1 - 1 / points]),
        )

    # Before the pool reaches the budget every sample is used.
    whole_until = max(0, int(ceiling(dynamics.budget)) - 1) if dynamics.budget.is_number else 0
    subsampled = recurrence(sampled=True)
    if whole_until == 0:
        return subsampled
    whole = recurrence(sampled=False)
    return replace(whole, continuation=after_whole_pool(whole, subsampled, whole_until))
