r"""Sliding windows over blocks of random size, by the sizes in the window (derived here).

Before block g is drawn the sizes of the last w − 1 blocks are known, and the moments of their means x_i with the model
that all of them and one more block made, :math:`\delta_{g-1}`. A block of size N then adds

.. math:: E\,x_g^2 = \Bigl(1 + \frac\kappa N\Bigr) E\,\delta_{g-1}^2 + \frac1N, \qquad
          E\,x_g x_i = E\,\delta_{g-1} x_i, \qquad \delta_g = \sum_i \frac{N_i}{N_g + \dots + N_{g-w+1}}\,x_i ,

and the oldest block is summed over as it leaves. All of it is run on each sequence of w sizes: in fractions for a law
with a largest size, else in balls, for the sizes that matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from flint import arb, ctx
from sympy import Eq, Expr, IndexedBase, Max, Piecewise, Rational, S, Sum, Symbol, oo

from theory.errors import NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.expansion import Order
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import j
from theory.moments.means_over_sizes import (
    AT,
    MOMENT,
    SIZE,
    MeanOverSizes,
    added,
    dies_out,
    enclosure_of,
    first_chances,
    number,
)
from theory.moments.recurrence import Recurrence

#: Sequences of sizes that are run in a generation.
MOST_SEQUENCES = 300_000


@dataclass(frozen=True)
class WindowSizes(Recurrence):
    """Windows of ``blocks`` blocks.

    Examples
    --------
    >>> from sympy import Integer
    >>> list(zip(range(3), WindowSizes(RandomSizes.uniform(2), Integer(0), 2).values()))
    [(0, 3/4), (1, 89/96), (2, 9113/6912)]
    """

    sizes: RandomSizes
    curvature: Expr
    blocks: int

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …: fractions, or numbers to any precision."""
        table = self.sizes.support
        if table is None:
            yield self.offset + self.scale * self.sizes.mean_inverse
            yield from (self.offset + self.scale * self.mean(g) for g in count(2))
            return
        if len(table) ** self.blocks > MOST_SEQUENCES:
            raise _too_many(self.sizes, self.blocks)
        ring = Arithmetic([*table.values(), self.curvature, self.scale, self.offset], j)
        chances = [(size, ring.constant(chance)) for size, chance in table.items()]
        scale, offset, kappa = (ring.constant(part) for part in (self.scale, self.offset, self.curvature))
        for moment in moments(chances, kappa, self.blocks, lambda p, q: ring.constant(Rational(p, q))):
            yield ring.to_expression(offset + scale * moment)

    def mean(self, generation: int) -> Expr:
        """The moment at one generation, as a number to any precision."""
        return WindowMean(self.sizes, self.curvature, self.blocks, generation)

    def enclosure(self, generation: int) -> tuple[Expr, Expr]:
        """Two fractions with the risk between them."""
        if self.sizes.support is not None:
            value = self.at(generation)
            return value, value
        return enclosure_of(self, self.mean(generation))

    def limit(self, order: Order) -> Expr | None:
        r"""Infinite for κ ≥ 0, −1/κ for −1 ≤ κ < 0.

        :math:`B_{ik} = 1 + \kappa\,E\,x_i x_k` obeys :math:`B_{gg} = (1 + \kappa/N_g)\,w^\top B w` and
        :math:`B_{gi} = (w^\top B)_i`: averages of what was, the first times a factor. For κ < 0 the largest entry never
        rises and falls by a constant factor whenever a window is full of small blocks, which happens for ever.
        """
        return oo if self.curvature.is_nonnegative else dies_out(self.curvature)

    def growth(self, order: Order) -> Expr | None:
        """Not derived: it hangs on products of random matrices."""
        return None


