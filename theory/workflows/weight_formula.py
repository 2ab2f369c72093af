r"""Weights as a formula in the generation g and the block j.

Where :math:`w(g, j)/w(g-1, j)` does not depend on j, and is :math:`1 - w(g, g)`, older weights all shrink alike:
:math:`\theta_g = (1 - w_{g,g})\,\theta_{g-1} + w_{g,g}\,\bar x_g`, so the model moves by :math:`w(g,g)\,\varepsilon_g`
alone; with :math:`w(1, 1) = 1` the weights of every generation sum to 1, by induction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Symbol, cancel, expand_func, powsimp, simplify

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, shown
from theory.expressions.symbols import j
from theory.workflows.dynamics import LinearDynamics, random_walk

#: The generation in a formula.
g: Symbol = Symbol("g", integer=True, positive=True)

#: Generations whose weights must sum to 1 before a formula is taken; later ones are watched when they are asked for.
FIRST_GENERATIONS = 8


@dataclass(frozen=True)
class WeightFormula:
    """w(g, j), called with a generation like any function of weights.

    Examples
    --------
    >>> WeightFormula.read("2*j/(g*(g + 1))")(3)
    [1/6, 1/3, 1/2]
    """

    weight: Exact

    @classmethod
    def read(cls, weight: object) -> WeightFormula:
        """Verify a formula: arithmetic in g and j, whose first weights are real numbers that sum to 1."""
        formula = cls(exact("weight", weight, indices=(g, j)))
        for generation in range(1, FIRST_GENERATIONS + 1):
            weights = formula(generation)
            for index, value in enumerate(weights, start=1):
                if value.is_real is False or value.is_finite is False:
                    raise DomainError(f"weight = {shown(weight)} is no weight: w({generation}, {index}) = {value}.")
            total = simplify(sum(weights))
            if total != 1:
                raise DomainError(
                    f"weight = {shown(weight)} sums to {total} over the blocks of generation {generation}: the weights "
                    f"of every generation must sum to 1, as those of 1/g do."
                )
        return formula

    def __call__(self, generation: int) -> list[Expr]:
        """The weights of blocks 1 … generation."""
        return [self.weight.subs({g: generation, j: index}) for index in range(1, generation + 1)]

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols other than g and j."""
        return set(self.weight.free_symbols) - {g, j}

    def subs(self, *args: Any, **kwargs: Any) -> WeightFormula:
        """With parameters replaced."""
        return WeightFormula(self.weight.subs(*args, **kwargs))

    def dynamics(self) -> LinearDynamics | None:
        """δ_g = δ_{g−1} + w(g, g) ε_g, where the weights are seen to shrink alike; None elsewhere."""
        newest = self.weight.subs(j, g)
        shrinks = cancel(_simplest(self.weight / self.weight.subs(g, g - 1)))
        if shrinks.has(j) or _simplest(shrinks + newest - 1) != 0 or _simplest(newest.subs(g, 1) - 1) != 0:
            return None
        return random_walk(gain=lambda at: newest.subs(g, at))


def _simplest(value: Expr) -> Expr:
    return simplify(expand_func(powsimp(value)))
