"""Does a derived risk agree with a simulation? One test over all generations, and what it could have seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sympy import false

from numerics.evaluate import evaluate
from numerics.gaussian_maximum import GaussianMaximum
from numerics.importance import is_possible
from numerics.loss_law import ROUNDING, LossLaw, Spread, loss_law
from numerics.simulate import MOST_REPLICATES, Simulation
from theory.errors import DomainError
from theory.expressions.arguments import quoted
from theory.expressions.told import Told
from theory.models.base import Model
from theory.risk import Risk

Array = NDArray[np.float64]

AGREES, DISAGREES, INCONCLUSIVE = "agrees", "disagrees", "inconclusive"
#: Unless the caller asks otherwise, a run that could have missed a larger relative error than this decides nothing.
ASKED = 0.25
# A formula error counts as detectable when it would have been caught with this probability.
POWER = 0.99
# Below the smallest normal double, a variance has lost its digits.
TINIEST = float(np.finfo(float).tiny)


@dataclass(frozen=True, eq=False)
class Crosscheck(Told):
    """The verdict of a simulation on a risk.

    Attributes
    ----------
    verdict : "agrees", "disagrees" or "inconclusive"
        Inconclusive where nothing speaks against the formula, but the run could have missed too large an error in it.
    z : (simulated − derived) / standard error, at each generation; the standard error is derived where ``known``
    p_value : probability of averages at least this far off were the formula right; one test for all generations; nan
        where there is none
    level : the p-value below which the formula and the simulation disagree
    detectable : the smallest ε such that the formula × (1 + ε), and × (1 − ε), would have failed with probability
        ≥ 0.99; infinite where nothing would have been caught for sure
    detectable_at : the same for an error at one generation alone, (G,)
    asked : the largest ``detectable`` with which a formula agrees
    known : whether the variance of the loss is derived, not estimated from the replicates
    replicates_needed : about how many replicates would decide, for a run that is inconclusive; None where it is not, or
        where no number of them would
    reason : why the verdict is not "agrees"; for a formula to leading order, also when it is, how its remainder
        compares with ``detectable``; else None

    Notes
    -----
    Derived here; see :func:`crosscheck`.

    Examples
    --------
    >>> from numerics import crosscheck, simulate
    >>> from theory import GaussianMean, Replace, expected_risk
    >>> model, workflow = GaussianMean(sigma2=1, n=50), Replace()
    >>> found = crosscheck(expected_risk(model, workflow), simulate(model, workflow, generations=3, replicates=5000))
    >>> found.passed, found.z.shape, found.reason is None
    (True, (3,), True)
    """

    verdict: str
    z: Array
    p_value: float
    level: float
    detectable: float
    detectable_at: Array
    asked: float
    known: bool
    replicates_needed: int | None
    reason: str | None

    __repr__ = Told.__repr__
    _drawn = (("z", None, None),)

    def headline(self) -> str:
        """The verdict, and what an error would have had to be to be seen."""
        seen = f"an error of {self.detectable:.3g} would have been seen"
        return f"{self.verdict}, p = {self.p_value:.3g}, {seen}{f': {self.reason}' if self.reason else ''}"

    def table(self) -> dict[str, list[float]]:
        """z, and the relative error that would have been seen, by generation."""
        columns = {"z": np.asarray(self.z, dtype=float), "detectable": np.asarray(self.detectable_at, dtype=float)}
        return {"generation": list(range(1, len(self.z) + 1)), **{name: c.tolist() for name, c in columns.items()}}

    @property
    def passed(self) -> bool:
        """Whether the verdict is "agrees": neither a disagreement nor an inconclusive run passes."""
        return self.verdict == AGREES


def crosscheck(risk: Risk, simulation: Simulation, level: float = 0.001, detectable: float = ASKED) -> Crosscheck:
    r"""Test a derived risk against a simulation of the same model, workflow and loss.

    With :math:`z_g = (\hat r_g - r_g)/\mathrm{se}_g` and :math:`w_g` its normal score, the statistic is
    :math:`\max_g |w_g|`, and its p-value that of the largest of G Gaussians with the correlation of the losses:
    generations of one chain are strongly correlated, and a test a generation would either reject too often or, by the
    union bound, too rarely. A formula wrong by the factor 1 ± ε shifts :math:`z_g` by :math:`ε r_g/\mathrm{se}_g`;
    the smallest ε that is caught with probability 0.99 is ``detectable``: for a normal average

    .. math:: \text{detectable} = (w_{\text{critical}} + \Phi^{-1}(0.99))\; \min_g \mathrm{se}_g / |r_g| .

    Parameters
    ----------
    risk : Risk
    simulation : Simulation
    level : float in (0, 1)
        Probability of failing a correct formula.
    detectable : positive float, default 0.25
        The formula agrees only where an error of this relative size, at all generations alike, would have been caught
        with probability 0.99. ``detectable_at`` of the answer says what would have been caught at each of them alone.

    Notes
    -----
    *Variance.* For the squared error of a scalar family under deterministic weights the standard errors, skewness and
    kurtosis are derived (:mod:`numerics.loss_law`), so that no run of bad luck in the replicates changes what is
    judged. Where ``Risk.standard_deviation`` is derived (subsamples, models that lean or shrink, fourth moments), the
    standard errors are. Elsewhere all of them are estimated.

    *Tails.* Normal scores account for skewness. What they leave out at the critical value t is, relative to the tail
    probability, :math:`|\gamma_2 - \tfrac32\gamma_1^2|\, t^2(t^2 - 3)/(24R)` to second order (Edgeworth), for
    skewness :math:`\gamma_1` and excess kurtosis :math:`\gamma_2` of one loss. Beyond 1/2 the normal law is not
    used: the p-value is then Chebyshev's bound, of second or fourth order, added up over the generations. A formula
    that it refutes disagrees; any other is inconclusive, and so it is where estimated kurtosis says that the variance
    is not known to a third.

    *Replicates all alike.* Where no derivation says that the loss never varies, they leave open what is too rare to be
    seen among R: an average below the formula is inconclusive.

    *Never decided.* An infinite risk, and a loss of infinite variance, however many the replicates.

    Derived here; the law of the maximum follows Adler, Blanchet and Liu (2012), see :mod:`numerics.gaussian_maximum`.

    Examples
    --------
    >>> from numerics import crosscheck, simulate
    >>> from theory import Accumulate, GaussianMean, expected_risk
    >>> model, workflow = GaussianMean(sigma2=1, n=50), Accumulate()
    >>> check = crosscheck(expected_risk(model, workflow), simulate(model, workflow, generations=5, replicates=20_000))
    >>> check.verdict, check.detectable < 0.1
    ('agrees', True)
    """
    if not isinstance(risk, Risk):
        raise DomainError(f"risk = {quoted(risk)} is not a risk: give what theory.expected_risk returns.")
    if not isinstance(simulation, Simulation):
        raise DomainError(
            f"simulation = {quoted(simulation)} is not a simulation: give what numerics.simulate returns."
        )
    _verify_same(risk, simulation)
    if not (isinstance(level, float) and 0 < level < 1):
        raise DomainError(f"level = {quoted(level)} is not a probability: level must lie strictly between 0 and 1.")
    if isinstance(detectable, bool) or not isinstance(detectable, (int, float)) or not detectable > 0:
        raise DomainError(
            f"detectable = {quoted(detectable)} is not allowed: give a positive relative error, such as 0.25."
        )
    expected = evaluate(risk, np.arange(1, simulation.generations + 1))
    return judged(expected, risk.exactness, simulation, level=level, detectable=float(detectable))


def judged(
    expected: Array,
    exactness: str,
    simulation: Simulation,
    spread: Spread | None = None,
    level: float = 0.001,
    detectable: float = ASKED,
) -> Crosscheck:
    """Test derived values, (G,), against the simulation of the same; and what is derived of its spread, if at hand."""
    obstacle = _obstacle(expected, simulation)
    if obstacle is not None:
        nowhere, unseen = (np.full(simulation.generations, value) for value in (np.nan, np.inf))
        return Crosscheck(
            INCONCLUSIVE, nowhere, np.nan, level, np.inf, unseen, detectable, False, None, obstacle
        )
    judge = _Judge(expected, simulation, loss_law(simulation, spread), level, detectable)
    found = judge.verdict()
    if exactness != "exact" and (found.verdict == DISAGREES or np.isfinite(found.detectable)):
        left_out = _remainder(simulation.model, found.detectable, found.verdict != DISAGREES)
        reason = f"{found.reason or ''} {left_out}".strip()
        return replace(found, reason=reason)
    return found


class _Judge:
    """One run, its expectations and the law of its averages."""

    def __init__(self, expected: Array, simulation: Simulation, law: LossLaw, level: float, asked: float) -> None:
        self.expected, self.simulation, self.law = expected, simulation, law
        self.level, self.asked, self.replicates = level, asked, simulation.replicates
        self.stderr = law.stderr(self.replicates)
        self.z = _standardised(simulation.mean - expected, self.stderr, expected)
        # Replicates that are all alike differ by what rounding makes of them.
        alike = 0.0 if law.known else (ROUNDING * np.abs(simulation.mean)) ** 2
        self.varying = np.diag(law.covariance) > alike

    def verdict(self) -> Crosscheck:
        """Agrees, disagrees or inconclusive, and why."""
        if not self.varying.any():
            return self._of_certain_losses() if self.law.known else self._of_losses_all_alike(1.0)
        correlation = self.law.correlation[np.ix_(self.varying, self.varying)]
        maximum, critical = _maximum(correlation.tobytes(), len(correlation), self.level)
        power = self._detectable_at(critical)
        smallest = float(power.min())
        strain = np.where(self.varying, self.law.strain(critical, self.replicates), 0.0)
        if strain.max() > 1:
            return self._of_heavy_tails(strain, smallest)
        scores = self.law.scores(self.z, self.replicates)
        p_value = maximum.exceedance(float(np.abs(scores[self.varying]).max()))
        if (np.abs(self.z[~self.varying]) > 10).any():
            if not self.law.known:
                return self._of_losses_all_alike(p_value)
            p_value = 0.0
        if p_value < self.level:
            return self._found(DISAGREES, p_value, smallest, power, reason=self._difference(p_value))
        if smallest <= self.asked:
            return self._found(AGREES, p_value, smallest, power)
        return self._of_too_few(p_value, smallest, power)

    def _found(
        self,
        verdict: str,
        p_value: float,
        smallest: float,
        power: Array,
        needed: int | None = None,
        reason: str | None = None,
    ) -> Crosscheck:
        return Crosscheck(
            verdict, self.z, p_value, self.level, smallest, power, self.asked, self.law.known, needed, reason
        )

    def _of_certain_losses(self) -> Crosscheck:
        """Nothing is random: the formula is right to rounding, or wrong."""
        right = bool((np.abs(self.z) <= 10).all())
        power = self._relative(np.full(len(self.expected), 10.0))
        p_value = 1.0 if right else 0.0
        return self._found(
            AGREES if right else DISAGREES,
            p_value,
            float(power.min()),
            power,
            reason=None if right else self._difference(p_value),
        )

    def _of_losses_all_alike(self, p_value: float) -> Crosscheck:
        r"""Replicates that do not differ, though nothing derived says that none ever does.

        What happens in one chain of a million may be all of the expectation, so that an average below the formula says
        nothing. One above it does, of a loss that is never negative: if all R replicates have the loss c > r, then
        :math:`P(\ell = c) \le r/c`, and that all of them have it has probability :math:`(r/c)^R` at most.
        """
        alike = ~self.varying
        off = alike & (np.abs(self.z) > 10)
        if not off.any():
            return self._of_certain_losses()
        found, derived = self.simulation.mean[alike], self.expected[alike]
        unseen = np.full(len(self.expected), np.inf)
        if self.simulation.loss in ("squared", "fourth"):
            chance = np.divide(derived, found, out=np.ones(len(found)), where=(found > 0) & (derived >= 0))
            p_value = min(p_value, float((np.minimum(chance, 1.0) ** self.replicates).min()) * int(alike.sum()))
        if p_value < self.level:
            return self._found(DISAGREES, p_value, np.inf, unseen, reason=self._difference(p_value))
        at = int(np.argmax(off))
        reason = (
            f"at generation {at + 1} all {self.replicates} replicates have the loss {self.simulation.mean[at]:.6g}, "
            f"where the formula gives {self.expected[at]:.6g}: what is too rare to be seen among them may make the "
            f"difference, and only more replicates can show it."
        )
        return self._found(INCONCLUSIVE, np.nan, np.inf, unseen, reason=reason)

    def _of_too_few(self, p_value: float, smallest: float, power: Array) -> Crosscheck:
        if not np.isfinite(smallest):
            return self._found(
                INCONCLUSIVE, p_value, smallest, power, reason="the derived risk is 0: no error is relative to it."
            )
        needed = _rounded_up(self.replicates * (smallest / self.asked) ** 2)
        reason = (
            f"nothing was found, but the formula could be wrong by {_percent(smallest)} unseen, where {self.asked:.0%} "
            f"was asked: {_replicates(needed)} would decide."
        )
        return self._found(INCONCLUSIVE, p_value, smallest, power, needed, reason)

    def _of_heavy_tails(self, strain: Array, smallest: float) -> Crosscheck:
        """An average too far from normal for a score: what Chebyshev says, where the variance is known."""
        p_value = self._chebyshev() if self.law.known else np.nan
        unseen = np.full(len(self.expected), np.inf)
        if p_value < self.level:
            return self._found(DISAGREES, p_value, np.inf, unseen, reason=self._difference(p_value))
        worst = int(np.argmax(strain))
        factor = max(float(strain.max()), (smallest / self.asked) ** 2 if np.isfinite(smallest) else 1.0)
        needed = _rounded_up(self.replicates * factor)
        which = "by its derived moments" if self.law.known else "by the moments of the replicates"
        reason = (
            f"heavy tails: {which}, the average of {self.replicates} losses at generation {worst + 1} is too far from "
            f"normal for a verdict: {_replicates(needed)} would decide."
        )
        run = self.simulation
        if run.method != "importance" and is_possible(run.model, run.workflow, run.loss, run.generations):
            reason += " Simulated with method = 'importance', far fewer do."
        return self._found(INCONCLUSIVE, p_value, np.inf, unseen, needed, reason)

    def _chebyshev(self) -> float:
        r"""P(some |z| at least this large), from :math:`P(|Z| \ge z) \le \min(1/z^2, E Z^4/z^4)`."""
        z = np.abs(self.z)
        fourth = 3 + self.law.excess / self.replicates
        with np.errstate(divide="ignore"):
            return float(min(1.0, np.minimum(1.0, np.minimum(z**-2.0, fourth * z**-4.0)).sum()))

    def _detectable_at(self, critical: float) -> Array:
        """The relative error that an average with the formula's expectation off by it shows, with probability 0.99."""
        sure = float(ndtri(POWER))
        low, high = (self.law.standardised(score, self.replicates) for score in (-critical, critical))
        least, most = (self.law.standardised(score, self.replicates) for score in (-sure, sure))
        distance = np.maximum(most - low, high - least)
        return self._relative(np.where(self.varying, distance, 10.0))

    def _relative(self, distance: Array) -> Array:
        size = np.abs(self.expected)
        scale = np.hypot(self.stderr, ROUNDING * size)
        return np.divide(distance * scale, size, out=np.full(len(size), np.inf), where=size > 0)

    def _difference(self, p_value: float) -> str:
        worst = int(np.argmax(np.abs(self.z)))
        return (
            f"at generation {worst + 1} the simulation gives {self.simulation.mean[worst]:.6g} ± "
            f"{self.stderr[worst]:.2g} and the formula {self.expected[worst]:.6g}: p = {p_value:.2g} over all "
            f"generations."
        )


