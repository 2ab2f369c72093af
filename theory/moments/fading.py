r"""The risk under a fading memory without a closed form: two numbers, run generation by generation.

.. math:: M_g = q_g M_{g-1} + s(g), \qquad r_g = r_{g-1} + \frac{s(g)}{M_g^2}\,(1 + \kappa\,r_{g-1}).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sympy import Expr, S, oo

from theory.expressions.arithmetic import Arithmetic
from theory.expressions.symbols import j
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.workflows.dynamics import FadingMemory


@dataclass(frozen=True)
class FadingRecurrence(PathwayRecurrence):
    """Values by the running memory, O(1) numbers a generation.

    Examples
    --------
    >>> from itertools import islice
    >>> from theory.workflows.forgetting import Forgetting
    >>> from theory.moments.composition import compose
    >>> recurrence = compose(Forgetting("1/(j + 1)", sizes="j"), noise=S.One, curvature=S.Zero)
    >>> list(islice(recurrence.values(), 3))
    [1, 67/49, 145051/90601]
    """

    memory: FadingMemory = field(kw_only=True)

    @property
    def rises(self) -> bool:
        """Every generation adds the variance of new noise, which is never negative."""
        return True

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        rate, sizes = self.memory.rate, self.memory.sizes
        ring = Arithmetic([rate, sizes, self.curvature, self.scale, self.offset], j)
        fading, size = ring.function(rate, j), ring.function(sizes, j)
        curvature, scale, offset = (ring.constant(part) for part in (self.curvature, self.scale, self.offset))
        one, risk = ring.constant(S.One), ring.constant(S.Zero)
        remembered, finite, g = risk, True, 0
        while True:
            g += 1
            remembered = size(g) if g == 1 else fading(g) * remembered + size(g)
            risk = risk + size(g) / (remembered * remembered) * (one + curvature * risk)
            finite = finite and self._is_finite(g)
            yield ring.to_expression(offset + scale * risk) if finite else oo
