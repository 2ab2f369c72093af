"""Sliding window: each model is fitted on the last k blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, is_infinite, is_positive_integer
from theory.expressions.symbols import j
from theory.workflows.base import ONE, Workflow, pooled_runs, pooled_weights, size_schedule
from theory.workflows.dynamics import GENERATION, LagWindow, LinearDynamics
from theory.workflows.pathway import block_coefficients
from theory.workflows.replace import Replace

#: Longer windows have k(k + 1)/2 > 10 moments: values come from the weights, growth from the renewal theorem.
LONGEST_STATE = 4


@dataclass(frozen=True)
class SlidingWindow(Workflow):
    r"""Model :math:`g` is fitted on the last :math:`k` blocks, pooled (all of them while :math:`g < k`).

    Parameters
    ----------
    k : positive integer, or a symbol
        Number of blocks kept.
    sizes : expression in ``theory.j``, default 1
        Block j holds n·s(j) samples.

    Notes
    -----
    The state of the recursion is the k latest block means. ``k = 1`` is replace. The growth rate,
    4/(k + 1)², is derived in :mod:`theory.moments.stationary`.

    Derived here.

    Examples
    --------
    >>> from theory import SlidingWindow
    >>> SlidingWindow(2).weights(4)
    [0, 0, 1/2, 1/2]
    """

    k: Exact
    sizes: Exact = ONE
    name: ClassVar[str] = "sliding-window"
    roles: ClassVar[dict[str, str]] = {"k": "count", "sizes": "schedule"}

    def __post_init__(self) -> None:
        if is_infinite(self.k):
            raise DomainError(f"k = {self.k}: a window of all blocks is accumulate.")
        k = exact("k", self.k)
        if is_positive_integer(k) is False:
            raise DomainError(f"k = {self.k} is not a window: k must be a whole number of blocks, 1 or more.")
        object.__setattr__(self, "k", k)
        object.__setattr__(self, "sizes", size_schedule(self.sizes))

    def simplest(self) -> Workflow:
        """Replace for a window of one block."""
        return Replace(self.sizes) if self.k == 1 else self

    @property
    def pooled(self) -> Expr:
        """k."""
        return self.k

    def rows(self, g: int | Expr) -> Expr:
        """s(g) + … + s(g − k + 1), in units of n."""
        if isinstance(g, int) or not self.k.is_Integer:
            return super().rows(g)
        return sum((self.size(g - lag) for lag in range(int(self.k))), S.Zero)

    def weights(self, g: int) -> list[Expr]:
        """s(j) over the sum of the last k sizes, and 0 before; DomainError for a symbolic k."""
        if not self.k.is_Integer:
            raise DomainError(f"k = {self.k} is symbolic: weights need a whole number of blocks.")
        return pooled_weights(self, max(1, g - int(self.k) + 1), g)

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """Of equal blocks, zeros and then equals; else None."""
        return pooled_runs(self, max(1, g - int(self.k) + 1), g) if self.k.is_Integer else None

    def dynamics(self) -> LinearDynamics | LagWindow | None:
        """The k latest block means as a state; a window of lags where k is a symbol or long."""
        if not self.k.is_Integer or self.k > LONGEST_STATE:
            return None if self.sizes.has(j) else LagWindow(length=self.k, weight=1 / self.k)
        k = int(self.k)
        g = GENERATION
        total = sum((self.size(g - lag) for lag in range(k)), S.Zero)
        readout = Matrix([[self.size(g - lag) / total for lag in range(k)]])
        # θ_{g-1} weighs the previous state, and becomes the conditional mean of the newest block.
        shift = Matrix(k, k, lambda row, col: S.One if row == col + 1 else S.Zero)
        transition = shift + Matrix(k, 1, [1] + [0] * (k - 1)) * readout.subs(g, g - 1)
        # The first full window is the state at g = k; k = 2 can start one earlier with block 1 twice.
        start = 2 if k <= 2 and not self.sizes.has(j) else k + 1
        newest_first = [max(1, start - 1 - lag) for lag in range(k)]
        blocks = block_coefficients(self, start - 1)
        return LinearDynamics(
            start=start,
            transition=transition,
            innovation=Matrix(k, 1, [1] + [0] * (k - 1)),
            readout=readout,
            initial=Matrix([blocks[index - 1] for index in newest_first]),
        )
