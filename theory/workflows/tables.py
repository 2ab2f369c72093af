r"""Size schedules with a table of first sizes: the recursion of a pool that starts late.

A schedule such as 5, 3, 1, 1, … is a table up to some block m and one expression s(j) from there on. From g = m + 1 on
pooling all blocks moves the model by :math:`\frac{s(g)}{S_m + \sum_{m < i \le g} s(i)}\,\varepsilon_g`, and model m is
known from its weights.
"""

from __future__ import annotations

from itertools import islice

from sympy import Eq, Expr, Ge, Gt, Integer, Lambda, Le, Lt, Matrix, Piecewise, Rel, S, Sum, factor, floor, zeros

from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import j
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LAG, LinearDynamics
from theory.workflows.pathway import Pathways

#: Tables beyond this are left to the weights: the recursion would start late and say little.
LONGEST_TABLE = 64


def table_and_tail(schedule: Expr) -> tuple[int, Expr] | None:
    """The last block with a size of its own, 0 if none, and the expression for all later ones; None otherwise.

    Examples
    --------
    >>> from sympy import Eq, Piecewise
    >>> table_and_tail(Piecewise((5, Eq(j, 1)), (3, j <= 4), (j, True)))
    (4, j)
    """
    ends: list[int | None] = []

    def tail_of(part: Piecewise) -> Expr:
        *table, (tail, rest) = part.args
        ends.extend(_last_block(condition) for _, condition in table)
        if rest != S.true:
            ends.append(None)
        return tail

    tail = schedule.replace(lambda part: isinstance(part, Piecewise), tail_of)
    if any(end is None for end in ends):
        return None
    last = max((end for end in ends if end is not None), default=0)
    return (last, tail) if last <= LONGEST_TABLE else None


def _last_block(condition: Rel) -> int | None:
    """The last j for which j = m, j ≤ m or j < m holds."""
    if isinstance(condition, (Gt, Ge)):
        condition = condition.reversed
    if not isinstance(condition, (Eq, Le, Lt)) or condition.lhs != j or not condition.rhs.is_Rational:
        return None
    end = int(floor(condition.rhs))
    return end - 1 if isinstance(condition, Lt) and condition.rhs == end else end


def late_size(workflow: Workflow, index: Expr) -> Expr:
    """The size of a block beyond the table, for a generation that is a symbol."""
    found = table_and_tail(workflow.schedule)
    return workflow.schedule.subs(j, index) if found is None else found[1].subs(j, index)


def kept_dynamics(workflow: Workflow, rate: Expr) -> LinearDynamics:
    """The recursion of a pool of blocks whose sizes are not known yet, of which ``rate``, in j, is kept each time."""
    g, newest = GENERATION, workflow.size(GENERATION)
    least = next(iter(newest.atoms(BlockSize))).args[1]
    kept = PoolSize(g, least, Lambda(LAG, rate.subs(j, LAG)))
    one = Matrix([[1]])
    return LinearDynamics(start=1, transition=one, innovation=one * newest / kept, readout=one, initial=zeros(1, 0))


def pooled_dynamics(workflow: Workflow) -> LinearDynamics | None:
    """The recursion of pooling every block, started after the table; None where the schedule has no such form."""
    if workflow.schedule.has(BlockSize):
        return kept_dynamics(workflow, S.One)
    found = table_and_tail(workflow.schedule)
    if found is None:
        return None
    last, tail = found
    g = GENERATION
    summed = definite_sum(tail, j, Integer(last + 1), g)
    rest = Sum(tail, (j, last + 1, g)) if summed is None else summed
    total = factor(sum((workflow.size(block) for block in range(1, last + 1)), S.Zero) + rest)
    row = next(islice(Pathways(workflow), last - 1, None))[0] if last else []
    return LinearDynamics(
        start=last + 1,
        transition=Matrix([[1]]),
        innovation=Matrix([[tail.subs(j, g) / total]]),
        readout=Matrix([[1]]),
        initial=Matrix(1, last, row),
    )
