"""Forgetting: older blocks fade out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from sympy import Expr, Matrix, S

from theory.errors import DomainError
from theory.expressions.arguments import Exact, is_probability
from theory.expressions.block_size import BlockSize
from theory.expressions.symbols import j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import ONE, Workflow, size_schedule
from theory.workflows.dynamics import GENERATION, FadingMemory, LinearDynamics
from theory.workflows.memory import remembered
from theory.workflows.pathway import Pathways
from theory.workflows.replace import Replace
from theory.workflows.share_schedule import lies_in_range, probability_schedule
from theory.workflows.tables import kept_dynamics, table_and_tail

#: Generations up to which a rate of 0 is looked for.
LATEST_START = 4


@dataclass(frozen=True)
class Forgetting(Workflow):
    r"""Model :math:`g` is fitted on every block so far, an older one with less weight: each step back by a factor q.

    .. math:: w_{g,j} = \frac{s(j)}{M_g} \prod_{j < i \le g} q_i, \qquad M_g = q_g M_{g-1} + s(g),\; M_0 = 0,

    which is :math:`\propto q^{g-j}` for a constant rate and equal sizes. The fit moves by the newest noise alone,
    :math:`\theta_g = \theta_{g-1} + \frac{s(g)}{M_g}\,\varepsilon_g`, so the ratio is
    :math:`s(1) \sum_g s(g)/M_g^2`: for a constant rate :math:`\sum_g \bigl(\frac{1-q}{1-q^g}\bigr)^2`, which grows as
    :math:`(1-q)^2 G`; bounded exactly where the memory lengthens fast enough that the sum converges.

    Parameters
    ----------
    rate : number or expression in [0, 1], or an expression in ``theory.j``
        q_j, by which all earlier blocks fade when block j comes. 0 is replace, 1 accumulate.
    sizes : expression in ``theory.j``, default 1
        Block j holds n·s(j) samples.

    Notes
    -----
    Derived here; see docs/laws.md. A rate of :math:`q_j = 1 - c\,j^{-a}` remembers :math:`\sim j^a/c` blocks, and stays
    bounded exactly for a > 1/2. Where a rate is 0 on the way, as 1 − 2/j is at j = 2, everything before that block is
    forgotten, the real block too: the model there is fitted on the newest block alone, as under replace.

    Examples
    --------
    >>> from theory import Forgetting, Regular, expected_risk
    >>> Forgetting(rate="1/2").weights(3)
    [1/7, 2/7, 4/7]
    >>> expected_risk(Regular(), Forgetting("1/2")).ratio.at(3)
    781/441
    >>> expected_risk(Regular(), Forgetting("1 - 1/j")).ratio.limit
    -4 + 2*pi**2/3
    """

    rate: Exact
    sizes: Exact = ONE
    name: ClassVar[str] = "forgetting"
    roles: ClassVar[dict[str, str]] = {"rate": "probability", "sizes": "schedule"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", verified_rate(self.rate))
        object.__setattr__(self, "sizes", size_schedule(self.sizes))

    def simplest(self) -> Workflow:
        """Replace for a rate of 0, accumulate for 1."""
        return Replace(self.sizes) if self.rate == 0 else Accumulate(self.sizes) if self.rate == 1 else self

    @property
    def pooled(self) -> Expr | None:
        """As replace and accumulate, where it is one of them."""
        simplest = self.simplest()
        return None if simplest is self else simplest.pooled

    def rows(self, g: int | Expr) -> Expr:
        """s(1) + … + s(g), in units of n: every sample so far, however faded. At a rate of 0 the newest block alone."""
        simplest = self.simplest()
        if simplest is not self or not isinstance(g, int):
            return (Accumulate(self.sizes) if simplest is self else simplest).rows(g)
        return super().rows(g)

    def size(self, index: int | Expr) -> Expr:
        """s(index); at a symbolic generation, beyond the table that sizes may begin with."""
        return Accumulate(self.sizes).size(index)

    def weights(self, g: int) -> list[Expr]:
        """s(j) q_{j+1} ⋯ q_g / M_g."""
        faded, kept = S.One, []
        for index in range(g, 0, -1):
            kept.append(faded * self.size(index))
            faded = faded * self.rate_at(index)
        total = sum(kept, S.Zero)
        return [weight / total for weight in reversed(kept)]

    def rate_at(self, index: int) -> Expr:
        """q_index, by which the blocks before block ``index`` fade when it comes."""
        value = self.rate.subs(j, index) if self.rate.has(j) else self.rate
        # The first rate finds nothing to fade.
        if index > 1 and value.is_number and is_probability(value) is not True and not lies_in_range(value):
            raise DomainError(
                f"rate = {self.rate} is not a rate of forgetting: q_{index} = {value}, and rates lie between 0 and 1."
            )
        return value

    def dynamics(self) -> LinearDynamics | FadingMemory:
        """δ_g = δ_{g−1} + (s(g)/M_g) ε_g, in g where M_g has a closed form, and number by number elsewhere."""
        simplest = self.simplest()
        if simplest is not self:
            stated = simplest.dynamics()
            return FadingMemory(self.rate, self.sizes) if stated is None else stated  # type: ignore[return-value]
        if self.schedule.has(BlockSize):
            return kept_dynamics(self, self.rate)
        sizes, rates = table_and_tail(self.schedule), table_and_tail(self.rate)
        if sizes is None or rates is None:
            return FadingMemory(self.rate, self.sizes)
        last = max(sizes[0], rates[0])
        reached = S.Zero
        for index in range(1, last + 1):
            reached = self.rate_at(index) * reached + self.size(index)
        memory = remembered(rates[1], sizes[1], last, reached)
        # A rate that is 0 on its way, as 1 − 2/j at j = 2, forgets all before: the memory has a formula from there on.
        while memory is None and last < LATEST_START:
            last += 1
            reached = self.rate_at(last) * reached + self.size(last)
            if self.rate_at(last) == 0:
                memory = remembered(rates[1], sizes[1], last, reached)
        if memory is None:
            return FadingMemory(self.rate, self.sizes)
        row = next(islice(Pathways(self), last - 1, None))[0] if last else []
        return LinearDynamics(
            start=last + 1,
            transition=Matrix([[1]]),
            innovation=Matrix([[self.size(GENERATION) / memory]]),
            readout=Matrix([[1]]),
            initial=Matrix(1, last, row),
        )


def verified_rate(rate: object) -> Expr:
    """Verify a rate of forgetting, a number or expression in [0, 1], or an expression in ``theory.j`` with such values.

    The first rate finds nothing to fade, and may be anything.
    """
    where = "q_{g} = {value}, and rates lie between 0 and 1"
    return probability_schedule("rate", rate, "a rate of forgetting", where)
