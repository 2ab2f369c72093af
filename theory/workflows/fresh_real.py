"""Fresh real: new real samples join the latest block at every generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, S

from theory.expressions.arguments import Exact
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import j
from theory.workflows.base import ONE, Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.replace import Replace
from theory.workflows.share_schedule import amount_schedule, at_generation, share_schedule


@dataclass(frozen=True)
class FreshReal(Workflow):
    r"""Model :math:`g \ge 2` is fitted on n·real new real samples and block :math:`g`.

    :math:`\theta_g = \lambda\,\bar x^{\text{real}}_g + (1-\lambda)\,\bar x_g`, with :math:`\lambda` the
    share of real data: real/(1 + real) when pooled.

    Parameters
    ----------
    share : number or expression in [0, 1], or an expression in ``theory.j``, optional
        Weight on the new real samples at generation j; pooled without it.
    real : positive number or expression, or an expression in ``theory.j``, default 1
        Number of new real samples of generation j, in units of n.

    Notes
    -----
    The risk is derived here.

    Examples
    --------
    >>> from theory import FreshReal
    >>> FreshReal().weights(3), FreshReal().fresh_weight(3)
    ([0, 0, 1/2], 1/2)
    >>> FreshReal(share="1/j").weights(3)
    [0, 0, 2/3]
    """

    share: Exact = None
    real: Exact = ONE
    name: ClassVar[str] = "fresh-real"
    roles: ClassVar[dict[str, str]] = {"share": "probability", "real": "amount"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", share_schedule(self.share))
        object.__setattr__(self, "real", amount_schedule("real", self.real))

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λ from generation 2 on; real/(1 + real) when pooled."""
        if g == 1:
            return S.Zero
        share = in_lowest_terms(self.real / (1 + self.real)) if self.share is None else self.share
        return at_generation(share, g)

    def fresh_size(self, g: int | Expr) -> Expr:
        """``real`` from generation 2 on, in units of n."""
        return S.Zero if g == 1 else at_generation(self.real, g)

    def simplest(self) -> Workflow:
        """Replace for a share of 0."""
        return Replace() if self.share == 0 else self

    @property
    def real_only(self) -> Expr | None:
        """``real`` for a share of 1."""
        return self.real if self.share == 1 and not self.real.has(j) else None

    def rows(self, g: int | Expr) -> Expr:
        """real + s(g), in units of n."""
        return super().rows(g) if isinstance(g, int) else self.fresh_size(g) + self.size(g)

    def weights(self, g: int) -> list[Expr]:
        """(0, …, 0, 1 − λ), and (1) at g = 1."""
        return [S.Zero] * (g - 1) + [1 - self.fresh_weight(g)]

    def weight_runs(self, g: int) -> list[tuple[int, Expr]]:
        """Zeros and the newest."""
        return [(g - 1, S.Zero), (1, 1 - self.fresh_weight(g))]

    def dynamics(self) -> LinearDynamics:
        """δ_g = (1 − λ)(δ_{g−1} + ε_g) + λ ε^real_g."""
        share = self.fresh_weight(GENERATION)
        return LinearDynamics(
            start=2,
            transition=Matrix([[1 - share]]),
            innovation=Matrix([[1 - share]]),
            readout=Matrix([[1]]),
            initial=Matrix([[1]]),
            fresh=Matrix([[share]]),
        )
