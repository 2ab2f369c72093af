r"""Drift: how much variance the kernels of all generations have added to a kernel density.

Let :math:`Q_g = \sum_j w_{g,j}\,\overline{|x|^2/d}_j - \sigma^2` be the second moment of what model g is fitted on,
about the mean of the truth, per coordinate, in excess of the truth. A sample of model g − 1 is one of its points plus
:math:`N(0, h_{g-1}^2 I)`, so :math:`Q_g` moves by the workflow's own dynamics,

.. math:: z_g = A_g z_{g-1} + b_g\, h_{g-1}^2, \qquad E\,Q_g = h_g z_g = \sum_j C_{g,j}\,h_{j-1}^2, \qquad h_0 = 0,

in which first powers of the pathway coefficients C stand where a risk has squares, and fresh real data add nothing.
The model's own kernel adds :math:`h_g^2`. Constant h: :math:`G\,h^2` under replace, :math:`H_G\,h^2` under accumulate.
Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from sympy import Expr, Matrix, S, zeros

from theory.errors import NotDerivedError
from theory.expressions.expansion import Order
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.symbols import G
from theory.models.kernels.bandwidth import Bandwidths
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.moments.stationary import StationaryRecurrence
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LagWindow, LinearDynamics, PoolDynamics
from theory.workflows.pathway import Pathways


def drift(workflow: Workflow, bandwidths: Bandwidths) -> Recurrence:
    """The excess variance of a kernel density with the given bandwidths, under any workflow.

    A random subsample is unbiased given the pool, so it drifts as the pool does.
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, PoolDynamics) and workflow.draw(GENERATION) is not None:
        raise NotDerivedError(
            f"workflow = {workflow.name} draws a subsample but states no pool dynamics: its risk is not derived."
        )
    if isinstance(dynamics, PoolDynamics):
        dynamics = Accumulate(workflow.schedule).dynamics()
    if isinstance(dynamics, LinearDynamics) and bandwidths.schedule is not None:
        return first_moments(workflow, dynamics, bandwidths.schedule)
    return DriftRecurrence(workflow, bandwidths, dynamics if isinstance(dynamics, LagWindow) else None)


def first_moments(workflow: Workflow, dynamics: LinearDynamics, schedule: Expr) -> MomentRecurrence:
    """First moments of a linear state, in units of h² when the bandwidth is constant."""
    g = GENERATION
    scale, squared = (schedule, S.One) if not schedule.has(g) else (S.One, schedule)
    # The first block is real: nothing moves before generation 2, and h_0² need not be defined.
    start, size = max(dynamics.start, 2), dynamics.transition.shape[0]
    initial, early = zeros(size, 1), []
    for index, (block, _) in enumerate(islice(Pathways(workflow), start - 1), start=1):
        added = [squared.subs(g, source - 1) if source > 1 else S.Zero for source in range(1, index + 1)]
        early.append(sum((c * e for c, e in zip(block, added, strict=True)), squared.subs(g, index)))
        if index == start - 1 == dynamics.start - 1:
            initial = dynamics.initial * Matrix(added)
    return MomentRecurrence(
        start=start,
        matrix=dynamics.transition,
        forcing=(dynamics.innovation * squared.subs(g, g - 1)).applyfunc(_neat),
        readout=dynamics.readout,
        shift=squared,
        initial=initial,
        early=tuple(early[:-1]),
        scale=scale,
    )


def _neat(expression: Expr) -> Expr:
    return in_lowest_terms(expression) if expression.is_rational_function(GENERATION) else expression


@dataclass(frozen=True)
class DriftRecurrence(Recurrence):
    """The excess variance from the weights alone; a stationary window's growth is known besides.

    Attributes
    ----------
    workflow : Workflow
    bandwidths : Bandwidths
    window : LagWindow, if the weights are those of one
    scale, offset : affine map to the risk
    """

    workflow: Workflow
    bandwidths: Bandwidths
    window: LagWindow | None = None

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        squared = [S.Zero]
        for g, (block, _) in enumerate(Pathways(self.workflow), start=1):
            moved = sum((c * e for c, e in zip(block, squared, strict=True) if c != 0), S.Zero)
            squared.append(self.bandwidths.squared(g))
            yield self.offset + self.scale * (moved + squared[-1])

    @cached_property
    def _rate(self) -> Expr | None:
        """Variance added by a generation, in the long run: h² over the mean age of the weights (renewal theorem)."""
        if self.window is None or self.bandwidths.constant is None:
            return None
        persistence = StationaryRecurrence(self.window, self.workflow, curvature=S.Zero).persistence
        return persistence * self.bandwidths.constant

    def limit(self, order: Order) -> Expr | None:
        """∞ where every generation adds the same variance; None where that is not derived."""
        return None if self._rate is None else S.Infinity

    def growth(self, order: Order) -> Expr | None:
        """Leading term: the martingale of :mod:`theory.moments.stationary` moves by π_0 h² a generation."""
        return None if self._rate is None else self._rate * G
