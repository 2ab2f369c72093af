r"""The fourth moment of a model fitted on a simple random sample of the pool of all points so far.

A pool of N points is known by its power means :math:`p_k = \frac1N\sum x_i^k`, x measured from the truth. Give
:math:`p_k` the weight k. Every expectation that a generation takes keeps products of them within their weight:

- of b points that are drawn, :math:`E[\bar x_S^r \mid \text{pool}]` has weight r: sums over different points are
  polynomials in the power sums (with replacement, points are independent given the pool);
- of n new points at the mean D, :math:`E[\prod b_{k} \mid D]` is a polynomial of degree :math:`\sum k` in D
  (:mod:`theory.moments.block_law`), D of the model;
- the new pool is :math:`p_k' = ((g-1)\,p_k + b_k)/g`.

So the eleven products of weight four and less move linearly, with coefficients rational in g: exact at every n, for
every budget, with and without replacement, and for models that lean or shrink. Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import factorial

from sympy import Dummy, Expr, Matrix, S, ceiling, zeros

from theory.expressions.arithmetic import Arithmetic
from theory.expressions.fraction_field import in_lowest_terms
from theory.moments.bent import Bend, needed
from theory.moments.block_law import BlockLaw, Number, Polynomial
from theory.moments.composition import after_whole_pool
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.dynamics import GENERATION, PoolDynamics

ORDER = 4

Partition = tuple[int, ...]
"""The powers of a product of power means, from the largest down."""

Combination = dict[Partition, Number]
"""A polynomial in the power means of the pool."""


def fourth_moment_of_pool(dynamics: PoolDynamics, bend: Bend) -> MomentRecurrence:
    """The recurrence of E δ⁴, exact at every n; models of a pool smaller than the budget are fitted on all of it."""
    g = GENERATION
    pool = _Pool(dynamics, bend)
    subsampled = pool.regime(pool.subsample(g - 1), pool.subsample(g), dynamics.budget, dynamics.budget)
    whole_until = max(0, int(ceiling(dynamics.budget)) - 1) if dynamics.budget.is_number else 0
    if whole_until == 0:
        return needed(subsampled)
    whole = pool.regime(pool.everything(), pool.everything(), g - 1, g)
    return replace(whole, continuation=after_whole_pool(whole, subsampled, whole_until))


class _Pool:
    """Moments of the pool, and how one generation moves them."""

    def __init__(self, dynamics: PoolDynamics, bend: Bend) -> None:
        # The generation is one of the parameters of the field.
        used = [value for value in vars(bend).values() if isinstance(value, Expr)]
        self._ring = Arithmetic([*used, dynamics.budget, GENERATION], Dummy())
        self._dynamics, self._bend, self._law = dynamics, bend, BlockLaw(bend, self._ring.constant)
        self._points, self._one = self._law.points, self._ring.constant(S.One)
        # Without a bend the mean of the pool is that of the truth.
        lightest = 2 if bend.straight else 1
        self._moments = [one for weight in range(lightest, ORDER + 1) for one in partitions(weight)]

    def subsample(self, generation: Expr) -> list[Combination]:
        """E[x̄_S^r | pool] of the points drawn at this generation, r = 0 … 4."""
        drawn, size = (self._points * self._ring.constant(value) for value in (self._dynamics.budget, generation))
        return [_mean_of_drawn(r, drawn, None if self._dynamics.replacement else size) for r in range(ORDER + 1)]

    def everything(self) -> list[Combination]:
        """The same of the whole pool."""
        return [{(1,) * r: self._one} for r in range(ORDER + 1)]

    def regime(
        self, seen_before: list[Combination], seen: list[Combination], rows_before: Expr, rows: Expr
    ) -> MomentRecurrence:
        """The recurrence where models are fitted on what they see so, on as many rows."""
        count = len(self._moments)
        fitted = self._law.fitted(self._ring.constant(rows_before), ORDER)
        at = [_substituted(power, seen_before) for power in self._law.sampled(fitted)]
        matrix, forcing = zeros(count, count), zeros(count, 1)
        for row, moment in enumerate(self._moments):
            matrix[row, :], forcing[row] = self._form(self._moved(moment, at))
        readout, shift = self._form(_substituted(self._law.fitted(self._ring.constant(rows), ORDER)[ORDER], seen))
        initial = [self._new_points(moment, real=True)[0] for moment in self._moments]
        return MomentRecurrence(
            start=2, matrix=matrix, forcing=forcing, readout=readout, shift=shift,
            initial=Matrix([self._expression(value) for value in initial]),
        )  # fmt: skip

    def _moved(self, moment: Partition, at: list[Combination]) -> Combination:
        """E of a product of the power means of the pool with n new points, given the pool before."""
        fresh = self._ring.constant(1 / GENERATION)
        total: Combination = {}
        for old, new in _splits(moment):
            share = (1 - fresh) ** len(old) * fresh ** len(new)
            for power, value in enumerate(self._new_points(new)):
                for other, coefficient in at[power].items():
                    _add(total, old + other, share * value * coefficient)
        return total

    @cache  # noqa: B019 - a pool lives for one derivation
    def _new_points(self, powers: Partition, real: bool = False) -> Polynomial:
        """E Π b_k of n new points, as a polynomial in their mean."""
        n, zero = self._points, self._one - self._one
        points = self._law.at_mean(self._one, ORDER, real)
        total = [zero] * (sum(powers) + 1)
        for blocks in set_partitions(len(powers)):
            product: Polynomial = [self._one]
            for block in blocks:
                product = _product(product, points[sum(powers[index] for index in block)])
            ways = _falling(n, len(blocks)) / n ** len(powers)
            for power, value in enumerate(product):
                total[power] += ways * value
        return total

    def _form(self, combination: Combination) -> tuple[Matrix, Expr]:
        """Coefficients of the moments, and the constant."""
        row = zeros(1, len(self._moments))
        for index, moment in enumerate(self._moments):
            if moment in combination:
                row[index] = self._expression(combination[moment])
        return row, self._expression(combination[()]) if () in combination else S.Zero

    def _expression(self, number: Number) -> Expr:
        found = self._ring.to_expression(number)
        return found if self._ring.is_field else in_lowest_terms(found)


def _mean_of_drawn(order: int, drawn: Number, size: Number | None) -> Combination:
    """E of the mean of the drawn points to a power, by the power means of a pool of ``size``; None: replaced."""
    total: Combination = {}
    for blocks in set_partitions(order):
        powers = [len(block) for block in blocks]
        ways = _falling(drawn, len(blocks)) / drawn**order
        if size is None:
            _add(total, tuple(powers), ways)
            continue
        for means, coefficient in _different(powers, size).items():
            if ways:
                _add(total, means, ways * coefficient / _falling(size, len(blocks)))
    return total


def _different(powers: list[int], size: Number) -> Combination:
    """Σ Π x_i^k over different points i, by power means: Möbius inversion over what coincides."""
    total: Combination = {}
    for blocks in set_partitions(len(powers)):
        sign = 1
        for block in blocks:
            sign *= (-1) ** (len(block) - 1) * factorial(len(block) - 1)
        _add(total, tuple(sum(powers[index] for index in block) for block in blocks), sign * size ** len(blocks))
    return total


def _substituted(polynomial: Polynomial, moments: list[Combination]) -> Combination:
    total: Combination = {}
    for power, value in enumerate(polynomial):
        for key, coefficient in moments[power].items() if value else ():
            _add(total, key, value * coefficient)
    return total


def _add(total: Combination, powers: tuple[int, ...], value: Number) -> None:
    key = tuple(sorted(powers, reverse=True))
    total[key] = total[key] + value if key in total else value


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    total = [left[0] - left[0]] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for k, b in enumerate(right):
            total[i + k] += a * b
    return total


def _falling(value: Number, count: int) -> Number:
    product = value - value + 1
    for index in range(count):
        product *= value - index
    return product


def _splits(powers: Partition) -> Iterator[tuple[Partition, Partition]]:
    """Every way to take some factors from what was, and the others from what is new."""
    places = range(len(powers))
    for count in range(len(powers) + 1):
        for chosen in combinations(places, count):
            yield tuple(powers[i] for i in chosen), tuple(powers[i] for i in places if i not in chosen)


def partitions(weight: int, largest: int | None = None) -> Iterator[Partition]:
    """Partitions of a whole number, parts from the largest down.

    Examples
    --------
    >>> list(partitions(4))
    [(4,), (3, 1), (2, 2), (2, 1, 1), (1, 1, 1, 1)]
    """
    if weight == 0:
        yield ()
        return
    for part in range(min(weight, largest or weight), 0, -1):
        for rest in partitions(weight - part, part):
            yield (part, *rest)


def set_partitions(count: int) -> list[list[list[int]]]:
    """Every way to part the numbers 0 … ``count`` − 1 into blocks.

    Examples
    --------
    >>> from collections import Counter
    >>> Counter(map(len, set_partitions(4)))
    Counter({2: 7, 3: 6, 1: 1, 4: 1})
    """
    found: list[list[list[int]]] = [[]]
    for item in range(count):
        found = [
            [*blocks[:at], [*blocks[at], item], *blocks[at + 1 :]] if at < len(blocks) else [*blocks, [item]]
            for blocks in found
            for at in range(len(blocks) + 1)
        ]
    return found
