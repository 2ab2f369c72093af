r"""Workflows whose steps tend to those of a simpler one, and the limit of the risk under them.

Let :math:`m_g = P_g m_{g-1} + f_g` with :math:`P_g \to P`, :math:`f_g \to f` and P stable. Then
:math:`m_g \to (I - P)^{-1} f`, the limit under the constants P, f: the difference d obeys
:math:`d_g = P_g d_{g-1} + o(1)`, and in a norm in which P contracts so do all later :math:`P_g` (derived here). So the
limit is that of the workflow whose weights are the limits of the weights, whatever the model's curvature.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from sympy import Expr, S, radsimp, sympify

from theory.expressions.expansion import Order
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.recurrence import MomentRecurrence
from theory.solver.solution import Solution
from theory.workflows.base import Workflow


class ConvergingDynamics(ABC):
    """The step of generation g, known number by number, tends to a constant one.

    Each answer is derived when first asked for.
    """

    @property
    @abstractmethod
    def limiting(self) -> Workflow:
        """The workflow with that constant step: a linear state with constant coefficients."""

    @property
    def moment(self) -> Expr | None:
        """The risk in ``theory.G``, in units of a unit block's noise, without curvature; None where it is not known."""
        return None

    @property
    def settled(self) -> Expr | None:
        """Limit of :attr:`moment`; None where only ``limiting`` tells."""
        return None

    def subs(self, *args: Any) -> Self:
        """With parameters replaced."""
        own = {item.name: getattr(self, item.name).subs(*args) for item in fields(self)}  # type: ignore[arg-type]
        return replace(self, **own)  # type: ignore[type-var]


@dataclass(frozen=True)
class ConvergingRecurrence(PathwayRecurrence):
    """Values through the weights, the limit through the limiting workflow.

    Examples
    --------
    >>> from theory.design import OptimalFreshReal
    >>> workflow = OptimalFreshReal()
    >>> recurrence = ConvergingRecurrence(workflow, S.Zero, dynamics=workflow.dynamics())
    >>> recurrence.limit(Order({}))
    -1/2 + sqrt(5)/2
    """

    dynamics: ConvergingDynamics = field(kw_only=True)

    def closed_form(self) -> Expr | None:
        """The moment at ``theory.G``, for a model without curvature."""
        return self.dynamics.moment if self.curvature == 0 else None

    def limit(self, order: Order) -> Expr | None:
        """Limit of the moment as G → ∞; None unless the limiting step is seen to contract."""
        from theory.moments.composition import compose

        if self.curvature == 0 and self.dynamics.settled is not None:
            return self.dynamics.settled
        recurrence = compose(self.dynamics.limiting, S.One, sympify(self.curvature))
        if not isinstance(recurrence, MomentRecurrence) or recurrence.matrix.shape != (1, 1):
            return None
        if recurrence.matrix.has(recurrence.symbol) or order.rates(recurrence.matrix[0], S.One) >= 0:
            return None
        found = Solution(recurrence, {**order.ranges, **self.dynamics.limiting.ranges()}).limit
        return found if found is None or found.free_symbols else radsimp(found)
