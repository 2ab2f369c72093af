r"""Random walks that pool blocks of random size, by the law of the total alone.

Where given the sizes a generation adds :math:`N_g\,h(S_g)` to the risk, the blocks being alike,

.. math:: E\,N_g\,h(S_g) = \frac1g\,E\,k(S_g), \qquad k(s) = s\,h(s), \qquad
          E\,\frac1{S_g + e} = \int_0^1 f(t)^g\,t^{e-1}\,dt ,

so that for :math:`k = \sum_i c_i/(s + e_i)` it tends to :math:`\int_0^1 -\ln(1 - f) \sum_i c_i t^{e_i-1}\,dt`. Least
squares on all rows with new designs is one: :math:`h = \sigma^2 d/(s\,(Ts - d - 1))` (derived here).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from sympy import Expr, Integer, Integral, S, Symbol, apart, factorial, log

from theory.errors import NotDerivedError
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.size_means import fraction_of_one_root
from theory.expressions.symbols import t
from theory.expressions.unit_integral import UnitIntegral
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.dynamics import GENERATION

#: The total of all sizes so far.
TOTAL = Symbol("S", positive=True, integer=True)


def pooled_gains(moments: MomentRecurrence, sizes: RandomSizes) -> PooledGains | None:
    """The recurrence above for one that is a random walk given the sizes, None for another."""
    if moments.matrix != moments.matrix.eye(1) or moments.start != 1 or moments.initial[0] != 0 or moments.shift != 0:
        return None
    pools, forcing = moments.forcing[0].atoms(PoolSize), moments.forcing[0]
    if len(pools) != 1 or moments.readout[0] != 1:
        return None
    pool = next(iter(pools))
    newest = BlockSize(GENERATION, pool.args[1])
    if pool.args[0] != GENERATION or pool.args[2].expr != 1:
        return None
    gain = in_lowest_terms(forcing / newest * pool).subs(pool, TOTAL)
    if gain.has(BlockSize, PoolSize, GENERATION) or not gain.is_rational_function(TOTAL):
        return None
    return PooledGains(
        sizes,
        gain,
        **moments.of_the_risk,
    )


@dataclass(frozen=True)
class PooledGains(Recurrence):
    """Σ_g E k(S_g)/g, ``gain`` being k, a rational function of :data:`TOTAL`.

    Examples
    --------
    >>> PooledGains(RandomSizes.uniform(2), 1 / (TOTAL + 1)).at(2)
    131/240
    """

    sizes: RandomSizes
    gain: Expr

    @property
    def rises(self) -> bool:
        """Every generation adds the variance of new noise."""
        return True

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …: sums, or integrals where sizes have no largest one."""
        if self.domain == S.false:
            yield from (S.Infinity for _ in count())
        terms = self._terms_of_law() if self.sizes.support is not None else self._integrals()
        total = S.Zero
        for g, term in enumerate(terms, start=1):
            total = total + term / g
            yield self.offset + self.scale * total

    def _terms_of_law(self) -> Iterator[Expr]:
        table = self.sizes.support or {}
        law: dict[int, Expr] = {0: S.One}
        while True:
            new: dict[int, Any] = {}
            for before, likely in law.items():
                for size, chance in table.items():
                    new[before + size] = new.get(before + size, S.Zero) + likely * chance
            law = new
            yield sum((chance * self.gain.subs(TOTAL, Integer(total)) for total, chance in law.items()), S.Zero)

    def _integrals(self) -> Iterator[Expr]:
        function, weight = self.sizes.generating_function, self.weight
        for g in count(1):
            yield Integral(function**g * weight, (t, 0, 1))

    @property
    def weight(self) -> Expr:
        """w with E k(S_g) = ∫ f^g w dt."""
        total = S.Zero
        for part in apart(self.gain, TOTAL).as_ordered_terms():
            factor, added, power = fraction_of_one_root(part, TOTAL)
            total += factor * t ** (added - 1) * (-log(t)) ** (power - 1) / factorial(power - 1)
        return total

    def limit(self, order: Order) -> Expr | None:
        """∫ −ln(1 − f) w dt; None where k is no sum of fractions with one root each."""
        if self.domain == S.false:
            return S.Infinity
        try:
            return UnitIntegral(-log(1 - self.sizes.generating_function) * self.weight, (t, 0, 1))
        except NotDerivedError:
            return None
