r"""The risk of any workflow from its weights alone: exact at every G, no closed form.

.. math:: r_g = \sum_j C_{g,j}^2\, \frac{1 + \kappa\, r_{j-1}}{s(j)} + \sum_i \frac{D_{g,i}^2}{s^{\text{real}}(i)}

in units of the model's noise, κ its curvature; and what draws of subsamples add, to leading order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Function, S, oo

from theory.errors import DomainError
from theory.expressions.fraction_field import in_lowest_terms
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION
from theory.workflows.pathway import Pathways


@dataclass(frozen=True)
class PathwayRecurrence(Recurrence):
    """Risk through the pathway coefficients of ``workflow``."""

    workflow: Workflow
    curvature: Expr

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        normalised, finite = [S.Zero], True
        workflow = self.workflow
        for block, fresh in Pathways(workflow):
            total = S.Zero
            for index, coefficient in enumerate(block, start=1):
                if coefficient != 0:
                    noise = (1 + self.curvature * normalised[index - 1]) / workflow.size(index)
                    total += coefficient**2 * noise
            for index, coefficient in enumerate(fresh, start=1):
                if coefficient != 0:
                    amount = workflow.fresh_size(index)
                    if amount == 0:
                        raise DomainError(
                            f"{type(workflow).__name__}.fresh_size({index}) is 0 while fresh_weight({index}) is "
                            f"{workflow.fresh_weight(index)}: real data with a weight need a size."
                        )
                    total += coefficient**2 / amount
            total = _cancelled(total + self._drawn(block))
            normalised.append(total)
            finite = finite and self._is_finite(len(normalised) - 1)
            if not finite:
                yield oo
                continue
            yield _cancelled(self.offset + self.scale * total)

    def _drawn(self, block: list[Expr]) -> Expr:
        """The noise of every draw: its own model has all of it, later ones as much as of the block sampled from it."""
        total = S.Zero
        for index in range(1, len(block) + 1):
            noise = self.workflow.drawn_noise(index)
            if noise:
                total += noise * (S.One if index == len(block) else block[index]) ** 2
        return total

    def _is_finite(self, generation: int) -> bool:
        margin = self.margin
        return margin is None or (margin.subs(GENERATION, generation) - 1).is_negative is not True

    def first_infinite(self, last: int) -> int | None:
        """The first generation up to ``last`` whose risk is infinite."""
        return next((g for g in range(1, last + 1) if not self._is_finite(g)), None)


#: Functions of numbers, such as logarithms, in a value at most that is brought over one denominator.
_MOST_FUNCTIONS = 2


def _cancelled(value: Expr) -> Expr:
    """Over one denominator, where that is polynomial arithmetic in a few quantities; with many it never ends."""
    if value.is_Rational or (value.is_number and len(value.atoms(Function)) > _MOST_FUNCTIONS):
        return value
    return in_lowest_terms(value)
