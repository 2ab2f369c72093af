"""Accumulate-subsample: a fixed budget of samples drawn from everything so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import exact, truth_value
from theory.expressions.signs import at_least
from theory.workflows.base import ONE, Workflow, pooled_weights
from theory.workflows.dynamics import Draw, PoolDynamics


@dataclass(frozen=True)
class AccumulateSubsample(Workflow):
    r"""Model :math:`g` is fitted on n·budget samples drawn from the pool of blocks :math:`1, \dots, g`.

    The whole pool is used while it is smaller than the budget.

    Parameters
    ----------
    budget : positive number or expression, default 1
        Number of samples drawn, in units of n. A symbolic budget is taken to be at most 1, so that
        every pool is large enough.
    replacement : bool, default False
        Whether points are drawn with replacement (the bootstrap).

    Notes
    -----
    The fixed-compute compromise of Kazdan et al. (2024). :meth:`weights` are those of the pool, hence of
    the model given the pool, on average over the draw.

    Examples
    --------
    >>> from theory import AccumulateSubsample
    >>> AccumulateSubsample(budget=2).draw(1) is None
    True
    """

    budget: Expr = ONE
    replacement: bool = False
    name: ClassVar[str] = "accumulate-subsample"

    def __post_init__(self) -> None:
        budget = exact("budget", self.budget)
        if budget.is_positive is False or budget.is_real is False:
            raise DomainError(f"budget = {self.budget} is not a budget: budget must be positive.")
        object.__setattr__(self, "budget", budget)
        object.__setattr__(self, "replacement", truth_value("replacement", self.replacement))

    def ranges(self) -> dict[Symbol, Expr]:
        return {self.budget: 1 / (1 + at_least(S.Zero))} if isinstance(self.budget, Symbol) else {}

    def weights(self, g: int) -> list[Expr]:
        return pooled_weights(self, 1, g)

    def draw(self, g: int | Expr) -> Draw | None:
        smaller = self.budget.is_number and isinstance(g, int) and bool(g < self.budget)
        return None if smaller else Draw(self.budget, self.replacement)

    def dynamics(self) -> PoolDynamics:
        return PoolDynamics(budget=self.budget, replacement=self.replacement)
