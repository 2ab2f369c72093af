r"""Real against synthetic data: what synthetic samples are worth beside real ones.

A generator is fitted on :math:`n_0` real samples and draws :math:`n_s` synthetic ones; a model is fitted on
:math:`n_r` real samples and on these, with weight λ on the mean of the synthetic block
(:math:`\lambda = n_s/(n_r+n_s)` when pooled). That is generation 2 of
:class:`theory.workflows.real_and_synthetic.RealAndSynthetic`, so the risk :math:`R(\lambda, n_r, n_s, n_0)` is composed
like any other, and everything here is read off that function: where in :math:`n_s` or λ it is smallest
(:mod:`theory.expressions.minimum`), and for which :math:`n_r` it lies below the risk
:math:`R(0, n_r, \cdot, \cdot)` of the real data alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sympy import Basic, Dummy, Expr, Piecewise, S, Symbol, diff, factor, floor, oo, true

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import is_positive_integer, parameter, quoted, truth_value
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.minimum import first_stretch, minimiser, positive
from theory.expressions.signs import Ranges, at_least, range_of, sign
from theory.models.base import Model
from theory.models.units import computed_units
from theory.solver.tidy import orient
from theory.workflows.real_and_synthetic import RealAndSynthetic
from theory.workflows.replace import Replace

# λ, n_r, n_s and n_0 while the risk is composed: dummies, so that no parameter of a user's is mistaken for them.
_WEIGHT = Dummy("lambda", dummy_index=5, nonnegative=True)
_REAL, _SYNTHETIC, _FITTED = (Dummy(name, dummy_index=6, integer=True, positive=True) for name in ("n_r", "n_s", "n_0"))


@dataclass(frozen=True)
class ValueOfSynthetic:
    """What n_s synthetic samples are worth beside n_r real ones; made by :func:`value_of_synthetic`.

    Attributes
    ----------
    model, loss
        What is fitted and how its error is measured.
    real, synthetic, fitted_on : expressions
        n_r, n_s, n_0.
    overlap : bool
        Whether the n_0 samples are among the n_r.
    surface : expression
        R(λ, n_r, n_s, n_0), the risk as composed; see :meth:`risk_at`.
    finite : SymPy condition
        Where the risk is finite, as composed; see :attr:`domain`.
    exactness : str
        "exact", or "leading order" in one over the numbers of samples.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Poisson, value_of_synthetic
    >>> value = value_of_synthetic(Poisson(rate=2), real=20, synthetic=30, fitted_on=20)
    >>> value.exactness, value.risk < value.without
    ('exact', False)
    """

    model: Model
    real: Expr
    synthetic: Expr
    fitted_on: Expr
    overlap: bool
    loss: str
    surface: Expr
    finite: Basic
    exactness: str

    def __post_init__(self) -> None:
        n_r, n_s, n_0 = (
            parameter(
                name, getattr(self, name), Symbol(symbol, integer=True, positive=True), _COUNT, is_positive_integer
            )
            for name, symbol in (("real", "n_r"), ("synthetic", "n_s"), ("fitted_on", "n_0"))
        )
        for name, number in (("real", n_r), ("synthetic", n_s), ("fitted_on", n_0)):
            object.__setattr__(self, name, number)
        if self.overlap and (n_r - n_0).is_negative:
            raise DomainError(
                f"fitted_on = {n_0} is more than real = {n_r}: with overlap the samples that the generator was fitted "
                f"on are among the real ones; if they are others, say so by overlap=False."
            )
        if n_0.is_number:
            # The model's own conditions on n are said in terms of the number given.
            numbered = replace(self.model, n=n_0)  # type: ignore[type-var]
            if n_r.is_number and n_s.is_number:
                # And those on the fits: pooled, and of the real samples alone.
                with computed_units():
                    expected_risk(numbered, RealAndSynthetic(n_r / n_0, n_s / n_0, self.overlap), loss=self.loss)
                expected_risk(replace(self.model, n=n_r), Replace(), loss=self.loss)  # type: ignore[type-var]
        if self.domain == S.false:
            raise DomainError(
                f"fitted_on = {n_0} gives {self.model.name} no finite expected {self.loss} loss: give more samples."
            )

    @property
    def domain(self) -> Basic:
        """Condition under which the risk is finite."""
        return self.finite.subs(self._numbers)

    # -- risks -------------------------------------------------------------------------------------------

    def risk_at(self, weight: object) -> Expr:
        """Risk when the mean of the synthetic block has weight λ and that of the real samples 1 − λ."""
        allowed = "a weight of the synthetic block, from 0 to 1"
        value = parameter("weight", weight, Symbol("lambda", positive=True), allowed, _is_weight)
        return self._written(self.surface.subs(_WEIGHT, value))

    @cached_property
    def risk(self) -> Expr:
        """Risk of the pooled fit, in which every sample counts the same."""
        return self._written(self.surface.subs(_WEIGHT, _POOLED))

    @cached_property
    def without(self) -> Expr:
        """Risk of the n_r real samples alone."""
        return self._written(self.surface.subs(_WEIGHT, 0))

    @cached_property
    def gain(self) -> Expr:
        """``without − risk``: positive where pooling the synthetic samples lowers the risk."""
        return self._written(self.surface.subs(_WEIGHT, 0) - self.surface.subs(_WEIGHT, _POOLED))

    @cached_property
    def best_risk(self) -> Expr:
        """Risk when the synthetic block has its optimal weight: never above ``without``."""
        weight = self.optimal_weight
        if isinstance(weight, Piecewise):
            return Piecewise(*((self.risk_at(value), condition) for value, condition in weight.args))
        return self.risk_at(weight)

    # -- decisions ---------------------------------------------------------------------------------------

    @cached_property
    def optimal_synthetic(self) -> Expr:
        """The number of synthetic samples, pooled, at which the risk is smallest; whatever ``synthetic`` is.

        0 when none is best, ``oo`` when the risk is lowest in the limit of many, a Piecewise where that depends on a
        symbol. It is the minimum over real numbers: the risk falls before it and rises after it, so the best whole
        number is one of the two next to it, see :attr:`optimal_count`.
        """
        amount = Dummy("S", nonnegative=True)
        relative = self._relative(_POOLED, {_SYNTHETIC: amount})
        return minimiser("optimal_synthetic", relative, amount, oo, {**self._ranges, amount: at_least(S.Zero)})

    @cached_property
    def optimal_count(self) -> Expr:
        """The whole number of synthetic samples at which the pooled risk is smallest (``oo`` in the limit of many).

        Raises
        ------
        NotDerivedError
            When :attr:`optimal_synthetic` is not a number.
        """
        best = self.optimal_synthetic
        if best == oo or best.is_Integer:
            return best
        if not best.is_number:
            raise NotDerivedError(f"optimal_count needs a number, and the best real number of samples is {best}.")
        pooled = self._relative(_POOLED, {_SYNTHETIC: (amount := Dummy("S", nonnegative=True))})
        below = floor(best)
        fewer = sign(pooled.subs(amount, below) - pooled.subs(amount, below + 1), self._ranges) in (-1, 0)
        return below if fewer else below + 1

    @cached_property
    def optimal_weight(self) -> Expr:
        """The weight λ of the synthetic block's mean, in [0, 1], at which the risk is smallest."""
        weight = Dummy("w", nonnegative=True)
        ranges = {**self._ranges, weight: range_of("probability")}
        return minimiser("optimal_weight", self._relative(weight), weight, S.One, ranges)

    @cached_property
    def threshold(self) -> Expr:
        """The n_r below which pooling these n_s samples lowers the risk, whatever ``real`` is.

        0 when it never does, ``oo`` when it always does. With overlap n_r runs over n_0 and more.
        """
        if self.overlap:
            return self._threshold_from(self.fitted_on)
        try:
            # The plainest formulas hold for fractions of a sample too,
            return self._threshold_from(S.Zero)
        except NotDerivedError:
            # but a risk that is no risk any more below one sample is asked from there on only.
            return self._threshold_from(S.One)

    def _threshold_from(self, lowest: Expr) -> Expr:
        excess = Dummy("N", nonnegative=True)
        gain = in_lowest_terms(1 - self._relative(_POOLED, {_REAL: lowest + excess}))
        found = first_stretch("threshold", gain, excess, {**self._ranges, excess: at_least(S.Zero)})
        if isinstance(found, Piecewise):
            return Piecewise(*((_above(lowest, value), condition) for value, condition in found.args))
        return _above(lowest, found)

    @cached_property
    def helps(self) -> Basic | bool:
        """Whether pooling the n_s samples lowers the risk: True, False, or a condition on the symbols."""
        condition = positive(in_lowest_terms(1 - self._relative(_POOLED)), self._ranges, self._first)
        return bool(condition) if condition in (S.true, S.false) else condition

    # -- as in SymPy -------------------------------------------------------------------------------------

    def subs(self, *args: Any, **kwargs: Any) -> ValueOfSynthetic:
        """Symbols replaced, and everything derived again."""
        model = self.model.subs(*args, **kwargs)
        numbers = {name: getattr(self, name).subs(*args, **kwargs) for name in ("real", "synthetic", "fitted_on")}
        if model == self.model:
            # Numbers of samples alone: what is composed stays composed.
            return replace(self, **numbers)
        return value_of_synthetic(model, **numbers, overlap=self.overlap, loss=self.loss)

    @property
    def free_symbols(self) -> set[Symbol]:
        """Symbols in the model's parameters and in the numbers of samples."""
        own = self.model.free_symbols - {_FITTED}
        return own | self.real.free_symbols | self.synthetic.free_symbols | self.fitted_on.free_symbols

    def latex(self) -> str:
        """The risks and the decisions in display mathematics, to paste into a paper."""
        from theory.latex import latex

        relation = "=" if self.exactness == "exact" else r"\simeq"
        rows = [
            rf"R_{{\text{{pooled}}}} &{relation} {latex(self.risk)}",
            rf"R_{{\text{{real}}}} &= {latex(self.without)}",
        ]
        for left, name in (
            (r"n_s^{*}", "optimal_synthetic"),
            (r"\lambda^{*}", "optimal_weight"),
            (r"R_{\text{pooled}} < R_{\text{real}} &\iff n_r <", "threshold"),
        ):
            try:
                right = latex(getattr(self, name))
            except NotDerivedError:
                continue
            rows.append(f"{left} {right}" if name == "threshold" else f"{left} &= {right}")
        if self.domain != true:
            rows.append(rf"&\text{{for }} {latex(self.domain)}")
        if self.exactness != "exact":
            rows.append(r"&\text{(leading order in }1/n_0\text{)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        from theory.latex import latex

        relation = "=" if self.exactness == "exact" else r"\simeq"
        return rf"$\displaystyle R_{{\text{{pooled}}}} {relation} {latex(self.risk)}$"

    # -- how ---------------------------------------------------------------------------------------------

    @property
    def _numbers(self) -> dict[Symbol, Expr]:
        return {_REAL: self.real, _SYNTHETIC: self.synthetic, _FITTED: self.fitted_on}

    @property
    def _first(self) -> list[Symbol]:
        """Symbols that conditions are written for, the first that can be."""
        numbers = [value for value in (self.real, self.synthetic, self.fitted_on) if isinstance(value, Symbol)]
        return numbers + sorted(self.free_symbols - set(numbers), key=lambda item: item.name)

    @cached_property
    def _ranges(self) -> Ranges:
        covered = {symbol: run for symbol, run in self.model.ranges().items() if symbol != _FITTED}
        if self.overlap and isinstance(self.real, Symbol) and self.real not in self.fitted_on.free_symbols:
            covered[self.real] = at_least(self.fitted_on)
        elif self.overlap and isinstance(self.fitted_on, Symbol) and self.real.is_number:
            covered[self.fitted_on] = 1 + (self.real - 1) * range_of("probability")
        return covered

    def _relative(self, weight: Expr, free: dict[Symbol, Expr] | None = None) -> Expr:
        """The risk over that of the real data alone: what is common to both cancels."""
        return in_lowest_terms(self._ratio.subs(_WEIGHT, weight).subs({**self._numbers, **(free or {})}))

    @cached_property
    def _ratio(self) -> Expr:
        alone = self.surface.subs(_WEIGHT, 0)
        # Without noise there is no risk, with synthetic data or without.
        return S.One if alone == 0 else in_lowest_terms(self.surface / alone)

    def _written(self, value: Expr) -> Expr:
        value = value.subs(self._numbers)
        if value.is_number or not value.is_rational_function(*value.free_symbols):
            return value
        return orient(factor(value), self._ranges)


_POOLED = _SYNTHETIC / (_REAL + _SYNTHETIC)


def value_of_synthetic(
    model: Model,
    real: object = None,
    synthetic: object = None,
    fitted_on: object = None,
    overlap: bool = True,
    loss: str = "squared",
) -> ValueOfSynthetic:
    r"""What n_s synthetic samples, drawn from a model fitted on n_0 real ones, are worth beside n_r real samples.

    For a family with variance function :math:`V(\mu)`, :math:`V_0` at the truth and quadratic coefficient
    :math:`v_2`, weight λ on the synthetic block costs

    .. math:: \frac{R}{V_0} = \frac{(1-\lambda)^2}{n_r} + 2\lambda(1-\lambda)\,c
        + \lambda^2\Bigl(\frac1{n_0} + \frac{1 + v_2/n_0}{n_s}\Bigr),

    with :math:`c = 1/n_r` when the :math:`n_0` samples are among the :math:`n_r`, and 0 when they are others. In the
    first case the best weight is 0 and synthetic samples never help; in the second some weight always helps, and
    pooling does exactly when real data are scarce enough.

    Parameters
    ----------
    model : Model
        Its n is n_0, whatever it was given.
    real, synthetic, fitted_on : positive integers or expressions, optional
        n_r, n_s and n_0; symbols of these names where left out.
    overlap : bool, default True
        Whether the n_0 samples are among the n_r (then n_0 ≤ n_r).
    loss : str
        One of ``model.losses``, an error that falls with more real data.

    Raises
    ------
    DomainError
        For numbers of samples that are not whole and positive, n_0 > n_r with overlap, or an unknown loss.
    NotDerivedError
        When the model has no n to speak of, or the loss is none that real data lower.

    Notes
    -----
    Exact at finite n for the exponential families. Derived here.

    Examples
    --------
    >>> from theory import Poisson
    >>> from theory.design.value import value_of_synthetic
    >>> value = value_of_synthetic(Poisson(rate=2), real=30, synthetic=100, fitted_on=50, overlap=False)
    >>> value.risk, value.without, value.optimal_synthetic, value.threshold, value.helps
    (33/845, 1/15, 150, 100, True)
    >>> value_of_synthetic(Poisson(rate=2)).optimal_synthetic
    0
    """
    if not isinstance(model, Model):
        raise DomainError(f"model = {quoted(model)} is not a model: give an instance, such as Bernoulli(p).")
    overlap = truth_value("overlap", overlap)
    if "n" not in model.parameters:
        raise NotDerivedError(
            f"model = {model.name} has no n, a number of samples that its noise is inversely proportional to: the "
            f"value of synthetic data is not derived for it."
        )
    model.verify_loss(loss)
    unit = replace(model, n=_FITTED)  # type: ignore[type-var]
    workflow = RealAndSynthetic(_REAL / _FITTED, _SYNTHETIC / _FITTED, overlap=overlap, share=1 - _WEIGHT)
    try:
        with computed_units():
            risk = expected_risk(unit, workflow, loss)
    except DomainError as error:
        raise NotDerivedError(str(error).replace(str(_FITTED), "n_0")) from None
    # A leading order that is scaled to be exact at generation 1 mixes orders, by which real data alone would seem to
    # depend on the generator.
    composed = risk if risk.exactness == "exact" else risk.leading_order
    value = ValueOfSynthetic(
        model=unit,
        # What the class verifies and makes exact.
        real=real,  # type: ignore[arg-type]
        synthetic=synthetic,  # type: ignore[arg-type]
        fitted_on=fitted_on,  # type: ignore[arg-type]
        overlap=overlap,
        loss=loss,
        surface=composed.at(2),
        finite=risk.domain,
        exactness=risk.exactness,
    )
    _verify_error(value)
    return value


_COUNT = "a whole number of samples, 1 or more"


def _is_weight(value: Expr) -> bool | None:
    return False if value.is_negative or (1 - value).is_negative else None


def _above(lowest: Expr, excess: Expr) -> Expr:
    """The end of a stretch that begins at ``lowest``; 0 for a stretch that is empty."""
    return excess if excess in (S.Zero, oo) else lowest + excess


def _verify_error(value: ValueOfSynthetic) -> None:
    """What real data alone achieve must not depend on the generator, and must fall as they grow."""
    alone = value.surface.subs(_WEIGHT, 0)
    if alone.has(_FITTED) and in_lowest_terms(diff(alone, _FITTED)) != 0:
        raise NotDerivedError(
            f"model = {value.model.name} with loss = {value.loss!r}: the composed risk of real data alone depends on "
            f"the generator's sample size, so that the value of synthetic data is not derived."
        )
    if alone != 0 and sign(diff(alone, _REAL), value._ranges) in (0, 1):
        raise NotDerivedError(
            f"loss = {value.loss!r} of {value.model.name} does not fall as real samples are added: it is no error, "
            f"and there is nothing for synthetic ones to gain."
        )
