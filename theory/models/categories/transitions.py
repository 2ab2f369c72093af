r"""The transition matrix of a Markov chain, its stationary law, and which law its states tend to.

Rows sum to 1, and every state is reached from every other: then one stationary law :math:`\pi P = \pi` exists, all
positive. A chain that was fitted on a short path need not be so. From a start f its states are, in the long run,
distributed as :math:`f E`, with E the limit of :math:`(I + P + \dots + P^{T-1})/T`, the projection on what P leaves as
it is: with rows of L a basis of the left kernel of I − P, and columns of R one of the right kernel,
:math:`E = R (L R)^{-1} L`, since 1 is no defective eigenvalue of a stochastic matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat
from sympy import Expr, ImmutableMatrix, MatrixBase, Rational, S, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import exact, is_probability, listed, quoted
from theory.expressions.numerals import to_flint

Rows = tuple[tuple[fmpq, ...], ...]

#: Tokens of a vocabulary at most.
MOST_STATES = 1000


@dataclass(frozen=True)
class Transitions:
    """The transition probabilities of an irreducible Markov chain.

    Attributes
    ----------
    table : (K, K) matrix
        Row a is the law of the token that follows token a.
    """

    table: ImmutableMatrix

    def __post_init__(self) -> None:
        table = self.table
        for (row, column), value in _entries(table):
            if value.is_real is False or is_probability(value) is False:
                raise DomainError(
                    f"transitions[{row}][{column}] = {value} is not a probability: it must lie between 0 and 1."
                )
        for row in range(table.shape[0]):
            total = sum(table[row, :], S.Zero)
            if total != 1 and total.simplify() != 1:
                raise DomainError(f"transitions[{row}] sums to {total}: every row must sum to exactly 1.")
        lost = _unreached(table)
        if lost is not None:
            raise DomainError(
                f"transitions never lead from token {lost[0]} to token {lost[1]}: every token must be reached from "
                f"every other, so that there is one stationary law."
            )

    def __str__(self) -> str:
        shown = ["  ".join(str(value).replace(" ", "") for value in self.table[row, :]) for row in range(self.size)]
        return "; ".join(shown).replace("  ", " ") if self.size <= 4 else f"{self.size} × {self.size} transitions"

    def __repr__(self) -> str:
        return f"Transitions('{self}')"

    @property
    def size(self) -> int:
        """K, the tokens of the vocabulary."""
        return int(self.table.shape[0])

    @cached_property
    def free(self) -> Expr:
        """Free parameters: the positive probabilities, less one a row."""
        return Rational(sum(1 for _, value in _entries(self.table) if value != 0) - self.size)

    @cached_property
    def scatter(self) -> Expr:
        r""":math:`\\sum_a (1 - \\sum_b p_{ab}^2)`, the chances that two tokens after the same one differ, summed."""
        return sum((1 - sum(value**2 for value in self.table[row, :]) for row in range(self.size)), S.Zero)

    @cached_property
    def rows(self) -> Rows:
        """The table in fractions.

        Raises
        ------
        DomainError
            Where an entry is no fraction.
        """
        if not all(value.is_Rational for _, value in _entries(self.table)):
            raise DomainError(f"transitions = {self} are no fractions: exact values and simulations need fractions.")
        return tuple(tuple(to_flint(value) for value in self.table[row, :]) for row in range(self.size))

    @cached_property
    def stationary(self) -> tuple[fmpq, ...]:
        """π, of a table in fractions."""
        return long_run(self.rows, (fmpq(1), *[fmpq(0)] * (self.size - 1)))

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the table."""
        return set(self.table.free_symbols)

    def subs(self, *args: Any) -> Transitions:
        """The table with symbols replaced."""
        return Transitions(ImmutableMatrix(self.table.subs(*args)))

    def __getstate__(self) -> ImmutableMatrix:
        # FLINT's rationals do not travel between processes.
        return self.table

    def __setstate__(self, table: ImmutableMatrix) -> None:
        object.__setattr__(self, "table", table)


