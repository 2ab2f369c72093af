r"""Recurrences given the sizes of all blocks, and their means over sizes that are random.

Given the sizes a risk obeys what it obeys under any schedule, :math:`m_g = A_g m_{g-1} + f_g`, with the size of block g
in :math:`A_g` and :math:`f_g`. What else stands there decides how the mean over all sizes is taken (derived here):

- *the newest size alone*: it is independent of all before, so that :math:`E\,m_g = E[A]\,E\,m_{g-1} + E f`;
- *the last w sizes*, as under a window: the parts :math:`E[m_g;\, N_g = k_1, \dots, N_{g-w+1} = k_w]` obey a linear
  recurrence, finite for a law with a largest size;
- *the newest block's share of all that is kept*, :math:`p_g = N_g/(N_1 + \dots + N_g)`, where nothing is thrown away
  and steps are of the first degree in it: given the total and all later sizes the blocks are alike, so that
  :math:`E\,p_g = 1/g`, and by induction :math:`E\,m_g` is what it is for equal blocks, whatever the law of the sizes;
- *what is kept of all sizes* otherwise, :math:`M_g = q_g M_{g-1} + N_g`: so do the parts on :math:`M_g = M`, of which
  there are more in every generation (:mod:`theory.moments.kept_sizes`, and :mod:`theory.moments.pooled_gains` for
  random walks).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from sympy import Dummy, Expr, Ge, ImmutableMatrix, Integer, Integral, Matrix, Poly, S, Symbol, cancel, zeros

from theory.errors import NotDerivedError
from theory.expressions.block_size import BlockSize, PoolSize
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.size_means import mean_over
from theory.expressions.symbols import j
from theory.moments.kept_sizes import by_kept_sizes
from theory.moments.mean_steps import MeanSteps
from theory.moments.pooled_gains import pooled_gains
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

#: Moments of a recurrence that knows the last sizes, at most.
MOST_MOMENTS = 128
#: A size in an expression.
SIZE = Symbol("N", integer=True, positive=True)


def at_any_sizes(workflow: Workflow) -> Workflow:
    """The same workflow with sizes that are not known yet.

    Raises
    ------
    NotDerivedError
        For a window of which more sizes have to be remembered than can be.

    Examples
    --------
    >>> from theory import Replace
    >>> at_any_sizes(Replace(sizes="random(t/(2 - t))")).sizes
    BlockSize(j, 1)
    """
    sizes = workflow.random_sizes
    assert sizes is not None
    blocks = workflow.pooled
    if blocks is not None and blocks.is_Integer and blocks > 1:
        _verify_memory(workflow, int(blocks), int(blocks * (blocks + 1) / 2))
    return workflow.with_sizes(BlockSize(j, Integer(sizes.least)))


def _verify_memory(workflow: Workflow, remembered: int, moments: int) -> None:
    """Refuse to remember so many of the last sizes beside so many moments."""
    sizes = workflow.random_sizes
    chances = None if sizes is None else sizes.support
    if chances is None:
        raise _refused(
            workflow,
            f"the last {remembered} sizes matter beside the moments, of which sizes = {sizes} without a largest one "
            f"have no finite number of sequences",
        )
    known = len(chances) ** remembered
    if known * moments > MOST_MOMENTS:
        raise _refused(
            workflow,
            f"the last {remembered} sizes matter beside the {moments} moments, with {known} sequences of them: more "
            f"than {MOST_MOMENTS} numbers in all",
        )


def over_sizes(given: Recurrence, workflow: Workflow) -> Recurrence:
    """The mean over all sizes of a recurrence that is ``given`` them.

    Raises
    ------
    NotDerivedError
        Naming the workflow, where sizes enter in another way than those above, or too many of them matter.
    """
    sizes = workflow.random_sizes
    assert sizes is not None
    moments = given.as_moments()
    if moments is None or moments.continuation is not None:
        raise _refused(workflow, "its risk given the sizes is no linear recurrence in moments")
    moments = _finite(_scaled(moments, sizes), sizes)
    if _steps_of(moments).has(PoolSize):
        return _as_equal(moments) or pooled_gains(moments, sizes) or by_kept_sizes(moments, workflow)
    remembered = _remembered(moments)
    if remembered == 0:
        return _averaged(moments, sizes)
    return _in_turn(moments, workflow, sizes, remembered)


def _refused(workflow: Workflow, reason: str) -> NotDerivedError:
    return NotDerivedError(f"workflow = {workflow.name} has blocks of random size: {reason}.")


def _steps_of(moments: MomentRecurrence) -> Expr:
    """All of what moves the moments and shows them, for a look at what is in it."""
    listed = [*moments.matrix, *moments.forcing, *moments.readout, moments.shift]
    return sum((Symbol(f"x{index}") * entry for index, entry in enumerate(listed)), S.Zero)


def _ages(*parts: Expr) -> set[int]:
    """Which sizes before the newest one stand in expressions of ``GENERATION``."""
    found = {size.args[0] - GENERATION for part in parts for size in part.atoms(BlockSize)}
    if not all(age.is_Integer and age <= 0 for age in found):
        raise NotDerivedError("blocks of random size: the steps look at sizes of certain blocks beside the last ones.")
    return {int(-age) for age in found}


def _remembered(moments: MomentRecurrence) -> int:
    """How many of the last sizes have to be known beside the moments."""
    steps = _ages(*moments.matrix, *moments.forcing)
    shown = _ages(*moments.readout, moments.shift)
    return max((0, *steps, *(age + 1 for age in shown)))


def _scaled(moments: MomentRecurrence, sizes: RandomSizes) -> MomentRecurrence:
    """A scale that makes a leading order exact at generation 1 does so on average over the size of block 1."""
    if not moments.scale.has(BlockSize):
        return moments
    if moments.exactness == "exact" or moments.offset.has(BlockSize):
        raise NotDerivedError("blocks of random size: the noise of every block depends on the size of the first one.")
    first = _first_moment(moments)
    unit, size = next(iter(moments.scale.atoms(BlockSize))), SIZE
    means = [mean_over(sizes, part.subs(unit, size), size) for part in (moments.scale * first, first)]
    return moments.changed(scale=means[0] / means[1])


def _first_moment(moments: MomentRecurrence) -> Expr:
    """The moment at generation 1, given the size of block 1."""
    if moments.start > 2:
        return moments.early[0]
    known = {GENERATION: Integer(1)}
    state = moments.initial
    if moments.start == 1:
        state = moments.matrix.subs(known) * state + moments.forcing.subs(known)
    return (moments.readout.subs(known) * state)[0] + moments.shift.subs(known)


def _finite(moments: MomentRecurrence, sizes: RandomSizes) -> MomentRecurrence:
    """Enough samples at every size that has a chance: a size with too few makes the mean infinite."""
    margin = moments.margin
    if margin is None or not margin.has(BlockSize, PoolSize):
        return moments
    table = sizes.support
    listed = [sizes.least] if table is None else sorted(table)
    # A fit on more blocks has more samples than one on the newest block alone, and the first fit has one block.
    pools = {pool: BlockSize(GENERATION, pool.args[1]) for pool in margin.atoms(PoolSize)}
    found = []
    for size in listed:
        value = margin.subs(pools)
        value = value.subs({unit: Integer(size) for unit in value.atoms(BlockSize)})
        found.append(value)
    worst = min(found) if all(value.is_number for value in found) else found[0]
    return moments.changed(margin=worst, domain=Ge(worst, 1))


def _as_equal(moments: MomentRecurrence) -> MomentRecurrence | None:
    """That of equal blocks, where steps are of the first degree in the newest block's share; else None."""
    shown = (*moments.readout, moments.shift, *moments.initial, *moments.early, moments.scale, moments.offset)
    if moments.start != 2 or any(entry.has(BlockSize, PoolSize) for entry in shown):
        return None
    stepped = (moments.matrix, moments.forcing)
    pools = set().union(*(part.atoms(PoolSize) for part in stepped))
    if len(pools) != 1 or _ages(*moments.matrix, *moments.forcing) != {0}:
        return None
    (pool,) = pools
    if pool.args[0] != GENERATION or pool.args[2](GENERATION) != 1:
        return None
    share = Dummy("share", positive=True)
    by_share = [
        part.applyfunc(lambda entry: cancel(entry.xreplace(dict.fromkeys(entry.atoms(BlockSize), share * pool))))
        for part in stepped
    ]
    if any(entry.has(PoolSize) or not _is_linear(entry, share) for part in by_share for entry in part):
        return None
    matrix, forcing = (part.subs(share, 1 / GENERATION).applyfunc(cancel) for part in by_share)
    return replace(moments, matrix=matrix, forcing=forcing)


