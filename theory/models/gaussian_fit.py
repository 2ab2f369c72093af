r"""Multivariate Gaussians with fitted mean and covariance: the model collapse of Kazdan et al. (2024).

The truth is N(0, I_d): the fit is affine-equivariant, so that losses relative to the true covariance lose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sympy import Abs, Basic, Expr, Matrix, Min, S, Symbol, simplify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, count, is_positive, parameter, quoted, truth_value
from theory.expressions.block_size import BlockSize
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.models.effective_size import newest_block_only
from theory.models.fit_sizes import FIRST_FITS, EveryFit, every_fit, fitted_size, smallest_fit
from theory.models.gaussian.heated import fitted_alone
from theory.models.gaussian.inverse_wishart import WishartChain, divergence, log_determinant, wasserstein
from theory.models.gaussian.moments import LARGEST_STATE, Loss, invariant_recurrence, leading_trace
from theory.models.gaussian.pool import unbiased_pool
from theory.moments.composition import compose
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.stationary import StationaryRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics, PoolDynamics
from theory.workflows.replace import Replace

#: The losses that are polynomials in (μ, Σ).
_INVARIANT = {
    "squared": Loss(mean=True, covariance=True),
    "mean": Loss(mean=True),
    "covariance": Loss(covariance=True),
    "trace": Loss(trace=True),
}


@dataclass(frozen=True)
class GaussianFit(Model):
    r"""Mean and covariance of a d-variate Gaussian, both fitted every generation.

    .. math:: \mu_g = \sum_j w_{g,j}\,\bar x_j, \qquad
              \Sigma_g = \rho_g\Big(\sum_j w_{g,j}\,\overline{xx^\top}_j - \mu_g\mu_g^\top\Big),

    with ρ = 1 (maximum likelihood) or 1/(1 − κ_g), :math:`\kappa_g = \sum_j w_{g,j}^2/n_j`, which divides by N − 1
    when N samples weigh the same.

    Losses: ``"mean"`` :math:`E\|\mu_g\|^2`, ``"covariance"`` :math:`E\|\Sigma_g - I\|_F^2`, ``"squared"`` their sum,
    ``"trace"`` :math:`E\operatorname{tr}\Sigma_g`, ``"log-determinant"`` :math:`E\log\det\Sigma_g` (negative),
    ``"kl"`` :math:`E\,\mathrm{KL}(N_0\|N_g)`, the excess test negative log-likelihood, and in one dimension
    ``"wasserstein"`` :math:`E\,W_2^2(N_0, N_g) = E\,[\mu_g^2 + (\sigma_g - 1)^2]`.

    Parameters
    ----------
    d : positive integer
        Dimension.
    n : positive integer
        Samples in a unit block. ``"kl"`` needs n ≥ d + 3, ``"log-determinant"`` n ≥ d + 1; a symbolic n is taken to
        be d + 3 or more.
    unbiased : bool, default False
        Whether the covariance is divided so as to be unbiased for independent data.
    temperature : positive number or expression, default 1
        τ: every model g is sampled from as N(μ_g, τ Σ_g).

    Notes
    -----
    *Temperature.* Models sampled with τ times their covariance: exact for mean, covariance, their sum, trace and, where
    each fit is on the newest block alone, the log-determinant. At which temperatures the variance dies under replace is
    said by :func:`theory.models.gaussian.temperature.dying_below`.

    *Mean and trace.* For maximum likelihood :math:`E\,(\Sigma_g)_{ii} + E\,\mu_{g,i}^2 = 1` whatever the weights, even
    on a random subsample: the mean composes like a family with variance 1 − μ², so E tr Σ falls as the mean
    wanders off. Under accumulate its limit is :math:`d \sin(x)/x,\; x = \pi/\sqrt n`.

    *Polynomials of degree four.* Exact for workflows whose state has at most two numbers, by the algebra of
    :mod:`theory.models.gaussian.moments`; otherwise to leading order in 1/n. Where a fit moves by its newest block
    alone, as under replace and accumulate, two of them move by themselves (:mod:`theory.models.gaussian.heated`), so
    that E‖Σ_G − I‖² has its limit d below the temperature at which the variance dies in mean square, and its growth
    above.

    *Inverse, determinant, root.* Exact for fits on the newest block alone
    (:mod:`theory.models.gaussian.inverse_wishart`), otherwise to leading order in 1/n: d(d+3)/(4n) for ``"kl"``,
    −d(d+3)/(2n) for the log-determinant of maximum likelihood, 3/(2n) for ``"wasserstein"``, each times the
    pathway ratio :math:`\sum_j C_{g,j}^2/s(j)`, and scaled so that generation 1, a fit on independent data under every
    workflow, is exact.

    Kazdan et al. (2024), *Collapse or Thrive?*, sections on Gaussian modelling, for the trace under replace and
    accumulate; the rest is derived here.

    Examples
    --------
    >>> from theory import Accumulate, GaussianFit, Replace, expected_risk
    >>> expected_risk(GaussianFit(d=3, n=10), Accumulate(), loss="mean").limit
    -3*sqrt(10)*sin(sqrt(10)*pi/10)/pi + 3
    >>> expected_risk(GaussianFit(d=3, n=10), Replace(), loss="trace").closed_form
    3*(9/10)**G
    >>> expected_risk(GaussianFit(d=1, n=10), Replace(), loss="kl").growth
    2*(10/7)**G/3
    """

    d: Exact = None
    n: Exact = None
    unbiased: bool = False
    temperature: Exact = S.One
    name: ClassVar[str] = "gaussian-fit"
    losses: ClassVar[tuple[str, ...]] = (*_INVARIANT, "log-determinant", "kl", "wasserstein")
    draws_from_mixture: ClassVar[bool] = True
    roles: ClassVar[dict[str, str]] = {"d": "count", "n": "count", "temperature": "positive"}
    left_alone: ClassVar[frozenset[str]] = frozenset({"temperature"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", count("d", self.d, "dimensions"))
        object.__setattr__(self, "n", count("n", self.n, "samples"))
        object.__setattr__(self, "unbiased", truth_value("unbiased", self.unbiased))
        heat = parameter("temperature", self.temperature, Symbol("tau", positive=True), "positive", is_positive)
        object.__setattr__(self, "temperature", heat)
        if self.unbiased and self.n == 1:
            raise DomainError("n = 1 leaves no degree of freedom: unbiased = True needs n to be 2 or more.")

    def ranges(self) -> dict[Symbol, Expr]:
        """d from 1 on, n from d + 3 on, where fits have inverses with a mean."""
        covered = super().ranges()
        if isinstance(self.n, Symbol):
            covered[self.n] = at_least(self._d + 3)
        return covered

    @property
    def _d(self) -> Expr:
        return self.d  # type: ignore[return-value]

    @property
    def _n(self) -> Expr:
        return self.n  # type: ignore[return-value]

    def remainder(self) -> str:
        """What leading order leaves out is d/n smaller."""
        return "d/n"

    def verify_loss(self, loss: str) -> None:
        """Refuse a loss that is none of the model's, and W₂ in more than one dimension."""
        super().verify_loss(loss)
        if loss == "wasserstein" and self.d != 1:
            raise DomainError(f"d = {self.d} is not allowed for loss = 'wasserstein': give d = 1.")

    def finite_variance(self, workflow: Workflow, loss: str) -> Basic:
        """Fits on d + 5 samples or more for the divergence, which is of an inverse Wishart; always for the others."""
        # The square of an inverse Wishart has a mean from two samples more than the inverse itself.
        return self._samples(workflow, self._d + 5).condition if loss == "kl" else S.true

    def second_moment(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """E loss² as a recurrence, exactly, for the losses that are polynomials of the fit; None for the others."""
        # Squares of the other losses are of weight 8, whose invariants are too many to solve in passing.
        dynamics = workflow.dynamics()
        if loss not in ("mean", "trace") or not isinstance(dynamics, LinearDynamics):
            return None
        if dynamics.transition.shape[0] > LARGEST_STATE:
            return None
        squared = replace(_INVARIANT[loss], power=2)
        return invariant_recurrence(workflow, dynamics, squared, self._d, self._n, self.unbiased, self.temperature)

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """Mean and trace of maximum likelihood, by the noise of a mean."""
        return () if self.unbiased or self.temperature != 1 else ("mean", "trace")

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The moments of (μ_g, Σ_g) that the loss needs: invariants, or those of a chain of Wishart matrices. May
        raise NotDerivedError.
        """
        self._verify_samples(workflow, loss)
        dynamics = workflow.dynamics()
        if loss in _INVARIANT:
            found = self._polynomial(workflow, dynamics, loss)
        elif isinstance(dynamics, LinearDynamics) and newest_block_only(dynamics):
            found = self._newest_block(workflow, loss)
        else:
            found = None
        if found is None and self.temperature != 1:
            raise self._not_at_a_temperature(workflow, loss)
        if found is None:
            found = self._exact_at_one(self.leading_recurrence(workflow, loss), workflow, loss)
        return self._bounded(found, workflow, loss)

    def leading_recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """To leading order: noise d/n for the mean, d(d + 1)/n for the covariance, d(d + 3)/(4n) for KL."""
        self._verify_samples(workflow, loss)
        if self.temperature != 1:
            raise self._not_at_a_temperature(workflow, loss)
        d, n = self._d, self._n
        if loss in ("trace", "log-determinant"):
            found = self._leading_logarithm(workflow, loss)
        else:
            noise = {
                "squared": d * (d + 2) / n,
                "mean": d / n,
                "covariance": d * (d + 1) / n,
                "kl": d * (d + 3) / (4 * n),
                "wasserstein": 3 / (2 * n),
            }[loss]
            found = compose(workflow, noise=noise, curvature=S.Zero, exactness="leading order")
        return self._bounded(found, workflow, loss)

    def _exact_at_one(self, found: Recurrence, workflow: Workflow, loss: str) -> Recurrence:
        """The same scaled to be exact at generation 1, a fit on independent data whatever the workflow.

        Model 1 of replace is that fit. A bootstrap sample is none: there the first generation is to leading order too.
        """
        draw = workflow.draw(1)
        if draw is not None and draw.replacement:
            return found
        alone = Replace(sizes=fitted_size(workflow, 1))
        moved = self.recurrence(alone, loss).at(1) - found.offset
        if isinstance(found, StationaryRecurrence):
            first = 1 / workflow.size(1)  # a window of symbolic length has no weights to take it from
        else:
            plain = found.changed(margin=None)
            first = simplify((plain.at(1) - found.offset) / found.scale)
        if first == 0:
            return found
        scale = moved / first
        if scale.free_symbols and sign(found.scale, self.ranges()) == -1:
            scale = -Abs(scale)  # a logarithm of a determinant whose sign no comparison of polynomials tells
        return found.changed(scale=scale)

    # -- how -------------------------------------------------------------------------------------------

    def _not_at_a_temperature(self, workflow: Workflow, loss: str) -> NotDerivedError:
        return NotDerivedError(
            f"temperature = {self.temperature} has no derived {loss} under {workflow.name}: derived are mean, "
            "covariance, squared and trace under workflows of at most two states, and the log-determinant of fits on "
            "the newest block. Simulation works."
        )

    def _polynomial(self, workflow: Workflow, dynamics: object, loss: str) -> Recurrence | None:
        """Losses that are polynomials in (μ, Σ), exactly; None where that is out of reach."""
        d, n = self._d, self._n
        hot = self.temperature != 1
        if loss in ("mean", "trace") and not self.unbiased and not hot:
            mean = compose(workflow, noise=d / n, curvature=-1 / n, points=n)
            return mean if loss == "mean" else _complement(mean, d)
        known = not workflow.schedule.has(BlockSize)
        if isinstance(dynamics, LinearDynamics) and known:
            found = fitted_alone(workflow, dynamics, loss, d, n, self.unbiased, self.temperature)
            if found is not None:
                return found
        # Several states with sizes that are not known yet: rational functions that fill pages.
        most = LARGEST_STATE if known else 1
        if isinstance(dynamics, LinearDynamics) and dynamics.transition.shape[0] <= most:
            return invariant_recurrence(workflow, dynamics, _INVARIANT[loss], d, n, self.unbiased, self.temperature)
        if isinstance(dynamics, PoolDynamics) and loss in ("mean", "trace") and not hot:
            compose(workflow, noise=d / n, curvature=S.Zero, points=n)  # verifies the budget
            return unbiased_pool(dynamics, n, trace=loss == "trace").changed(scale=d)
        return None

    def _newest_block(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """Losses of a chain of fits, each on its own block alone."""
        if self.temperature != 1 and loss != "log-determinant":
            return None
        points = self._n * workflow.size(GENERATION)
        chain = WishartChain(self._d, points, points - 1 if self.unbiased else points)
        if loss == "kl":
            return divergence(chain)
        if loss == "log-determinant":
            return log_determinant(chain, self.temperature).changed(scale=S.NegativeOne)
        return wasserstein(chain)

    def _leading_logarithm(self, workflow: Workflow, loss: str) -> Recurrence:
        r"""E log det Σ = E tr(Σ − I) − ½ E‖Σ − I‖² + …, and E tr Σ itself, to leading order."""
        d, n = self._d, self._n
        offset, spread = (d, S.Zero) if loss == "trace" else (S.Zero, d * (d + 1) / 2)
        if not self.unbiased:
            found = compose(workflow, noise=(spread + d) / n, curvature=S.Zero, exactness="leading order")
            return found.changed(scale=-found.scale, offset=offset)
        dynamics = workflow.dynamics()
        if not isinstance(dynamics, LinearDynamics):
            raise NotDerivedError(
                f"workflow = {workflow.name} has no derived {loss} for unbiased = True: use unbiased = False."
            )
        return leading_trace(workflow, dynamics, d, spread).changed(scale=-1 / n, offset=offset)

    # -- conditions ------------------------------------------------------------------------------------

    def _needed(self, loss: str) -> Expr | None:
        """Samples in a fit from which the expected loss is finite; None when any number will do."""
        return {"kl": self._d + 3, "log-determinant": self._d + 1}.get(loss)

    def _fewest(self, workflow: Workflow) -> Expr:
        """Samples in the smallest of the first fits."""
        return self._n * Min(*(smallest_fit(workflow, g) for g in FIRST_FITS))

    def _samples(self, workflow: Workflow, needed: Expr) -> EveryFit:
        """Whether every fit has the samples it needs."""
        found = every_fit(workflow, self._n, needed, self.ranges())
        if found.decided or found.condition.has(G):
            return found
        raise NotDerivedError(
            f"sizes = {workflow.schedule} shrink: how few samples {workflow.name} is left with is not derived."
        )

    def _verify_samples(self, workflow: Workflow, loss: str) -> None:
        needed, draw = self._needed(loss), workflow.draw(G)
        if draw is not None:
            compose(workflow, noise=S.One, curvature=S.Zero, points=self._n)  # refuses a fraction of a sample
        if self.unbiased and self._fewest(workflow) == 1:
            raise DomainError(f"n = {self.n} leaves a fit of 1 sample: unbiased = True needs 2 or more.")
        if needed is None:
            return
        if draw is not None and draw.replacement:
            raise DomainError(
                f"loss = {quoted(loss)} is infinite under {workflow.name} with replacement: a bootstrap sample may "
                "repeat one point throughout, which has no inverse covariance; draw without replacement."
            )
        fewest = self._fewest(workflow)
        if (fewest - needed).is_negative:
            samples = f"{fewest} sample{'s' if fewest != 1 else ''}"
            raise DomainError(
                f"n = {self.n} leaves a fit of {samples} in d = {self.d} dimensions: loss = {quoted(loss)} needs "
                f"{needed} or more."
            )

    def _bounded(self, found: Recurrence, workflow: Workflow, loss: str) -> Recurrence:
        """The recurrence with the condition under which its values are finite."""
        needed = self._needed(loss)
        if needed is None:
            return found
        samples = self._samples(workflow, needed)
        return found.changed(margin=samples.margin, domain=samples.condition)


def _complement(mean: Recurrence, total: Expr) -> Recurrence:
    """``total`` minus the risk; as one moment of its own where there is one, so that 1 − (1 − p) reads p."""
    if (
        not isinstance(mean, MomentRecurrence)
        or mean.matrix.shape != (1, 1)
        or mean.readout[0] != 1
        or mean.shift != 0
        or mean.continuation is not None
    ):
        return mean.changed(scale=-mean.scale, offset=total)
    p, f = mean.matrix[0], mean.forcing[0]
    return mean.changed(
        forcing=Matrix([simplify(total * (1 - p) - mean.scale * f)]),
        initial=Matrix([total - mean.scale * mean.initial[0]]),
        early=tuple(total - mean.scale * value for value in mean.early),
        scale=S.One,
    )
