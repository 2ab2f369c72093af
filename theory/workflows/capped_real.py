"""Capped real: real data are fixed once, and synthetic data accumulate beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Eq, Expr, Matrix, Piecewise, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact, unchanging
from theory.expressions.symbols import j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import ONE, Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.share_schedule import amount_schedule


class SyntheticBlocks(Workflow):
    """Block 1 holds n real samples, every later block n·synthetic samples of the latest model."""

    synthetic: Exact

    @property
    def sizes(self) -> Expr:  # type: ignore[override]
        """s(j): 1 for the real block, ``synthetic`` for the others."""
        return ONE if self.synthetic == 1 else Piecewise((S.One, Eq(j, 1)), (self.synthetic, True))

    def size(self, index: int | Expr) -> Expr:
        """1 for block 1, ``synthetic`` for every other."""
        # A symbolic index is a generation of the recursion, which starts at 2.
        return S.One if index == 1 else self.synthetic


@dataclass(frozen=True)
class CappedReal(SyntheticBlocks):
    r"""Model :math:`g` is fitted on n real samples, always the same, and on all synthetic samples so far.

    Real data are capped at the n of block 1; every generation adds n·s samples drawn from the latest model, and
    everything is pooled. With :math:`N_g = 1 + (g-1)s`,

    .. math:: \theta_g = \theta_{g-1} + \frac{s}{N_g}\,\varepsilon_g \quad (g \ge 2),

    so to leading order the risk ratio increases to :math:`1 + \psi'(1 + 1/s)/s`: bounded for every s,
    by :math:`\pi^2/6` for s = 1 (accumulate), by 2 for many small blocks (s → 0), and by hardly more than 1 for large
    ones, which repeat the first model almost without noise.

    Parameters
    ----------
    synthetic : positive number or expression, or an expression in ``theory.j``, default 1
        Synthetic samples that generation j adds, in units of n.

    Notes
    -----
    Derived here. Generation 2 is the question of :func:`theory.design.value.value_of_synthetic` where the generator was
    fitted on all the real data there are.

    Examples
    --------
    >>> from theory import GaussianMean, expected_risk
    >>> from theory.workflows.capped_real import CappedReal
    >>> CappedReal(synthetic=2).weights(3)
    [1/5, 2/5, 2/5]
    >>> expected_risk(GaussianMean(sigma2=1, n=1), CappedReal(synthetic=2)).limit
    -1 + pi**2/4
    """

    synthetic: Exact = ONE
    name: ClassVar[str] = "capped-real"
    roles: ClassVar[dict[str, str]] = {"synthetic": "amount"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "synthetic", amount_schedule("synthetic", self.synthetic, "an amount of data"))

    def simplest(self) -> Workflow:
        """Accumulate for synthetic blocks as large as the real one, or of changing size."""
        return self._accumulated if self._varies or self.synthetic == 1 else self

    @property
    def _varies(self) -> bool:
        return bool(self.synthetic.has(j))

    @property
    def _accumulated(self) -> Accumulate:
        """The same pool, as accumulate keeps it."""
        return Accumulate(sizes=self.sizes)

    def size(self, index: int | Expr) -> Expr:
        """1 for block 1, ``synthetic`` at the index for every other."""
        return S.One if index == 1 else self.synthetic.subs(j, index) if self._varies else self.synthetic

    def rows(self, g: int | Expr) -> Expr:
        """N_g = 1 + s(2) + … + s(g), in units of n."""
        return self._accumulated.rows(g) if self._varies else self._pool(g)

    def weights(self, g: int) -> list[Expr]:
        """(1, s(2), …, s(g))/N_g."""
        if self._varies:
            return self._accumulated.weights(g)
        pool = self._pool(g)
        return [1 / pool] + [self.synthetic / pool] * (g - 1)

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """The first, and all others alike; None where sizes vary."""
        if self._varies:
            return None
        pool = self._pool(g)
        return [(1, 1 / pool), (g - 1, self.synthetic / pool)]

    def dynamics(self) -> LinearDynamics | None:
        """δ_g = δ_{g−1} + (s(g)/N_g) ε_g; None where N_g has no closed form."""
        if self._varies:
            return self._accumulated.dynamics()
        return LinearDynamics(
            start=2,
            transition=Matrix([[1]]),
            innovation=Matrix([[self.synthetic / self._pool(GENERATION)]]),
            readout=Matrix([[1]]),
            initial=Matrix([[1]]),
        )

    def _pool(self, g: int | Expr) -> Expr:
        """Samples in the fit of model g, in units of n."""
        return 1 + (g - 1) * self.synthetic


def verified_amount(name: str, value: object) -> Expr:
    """Verify an amount of data in units of n, a positive number or expression."""
    amount = unchanging(name, value)
    if amount.is_positive is False or amount.is_real is False:
        raise DomainError(f"{name} = {value} is not an amount of data: {name} must be positive.")
    return amount
