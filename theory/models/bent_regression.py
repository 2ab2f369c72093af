r"""Labels that lean, and labels that change their sign, in linear regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Ge, Matrix, S, Symbol, diag, sqrt

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, exact, quoted, shown
from theory.expressions.signs import unit_interval
from theory.models.around import ModelAround
from theory.models.base import Model
from theory.models.effective_size import newest_block_only
from theory.models.exponential_family import GaussianMean
from theory.models.linear_regression import LinearRegression
from theory.moments.bent import BIAS, VARIANCE, needed
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics


def fits_as_means(model: LinearRegression) -> GaussianMean:
    """A mean whose unit block has the variance of a least-squares fit, σ²d/(T − d − 1), about its labels' vector."""
    spare = model.T - model.d - 1  # type: ignore[operator]
    noise = S.One if spare.is_nonpositive else model.sigma2 * model.d / spare
    return GaussianMean(sigma2=noise, n=1)


def bounded(model: LinearRegression, workflow: Workflow, found: Recurrence) -> Recurrence:
    r"""A bent recurrence with the condition under which least squares has a risk.

    With a shared design, or fits on the newest block alone, :math:`\hat w = \sum_j w_{g,j}(\bar w_j + \text{noise})`
    weighs vectors by scalars, whatever their labels' mean. Otherwise the weights are matrices, and a bias meets them.
    """
    dynamics = workflow.dynamics()
    alone = isinstance(dynamics, LinearDynamics) and newest_block_only(dynamics) and workflow.schedule == 1
    if model.overparameterised or workflow.draw(GENERATION) is not None or not (model.design == "shared" or alone):
        raise NotDerivedError(
            f"model = {model!r} with labels that lean has no derived risk under {workflow.name}: derived are shared "
            "designs without subsamples, and fresh ones under replace, for T ≥ d + 2."
        )
    plain = model.recurrence(workflow, "squared")
    return found.changed(margin=plain.margin, domain=plain.domain)


def flip_rate(rate: object) -> Expr:
    """Verify a probability of a flip, from 0 to 1/2."""
    flips = exact("rate", rate)
    if flips.is_negative or (S.Half - flips).is_negative or flips.is_real is False:
        raise DomainError(f"rate = {shown(rate)} is not allowed: rate must be from 0 to 1/2.")
    return flips


@dataclass(frozen=True)
class FlippedLabels(ModelAround):
    r"""Least squares on fresh rows under replace, where every sampled label changes its sign with probability f.

    A flipped label has the mean τ x·w, τ = 1 − 2f, and variance :math:`\sigma^2 + 4f(1-f)(x\cdot w)^2`. By invariance
    under rotations the rows of X are :math:`u^\top S^{1/2}` with u a row of a Haar frame, so that

    .. math:: E\,\|\hat w_g\|^2 = \tau^2 a + \frac{\sigma^2 d}{T-d-1} + 4f(1-f)\,\rho\,a, \qquad
              \rho = \frac{(d+2)(T-2)}{(T+2)(T-d-1)}, \quad a = E\,\|\hat w_{g-1}\|^2

    (derived here, with :math:`E \operatorname{tr} S \operatorname{tr} S^{-1} = d(Td-2)/(T-d-1)`). The loop forgets the
    signal, and its risk is bounded exactly when ρ < 1.

    Parameters
    ----------
    model : LinearRegression
        Fresh rows with T ≥ d + 2; ``signal`` is :math:`\|w^*\|^2`, which matters here.
    rate : number or expression, from 0 to 1/2
        f. Real labels are as they are.

    Examples
    --------
    >>> from theory import LinearRegression, Replace, expected_risk
    >>> from theory.models.bent_regression import FlippedLabels
    >>> risk = expected_risk(FlippedLabels(LinearRegression(d=2, T=10, signal=1), "1/4"), Replace())
    >>> risk.at(1), risk.at(2), risk.limit
    (2/7, 191/196, 21/13)
    """

    model: LinearRegression
    rate: Exact
    name: ClassVar[str] = "flipped-labels"
    roles: ClassVar[dict[str, str]] = {"rate": "probability"}

    def __post_init__(self) -> None:
        if not isinstance(self.model, LinearRegression):
            raise DomainError(f"model = {quoted(self.model)} is not a regression: give a LinearRegression.")
        object.__setattr__(self, "rate", flip_rate(self.rate))

    @classmethod
    def general(cls) -> dict[str, Model]:
        """On so few rows and features that the loop may explode or settle."""
        inside = LinearRegression(d=2, T=10, signal=Symbol("B", nonnegative=True))  # type: ignore[arg-type]
        return {"d = 2, T = 10": cls(inside, Symbol("f", positive=True))}

    def ranges(self) -> dict[Symbol, Expr]:
        """Rates run up to 1/2."""
        own = {self.rate: unit_interval() / 2} if isinstance(self.rate, Symbol) else {}
        return {**super().ranges(), **own}

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Moments of the loss, generation by generation; those of least squares itself where nothing is flipped."""
        return self.model.recurrence(workflow, loss) if self.rate == 0 else self.part(workflow, loss, "risk")

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """Of (E⟨w, w*⟩, E‖w‖²); the bias is that along w*, :math:`E\\langle \\hat w - w^*, w^*\\rangle/\\|w^*\\|`."""
        model, dynamics = self.model, workflow.dynamics()
        alone = isinstance(dynamics, LinearDynamics) and newest_block_only(dynamics) and workflow.schedule == 1
        if not alone or model.design != "fresh" or model.overparameterised:
            raise NotDerivedError(
                f"model = {model!r} with flipped labels has no derived risk under {workflow.name}: derived are fresh "
                "rows under replace, for T ≥ d + 2."
            )
        d, T, signal, tau = model.d, model.T, model.signal_strength, 1 - 2 * self.rate
        spare = T - d - 1  # type: ignore[operator]
        noise = S.Zero if spare == 0 else model.sigma2 * d / spare
        rho = S.One if spare == 0 else (d + 2) * (T - 2) / ((T + 2) * spare)  # type: ignore[operator]
        square = tau**2 + 4 * self.rate * (1 - self.rate) * rho
        # The product with w*, its square, and the squared length.
        readout = {
            BIAS: Matrix([[1, 0, 0]]) / sqrt(signal) if signal != 0 else Matrix([[0, 0, 0]]),
            VARIANCE: Matrix([[0, -1 / signal, 1]]) if signal != 0 else Matrix([[0, 0, 1]]),
        }.get(part, Matrix([[-2, 0, 1]]))
        shift = {BIAS: -sqrt(signal), VARIANCE: S.Zero}.get(part, signal)
        return needed(
            MomentRecurrence(
                start=2,
                matrix=diag(tau, tau**2, square),
                forcing=Matrix([0, 0, noise]),
                readout=readout,
                initial=Matrix([signal, signal**2, signal + noise]),
                shift=shift,
                margin=spare,
                domain=Ge(T, d + 2),  # type: ignore[operator]
            )
        )
