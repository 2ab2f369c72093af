r"""When a word dies out: the time to extinction of a category under replace.

A category with count i among n tokens has :math:`\mathrm{Bin}(n, i/n)` tokens in the next generation: the
Wright–Fisher model. For n → ∞ with the count fixed that is a branching process with Poisson(1) offspring, critical.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat
from sympy import Expr, Integer, Rational, S, exp

from theory.errors import DomainError
from theory.expressions.arguments import exact
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.numerals import to_sympy
from theory.expressions.symbols import G

#: Rational linear systems of this size take a few seconds.
LARGEST_SYSTEM = 100
#: Word operations of an exact probability, about: seconds.
MOST_WORK = 2 * 10**9
#: Nested exponentials: SymPy's time doubles with every one.
DEEPEST = 10


@dataclass(frozen=True)
class ExtinctionTime:
    r"""T, the number of generations until a word that n tokens hold ``count`` times is gone, under replace.

    .. math:: P(T \le g + 1 \mid c) = \sum_i \binom ni (c/n)^i (1 - c/n)^{n-i}\, P(T \le g \mid i), \qquad
              P(T < \infty) = 1 - c/n :

    the count is a martingale that ends at 0 or n.

    Parameters
    ----------
    n : positive integer
        Tokens of a generation.
    count : integer between 1 and n
        How many of them are the word at generation 0.

    Raises
    ------
    DomainError
        For other numbers, or where exact values are out of reach: see :mod:`numerics.extinction`.

    Notes
    -----
    Wright–Fisher model; see Ewens (2004), *Mathematical Population Genetics*, chapter 3. Derived here.

    Examples
    --------
    >>> from theory import ExtinctionTime
    >>> time = ExtinctionTime(n=4, count=1)
    >>> time.probability(1), time.ultimate, time.mean, time.median
    (81/256, 3/4, 434/145, 2)
    """

    n: int
    count: int

    def __post_init__(self) -> None:
        n, number = exact("n", self.n), exact("count", self.count)
        if not (n.is_Integer and n >= 1):
            raise DomainError(f"n = {self.n} is not allowed: n must be a whole number of tokens, 1 or more.")
        if not (number.is_Integer and 1 <= number <= n):
            raise DomainError(f"count = {self.count} is not allowed: count must be a whole number from 1 to n = {n}.")
        object.__setattr__(self, "n", int(n))
        object.__setattr__(self, "count", int(number))

    @property
    def ultimate(self) -> Rational:
        """Probability that the word ever dies out, 1 − count/n."""
        return 1 - Rational(self.count, self.n)

    def probability(self, g: object) -> Rational:
        """P(T ≤ g), exactly."""
        last = whole_generation("g", g)
        if self.n**3 * last**2 > MOST_WORK:
            raise DomainError(
                f"n = {self.n}, g = {last} is beyond exact values, which take n³g² ≤ 2·10^9 steps: use "
                f"numerics.extinction.extinction_probability."
            )
        gone = self._gone
        while len(gone) <= last:
            gone.append(self._powers * gone[-1])
        return Rational(int(gone[last][self.count, 0]), self.n ** (self.n * last))

    @cached_property
    def mean(self) -> Rational:
        r"""E[T | the word dies out], exactly.

        :math:`w_i = E[T; \text{extinct} \mid i]` solves :math:`w_i = (1 - i/n) + \sum_j P_{ij} w_j`.
        """
        self._verify_dies()
        n = self.n
        right = [fmpq(n - i, n) for i in range(1, n)]
        return to_sympy(self._solved(right) / fmpq(n - self.count, n))

    @cached_property
    def absorption_mean(self) -> Rational:
        """Mean number of generations until the word is gone or the only one, exactly."""
        return S.Zero if self.count == self.n else to_sympy(self._solved([fmpq(1)] * (self.n - 1)))

    @property
    def median(self) -> int:
        """The smallest g with P(T ≤ g | the word dies out) ≥ 1/2."""
        return self.quantile(Rational(1, 2))

    def quantile(self, level: object) -> int:
        """The smallest g with P(T ≤ g | the word dies out) ≥ level."""
        wanted = exact("level", level)
        if not (wanted.is_Rational and 0 < wanted < 1):
            raise DomainError(f"level = {level} is not allowed: level must lie strictly between 0 and 1.")
        self._verify_dies()
        g = 1
        while self.probability(g) < wanted * self.ultimate:
            g += 1
        return g

    @property
    def large_n(self) -> BranchingExtinction:
        """The law for n → ∞ at the same count."""
        return BranchingExtinction(self.count)

    # -- how ---------------------------------------------------------------------------------------

    @cached_property
    def _powers(self) -> fmpz_mat:
        """The Wright–Fisher matrix times n^n: whole numbers."""
        return fmpz_mat([_transition(self.n, i) for i in range(self.n + 1)])

    @cached_property
    def _gone(self) -> list[fmpz_mat]:
        """P(T ≤ g | count) times n^(ng) for every count, at g = 0, 1, …; grows as it is asked for."""
        return [fmpz_mat(self.n + 1, 1, [1] + [0] * self.n)]

    def _verify_dies(self) -> None:
        if self.count == self.n:
            raise DomainError(f"count = {self.count} is every token of n = {self.n}: the word never dies out.")

    def _solved(self, right: list[fmpq]) -> fmpq:
        n = self.n
        if n > LARGEST_SYSTEM:
            raise DomainError(
                f"n = {n} is beyond exact means, which reach n = {LARGEST_SYSTEM}: use "
                f"numerics.extinction.extinction_mean."
            )
        total = fmpz(n) ** n
        transient = fmpq_mat(n - 1, n - 1, [fmpq(p, total) for i in range(1, n) for p in _transition(n, i)[1:n]])
        identity = fmpq_mat(n - 1, n - 1, [int(i == k) for i in range(n - 1) for k in range(n - 1)])
        return (identity - transient).solve(fmpq_mat(n - 1, 1, right))[self.count - 1, 0]


@dataclass(frozen=True)
class BranchingExtinction:
    r"""Time to extinction of ``count`` lines of a branching process with Poisson(1) offspring.

    .. math:: P(T \le g) = f_g^{\,c}, \qquad f_0 = 0,\quad f_{g+1} = e^{f_g - 1}.

    The law of :class:`ExtinctionTime` for n → ∞, and an upper bound on it at every n: since
    :math:`(1 - \tfrac in (1 - s))^n \le e^{-i(1 - s)}`, the bound passes from g to g + 1.

    Notes
    -----
    Kolmogorov (1938): with offspring of mean and variance 1, 1 − f_g ~ 2/g. Athreya and Ney (1972), section I.9.

    Examples
    --------
    >>> from theory import BranchingExtinction
    >>> word = BranchingExtinction(count=3)
    >>> word.probability(2), word.survival
    (exp(-3 + 3*exp(-1)), 6/G)
    """

    count: int

    def __post_init__(self) -> None:
        number = exact("count", self.count)
        if not (number.is_Integer and number >= 1):
            raise DomainError(f"count = {self.count} is not allowed: count must be a whole number, 1 or more.")
        object.__setattr__(self, "count", int(number))

    def probability(self, g: object) -> Expr:
        """P(T ≤ g), a tower of exponentials."""
        last = whole_generation("g", g)
        if last > DEEPEST:
            raise DomainError(
                f"g = {last} stacks more exponentials than can be written, {DEEPEST} at most: use "
                f"numerics.extinction.branching_probability, or the leading order, survival."
            )
        value: Expr = S.Zero
        for _ in range(last - 1):
            value = exp(value - 1)
        return exp((value - 1) * Integer(self.count)).expand(power_exp=False, deep=False)

    @property
    def survival(self) -> Expr:
        """P(T > G) to leading order as G → ∞, 2·count/G."""
        return 2 * Integer(self.count) / G


def _transition(n: int, i: int) -> list[fmpz]:
    """Row i of the Wright–Fisher matrix, Bin(n, i/n) at 0..n, times n^n."""
    ways = fmpz(1)
    row = []
    for k in range(n + 1):
        row.append(ways * fmpz(i) ** k * fmpz(n - i) ** (n - k))
        ways = ways * (n - k) // (k + 1)
    return row
