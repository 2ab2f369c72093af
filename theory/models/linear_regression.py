r"""Linear regression by ordinary least squares, in its three regimes.

:math:`y = x w^* + \sigma z`, :math:`x \sim N(0, \Sigma)` in :math:`R^d`, T rows a generation; later generations label
their rows with the previous fit. The risk is the excess test error :math:`E\|\hat w - w^*\|_\Sigma^2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import And, Basic, Expr, Ge, Matrix, Max, Min, Mod, Piecewise, S, Symbol, ceiling, eye, floor, simplify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, count, exact, is_positive, parameter, quoted
from theory.expressions.block_size import BlockSize
from theory.expressions.parser import parse
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import G, j
from theory.models.base import Model
from theory.models.effective_size import newest_block_only
from theory.models.fit_sizes import (
    FIRST_FITS,
    RowsInUse,
    at_least_sizes,
    every_fit,
    fitted_size,
    rows_in_use,
    sizes_settle,
    smallest_fit,
)
from theory.models.least_norm import WideRegression, least_norm, most_rows
from theory.models.regression_regimes import (
    DETERMINED,
    INFINITE,
    LEAST_NORM,
    Regression,
    Stretch,
    all_rows,
    crossing,
    regimes,
    verify_rows,
    watched,
)
from theory.models.squared_loss import of_new_designs, of_shared_design, of_shared_wide_design
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

    *Sizes that change.* Fits on the newest block, or on all rows, are followed through both regimes of rows and
    features (:mod:`theory.models.regression_regimes`).

    *Subsampled.* A sample of the pool with too few distinct rows has an infinite expected error, however small its
    probability: finite for fresh rows drawn without replacement only.

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

    d: Exact = None
    T: Exact = None
    sigma2: Exact = S.One
    design: str = "fresh"
    signal: Exact = None
    name: ClassVar[str] = "linear-regression"
    roles: ClassVar[dict[str, str]] = {"sigma2": "positive", "signal": "positive"}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"design": ("fresh", "shared")}

    def __post_init__(self) -> None:
        for name in ("d", "T"):
            object.__setattr__(self, name, count(name, getattr(self, name)))
        sigma2 = parameter("sigma2", self.sigma2, Symbol("sigma", positive=True) ** 2, "positive", is_positive)
        object.__setattr__(self, "sigma2", sigma2)
        if not (isinstance(self.design, str) and self.design in ("fresh", "shared")):
            raise DomainError(f"design = {quoted(self.design)} is not a design: use 'fresh' or 'shared'.")
        if self.signal is not None:
            signal = exact("signal", self.signal)
            if signal.is_negative or signal.is_real is False:
                raise DomainError(f"signal = {self.signal} is not a squared norm: signal must be nonnegative.")
            object.__setattr__(self, "signal", signal)

    @property
    def in_symbols(self) -> dict[str, object]:
        """A symbolic signal is what says that more features than rows are meant."""
        return super().in_symbols | {"signal": parse("B", "signal") if self.overparameterised else None}

    @property
    def overparameterised(self) -> bool:
        """Whether a unit block is fitted in the minimum-norm regime d > T."""
        surplus = self.d - self.T  # type: ignore[operator]
        return bool(surplus.is_positive) if surplus.is_number else self.signal is not None

    @property
    def signal_strength(self) -> Expr:
        """‖w*‖², the symbol B when it is not given."""
        return Symbol("B", nonnegative=True) if self.signal is None else self.signal

    def ranges(self) -> dict[Symbol, Expr]:
        """The smaller of d and T from 1 on, the larger from two above it; positive variances."""
        # The smaller of d and T runs over the whole numbers, the larger from two above it.
        larger, smaller = ("d", "T") if self.overparameterised else ("T", "d")
        values, covered = self.parameters, super().ranges()
        if isinstance(values[smaller], Symbol):
            covered[values[smaller]] = at_least(S.One)
        if isinstance(values[larger], Symbol):
            covered[values[larger]] = at_least(values[smaller] + 2)
        return covered

    def finite_variance(self, workflow: Workflow, loss: str) -> Basic:
        """Condition under which the squared error has a finite variance: four rows, or features, to spare instead of
        two.
        """
        # The square of an inverse Wishart has a mean from four rows to spare, instead of two.
        d, T = self.d, self.T
        rows = rows_in_use(workflow) if self.design == "fresh" else None
        if rows is not None and self._crosses(workflow):
            found = regimes(self._regression, workflow, T, rows)  # type: ignore[arg-type]
            return S.false if found is None or not all_rows(found, 4, d) else S.true  # type: ignore[arg-type]
        if not self._wide(workflow):
            least = Min(self._first(workflow), *(smallest_fit(workflow, g) for g in FIRST_FITS))
            if self.design == "fresh" and workflow.draw(G) is None:
                return every_fit(workflow, T, d + 4, self.ranges()).condition  # type: ignore[arg-type, operator]
            return _at_least(T * least, d + 4)  # type: ignore[operator]
        if rows is not None and rows.kept:
            # Rows pile up past the interpolation threshold d.
            return And(_at_least(Mod(d, T), 4), _at_least(T - 4, Mod(d, T)))  # type: ignore[operator]
        most = None if self.design == "shared" else most_rows(self._wide_regression, workflow)
        return _at_least(d, (T * self._first(workflow) if most is None else most) + 4)  # type: ignore[operator]

    def second_moment(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """E ℓ² for shared designs, and for new ones under replace; see :mod:`theory.models.squared_loss`."""
        d, T = self.d, self.T
        if workflow.draw(GENERATION) is not None:
            return None
        if self.design == "shared":
            risk = self.recurrence(workflow, loss)
            if self._wide(workflow):
                return of_shared_wide_design(risk, d, T, self.signal_strength)  # type: ignore[arg-type]
            return of_shared_design(risk, d, T)  # type: ignore[arg-type]
        dynamics = workflow.dynamics()
        alone = isinstance(dynamics, LinearDynamics) and newest_block_only(dynamics) and workflow.schedule == 1
        return None if self._wide(workflow) or not alone else of_new_designs(d, T, self.sigma2)  # type: ignore[arg-type]

    def remainder(self) -> str:
        """What leading order leaves out is (d + 1)/T smaller."""
        return "(d + 1)/T"

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """With a shared design, whose rows a block labels N times."""
        return ("squared",) if self.design == "shared" else ()

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The recurrence of E‖ŵ − w*‖²_Σ in the regime of d and T; see the notes of the class. May raise
        NotDerivedError.
        """
        if workflow.draw(GENERATION) is not None:
            return self._subsampled(workflow)
        if self.design == "shared":
            return self._shared_wide(workflow) if self._wide(workflow) else self._shared(workflow)
        rows = rows_in_use(workflow)
        if rows is not None and self._crosses(workflow):
            return self._along(workflow, rows)
        if self._wide(workflow):
            return self._fresh_wide(workflow, rows)
        return self._leading(workflow) if rows is None else self._telescoping(workflow, rows.size)

    @property
    def _regression(self) -> Regression:
        return Regression(self.d, self.sigma2, self.signal_strength)  # type: ignore[arg-type]

    def _first(self, workflow: Workflow) -> Expr:
        """Distinct rows of block 1, in units of T: a shared design labels the same T rows again."""
        return S.One if self.design == "shared" else workflow.size(1)

    def _wide(self, workflow: Workflow) -> bool:
        """Whether the first fit has fewer rows than features."""
        surplus = self.d - self.T * self._first(workflow)  # type: ignore[operator]
        return bool(surplus.is_positive) if surplus.is_number else self.signal is not None

    def _crosses(self, workflow: Workflow) -> bool:
        """Whether the regime of a fit is a matter of its generation: numbers, and sizes that change."""
        numbers = not (self.d.free_symbols | self.T.free_symbols | workflow.free_symbols)  # type: ignore[union-attr]
        return numbers and workflow.schedule.has(j) and not self._determined(workflow)

    def _determined(self, workflow: Workflow) -> bool:
        """Whether no block of a size that is not known yet is fitted by least norm."""
        unknown = workflow.schedule.has(BlockSize)
        return unknown and sign(self.T * at_least_sizes(workflow.size(1)) - self.d + 1) in (0, 1)  # type: ignore[operator]

    def _along(self, workflow: Workflow, rows: RowsInUse) -> MomentRecurrence:
        """Rows that change along the generations."""
        regression = self._regression
        found = regimes(regression, workflow, self.T, rows)  # type: ignore[arg-type]
        if found is None and rows.kept:
            raise NotDerivedError(
                f"sizes = {workflow.schedule}: where the rows so far outnumber the features is not found, so the risk "
                f"of least squares under {workflow.name} is not derived."
            )
        if found is None:
            return watched(regression, self.T, workflow)  # type: ignore[arg-type]
        plain = rows.since == 1 and not rows.size.has(Piecewise)
        if plain and all(stretch.regime != LEAST_NORM for stretch in found):
            domain = S.false if found[-1].regime == INFINITE else S.true
            return self._telescoping(workflow, rows.size).changed(domain=domain)
        if not rows.kept:
            verify_rows(found)
        return crossing(regression, found, rows.kept)

    def _shared(self, workflow: Workflow) -> Recurrence:
        """Scalar weights on independent noise of variance σ²d/(T−d−1): exact."""
        return self._scalar(workflow, S.One, "exact")

    def _leading(self, workflow: Workflow) -> Recurrence:
        """Matrix weights: to leading order those of scalars, where every fit has the rows it needs."""
        d, T = self.d, self.T
        found = every_fit(workflow, T, d + 2, self.ranges())  # type: ignore[arg-type, operator]
        first = fitted_size(workflow, 1)
        falls = found.condition == S.false and _at_least(T * first, d + 2) == S.true  # type: ignore[operator]
        if not found.decided or (falls and not sizes_settle(workflow)):
            raise NotDerivedError(
                f"sizes = {workflow.schedule} shrink: how few rows {workflow.name} is left with is not derived."
            )
        least = {g: d - 2 - T * smallest_fit(workflow, g) for g in FIRST_FITS}  # type: ignore[operator]
        wide = [g for g, surplus in least.items() if sign(surplus) in (0, 1)]
        if falls and wide:
            rows = T * fitted_size(workflow, wide[0])  # type: ignore[operator]
            raise NotDerivedError(
                f"workflow = {workflow.name} fits model {wide[0]} on {rows} rows, fewer than the {d} features: its "
                f"risk under least norm is not derived. Simulation works."
            )
        return self._scalar(workflow, first, "leading order").changed(margin=found.margin, domain=found.condition)

    def _scalar(self, workflow: Workflow, first: Expr, exactness: str) -> Recurrence:
        """Scalar weights on the noise of the first fit times its relative size, so that generation 1 is exact."""
        d, T = self.d, self.T
        spare = T * first - d - 1  # type: ignore[operator]
        noise = self.sigma2 * d * first / spare if spare != 0 else S.One  # type: ignore[operator]
        composed = self._composed(workflow, noise, exactness)
        return composed.changed(margin=spare, domain=_at_least(T * first, d + 2))  # type: ignore[operator]

    def _composed(self, workflow: Workflow, noise: Expr, exactness: str) -> Recurrence:
        """Scalar weights on independent fits of this variance."""
        return compose(workflow, noise=noise, curvature=S.Zero, exactness=exactness)

    def _subsampled(self, workflow: Workflow) -> Recurrence:
        r"""A sample of the pool, to leading order, as long as no sample can have too few distinct rows.

        A fit on m distinct rows has an infinite expected error for d − 1 ≤ m ≤ d + 1: the labels of those rows have
        noise of their own, of which the fit makes :math:`E \operatorname{tr}` of an inverse Wishart matrix. Each m
        between the least and the most that a sample can hold has a positive probability. So, with d + 2 rows or more:

        - *fresh rows, without replacement*: m is the size of the sample. Near a direction in which the rows of a sample
          vanish, :math:`\|X_S u\|^2 \approx \lambda`, the fit is of order :math:`\lambda^{-1/2}`, and
          :math:`\lambda` has a density of order :math:`\lambda^{(m-d-1)/2}`: finite from d + 2 on. A model before it
          that is large in another direction takes as many rows again to be so, and one in the same direction is passed
          on, not magnified (a count of dimensions, not a proof to the last constant);
        - *shared rows, without replacement*: in generation g each of the T rows has g labels in the pool, and a sample
          of bT may have ⌈bT/g⌉ distinct rows, so that every generation g ≥ bT/(d + 1) is infinite;
        - *with replacement*: m may be 1, in every generation that draws, the first for b ≤ 1.
        """
        d, T, g = self.d, self.T, GENERATION
        draw = workflow.draw(g)
        assert draw is not None
        drawn = T * draw.size  # type: ignore[operator]
        if drawn.is_number and not drawn.is_Integer:
            raise DomainError(f"budget = {draw.size} draws T·budget = {drawn} rows: it must be a whole number.")
        least = Min(self._first(workflow), draw.size)
        surplus = d - 2 - T * least  # type: ignore[operator]
        wide = bool(surplus.is_nonnegative) if surplus.is_number else self.signal is not None
        if wide and self.design == "fresh":
            return least_norm(self._wide_regression, workflow)
        if wide:
            raise NotDerivedError(_NOT_DERIVED.format(design=self.design, workflow=workflow.name))
        composed = self._scalar(workflow, least, "leading order")
        if draw.replacement:
            begins = ceiling(draw.size) if draw.size.is_number else S.One
            late = Max(begins, 1) - g
        elif self.design == "shared":
            late = drawn - g * (d + 1)  # type: ignore[operator]
        else:
            return composed
        spare = composed.margin
        assert spare is not None
        short = (spare - 1).is_negative
        return composed.changed(margin=spare if short else late, domain=S.false)

    def _telescoping(self, workflow: Workflow, rows: Expr) -> MomentRecurrence:
        """Fits that move by S_g^{-1} X_gᵀE_g alone; ``rows`` (in units of T, in g) make up S_g."""
        g, d, T = GENERATION, self.d, self.T
        spare = T * rows - d - 1  # type: ignore[operator]
        first = rows.subs(g, 1)
        domain = _at_least(T * first, d + 2)  # type: ignore[operator]
        if not self._crosses(workflow):
            domain = every_fit(workflow, T, d + 2, self.ranges()).condition  # type: ignore[arg-type, operator]
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
        d, T = self.d, self.T
        noise = self.sigma2 * T / (d - T - 1) if d - T != 1 else S.One  # type: ignore[operator]
        composed = self._composed(workflow, noise, "exact")
        lost = self.signal_strength * (1 - T / d)  # type: ignore[operator]
        return composed.changed(offset=lost, margin=d - T - 1, domain=_at_least(d, T + 2))  # type: ignore[operator]

    def _fresh_wide(self, workflow: Workflow, rows: RowsInUse | None) -> Recurrence:
        """Fits of least norm: on the newest block, or on all rows until they outnumber the features."""
        if rows is None or workflow.schedule.has(j):
            return least_norm(self._wide_regression, workflow)
        d, T, g = self.d, self.T * workflow.size(1), GENERATION  # type: ignore[operator]
        if not rows.kept:
            return crossing(self._regression, [Stretch(1, LEAST_NORM, T, T)], kept=False).changed(
                domain=_at_least(d, T + 2)
            )
        first, rest = floor((d - 2) / T) + 1, Mod(d, T)  # type: ignore[operator]
        found = [Stretch(1, LEAST_NORM, T, g * T), Stretch(first, DETERMINED, T, g * T)]
        domain = And(_at_least(rest, 2), _at_least(T - 2, rest))
        return crossing(self._regression, found, kept=True).changed(domain=domain)

    @property
    def _wide_regression(self) -> WideRegression:
        return WideRegression(self.d, self.T, self.sigma2, self.signal_strength)  # type: ignore[arg-type]


_NOT_DERIVED = (
    "workflow = {workflow} has no derived risk for over-parameterised least squares with {design} design: "
    "shared designs allow every workflow without subsampling. "
    "Simulation works."
)


def _at_least(value: Expr, bound: Expr) -> Basic:
    """value ≥ bound, decided where it can be."""
    return Ge(value, bound)
