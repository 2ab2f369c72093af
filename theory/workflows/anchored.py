"""Real + latest: each model is fitted on the original real block and the latest block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, Rational, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, is_probability
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.replace import Replace
from theory.workflows.share_schedule import at_generation, share_schedule


@dataclass(frozen=True)
class RealPlusLatest(Workflow):
    r"""Model :math:`g \ge 2` is fitted on blocks 1 and :math:`g`.

    :math:`\theta_g = \lambda\,\bar x_1 + (1-\lambda)\,\bar x_g`, with :math:`\lambda` the share of the
    original real block: 1/2 when pooled.

    Parameters
    ----------
    share : number or expression in [0, 1], or an expression in ``theory.j``, optional
        Weight on block 1 in model j. Without it the two blocks are pooled, so 1/2.

    Notes
    -----
    The risk is derived here; with equal shares it settles at 4/3 of the real-data risk to leading order.

    Examples
    --------
    >>> from theory import RealPlusLatest
    >>> RealPlusLatest().weights(4)
    [1/2, 0, 0, 1/2]
    """

    share: Exact = None
    name: ClassVar[str] = "real-plus-latest"
    roles: ClassVar[dict[str, str]] = {"share": "probability"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", share_schedule(self.share))

    @property
    def real_weight(self) -> Expr:
        """Weight on block 1 from generation 2 on, an expression in ``theory.j`` where it changes."""
        return Rational(1, 2) if self.share is None else self.share

    def real_weight_at(self, g: int | Expr) -> Expr:
        """Weight on block 1 in model ``g``, from generation 2 on."""
        return at_generation(self.real_weight, g)

    def simplest(self) -> Workflow:
        """Replace for a share of 0."""
        return Replace() if self.real_weight == 0 else self

    @property
    def real_only(self) -> Expr | None:
        """Block 1 alone, 1, for a share of 1."""
        return S.One if self.real_weight == 1 else None

    def rows(self, g: int | Expr) -> Expr:
        """1 + s(g), in units of n."""
        return super().rows(g) if isinstance(g, int) else 1 + self.size(g)

    def weights(self, g: int) -> list[Expr]:
        """(λ, 0, …, 0, 1 − λ), and (1) at g = 1."""
        if g == 1:
            return [S.One]
        share = self.real_weight_at(g)
        return [share] + [S.Zero] * (g - 2) + [1 - share]

    def weight_runs(self, g: int) -> list[tuple[int, Expr]]:
        """The first, zeros, the newest."""
        if g == 1:
            return [(1, S.One)]
        share = self.real_weight_at(g)
        return [(1, share), (g - 2, S.Zero), (1, 1 - share)]

    def dynamics(self) -> LinearDynamics:
        """State (mean of block 1, model): δ_g = λ δ_1 + (1 − λ)(δ_{g−1} + ε_g)."""
        share = self.real_weight_at(GENERATION)
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