def _is_linear(entry: Expr, unknown: Symbol) -> bool:
    """Whether this is of the first degree at most."""
    return bool(entry.is_polynomial(unknown)) and Poly(entry, unknown).degree() <= 1


def _averaged(moments: MomentRecurrence, sizes: RandomSizes) -> Recurrence:
    """By the newest size alone."""

    def mean(entry: Expr) -> Expr:
        units = entry.atoms(BlockSize)
        return mean_over(sizes, entry.subs(dict.fromkeys(units, SIZE)), SIZE)

    first = [entry for entry in (*moments.initial, *moments.early) if entry.has(BlockSize)]
    if any(size.args[0] != 1 for entry in first for size in entry.atoms(BlockSize)) or moments.start > 2:
        raise NotDerivedError("blocks of random size: the first generations depend on more than one size.")
    found = replace(
        moments,
        matrix=moments.matrix.applyfunc(mean),
        forcing=moments.forcing.applyfunc(mean),
        initial=moments.initial.applyfunc(mean),
        early=tuple(mean(value) for value in moments.early),
    )
    if not found.matrix.has(Integral):
        return found
    return MeanSteps(found, margin=found.margin, domain=found.domain, exactness=found.exactness)


@dataclass(frozen=True)
class _Histories:
    """Sizes that come one after the other, with their chances."""

    chances: dict[int, Expr]

    def of(self, count: int) -> Iterator[tuple[tuple[int, ...], Expr]]:
        """All sequences of so many sizes."""
        for sequence in product(sorted(self.chances), repeat=count):
            chance = S.One
            for size in sequence:
                chance *= self.chances[size]
            yield sequence, chance


