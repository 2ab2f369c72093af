r"""The risk under a workflow whose steps tend to those of a simpler one (:mod:`theory.workflows.converging`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import Expr

from theory.expressions.expansion import Order
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.recurrence import Recurrence
from theory.workflows.converging import ConvergingDynamics


@dataclass(frozen=True)
class ConvergingRecurrence(PathwayRecurrence):
    """Values through the weights, the limit through the recurrence with the limiting steps.

    Examples
    --------
    >>> from sympy import S
    >>> from theory.design import OptimalFreshReal
    >>> from theory.moments.composition import compose
    >>> recurrence = compose(OptimalFreshReal(), noise=S.One, curvature=S.Zero)
    >>> recurrence.limit(Order({}))
    -1/2 + sqrt(5)/2
    """

    dynamics: ConvergingDynamics = field(kw_only=True)
    limiting: Recurrence = field(kw_only=True)

    def closed_form(self) -> Expr | None:
        """The moment at ``theory.G``, for a model without curvature."""
        return self.dynamics.moment if self.curvature == 0 else None

    def limit(self, order: Order) -> Expr | None:
        """Limit of the moment as G → ∞ where the workflow tells it; otherwise it is that of ``limiting``."""
        return self.dynamics.settled if self.curvature == 0 else None
