"""Accumulate-subsample: a fixed budget of samples drawn from everything so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Integer, Pow, S, Symbol, ilcm, powdenest
from sympy import root as root_of

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, exact, truth_value
from theory.expressions.signs import at_least, sign
from theory.expressions.symbols import j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import ONE, Workflow, is_decided, pooled_runs, pooled_weights, probes
from theory.workflows.dynamics import Draw, PoolDynamics, VaryingPool
from theory.workflows.share_schedule import amount_schedule, at_generation


@dataclass(frozen=True)
class AccumulateSubsample(Workflow):
    r"""Model :math:`g` is fitted on n·budget samples drawn from the pool of blocks :math:`1, \dots, g`.

    The whole pool is used while it is smaller than the budget.

    Parameters
    ----------
    budget : positive number or expression, or an expression in ``theory.j``, default 1
        Number of samples drawn at generation j, in units of n. A symbolic budget is taken to be at most 1, so that
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

    budget: Exact = ONE
    replacement: bool = False
    name: ClassVar[str] = "accumulate-subsample"
    roles: ClassVar[dict[str, str]] = {"budget": "amount"}

    def __post_init__(self) -> None:
        budget = exact("budget", self.budget, indices=(j,))
        if budget.has(j):
            budget = amount_schedule("budget", budget, "a budget")
        if budget.is_positive is False or budget.is_real is False:
            raise DomainError(f"budget = {self.budget} is not a budget: budget must be positive.")
        object.__setattr__(self, "budget", budget)
        object.__setattr__(self, "replacement", truth_value("replacement", self.replacement))

    def ranges(self) -> dict[Symbol, Expr]:
        """A symbolic budget runs over (0, 1], so that every pool is large enough."""
        return {self.budget: 1 / (1 + at_least(S.Zero))} if isinstance(self.budget, Symbol) else {}

    def weights(self, g: int) -> list[Expr]:
        """s(j)/N_g, those of the pool."""
        return pooled_weights(self, 1, g)

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """Of equal blocks, all alike; else None."""
        return pooled_runs(self, 1, g)

    def draw(self, g: int | Expr) -> Draw | None:
        """n·budget samples; None while the pool is smaller."""
        drawn = at_generation(self.budget, g)
        smaller = drawn.is_number and isinstance(g, int) and sign(drawn - g) == 1
        return None if smaller else Draw(drawn, self.replacement)

    def simplest(self) -> Workflow:
        """Accumulate where the budget is never less than the pool."""
        if not self.budget.has(j) or self.budget.free_symbols - {j}:
            return self
        if self.budget == j and not self.replacement:
            return Accumulate()
        return Accumulate() if self.whole_until is None else self

    @property
    def whole_until(self) -> int | None:
        """The last generation whose pool is smaller than a budget that changes; None where all are.

        Raises
        ------
        NotDerivedError
            Where pool and budget overtake one another more than once, or that is not decided.
        """
        larger = self.budget - j
        signs = [(g, sign(larger.subs(j, g))) for g in probes(larger)]
        whole = [g for g, side in signs if side == 1]
        last = max(whole, default=0)
        if not whole or all(side == 1 for _, side in signs) or all(g > last for g, side in signs if side != 1):
            if is_decided(larger):
                return None if whole and len(whole) == len(signs) else self._first_drawn(last, signs)
            # Powers of j with fractions for exponents are whole powers of another variable, 1 or more as j is.
            root = ilcm(*(power.exp.q for power in larger.atoms(Pow) if power.base == j and power.exp.is_Rational), 1)
            y = Symbol("y", positive=True)
            opened = powdenest(larger.subs(j, y**root), force=True)
            if sign(opened, {y: at_least(root_of(Integer(last + 1), root))}) in (-1, 0):
                return self._first_drawn(last, signs)
        raise NotDerivedError(
            f"budget = {self.budget}: from which generation on the pool is larger than the budget is not decided, or "
            f"it changes more than once."
        )

    def _first_drawn(self, last: int, signs: list[tuple[int, int | None]]) -> int:
        """The last generation with a whole pool, between two probes."""
        after = next(g for g, _ in signs if g > last)
        return max((g for g in range(last, after) if sign(self.budget.subs(j, g) - g) == 1), default=0)

    def dynamics(self) -> PoolDynamics | VaryingPool:
        """That of a pool and a draw from it."""
        if self.budget.has(j):
            last = None if self.budget.free_symbols - {j} else self.whole_until
            return VaryingPool(self.budget, self.replacement, last or 0)
        return PoolDynamics(budget=self.budget, replacement=self.replacement)
