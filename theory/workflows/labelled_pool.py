"""Labelled pool: real and synthetic rows of every generation are kept, told apart, and weighed as two pools."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sympy import Expr, Matrix, S, factor

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, unchanging
from theory.workflows.anchored import verified_share
from theory.workflows.base import ONE, Workflow, size_schedule
from theory.workflows.contaminated_pool import ContaminatedPool
from theory.workflows.dynamics import GENERATION, LinearDynamics


@dataclass(frozen=True)
class LabelledPool(Workflow):
    r"""The data of a contaminated pool with a label on every row: real rows have the weight λ, synthetic ones 1 − λ.

    Block 1 is real; generation :math:`j \ge 2` adds nρ new real rows and n(1 − ρ) rows of model j − 1, all kept. With
    :math:`R_g` the mean of all real rows and :math:`S_g` that of all synthetic ones,

    .. math:: \delta_g = \lambda R_g + (1-\lambda) S_g, \qquad
              R_g = R_{g-1} + \tfrac{\rho}{1 + (g-1)\rho}(\varrho_g - R_{g-1}), \qquad
              S_g = S_{g-1} + \tfrac{1}{g-1}(\delta_{g-1} + \varepsilon_g - S_{g-1}).

    Without a share both are pooled by their counts, which is :class:`ContaminatedPool`. The label pays: a contaminated
    pool tends to 0 like :math:`G^{-2\rho}` for ρ < 1/2, a labelled one like :math:`G^{-2\lambda}` for λ < 1/2 and like
    1/G for λ > 1/2, however small ρ > 0 is. Best is λ = 1: block j repeats model j − 1, which is known, so that
    what it adds to it is noise, and the best unbiased combination of all rows leaves the synthetic ones out; the ratio
    is then :math:`1/(1 + (G-1)\rho)`.

    Parameters
    ----------
    real : number or expression in (0, 1)
        ρ, the fraction of real rows in every block after the first.
    share : number or expression in [0, 1], optional
        λ, from generation 2 on; by counts without it.
    sizes : expression in ``theory.j``, default 1
        Generation j adds n·s(j) rows, real and synthetic ones together.
    stream : number or expression in ``theory.j``, default 0
        Bias of the real rows of generation j, as of :class:`ContaminatedPool`.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Regular, expected_risk
    >>> from theory.workflows.labelled_pool import LabelledPool
    >>> expected_risk(Regular(), LabelledPool(real="1/10", share=1)).ratio.at(91)
    1/10
    """

    real: Exact
    share: Exact = None
    sizes: Exact = ONE
    stream: Exact = S.Zero
    name: ClassVar[str] = "labelled-pool"
    roles: ClassVar[dict[str, str]] = {"real": "probability", "share": "probability", "sizes": "schedule"}
    keeps_fresh: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real = unchanging("real", self.real)
        if real.is_positive is False or (1 - real).is_positive is False:
            raise DomainError(
                f"real = {self.real} is not a fraction of real rows beside synthetic ones: real must lie between 0 and "
                f"1, neither of them included."
            )
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "share", verified_share(self.share))
        object.__setattr__(self, "sizes", size_schedule(self.sizes))
        object.__setattr__(self, "stream", exact("stream", self.stream))

    def simplest(self) -> Workflow:
        """The contaminated pool where rows are weighed by their counts."""
        return self._by_counts if self.share is None else self

    @property
    def biased_real(self) -> bool:
        """Whether there is a ``stream``."""
        return self.stream != 0

    def fresh_bias(self, g: int | Expr) -> Expr:
        """``stream`` at g."""
        return self._by_counts.fresh_bias(g)

    @property
    def schedule(self) -> Expr:
        """s(1) for the real block, (1 − ρ)s(j) for the synthetic ones."""
        return self._by_counts.schedule

    def size(self, index: int | Expr) -> Expr:
        """s(1) for block 1, (1 − ρ)s(index) for the synthetic rows of every other."""
        return self._by_counts.size(index)

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ s(g), from generation 2 on."""
        return self._by_counts.fresh_size(g)

    def rows(self, g: int | Expr) -> Expr:
        """All of them, those without a weight left out, in units of n."""
        if g == 1 or self.share == 1:
            return self._real_rows(g)
        return self._synthetic_rows(g) if self.share == 0 else self._by_counts.rows(g)

    def weights(self, g: int) -> list[Expr]:
        """λ s(1)/N_real of block 1, (1 − λ) s(j)/(s(2) + … + s(g)) of every other."""
        if self.share is None:
            return self._by_counts.weights(g)
        if g == 1:
            return [S.One]
        real, synthetic = self.share / self._real_rows(g), (1 - self.share) / self._synthetic_rows(g)
        return [real * self.size(1), *(synthetic * self.size(index) for index in range(2, g + 1))]

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λρ s(g)/N_real, from generation 2 on."""
        if self.share is None:
            return self._by_counts.fresh_weight(g)
        return S.Zero if g == 1 else self.share * self.fresh_size(g) / self._real_rows(g)

    def fresh_weights(self, g: int) -> list[Expr]:
        """λρ(0, s(2), …, s(g))/N_real."""
        if self.share is None:
            return self._by_counts.fresh_weights(g)
        weight = self.share / self._real_rows(g)
        return [S.Zero, *(weight * self.fresh_size(index) for index in range(2, g + 1))]

    def dynamics(self) -> LinearDynamics | None:
        """State (R, S); S before its first block is block 1, which block 2 replaces. None where the pool has none."""
        if self.share is None:
            return self._by_counts.dynamics()
        g, share, pooled = GENERATION, self.share, self._by_counts.dynamics()
        if pooled is None:
            return None
        newest_real = factor(self.fresh_size(g) / self._real_rows(g))
        newest = factor(self._by_counts.block(g) / self._later_rows(g))
        rows = self._real_rows(g)
        if share == 1:
            return LinearDynamics(
                start=2,
                transition=Matrix([[1 - newest_real]]),
                innovation=Matrix([[0]]),
                readout=Matrix([[1]]),
                initial=Matrix([[1]]),
                fresh=Matrix([[newest_real]]),
            )
        return LinearDynamics(
            start=2,
            transition=Matrix([[1 - newest_real, 0], [share * newest, 1 - share * newest]]),
            innovation=Matrix([0, newest]),
            readout=Matrix([[share, 1 - share]]),
            initial=Matrix([1, 1]),
            fresh=Matrix([newest_real, 0]),
            # All real rows, and what they share with the synthetic ones, which hand on what they were told; of other
            # sums of sizes the step from one generation to the next is not seen.
            known=tuple((row, 0, factor(1 / rows)) for row in (0, 1)) if rows.is_rational_function(g) else (),
        )

    def _real_rows(self, g: int | Expr) -> Expr:
        """s(1) + ρ(s(2) + … + s(g)), in units of n."""
        return self._by_counts.size(1) + self.real * self._later_rows(g)

    def _synthetic_rows(self, g: int | Expr) -> Expr:
        """(1 − ρ)(s(2) + … + s(g)), in units of n."""
        return (1 - self.real) * self._later_rows(g)

    def _later_rows(self, g: int | Expr) -> Expr:
        """s(2) + … + s(g)."""
        return self._by_counts.rows(g) - self._by_counts.size(1)

    @cached_property
    def _by_counts(self) -> ContaminatedPool:
        return ContaminatedPool(self.real, self.sizes, self.stream)
