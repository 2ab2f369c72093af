"""Real + latest: each model is fitted on the original real block and the latest block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, Rational, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import exact, is_probability
from theory.expressions.signs import unit_interval
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.replace import Replace


@dataclass(frozen=True)
class RealPlusLatest(Workflow):
    r"""Model :math:`g \ge 2` is fitted on blocks 1 and :math:`g`.

    :math:`\theta_g = \lambda\,\bar x_1 + (1-\lambda)\,\bar x_g`, with :math:`\lambda` the share of the
    original real block: 1/2 when pooled.

    Parameters
    ----------
    share : number or expression in [0, 1], optional
        Weight on block 1. Without it the two blocks are pooled, so 1/2.

    Notes
    -----
    The risk is derived here; with equal shares it settles at 4/3 of the real-data risk to leading order.

    Examples
    --------
    >>> from theory import RealPlusLatest
    >>> RealPlusLatest().weights(4)
    [1/2, 0, 0, 1/2]
    """

    share: Expr | None = None
    name: ClassVar[str] = "real-plus-latest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", verified_share(self.share))

    @property
    def real_weight(self) -> Expr:
        """Weight on block 1 from generation 2 on."""
        return Rational(1, 2) if self.share is None else self.share

    def simplest(self) -> Workflow:
        return Replace() if self.real_weight == 0 else self

    @property
    def real_only(self) -> Expr | None:
        return S.One if self.real_weight == 1 else None

    def ranges(self) -> dict[Symbol, Expr]:
        return {self.share: unit_interval()} if isinstance(self.share, Symbol) else {}

    def rows(self, g: int | Expr) -> Expr:
        return super().rows(g) if isinstance(g, int) else 1 + self.size(g)

    def weights(self, g: int) -> list[Expr]:
        if g == 1:
            return [S.One]
        return [self.real_weight] + [S.Zero] * (g - 2) + [1 - self.real_weight]

    def dynamics(self) -> LinearDynamics:
        share = self.real_weight
        return LinearDynamics(
            start=2,
            transition=Matrix([[1, 0], [share, 1 - share]]),
            innovation=Matrix([0, 1 - share]),
            readout=Matrix([[0, 1]]),
            initial=Matrix([[1], [1]]),
        )


def verified_share(share: object) -> Expr | None:
    """Verify a share of real data, a number or expression in [0, 1]; None means pooled."""
    if share is None:
        return None
    value = exact("share", share)
    if value.is_real is False or is_probability(value) is False:
        raise DomainError(f"share = {share} is not a share of real data: share must lie between 0 and 1.")
    return value
