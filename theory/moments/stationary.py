r"""Stationary moving averages, long or of symbolic length: too many moments to list, yet the growth is known.

Let :math:`w_l` be the weight of the block l generations back, :math:`l \ge 0`. The combination
:math:`\sum_l \pi_l\, \bar x_{g-l}` with :math:`\pi_l = \sum_{m \ge l} w_m / \sum_m (m+1)\, w_m` is a martingale that
every model shares up to a bounded difference: each block mean moves it by :math:`\pi_0\, \varepsilon_g`, with
:math:`\pi_0 = 1/\sum_l (l+1)\, w_l`, the inverse mean age (renewal theorem; derived here). Hence for a model without
curvature :math:`r_G \sim \pi_0^2 G \times \text{noise}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from flint import acb, arb
from sympy import Dummy, Expr, S, factor, oo, summation

from theory.errors import DomainError
from theory.expressions.expansion import Order
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.symbols import G
from theory.moments.long_window import WindowSystem, window_system
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.product_tree import SHORTEST
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LAG, LagWindow


@dataclass(frozen=True)
class StationaryRecurrence(Recurrence):
    """The risk under a stationary window: growth and limit, and values through the weights."""

    window: LagWindow
    workflow: Workflow
    curvature: Expr

    @property
    def persistence(self) -> Expr:
        """π_0: the part of one block's noise that stays for ever."""
        # Summed to a symbol first: with a number for the upper end SymPy would add the terms up one by one.
        last = Dummy("L", integer=True, positive=True)
        age = summation((LAG + 1) * self.window.weight, (LAG, 0, last - 1))
        return 1 / factor(age.subs(last, self.window.length))

    def growth(self, order: Order) -> Expr | None:
        """Leading term of the moment as G → ∞; None when the rate is a root of an equation of high degree."""
        curved = order.exponents(self.curvature, S.Zero)
        if curved == 0:
            return self.persistence**2 / self.workflow.size(1) * G
        # V vanishes where the martingale comes to rest: 1 + curvature·r = 0.
        return -1 / self.curvature if curved == -1 else None

    def limit(self, order: Order) -> Expr:
        """Limit of the moment as G → ∞."""
        return -1 / self.curvature if order.exponents(self.curvature, S.Zero) < 0 else oo

    def at(self, generation: int) -> Expr:
        """Exact risk at one generation: late ones over Q without those before them."""
        system = self.system if generation >= SHORTEST else None
        if system is None:
            return super().at(generation)
        return self.offset + self.scale * to_sympy(system.at(generation))

    def ball(self, generation: int) -> acb:
        """A ball around the risk at one generation, over Q."""
        assert self.system is not None
        offset, scale = (to_flint(part) for part in (self.offset, self.scale))
        return acb(arb(offset)) + acb(arb(scale)) * self.system.ball(generation)

    @cached_property
    def system(self) -> WindowSystem | None:
        """The moments of the block means where all is over Q; else None."""
        rational = self.scale.is_Rational and self.offset.is_Rational and self.margin is None
        return window_system(self.window, self.workflow, self.curvature) if rational else None

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …, for a whole number of blocks."""
        if not self.window.length.is_Integer:
            raise DomainError(
                f"k = {self.window.length} is symbolic: values at a generation need a whole number of blocks."
            )
        return PathwayRecurrence(
            self.workflow, self.curvature, scale=self.scale, offset=self.offset, margin=self.margin
        ).values()
