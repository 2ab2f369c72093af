"""How many samples the models of a workflow are fitted on: of each fit, and of the smallest of them all.

Inverse moments of a fit need a number of samples, at every generation. A block of a fraction of a sample more than a
whole number holds the whole number with positive probability, so the whole number must do.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import And, Basic, Expr, Ge, Matrix, Min, S, eye, oo, sympify

from theory.asymptotics.lowest import always_at_least, infimum
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.shorter import simplified
from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import G, j
from theory.workflows.base import Workflow, pooled_blocks
from theory.workflows.dynamics import GENERATION, CovarianceDynamics, LagWindow, LinearDynamics
from theory.workflows.tables import table_and_tail

#: Fits that are counted from their weights.
FIRST_FITS = (1, 2, 3, 4)


def fitted_size(workflow: Workflow, g: int) -> Expr:
    """Samples that model g is fitted on, in units of a unit block: those that have a weight.

    Of several models that read one another, those of the smallest fit.
    """
    draw = workflow.draw(g)
    if draw is not None:
        return draw.size
    dynamics = workflow.dynamics()
    if isinstance(dynamics, CovarianceDynamics):
        return dynamics.fewest[0 if g == 1 else 1]
    if isinstance(dynamics, LagWindow):
        return workflow.size(1)  # a window of symbolic length: its first fit is the smallest
    blocks = [workflow.size(index) for index, weight in enumerate(workflow.weights(g), start=1) if weight != 0]
    return sum(blocks, sympify(workflow.fresh_rows(g)))


def smallest_fit(workflow: Workflow, g: int) -> Expr:
    """The same where sizes are random: the fewest samples that model g may be fitted on."""
    return at_least_sizes(fitted_size(workflow, g))


def at_least_sizes(rows: Expr) -> Expr:
    """Rows with every size that is not known yet at its least."""
    return rows.subs({unit: unit.args[1] for unit in rows.atoms(BlockSize)})


@dataclass(frozen=True)
class EveryFit:
    """Whether every fit of a workflow has enough samples.

    Attributes
    ----------
    condition : true, false or a condition on the parameters; with ``theory.G`` in it, what must have held up to G
    decided : whether the condition settles all generations
    margin : 1 or more in every generation that has enough samples, an expression in ``GENERATION``
    """

    condition: Basic
    decided: bool
    margin: Expr


def every_fit(workflow: Workflow, unit: Expr, needed: Expr, ranges: Ranges) -> EveryFit:
    """The condition that every fit has ``needed`` samples or more, ``unit`` being the samples of a unit block."""
    ranges = {**workflow.ranges(), **ranges}
    if workflow.random_sizes is None and workflow.schedule.has(BlockSize):
        smallest = unit * at_least_sizes(workflow.size(1))  # no fit has fewer samples than the smallest block
        return EveryFit(Ge(smallest, needed), True, smallest - needed + 1)
    rows = rows_in_use(workflow)
    if (rows is not None and rows.kept) or pooled_blocks(workflow) == oo or workflow.only_grows:
        first = workflow.size(1)  # what is kept only grows
        return EveryFit(Ge(unit * first, needed), True, unit * first - needed + 1)
    found = later_size(workflow)
    if found is not None:
        size, since = found
        start = And(*(Ge(unit * fitted_size(workflow, g), needed) for g in range(1, since)))
        later = always_at_least(unit, size, GENERATION, since, needed, ranges)
        decided = later is not None
        condition = And(start, later if decided else Ge(unit * size.subs(GENERATION, G), needed))
        return EveryFit(condition, decided, unit * size - needed + 1)
    least = _least([fitted_size(workflow, g) for g in FIRST_FITS])
    enough = And(*(Ge(unit * size, needed) for size in least))
    margin = unit * Min(*least) - needed + 1
    if enough == S.false:
        short = next(g for g in FIRST_FITS if Ge(unit * fitted_size(workflow, g), needed) == S.false)
        margin = margin if short == 1 else short - GENERATION
    return EveryFit(enough, enough == S.false or _repeats(workflow, unit, needed, ranges), margin)


def sizes_settle(workflow: Workflow) -> bool:
    """Whether all blocks are of one size, but for a table that the first fits show."""
    found = table_and_tail(workflow.schedule)
    return found is not None and not found[1].has(j) and found[0] < len(FIRST_FITS)


def _repeats(workflow: Workflow, unit: Expr, needed: Expr, ranges: Ranges) -> bool:
    """Whether later fits are seen to have enough samples if the first ones have."""
    if workflow.draw(G) is not None or sizes_settle(workflow):
        return True
    # Every fit has a whole block at least.
    size = workflow.size(GENERATION)
    lowest = infimum(size, GENERATION, 1, ranges)
    if lowest is not None and simplified(lowest - workflow.size(1)) == 0:
        return True
    return always_at_least(unit, size, GENERATION, 1, needed, ranges) == S.true


def _least(sizes: list[Expr]) -> list[Expr]:
    """The smallest of several sizes; all of them where parameters decide which."""
    kept: list[Expr] = []
    for size in sizes:
        if any(sign(size - other) in (0, 1) for other in kept):
            continue
        kept = [other for other in kept if sign(other - size) not in (0, 1)] + [size]
    return kept


def later_size(workflow: Workflow) -> tuple[Expr, int] | None:
    """Samples of fit g as an expression in ``GENERATION``, and from which generation on; None when it has none."""
    rows = rows_in_use(workflow)
    if rows is not None and not rows.kept:
        return rows.size, 1
    blocks = pooled_blocks(workflow) if workflow.schedule.has(j) else None
    if blocks is not None and blocks.is_Integer:
        k = int(blocks)
        return sum((workflow.size(GENERATION - lag) for lag in range(k)), S.Zero), k
    return None


@dataclass(frozen=True)
class RowsInUse:
    """The samples of fit g, all of equal weight: ``size`` in ``GENERATION``, from generation ``since`` on.

    Either all so far (``kept``), or those of the newest block.
    """

    size: Expr
    since: int
    kept: bool


def rows_in_use(workflow: Workflow) -> RowsInUse | None:
    """Samples in the fit of model g in units of a unit block, for workflows whose fits telescope; None for the others.

    A one-dimensional state that moves by b_g ε_g alone re-weighs its past by a common factor, so the normal
    equations telescope; rows of equal weight are s(g)/b_g in number, which must be the rows before plus s(g),
    or s(g) alone.
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition != eye(1) or dynamics.fresh != Matrix([[0]]):
        return None
    g = GENERATION
    if dynamics.innovation[0] == 1:
        return RowsInUse(workflow.size(g), 1, kept=False) if dynamics.start == 1 else None
    if unknown := dynamics.innovation[0].atoms(PoolSize):
        pool = next(iter(unknown))
        return RowsInUse(pool, 1, kept=True) if pool.args[2].expr == 1 else None
    rows, size = simplified(workflow.size(g) / dynamics.innovation[0]), workflow.size(g)

    def vanishes(difference: Expr) -> bool:
        if difference.is_rational_function(g):
            return in_lowest_terms(difference) == 0
        # Sums without a closed form, such as harmonic numbers, cancel only once g is a number.
        return all(simplified(difference.subs(g, dynamics.start + index)) == 0 for index in range(1, 6))

    first = dynamics.start if simplified(rows.subs(g, 1) - workflow.size(1)) else 1
    total = sum((workflow.size(index) for index in range(1, first + 1)), S.Zero)
    alike = all(_equal_rows(workflow, index) for index in range(1, first))
    if simplified(rows.subs(g, first) - total) != 0 or not alike:
        return None
    return RowsInUse(rows, first, kept=True) if vanishes(rows - rows.subs(g, g - 1) - size) else None


def _equal_rows(workflow: Workflow, g: int) -> bool:
    """Whether model g weighs every sample so far alike."""
    sizes = [workflow.size(index) for index in range(1, g + 1)]
    total = sum(sizes, S.Zero)
    return all(weight * total == size for weight, size in zip(workflow.weights(g), sizes, strict=True))
