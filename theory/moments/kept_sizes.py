r"""Risks where what is kept of all sizes matters: pools of blocks of random size, whole or fading.

With :math:`M_g = q_g M_{g-1} + N_g` and moments :math:`m_g = A(N_g, M_g)\,m_{g-1} + f(N_g, M_g)` given the sizes, the
parts

.. math:: E[m_g;\, M_g = M] = \sum_k P(N = k)\,\Bigl(A(k, M)\,E\bigl[m_{g-1};\, M_{g-1} = \tfrac{M-k}{q_g}\bigr]
          + f(k, M)\,P\bigl(M_{g-1} = \tfrac{M-k}{q_g}\bigr)\Bigr)

are run exactly for a law with a largest size (derived here): of a whole pool there are about as many values of M as
rows, of one that fades a factor more in every generation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from sympy import Expr, Integer, Lambda, Matrix, Rational, S, Symbol

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.random_sizes import RandomSizes
from theory.moments.fading_totals import FadingTotals
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

#: Values of M that are run at a time.
MOST_VALUES = 3000
#: What is kept, in an expression.
KEPT = Symbol("M", positive=True)


def by_kept_sizes(moments: MomentRecurrence, workflow: Workflow) -> Recurrence:
    """The mean over all sizes of a recurrence with :class:`~theory.expressions.block_size.PoolSize` in its steps.

    Raises
    ------
    NotDerivedError
        For a law without a largest size.
    """
    sizes = workflow.random_sizes
    assert sizes is not None
    rate = _plainly_fading(moments, sizes)
    if sizes.support is None:
        if rate is not None:
            return FadingTotals(sizes, rate, **moments.of_the_risk)
        raise NotDerivedError(
            f"workflow = {workflow.name} with sizes = {sizes}: its risk is run over the law of what is kept of all "
            f"sizes, which is finite only for sizes with a largest one."
        )
    listed = [*moments.matrix, *moments.forcing, *moments.readout, moments.shift]
    pools = {pool for entry in listed for pool in entry.atoms(PoolSize)}
    units = {unit for entry in listed for unit in entry.atoms(BlockSize)}
    seen = {item.args[0] for item in pools} | {unit.args[0] for unit in units if unit.args[0] != 1}
    if not seen <= {GENERATION} or moments.start > 2 or len(pools) != 1:
        raise NotDerivedError(
            f"workflow = {workflow.name} has blocks of random size: its steps look at more of the earlier sizes than "
            f"what is kept of them."
        )
    found = KeptSizes(sizes, moments, next(iter(pools)).args[2], **moments.of_the_risk)
    return found if rate is None else FadingTotals(sizes, rate, found, **moments.of_the_risk)


def _plainly_fading(moments: MomentRecurrence, sizes: RandomSizes) -> Expr | None:
    """q where a generation adds N/M² of a memory that fades at the constant rate q, and nothing else; else None."""
    pools = moments.forcing.atoms(PoolSize)
    if moments.matrix != Matrix([[1]]) or moments.start != 1 or len(pools) != 1 or sizes.free_symbols:
        return None
    (pool,) = pools
    rate, newest = pool.args[2](GENERATION), BlockSize(GENERATION, Integer(sizes.least))
    plain = moments.readout == Matrix([[1]]) and moments.initial[0] == 0 and moments.shift == 0
    adds = moments.forcing[0] == newest / pool**2
    finite = sizes.mean is not None and sizes.mean.is_finite
    return rate if plain and adds and finite and rate.is_Rational and 0 < rate < 1 else None


@dataclass(frozen=True)
class KeptSizes(Recurrence):
    """Moments by what is kept of the sizes; ``moments`` are given the sizes, ``rate`` is q as a function of g.

    Examples
    --------
    >>> from theory import BiasedSampler, GaussianMean, Accumulate, expected_risk
    >>> model = BiasedSampler(GaussianMean(n=1, sigma2=1), fidelity="1/2", target=1)
    >>> expected_risk(model, Accumulate(sizes=RandomSizes.uniform(2))).at(2)
    751/1152
    """

    sizes: RandomSizes
    moments: MomentRecurrence
    rate: Lambda

    def subs(self, *args: Any) -> KeptSizes:
        """With parameters replaced, in the sizes, the rate and the moments alike."""
        return super().subs(*args)

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …

        Raises
        ------
        DomainError
            Where too many values of what is kept have a chance.
        """
        table = self.sizes.support or {}
        ring = self._ring(table)
        inside = ring.holds(self.scale, self.offset)
        scale, offset = (ring.constant(part) if inside else part for part in (self.scale, self.offset))
        for moment in self._all(ring, table):
            if self.domain == S.false:
                yield S.Infinity
            else:
                yield (
                    ring.to_expression(offset + scale * moment)
                    if inside
                    else (offset + scale * ring.to_expression(moment))
                )

    def _ring(self, table: dict[int, Expr]) -> Arithmetic:
        size = next(iter(table))
        entries = [self._told(entry, size) for entry in self._entries()]
        return Arithmetic([entry.subs(KEPT, Rational(1009, 7)) for entry in (*entries, *table.values())], GENERATION)

    def _entries(self) -> list[Expr]:
        found = self.moments
        return [*found.matrix, *found.forcing, *found.readout, found.shift, *found.initial]

    def _told(self, entry: Expr, size: int, first: int | None = None) -> Expr:
        """An entry at one size of the newest block, and of the first one, in what is kept."""
        kept = dict.fromkeys(entry.atoms(PoolSize), KEPT)
        known = {
            unit: Integer(size if first is None or unit.args[0] != 1 else first) for unit in entry.atoms(BlockSize)
        }
        return entry.subs(kept).subs(known)

    def _all(self, ring: Arithmetic, table: dict[int, Expr]) -> Iterator[Any]:
        """The moments; where steps look at the size of block 1 those of each of its sizes, added up."""
        steps = [*self.moments.matrix, *self.moments.forcing, *self.moments.readout, self.moments.shift]
        if not any(unit.args[0] == 1 for entry in steps for unit in entry.atoms(BlockSize)):
            yield from self._run(ring, table, None)
            return
        for parts in zip(*(self._run(ring, table, first) for first in table), strict=True):
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            yield total

    def _run(self, ring: Arithmetic, table: dict[int, Expr], known: int | None) -> Iterator[Any]:
        steps = {
            size: _Step(self.moments, [self._told(entry, size, known) for entry in self._entries()], ring)
            for size in table
        }
        chances = {size: ring.constant(chance) for size, chance in table.items()}
        zero, one = ring.constant(S.Zero), ring.constant(S.One)
        first = int(self.moments.start)
        states: dict[Expr, tuple[list[Any], Any]] = {}
        if first == 1:
            initial = [ring.constant(entry) for entry in self.moments.initial]
            states = {S.Zero: (initial, one)}
        else:
            for size, chance in chances.items():
                if known not in (None, size):
                    continue
                start = [chance * value for value in steps[size].initial()]
                states[Integer(size)] = (start, chance)
            yield self._shown(states, steps, 1, zero)
        for g in count(first):
            rate = self.rate(Integer(g)) if g > 1 else S.Zero
            new: dict[Expr, tuple[list[Any], Any]] = {}
            for before, (state, likely) in states.items():
                for size, chance in chances.items():
                    if g == 1 and known not in (None, size):
                        continue
                    kept = rate * before + size
                    moved = [chance * value for value in steps[size].moved(state, likely, kept, g)]
                    part = chance * likely
                    if kept in new:
                        others, other = new[kept]
                        moved, part = [a + b for a, b in zip(others, moved, strict=True)], other + part
                    new[kept] = (moved, part)
            if len(new) > MOST_VALUES:
                raise DomainError(
                    f"generation = {g} is beyond exact values: what is kept of all sizes has {len(new)} values."
                )
            states = new
            yield self._shown(states, steps, g, zero)

    def _shown(self, states: dict[Expr, tuple[list[Any], Any]], steps: dict[int, _Step], g: int, zero: Any) -> Any:
        # The readout does not look at the newest size but through what is kept.
        step = next(iter(steps.values()))
        total = zero
        for kept, (state, likely) in states.items():
            total = total + step.shown(state, likely, kept, g)
        return total


