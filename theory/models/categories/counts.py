r"""The law of a fitted unigram model, generation after generation, in exact fractions.

Given model g − 1 the counts of block g are multinomial; what model g needs of the past is what its workflow remembers
of the blocks: a linear state, the counts of the pool, or every block. Categories are followed in a tuple, all but the
last: a single one, against all others, is enough for :math:`E \sum_k f(\theta_{g,k})`, a sum over categories,

.. math:: E\,H(\theta_g) = -\sum_k E\,\theta_{g,k}\log\theta_{g,k} .

Without fresh real data the future depends on the real block alone, and one chain carries all categories together:
it starts from the expected number of categories with each count. Derived here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from math import comb

from flint import fmpq
from sympy import Matrix

from theory.errors import DomainError, NotDerivedError
from theory.expressions.numerals import to_flint
from theory.models.categories.tokens import TokenRecurrence
from theory.models.effective_size import open_loop
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics

#: Words of 64 bits in all masses that are multiplied: some seconds.
MOST_WORK = 3 * 10**6

#: One number for each category that is followed.
Vector = tuple[fmpq, ...]
#: What a workflow remembers, a vector each.
State = tuple[Vector, ...]
Measure = dict[Vector, fmpq]


def fitted_laws(chances: list[tuple[Vector, int]], tokens: TokenRecurrence) -> Iterator[Measure]:
    """Measures of the fitted probabilities at generations 1, 2, …, summed over several truths.

    ``chances`` are the truths, each the probabilities of the categories that are followed and how often it counts.

    Raises
    ------
    DomainError
        When there are more states than can be run exactly.
    """
    fresh = any(tokens.fresh_tokens(g) for g in (2, 3, 4))
    if not fresh:
        yield from _Chain(chances, tokens).laws()
        return
    chains = [_Chain([one], tokens).laws() for one in chances]
    while True:
        total: Measure = defaultdict(fmpq)
        for chain in chains:
            for fit, mass in next(chain).items():
                total[fit] += mass
        yield dict(total)


@dataclass(frozen=True)
class _Chain:
    """The chain of states for truths that are drawn from in block 1 and, one truth alone, afresh later."""

    truths: list[tuple[Vector, int]]
    tokens: TokenRecurrence

    def laws(self) -> Iterator[Measure]:
        tokens, memory = self.tokens, memory_of(self.tokens)
        states: dict[State, fmpq] = defaultdict(fmpq)
        width = len(self.truths[0][0])
        bits = max(int(p.q).bit_length() for truth, _ in self.truths for p in truth) if width else 1
        work = self._verified(0, len(self.truths) * comb(tokens.tokens(1) + width, width), tokens.tokens(1) * bits, 1)
        for truth, times in self.truths:
            for block, chance in multinomial(tokens.tokens(1), truth):
                states[memory.first(block)] += chance * times
        for g in count(1):
            law: Measure = defaultdict(fmpq)
            following: dict[State, fmpq] = defaultdict(fmpq)
            drawn, real = tokens.tokens(g + 1), self._fresh(g + 1)
            for state, mass in states.items():
                for fit, chance in memory.fits(g, state):
                    law[fit] += mass * chance
            yield dict(law)
            outcomes = comb(drawn + width, width) * max(1, len(real)) * memory.draws(g, width)
            work = self._verified(work, len(states) * outcomes, int(next(iter(states.values())).q).bit_length(), g + 1)
            for state, mass in states.items():
                for fit, chance in memory.fits(g, state):
                    for block, way in multinomial(drawn, fit):
                        for new, probability in real:
                            added = memory.add(g + 1, state, block, new)
                            following[added] += mass * chance * way * probability
            states = following

    def _verified(self, work: int, transitions: int, bits: int, g: int) -> int:
        """The work with that of generation g, unless it is too much."""
        work += transitions * (8 + bits // 64)
        if work > MOST_WORK:
            raise DomainError(
                f"n = {self.tokens.points} has too many data sets up to generation {g} of {self.tokens.workflow.name} "
                f"for exact values of {self.tokens.subject}: ask Risk.enclosure for bounds, or numerics.simulate."
            )
        return work

    def _fresh(self, g: int) -> list[tuple[Vector, fmpq]]:
        """Fresh real frequencies of generation g with their probabilities."""
        points, truth = self.tokens.fresh_tokens(g), self.truths[0][0]
        if not points:
            return [(tuple(fmpq(0) for _ in truth), fmpq(1))]
        return list(multinomial(points, truth))


class _Blocks:
    """Every block is kept, and the fit beside them."""

    def __init__(self, tokens: TokenRecurrence) -> None:
        self.tokens = tokens

    def first(self, block: Vector) -> State:
        return (block, block)

    def add(self, g: int, state: State, block: Vector, fresh: Vector) -> State:
        blocks = (*state[:-1], block)
        share = to_flint(self.tokens.workflow.fresh_weight(g))
        weights = [to_flint(weight) for weight in self.tokens.shares(g)]
        fit = tuple(
            share * fresh[k] + sum((w * one[k] for w, one in zip(weights, blocks, strict=True)), fmpq(0))
            for k in range(len(block))
        )
        return (*blocks, fit)

    def fits(self, g: int, state: State) -> Iterator[tuple[Vector, fmpq]]:
        yield state[-1], fmpq(1)

    def draws(self, g: int, width: int) -> int:
        return 1


class _Linear:
    """The open loop of the workflow's recursion, of state size k, from generation 2 on."""

    def __init__(self, workflow: Workflow, dynamics: LinearDynamics) -> None:
        self.dynamics = open_loop(workflow, dynamics)
        self.size = dynamics.transition.shape[0]

    def first(self, block: Vector) -> State:
        return tuple(tuple(to_flint(row) * x for x in block) for row in self.dynamics.initial[:, 0])

    @cache  # noqa: B019 - lives as long as one run
    def _at(self, g: int) -> tuple[list[list[fmpq]], list[fmpq], list[fmpq]]:
        dynamics, size = self.dynamics, self.size
        move, gain, fresh = (_fractions(part, g) for part in (dynamics.transition, dynamics.innovation, dynamics.fresh))
        return [move[row * size : (row + 1) * size] for row in range(size)], gain, fresh

    @cache  # noqa: B019 - lives as long as one run
    def _read(self, g: int) -> list[fmpq]:
        """What the fit is of the state; steps, and some of these, are singular at g = 1, where the fit is the block."""
        if g > 1:
            return _fractions(self.dynamics.readout, g)
        initial = [to_flint(entry) for entry in self.dynamics.initial[:, 0]]
        seen = next(index for index, entry in enumerate(initial) if entry)
        return [1 / entry if index == seen else fmpq(0) for index, entry in enumerate(initial)]

    def add(self, g: int, state: State, block: Vector, fresh: Vector) -> State:
        move, gain, own = self._at(g)
        return tuple(
            tuple(
                sum((a * z[k] for a, z in zip(row, state, strict=True)), fmpq(0))
                + gain[i] * block[k]
                + own[i] * fresh[k]
                for k in range(len(block))
            )
            for i, row in enumerate(move)
        )

    def fits(self, g: int, state: State) -> Iterator[tuple[Vector, fmpq]]:
        readout = self._read(g)
        yield (
            tuple(sum((h * z[k] for h, z in zip(readout, state, strict=True)), fmpq(0)) for k in range(len(state[0]))),
            fmpq(1),
        )

    def draws(self, g: int, width: int) -> int:
        return 1