@dataclass(frozen=True)
class UnknownTransitions:
    """Any irreducible chain: the two numbers that leading orders depend on are symbols."""

    free: Expr = field(default=Symbol("p", integer=True, positive=True))
    scatter: Expr = field(default=Symbol("v", positive=True))

    def __str__(self) -> str:
        return "any"

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols that are left."""
        return self.free.free_symbols | self.scatter.free_symbols

    def subs(self, *args: Any) -> UnknownTransitions:
        """With a number for a symbol."""
        return UnknownTransitions(self.free.subs(*args), self.scatter.subs(*args))


def transitions_from(value: object) -> Transitions | UnknownTransitions:
    """Verify what a user gave: a table, a text "1/2 1/2; 1/4 3/4", or nothing.

    Examples
    --------
    >>> from theory.models.categories.transitions import transitions_from
    >>> transitions_from("1/2 1/2; 1/4 3/4").stationary
    (1/3, 2/3)
    """
    if value is None:
        return UnknownTransitions()
    if isinstance(value, Transitions | UnknownTransitions):
        return value
    if isinstance(value, str):
        rows: list[Any] = [row.split() for row in value.split(";")]
    elif isinstance(value, MatrixBase):
        rows = value.tolist()
    elif isinstance(value, Iterable) and not isinstance(value, bytes | dict | set):
        given = listed("transitions", value, "one row of probabilities for each token")
        rows = [row.split() if isinstance(row, str) else listed(f"transitions[{at}]", row, "its probabilities")
                for at, row in enumerate(given)]  # fmt: skip
    else:
        raise DomainError(f"transitions = {quoted(value)} is not a table: give one row of probabilities a token.")
    if not 1 <= len(rows) <= MOST_STATES:
        raise DomainError(f"transitions has {len(rows)} rows: give from 1 to {MOST_STATES}, one for each token.")
    for at, row in enumerate(rows):
        if len(row) != len(rows):
            raise DomainError(
                f"transitions[{at}] has {len(row)} entries: give one for each of the {len(rows)} tokens, such as "
                f"'1/2 1/2; 1/4 3/4'."
            )
    named = [[exact(f"transitions[{a}][{b}]", entry) for b, entry in enumerate(row)] for a, row in enumerate(rows)]
    return Transitions(ImmutableMatrix(named))


def long_run(rows: Rows, start: Sequence[fmpq]) -> tuple[fmpq, ...]:
    """The law of the states in the long run (on average over a period, where there is one), from a start.

    Examples
    --------
    >>> from flint import fmpq
    >>> half, zero, one = fmpq(1, 2), fmpq(0), fmpq(1)
    >>> long_run(((one, zero, zero), (half, zero, half), (zero, zero, one)), (zero, one, zero))
    (1/2, 0, 1/2)
    """
    size = len(rows)
    moved = fmpq_mat([[int(a == b) - rows[a][b] for b in range(size)] for a in range(size)])
    right, left = _kernel(moved), _kernel(moved.transpose())
    columns = fmpq_mat(right).transpose()
    found = fmpq_mat([list(start)]) * columns * (fmpq_mat(left) * columns).inv() * fmpq_mat(left)
    return tuple(found[0, b] for b in range(size))


def _kernel(matrix: fmpq_mat) -> list[list[fmpq]]:
    """A basis of {x : matrix·x = 0}, a row each."""
    reduced, rank = matrix.rref()
    size = matrix.ncols()
    pivots = [next(column for column in range(size) if reduced[row, column] != 0) for row in range(rank)]
    basis = []
    for column in (one for one in range(size) if one not in pivots):
        vector = [fmpq(0)] * size
        vector[column] = fmpq(1)
        for row, pivot in enumerate(pivots):
            vector[pivot] = -reduced[row, column]
        basis.append(vector)
    return basis


def _entries(table: ImmutableMatrix) -> list[tuple[tuple[int, int], Expr]]:
    return [((row, column), table[row, column]) for row in range(table.shape[0]) for column in range(table.shape[1])]


def _unreached(table: ImmutableMatrix) -> tuple[int, int] | None:
    """Two tokens of which the first never leads to the second, through any number of others."""
    size = table.shape[0]
    for forward in (True, False):
        leads = [[b for b in range(size) if (table[a, b] if forward else table[b, a]) != 0] for a in range(size)]
        seen, pending = {0}, [0]
        while pending:
            for b in leads[pending.pop()]:
                if b not in seen:
                    seen.add(b)
                    pending.append(b)
        missing = next((b for b in range(size) if b not in seen), None)
        if missing is not None:
            return (0, missing) if forward else (missing, 0)
    return None
