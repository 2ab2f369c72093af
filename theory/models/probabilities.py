r"""Probabilities of categories: the truth of a unigram language model.

What a risk needs of them are sums over the categories: how likely two draws agree,

.. math:: \sum_k p_k^2, \qquad\text{and}\qquad h(d) = \sum_k \bigl(1 - (1 - p_k)^d\bigr),

the expected number of distinct categories among d draws. Both are exact, for a vocabulary of 10^5 as well: rational
sums are put together by halves over the integers (FLINT), where term by term every partial sum would be reduced.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from flint import arb, ctx, fmpq, fmpz
from sympy import Expr, Integer, Rational, S, Sum, Symbol, binomial, oo, zeta

from theory.errors import DomainError
from theory.expressions.arguments import Exact, exact, is_positive_integer, quoted
from theory.expressions.balls import BallProgram
from theory.expressions.numerals import to_flint, to_sympy

#: Larger vocabularies are refused: every category is listed once.
MOST_CATEGORIES = 10**6
#: Bits of the exact Σ p²; beyond, sums of powers are left unevaluated.
MOST_BITS = 4 * 10**6
#: Alternating sums of zeta values are not written with more terms.
MOST_DRAWS = 60
#: Bit operations of an exact h: seconds.
MOST_WORK = 2 * 10**10

_INDEX = Symbol("i", integer=True, positive=True)
_CALL = re.compile(r"\s*(uniform|zipf)\s*\(([^()]*)\)\s*", re.IGNORECASE)


class Probabilities(ABC):
    """Probabilities of K categories, and the sums over categories that risks are made of."""

    @property
    @abstractmethod
    def size(self) -> Expr:
        """K, the number of categories."""

    @property
    @abstractmethod
    def collision(self) -> Expr:
        """Σ p², the probability that two draws agree."""

    @abstractmethod
    def distinct(self, draws: int) -> list[Expr]:
        """h(0), …, h(draws): the expected number of distinct categories among so many draws, exactly.

        Raises
        ------
        DomainError
            When the exact numbers are irrational or too long to compute with; ``numerics.evaluate`` rounds them.
        """

    @abstractmethod
    def groups(self) -> list[tuple[float, int]]:
        """Distinct positive probabilities, each to within a rounding or two, and how many categories have it."""

    @abstractmethod
    def each(self) -> list[float]:
        """All K probabilities in order, zeros included, each to within a rounding or two."""

    @abstractmethod
    def fractions(self) -> list[tuple[fmpq, int]]:
        """Distinct positive probabilities, exactly, and how many categories have each.

        Raises
        ------
        DomainError
            When they are no fractions, or not given.
        """

    @abstractmethod
    def balls(self) -> list[tuple[arb, int]]:
        """The same in balls, at the precision of the moment (``flint.ctx``), for whatever numbers there are."""

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the probabilities."""
        return set()

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """With symbols replaced, as in SymPy."""
        return self


@dataclass(frozen=True)
class Uniform(Probabilities):
    """K categories of probability 1/K; K may be a symbol."""

    K: Exact

    def __post_init__(self) -> None:
        object.__setattr__(self, "K", _categories(self.K))

    def __str__(self) -> str:
        return f"uniform({self.K})"

    @property
    def size(self) -> Expr:
        """K."""
        return self.K

    @property
    def collision(self) -> Expr:
        """1/K."""
        return 1 / self.K

    def distinct(self, draws: int) -> list[Expr]:
        """K (1 − (1 − 1/K)^D), D = 0 … draws."""
        return [self.K * (1 - (1 - 1 / self.K) ** d) for d in range(draws + 1)]

    def groups(self) -> list[tuple[float, int]]:
        """One group: all K of probability 1/K."""
        return [(1 / int(self.K), int(self.K))]

    def each(self) -> list[float]:
        """1/K, K times."""
        return [1 / int(self.K)] * int(self.K)

    def fractions(self) -> list[tuple[fmpq, int]]:
        """1/K, K times. DomainError where K is a symbol."""
        if not self.K.is_Integer:
            raise DomainError(f"K = {self.K} is not a number: single probabilities need one.")
        return [(fmpq(1, int(self.K)), int(self.K))]

    def balls(self) -> list[tuple[arb, int]]:
        """1/K, K times."""
        return _as_balls(self.fractions())

    @property
    def free_symbols(self) -> set[Any]:
        """K, where it is a symbol."""
        return set(self.K.free_symbols)

    def subs(self, *args: Any, **kwargs: Any) -> Uniform:
        """With symbols replaced, as in SymPy."""
        return Uniform(self.K.subs(*args, **kwargs))


