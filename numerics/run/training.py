r"""What a generator is fitted on: the weights of a workflow as rows.

Model g minimises :math:`\sum_j w_{g,j}` times the mean loss on block j, so that a row of block j weighs
:math:`w_{g,j}/n_j`. Where all rows that count weigh the same, they are pooled. Otherwise they are given as
``sample_weight``, of mean one, where ``fit`` takes it; and where it does not, each row of block j is repeated
:math:`c_j` times, the c_j being the smallest whole numbers in the proportion of the weights. Repeated rows are the same
empirical distribution, exactly, but not the same number of rows: a rule that reads that number, such as Scott's
bandwidth or the divisor N − 1, takes the repeated ones for new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational, S

from numerics.run.rows import Rows, joined
from numerics.samplers.schedule import Schedule, schedule
from theory.errors import DomainError
from theory.workflows.base import Workflow, exact_weights

Array = NDArray[np.float64]

#: Rows of one fit, repeated ones counted.
MOST_ROWS = 2**22


@dataclass(frozen=True)
class Recipe:
    """The rows of one fit.

    Attributes
    ----------
    blocks : the blocks that count; 0 for the real rows drawn afresh, −i for those of an earlier generation i
    copies : how often each row of a block is repeated
    weights : weight of each row of a block, None where rows weigh the same
    drawn, replacement : rows drawn at random from all these, 0 for all of them; whether with replacement
    """

    blocks: tuple[int, ...]
    copies: tuple[int, ...]
    weights: tuple[float, ...] | None
    drawn: int = 0
    replacement: bool = False

    def assemble(self, held: Mapping[int, Rows], rng: np.random.Generator) -> tuple[Rows, Array | None]:
        """Rows (N, d) of memory of their own, and their weights (N,) of mean one."""
        rows = joined([held[block] for block in self.blocks], self.copies)
        if self.drawn:
            return rows[rng.choice(len(rows), self.drawn, replace=self.replacement)], None
        if self.weights is None:
            return rows, None
        counts = [len(held[block]) * copies for block, copies in zip(self.blocks, self.copies, strict=True)]
        weights = np.repeat(self.weights, counts)
        return rows, weights / weights.mean()


@dataclass(frozen=True)
class Training:
    """The plan of a run: sizes of blocks, and the rows of every fit.

    Attributes
    ----------
    points : rows of each block, (G,)
    fresh : real rows drawn afresh at each generation, (G,)
    recipes : one a generation
    last_use : the last generation that is fitted on a block, 0 for none, by block 1..G
    """

    points: NDArray[np.int64]
    fresh: NDArray[np.int64]
    recipes: tuple[Recipe, ...]
    last_use: tuple[int, ...]

    @property
    def real_rows(self) -> int:
        """Real rows that one replicate takes."""
        return int(self.points[0] + self.fresh.sum())

    @property
    def first_rows(self) -> Fraction:
        r"""How many distinct real rows the first fit is worth: :math:`V/r_1`, r_1 being the variance of its mean.

        All m rows of block 1 are worth m, and b of them drawn without replacement b. Drawn with replacement, b rows
        add the variance of the draw, :math:`V(1 - 1/m)/b` on average, to the V/m of the block: they are worth
        :math:`bm/(b + m - 1)`.
        """
        rows, first = int(self.points[0]), self.recipes[0]
        if not first.drawn:
            return Fraction(rows)
        if not first.replacement:
            return Fraction(first.drawn)
        return Fraction(first.drawn * rows, first.drawn + rows - 1)

    def held(self, real: Rows, generation: int) -> dict[int, Rows]:
        """Block 1 and the real rows drawn afresh that one model is fitted on, of the real rows of a replicate."""
        ends = int(self.points[0]) + np.cumsum(self.fresh)
        found: dict[int, Rows] = {1: real[: int(self.points[0])]}
        for block in self.recipes[generation - 1].blocks:
            if block <= 0:
                drawn = generation if block == 0 else -block
                end = int(ends[drawn - 1])
                found[block] = real[end - int(self.fresh[drawn - 1]) : end]
        return found

    def needed(self, generation: int) -> list[int]:
        """Synthetic blocks sampled up to ``generation``, one from each model, that a later one is fitted on."""
        upto = min(generation + 1, len(self.last_use))
        return [block for block in range(2, upto + 1) if self.last_use[block - 1] > generation]


def training(workflow: Workflow, generations: int, n: int, weighable: bool) -> Training:
    """Plan a run, so that what cannot be done is said before anything is fitted.

    Raises
    ------
    DomainError
        When a block would hold a fraction of a row, a weight is negative, or weights need ``sample_weight``, which
        the generator's ``fit`` does not take, because they are not proportional to whole numbers of reasonable size.
    """
    symbols = sorted(str(symbol) for symbol in workflow.free_symbols)
    if symbols:
        raise DomainError(f"workflow = {workflow!r} has the symbol {symbols[0]}: give numbers, a run needs them.")
    tables = schedule(workflow, generations, n, keeps=True)
    recipes = tuple(_recipe(workflow, tables, g, weighable) for g in range(1, generations + 1))
    last = [0] * (generations + 1)
    for g, recipe in enumerate(recipes, start=1):
        for block in recipe.blocks:
            if block > 0:
                last[block] = g
    return Training(tables.points, tables.fresh_points, recipes, tuple(last[1:]))


def _recipe(workflow: Workflow, tables: Schedule, g: int, weighable: bool) -> Recipe:
    exact = {block: weight for block, weight in enumerate(exact_weights(workflow, g), start=1) if weight != 0}
    sizes = {block: int(tables.points[block - 1]) for block in exact}
    if tables.fresh_points[g - 1]:
        exact[0], sizes[0] = workflow.fresh_weight(g), int(tables.fresh_points[g - 1])
    if workflow.keeps_fresh:
        for index, weight in enumerate(workflow.fresh_weights(g)[: g - 1], start=1):
            if weight != 0:
                exact[-index], sizes[-index] = weight, int(tables.fresh_points[index - 1])
    name = f"{type(workflow).__name__}.weights({g})"
    for block, weight in exact.items():
        if float(weight) < 0:
            raise DomainError(f"{name} has {weight} for block {block}: no generator is fitted on a negative weight.")
    blocks = tuple(exact)
    a_row = [exact[block] / sizes[block] for block in blocks]
    ones = (1,) * len(blocks)
    if tables.drawn[g - 1]:
        return Recipe(blocks, ones, None, int(tables.drawn[g - 1]), bool(tables.replacement[g - 1]))
    if all(weight == a_row[0] or (weight - a_row[0]).equals(S.Zero) for weight in a_row[1:]):
        return Recipe(blocks, ones, None)
    if weighable:
        return Recipe(blocks, ones, tuple(float(weight) for weight in a_row))
    return Recipe(blocks, _copies(name, a_row, [sizes[block] for block in blocks]), None)


def _copies(name: str, a_row: list[Expr], sizes: list[int]) -> tuple[int, ...]:
    """The smallest whole numbers in the proportion of the weights."""
    need = "give a generator whose fit takes sample_weight."
    if not all(isinstance(weight, Rational) for weight in a_row):
        raise DomainError(f"{name} are not fractions, so that no rows repeated represent them: {need}")
    common = lcm(*(int(weight.q) for weight in a_row))
    # They have no common divisor: weights that sum to one leave none.
    copies = tuple(int(weight * common) for weight in a_row)
    total = sum(count * size for count, size in zip(copies, sizes, strict=True))
    if total > MOST_ROWS:
        raise DomainError(
            f"{name} repeat rows up to {max(copies)} times, {total} rows in one fit where at most {MOST_ROWS} are "
            f"allowed: {need}"
        )
    return copies
