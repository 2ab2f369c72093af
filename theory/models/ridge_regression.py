r"""Ridge regression in a loop: every fit is shrunk towards 0, and what it forgets is never seen again.

:math:`y = x w^* + \sigma z`, x standard normal in :math:`R^d`; model g minimises :math:`\sum (y - xw)^2 + \lambda|w|^2`
over the rows that its workflow gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sympy import Dummy, Expr, Matrix, S, Symbol

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import (
    Exact,
    exact,
    is_nonnegative,
    is_positive,
    is_positive_integer,
    parameter,
    quoted,
    replacements,
    shown,
    truth_value,
)
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least, unit_interval
from theory.expressions.symbols import j
from theory.models.base import Model
from theory.models.effective_size import newest_block_only
from theory.models.fit_sizes import rows_in_use
from theory.models.linear_regression import LinearRegression
from theory.models.ridge.chain import (
    ContractingSteps,
    Step,
    Telescoping,
    VaryingSteps,
    constant_steps,
    fixed_point,
    step_moments,
)
from theory.models.ridge.fit import RidgeFit, finite_fit, penalty_per_row, proportional_fit
from theory.models.ridge.kept_rows import kept_rows_noise
from theory.models.ridge.limiting_shrinkage import limiting_shrinkage
from theory.models.ridge.shared_design import LessSquaredBias, RandomDesign, Shrinking, given_eigenvalues
from theory.moments.bent import BIAS, RISK, VARIANCE
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics


@dataclass(frozen=True)
class RidgeRegression(Model):
    r"""Ridge regression with T rows a generation in dimension d, or with d/T → γ.

    Under replace, with :math:`\alpha = E\operatorname{tr} WM/d`, :math:`\beta = E\operatorname{tr}(WM)^2/d`,
    :math:`\eta = E\operatorname{tr} WM^2/d`, W = XᵀX and M = (W + λ)⁻¹,

    .. math:: r_G = |w^*|^2 (1 - 2\alpha^G + \beta^G) + \sigma^2 d\eta\,\frac{1 - \beta^G}{1 - \beta}.

    Parameters
    ----------
    d, T : positive integers
        Features, and rows of a unit block: numbers.
    penalty : nonnegative number or expression
        λ > 0; 0 is least squares, for d ≤ T.
    sigma2 : positive number or expression, default 1
        Noise variance of the labels, in every generation.
    signal : nonnegative number or expression, default 1
        :math:`|w^*|^2`.
    design : {"fresh", "shared"}
        Whether each generation draws new rows, or labels the same rows again. A shared design is random, drawn once,
        and the risk is the expectation over it, unless ``eigenvalues`` are given.
    ratio, shrinkage : positive numbers or expressions
        γ and α in place of d, T and penalty: the limit d, T → ∞ with d/T → γ and
        :math:`\lambda/T = (1-\alpha)(1-\gamma\alpha)/\alpha`, where every moment is rational in α. αγ < 1 and α < 1.
        Either may be left out: a symbol. ``RidgeRegression()`` is the limit in symbols.
    per_row : bool, default False
        Whether the penalty is multiplied by the rows of each fit, instead of being the same for all.
    eigenvalues : d nonnegative numbers, optional
        Those of XᵀX for a shared design that is given; w* is spread evenly over their directions.
    drawn : bool, default False
        Whether the model is a draw from the posterior under the prior N(0, σ²/λ), whose mean the ridge fit is.

    Notes
    -----
    *Fresh design.* Replace (any sizes), fresh real data (pooled row by row) and accumulate with a fixed penalty are
    exact:
    see :mod:`theory.models.ridge.fit` and :mod:`theory.models.ridge.chain`; the limit under accumulate is a series with
    rigorous error balls, :mod:`theory.models.ridge.kept_rows`. The moments are exact combinations of
    exponential integrals for any d and T (``expand_func`` writes them out; numbers come with rigorous error balls), see
    :mod:`theory.models.ridge.eigenvalue_density`. Real + latest does not close: given the real block W_1, the mean of
    :math:`(W_1 + W_g + \lambda)^{-1}W_g` is a matrix function of W_1 and no multiple of the identity, so every
    generation multiplies by it once more and no finite set of moments carries the risk.

    *Shared design.* Exact under every workflow without subsampling: :mod:`theory.models.ridge.shared_design`.

    *The limit of proportional growth* is exact as d, T → ∞ and called "leading order" here.

    Derived here; the law of Marchenko and Pastur (1967) for the limit.

    Examples
    --------
    >>> from theory import Replace, expected_risk
    >>> from theory.models.ridge_regression import RidgeRegression
    >>> risk = expected_risk(RidgeRegression(ratio="1/2", shrinkage="1/2"), Replace())
    >>> risk.at(1), risk.at(2), risk.limit
    (3/7, 75/98, 6/5)
    >>> finite = expected_risk(RidgeRegression(d=2, T=5, penalty=1), Replace())
    >>> finite.at(3).evalf(12), finite.limit.evalf(12)
    (0.986359201656, 1.77418509970)
    """

    d: Exact = None
    T: Exact = None
    penalty: Exact = None
    sigma2: Exact = S.One
    signal: Exact = S.One
    design: str = "fresh"
    ratio: Exact = None
    shrinkage: Exact = None
    per_row: bool = False
    eigenvalues: tuple[Expr, ...] | None = None
    drawn: bool = False
    name: ClassVar[str] = "ridge-regression"
    roles: ClassVar[dict[str, str]] = {"sigma2": "positive", "signal": "positive", "penalty": "positive"}

    def __post_init__(self) -> None:
        self._set(
            "sigma2", parameter("sigma2", self.sigma2, Symbol("sigma", positive=True) ** 2, "positive", is_positive)
        )
        self._set("signal", parameter("signal", self.signal, _SIGNAL, "nonnegative", is_nonnegative))
        if not (isinstance(self.design, str) and self.design in ("fresh", "shared")):
            raise DomainError(f"design = {quoted(self.design)} is not a design: use 'fresh' or 'shared'.")
        object.__setattr__(self, "per_row", truth_value("per_row", self.per_row))
        self._set("drawn", truth_value("drawn", self.drawn))
        self._verify_each()
        if self.drawn and (self.per_row or (self.penalty is not None and self.penalty.is_zero)):
            raise DomainError(
                f"drawn = True with per_row = {self.per_row} and penalty = {self.penalty} has no posterior to draw "
                "from: a prior N(0, σ²/λ) has one positive penalty."
            )
        finite = any(value is not None for value in (self.d, self.T, self.penalty, self.eigenvalues))
        if self.ratio is None and self.shrinkage is None and (finite or self.design == "shared"):
            self._verify_finite()
        else:
            self._verify_limit()

    @classmethod
    def general(cls) -> dict[str, Model]:
        """The limit, and both designs at a finite d and T, which are numbers."""
        return {
            "d/T → γ": cls(),
            "fresh design, d = 2, T = 5": cls(d=2, T=5),  # type: ignore[arg-type]
            "shared design, d = 2, T = 5": cls(d=2, T=5, design="shared"),  # type: ignore[arg-type]
        }

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _verify_each(self) -> None:
        """What is given is what it must be, whatever else is given."""
        for name in ("d", "T"):
            if getattr(self, name) is not None:
                allowed = "a whole number, 1 or more"
                self._set(name, parameter(name, getattr(self, name), S.One, allowed, is_positive_integer))
        rules: dict[str, tuple[str, Any]] = {
            "penalty": ("nonnegative", is_nonnegative),
            "ratio": ("positive", is_positive),
            "shrinkage": ("between 0 and 1, both excluded", _is_open_unit),
        }
        for name, (allowed, holds) in rules.items():
            if getattr(self, name) is not None:
                self._set(name, parameter(name, getattr(self, name), S.One, allowed, holds))
        if self.eigenvalues is not None:
            self._set("eigenvalues", _eigenvalues(self.eigenvalues))

    def _verify_limit(self) -> None:
        for name in ("d", "T", "penalty", "eigenvalues"):
            if getattr(self, name) is not None:
                raise DomainError(
                    f"{name} = {getattr(self, name)} is given with ratio or shrinkage: give d, T and penalty, or ratio "
                    "and shrinkage for the limit, not both."
                )
        if self.design == "shared":
            raise NotDerivedError("design = 'shared' in the limit is not derived: give d, T and penalty.")
        self._set("ratio", parameter("ratio", self.ratio, Symbol("gamma", positive=True), "positive", is_positive))
        allowed = "between 0 and 1, both excluded"
        symbol = Symbol("alpha", positive=True)
        self._set("shrinkage", parameter("shrinkage", self.shrinkage, symbol, allowed, _is_open_unit))
        product = self.ratio * self.shrinkage  # type: ignore[operator]
        if (1 - product).is_nonpositive:
            raise DomainError(
                f"shrinkage = {self.shrinkage} with ratio = {self.ratio} is that of no positive penalty: their product "
                "must be below 1."
            )

    def _verify_finite(self) -> None:
        for name in ("d", "T"):
            value = getattr(self, name)
            if value is None:
                raise DomainError(
                    f"{name} is not given: give whole numbers d and T, or ratio and shrinkage for the limit."
                )
            if not value.is_Integer:
                raise DomainError(
                    f"{name} = {value} is a symbol: the moments of a ridge fit depend on d and T through integrals, so "
                    "give whole numbers, or ratio and shrinkage for the limit."
                )
        symbol = Symbol("lambda", positive=True)
        penalty = parameter("penalty", self.penalty, symbol, "nonnegative", is_nonnegative)
        self._set("penalty", penalty)
        if penalty.is_zero and self.d > self.T:  # type: ignore[operator]
            raise DomainError(
                f"penalty = {self.penalty} is not allowed for d = {self.d} > T = {self.T}: without a positive penalty "
                "the rows do not determine the fit."
            )
        if self.eigenvalues is not None:
            self._verify_eigenvalues()

    def _verify_eigenvalues(self) -> None:
        if self.design != "shared":
            raise DomainError(f"eigenvalues = {self.eigenvalues} are those of a shared design: give design = 'shared'.")
        values: Any = self.eigenvalues
        given = shown(list(values))
        if len(values) != self.d:
            raise DomainError(f"eigenvalues = {given} are {len(values)} numbers: give d = {self.d} of them.")
        positive = sum(1 for value in values if value.is_positive)
        if positive > self.T:  # type: ignore[operator]
            raise DomainError(f"eigenvalues = {given} hold {positive} positive numbers: T = {self.T} rows have fewer.")
        if self.penalty.is_zero and not all(value.is_positive for value in values):  # type: ignore[union-attr]
            raise DomainError(
                f"penalty = {self.penalty} is not allowed with an eigenvalue of 0: give a positive penalty."
            )

    # -- what others ask -------------------------------------------------------------------------------

    @property
    def proportional(self) -> bool:
        """Whether this is the limit d/T → γ."""
        return self.ratio is not None

    @property
    def penalty_per_row(self) -> Expr:
        """λ/T of generation 1."""
        if self.proportional:
            return penalty_per_row(self.ratio, self.shrinkage)  # type: ignore[arg-type]
        return self.penalty if self.per_row else self.penalty / self.T  # type: ignore[return-value, operator]

    @property
    def least_squares(self) -> LinearRegression:
        """The same without a penalty."""
        return LinearRegression(self.d, self.T, self.sigma2, self.design)

    def moments(self) -> tuple[Expr, Expr, Expr]:
        """(α, β, dη) of the first fit; ``sympy.expand_func`` writes them out, ``evalf`` computes them."""
        fit = self._fit(S.One)
        return fit.shrinkage, fit.square, fit.noise

    def remainder(self) -> str:
        """What the proportional limit leaves out is of order 1/T."""
        return "1/T"

    def ranges(self) -> dict[Symbol, Expr]:
        """What every symbol ranges over."""
        covered = super().ranges()
        if isinstance(self.ratio, Symbol):
            covered[self.ratio] = at_least(S.Zero)
        if isinstance(self.shrinkage, Symbol):
            covered[self.shrinkage] = unit_interval()
            if self.ratio is not None and (self.ratio - 1).is_positive:
                covered[self.shrinkage] = unit_interval() / self.ratio
        if isinstance(self.ratio, Symbol):
            covered[self.ratio] = unit_interval() / self.shrinkage  # type: ignore[operator]
        return covered

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols of the parameters, the eigenvalues among them."""
        given = self.eigenvalues or ()
        return super().free_symbols.union(*(value.free_symbols for value in given))

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """The model with values in place of symbols, in the eigenvalues too."""
        pairs = replacements(self.free_symbols, args, kwargs)
        own: dict[str, Any] = {
            name: value.subs(pairs) for name, value in self.parameters.items() if isinstance(value, Expr)
        }
        if self.eigenvalues is not None:
            own["eigenvalues"] = tuple(value.subs(pairs) for value in self.eigenvalues)
        return type(self)(**{**self.parameters, **own})

    def long_run(self, workflow: Workflow, shrinkage: Expr) -> Expr:
        """The limit of the risk with d/T → γ, by the shrinkage of the fits of later generations alone.

        Raises
        ------
        NotDerivedError
            Where later fits are not all alike.
        """
        rows_used = rows_in_use(workflow)
        composed = self._composed(workflow, RISK)
        alike = isinstance(composed, (MomentRecurrence, ContractingSteps)) and not (rows_used and rows_used.kept)
        if not self.proportional or not alike:
            raise NotDerivedError(f"the limit under workflow = {workflow.name} is not derived for later fits alone.")
        rows = workflow.rows(2)
        fit = proportional_fit(self.ratio / rows, shrinkage)  # type: ignore[operator]
        step = Step.of(fit, workflow.size(2) / rows, self.sigma2, self.drawn)
        return fixed_point(step_moments(step, step, self.signal, RISK))

    # -- composition -----------------------------------------------------------------------------------

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """Moments of the loss, generation by generation."""
        if self.penalty is not None and self.penalty.is_zero and self.eigenvalues is None:
            return self.least_squares.recurrence(workflow, loss)
        found = self._composed(workflow, RISK)
        return found.changed(exactness="leading order") if self.proportional else found

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """Bias along w*, :math:`E\\langle \\hat w - w^*, w^*\\rangle/|w^*|`, or the variance about the mean fit."""
        if self.penalty is not None and self.penalty.is_zero:
            raise NotDerivedError("penalty = 0 is least squares: its bias and variance are not split here.")
        found = self._composed(workflow, part)
        return found.changed(exactness="leading order") if self.proportional else found

    def _composed(self, workflow: Workflow, part: str) -> Recurrence:
        if workflow.draw(GENERATION) is not None:
            raise NotDerivedError(
                f"workflow = {workflow.name} draws a subsample: ridge regression on it is not derived."
            )
        if self.design == "shared":
            return self._shared(workflow, part)
        dynamics, rows = workflow.dynamics(), rows_in_use(workflow)
        if rows is not None and rows.kept:
            return self._kept_rows(workflow, rows.size, part)
        if isinstance(dynamics, LinearDynamics):
            if newest_block_only(dynamics):
                return self._newest_rows(workflow, lambda g: workflow.size(g), part)
            if self._pools_fresh_rows(workflow, dynamics):
                return self._newest_rows(workflow, lambda g: workflow.rows(g), part)
        raise NotDerivedError(
            f"workflow = {workflow.name} has no derived ridge risk on fresh designs: older rows come back beside newer "
            "ones, whose mean fit given them is no multiple of the identity. Replace, accumulate with a fixed penalty, "
            "fresh real data and shared designs are derived, and simulation works."
        )

    def _fit(self, rows: Expr) -> RidgeFit:
        """Moments of a fit on ``rows`` unit blocks."""
        if self.proportional:
            ratio = self.ratio / rows  # type: ignore[operator]
            if rows == 1:
                return proportional_fit(ratio, self.shrinkage)  # type: ignore[arg-type]
            per_row = self.penalty_per_row if self.per_row else self.penalty_per_row / rows
            return proportional_fit(ratio, limiting_shrinkage(ratio, per_row))
        count = self.T * rows  # type: ignore[operator]
        if count.is_number and not count.is_Integer:
            raise DomainError(f"T = {self.T} makes fits of {count} rows under this workflow: rows are whole numbers.")
        penalty = self.penalty * count if self.per_row else self.penalty  # type: ignore[operator]
        return finite_fit(self.d, count, penalty)  # type: ignore[arg-type]

    def _newest_rows(self, workflow: Workflow, rows: Callable[[Any], Expr], part: str) -> Recurrence:
        """Fits on one labelled block each, beside fresh real rows or none."""

        def step(g: int) -> Step:
            used = rows(g)
            share = workflow.size(g) / used if g > 1 else S.One
            return Step.of(self._fit(used), share, self.sigma2, self.drawn)

        if workflow.schedule.has(j):
            return VaryingSteps(step, self.signal, part)
        return constant_steps(step(1), step(2), self.signal, part)

    def _pools_fresh_rows(self, workflow: Workflow, dynamics: LinearDynamics) -> bool:
        """Whether fresh real rows and those of the newest block, and no others, weigh the same each."""
        if dynamics.transition.shape != (1, 1) or dynamics.fresh[0] == 0 or workflow.schedule.has(j):
            return False
        gain, real, g = dynamics.innovation[0], dynamics.fresh[0], GENERATION
        carried = dynamics.transition[0] - gain * dynamics.readout[0]
        alike = gain / workflow.size(g) - real / workflow.fresh_size(g)
        constant = not (gain.has(g) or real.has(g) or workflow.fresh_size(g).has(g))
        return constant and in_lowest_terms(carried) == 0 and in_lowest_terms(alike) == 0

    def _kept_rows(self, workflow: Workflow, rows: Expr, part: str) -> Recurrence:
        """All rows kept: the fit moves by noise alone once the penalty has acted."""
        if self.per_row:
            raise NotDerivedError(
                f"workflow = {workflow.name} with a penalty per row is not derived on fresh designs: the penalty grows "
                "between fits on the same rows, which then no longer telescope. Use per_row = False."
            )
        step = Step.of(self._fit(workflow.size(1)), S.One, self.sigma2, self.drawn)
        first = constant_steps(step, step, self.signal, part)
        if self.drawn:
            # Blocks are drawn from the posterior predictive: given the real rows the law of the model is the posterior.
            one = Matrix([[1]])
            return MomentRecurrence(
                start=2, matrix=one, forcing=Matrix([0]), readout=one, initial=Matrix([first.at(1)])
            )
        index = Dummy("i", integer=True, positive=True)
        kept = rows.subs(GENERATION, index)
        newest = workflow.size(index) / kept
        term = S.Zero if part == BIAS else self.sigma2 * newest * self._fit(kept).noise
        return Telescoping(first.at(1), term, index, self._series_of_kept(kept, newest, index, term))

    def _series_of_kept(self, kept: Expr, newest: Expr, index: Symbol, term: Expr) -> Expr | None:
        """All that is added to the first risk where blocks are of one size, at a finite d."""
        each = kept.subs(index, 1)
        if self.proportional or term == 0 or kept != each * index or newest * index != 1:
            return None
        return self.sigma2 * kept_rows_noise(self.d, self.T * each, self.penalty)  # type: ignore[operator]

    def _shared(self, workflow: Workflow, part: str) -> Recurrence:
        penalty = self.penalty * self.T if self.per_row else self.penalty  # type: ignore[operator]
        if penalty.is_zero:  # type: ignore[union-attr]
            return self._unpenalised(workflow)
        if part == VARIANCE:
            return LessSquaredBias(self._shared(workflow, RISK), self._shared(workflow, BIAS))
        shrinking = Shrinking(workflow, self.per_row, self.drawn)
        if self.eigenvalues is not None:
            return given_eigenvalues(shrinking, self.eigenvalues, penalty, self.signal, self.sigma2, part)  # type: ignore[arg-type]
        return RandomDesign(shrinking, self.d, self.T, penalty, self.signal, self.sigma2, part)  # type: ignore[arg-type]

    def _unpenalised(self, workflow: Workflow) -> Recurrence:
        """Least squares on given eigenvalues: E tr W⁻¹ is known, so the ratio of any location model times it."""
        plain = LinearRegression(1, 3, self.sigma2, "shared").recurrence(workflow, "squared")
        inverse = sum((1 / value for value in self.eigenvalues or ()), S.Zero)
        return plain.changed(scale=plain.scale * inverse)


_SIGNAL = Symbol("B", nonnegative=True)


def _eigenvalues(given: object) -> tuple[Expr, ...]:
    """Numbers or expressions, in a sequence or a text such as ``[1, 2/3]``."""
    if isinstance(given, str) and given.strip()[:1] == "[" and given.strip()[-1:] == "]":
        given = given.strip()[1:-1].split(",")
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise DomainError(f"eigenvalues = {quoted(given)} is no list: give the d eigenvalues of XᵀX.")
    values = tuple(exact(f"eigenvalues[{index}]", value) for index, value in enumerate(given))
    for index, value in enumerate(values):
        if value.is_negative or value.is_real is False:
            raise DomainError(f"eigenvalues[{index}] = {shown(value)} is not allowed: those of XᵀX are nonnegative.")
    return values


def _is_open_unit(value: Expr) -> bool | None:
    if value.is_nonpositive or (1 - value).is_nonpositive:
        return False
    return True if value.is_positive and (1 - value).is_positive else None
