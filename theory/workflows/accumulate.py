"""Accumulate (augment): each model is fitted on everything so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, oo, sympify

from theory.expressions.arguments import Exact
from theory.expressions.fraction_field import in_lowest_terms
from theory.workflows.base import ONE, Workflow, pooled_runs, pooled_weights, size_schedule
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.tables import late_size, pooled_dynamics


@dataclass(frozen=True)
class Accumulate(Workflow):
    r"""Model :math:`g` is fitted on blocks :math:`1, \dots, g`, pooled.

    With :math:`N_g = \sum_{j \le g} s(j)` the pooled mean moves by the latest block's noise alone,
    :math:`\theta_g = \theta_{g-1} + \frac{s(g)}{N_g}\,\varepsilon_g`, so
    :math:`C_{g,j} = s(j)/N_j`, which is :math:`1/j` for equal sizes.

    Parameters
    ----------
    sizes : expression in ``theory.j``, or :class:`theory.RandomSizes`, default 1
        Block j holds n·s(j) samples.

    Notes
    -----
    The "accumulate" workflow of Gerstgrasser et al. (2024), "augment" in Dey and Donoho (2024).

    Examples
    --------
    >>> from theory import Accumulate
    >>> Accumulate().weights(3)
    [1/3, 1/3, 1/3]
    """

    sizes: Exact = ONE
    name: ClassVar[str] = "accumulate"
    roles: ClassVar[dict[str, str]] = {"sizes": "schedule"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", size_schedule(self.sizes))

    @property
    def pooled(self) -> Expr:
        """∞: all blocks, every sample alike."""
        return oo

    def rows(self, g: int | Expr) -> Expr:
        """N_g = s(1) + … + s(g), in units of n."""
        if self.schedule == 1 and self.draw(g) is None:
            return sympify(g)
        dynamics = None if isinstance(g, int) else self.dynamics()
        if dynamics is None:
            return super().rows(g)
        # The newest block's weight is its share of the pool.
        return in_lowest_terms(self.size(GENERATION) / dynamics.innovation[0]).subs(GENERATION, g)

    def weights(self, g: int) -> list[Expr]:
        """s(j)/N_g."""
        return pooled_weights(self, 1, g)

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """Of equal blocks, all alike; else None."""
        return pooled_runs(self, 1, g)

    def size(self, index: int | Expr) -> Expr:
        """s(index); at a symbolic generation, beyond the table that sizes may begin with."""
        concrete = isinstance(index, int) or index.is_number
        return super().size(index) if concrete else late_size(self, index)

    def dynamics(self) -> LinearDynamics | None:
        """δ_g = δ_{g−1} + (s(g)/N_g) ε_g; None where N_g has no closed form."""
        return pooled_dynamics(self)
