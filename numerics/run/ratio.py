r"""Measured losses of a run as a ratio to generation 1, tested against a derived one.

A loss L is not a risk: its least value :math:`L^*` is not zero, as for a log-likelihood, and often not known. To
leading order the excess is quadratic in the error, :math:`E\,L_g - L^* = \rho_g r_1`, with ρ the ratio of the risk and
:math:`r_1` that of generation 1. So either :math:`L^*` is given and :math:`r_1` drops out, or :math:`r_1` is given and
:math:`L^*` does:

.. math:: \hat\rho_g = \frac{\bar L_g - L^*}{\bar L_1 - L^*}, \qquad
          \hat\rho_g = 1 + \frac{\bar L_g - \bar L_1}{r_1}.

*The pool is finite.* All replicates start from subsets of the same N real rows, and what can be measured is the excess
over what fits these rows best. Let V be the variance of the pool, its divisor N − 1. Means of disjoint subsets of
:math:`n_i` rows without replacement have variances :math:`V(1/n_i - 1/N)` and covariances :math:`-V/N`; and weights
that sum to one hand a shift of all real data on unchanged, so that the coefficients of the real rows sum to one at
every generation, whatever is drawn from which pool. Hence the excess over the pool's own best falls short of
:math:`\rho_g r_1` by V/N at every g: it is :math:`(\rho_g - f)\,r_1` with

.. math:: f = \frac{V/N}{r_1},

and :math:`r_1` follows from what model 1 is fitted on. All of block 1, of :math:`m = n\,s(1)` rows: :math:`r_1 = V/m`
and f = m/N. A subsample of b of these rows: V/b and b/N. The same with replacement:
:math:`r_1 = V/m + V(1 - 1/m)/b`, and :math:`f = bm/((b + m - 1)N)`. Then

.. math:: E\,L_g - E\,L_1 = (\rho_g - 1)\,r_1 \quad \text{at every } N, \qquad
          \frac{E\,L_g - L^*}{E\,L_1 - L^*} = \frac{\rho_g - f}{1 - f}.

Both are exact under three conditions: the loss is the squared error of the mean of the rows that a model is fitted on,
weighed as the workflow says; a synthetic row has the fitted mean, and the pool's own variance V whatever model drew it
(or a variance quadratic in the fitted mean, of leading coefficient :math:`v_2`, that is :math:`V(1 + v_2/N)` at the
pool's mean, as a coin's is); and ρ is the exact ratio. Elsewhere they are approximations, of relative error 1/n where
generators are regular: other losses are quadratic near their least value only, and a generator of variance
:math:`V' \ne V` has the synthetic part of its excess multiplied by V'/V. Where model 1 is fitted on the whole pool,
f = 1, only the increase can be measured.

*The test* is Fieller's: were the ratio right, :math:`L_g - L^* - \rho_g (L_1 - L^*)` would have mean zero, for which no
ratio need be normal.

Derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr

from numerics.evaluate import evaluate
from numerics.gaussian_maximum import GaussianMaximum
from theory.errors import DomainError, NotDerivedError
from theory.expressions.told import Told
from theory.risk import Risk
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

#: Losses are skew: with fewer replicates their means are not normal enough for a verdict.
LEAST_REPLICATES = 30
POWER = 0.99
#: Largest z that a p-value still resolves.
FURTHEST = 37.0


@dataclass(frozen=True, eq=False)
class RatioCheck(Told):
    """The measured ratio of a run against a derived one.

    Attributes
    ----------
    ratio, stderr : measured, and its standard error to first order, (G,)
    prediction : what the measured ratio would be, on average, were the derived one right, (G,)
    z : of the contrasts that are zero on average were it right, at generations 2..G, (G − 1,)
    p_value : of the largest \\|z\\|, one test for all generations
    level : the p-value below which the check fails
    detectable : smallest relative error of the derived ratio that would have failed with probability 0.99
    passed : whether nothing was found against it
    reason : what was found, else None
    workflow : of the run

    Notes
    -----
    Derived here; see :mod:`numerics.run.ratio`.

    Examples
    --------
    >>> import numpy as np
    >>> from numerics.generations import run_generations
    >>> from theory import GaussianMean, Replace, expected_risk
    >>> class Mean:
    ...     random_state = None
    ...     def fit(self, X):
    ...         self.mean = X.mean()
    ...     def sample(self, n):
    ...         return np.random.default_rng(self.random_state).normal(self.mean, 1, n)
    >>> real = np.random.default_rng(1).normal(size=2000)
    >>> square = lambda model, test: (model.mean - real.mean()) ** 2
    >>> run = run_generations(Mean(), real, Replace(), 3, square, replicates=100, n=20)
    >>> check = run.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0)
    >>> check.ratio.shape, check.z.shape, check.passed
    ((3,), (2,), True)
    """

    ratio: Array
    stderr: Array
    prediction: Array
    z: Array
    p_value: float
    level: float
    detectable: float
    passed: bool
    reason: str | None
    workflow: Workflow

    __repr__ = Told.__repr__
    _drawn = (("ratio", "lower", "upper"), ("prediction", None, None))

    def headline(self) -> str:
        """Whether the measured ratio is the derived one."""
        verdict = "nothing speaks against the derived ratio" if self.passed else self.reason
        return f"{self.workflow.name}: {verdict}, p = {self.p_value:.3g}, {self.detectable:.3g} would have been seen"

    def table(self) -> dict[str, list[float]]:
        """The ratio with its standard error, ± 2 of these, and what was predicted, by generation."""
        ends = {"lower": self.ratio - 2 * self.stderr, "upper": self.ratio + 2 * self.stderr}
        columns = {"ratio": self.ratio, "stderr": self.stderr, "prediction": self.prediction, **ends}
        return {"generation": list(range(1, len(self.ratio) + 1)), **{name: c.tolist() for name, c in columns.items()}}


def measured_ratio(losses: Array, best: float | None, unit: float | None) -> tuple[Array, Array]:
    """Ratios to generation 1 and their standard errors (nan for one replicate), from losses (R, G)."""
    mean = losses.mean(axis=0)
    if best is not None:
        denominator = float(mean[0]) - _finite("best", best)
        if not denominator > 0:
            raise DomainError(f"best = {best} is not below the mean loss {mean[0]:.6g} of generation 1.")
        ratio = (mean - best) / denominator
        # d(a/b) = (da − ratio·db)/b
        linear = ((losses - best) - ratio * (losses[:, :1] - best)) / denominator
    else:
        if unit is None:
            raise DomainError(
                "A ratio needs best, the least loss there is, or unit, the risk of generation 1: give one."
            )
        if not _finite("unit", unit) > 0:
            raise DomainError(f"unit = {unit} is not allowed: it is the risk of generation 1, and must be positive.")
        ratio = 1 + (mean - mean[0]) / unit
        linear = (losses - losses[:, :1]) / unit
    return ratio, standard_error(linear)


def _finite(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not np.isfinite(float(value)):
        raise DomainError(f"{name} = {value!r} is not allowed: it must be a finite number.")
    return float(value)


def standard_error(values: Array) -> Array:
    """Of the mean over replicates (R, …); nan when there is one."""
    count = len(values)
    if count < 2:
        return np.full(values.shape[1:], np.nan)
    return values.std(axis=0, ddof=1) / np.sqrt(count)


def check_ratio(
    losses: Array,
    risk: Risk,
    workflow: Workflow,
    n: int,
    share: float,
    best: float | None,
    unit: float | None,
    level: float,
) -> RatioCheck:
    """Test a derived risk against losses (R, G) of a run whose model 1 is worth the share f of the pool."""
    if not (isinstance(level, float) and 0 < level < 1):
        raise DomainError(f"level = {level!r} is not a probability: level must lie strictly between 0 and 1.")
    count, generations = losses.shape
    if count < LEAST_REPLICATES:
        raise DomainError(f"replicates = {count} is too few to judge a ratio: run {LEAST_REPLICATES} or more.")
    if generations < 2:
        raise DomainError("generations = 1 has no ratio to judge: run 2 generations or more.")
    if not np.isfinite(losses).all():
        raise DomainError("some losses are infinite: no average converges.")
    derived, unit = _derived(risk, workflow, n, generations, best, unit)
    if best is not None and share == 1:
        raise DomainError(
            f"best = {best} cannot be used where every replicate starts from all the data, which model 1 fits best: "
            f"give unit, the risk of generation 1, instead, or a smaller n."
        )
    ratio, stderr = measured_ratio(losses, best, unit)
    if best is not None:
        prediction, slope = (derived - share) / (1 - share), derived / (1 - share)
        contrasts = ((losses - best) - prediction * (losses[:, :1] - best))[:, 1:]
        # How far an error of the derived ratio, as a factor, moves the mean of a contrast.
        moved = slope[1:] * float(losses[:, 0].mean() - best)
    else:
        assert unit is not None
        prediction = derived
        contrasts = (losses - losses[:, :1] - (derived - 1) * unit)[:, 1:]
        moved = derived[1:] * unit
    z, p_value, critical, error = _largest(contrasts, level)
    detectable = float(np.min((critical + float(ndtri(POWER))) * error / np.abs(moved)))
    passed = p_value >= level
    worst = int(np.argmax(np.abs(z)))
    reason = (
        f"at generation {worst + 2} the measured ratio is {ratio[worst + 1]:.4g} ± {stderr[worst + 1]:.2g} and the "
        f"predicted one {prediction[worst + 1]:.4g}: p = {p_value:.2g} over all generations."
    )
    return RatioCheck(
        ratio, stderr, prediction, z, p_value, level, detectable, passed, None if passed else reason, workflow
    )


def _derived(
    risk: Risk, workflow: Workflow, n: int, generations: int, best: float | None, unit: float | None
) -> tuple[Array, float | None]:
    """The derived ratio at generations 1..G, and r_1 where no best loss is given."""
    if not isinstance(risk, Risk):
        raise DomainError(f"risk = {risk!r} is not a risk: give expected_risk(model, workflow), or its ratio.")
    if risk.workflow != workflow:
        raise DomainError(f"workflow = {workflow!r} was run, but the risk is of {risk.workflow!r}: give the same.")
    size = getattr(risk.model, "n", None)
    if size is not None and size.is_number and size != n:
        raise DomainError(f"n = {n} was run, but the risk is of n = {size}: give the same.")
    if best is not None and unit is not None:
        raise DomainError(f"best = {best} and unit = {unit} are both given: one of them fixes the ratio, give one.")
    if best is None and unit is None:
        if risk.relative or risk.baseline.free_symbols:
            raise DomainError(
                "risk does not say how large the risk of generation 1 is: give unit, that risk in the units of the "
                "loss, or best, the least loss there is."
            )
        unit = float(risk.baseline)
    try:
        ratio = evaluate(risk if risk.relative else risk.ratio, np.arange(1, generations + 1))
    except NotDerivedError:
        # The ratio of some risks is undefined in general, and a number at every generation.
        values = evaluate(risk, np.arange(1, generations + 1))
        ratio = values / values[0]
    if not np.isfinite(ratio).all():
        first = int(np.argmin(np.isfinite(ratio))) + 1
        raise DomainError(f"the derived ratio is not finite at generation {first}: no average converges to it.")
    return ratio, unit


def scores(contrasts: Array) -> tuple[Array, Array]:
    """Standard normal were the means zero, from contrasts (R, K) that are normal; and standard errors, (K,) each."""
    count = len(contrasts)
    mean, error = contrasts.mean(axis=0), standard_error(contrasts)
    certain = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    t = np.divide(mean, error, out=certain, where=error > 0)
    # The normal quantile of Student's probability, so that few replicates are not taken for many.
    size = -ndtri(np.maximum(stdtr(count - 1, -np.abs(t)), ndtr(-FURTHEST)))
    return np.copysign(np.minimum(size, FURTHEST), t), error


def _largest(contrasts: Array, level: float) -> tuple[Array, float, float, Array]:
    """z of each contrast, p-value of the largest, its critical value, and standard errors."""
    count = len(contrasts)
    z, error = scores(contrasts)
    varying, mean = error > 0, contrasts.mean(axis=0)
    if not varying.any():
        return z, float(not mean.any()), float(ndtri(1 - level / 2)), error
    scaled = (contrasts[:, varying] - mean[varying]) / error[varying]
    law = GaussianMaximum.of(scaled.T @ scaled / (count * (count - 1)))
    p_value = 0.0 if mean[~varying].any() else law.exceedance(float(np.abs(z[varying]).max()))
    return z, p_value, law.critical_value(level), error
