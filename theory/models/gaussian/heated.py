r"""Mean and trace of a Gaussian fitted by maximum likelihood on pooled blocks that are drawn at a temperature.

A fit that moves by the newest block alone, :math:`\mu_g = \mu_{g-1} + b_g\,(\bar x_g - \mu_{g-1})`, as under replace
(b = 1) and accumulate (:math:`b_g = 1/g`), has with the newest block's covariance τ Σ (derived here)

.. math:: E\|\mu_g\|^2 = E\|\mu_{g-1}\|^2 + \frac{b_g^2\,\tau}{n_g}\,E\operatorname{tr}\Sigma_{g-1}, \qquad
          E\operatorname{tr}\Sigma_g = \Bigl(1 + b_g(\tau - 1) - \frac{b_g^2\,\tau}{n_g}\Bigr)
          E\operatorname{tr}\Sigma_{g-1}:

the trace is a product, and the mean a sum that it drives.
"""

from __future__ import annotations

from sympy import Expr, Matrix, S, factor

from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics


def mean_and_trace(
    workflow: Workflow, dynamics: LinearDynamics, loss: str, dimension: Expr, points: Expr, heat: Expr
) -> MomentRecurrence | None:
    """The recurrence for ``"mean"`` or ``"trace"``; None where fits move otherwise."""
    g = GENERATION
    alone = dynamics.transition == Matrix([[1]]) and dynamics.readout == Matrix([[1]]) and dynamics.start <= 2
    if not alone or dynamics.fresh[0] != 0:
        return None
    gain, first = dynamics.innovation[0], 1 / (points * workflow.size(1))
    noise = gain**2 * heat / (points * workflow.size(g))
    kept = factor(1 + gain * (heat - 1) - noise)
    spread = dimension * (1 - first)
    if loss == "trace":
        return MomentRecurrence(
            start=2, matrix=Matrix([[kept]]), forcing=Matrix([0]), readout=Matrix([[1]]), initial=Matrix([spread])
        )
    return MomentRecurrence(
        start=2,
        matrix=Matrix([[S.One, factor(noise)], [S.Zero, kept]]),
        forcing=Matrix([0, 0]),
        readout=Matrix([[1, 0]]),
        initial=Matrix([dimension * first, spread]),
    )
