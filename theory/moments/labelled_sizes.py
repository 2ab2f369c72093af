r"""Labelled pools with blocks of random size (derived here).

Given the sizes, with :math:`T_g = N_2 + \dots + N_g` and :math:`R_g = N_1 + \rho T_g` real rows, the pools of real and
of synthetic rows have their real rows in common: :math:`E\,\bar R_g^2 = E\,\bar R_g \bar S_g = 1/R_g`, the second as
:math:`R_g E\,\bar R_g \bar S_g - 1` is multiplied by :math:`1 - \lambda N_g/T_g` a generation and starts at 0. So
:math:`y_g = 1/R_g + (1-\lambda)^2 d_g` with :math:`d_g = E(\bar S_g - \bar R_g)^2`, :math:`d_1 = 0` and

.. math:: d_g = \Bigl(1 - \frac{\lambda N_g}{T_g}\Bigr)^2 d_{g-1}
          + \frac{N_g\,(1 + \kappa\,y_{g-1})}{(1-\rho)\,T_g^2} + \frac1{R_{g-1}} - \frac1{R_g} .

Block 1 enters by the mean of :math:`1/R_g` alone, :math:`h(T) = E\,1/(N_1 + \rho T)`, so that the parts of d on
:math:`T_g = T` are run, one number each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from flint import arb, ctx
from sympy import Eq, Expr, IndexedBase, Rational, S, log

from theory.errors import DomainError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.expansion import Order
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import G, j
from theory.moments.means_over_sizes import (
    AT,
    MOMENT,
    SIZE,
    MeanOverSizes,
    added,
    enclosure_of,
    law_of_total,
    number,
    times,
    total_of,
)
from theory.moments.recurrence import Recurrence

#: Largest totals whose exact law is run.
LARGEST_TOTAL = 3000


@dataclass(frozen=True)
class LabelledSizes(Recurrence):
    """Labelled pools by the law of their later rows: fractions for a law with a largest size, else numbers.

    Examples
    --------
    >>> LabelledSizes(RandomSizes.uniform(2), S.Zero, Rational(1, 2), Rational(1, 4)).at(2)
    943/640
    """

    sizes: RandomSizes
    curvature: Expr
    real: Expr
    share: Expr

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …

        Raises
        ------
        DomainError
            Where the law of the pool's size fills pages.
        """
        table = self.sizes.support
        if table is None:
            yield self.offset + self.scale * self.sizes.mean_inverse
            yield from (self.offset + self.scale * self.mean(g) for g in count(2))
            return
        ring = Arithmetic([*table.values(), self.curvature, self.real, self.share], j)
        inside = ring.holds(self.scale, self.offset)
        scale, offset = (ring.constant(part) if inside else part for part in (self.scale, self.offset))
        for g, moment in enumerate(self._moments(ring, table), start=1):
            if g * max(table) > LARGEST_TOTAL:
                raise DomainError(
                    f"generation = {g} is beyond exact values: the pool has {g * max(table)} sizes, so use "
                    f"numerics.evaluate."
                )
            yield ring.to_expression(offset + scale * moment) if inside else offset + scale * ring.to_expression(moment)

    def mean(self, generation: int) -> Expr:
        """The moment at one generation, as a number to any precision."""
        return LabelledMean(self.sizes, self.curvature, self.real, self.share, generation)

    def enclosure(self, generation: int) -> tuple[Expr, Expr]:
        """Two fractions with the risk between them."""
        return enclosure_of(self, self.mean(generation))

    def _moments(self, ring: Arithmetic, table: dict[int, Expr]) -> Iterator[Any]:
        chances = {size: ring.constant(chance) for size, chance in table.items()}
        kappa, real, share = (ring.constant(part) for part in (self.curvature, self.real, self.share))
        zero, one = ring.constant(S.Zero), ring.constant(S.One)
        known: dict[int, Any] = {}

        def inverse(total: int) -> Any:
            if total not in known:
                known[total] = sum((c / (ring.constant(Rational(k)) + real * total) for k, c in chances.items()), zero)
            return known[total]

        apart, law = {0: zero}, {0: one}
        yield inverse(0)
        while True:
            new: dict[int, Any] = {}
            later: dict[int, Any] = {}
            for before, likely in law.items():
                shown = inverse(before) * likely + (1 - share) * (1 - share) * apart[before]
                for size, chance in chances.items():
                    total = before + size
                    kept = one - share * ring.constant(Rational(size, total))
                    gain = ring.constant(Rational(size, total**2)) / (1 - real)
                    moved = kept * kept * apart[before] + gain * (likely + kappa * shown)
                    moved = chance * (moved + likely * (inverse(before) - inverse(total)))
                    new[total] = new[total] + moved if total in new else moved
                    later[total] = later[total] + chance * likely if total in later else chance * likely
            apart, law = new, later
            told = sum((likely * inverse(total) for total, likely in law.items()), zero)
            yield told + (1 - share) * (1 - share) * sum(apart.values(), zero)

    def limit(self, order: Order) -> Expr | None:
        """0 where real rows have a weight: N_g/T_g sums to infinity, and N_g/T_g² does not (Abel and Dini)."""
        return S.Zero if self.share.is_positive else None

    def growth(self, order: Order) -> Expr | None:
        """As for equal blocks of the mean size from λ = 1/2 on, by the law of large numbers; not derived below."""
        mean, real, share = self.sizes.mean, self.real, self.share
        if not share.is_Rational or share < Rational(1, 2) or mean is None or not self.sizes.has_light_tail:
            return None
        both = 1 / real + 1 / (1 - real)
        if share == Rational(1, 2):
            return both * log(G) / (4 * mean * G)
        return (1 / real + (1 - share) ** 2 / (2 * share - 1) * both) / (mean * G)


