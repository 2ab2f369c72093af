r"""Linear regression by ordinary least squares, in its three regimes.

:math:`y = x w^* + \sigma z`, :math:`x \sim N(0, \Sigma)` in :math:`R^d`, T rows a generation; later generations label
their rows with the previous fit. The risk is the excess test error :math:`E\|\hat w - w^*\|_\Sigma^2`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

from sympy import And, Basic, Expr, Ge, Integer, Matrix, Min, Mod, S, Symbol, cancel, eye, floor, limit, oo, simplify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import exact, is_positive, is_positive_integer, parameter
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import G, j
from theory.models.base import Model
from theory.models.least_norm import Regression, least_norm, most_rows
from theory.moments.composition import compose
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics


@dataclass(frozen=True)
class LinearRegression(Model):
    r"""Ordinary least squares with T rows a generation in dimension d.

    Parameters
    ----------
    d, T : positive integers
        Features, and rows of a unit block. The expected risk is finite for T ≥ d + 2, and, for the
        minimum-norm fit of the over-parameterised regime, for d ≥ T + 2.
    sigma2 : positive number or expression, default 1
        Noise variance of the labels, in every generation.
    design : {"fresh", "shared"}
        Whether each generation draws new rows x, or labels the same rows again (a block of relative
        size s then labels them s times).
    signal : nonnegative number or expression, optional
        :math:`\|w^*\|^2`. Matters only when over-parameterised, where Σ = I is assumed; giving it with
        symbolic d and T selects that regime.

    Notes
    -----
    *Shared design.* :math:`(X^\top X)^{-1}X^\top` is common to all generations, so scalar weights act: the
    risk is :math:`\sigma^2 d/(T-d-1)` times :math:`\sum_j C_{g,j}^2/s(j)`, exactly, under every workflow with
    deterministic weights (Gerstgrasser et al. 2024).

    *Fresh design.* When each fit re-uses the rows of the previous one with equal weights, or none of them,
    the normal equations telescope, :math:`w_g = w_{g-1} + S_g^{-1} X_g^\top E_g`, and by exchangeability of
    the :math:`N_g` rows in :math:`S_g`,
    :math:`r_g = r_{g-1} + \sigma^2 d\, \frac{T_g}{N_g}\frac{1}{N_g - d - 1}` (derived here). Otherwise the
    fit has matrix weights, and the risk is given to leading order in 1/T, scaled to be exact at
    generation 1.

    *Over-parameterised.* The minimum-norm fit projects on its rows: signal is lost once per projection. With fresh
    designs this covers every workflow that takes no block back (:mod:`theory.models.least_norm`).

    Examples
    --------
    >>> from theory import Accumulate, LinearRegression, Replace, expected_risk
    >>> expected_risk(LinearRegression(d=10, T=50), Replace()).closed_form
    10*G/39
    >>> expected_risk(LinearRegression(d=10, T=50, design="shared"), Accumulate()).limit
    5*pi**2/117
    >>> expected_risk(LinearRegression(d=10, T=11), Replace()).domain
    False
    """

    d: Expr | None = None
    T: Expr | None = None
    sigma2: Expr = S.One
    design: str = "fresh"
    signal: Expr | None = None
    name: ClassVar[str] = "linear-regression"
    roles: ClassVar[dict[str, str]] = {"sigma2": "positive", "signal": "positive"}

    def __post_init__(self) -> None:
        count = "a whole number, 1 or more"
        for name in ("d", "T"):
            symbol = Symbol(name, integer=True, positive=True)
            verified = parameter(name, getattr(self, name), symbol, count, is_positive_integer)
            object.__setattr__(self, name, verified)
        sigma2 = parameter("sigma2", self.sigma2, Symbol("sigma", positive=True) ** 2, "positive", is_positive)
        object.__setattr__(self, "sigma2", sigma2)
        if self.design not in ("fresh", "shared"):
            raise DomainError(f"design = {self.design!r} is not a design: use 'fresh' or 'shared'.")
        if self.signal is not None:
            signal = exact("signal", self.signal)
            if signal.is_negative or signal.is_real is False:
                raise DomainError(f"signal = {self.signal} is not a squared norm: signal must be nonnegative.")
            object.__setattr__(self, "signal", signal)

    @property
    def overparameterised(self) -> bool:
        """Whether a unit block is fitted in the minimum-norm regime d > T."""
        surplus = self.d - self.T  # type: ignore[operator]
        return bool(surplus.is_positive) if surplus.is_number else self.signal is not None

    @property
    def signal_strength(self) -> Expr:
        return Symbol("B", nonnegative=True) if self.signal is None else self.signal

    def ranges(self) -> dict[Symbol, Expr]:
        # The smaller of d and T runs over the whole numbers, the larger from two above it.
        larger, smaller = ("d", "T") if self.overparameterised else ("T", "d")
        values, covered = self.parameters, super().ranges()
        if isinstance(values[smaller], Symbol):
            covered[values[smaller]] = at_least(S.One)
        if isinstance(values[larger], Symbol):
            covered[values[larger]] = at_least(values[smaller] + 2)
        return covered

    def finite_variance(self, workflow: Workflow, loss: str) -> Basic:
        # The square of an inverse Wishart has a mean from four rows to spare, instead of two.
        d, T = self.d, self.T
        if not self._wide(workflow):
            return _at_least(T * self._fewest(workflow), d + 4)  # type: ignore[operator]
        rows = _rows_in_use(workflow)
        if self.design == "fresh" and rows is not None and rows.has(GENERATION):
            # Rows pile up past the interpolation threshold d.
            return And(_at_least(Mod(d, T), 4), _at_least(T - 4, Mod(d, T)))  # type: ignore[operator]
        most = None if self.design == "shared" else most_rows(self._regression, workflow)
        return _at_least(d, (T * self._first(workflow) if most is None else most) + 4)  # type: ignore[operator]

    def remainder(self) -> tuple[str, Expr]:
        return "(d + 1)/T", (self.d + 1) / self.T  # type: ignore[operator]

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        if self._wide(workflow):
            return self._shared_wide(workflow) if self.design == "shared" else self._fresh_wide(workflow)
        if self.design == "shared":
            return self._scalar(workflow, "exact")
        rows = _rows_in_use(workflow)
        return self._scalar(workflow, "leading order") if rows is None else self._telescoping(workflow, rows)

    def _first(self, workflow: Workflow) -> Expr:
        """Distinct rows of block 1, in units of T: a shared design labels the same T rows again."""
        return S.One if self.design == "shared" else workflow.size(1)

    def _fewest(self, workflow: Workflow) -> Expr:
        """Rows of the smallest fit, in units of T."""
        draw = workflow.draw(G)
        first = self._first(workflow)
        if draw is not None:
            return Min(first, draw.size)
        if self.design == "fresh" and workflow.schedule.has(j) and not _grows(workflow.size, first):
            raise NotDerivedError(
                f"sizes = {workflow.schedule} shrink: how few rows {workflow.name} is left with is not derived."
            )
        return first

    def _wide(self, workflow: Workflow) -> bool:
        """Whether the first fit has fewer rows than features."""
        surplus = self.d - self.T * self._first(workflow)  # type: ignore[operator]
        return bool(surplus.is_positive) if surplus.is_number else self.signal is not None

    def _scalar(self, workflow: Workflow, exactness: str) -> Recurrence:
        """Scalar weights on independent noise of variance σ²d/(T−d−1): exact for a shared design.

        The noise is that of the first fit times its relative size, so that generation 1 is exact.
        """
        d, T, fewest = self.d, self.T, self._fewest(workflow)
        spare = T * fewest - d - 1  # type: ignore[operator]
        noise = self.sigma2 * d * fewest / spare if spare != 0 else S.One  # type: ignore[operator]
        composed = compose(workflow, noise=noise, curvature=S.Zero, exactness=exactness)
        return composed.changed(margin=spare, domain=_at_least(T * fewest, d + 2))  # type: ignore[operator]

    def _telescoping(self, workflow: Workflow, rows: Expr) -> MomentRecurrence:
        """Fits that move by S_g^{-1} X_gᵀE_g alone; ``rows`` (in units of T, in g) make up S_g."""
        g, d, T = GENERATION, self.d, self.T
        spare = T * rows - d - 1  # type: ignore[operator]
        first = rows.subs(g, 1)
        domain = _at_least(T * first, d + 2)  # type: ignore[operator]
        shrinking = not _grows(lambda index: rows.subs(g, index), first)
        if shrinking and limit(rows, g, oo) == 0:
            domain = S.false
        elif shrinking:
            domain = And(domain, _at_least(T * rows.subs(g, G), d + 2))  # type: ignore[operator]
        gain = d * workflow.size(g) / (rows * spare)
        # Block 1 may have a size of its own, beside which the formula for later blocks does not count.
        alike = simplify(workflow.size(g).subs(g, 1) - workflow.size(1)) == 0
        return MomentRecurrence(
            start=1 if alike else 2,
            matrix=eye(1),
            forcing=Matrix([gain]),
            readout=Matrix([[1]]),
            initial=Matrix([0 if alike else d / spare.subs(g, 1)]),
            scale=self.sigma2,
            margin=spare,
            domain=domain,
        )

    def _shared_wide(self, workflow: Workflow) -> Recurrence:
        """One projection on the row space of X, common to all generations; noise inside it as for scalars."""
        if workflow.draw(G) is not None:
            raise NotDerivedError(_NOT_DERIVED.format(design="shared", workflow=workflow.name))
        d, T = self.d, self.T
        noise = self.sigma2 * T / (d - T - 1) if d - T != 1 else S.One  # type: ignore[operator]
        composed = compose(workflow, noise=noise, curvature=S.Zero)
        lost = self.signal_strength * (1 - T / d)  # type: ignore[operator]
        return composed.changed(offset=lost, margin=d - T - 1, domain=_at_least(d, T + 2))  # type: ignore[operator]

    def _fresh_wide(self, workflow: Workflow) -> Recurrence:
        rows = _rows_in_use(workflow)
        if rows is None or workflow.schedule.has(j):
            return least_norm(self._regression, workflow)
        T = self.T * workflow.size(1)
        return self._projected(T) if not rows.has(GENERATION) else self._interpolating(T)

    @property
    def _regression(self) -> Regression:
        return Regression(self.d, self.T, self.sigma2, self.signal_strength)  # type: ignore[arg-type]

    def _projected(self, T: Expr) -> MomentRecurrence:
        r"""A new random projection every generation, :math:`w_g = P_g w_{g-1} + X_g^+ E_g`.

        With ρ = T/d: :math:`E\|w_g\|^2 = \rho\, E\|w_{g-1}\|^2 + \sigma^2 T/(d-T-1)` and
        :math:`E\langle w_g, w^*\rangle = \rho\, E\langle w_{g-1}, w^*\rangle`, hence
        :math:`r_g = \rho\, r_{g-1} + (1-\rho)\|w^*\|^2 + \sigma^2 T/(d-T-1)`.
        """
        d, B = self.d, self.signal_strength
        shrink = T / d  # type: ignore[operator]
        spare = d - T - 1  # type: ignore[operator]
        noise = self.sigma2 * T / spare if spare != 0 else S.Zero
        return MomentRecurrence(
            start=1,
            matrix=shrink * eye(1),
            forcing=Matrix([(1 - shrink) * B + noise]),
            readout=Matrix([[1]]),
            initial=Matrix([0]),
            margin=spare,
            domain=_at_least(d, T + 2),
        )

    def _interpolating(self, T: Expr) -> MomentRecurrence:
        r"""All rows kept: while gT ≤ d − 2 each fit interpolates them all.

        Then :math:`X_g w_{g-1} - y_g = -E_g` and earlier rows stay interpolated, so w moves by noise alone, inside
        the d − (g−1)T dimensions orthogonal to the earlier rows: :math:`\sigma^2 T/(d - gT - 1)`. From gT ≥ d + 2
        on the normal equations telescope as for any accumulated fit. In between the expectation is infinite.
        """
        g, d, sigma2 = GENERATION, self.d, self.sigma2
        rest = Mod(d, T)
        classical = MomentRecurrence(
            start=1,
            matrix=eye(1),
            forcing=Matrix([sigma2 * d / (g * (g * T - d - 1))]),
            readout=Matrix([[1]]),
            initial=Matrix([0]),
            offset=self.signal_strength * (1 - T / d),  # type: ignore[operator]
            margin=g * T - d - 1,
        )
        first = floor((d - 2) / T) + 1  # type: ignore[operator]
        return replace(
            classical,
            forcing=Matrix([sigma2 * T / (d - g * T - 1)]),
            margin=d - g * T - 1,
            domain=And(_at_least(rest, 2), _at_least(T - 2, rest)),
            continuation=(first, replace(classical, start=first)),
        )


_NOT_DERIVED = (
    "workflow = {workflow} has no derived risk for over-parameterised least squares with {design} design: "
    "shared designs allow every workflow without subsampling. "
    "Simulation works."
)


def _at_least(value: Expr, bound: Expr) -> Basic:
    """value ≥ bound, decided where it can be."""
    return Ge(value, bound)


def _grows(size: Callable[[Any], Expr], first: Expr) -> bool:
    """Whether a schedule never falls, by its sign where that is decided and by its first blocks otherwise."""
    g = GENERATION
    step = simplify(size(g + 1) - size(g))
    decided = sign(step, {g: at_least(S.One)})
    if decided is not None:
        return decided >= 0
    values = [first, *(size(Integer(index)) for index in range(2, 21))]
    return all((late - early).is_nonnegative is not False for early, late in pairwise(values))


def _rows_in_use(workflow: Workflow) -> Expr | None:
    """Rows in the fit of model g in units of T, for workflows whose fits telescope; None for the others.

    A one-dimensional state that moves by b_g ε_g alone re-weighs its past by a common factor, so the normal
    equations telescope; rows of equal weight are s(g)/b_g in number, which must be the rows before plus s(g),
    or s(g) alone.
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition != eye(1) or dynamics.fresh != Matrix([[0]]):
        return None
    g = GENERATION
    rows = simplify(workflow.size(g) / dynamics.innovation[0])

    def vanishes(difference: Expr) -> bool:
        if difference.is_rational_function(g):
            return cancel(difference) == 0
        # Sums without a closed form, such as harmonic numbers, cancel only once g is a number.
        return all(simplify(difference.subs(g, index)) == 0 for index in range(2, 7))

    size = workflow.size(g)
    first = simplify(rows.subs(g, 1) - workflow.size(1)) == 0
    return rows if first and (vanishes(rows - rows.subs(g, g - 1) - size) or vanishes(rows - size)) else None
