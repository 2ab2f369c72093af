"""Fresh real: new real samples join the latest block at every generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, S, cancel

from theory.errors import DomainError
from theory.expressions.arguments import unchanging
from theory.workflows.anchored import verified_share
from theory.workflows.base import ONE, Workflow
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.replace import Replace


@dataclass(frozen=True)
class FreshReal(Workflow):
    r"""Model :math:`g \ge 2` is fitted on n·real new real samples and block :math:`g`.

    :math:`\theta_g = \lambda\,\bar x^{\text{real}}_g + (1-\lambda)\,\bar x_g`, with :math:`\lambda` the
    share of real data: real/(1 + real) when pooled.

    Parameters
    ----------
    share : number or expression in [0, 1], optional
        Weight on the new real samples; pooled without it.
    real : positive number or expression, default 1
        Number of new real samples a generation, in units of n.

    Notes
    -----
    The risk is derived here.

    Examples
    --------
    >>> from theory import FreshReal
    >>> FreshReal().weights(3), FreshReal().fresh_weight(3)
    ([0, 0, 1/2], 1/2)
    """

    share: Expr | None = None
    real: Expr = ONE
    name: ClassVar[str] = "fresh-real"
    roles: ClassVar[dict[str, str]] = {"share": "probability", "real": "amount"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", verified_share(self.share))
        real = unchanging("real", self.real)
        if real.is_positive is False or real.is_real is False:
            raise DomainError(f"real = {self.real} is not an amount of real data: real must be positive.")
        object.__setattr__(self, "real", real)

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λ from generation 2 on; real/(1 + real) when pooled."""
        if g == 1:
            return S.Zero
        return cancel(self.real / (1 + self.real)) if self.share is None else self.share

    def fresh_size(self, g: int | Expr) -> Expr:
        """``real`` from generation 2 on, in units of n."""
        return S.Zero if g == 1 else self.real

    def simplest(self) -> Workflow:
        """Replace for a share of 0."""
        return Replace() if self.share == 0 else self

    @property
    def real_only(self) -> Expr | None:
        """``real`` for a share of 1."""
        return self.real if self.share == 1 else None

    def rows(self, g: int | Expr) -> Expr:
        """real + s(g), in units of n."""
        return super().rows(g) if isinstance(g, int) else self.real + self.size(g)

    def weights(self, g: int) -> list[Expr]:
        """(0, …, 0, 1 − λ), and (1) at g = 1."""
        return [S.Zero] * (g - 1) + [1 - self.fresh_weight(g)]

    def dynamics(self) -> LinearDynamics:
        """δ_g = (1 − λ)(δ_{g−1} + ε_g) + λ ε^real_g."""
        share = self.fresh_weight(2)
        return LinearDynamics(
            start=2,
            transition=Matrix([[1 - share]]),
            innovation=Matrix([[1 - share]]),
            readout=Matrix([[1]]),
            initial=Matrix([[1]]),
            fresh=Matrix([[share]]),
        )
