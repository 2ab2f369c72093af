r"""The standard deviation of a loss, exactly: how far one run strays from the expected risk.

With :math:`\ell_G = (\theta_G - \theta_0)^2` the expected risk is :math:`E\,\ell_G`, and what a single chain of models
shows scatters about it with the standard deviation

.. math:: \sqrt{E\,\ell_G^2 - (E\,\ell_G)^2},

whose second moment closes in a recurrence of its own. That is not the square root of ``Risk.variance``, which is the
part :math:`E (\delta - E\delta)^2` of the risk that is not bias. Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sympy import Dummy, Expr, Piecewise, S, expand, factor, false, harmonic, oo, sqrt

from theory.errors import NotDerivedError
from theory.expressions.expansion import CONSTANT, NoExpansion, Order, UnknownOrder, expand_at_infinity
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import readable
from theory.expressions.shorter import simplified
from theory.expressions.signs import sign
from theory.expressions.symbols import G
from theory.models.base import Model
from theory.moments.covariance import in_turn
from theory.moments.late_schedules import started_late
from theory.moments.recurrence import Recurrence
from theory.risk import Risk
from theory.solver.tidy import orient
from theory.told import tells
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class StandardDeviation:
    r"""The exact standard deviation of a loss at generation G; see ``Risk.standard_deviation``.

    Attributes
    ----------
    risk : Risk
        E ℓ, or its ratio to generation 1: then the deviation is in the same units.
    square : Risk
        E ℓ², never a ratio.

    Notes
    -----
    Derived here, from the moments of second order of the loss.

    Examples
    --------
    >>> from theory import Bernoulli, GaussianMean, Accumulate, Replace, expected_risk
    >>> deviation = expected_risk(GaussianMean(sigma2=2, n=10), Accumulate()).standard_deviation
    >>> deviation.at(2), deviation.closed_form, deviation.limit
    (sqrt(2)/4, sqrt(2)*harmonic(G, 2)/5, sqrt(2)*pi**2/30)
    >>> expected_risk(Bernoulli(p="1/3", n=2), Replace()).standard_deviation.limit
    sqrt(2)/9
    """

    risk: Risk
    square: Risk

    def at(self, generation: object) -> Expr:
        """Its exact value at a whole g ≥ 1, the root of a rational number where parameters are; ``oo`` if infinite."""
        mean, square = self._mean.at(generation), self.square.at(generation)
        if oo in (mean, square) or self._infinite:
            return oo
        return self._root(square - mean**2) / self._unit

    def variances(self) -> Iterator[Expr]:
        """Its squares at generations 1, 2, …, one after the other."""
        both = zip(self._mean.recurrence.values(), self.square.recurrence.values(), strict=True)
        for mean, square in both:
            yield oo if oo in (mean, square) or self._infinite else (square - mean**2) / self._unit**2

    @cached_property
    def closed_form(self) -> Expr | None:
        """In ``theory.G`` and the parameters; None where the risk, or that of the square, has none."""
        mean, square = self._mean.closed_form, self.square.closed_form
        if mean is None or square is None or mean.has(Piecewise) or square.has(Piecewise):
            return oo if self._infinite else None
        return oo if oo in (mean, square) or self._infinite else self._root(square - mean**2) / self._unit

    @cached_property
    def limit(self) -> Expr | None:
        """Limit as G → ∞; ``oo`` where it grows beyond all bounds, None where that is not derived."""
        mean, square = self._mean.limit, self.square.limit
        if self._infinite:
            return oo
        if mean is None or square is None or isinstance(mean, Piecewise) or isinstance(square, Piecewise):
            return None
        if square != oo:
            return self._root(square - mean**2) / self._unit
        if mean != oo:
            return oo
        growth = self._leading
        return None if growth is None else oo

    @cached_property
    def growth(self) -> Expr | None:
        """Leading term as G → ∞, the limit where that is finite; None where it is not derived."""
        if self.limit is not None and self.limit not in (oo, S.Zero):
            return self.limit
        return self._leading

    @cached_property
    def _leading(self) -> Expr | None:
        """The leading term where the square of the mean does not cancel it."""
        mean, square = self._mean.growth, self.square.growth
        if mean is None or square is None or oo in (mean, square) or mean.has(Piecewise) or square.has(Piecewise):
            return None
        share, ranges = simplified(mean**2 / square), self.risk._ranges
        if share.has(G):
            # The square grows faster, or what is left of it is not seen from leading terms.
            return self._root(square) / self._unit if _vanishes(share, Order(ranges)) else None
        return self._root((1 - share) * square) / self._unit if sign(1 - share, ranges) == 1 else None

    @property
    def exactness(self) -> str:
        """Always "exact": to leading order nothing is said of the spread."""
        return "exact"

    @cached_property
    def _mean(self) -> Risk:
        """The risk itself, whatever it is told relative to."""
        return Risk.of(self.risk.model, self.risk.workflow, self.risk.loss) if self.risk.relative else self.risk

    @cached_property
    def _unit(self) -> Expr:
        return self._mean.baseline if self.risk.relative else S.One

    @property
    def _infinite(self) -> bool:
        return bool(self.risk.model.finite_variance(self.risk.workflow, self.risk.loss) == false)

    def _root(self, variance: Expr) -> Expr:
        # Sums of positive terms are positive, and their squares have roots.
        positive = {total: Dummy(positive=True) for total in variance.atoms(harmonic)}
        variance = variance.xreplace(positive)
        symbols = variance.free_symbols
        if variance.is_rational_function(*symbols):
            variance = orient(factor(in_lowest_terms(variance)), self.risk._ranges)
        elif not symbols - {G}:
            variance = expand(variance)
        return sqrt(variance).xreplace({name: total for total, name in positive.items()})

    def __str__(self) -> str:
        closed = self.closed_form
        return (
            f"standard deviation of the loss {self.risk.loss} of {self.risk.model.name} under "
            f"{self.risk.workflow.name}: {'no closed form' if closed is None else readable(closed)}"
        )


@tells("standard deviation")
def standard_deviation(risk: Risk) -> StandardDeviation:
    """The standard deviation of the loss that a risk is the expectation of.

    Raises
    ------
    NotDerivedError
        Where the second moment of the loss is not derived, or the risk is exact to leading order only.
    """
    model, loss = risk.model, risk.loss
    about = f"the standard deviation of the loss {loss!r} of {model.name} under {risk.workflow.name} is not derived"
    if risk.part != "risk":
        raise NotDerivedError(f"the {risk.part} is no loss of one run, so it has no standard deviation: ask the risk.")
    if risk.exactness != "exact":
        raise NotDerivedError(f"{about}: its expectation is known to leading order in {model.remainder()} only.")
    found = _second_moment(model, risk.workflow, loss)
    if found is None:
        raise NotDerivedError(f"{about}: no argument of {type(model).__name__} gives the second moment of this loss.")
    if found.exactness != "exact":
        raise NotDerivedError(f"{about}: the second moment of this loss is known to leading order only.")
    square = Risk(model, risk.workflow, loss, started_late(found), part="second moment")
    return StandardDeviation(risk, square)


def _second_moment(model: Model, workflow: Workflow, loss: str) -> Recurrence | None:
    """E ℓ², of one of several models that take turns by the chain of all."""
    if workflow.chain is workflow:
        return model.second_moment(workflow.simplest(), loss)
    found = model.second_moment(workflow.chain, loss)
    return None if found is None else in_turn(found, workflow)


def _vanishes(share: Expr, order: Order) -> bool:
    try:
        leading = expand_at_infinity(share, 1, order).leading()
        return leading is not None and order.keys(leading[1], CONSTANT) < 0
    except (NoExpansion, UnknownOrder):
        return False
