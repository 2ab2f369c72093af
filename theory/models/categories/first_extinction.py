r"""When the first of many words dies out, under replace.

Trace all n tokens g generations back: D_g of the n tokens of generation 0 have descendants, and which ones is a
uniformly random subset of that size, since copies are made without looking at words. All words are alive exactly when
that subset meets each, and the number of subsets of size d that meet words with counts :math:`c_1, \dots, c_W` is a
coefficient:

.. math:: P(T > g) = \sum_d P(D_g = d)\, \binom nd^{-1}\, [x^d] \prod_k \bigl((1+x)^{c_k} - 1\bigr).

D falls from n, from l to r with probability :math:`S(l, r)\, n^{\underline r}/n^l`, so that the mean time needs
no more than a substitution from above. For n → ∞ words die independently, as branching processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

from flint import fmpq, fmpz_poly
from sympy import Expr, Rational, log

from theory.errors import DomainError
from theory.expressions.arguments import exact, listed
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.numerals import to_sympy
from theory.models.categories.ancestry import occupancy
from theory.models.categories.extinction import BranchingExtinction

#: Tokens up to which the law of ancestors is exact: seconds.
MOST_TOKENS = 100


@dataclass(frozen=True)
class FirstExtinction:
    r"""T, the number of generations until the first of several words is gone, under replace.

    Parameters
    ----------
    counts : sequence of positive integers
        How often each word occurs among the tokens of generation 0, n of them together.

    Raises
    ------
    DomainError
        For other numbers, or more than 100 tokens.

    Notes
    -----
    Wright–Fisher model, by its coalescent; derived here.

    Examples
    --------
    >>> from theory import FirstExtinction
    >>> time = FirstExtinction([1, 1, 2])
    >>> time.probability(1), time.mean
    (5/8, 8/5)
    """

    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        given = listed("counts", self.counts, "the count of every word")
        numbers = [exact(f"counts[{index}]", value) for index, value in enumerate(given)]
        for index, number in enumerate(numbers):
            if not (number.is_Integer and number >= 1):
                raise DomainError(
                    f"counts[{index}] = {number} is not allowed: a count must be a whole number, 1 or more."
                )
        if not numbers:
            raise DomainError("counts = [] is not allowed: give the count of at least one word.")
        object.__setattr__(self, "counts", tuple(int(number) for number in numbers))

    @property
    def n(self) -> int:
        """Tokens of a generation."""
        return sum(self.counts)

    def probability(self, g: object) -> Rational:
        """P(T ≤ g), exactly."""
        last, law = whole_generation("g", g), self._law_of_all()
        for _ in range(last):
            law = self._older(law)
        return to_sympy(1 - self._all_alive(law))

    def quantile(self, level: object) -> int:
        """The smallest g with P(T ≤ g) ≥ level."""
        wanted = exact("level", level)
        if not (wanted.is_Rational and 0 < wanted < 1):
            raise DomainError(f"level = {level} is not allowed: level must lie strictly between 0 and 1.")
        self._verify_dies()
        law, g, least = self._law_of_all(), 0, fmpq(int(wanted.p), int(wanted.q))
        while 1 - self._all_alive(law) < least:
            law, g = self._older(law), g + 1
        return g

    @cached_property
    def mean(self) -> Rational:
        """E T = Σ P(T > g), exactly; with one word alone, which never dies, DomainError."""
        self._verify_dies()
        visits = self._law_of_all()
        # Below as many ancestors as words, some word is gone.
        for d in range(self.n, len(self.counts) - 1, -1):
            visits[d] /= 1 - self._falls[d][d]
            for r in range(d):
                visits[r] += visits[d] * self._falls[d][r]
        pairs = zip(visits, self._meets, strict=True)
        return to_sympy(sum((number * meets for number, meets in pairs if meets), fmpq(0)))

    def large_n(self, g: object) -> Expr:
        """P(T ≤ g) for n → ∞ at the same counts: 1 − Π (1 − f_g^c), a tower of exponentials up to generation 10."""
        alive: Expr = Rational(1)
        for number in self.counts:
            alive *= 1 - BranchingExtinction(number).probability(g)
        return 1 - alive

    def _verify_dies(self) -> None:
        if len(self.counts) == 1:
            raise DomainError(f"counts = {list(self.counts)} is a single word: it never dies out.")

    def _law_of_all(self) -> list[fmpq]:
        """The law of the number of ancestors, none before: all n tokens."""
        return [fmpq(0)] * self.n + [fmpq(1)]

    def _older(self, law: list[fmpq]) -> list[fmpq]:
        """The same one generation further back."""
        falls = self._falls
        return [sum((law[d] * falls[d][r] for d in range(r, self.n + 1)), fmpq(0)) for r in range(self.n + 1)]

    def _all_alive(self, law: list[fmpq]) -> fmpq:
        """The chance that the ancestors hold every word."""
        return sum((mass * meets for mass, meets in zip(law, self._meets, strict=True)), fmpq(0))

    @cached_property
    def _falls(self) -> list[list[fmpq]]:
        """Laws of the number of distinct tokens that d tokens copy."""
        if self.n > MOST_TOKENS:
            raise DomainError(
                f"counts of {self.n} tokens are beyond exact values, which reach {MOST_TOKENS}: use large_n."
            )
        return [[*law, *[fmpq(0)] * (self.n + 1 - len(law))] for law in occupancy(self.n, self.n)]

    @cached_property
    def _meets(self) -> list[fmpq]:
        """The chance that a random subset of 0..n tokens holds every word."""
        product = fmpz_poly([1])
        for number in self.counts:
            product *= fmpz_poly([0, *(comb(number, k) for k in range(1, number + 1))])
        return [fmpq(int(product[d]), comb(self.n, d)) for d in range(self.n + 1)]


def first_of_many(words: object, count: object, level: object = Rational(1, 2)) -> Expr:
    r"""The leading order of the quantile of T for many words W of the same large count c, and many more tokens.

    By Kolmogorov :math:`1 - f_g \sim 2/g`, so :math:`P(T > g) = (1 - f_g^c)^W \approx \exp(-W e^{-2c/g})`, and
    :math:`T \approx 2c/(\log W - \log\log\frac1{1 - \text{level}})`: the first of many words dies after some
    :math:`2c/\log W` generations, where a single one takes of the order of c. For c → ∞ with :math:`\log W = o(c)`.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from sympy import exp
    >>> from theory.models.categories.first_extinction import first_of_many
    >>> first_of_many(1000, 50, 1 - 1/exp(1))
    100/log(1000)
    """
    W, c, wanted = exact("words", words), exact("count", count), exact("level", level)
    for name, number in (("words", W), ("count", c)):
        if not (number.is_Integer and number >= 1):
            raise DomainError(f"{name} = {number} is not allowed: {name} must be a whole number, 1 or more.")
    if not (wanted.is_number and 0 < wanted < 1):
        raise DomainError(f"level = {level} is not allowed: level must lie strictly between 0 and 1.")
    rate = -log(1 - wanted)
    if not rate < W:
        raise DomainError(f"words = {W} are too few for the law of the first of many at level = {wanted}.")
    return 2 * c / (log(W) - log(rate))