def _fractions(part: Matrix, g: int) -> list[fmpq]:
    """The entries of a matrix at a generation, one after the other."""
    return [to_flint(entry) for entry in part.subs({GENERATION: g})]


class _Pool:
    """The counts of the pool, of which a subsample is drawn anew."""

    def __init__(self, tokens: TokenRecurrence) -> None:
        self.tokens = tokens

    def first(self, block: Vector) -> State:
        return (tuple(x * self.tokens.tokens(1) for x in block),)

    def add(self, g: int, state: State, block: Vector, fresh: Vector) -> State:
        size = self.tokens.tokens(g)
        return (tuple(have + size * x for have, x in zip(state[0], block, strict=True)),)

    def fits(self, g: int, state: State) -> Iterator[tuple[Vector, fmpq]]:
        pool = sum(self.tokens.tokens(index) for index in range(1, g + 1))
        drawn, shares = self.tokens.drawn(g), tuple(x / pool for x in state[0])
        if drawn is None:
            yield shares, fmpq(1)
        elif drawn[1]:
            yield from multinomial(drawn[0], shares)
        else:
            yield from _hypergeometric(pool, [int(x.p) for x in state[0]], drawn[0])

    def draws(self, g: int, width: int) -> int:
        drawn = self.tokens.drawn(g)
        return 1 if drawn is None else comb(drawn[0] + width, width)


def memory_of(tokens: TokenRecurrence) -> _Blocks | _Linear | _Pool:
    """The least that is known to be enough for the future of a workflow."""
    workflow, dynamics = tokens.workflow, tokens.workflow.dynamics()
    if workflow.draw(GENERATION) is not None:
        return _Pool(tokens)
    # From a later start on, fresh real data of the generations before would be left out.
    if isinstance(dynamics, LinearDynamics) and dynamics.start <= 2:
        return _Linear(workflow, dynamics)
    if workflow.keeps_fresh:
        raise NotDerivedError(
            f"workflow = {workflow.name} keeps fresh real data and has no linear recursion: {tokens.subject} is not "
            f"derived."
        )
    return _Blocks(tokens)


def multinomial(draws: int, chances: Vector) -> Iterator[tuple[Vector, fmpq]]:
    """Relative frequencies among ``draws`` draws with their probabilities; one more category takes what is left of 1.

    Examples
    --------
    >>> from flint import fmpq
    >>> from theory.models.categories.counts import multinomial
    >>> list(multinomial(2, (fmpq(1, 3),)))
    [((0,), 4/9), ((1/2,), 4/9), ((1,), 1/9)]
    """
    rest = 1 - sum(chances, fmpq(0))

    def continued(index: int, left: int) -> Iterator[tuple[Vector, fmpq]]:
        if index == len(chances):
            mass = rest**left
            if mass:
                yield (), mass
            return
        power = fmpq(1)
        for taken in range(left + 1):
            if power:
                ways = comb(left, taken) * power
                for others, mass in continued(index + 1, left - taken):
                    yield (fmpq(taken, draws), *others), ways * mass
            power *= chances[index]

    return continued(0, draws)


def _hypergeometric(total: int, have: list[int], drawn: int) -> Iterator[tuple[Vector, fmpq]]:
    """Relative frequencies among ``drawn`` of ``total`` tokens, without replacement."""
    ways = comb(total, drawn)

    def continued(index: int, left: int) -> Iterator[tuple[Vector, int]]:
        if index == len(have):
            yield (), comb(total - sum(have), left)
            return
        for taken in range(min(left, have[index]) + 1):
            for others, number in continued(index + 1, left - taken):
                yield (fmpq(taken, drawn), *others), comb(have[index], taken) * number

    for kept, number in continued(0, drawn):
        if number:
            yield kept, fmpq(number, ways)