@dataclass(frozen=True)
class Zipf(Probabilities):
    r"""K categories, the k-th of probability :math:`k^{-s} / \sum_{i \le K} i^{-s}`."""

    K: Exact
    exponent: Exact = S.One

    def __post_init__(self) -> None:
        K = _categories(self.K)
        if not K.is_Integer:
            raise DomainError(f"K = {self.K} is not allowed: Zipf's law needs a whole number of categories.")
        exponent = exact("exponent", self.exponent)
        if not exponent.is_Rational or exponent < 0:
            raise DomainError(f"exponent = {self.exponent} is not allowed: exponent must be a fraction, 0 or more.")
        object.__setattr__(self, "K", K)
        object.__setattr__(self, "exponent", exponent)

    def __str__(self) -> str:
        return f"zipf({self.K})" if self.exponent == 1 else f"zipf({self.K}, {self.exponent})"

    @property
    def size(self) -> Expr:
        """K."""
        return self.K

    @property
    def _rational(self) -> bool:
        # The least common multiple of 1 … K has some K/log 2 bits.
        return bool(self.exponent.is_Integer and 3 * self.K * self.exponent <= MOST_BITS)

    @cached_property
    def collision(self) -> Expr:
        """H_K^(2s)/(H_K^(s))²; written as sums where its digits would be too many."""
        K, s = self.K, self.exponent
        if self._rational:
            total = _harmonic(int(K), int(s))
            return to_sympy(_harmonic(int(K), 2 * int(s)) / (total * total))

        # Left as they are written: a rational of 10^5 bits beside an irrational number would burden every step after.
        return Sum(_INDEX ** (-2 * s), (_INDEX, 1, K)) / Sum(_INDEX**-s, (_INDEX, 1, K)) ** 2

    def distinct(self, draws: int) -> list[Expr]:
        """Σ_k 1 − (1 − p_k)^D, D = 0 … draws, over a common denominator. DomainError when irrational or too long."""
        if not self.exponent.is_Integer:
            raise DomainError(f"probabilities = {self} are irrational: use numerics.evaluate.")
        K, s = int(self.K), int(self.exponent)
        _verify_work(self, K, draws, 2 * K * s + 64)
        common = fmpz(1)
        for k in range(1, K + 1):
            common = common.lcm(fmpz(k))
        common = common**s
        return _distinct([(common // fmpz(k) ** s, 1) for k in range(1, K + 1)], draws)

    @cached_property
    def _masses(self) -> list[float]:
        K = int(self.K)
        with ctx.workprec(80):
            s = arb(to_flint(self.exponent))
            powers = [arb(k) ** -s for k in range(1, K + 1)]
            # From the smallest term on, so that a vocabulary of 10^6 loses no more than 20 of the 80 bits.
            total = sum(reversed(powers), arb(0))
            return [float((power / total).mid()) for power in powers]

    def groups(self) -> list[tuple[float, int]]:
        """Every category for itself, except for s = 0, where all are alike."""
        return [(self._masses[0], int(self.K))] if self.exponent == 0 else [(mass, 1) for mass in self._masses]

    def each(self) -> list[float]:
        """The masses, rounded once from 80 bits."""
        return list(self._masses)

    def fractions(self) -> list[tuple[fmpq, int]]:
        """k^(−s)/H_K^(s). DomainError where s is no whole number, or the digits are too many."""
        if not self.exponent.is_Integer:
            raise DomainError(f"probabilities = {self} are irrational: exact values need fractions.")
        if not self._rational:
            raise DomainError(f"probabilities = {self} have too many digits for exact values.")
        K, s = int(self.K), int(self.exponent)
        total = _harmonic(K, s)
        return [(fmpq(1, K), K)] if s == 0 else [(1 / (total * fmpz(k) ** s), 1) for k in range(1, K + 1)]

    def balls(self) -> list[tuple[arb, int]]:
        """k^(−s)/Σ i^(−s)."""
        K = int(self.K)
        if self.exponent == 0:
            return [(arb(1) / K, K)]
        s = arb(to_flint(self.exponent))
        powers = [arb(k) ** -s for k in range(1, K + 1)]
        total = sum(reversed(powers), arb(0))
        return [(power / total, 1) for power in powers]


@dataclass(frozen=True, repr=False)
class Listed(Probabilities):
    """Probabilities given one by one: numbers or expressions that sum to exactly 1."""

    values: tuple[Expr, ...]
    _fractions: tuple[fmpq, ...] | None = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        values = tuple(exact(f"probabilities[{index}]", value) for index, value in enumerate(self.values))
        if not values:
            raise DomainError("probabilities = [] is not allowed: give the probability of at least one category.")
        if len(values) > MOST_CATEGORIES:
            raise DomainError(f"probabilities has {len(values)} entries: give {MOST_CATEGORIES} categories or fewer.")
        for index, value in enumerate(values):
            if value.is_negative or value.is_real is False:
                raise DomainError(f"probabilities[{index}] = {value} is not a probability: it must not be negative.")
        fractions = None
        if all(isinstance(value, Rational) for value in values):
            fractions = tuple(to_flint(value) for value in values)
            total = to_sympy(_sum_by_halves(fractions))
        else:
            total = sum(values, S.Zero).simplify()
        if total != 1:
            raise DomainError(f"probabilities sum to {_sum_in_words(total)}: they must sum to exactly 1.")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_fractions", fractions)

    def __str__(self) -> str:
        shown = " ".join(str(value).replace(" ", "") for value in self.values[:6])
        return shown if len(self.values) <= 6 else f"{shown} … ({len(self.values)} categories)"

    def __repr__(self) -> str:
        return f"Listed('{self}')"

    def __getstate__(self) -> tuple[Expr, ...]:
        return self.values

    def __setstate__(self, values: tuple[Expr, ...]) -> None:
        # FLINT's rationals do not travel between processes.
        object.__setattr__(self, "values", values)
        self.__post_init__()

    @property
    def size(self) -> Expr:
        """How many were given, zeros included."""
        return Integer(len(self.values))

    @cached_property
    def collision(self) -> Expr:
        """Σ p²."""
        if self._fractions is None:
            return sum((value**2 for value in self.values), S.Zero)
        return to_sympy(_sum_by_halves([value * value for value in self._fractions]))

    def distinct(self, draws: int) -> list[Expr]:
        """Σ 1 − (1 − p)^D, D = 0 … draws, equal probabilities together."""
        groups = Counter(self.values)
        if self._fractions is None:
            return [
                sum((times * (1 - (1 - value) ** d) for value, times in groups.items()), S.Zero)
                for d in range(draws + 1)
            ]
        common = fmpz(1)
        for value in groups:
            common = common.lcm(fmpz(int(value.q)))
        _verify_work(self, len(groups), draws, int(common).bit_length())
        return _distinct([(common * int(value.p) // int(value.q), times) for value, times in groups.items()], draws)

    def groups(self) -> list[tuple[float, int]]:
        """Equal positive probabilities together."""
        return [(float(value), times) for value, times in Counter(self.values).items() if value != 0]

    def each(self) -> list[float]:
        """As given, as floats."""
        return [float(value) for value in self.values]

    def fractions(self) -> list[tuple[fmpq, int]]:
        """Equal positive probabilities together. DomainError where one is no fraction."""
        if self._fractions is None:
            raise DomainError(f"probabilities = {self} are no fractions: exact values need fractions.")
        return [(to_flint(value), times) for value, times in Counter(self.values).items() if value != 0]

    def balls(self) -> list[tuple[arb, int]]:
        """Equal positive probabilities together. DomainError where one holds a symbol."""
        if self._fractions is not None:
            return _as_balls(self.fractions())
        if self.free_symbols:
            raise DomainError(f"probabilities = {self} hold symbols: give numbers.")
        groups = Counter(value for value in self.values if value != 0)
        return [(BallProgram(v, _INDEX).at_precision(ctx.prec)(1).real, times) for v, times in groups.items()]

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the probabilities."""
        return set() if self._fractions is not None else {s for value in self.values for s in value.free_symbols}

    def subs(self, *args: Any, **kwargs: Any) -> Listed:
        """With symbols replaced, as in SymPy."""
        return self if self._fractions is not None else Listed(tuple(v.subs(*args, **kwargs) for v in self.values))


@dataclass(frozen=True)
class Unspecified(Probabilities):
    """Any probabilities: Σ p² is a symbol, and nothing else is known."""

    collision: Expr = field(default=Symbol("c", positive=True))

    def __post_init__(self) -> None:
        value = exact("collision", self.collision)
        if value.is_number and not 0 < value <= 1:
            raise DomainError(f"collision = {self.collision} is not a sum of squared probabilities: it lies in (0, 1].")
        object.__setattr__(self, "collision", value)

    def __str__(self) -> str:
        return f"any with Σp² = {self.collision}"

    @property
    def size(self) -> Expr:
        """Not known: refused with a DomainError."""
        raise self._unknown

    def distinct(self, draws: int) -> list[Expr]:
        """Not known: refused with a DomainError."""
        raise self._unknown

    def groups(self) -> list[tuple[float, int]]:
        """Not known: refused with a DomainError."""
        raise self._unknown

    def each(self) -> list[float]:
        """Not known: refused with a DomainError."""
        raise self._unknown

    def fractions(self) -> list[tuple[fmpq, int]]:
        """Not known: refused with a DomainError."""
        raise self._unknown

    def balls(self) -> list[tuple[arb, int]]:
        """Not known: refused with a DomainError."""
        raise self._unknown

    @property
    def _unknown(self) -> DomainError:
        return DomainError("probabilities are not given, only the sum of their squares: give them one by one.")

    @property
    def free_symbols(self) -> set[Any]:
        """The symbol of Σp²."""
        return set(self.collision.free_symbols)

    def subs(self, *args: Any, **kwargs: Any) -> Unspecified:
        """With Σp² replaced, as in SymPy."""
        return Unspecified(self.collision.subs(*args, **kwargs))


@dataclass(frozen=True)
class InfiniteZipf(Probabilities):
    r"""Infinitely many categories, the k-th of probability :math:`k^{-s}/\zeta(s)`, s > 1.

    .. math:: \sum_k p_k^2 = \frac{\zeta(2s)}{\zeta(s)^2}, \qquad
       h(d) = \sum_{i=1}^d \binom di (-1)^{i+1} \frac{\zeta(is)}{\zeta(s)^i} .
    """

    exponent: Exact

    def __post_init__(self) -> None:
        exponent = exact("s", self.exponent)
        if not (exponent.is_Rational and exponent > 1):
            raise DomainError(
                f"s = {self.exponent} is not allowed: s must be a fraction above 1, or the infinitely many "
                f"probabilities have no sum."
            )
        object.__setattr__(self, "exponent", exponent)

    def __str__(self) -> str:
        return f"zipf(s={self.exponent})"

    @property
    def size(self) -> Expr:
        """Infinite."""
        return oo

    @property
    def collision(self) -> Expr:
        """ζ(2s)/ζ(s)²."""
        return zeta(2 * self.exponent) / zeta(self.exponent) ** 2

    def distinct(self, draws: int) -> list[Expr]:
        """The sums of zeta values above."""
        if draws > MOST_DRAWS:
            raise DomainError(
                f"probabilities = {self} has an exact number of distinct categories among {MOST_DRAWS} draws or fewer, "
                f"not {draws}: use theory.VocabularyLaw."
            )
        s = self.exponent
        terms = [zeta(i * s) / zeta(s) ** i * (-1) ** (i + 1) for i in range(1, draws + 1)]
        return [
            sum((binomial(d, i) * term for i, term in enumerate(terms[:d], start=1)), S.Zero) for d in range(draws + 1)
        ]

    def groups(self) -> list[tuple[float, int]]:
        """Infinitely many: refused with a DomainError."""
        raise self._endless

    def each(self) -> list[float]:
        """Infinitely many: refused with a DomainError."""
        raise self._endless

    def fractions(self) -> list[tuple[fmpq, int]]:
        """Infinitely many: refused with a DomainError."""
        raise self._endless

    def balls(self) -> list[tuple[arb, int]]:
        """Infinitely many: refused with a DomainError."""
        raise self._endless

    @property
    def _endless(self) -> DomainError:
        return DomainError(
            f"probabilities = {self} are infinitely many and cannot be listed: give zipf(K, {self.exponent}) with a "
            f"large K, or use theory.VocabularyLaw."
        )


def uniform(K: object) -> Uniform:
    """K categories, equally likely.

    Notes
    -----
    Textbook.

    Examples
    --------
    >>> from theory.models.probabilities import uniform
    >>> uniform(6).collision, uniform(6).distinct(2)
    (1/6, [0, 1, 11/6])
    """
    return Uniform(K)  # type: ignore[arg-type]


def zipf(K: object = None, exponent: object = 1, *, s: object = None) -> Zipf | InfiniteZipf:
    """K categories by Zipf's law, the k-th with probability proportional to k to the power −exponent.

    With ``s`` alone, infinitely many: the k-th has probability k^(−s)/ζ(s).

    Notes
    -----
    Zipf (1949), *Human behavior and the principle of least effort*.

    Examples
    --------
    >>> from theory.models.probabilities import zipf
    >>> zipf(3).collision, zipf(2, 2).distinct(1), zipf(s=2).collision
    (49/121, [0, 1], 2/5)
    """
    if s is not None:
        if K is not None or exponent != 1:
            raise DomainError(f"s = {s} is the exponent of infinitely many categories: give it alone.")
        return InfiniteZipf(s)  # type: ignore[arg-type]
    if K is None:
        raise DomainError("K is not given: write zipf(K, exponent), or zipf(s=3/2) for infinitely many categories.")
    return Zipf(K, exponent)  # type: ignore[arg-type]


def probabilities_from(value: object) -> Probabilities:
    """Verify what a user gave for probabilities: a law, a sequence, a text, or nothing.

    Examples
    --------
    >>> from theory.models.probabilities import probabilities_from
    >>> probabilities_from("zipf(1000, 3/2)"), probabilities_from("1/2 1/3 1/6").collision
    (Zipf(K=1000, exponent=3/2), 7/18)
    """
    if value is None:
        return Unspecified()
    if isinstance(value, Probabilities):
        return value
    if isinstance(value, str):
        return _read(value)
    if (
        isinstance(value, Iterable)
        and not isinstance(value, bytes | dict | set)
        and getattr(value, "shape", None) != ()
    ):
        return Listed(tuple(value))  # type: ignore[arg-type]
    raise DomainError(
        f"probabilities = {quoted(value)} is not allowed: give a sequence that sums to 1, uniform(K) or "
        "zipf(K, exponent)."
    )


def _read(text: str) -> Probabilities:
    call = _CALL.fullmatch(text)
    if call:
        name, written = call[1].lower(), [part.strip() for part in call[2].split(",")]
        if name == "zipf" and len(written) == 1 and re.match(r"s\s*=", written[0]):
            return zipf(s=written[0].partition("=")[2].strip())
        most = 1 if name == "uniform" else 2
        if len(written) > most or not all(written):
            allowed = "uniform(K)" if name == "uniform" else "zipf(K), zipf(K, exponent) or zipf(s=exponent)"
            raise DomainError(f"probabilities = {text!r} cannot be read: write {allowed}.")
        return uniform(written[0]) if name == "uniform" else zipf(*written)
    separated = re.split(r"\s*[;,]\s*", text.strip()) if re.search("[;,]", text) else text.split()
    if not text.strip() or not all(separated):
        raise DomainError(
            f"probabilities = {text[:60]!r} cannot be read: write them with blanks, commas or semicolons between them, "
            f"such as '1/2 1/3 1/6', or a law, 'uniform(1000)' or 'zipf(1000, 3/2)'."
        )
    return Listed(tuple(exact(f"probabilities[{index}]", part) for index, part in enumerate(separated)))


def _as_balls(fractions: list[tuple[fmpq, int]]) -> list[tuple[arb, int]]:
    return [(arb(value), times) for value, times in fractions]


def _categories(value: object) -> Expr:
    K = exact("K", value)
    if is_positive_integer(K) is False or (K.is_number and not K.is_Integer):
        raise DomainError(f"K = {value} is not a number of categories: K must be a whole number, 1 or more.")
    if K.is_number and K > MOST_CATEGORIES:
        raise DomainError(f"K = {value} is too many categories: give {MOST_CATEGORIES} or fewer.")
    return K


def _sum_in_words(total: Expr) -> str:
    if not total.is_number:
        return str(total)
    missing = 1 - total
    side = "less" if missing.is_positive else "more"
    written = total if len(str(total)) <= 60 else total.evalf(12)
    return f"{written}, {abs(missing).evalf(3)} {side} than 1"


def _verify_work(probabilities: Probabilities, count: int, draws: int, bits: int) -> None:
    if count * draws**2 * bits > MOST_WORK:
        raise DomainError(
            f"probabilities = {probabilities} are too many for the exact number of distinct categories among {draws} "
            f"draws: use numerics.evaluate."
        )


def _distinct(shares: Sequence[tuple[fmpz, int]], draws: int) -> list[Expr]:
    """h(0..draws) for probabilities share/Σ share, over one common denominator."""
    total = sum((share * times for share, times in shares), fmpz(0))
    powers = [fmpz(times) for _, times in shares]
    count = sum(times for _, times in shares)
    found: list[Expr] = []
    denominator = fmpz(1)
    for d in range(draws + 1):
        if d:
            powers = [power * (total - share) for power, (share, _) in zip(powers, shares, strict=True)]
            denominator *= total
        found.append(to_sympy(fmpq(denominator * count - sum(powers, fmpz(0)), denominator)))
    return found


def _harmonic(K: int, order: int) -> fmpq:
    """Σ k^{-order} over k ≤ K."""
    return _by_halves(lambda k: (fmpz(1), fmpz(k) ** order), 1, K)


def _sum_by_halves(values: Sequence[fmpq]) -> fmpq:
    return _by_halves(lambda index: (values[index].p, values[index].q), 0, len(values) - 1)


def _by_halves(term: Callable[[int], tuple[fmpz, fmpz]], first: int, last: int) -> fmpq:
    """Σ of fractions: the two halves over the least common multiple of their denominators."""

    def total(low: int, high: int) -> tuple[fmpz, fmpz]:
        if low == high:
            return term(low)
        middle = (low + high) // 2
        (a, b), (c, d) = total(low, middle), total(middle + 1, high)
        shared = b.gcd(d)
        left, right = d // shared, b // shared
        return a * left + c * right, b * left

    return fmpq(*total(first, last))
