"""A workflow with its irrational weights rounded: what is polynomial in them can then be run in fractions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Integer, N, Rational, S, floor, sympify

from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import Draw

#: Decimal places that are kept.
PLACES = 60


@dataclass(frozen=True)
class Rounded(Workflow):
    """The same blocks and draws, and weights within 10^-60 of the exact ones that sum to one as well."""

    exact: Workflow
    name: ClassVar[str] = "rounded"

    def weights(self, g: int) -> list[Expr]:
        """The exact weights to sixty places; the largest takes what rounding leaves of the sum."""
        found = [rounded(weight) for weight in exact_weights(self.exact, g)]
        newest = max(range(g), key=lambda index: abs(found[index]))
        found[newest] += 1 - sum(found, S.Zero) - sum(self.fresh_weights(g), S.Zero)
        return found

    def size(self, index: int | Expr) -> Expr:
        """The exact size to sixty places."""
        return rounded(sympify(self.exact.size(index)))

    def fresh_weight(self, g: int | Expr) -> Expr:
        """The exact share to sixty places."""
        return S.Zero if g == 1 else rounded(sympify(self.exact.fresh_weight(g)))

    def fresh_weights(self, g: int) -> list[Expr]:
        """The exact weights of fresh real data to sixty places."""
        return [rounded(sympify(weight)) for weight in self.exact.fresh_weights(g)]

    def fresh_size(self, g: int | Expr) -> Expr:
        """The exact amount to sixty places."""
        return rounded(sympify(self.exact.fresh_size(g)))

    def draw(self, g: int | Expr) -> Draw | None:
        """As of the exact workflow."""
        return self.exact.draw(g)


def rounded(value: Expr) -> Expr:
    """A rational number as it is, another to sixty places."""
    if value.is_Rational:
        return value
    scale = Integer(10) ** PLACES
    return Rational(floor(N(value * scale, 2 * PLACES)), scale)
