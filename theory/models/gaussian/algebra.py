r"""Polynomials in random vectors and matrices that rotations leave alone, and their Gaussian expectations.

An invariant polynomial of vectors u, v, … and symmetric matrices K, L, … is a sum of products of *loops*
:math:`\operatorname{tr}(K L \cdots)` and *lines* :math:`u^\top K L \cdots v`. For one block of N samples from
N(m, C), with mean m + ε and scatter S about its mean (divisor N), independent of each other,

.. math:: \varepsilon \sim N(0, C/N), \qquad S = \frac1N \sum_{i \le N-1} s_i s_i^\top, \quad s_i \sim N(0, C),

so that every expectation is a sum over pairings of the ends ε and s (Isserlis 1918), each pair joined through C; a
closed chain of scatters sums over its own index and counts N − 1 (the moments of the Wishart law; for two factors,
Haff 1979, theorem 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

#: The name of the identity matrix.
IDENTITY = "I"

Atom = str | tuple[str, str]
"""A matrix by name, or the dyad u vᵀ of two vectors by name."""

Vector = Mapping[str, Any]
"""A linear combination of vectors: coefficients by name."""

Matrix = Mapping[Atom, Any]
"""A linear combination of matrices and dyads."""


@dataclass(frozen=True, order=True)
class Factor:
    """A line ``left``ᵀ · word · ``right``, or the trace of the word when both ends are empty."""

    left: str
    word: tuple[str, ...]
    right: str

    @property
    def is_loop(self) -> bool:
        """Whether it is a trace, and no bilinear form."""
        return not self.left


def loop(word: Sequence[str]) -> Factor:
    """tr(word), the same for every rotation and for the reversed word."""
    turns = [tuple(word[shift:]) + tuple(word[:shift]) for shift in range(len(word))]
    return Factor("", min(turns + [turn[::-1] for turn in turns]), "")


def line(left: str, word: Sequence[str], right: str) -> Factor:
    """leftᵀ · word · right, the same read backwards."""
    forward, backward = (left, tuple(word), right), (right, tuple(word)[::-1], left)
    return Factor(*min(forward, backward))


Monomial = tuple[Factor, ...]
Polynomial = dict[Monomial, Any]


def add(into: Polynomial, other: Mapping[Monomial, Any], times: Any = 1) -> Polynomial:
    """``into`` + times · other, in place."""
    for monomial, coefficient in other.items():
        total = into.get(monomial, 0) + times * coefficient
        if total == 0:
            into.pop(monomial, None)
        else:
            into[monomial] = total
    return into


def multiply(left: Mapping[Monomial, Any], right: Mapping[Monomial, Any]) -> Polynomial:
    """The product of two polynomials in loops and lines, which commute."""
    total: Polynomial = {}
    for (first, a), (second, b) in product(left.items(), right.items()):
        add(total, {tuple(sorted(first + second)): a * b})
    return total


class Algebra:
    """Expansion of loops and lines into combinations of named vectors and matrices, in dimension ``dimension``."""

    def __init__(self, dimension: Any) -> None:
        self.dimension = dimension

    def trace(self, *matrices: Matrix) -> Polynomial:
        """tr(M N ⋯) of combinations of matrices."""
        total: Polynomial = {}
        for chosen in product(*(matrix.items() for matrix in matrices)):
            coefficient, monomial = self._closed([atom for atom, _ in chosen])
            for _, factor in chosen:
                coefficient = coefficient * factor
            add(total, {monomial: coefficient})
        return total

    def form(self, left: Vector, matrices: Sequence[Matrix], right: Vector) -> Polynomial:
        """leftᵀ M N ⋯ right."""
        total: Polynomial = {}
        for (u, a), (v, b) in product(left.items(), right.items()):
            for chosen in product(*(matrix.items() for matrix in matrices)):
                coefficient = a * b
                for _, factor in chosen:
                    coefficient = coefficient * factor
                add(total, {_open(u, [atom for atom, _ in chosen], v): coefficient})
        return total

    def substitute(
        self, polynomial: Mapping[Monomial, Any], vectors: Mapping[str, Vector], matrices: Mapping[str, Matrix]
    ) -> Polynomial:
        """The polynomial with names replaced by combinations; other names stay."""
        total: Polynomial = {}
        known: dict[Factor, Polynomial] = {}
        for monomial, coefficient in polynomial.items():
            expanded: Polynomial = {(): coefficient}
            for factor in monomial:
                if factor not in known:
                    word = [matrices.get(letter, {letter: 1}) for letter in factor.word]
                    known[factor] = (
                        self.trace(*word)
                        if factor.is_loop
                        else self.form(
                            vectors.get(factor.left, {factor.left: 1}),
                            word,
                            vectors.get(factor.right, {factor.right: 1}),
                        )
                    )
                expanded = multiply(expanded, known[factor])
            add(total, expanded)
        return total

    def _closed(self, atoms: Sequence[Atom]) -> tuple[Any, Monomial]:
        """The trace of a product of letters and dyads: a coefficient and a monomial."""
        first = next((position for position, atom in enumerate(atoms) if isinstance(atom, tuple)), None)
        if first is None:
            word = [atom for atom in atoms if atom != IDENTITY]
            return (1, (loop(word),)) if word else (self.dimension, ())  # type: ignore[arg-type]
        dyad = atoms[first]
        return 1, _open(dyad[1], [*atoms[first + 1 :], *atoms[:first]], dyad[0])


def _open(left: str, atoms: Sequence[Atom], right: str) -> Monomial:
    """leftᵀ · atoms · right as lines, cut at every dyad."""
    lines: list[Factor] = []
    word: list[str] = []
    for atom in atoms:
        if isinstance(atom, tuple):
            lines.append(line(left, word, atom[0]))
            left, word = atom[1], []
        elif atom != IDENTITY:
            word.append(atom)
    lines.append(line(left, word, right))
    return tuple(sorted(lines))


@dataclass(frozen=True)
class Block:
    """Names of the noise ε of a block's mean, of its scatter S and of its covariance C, and the number 1/N."""

    noise: str
    scatter: str
    covariance: str
    inverse_size: Any