def _in_turn(moments: MomentRecurrence, workflow: Workflow, sizes: RandomSizes, remembered: int) -> MomentRecurrence:
    """By the last sizes, newest first: the moments of each sequence of these, times its chance."""
    chances, size = sizes.support, moments.matrix.shape[0]
    _verify_memory(workflow, remembered, size)
    assert chances is not None
    known = len(chances) ** remembered
    histories = _Histories(chances)
    places = {sequence: index * size for index, (sequence, _) in enumerate(histories.of(remembered))}
    matrix, forcing = zeros(known * size, known * size), zeros(known * size, 1)
    readout, shift = zeros(1, known * size), S.Zero
    for before, chance in histories.of(remembered):
        for newest, likely in chances.items():
            now = (newest, *before)
            row, col = places[now[:remembered]], places[before]
            matrix[row : row + size, col : col + size] += likely * _at(moments.matrix, now)
            forcing[row : row + size, 0] += likely * chance * _at(moments.forcing, now)
    for now, chance in histories.of(remembered):
        readout[0, places[now] : places[now] + size] = _at(moments.readout, now)
        shift += chance * _at(Matrix([moments.shift]), now)[0]
    initial, early = _first(moments, histories, remembered, places)
    return replace(
        moments,
        matrix=ImmutableMatrix(matrix),
        forcing=ImmutableMatrix(forcing),
        readout=ImmutableMatrix(readout),
        shift=shift,
        initial=initial,
        early=early,
        adds_noise=False,
    )


def _first(
    moments: MomentRecurrence, histories: _Histories, remembered: int, places: dict[tuple[int, ...], int]
) -> tuple[Matrix, tuple[Expr, ...]]:
    """What the recurrence starts from: first sizes that no model saw are drawn all the same."""
    size, drawn = moments.matrix.shape[0], max(int(moments.start) - 1, remembered)
    unseen = drawn - (int(moments.start) - 1)
    initial, early = zeros(len(places) * size, 1), [S.Zero] * len(moments.early)
    for sequence, chance in histories.of(drawn):
        blocks = sequence[unseen:]  # block 1 first
        found = {index: Integer(value) for index, value in enumerate(blocks, start=1)}

        def seen(entry: Expr, found: dict[int, Integer] = found) -> Expr:
            return entry.subs({unit: found[int(unit.args[0])] for unit in entry.atoms(BlockSize)})

        place = places[tuple(reversed(sequence))[:remembered]]
        initial[place : place + size, 0] += chance * Matrix(moments.initial).applyfunc(seen)
        early = [total + chance * seen(value) for total, value in zip(early, moments.early, strict=True)]
    return ImmutableMatrix(initial), tuple(early)


def _at(matrix: Matrix, newest_first: tuple[int, ...]) -> Matrix:
    """A matrix at the last sizes."""

    def entry(value: Expr) -> Expr:
        known = {unit: Integer(newest_first[int(GENERATION - unit.args[0])]) for unit in value.atoms(BlockSize)}
        return value.subs(known)

    return Matrix(matrix).applyfunc(entry)
