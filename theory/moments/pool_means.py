r"""Contaminated pools with blocks of random size, at one generation: numbers known to any precision.

The parts of the risk on :math:`S_g = s` are coefficients of :math:`A_g`, see :mod:`theory.moments.random_sizes`. Given
the sizes the risk is at most R, with :math:`R_g = (1 + \kappa^+/g)\,R_{g-1} + 1/g`, as :math:`N_g/S_g^2 \le 1/g`.
"""

from __future__ import annotations

from typing import Any

from flint import arb, ctx
from sympy import Dummy, Eq, Expr, Integer, Integral, S, diff, log

from theory.expressions.symbols import j, t
from theory.moments.means_over_sizes import (
    AT,
    MOMENT,
    SIZE,
    MeanOverSizes,
    added,
    law_of_total,
    number,
    times,
    total_of,
)


class PoolMean(MeanOverSizes):
    """The moment of a contaminated pool: sizes, κ, ρ, a number or an expression in ``theory.j``, and the generation.

    Examples
    --------
    >>> from sympy import N, Rational
    >>> from theory import RandomSizes
    >>> N(PoolMean(RandomSizes.geometric("1/2"), Rational(-1, 4), Rational(1, 2), 2), 12)
    0.502331235402
    """

    @property
    def free_symbols(self) -> set[Expr]:
        """Symbols other than ``theory.j``, which is bound."""
        return set().union(*(part.free_symbols for part in self.args)) - {j}

    def _real(self, g: int) -> Expr:
        return S.Zero if g == 1 else self.args[2].subs(j, Integer(g))

    def summed(self, bits: int) -> arb:
        """The coefficients of A, one generation after the other."""
        kappa = number(self.args[1], ctx.prec)
        bound = _bound(kappa, self.generation)
        chances, left = law_of_total(self.sizes, bound, self.generation, bits)
        once, twice = ([s**power * c for s, c in enumerate(chances)] for power in (1, 2))
        count = len(chances)
        risks, law = [arb(0)] * count, [arb(1), *[arb(0)] * (count - 1)]
        for g in range(1, self.generation + 1):
            real = number(self._real(g), ctx.prec)
            moved, gained, squared = (times(risks, part) for part in (chances, once, twice))
            newest = times(law, once)
            bent, square = (1 - real) * kappa, real * real
            risks = [
                arb(0),
                *(
                    moved[s] - 2 * real * gained[s] / s + (square * squared[s] + bent * gained[s] + newest[s]) / (s * s)
                    for s in range(1, count)
                ),
            ]
            law = times(law, chances)
        return sum(risks, arb(0)) + added(left)

    def integrals(self) -> Expr:
        """The integrals, one inside the other."""
        kappa, function = self.args[1], self.sizes.generating_function
        slope, u = t * diff(function, t), Dummy("u", positive=True)
        found: Expr = Integral((function / t).subs(t, u), (u, 0, t))
        for g in range(2, self.generation + 1):
            real, u = self._real(g), Dummy("u", positive=True)
            inner = (real**2 * t * diff(slope, t) + (1 - real) * kappa * slope) * found + slope * function ** (g - 1)
            once, twice = ((part / t).subs(t, u) for part in (slope * found, inner))
            found = function * found + Integral(log(t / u) * twice - 2 * real * once, (u, 0, t))
        return found.subs(t, 1)

    def given_the_sizes(self) -> tuple[Any, ...]:
        """y_g = (1 − ρ N_g/S_g)² y_{g−1} + N_g (1 + (1 − ρ)κ y_{g−1})/S_g²; ρ = 0 at generation 1, where y_0 = 0."""
        total, defined = total_of("S")
        kappa, real = self.args[1], self.args[2].subs(j, AT)
        gain = SIZE[AT] * (1 + (1 - real) * kappa * MOMENT[AT - 1]) / total**2
        return (
            Eq(MOMENT[AT], (1 - real * SIZE[AT] / total) ** 2 * MOMENT[AT - 1] + gain, evaluate=False),
            Eq(MOMENT[0], 0, evaluate=False),
            *defined,
        )


def _bound(kappa: arb, generations: int) -> arb:
    """R."""
    found, above = arb(0), kappa.max(arb(0))
    for g in range(1, generations + 1):
        found = (1 + above / g) * found + arb(1) / g
    return found