@lru_cache(maxsize=2)
def _maximum(correlation: bytes, size: int, level: float) -> tuple[GaussianMaximum, float]:
    """The law of the largest score and its critical value: the same for every run where the correlation is derived."""
    law = GaussianMaximum.of(np.frombuffer(correlation).reshape(size, size))
    return law, law.critical_value(level)


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 1 else f"a factor of {1 + value:.2g}"


def _rounded_up(value: float) -> int | None:
    """To two digits, upwards; None where it is no number."""
    if not np.isfinite(value):
        return None
    unit = 10 ** max(0, floor(log10(max(value, 1.0))) - 1)
    return ceil(value / unit) * unit


def _replicates(needed: int | None) -> str:
    if needed is None or needed > MOST_REPLICATES:
        return "more replicates than can be simulated"
    return f"about {needed:,} replicates"


def _remainder(model: Model, detectable: float, passed: bool) -> str:
    """What a leading order leaves out is not bounded by any derivation: only what the run saw of it is said."""
    order = f"The formula is to leading order: it leaves out terms of relative order {model.remainder()}"
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


def _obstacle(expected: Array, simulation: Simulation) -> str | None:
    """Why no number of replicates would decide, if so."""
    if not np.isfinite(expected).all():
        first = int(np.argmin(np.isfinite(expected))) + 1
        return f"the derived risk is not finite at generation {first}: no average converges to it."
    if simulation.model.finite_variance(simulation.workflow, simulation.loss) == false:
        return "the loss has infinite variance here, so its average has no standard error and a z-score means nothing."
    if not (np.isfinite(simulation.mean).all() and np.isfinite(simulation.variance).all()):
        return "some replicates have infinite loss: no average converges."
    size = np.abs(simulation.mean)
    if ((size > 0) & (simulation.variance < TINIEST)).any() and (size < 1e-140).any():
        return "the losses are so small that their squares underflow: choose other units."
    return None


def _standardised(difference: Array, stderr: Array, expected: Array) -> Array:
    scale = np.hypot(stderr, ROUNDING * np.abs(expected))
    certain = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, scale, out=certain, where=scale > 0)