def expectation(algebra: Algebra, polynomial: Mapping[Monomial, Any], block: Block) -> Polynomial:
    """The mean over ε and S of one block, every other vector and matrix held fixed."""
    total: Polynomial = {}
    for monomial, coefficient in polynomial.items():
        pieces, rest, copies = _cut(monomial, block)
        if not pieces:
            add(total, {monomial: coefficient})
            continue
        ends = [(index, side) for index, piece in enumerate(pieces) for side in (0, 2)]
        noises = [end for end in ends if pieces[end[0]][end[1]] == block.noise]
        scatters = [end for end in ends if isinstance(pieces[end[0]][end[1]], int)]
        for first, second in product(_pairings(noises), _pairings(scatters)):
            cycles = _cycles([(pieces[a][p], pieces[b][q]) for (a, p), (b, q) in second], copies)
            weight = block.inverse_size ** (len(first) + copies - cycles)
            if cycles:
                # apart, because a block of one point has 0 here, and polynomial rings know no 0⁰
                weight *= (1 - block.inverse_size) ** cycles
            factor, monomials = _joined(algebra, pieces, [*first, *second], block.covariance)
            add(total, {tuple(sorted((*rest, *monomials))): coefficient * weight * factor})
    return total


Piece = tuple[str | int, tuple[str, ...], str | int]
"""A line whose ends may be numbered scatters s."""

End = tuple[int, int]


def _cut(monomial: Monomial, block: Block) -> tuple[list[Piece], list[Factor], int]:
    """The factors with noise in them as lines, every scatter cut in two ends s; the other factors; scatters cut."""
    pieces: list[Piece] = []
    rest: list[Factor] = []
    copies = 0
    for factor in monomial:
        word = factor.word
        if block.scatter not in word and block.noise not in (factor.left, factor.right):
            rest.append(factor)
            continue
        left: str | int = factor.left
        right: str | int = factor.right
        if factor.is_loop:
            cut = word.index(block.scatter)
            word = word[cut + 1 :] + word[:cut]
            left = right = copies
            copies += 1
        inner: tuple[str, ...] = ()
        for letter in word:
            if letter == block.scatter:
                pieces.append((left, inner, copies))
                left, inner, copies = copies, (), copies + 1
            else:
                inner = (*inner, letter)
        pieces.append((left, inner, right))
    return pieces, rest, copies


def _pairings(ends: Sequence[End]) -> Iterator[list[tuple[End, End]]]:
    """All ways of pairing the ends up; none when their number is odd."""
    if not ends:
        yield []
        return
    first, *others = ends
    for index, partner in enumerate(others):
        for following in _pairings(others[:index] + others[index + 1 :]):
            yield [(first, partner), *following]


def _cycles(pairs: Sequence[tuple[Any, Any]], copies: int) -> int:
    """Number of free indices: connected components of the scatters that the pairs join."""
    label = list(range(copies))
    for a, b in pairs:
        keep, drop = label[a], label[b]
        label = [keep if item == drop else item for item in label]
    return len(set(label))


def _joined(
    algebra: Algebra, pieces: Sequence[Piece], pairs: Sequence[tuple[End, End]], covariance: str
) -> tuple[Any, list[Factor]]:
    """The lines joined at the paired ends through the covariance: a coefficient and factors."""
    partner = dict(pairs) | {b: a for a, b in pairs}
    unseen = set(range(len(pieces)))
    factors: list[Factor] = []
    coefficient: Any = 1

    def follow(start: End) -> tuple[tuple[Atom, ...], End]:
        """The word from an end to where the chain stops, or comes back to where it started."""
        letters: tuple[str, ...] = ()
        end = start
        while True:
            index, side = end
            unseen.discard(index)
            word = pieces[index][1]
            letters += word if side == 0 else word[::-1]
            far = (index, 2 - side)
            if far not in partner:
                return letters, far
            letters += (covariance,)
            end = partner[far]
            if end == start:
                return letters, end

    for index in range(len(pieces)):
        for side in (0, 2):
            if index in unseen and (index, side) not in partner:
                letters, (last, far) = follow((index, side))
                word = [letter for letter in letters if letter != IDENTITY]
                factors.append(line(str(pieces[index][side]), word, str(pieces[last][far])))  # type: ignore[arg-type]
    while unseen:
        letters, _ = follow((min(unseen), 0))
        times, closed = algebra._closed(letters)
        coefficient = coefficient * times
        factors.extend(closed)
    return coefficient, factors