class LabelledMean(MeanOverSizes):
    """The moment at one generation: sizes, κ, ρ, λ, and the generation.

    Given the sizes it is at most R, R_1 = 1 and R_g = (1 + κ⁺/(1 − ρ)) R_{g−1} + 1/(1 − ρ).

    Examples
    --------
    >>> from sympy import N
    >>> N(LabelledMean(RandomSizes.geometric("1/2"), S.Zero, Rational(1, 2), Rational(1, 4), 2), 12)
    1.35057436296
    """

    def summed(self, bits: int) -> arb:
        """The parts of d, one generation after the other."""
        kappa, real, share = (number(part, ctx.prec) for part in self.args[1:4])
        bound = arb(1)
        for _ in range(1, self.generation):
            bound = (1 + kappa.max(arb(0)) / (1 - real)) * bound + 1 / (1 - real)
        chances, left = law_of_total(self.sizes, bound, self.generation, bits)
        once, twice = ([s**power * c for s, c in enumerate(chances)] for power in (1, 2))
        length = len(chances)
        inverse = [
            sum((c / (k + real * total) for k, c in enumerate(chances) if k and c != 0), arb(0))
            for total in range(length)
        ]
        apart, law = [arb(0)] * length, [arb(1), *[arb(0)] * (length - 1)]
        other = (1 - share) * (1 - share)
        for _ in range(1, self.generation):
            told = [p * h for p, h in zip(law, inverse, strict=True)]
            noise = [p + kappa * (y + other * d) for p, y, d in zip(law, told, apart, strict=True)]
            plain, gained, squared = (times(apart, part) for part in (chances, once, twice))
            fresh, lost, law = times(noise, once), times(told, chances), times(law, chances)
            apart = [
                arb(0),
                *(
                    plain[s]
                    - 2 * share * gained[s] / s
                    + (share * share * squared[s] + fresh[s] / (1 - real)) / (s * s)
                    + lost[s]
                    - law[s] * inverse[s]
                    for s in range(1, length)
                ),
            ]
        return sum((p * h + other * d for p, h, d in zip(law, inverse, apart, strict=True)), arb(0)) + added(left)

    def given_the_sizes(self) -> tuple[Any, ...]:
        """y_g = 1/R_g + (1 − λ)² d_g with R_g = N_1 + ρ T_g, and d as above."""
        kappa, real, share = self.args[1:4]
        total, defined = total_of("T", first=2)
        rows, apart = IndexedBase("R"), IndexedBase("d")
        fresh = SIZE[AT] * (1 + kappa * MOMENT[AT - 1]) / ((1 - real) * total**2)
        step = (1 - share * SIZE[AT] / total) ** 2 * apart[AT - 1] + fresh + 1 / rows[AT - 1] - 1 / rows[AT]
        equations = ((MOMENT[AT], 1 / rows[AT] + (1 - share) ** 2 * apart[AT]), (apart[AT], step), (apart[1], S.Zero))
        return (
            *(Eq(left, right, evaluate=False) for left, right in equations),
            Eq(rows[AT], SIZE[1] + real * total, evaluate=False),
            *defined,
        )
