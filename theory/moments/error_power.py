"""Powers of the error of a scalar family under any weights, by the weights alone: exact at every G, no closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr

from theory.moments.bent import Bend
from theory.moments.higher_moments import ErrorMoments
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow

#: Moments of the state that a single value is worth.
MOST_MOMENTS = 5000
#: Generations that are run first; what the future depends on is known of so many at once.
FIRST_RUN = 8


@dataclass(frozen=True)
class ErrorPower(Recurrence):
    r"""E δ_g^order, see :class:`theory.moments.higher_moments.ErrorMoments`.

    Raises
    ------
    NotDerivedError
        By the values: where the workflow draws a subsample or has no rational weights, or where it keeps so many
        blocks apart that their moments are too many.

    Examples
    --------
    >>> from theory import Exponential, Replace
    >>> ErrorPower(Replace(), Exponential(mean=1, n=20).bend, order=4).at(2)
    690369/16000000
    """

    workflow: Workflow
    bend: Bend
    order: int

    def at(self, generation: int) -> Expr:
        """Exact value at one generation."""
        return self._risk(self._moments(generation).power_at(generation, self.order))

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        reached, upto = 0, FIRST_RUN
        while True:
            # Longer and longer runs, each by as much again: a run knows which blocks are used after it.
            moments = self._moments(upto)
            for g in range(reached + 1, upto + 1):
                yield self._risk(moments.power_at(g, self.order))
            reached, upto = upto, 2 * upto

    def _moments(self, generations: int) -> ErrorMoments:
        return ErrorMoments(self.bend, self.workflow, generations, self.order, MOST_MOMENTS)

    def _risk(self, moment: Expr) -> Expr:
        return self.offset + self.scale * moment
