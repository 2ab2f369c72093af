"""Contaminated pool: everything is kept, and later blocks are part real, part the last model's, without a label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sympy import Eq, Expr, Matrix, Piecewise, Rational, S

from theory.expressions.arguments import Exact, exact
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import ONE, Workflow, size_schedule
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.share_schedule import probability_schedule
from theory.workflows.tables import pooled_dynamics


@dataclass(frozen=True)
class ContaminatedPool(Workflow):
    r"""Model :math:`g` is fitted on blocks :math:`1, \dots, g`, pooled; from block 2 on a fraction ρ of each is real.

    Block :math:`j \ge 2` holds :math:`n\,s(j)` rows: :math:`n\,\rho\,s(j)` new real ones and
    :math:`n\,(1-\rho)\,s(j)` drawn from model :math:`j-1`, and nobody can tell which are which. With
    :math:`p_g = s(g)/N_g`, the share of the newest block in the pool,

    .. math:: \delta_g = (1 - \rho\,p_g)\,\delta_{g-1} + p_g\bigl((1-\rho)\,\varepsilon_g + \rho\,\varrho_g\bigr).

    For equal sizes and no curvature the ratio obeys :math:`y_g = (1 - \rho/g)^2 y_{g-1} + 1/g^2`: it tends to 0 for
    every :math:`\rho > 0`, like :math:`C(\rho)\,G^{-2\rho}` below one half, with
    :math:`C(\rho) = {}_3F_2(1, 1, 1;\, 2-\rho, 2-\rho;\, 1)/\Gamma(2-\rho)^2`, like :math:`\ln G/G` at one half and
    like :math:`1/((2\rho-1)G)` above.

    Parameters
    ----------
    real : number or expression in ``theory.j``, in [0, 1]
        ρ, the fraction of real rows in every block after the first, which is real altogether. It is a proportion that
        every block has exactly: nρs(j) of its rows are real, one at least. Where that is no whole number the two parts
        are still weighed ρ to 1 − ρ, and values are those of the same formula; only whole numbers of rows can be
        simulated. 0 is accumulate, 1 is real data alone.
    sizes : expression in ``theory.j``, or :class:`theory.RandomSizes`, default 1
        Block j holds n·s(j) rows, real and synthetic ones together.
    stream : number or expression in ``theory.j``, default 0
        Bias of the real rows of generation j, block 1 among them: they are drawn from the family at the mean
        :math:`\theta_0 + b_j`, in units of that mean. For exponential families, and those that bend.

    Notes
    -----
    Derived here. Where every row is real with probability ρ, independently, the risk is larger in the order 1/n: see
    :func:`theory.design.contamination.row_by_row`.

    Examples
    --------
    >>> from theory import Bernoulli, Regular, expected_risk
    >>> from theory.workflows.contaminated_pool import ContaminatedPool
    >>> half = ContaminatedPool(real="1/2")
    >>> half.weights(3), half.fresh_weights(3)
    ([1/3, 1/6, 1/6], [0, 1/6, 1/6])
    >>> expected_risk(Bernoulli(p="1/3", n=4), half).at(6)
    293186593/12230590464
    >>> expected_risk(Regular(), ContaminatedPool(real="3/4")).ratio.growth
    2/G
    """

    real: Exact
    sizes: Exact = ONE
    stream: Exact = S.Zero
    name: ClassVar[str] = "contaminated-pool"
    roles: ClassVar[dict[str, str]] = {"real": "probability", "sizes": "schedule"}
    keeps_fresh: ClassVar[bool] = True
    only_grows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "real", verified_fraction(self.real))
        object.__setattr__(self, "sizes", size_schedule(self.sizes))
        object.__setattr__(self, "stream", exact("stream", self.stream))

    def simplest(self) -> Workflow:
        """Accumulate where no later row is real."""
        return Accumulate(self.sizes) if self.real == 0 and self.stream == 0 else self

    @property
    def schedule(self) -> Expr:
        """Sizes of the synthetic part of each block, which is what models are drawn for; block 1 is real."""
        if self.real in (0, 1):
            return self.sizes
        return Piecewise((self.sizes.subs(j, 1), Eq(j, 1)), ((1 - self.real) * self.sizes, True))

    def fraction(self, index: int | Expr) -> Expr:
        """ρ of one block."""
        return self.real if self.real.is_number else self.real.subs(j, index)

    def size(self, index: int | Expr) -> Expr:
        """(1 − ρ) s(index), the synthetic rows; all n·s(1) of block 1. Where there are none they have no weight."""
        whole = self.block(index)
        fraction = self.fraction(index)
        return whole if index == 1 or fraction == 1 else (1 - fraction) * whole

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ s(g), the real rows of block g, from generation 2 on."""
        return S.Zero if g == 1 else self.fraction(g) * self.block(g)

    def rows(self, g: int | Expr) -> Expr:
        """N_g = s(1) + … + s(g), in units of n."""
        return self._pool.rows(g)

    def weights(self, g: int) -> list[Expr]:
        """(s(1), (1 − ρ)s(2), …, (1 − ρ)s(g))/N_g."""
        total = self.rows(g)
        return [S.Zero if self._is_real(index) else self.size(index) / total for index in range(1, g + 1)]

    def fresh_weight(self, g: int | Expr) -> Expr:
        """ρ s(g)/N_g, from generation 2 on."""
        return S.Zero if g == 1 else in_lowest_terms(self.fresh_size(g) / self.rows(g))

    def fresh_weights(self, g: int) -> list[Expr]:
        """(0, ρ s(2), …, ρ s(g))/N_g."""
        total = self.rows(g)
        return [S.Zero, *(self.fresh_size(index) / total for index in range(2, g + 1))]

    def weight_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """The first, and all others alike; None where sizes or ρ vary."""
        if not self._is_even:
            return None
        return [(1, Rational(1, g)), (g - 1, (1 - self.real) / g)]

    def fresh_runs(self, g: int) -> list[tuple[int, Expr]] | None:
        """None of the first, and all others alike; None where sizes or ρ vary."""
        return [(1, S.Zero), (g - 1, self.real / g)] if self._is_even else None

    @property
    def _is_even(self) -> bool:
        """Whether all blocks are alike."""
        return self.real.is_Rational and self.random_sizes is None and self.sizes.is_Rational

    @property
    def biased_real(self) -> bool:
        """Whether there is a ``stream``."""
        return self.stream != 0

    def fresh_bias(self, g: int | Expr) -> Expr:
        """``stream`` at g."""
        return self.stream if self.stream.is_number else self.stream.subs(j, g)

    def dynamics(self) -> LinearDynamics | None:
        """The recursion above, from generation 2 on; None where N_g has no closed form, or sizes begin with a table."""
        pooled = pooled_dynamics(self._pool)
        if pooled is None or pooled.start > 2:
            return None
        newest, fraction = pooled.innovation[0], self.fraction(GENERATION)
        return LinearDynamics(
            start=2,
            transition=Matrix([[1 - fraction * newest]]),
            innovation=Matrix([[(1 - fraction) * newest]]),
            readout=Matrix([[1]]),
            initial=Matrix([[1]]),
            fresh=Matrix([[fraction * newest]]),
        )

    def _is_real(self, index: int) -> bool:
        """Whether a block after the first holds real rows alone."""
        return index > 1 and self.fraction(index) == 1

    def block(self, index: int | Expr) -> Expr:
        """s(index), real and synthetic rows together, in units of n."""
        return self._pool.size(index)

    @cached_property
    def _pool(self) -> Accumulate:
        """The same blocks without a label, as accumulate keeps them."""
        return Accumulate(self.sizes)


def verified_fraction(value: object) -> Expr:
    """Verify a fraction of real rows: a number or expression in [0, 1], possibly changing with ``theory.j``."""
    where = "at block {g}, where it is {value}, it must lie between 0 and 1"
    return probability_schedule("real", value, "a fraction of real rows", where)
