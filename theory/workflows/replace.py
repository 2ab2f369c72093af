"""Replace (discard): each model is fitted on the latest block alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, S

from theory.expressions.arguments import Exact
from theory.workflows.base import ONE, Workflow, size_schedule
from theory.workflows.dynamics import LinearDynamics, random_walk


@dataclass(frozen=True)
class Replace(Workflow):
    r"""Model :math:`g` is fitted on block :math:`g`: :math:`\theta_g = \bar x_g`.

    Parameters
    ----------
    sizes : expression in ``theory.j``, or :class:`theory.RandomSizes`, default 1
        Block j holds n·s(j) samples.

    Notes
    -----
    The noise of every generation survives unchanged, :math:`C_{g,j} = 1`: the "replace" workflow of
    Gerstgrasser et al. (2024), "discard" in Dey and Donoho (2024).

    Examples
    --------
    >>> from theory import Replace
    >>> Replace().weights(3)
    [0, 0, 1]
    """

    sizes: Exact = ONE
    name: ClassVar[str] = "replace"
    roles: ClassVar[dict[str, str]] = {"sizes": "schedule"}
    weighs_by_size: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", size_schedule(self.sizes))

    @property
    def pooled(self) -> Expr:
        """1: the newest block alone."""
        return S.One

    def rows(self, g: int | Expr) -> Expr:
        """s(g), in units of n."""
        return self.size(g)

    def weights(self, g: int) -> list[Expr]:
        """(0, …, 0, 1)."""
        return [S.Zero] * (g - 1) + [S.One]

    def weight_runs(self, g: int) -> list[tuple[int, Expr]]:
        """Zeros and a one."""
        return [(g - 1, S.Zero), (1, S.One)]

    def dynamics(self) -> LinearDynamics:
        """δ_g = δ_{g−1} + ε_g."""
        return random_walk(gain=lambda g: S.One)