class WindowMean(MeanOverSizes):
    """The moment at one generation: sizes, κ, the length of the window, and the generation.

    Given the sizes it is at most R, R_1 = 1 and R_g = (1 + κ⁺) R_{g−1} + 1.

    Examples
    --------
    >>> from sympy import N
    >>> N(WindowMean(RandomSizes.geometric("1/2"), 0, 2, 3), 12)
    1.18042265744
    """

    def summed(self, bits: int) -> arb:
        """By the sizes that matter, each with its chance."""
        kappa, blocks, generation = number(self.args[1], ctx.prec), int(self.args[2]), self.generation
        bound = arb(1)
        for _ in range(1, generation):
            bound = (1 + kappa.max(arb(0))) * bound + 1
        chances, left = first_chances(self.sizes, bound, generation, bits)
        # Where the rest of a law is left out its chances are those that matter, to the end.
        listed = [(size, chance) for size, chance in enumerate(chances) if size and chance != 0]
        if len(listed) ** min(blocks, generation) > MOST_SEQUENCES:
            raise _too_many(self.sizes, blocks)
        for g, found in enumerate(moments(listed, kappa, blocks, lambda p, q: arb(p) / q), start=1):
            if g == generation:
                return found + added(left)
        raise AssertionError("moments never end")

    def given_the_sizes(self) -> tuple[Any, ...]:
        """y_g = Σ_k C_{g,k}² (1 + κ y_{k−1})/N_k, C_{g,k} = w_{g,k} + Σ_i w_{g,i} C_{i−1,k}, w by size."""
        kappa, blocks = self.args[1:3]
        k, i = (Symbol(name, integer=True, positive=True) for name in "ki")
        path, first = IndexedBase("C"), Max(1, AT - blocks + 1)
        total = Sum(SIZE[i], (i, first, AT))
        moved = Sum(SIZE[i] * path[i - 1, k], (i, Max(k + 1, first), AT))
        kept = Piecewise((SIZE[k], k >= first), (S.Zero, True))
        return (
            Eq(MOMENT[AT], Sum(path[AT, k] ** 2 * (1 + kappa * MOMENT[k - 1]) / SIZE[k], (k, 1, AT)), evaluate=False),
            Eq(MOMENT[0], 0, evaluate=False),
            Eq(path[AT, k], (kept + moved) / total, evaluate=False),
        )


def _too_many(sizes: RandomSizes, blocks: int) -> NotDerivedError:
    return NotDerivedError(
        f"sizes = {sizes}: the last {blocks} sizes matter beside the moments, with more than {MOST_SEQUENCES} "
        f"sequences of them: simulate."
    )


@dataclass
class _Part:
    """On a sequence of sizes, newest first: its chance, E δ², E δ x_i and E x_i x_k, i ≥ k, each on this sequence."""

    chance: Any
    square: Any
    mixed: list[Any]
    blocks: list[list[Any]]

    def add(self, other: _Part) -> None:
        """Another history of the same sizes."""
        self.chance = self.chance + other.chance
        self.square = self.square + other.square
        self.mixed = [a + b for a, b in zip(self.mixed, other.mixed, strict=True)]
        self.blocks = [
            [a + b for a, b in zip(one, two, strict=True)] for one, two in zip(self.blocks, other.blocks, strict=True)
        ]


def moments(chances: list[tuple[int, Any]], kappa: Any, blocks: int, ratio: Callable[[int, int], Any]) -> Iterator[Any]:
    """E δ_g² at g = 1, 2, …, in whatever numbers the chances are."""
    zero, one = ratio(0, 1), ratio(1, 1)
    parts: dict[tuple[int, ...], _Part] = {(): _Part(one, zero, [], [])}
    while True:
        new: dict[tuple[int, ...], _Part] = {}
        total = zero
        for before, part in parts.items():
            for size, chance in chances:
                sizes = (size, *before)
                found = _drawn(part, sizes, kappa, ratio)
                found = _Part(
                    chance * part.chance,
                    chance * found.square,
                    [chance * value for value in found.mixed],
                    [[chance * value for value in row] for row in found.blocks],
                )
                total = total + found.square
                kept = sizes[: blocks - 1]
                found.mixed = found.mixed[: len(kept)]
                found.blocks = [row[: len(kept)] for row in found.blocks[: len(kept)]]
                if kept in new:
                    new[kept].add(found)
                else:
                    new[kept] = found
        parts = new
        yield total


def _drawn(part: _Part, sizes: tuple[int, ...], kappa: Any, ratio: Callable[[int, int], Any]) -> _Part:
    """With one block more, newest first, and the model that is fitted on all of them."""
    inverse = ratio(1, sizes[0])
    first = part.square + (kappa * part.square + part.chance) * inverse
    rows = [[first, *part.mixed]]
    rows += [[mixed, *row] for mixed, row in zip(part.mixed, part.blocks, strict=True)]
    total = sum(sizes)
    weights = [ratio(size, total) for size in sizes]
    mixed = [_dot(weights, row) for row in rows]
    return _Part(part.chance, _dot(weights, mixed), mixed, rows)


def _dot(one: list[Any], other: list[Any]) -> Any:
    total = one[0] * other[0]
    for a, b in zip(one[1:], other[1:], strict=True):
        total = total + a * b
    return total
