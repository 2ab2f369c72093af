"""Does a derived risk agree with a simulation? One test over all generations, and what it could have seen."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sympy import false

from numerics.evaluate import evaluate
from numerics.gaussian_maximum import GaussianMaximum
from numerics.simulate import Simulation
from theory.errors import DomainError

if TYPE_CHECKING:
    from theory.risk import Risk

Array = NDArray[np.float64]

# A formula error counts as detectable when it would have been caught with this probability.
POWER = 0.99
# Relative accuracy of an evaluated formula and of an average of floating-point numbers.
ROUNDING = 1e-12
# Below the smallest normal double, a variance has lost its digits.
TINIEST = float(np.finfo(float).tiny)
# Beyond this share of the sum of squares a single replicate moves z by 1/3, whatever the law.
DOMINANT_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Crosscheck:
    """The verdict of a simulation on a risk.

    Attributes
    ----------
    z : (simulated − derived) / standard error, at each generation
    p_value : probability of a max |z| at least this large were the formula right; one test for all generations
    level : the p-value below which the check fails
    detectable : the smallest ε such that the formula × (1 + ε) would have failed with probability ≥ 0.99
    passed : whether the simulation found nothing against the formula
    reason : why it did not pass; for a formula to leading order, also when it did, how its remainder compares with
        ``detectable``; else None
    """

    z: Array
    p_value: float
    level: float
    detectable: float
    passed: bool
    reason: str | None


def crosscheck(risk: Risk, simulation: Simulation, level: float = 0.001) -> Crosscheck:
    r"""Test a derived risk against a simulation of the same model, workflow and loss.

    With :math:`z_g = (\hat r_g - r_g)/\mathrm{se}_g`, the statistic is :math:`\max_g |z_g|`, and its p-value that
    of the largest of G Gaussians with the correlation estimated from the replicates: generations of one chain are
    strongly correlated, and a test a generation would either reject too often or, by the union bound, too
    rarely. A formula wrong by the factor 1 + ε shifts :math:`z_g` by :math:`ε r_g/\mathrm{se}_g`, so

    .. math:: \text{detectable} = (z_{\text{critical}} + \Phi^{-1}(0.99))\; \min_g \mathrm{se}_g / |r_g| .

    Parameters
    ----------
    risk : Risk
    simulation : Simulation
    level : float in (0, 1)
        Probability of failing a correct formula.

    Notes
    -----
    A z-score needs a finite variance and an average near its normal limit. The check does not pass, and says why,
    when the loss has infinite variance, when the derived risk is infinite, or when a single replicate holds a
    share of the sum of squared deviations that no light-tailed law explains, see :func:`largest_credible_share`.

    Derived here; the law of the maximum follows Adler, Blanchet and Liu (2012), see :mod:`numerics.gaussian_maximum`.

    Examples
    --------
    >>> from numerics import crosscheck, simulate
    >>> from theory import Accumulate, GaussianMean, expected_risk
    >>> model, workflow = GaussianMean(sigma2=1, n=50), Accumulate()
    >>> check = crosscheck(expected_risk(model, workflow), simulate(model, workflow, generations=5, replicates=20_000))
    >>> check.passed, check.detectable < 0.1
    (True, True)
    """
    _verify_same(risk, simulation)
    if not (isinstance(level, float) and 0 < level < 1):
        raise DomainError(f"level = {level!r} is not a probability: level must lie strictly between 0 and 1.")
    expected = evaluate(risk, np.arange(1, simulation.generations + 1))
    stderr = simulation.stderr
    refusal = _refusal(expected, simulation)
    if not (np.isfinite(expected).all() and np.isfinite(simulation.mean).all() and np.isfinite(stderr).all()):
        nowhere = np.full(simulation.generations, np.nan)
        return Crosscheck(nowhere, 0.0, level, float("inf"), False, refusal)

    z = _scores(simulation.mean - expected, stderr, expected)
    p_value, detectable = _simultaneous(z, expected, simulation, level)
    reason = refusal
    if refusal is not None:
        # A run whose standard errors cannot be trusted would have caught nothing for sure.
        detectable = float("inf")
    if reason is None and p_value < level:
        worst = int(np.argmax(np.abs(z)))
        reason = (
            f"at generation {worst + 1} the simulation gives {simulation.mean[worst]:.6g} ± {stderr[worst]:.2g} "
            f"and the formula {expected[worst]:.6g}: p = {p_value:.2g} over all generations."
        )
    passed = reason is None
    if risk.exactness != "exact":
        reason = f"{reason or ''} {_remainder(risk, detectable, passed)}".strip()
    return Crosscheck(z, p_value, level, detectable, passed, reason)


def largest_credible_share(replicates: int, generations: int) -> float:
    r"""The largest share of the sum of squared deviations that one replicate of a light-tailed loss may hold.

    Losses are squares of errors. The heaviest error tails of a well-behaved family are exponential
    (Morris' gamma and hyperbolic secant with n = 1), :math:`P(|\delta| > t) \approx e^{-t}`, for which the
    largest of R·G errors stays below :math:`\log(100\,RG)` with probability 0.99 and
    :math:`\mathrm{Var}\,\delta^2 = 20`, so the share stays below :math:`\log^4(100\,RG)/(20 R)`; for Gaussian
    errors it is smaller, about :math:`2\log^2(100\,RG)/R`. A loss of infinite variance keeps a share of
    order 1 however large R. In few replicates the bound says nothing, and 1/10 takes its place: one
    replicate then moves z by :math:`\sqrt{1/10} \approx 1/3`.
    """
    return min(DOMINANT_SHARE, log(100 * replicates * generations) ** 4 / (20 * replicates))


def _remainder(risk: Risk, detectable: float, passed: bool) -> str:
    """What a leading order leaves out is not bounded by any derivation: only what the run saw of it is said."""
    order = f"The formula is to leading order: it leaves out terms of relative order {risk.model.remainder()}"
    if not passed:
        return f"{order}, which may be what was found."
    return (
        f"{order}, whose size is not derived: that no error was found says that they are smaller than the detectable "
        f"{detectable:.2g} in this run, not that there are none."
    )


def _verify_same(risk: Risk, simulation: Simulation) -> None:
    if risk.relative:
        raise DomainError("risk is a ratio to generation 1, but a simulation measures the risk itself: give the risk.")
    for what in ("model", "workflow", "loss"):
        derived, simulated = getattr(risk, what), getattr(simulation, what)
        if derived != simulated:
            raise DomainError(f"{what} = {simulated!r} was simulated, but the risk is of {derived!r}: give the same.")


def _refusal(expected: Array, simulation: Simulation) -> str | None:
    """Why a z-score would mean nothing, if so."""
    if not np.isfinite(expected).all():
        first = int(np.argmin(np.isfinite(expected))) + 1
        return f"the derived risk is not finite at generation {first}: no average converges to it."
    if simulation.model.finite_variance(simulation.workflow, simulation.loss) == false:
        return "the loss has infinite variance here, so its average has no standard error and a z-score means nothing."
    if not (np.isfinite(simulation.mean).all() and np.isfinite(simulation.covariance).all()):
        return "some replicates have infinite loss: no average converges."
    size = np.abs(simulation.mean)
    if ((size > 0) & (np.diag(simulation.covariance) < TINIEST)).any() and (size < 1e-140).any():
        return "the losses are so small that their squares underflow: choose other units."
    share = float(simulation.largest_share.max())
    credible = largest_credible_share(simulation.replicates, simulation.generations)
    if share > credible:
        worst = int(np.argmax(simulation.largest_share)) + 1
        return (
            f"heavy tails: at generation {worst} one replicate of {simulation.replicates} holds {share:.1%} of the "
            f"sum of squared deviations (credible: {credible:.1%}), so the standard error cannot be trusted."
        )
    return None


def _scores(difference: Array, stderr: Array, expected: Array) -> Array:
    scale = np.hypot(stderr, ROUNDING * np.abs(expected))
    certain = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, scale, out=certain, where=scale > 0)


def _simultaneous(z: Array, expected: Array, simulation: Simulation, level: float) -> tuple[float, float]:
    """p-value of max |z|, and the detectable relative error."""
    varying = np.diag(simulation.covariance) > 0
    fixed = z[~varying]
    if not varying.any():
        # Nothing is random: the formula is right to rounding, or wrong.
        right = bool((np.abs(fixed) <= 10).all())
        return (1.0 if right else 0.0), (_relative(simulation.stderr, expected, 10.0))
    law = GaussianMaximum.of(simulation.correlation[np.ix_(varying, varying)])
    p_value = law.exceedance(float(np.abs(z[varying]).max()))
    if (np.abs(fixed) > 10).any():
        p_value = 0.0
    return p_value, _relative(simulation.stderr, expected, law.critical_value(level) + float(ndtri(POWER)))


def _relative(stderr: Array, expected: Array, multiple: float) -> float:
    size = np.abs(expected)
    if not size.any():
        return float("inf")
    scale = np.hypot(stderr, ROUNDING * size)
    return float(multiple * np.min(scale[size > 0] / size[size > 0]))