class _Step:
    """One generation at one size of the newest block, its coefficients functions of what is kept."""

    def __init__(self, moments: MomentRecurrence, entries: list[Expr], ring: Arithmetic) -> None:
        self.size = moments.matrix.shape[0]
        self._ring, self._entries = ring, entries
        self._known: dict[tuple[int, Expr, int], Any] = {}
        self._varies = [entry.has(GENERATION) for entry in entries]

    def _value(self, place: int, kept: Expr, g: int) -> Any:
        at = (place, kept, g if self._varies[place] else 0)
        if at not in self._known:
            value = self._entries[place].subs({KEPT: kept, GENERATION: Integer(g)})
            self._known[at] = self._ring.constant(value)
        return self._known[at]

    def moved(self, state: list[Any], likely: Any, kept: Expr, g: int) -> list[Any]:
        """A m + f·chance."""
        size = self.size
        found = []
        for row in range(size):
            total = self._value(size * size + row, kept, g) * likely
            for col in range(size):
                if self._entries[row * size + col] != 0:
                    total = total + self._value(row * size + col, kept, g) * state[col]
            found.append(total)
        return found

    def shown(self, state: list[Any], likely: Any, kept: Expr, g: int) -> Any:
        """h·m + c·chance."""
        base = self.size * (self.size + 1)
        total = self._value(base + self.size, kept, g) * likely
        for col in range(self.size):
            if self._entries[base + col] != 0:
                total = total + self._value(base + col, kept, g) * state[col]
        return total

    def initial(self) -> list[Any]:
        """The moments at generation 1."""
        return [self._ring.constant(entry) for entry in self._entries[-self.size :]]
