"""Real and synthetic: a generator fitted on some real samples, then a model fitted on real and synthetic ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Integer, Matrix, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import Exact, truth_value
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least
from theory.workflows.anchored import RealPlusLatest, verified_share
from theory.workflows.base import ONE, Workflow
from theory.workflows.capped_real import SyntheticBlocks, verified_amount
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.fresh_real import FreshReal
from theory.workflows.replace import Replace


@dataclass(frozen=True)
class RealAndSynthetic(SyntheticBlocks):
    r"""Model 1 is fitted on n real samples; model :math:`g \ge 2` on n·real real and n·synthetic synthetic ones.

    :math:`\theta_g = (1-\lambda)\,\bar x^{\text{real}} + \lambda\,\bar x_g` for :math:`g \ge 2`, where block g holds
    n·synthetic samples of model g − 1. Either all real samples are others than the generator's, drawn afresh
    (``overlap=False``), or the n of block 1 are among them and n·(real − 1) are drawn afresh (``overlap=True``),
    and then :math:`\bar x^{\text{real}} = \bar x_1/\text{real} + (1 - 1/\text{real})\,\bar x^{\text{fresh}}_g`.

    Generation 2 is the question of :func:`theory.design.value.value_of_synthetic`, with n = n_0; later ones repeat it.

    Parameters
    ----------
    real : positive number or expression, default 1
        n_r/n_0, the real samples of models 2, 3, … in units of n; at least 1 with overlap.
    synthetic : positive number or expression, default 1
        n_s/n_0, their synthetic samples in units of n.
    overlap : bool, default False
        Whether the samples of block 1 are among the real ones.
    share : number or expression in [0, 1], optional
        Weight 1 − λ of the real samples; pooled without it.

    Notes
    -----
    Derived here. Without overlap and with synthetic = 1 it is :class:`theory.FreshReal`; with overlap and real = 1,
    real-plus-latest with another block size.

    Examples
    --------
    >>> from theory.workflows.real_and_synthetic import RealAndSynthetic
    >>> disjoint, overlapping = RealAndSynthetic(3, 2), RealAndSynthetic(3, 2, overlap=True)
    >>> disjoint.weights(2), disjoint.fresh_weight(2), disjoint.fresh_size(2)
    ([0, 2/5], 3/5, 3)
    >>> overlapping.weights(2), overlapping.fresh_weight(2), overlapping.fresh_size(2)
    ([1/5, 2/5], 2/5, 2)
    """

    real: Exact = ONE
    synthetic: Exact = ONE
    overlap: bool = False
    share: Exact = None
    name: ClassVar[str] = "real-and-synthetic"
    roles: ClassVar[dict[str, str]] = {"real": "amount", "synthetic": "amount", "share": "probability"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "real", verified_amount("real", self.real))
        object.__setattr__(self, "synthetic", verified_amount("synthetic", self.synthetic))
        object.__setattr__(self, "share", verified_share(self.share))
        object.__setattr__(self, "overlap", truth_value("overlap", self.overlap))
        if self.overlap and (self.real - 1).is_negative:
            raise DomainError(
                f"real = {self.real} is less than the data of block 1, which are among the real data: with overlap, "
                f"real must be 1 or more."
            )

    def simplest(self) -> Workflow:
        """The workflow it coincides with for special amounts, such as fresh real data for one synthetic block."""
        if self.share == 0:
            return Replace(self.sizes)
        if self.synthetic != 1:
            return self
        if not self.overlap:
            return FreshReal(self.share, self.real).simplest()
        return RealPlusLatest(self.share) if self.real == 1 else self

    @property
    def real_only(self) -> Expr | None:
        """``real`` for a share of 1."""
        return self.real if self.share == 1 else None

    def ranges(self) -> dict[Symbol, Expr]:
        """Those of the roles; n·real samples hold the n of block 1 where they overlap."""
        least = {self.real: at_least(S.One)} if self.overlap and isinstance(self.real, Symbol) else {}
        return {**super().ranges(), **least}

    @property
    def real_weight(self) -> Expr:
        """Weight 1 − λ on all the real samples, from generation 2 on."""
        return in_lowest_terms(self.real / (self.real + self.synthetic)) if self.share is None else self.share

    @property
    def _anchor(self) -> Expr:
        """Weight on block 1."""
        return self.real_weight / self.real if self.overlap else S.Zero

    def fresh_weight(self, g: int | Expr) -> Expr:
        """1 − λ less what of it is on block 1, from generation 2 on."""
        return S.Zero if g == 1 else self.real_weight - self._anchor

    def fresh_size(self, g: int | Expr) -> Expr:
        """real, or real − 1 with overlap, in units of n."""
        if g == 1:
            return S.Zero
        return self.real - 1 if self.overlap else self.real

    def rows(self, g: int | Expr) -> Expr:
        """real + synthetic, in units of n."""
        return super().rows(g) if isinstance(g, int) else self.real + self.synthetic

    def weights(self, g: int) -> list[Expr]:
        """(anchor, 0, …, 0, λ), and (1) at g = 1; the anchor is 0 without overlap."""
        if g == 1:
            return [S.One]
        return [self._anchor] + [S.Zero] * (g - 2) + [1 - self.real_weight]

    def weight_runs(self, g: int) -> list[tuple[int, Expr]]:
        """The first, zeros, the newest."""
        if g == 1:
            return [(1, S.One)]
        return [(1, self._anchor), (g - 2, S.Zero), (1, 1 - self.real_weight)]

    def dynamics(self) -> LinearDynamics:
        """δ_g = anchor·δ_1 + λ(δ_{g−1} + ε_g) + ω ε^real_g; the state holds δ_1 where there is an anchor."""
        newest, anchor = 1 - self.real_weight, self._anchor
        # written as a product, so that its square over the number of fresh samples cancels where there are none
        fresh = self.real_weight * (self.real - Integer(int(self.overlap))) / self.real
        if anchor == 0:
            return LinearDynamics(
                start=2,
                transition=Matrix([[newest]]),
                innovation=Matrix([[newest]]),
                readout=Matrix([[1]]),
                initial=Matrix([[1]]),
                fresh=Matrix([[fresh]]),
            )
        # The state is (mean of block 1, model).
        return LinearDynamics(
            start=2,
            transition=Matrix([[1, 0], [anchor, newest]]),
            innovation=Matrix([0, newest]),
            readout=Matrix([[0, 1]]),
            initial=Matrix([1, 1]),
            fresh=Matrix([0, fresh]),
        )
