r"""The law of a fitted Markov chain, generation after generation, in exact fractions: every path, those with the same
pairs together.

A block of n pairs is a path of n + 1 tokens, from the stationary law of the chain it is drawn from. What the next
generation needs of it is how often each pair of neighbours occurs: paths are run through token by token, and merged
where they agree in their pairs and their last token. Derived here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from flint import fmpq
from sympy import Expr

from theory.errors import DomainError
from theory.expressions.numerals import to_sympy
from theory.models.categories.counts import State, Vector, memory_of
from theory.models.categories.tokens import TokenRecurrence
from theory.models.categories.transitions import Rows, Transitions, long_run

#: Steps of a path and new states, at most: some seconds.
MOST_WORK = 3 * 10**5
#: What a matrix costs in such steps.
MATRIX = 10

Law = list[tuple[Vector, fmpq]]


@dataclass(frozen=True)
class PathRecurrence(TokenRecurrence):
    r"""The exact :math:`E \sum_a \pi_a \sum_b (\hat p_{ab} - p_{ab})^2` of fitted transitions.

    Attributes
    ----------
    transitions : of the real data
    keeps : whether the row of a context that no path holds stays as it was; else it is uniform
    """

    transitions: Transitions
    keeps: bool = False

    @property
    def subject(self) -> str:
        """What is expected, as messages name it."""
        return "the exact error of transitions"

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …

        Raises
        ------
        DomainError
            When there are too many paths to go through.
        """
        for law in self.laws():
            yield self.offset + self.scale * to_sympy(sum((mass * self._error(rows) for rows, mass in law), fmpq(0)))

    def laws(self) -> Iterator[list[tuple[Rows, fmpq]]]:
        """Fitted tables with their probabilities, at generations 1, 2, …"""
        memory, run = memory_of(self), _Work(self)
        truth, size = self.transitions.rows, self.transitions.size
        uniform: Rows = ((fmpq(1, size),) * size,) * size
        states: dict[tuple[State, Rows], fmpq] = defaultdict(fmpq)
        for block, chance in run.paths(self.tokens(1), truth, self.transitions.stationary, 1):
            states[memory.first(block), uniform] += chance
        for g in count(1):
            fitted: dict[tuple[State, Rows, Vector], fmpq] = defaultdict(fmpq)
            for (state, before), mass in states.items():
                for fit, chance in memory.fits(g, state):
                    rows = _fitted(fit, before)
                    fitted[state, rows, run.start(rows, _contexts(fit, size), g)] += mass * chance
            law: dict[Rows, fmpq] = defaultdict(fmpq)
            for (_, rows, _), mass in fitted.items():
                law[rows] += mass
            yield list(law.items())
            fresh = self.fresh_tokens(g + 1)
            nothing: Law = [((fmpq(0),) * size**2, fmpq(1))]
            real = run.paths(fresh, truth, self.transitions.stationary, g + 1) if fresh else nothing
            states = defaultdict(fmpq)
            for (state, rows, start), mass in fitted.items():
                kept = rows if self.keeps else uniform
                drawn = run.paths(self.tokens(g + 1), rows, start, g + 1)
                run.did(len(drawn) * len(real), g + 1)
                for block, chance in drawn:
                    for new, way in real:
                        states[memory.add(g + 1, state, block, new), kept] += mass * chance * way

    def _error(self, rows: Rows) -> fmpq:
        weights, truth = self.transitions.stationary, self.transitions.rows
        return sum(
            (
                weight * sum(((x - p) ** 2 for x, p in zip(row, true, strict=True)), fmpq(0))
                for weight, row, true in zip(weights, rows, truth, strict=True)
            ),
            fmpq(0),
        )


class _Work:
    """Laws of paths, each found once, and how much was done for them."""

    def __init__(self, tokens: PathRecurrence) -> None:
        self.tokens, self.work = tokens, 0
        self.known: dict[tuple[int, Rows, Vector], Law] = {}
        self.starts: dict[tuple[Rows, Vector], Vector] = {}

    def did(self, steps: int, g: int) -> None:
        self.work += steps
        if self.work > MOST_WORK:
            raise DomainError(
                f"n = {self.tokens.points} has too many paths up to generation {g} of {self.tokens.workflow.name} for "
                f"{self.tokens.subject}: numerics.simulate works."
            )

    def start(self, rows: Rows, contexts: Vector, g: int) -> Vector:
        """The law of the first token of what a model with these rows generates."""
        self.did(1, g)
        if (rows, contexts) not in self.starts:
            self.did(MATRIX, g)
            self.starts[rows, contexts] = long_run(rows, contexts)
        return self.starts[rows, contexts]

    def paths(self, pairs: int, rows: Rows, start: Vector, g: int) -> Law:
        """Relative frequencies of all pairs on a path of so many, with their probabilities."""
        key = (pairs, rows, start)
        if key not in self.known:
            self.known[key] = self._run(pairs, rows, start, g)
        return self.known[key]

    def _run(self, pairs: int, rows: Rows, start: Vector, g: int) -> Law:
        size = len(rows)
        states = {(a, (0,) * size**2): mass for a, mass in enumerate(start) if mass}
        for _ in range(pairs):
            following: dict[tuple[int, tuple[int, ...]], fmpq] = defaultdict(fmpq)
            self.did(len(states) * size, g)
            for (a, counts), mass in states.items():
                for b, chance in enumerate(rows[a]):
                    if chance:
                        at = a * size + b
                        following[b, (*counts[:at], counts[at] + 1, *counts[at + 1 :])] += mass * chance
            states = following
        law: dict[tuple[int, ...], fmpq] = defaultdict(fmpq)
        for (_, counts), mass in states.items():
            law[counts] += mass
        return [(tuple(fmpq(number, pairs) for number in counts), mass) for counts, mass in law.items()]


def _contexts(fit: Vector, size: int) -> Vector:
    """How often each token is followed by another."""
    sums = tuple(sum(fit[a * size : (a + 1) * size], fmpq(0)) for a in range(size))
    total = sum(sums, fmpq(0))
    return tuple(part / total for part in sums)


def _fitted(fit: Vector, before: Rows) -> Rows:
    """Relative frequencies of what follows each token; the row before, where it occurs nowhere."""
    size = len(before)
    found = []
    for a in range(size):
        row = fit[a * size : (a + 1) * size]
        total = sum(row, fmpq(0))
        found.append(tuple(x / total for x in row) if total else before[a])
    return tuple(found)
