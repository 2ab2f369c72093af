r"""Mean, trace and covariance of a Gaussian that is refitted on pooled blocks, drawn at any temperature.

A fit that moves by the newest block alone, :math:`\mu_g = \mu_{g-1} + b_g\,(\bar x_g - \mu_{g-1})`, as under replace
(b = 1) and accumulate (:math:`b_g = 1/g`), divided by :math:`1/\rho_g` of its maximum-likelihood covariance, has with
the newest block of N samples drawn from :math:`N(\mu_{g-1}, \tau\Sigma_{g-1})` (derived here)

.. math:: \Sigma_g = \Sigma_{g-1}^{1/2}\,(a\,I + \beta\,W + \gamma\,zz^\top)\,\Sigma_{g-1}^{1/2}, \qquad
          a = \rho_g\frac{1-b_g}{\rho_{g-1}}, \quad \beta = \rho_g\frac{b_g\tau}{N}, \quad \gamma = (1 - b_g)\,\beta,

W a Wishart matrix of :math:`\nu = N - 1` degrees of freedom and z Gaussian, independent. Hence E tr Σ is multiplied by
:math:`m = a + \beta\nu + \gamma`, the mean gains :math:`b_g^2\tau/N` of it, and the two zonal polynomials
of degree two move by themselves, as U is invariant under rotations:

.. math:: 2\operatorname{tr}\Sigma^2 + (\operatorname{tr}\Sigma)^2 \;\text{ by }\; m^2 + 2\beta^2\nu + 2\gamma^2, \qquad
          (\operatorname{tr}\Sigma)^2 - \operatorname{tr}\Sigma^2 \;\text{ by }\; m^2 - \beta^2\nu - \gamma^2 .

All are products, and the mean a sum that one of them drives.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Matrix, Rational, S, diag, factor

from theory.models.gaussian.moments import Correction
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics


@dataclass(frozen=True)
class _Fit:
    """What a fit multiplies: E tr Σ, the two zonal polynomials; and what the mean gains of the trace."""

    trace: Expr
    whole: Expr
    skew: Expr
    gain: Expr


def moves_alone(dynamics: LinearDynamics) -> bool:
    """Whether a fit moves by the newest block alone."""
    one = Matrix([[1]])
    return bool(dynamics.transition == one and dynamics.readout == one and dynamics.fresh[0] == 0)


def fitted_alone(
    workflow: Workflow, dynamics: LinearDynamics, loss: str, dimension: Expr, points: Expr, unbiased: bool, heat: Expr
) -> MomentRecurrence | None:
    """The recurrence for ``"mean"``, ``"trace"``, ``"covariance"`` or ``"squared"``; None where fits move otherwise."""
    if not moves_alone(dynamics) or dynamics.start > 2:
        return None
    correction = Correction(workflow, dynamics, points, unbiased)
    if correction.valid_from > 1:
        return None
    first = points * workflow.size(1)
    begun = _fit(S.One, S.Zero, first, correction.at(1), S.One)
    step = _step(workflow, dynamics, points, correction.formula, heat)
    d = dimension
    # Moments: E‖μ‖², E tr Σ, and those of the zonal polynomials.
    matrix = diag(S.One, *(factor(entry) for entry in (step.trace, step.whole, step.skew)))
    matrix[0, 1] = factor(step.gain)
    spread = d * begun.trace, d * (d + 2) * begun.whole, d * (d - 1) * begun.skew
    initial = Matrix([d / first, *(factor(entry) for entry in spread)])
    third = Rational(1, 3)
    readout = {
        "mean": [1, 0, 0, 0],
        "trace": [0, 1, 0, 0],
        "covariance": [0, -2, third, -third],
        "squared": [1, -2, third, -third],
    }[loss]
    # One point has no spread, in no generation: a moment that is 0 for ever then stands for all.
    used = [place for place in _needed(loss) if initial[place] != 0] or [_needed(loss)[0]]
    return MomentRecurrence(
        start=2,
        matrix=matrix.extract(used, used),
        forcing=Matrix([0] * len(used)),
        readout=Matrix([[readout[place] for place in used]]),
        initial=initial.extract(used, [0]),
        shift=d if loss in ("covariance", "squared") else S.Zero,
    )


def _needed(loss: str) -> tuple[int, ...]:
    return {"mean": (0, 1), "trace": (1,), "covariance": (1, 2, 3), "squared": (0, 1, 2, 3)}[loss]


def _step(workflow: Workflow, dynamics: LinearDynamics, points: Expr, rho: Expr, heat: Expr) -> _Fit:
    g = GENERATION
    b, rows = dynamics.innovation[0], points * workflow.size(g)
    return _fit(b, rho * (1 - b) / rho.subs(g, g - 1), rows, rho, heat)


def _fit(b: Expr, a: Expr, rows: Expr, rho: Expr, heat: Expr) -> _Fit:
    beta, freedom = rho * b * heat / rows, rows - 1
    gamma = (1 - b) * beta
    mean = a + beta * freedom + gamma
    noise = beta**2 * freedom + gamma**2
    return _Fit(mean, mean**2 + 2 * noise, mean**2 - noise, b**2 * heat / rows)
