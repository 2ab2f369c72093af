"""Sampled pool: a contaminated pool whose blocks are not drawn from alike, newer ones more often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Matrix, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import j
from theory.workflows.base import Workflow
from theory.workflows.contaminated_pool import verified_fraction
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.share_schedule import at_generation, probability_schedule


@dataclass(frozen=True)
class SampledPool(Workflow):
    r"""A pool with an unlabelled real fraction ρ in every block after the first, its newest block weighed :math:`a_g`.

    What the blocks before weighed in model g − 1 is multiplied by :math:`1 - a_g`, so that block j has the weight
    :math:`a_j (1-a_{j+1}) \cdots (1-a_g)`, and

    .. math:: \delta_g = (1 - \rho\,a_g)\,\delta_{g-1} + a_g\bigl((1-\rho)\,\varepsilon_g + \rho\,\varrho_g\bigr).

    :math:`a_g = 1/g` is the contaminated pool, :math:`(1-q)/(1-q^g)` a pool that forgets at the rate q. Left out, the
    best: :math:`a_g = \rho/(1+\rho^2(g-1))`, see :func:`theory.design.optimal_sampling`.

    Parameters
    ----------
    real : number or expression in [0, 1]
        ρ, the fraction of real rows in every block after the first, which is real altogether.
    newest : number or expression in [0, 1], or expression in ``theory.j``, optional
        :math:`a_j` from generation 2 on; block 1 is all there is at generation 1.

    Notes
    -----
    Blocks hold n rows. Derived here.

    Examples
    --------
    >>> from theory import Regular, expected_risk
    >>> from theory.design import SampledPool
    >>> expected_risk(Regular(), SampledPool(real="1/4")).ratio.closed_form
    1/(G/16 + 15/16)
    >>> expected_risk(Regular(), SampledPool(real="1/4", newest="1/j")).ratio.at(3)
    2963/3072
    """

    real: Exact
    newest: Exact = None
    name: ClassVar[str] = "sampled-pool"
    roles: ClassVar[dict[str, str]] = {"real": "probability", "newest": "probability"}
    keeps_fresh: ClassVar[bool] = True

    def __post_init__(self) -> None:
        real = verified_fraction(self.real)
        if real.has(j):
            raise DomainError(
                f"real = {real} changes with j: the fraction of real rows must be the same in each block."
            )
        object.__setattr__(self, "real", real)
        if self.newest is None:
            newest = best_newest(real)
        else:
            where = "at generation {g} it is {value}, and must lie between 0 and 1"
            newest = probability_schedule("newest", self.newest, "a weight of the newest block", where)
        object.__setattr__(self, "newest", newest)

    def newest_at(self, g: int | Expr) -> Expr:
        """a_g; 1 at generation 1."""
        return S.One if g == 1 else in_lowest_terms(at_generation(self.newest, g))  # type: ignore[arg-type]

    def shares(self, g: int) -> list[Expr]:
        """The weights of whole blocks 1..g, real and synthetic rows together."""
        kept, found = S.One, []
        for index in range(g, 0, -1):
            newest = self.newest_at(index)
            found.append(kept * newest)
            kept = kept * (1 - newest)
        return found[::-1]

    def size(self, index: int | Expr) -> Expr:
        """1 − ρ, the synthetic rows of a block, and 1 of block 1; where there are none they have no weight."""
        return S.One if index == 1 or self.real == 1 else 1 - self.real

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ, from generation 2 on."""
        return S.Zero if g == 1 else self.real

    def weights(self, g: int) -> list[Expr]:
        """1 − ρ of the weight of every block after the first."""
        first, *later = self.shares(g)
        return [first, *((1 - self.real) * share for share in later)]

    def fresh_weight(self, g: int | Expr) -> Expr:
        """ρ a_g, from generation 2 on."""
        return S.Zero if g == 1 else self.real * self.newest_at(g)

    def fresh_weights(self, g: int) -> list[Expr]:
        """ρ of the weight of every block after the first."""
        return [S.Zero, *(self.real * share for share in self.shares(g)[1:])]

    def dynamics(self) -> LinearDynamics:
        """The recursion above, from generation 2 on; for the best weights that of I_g δ_g, I_g = 1 + ρ²(g − 1)."""
        newest, one = self.newest_at(GENERATION), Matrix([[1]])
        if self.newest == best_newest(self.real):
            return LinearDynamics(
                start=2,
                transition=one,
                innovation=Matrix([[(1 - self.real) * self.real]]),
                readout=Matrix([[1 / (1 + self.real**2 * (GENERATION - 1))]]),
                initial=one,
                fresh=Matrix([[self.real**2]]),
            )
        return LinearDynamics(
            start=2,
            transition=Matrix([[1 - self.real * newest]]),
            innovation=Matrix([[(1 - self.real) * newest]]),
            readout=one,
            initial=one,
            fresh=Matrix([[self.real * newest]]),
        )


def best_newest(real: Expr) -> Expr:
    """ρ/(1 + ρ²(j − 1))."""
    return real / (1 + real**2 * (j - 1))
