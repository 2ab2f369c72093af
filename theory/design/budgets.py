r"""How many samples accumulate-subsample must draw to stay within a factor of accumulate.

To leading order in 1/n, with equal blocks and b_g·n points drawn at generation g out of the pool of g·n, write
:math:`\sigma_g = 1/b_g - 1/g` for the variance that the draw adds. The pool's mean gains
:math:`(1 + \sigma_{g-1})/g^2` a generation, where accumulate gains 1/g², so that the room left below c times
accumulate, before the draw of generation g, obeys

.. math:: d_g = d_{g-1} + \frac{c}{g^2} - \frac{1 + \sigma_{g-1}}{g^2}.

A draw is small enough to use the room up when σ_g = d_g, and then
:math:`d_g = (1 - 1/g^2)\, d_{g-1} + (c-1)/g^2`, which the solver solves: the room tends to a positive constant, so a
*bounded* budget is enough for ever (derived here).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Eq, Expr, Piecewise, S, ceiling, factor, gammasimp, limit, oo

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import exact, generation, is_positive_integer
from theory.expressions.symbols import G
from theory.models.regular import Regular
from theory.moments.recurrence import MomentRecurrence
from theory.solver.scalar import solve_scalar
from theory.workflows.accumulate import Accumulate
from theory.workflows.dynamics import GENERATION


@dataclass(frozen=True)
class RequiredBudget:
    r"""The smallest budgets with which accumulate-subsample stays within a factor of accumulate, to leading order.

    Smallest one generation at a time: model 1 is fitted on all real data, and each later draw is the smallest that
    keeps its own generation within the factor, given the draws before it. No other schedule that keeps within the
    factor is smaller at the first generation where the two differ; later on it may be, having drawn more before.

    Attributes
    ----------
    factor : c, at least 1

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory.design import required_budget
    >>> plan = required_budget(2)
    >>> plan.closed_form, plan.limit
    (Piecewise((1, Eq(G, 1)), (6*G/(7*(G + 1)), True)), 6/7)
    >>> plan.counts(generations=4, points=100)
    [100, 58, 65, 69]
    """

    factor: Expr

    @cached_property
    def room(self) -> Expr:
        """σ_G = 1/b_G − 1/G for G ≥ 2: the variance a draw may add, in units of that of n points."""
        g, gain = GENERATION, _gain()
        # Model 1 is fitted on all real data: no draw, so all of its room is still there at generation 2.
        second = (self.factor - 1) * (gain.subs(g, 1) + gain.subs(g, 2))
        solved = solve_scalar(1 - gain, (self.factor - 1) * gain, g, S(3), second, G)
        if solved is None:
            raise NotDerivedError("the required budget has no closed form: use counts().")
        return factor(gammasimp(solved))

    @cached_property
    def closed_form(self) -> Expr:
        """b_G, the points to draw in units of n."""
        return Piecewise((S.One, Eq(G, 1)), (factor(1 / (self.room + 1 / G)), True))

    def at(self, g: object) -> Expr:
        """b_g, exactly."""
        return self.closed_form.subs(G, generation("g", g))

    @property
    def limit(self) -> Expr:
        """b_G as G → ∞: finite for every factor above 1."""
        return oo if self.factor == 1 else limit(factor(1 / self.room), G, oo)

    def counts(self, generations: object, points: object) -> list[int]:
        """Whole numbers of points to draw at generations 1, 2, … from blocks of ``points`` samples.

        Rounding up leaves room, which the later, smaller draws use.
        """
        last, n = generation("generations", generations), exact("points", points)
        if not is_positive_integer(n):
            raise DomainError(f"points = {points} is not allowed: points must be a whole number, 1 or more.")
        if not self.factor.is_Rational:
            raise DomainError(f"factor = {self.factor} is not rational: counts need a fraction.")
        gain = _gain()
        drawn, pool, accumulated, spread = [int(n)], S.One, S.One, S.Zero
        for g in range(2, last + 1):
            step = gain.subs(GENERATION, g)
            pool, accumulated = pool + step * (1 + spread), accumulated + step
            room = self.factor * accumulated - pool
            count = int(ceiling(n / (room + S.One / g)))
            spread = n / count - S.One / g
            drawn.append(count)
        return drawn


def required_budget(factor: object) -> RequiredBudget:
    """The smallest budget schedule for which accumulate-subsample stays within ``factor`` of accumulate.

    Parameters
    ----------
    factor : number, at least 1, or an expression
        How many times accumulate's risk is allowed, at every generation.

    Returns
    -------
    RequiredBudget

    Raises
    ------
    DomainError
        When the factor is below 1.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from theory.design import required_budget
    >>> required_budget(Symbol("c", positive=True)).room
    (7*G + 1)*(c - 1)/(6*G)
    """
    value = exact("factor", factor)
    if value.is_real is False or (value - 1).is_negative:
        raise DomainError(
            f"factor = {factor} is not allowed: subsampling never beats the whole pool, so give 1 or more."
        )
    return RequiredBudget(value)


def _gain() -> Expr:
    """What a generation adds to the risk under accumulate, in ``GENERATION``."""
    recurrence = expected_risk(Regular(p=1, n=1), Accumulate()).recurrence  # type: ignore[arg-type]
    assert isinstance(recurrence, MomentRecurrence)
    return recurrence.forcing[0]
