r"""The number of categories alive, and times to extinction, in floating point: blocks of millions of tokens.

With newest data only, a category of count i has survival probability :math:`u_g(i)` over g more generations,

.. math:: u_{g+1}(i) = \sum_{j \ge 1} \mathrm{Bin}(n, i/n)(j)\, u_g(j), \qquad u_0(i) = 1\{i > 0\},

(iterated Bernstein operators) and :math:`\text{support}_G = \sum_i \mu(i)\, u_{G-1}(i)` where μ(i) is the expected
number of categories with count i in the real block. Every term is positive, so nothing cancels. Since
:math:`1 - u_g(i) \le f_g^{\,i}` with :math:`f_{g+1} = e^{f_g - 1}`, see
:class:`theory.BranchingExtinction`, u = 1 to working precision beyond some 20 g tokens, whatever n.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve
from scipy.sparse import csr_array

from numerics.binomial import binomial_rows, half_width, real_counts
from numerics.evaluate import runner
from theory.errors import DomainError
from theory.expressions.arguments import exact
from theory.expressions.arguments import generation as whole_generation
from theory.models.categories.ancestry import LineageRecurrence, newest_block_only
from theory.models.categories.extinction import BranchingExtinction, ExtinctionTime
from theory.moments.recurrence import Recurrence
from theory.workflows.dynamics import GENERATION

if TYPE_CHECKING:
    from theory.risk import Risk

Array = NDArray[np.float64]

# Extinction less likely than this is left out beside 1.
NEGLIGIBLE = 1e-20
# Entries of a transition matrix that are held rather than refused: 400 MB.
MOST_ENTRIES = 3 * 10**7
# Multiplications that are done rather than refused: a few minutes.
MOST_WORK = 2 * 10**11
# (Generations × tokens)² of a chain that is traced exactly, in fractions that grow with both: some ten seconds.
MOST_TRACED = 2 * 10**5
# Dense systems of this size are solved: some seconds.
LARGEST_SYSTEM = 4000
# Sizes are counted exactly in doubles.
MOST_TOKENS = 2**53


def survival_probability(n: int, count: int, generations: ArrayLike) -> Array:
    """P(T > g): a word that n tokens hold ``count`` times is still there g generations later, under replace.

    Returns
    -------
    array of float64, of the shape of ``generations``
        With a relative error of at most 1e-12.

    Raises
    ------
    DomainError
        When the arguments are not whole numbers in range, or the generations are out of reach.

    Examples
    --------
    >>> from numerics.extinction import survival_probability
    >>> survival_probability(10**6, 5, [1, 10, 100]).round(6)
    array([0.993262, 0.577378, 0.093093])
    """
    time = ExtinctionTime(n, count)
    wanted = _generations(generations)
    last = max(wanted.ravel().tolist())
    found = [1.0]
    for survival in _survivals([time.n] * (last + 1), last, least=time.count):
        found.append(float(survival[time.count]))
    return np.array([found[g] for g in wanted.ravel().tolist()]).reshape(wanted.shape)


def extinction_probability(n: int, count: int, generations: ArrayLike) -> Array:
    """P(T ≤ g), with an absolute error of at most 1e-13; see :func:`survival_probability`."""
    return 1.0 - survival_probability(n, count, generations)


def extinction_mean(n: int, count: int) -> float:
    """E[T | the word dies out] for blocks of up to 4000 tokens, with a relative error of at most 1e-9.

    Examples
    --------
    >>> from numerics.extinction import extinction_mean
    >>> round(extinction_mean(1000, 1), 6)
    13.184176
    """
    time = ExtinctionTime(n, count)
    if time.count == time.n:
        raise DomainError(f"count = {count} is every token of n = {n}: the word never dies out.")
    if time.n > LARGEST_SYSTEM:
        raise DomainError(f"n = {n} is too many tokens for a mean: give {LARGEST_SYSTEM} or fewer.")
    size = time.n - 1
    counts = np.arange(1, time.n)
    system = np.eye(size)
    for rows, columns, mass in binomial_rows(time.n, counts / time.n, counts / (time.n - counts)):
        inside = (columns >= 1) & (columns <= size)
        row = np.broadcast_to(np.arange(rows.start, rows.stop)[:, None], columns.shape)
        np.subtract.at(system, (row[inside], columns[inside] - 1), mass[inside])
    dies = 1 - counts / time.n
    return float(solve(system, dies)[time.count - 1] / dies[time.count - 1])


def branching_probability(count: int, generations: ArrayLike) -> Array:
    """P(T ≤ g) for n → ∞: (f_g)^count with f_{g+1} = exp(f_g − 1), f_0 = 0.

    Examples
    --------
    >>> from numerics.extinction import branching_probability
    >>> branching_probability(5, [1, 10, 100]).round(6)
    array([0.006738, 0.422624, 0.906909])
    """
    lines = BranchingExtinction(count).count
    wanted = _generations(generations)
    alive = [1.0]
    for _ in range(max(wanted.ravel().tolist())):
        alive.append(-math.expm1(-alive[-1]))
    return np.array([math.exp(lines * math.log1p(-alive[g])) for g in wanted.ravel().tolist()]).reshape(wanted.shape)


def first_extinction_probability(counts: Sequence[int], generations: ArrayLike) -> Array:
    """P(T ≤ g) for n → ∞, T when the first of several words is gone under replace: 1 − Π (1 − f_g^c).

    Words die independently then (:class:`theory.FirstExtinction`); f_g as in :func:`branching_probability`.

    Examples
    --------
    >>> from numerics.extinction import first_extinction_probability
    >>> first_extinction_probability([50] * 1000, [5, 15, 30]).round(6)
    array([1.67000e-04, 9.21338e-01, 1.00000e+00])
    """
    alive = np.zeros(np.shape(generations))
    for count, times in sorted(Counter(counts).items()):
        gone = branching_probability(count, generations)
        # Of a word that is surely gone nothing is alive.
        alive = alive + times * np.log1p(-np.minimum(gone, 1 - 1e-16))
    return np.asarray(-np.expm1(alive), dtype=float)


@runner.register(LineageRecurrence)
def _(recurrence: LineageRecurrence, risk: Risk, generations: list[int]) -> dict[int, float]:
    whole_pool = generations == [1] and recurrence.drawn(1) is None
    if recurrence.workflow.draw(GENERATION) is not None and not whole_pool:
        try:
            return runner.dispatch(Recurrence)(recurrence, risk, generations)
        except DomainError:
            raise DomainError(
                f"n = {recurrence.points}, probabilities = {recurrence.probabilities}: the number of categories alive "
                f"under {recurrence.workflow.name} is out of reach, use numerics.simulate."
            ) from None
    moments = _support(recurrence, generations)
    scale, offset = float(recurrence.scale), float(recurrence.offset)
    return {g: offset + scale * value for g, value in moments.items()}


def _support(recurrence: LineageRecurrence, generations: list[int]) -> dict[int, float]:
    """Expected numbers of categories alive, at the least cost that the workflow allows."""
    last = max(generations)
    groups = recurrence.probabilities.groups()
    mass = np.array([value for value, _ in groups])
    times = np.array([count for _, count in groups], dtype=np.float64)
    if recurrence.keeps_first_block or (last == 1 and recurrence.drawn(1) is None):
        return dict.fromkeys(generations, _distinct(recurrence.tokens(1), mass, times))
    newest = newest_block_only(recurrence.workflow)
    forgets = newest is not None or recurrence.newest_only_until(last)
    if not forgets or any(recurrence.fresh_tokens(g) for g in range(2, last + 1)):
        if (last * max(recurrence.tokens(g) for g in (1, last))) ** 2 > MOST_TRACED:
            raise DomainError(
                f"generations = {last} are too many to trace {recurrence.tokens(last)} tokens through under "
                f"{recurrence.workflow.name}: give fewer, or use numerics.simulate."
            )
        laws = {g: recurrence.real_ancestors(g) for g in generations}
        seen = {d: _distinct(d, mass, times) for d in set().union(*laws.values())}
        return {g: sum(int(p.p) / int(p.q) * seen[d] for d, p in law.items()) for g, law in laws.items()}
    first = recurrence.tokens(1)
    sizes = [first] * last if newest is not None else [recurrence.tokens(g) for g in range(1, last + 1)]
    if len(set(sizes)) == 1:
        found = {}
        wanted = set(generations)
        law: Array | None = None
        beyond = 0.0
        for g, survival in enumerate(_with_first(_survivals(sizes, last - 1), sizes[0], last), start=1):
            if law is None:
                law, beyond = real_counts(first, mass, times, len(survival) - 1)
            if g in wanted:
                found[g] = float(law[1:] @ survival[1:]) + beyond
        return found
    survival = _survival_by_end(sizes, generations)
    law, beyond = real_counts(first, mass, times, len(survival) - 1)
    totals = law[1:] @ survival[1:] + beyond
    return {g: float(total) for g, total in zip(generations, totals, strict=True)}


def _distinct(draws: int, mass: Array, times: Array) -> float:
    """h(draws), the expected number of distinct categories among real draws."""
    with np.errstate(divide="ignore"):
        return float(np.sort(times * -np.expm1(draws * np.log1p(-mass))).sum())


def _with_first(later: Iterable[Array], n: int, last: int) -> Iterator[Array]:
    """u_0, and what follows it."""
    start = np.ones(_reach([n] * last, last - 1) + 1)
    start[0] = 0.0
    yield start
    yield from later


def _survivals(sizes: Sequence[int], steps: int, least: int = 1) -> Iterator[Array]:
    """u_1, …, u_steps on 0..I, u being 1 beyond; blocks of one size."""
    n = sizes[0]
    most = min(n, max(_reach(sizes, steps), least))
    if steps == 0:
        return
    kernel, tail = _kernel(n, n, most, most)
    if kernel.nnz * steps > MOST_WORK:
        raise DomainError(
            f"generations = {steps} is out of reach: {steps} steps between {most} counts each are too many."
        )
    survival = np.ones(most + 1)
    survival[0] = 0.0
    for _ in range(steps):
        following = np.zeros(most + 1)
        following[1:] = kernel @ survival[1:] + tail
        survival = following
        yield survival


def _survival_by_end(sizes: Sequence[int], generations: Sequence[int]) -> Array:
    """Survival from a count at generation 1 up to each of ``generations``, (counts, ends), for blocks of any size."""
    last = max(generations)
    reaches = [_reach(sizes[a - 1 :], last - a) for a in range(1, last + 1)]
    ends = np.array(generations)
    alive = np.ones((2, len(ends)))
    alive[0] = 0.0
    for a in range(last - 1, 0, -1):
        most, before = min(reaches[a - 1], sizes[a - 1]), len(alive) - 1
        kernel, tail = _kernel(sizes[a - 1], sizes[a], most, before)
        following = np.ones((most + 1, len(ends)))
        following[0] = 0.0
        running = ends > a
        following[1:, running] = kernel @ alive[1:, running] + tail[:, None]
        alive = following
    return alive


def _reach(sizes: Sequence[int], steps: int) -> int:
    """The count beyond which extinction within ``steps`` generations is negligible, at most the block."""
    alive = 1.0
    for step in range(steps, 0, -1):
        # 1 − s_a of the bound s_a = exp(−(N_{a+1}/N_a)(1 − s_{a+1})) at each count.
        alive = -math.expm1(-alive * sizes[step] / sizes[step - 1]) if step < len(sizes) else -math.expm1(-alive)
    if alive >= 1.0:
        return 1
    return min(int(sizes[0]), math.ceil(math.log(NEGLIGIBLE) / math.log1p(-alive)))


def _kernel(n: int, following: int, rows: int, columns: int) -> tuple[csr_array, Array]:
    """Bin(following, i/n)(j) for i = 1..rows, j = 1..columns, and its mass beyond ``columns``."""
    spread = 2 * (int(half_width(rows * following / n)) + 1)
    if rows * min(spread, columns) > MOST_ENTRIES:
        raise DomainError(
            f"generations are out of reach: {rows} counts of {n} tokens matter, each with some {spread} descendants."
        )
    counts = np.arange(1, rows + 1)
    data, indices, lengths = [], [], []
    tail = np.zeros(rows)
    with np.errstate(divide="ignore"):
        odds = counts / (n - counts)
    for block, column, mass in binomial_rows(following, counts / n, odds):
        tail[block] = np.where(column > columns, mass, 0.0).sum(axis=1)
        inside = (column >= 1) & (column <= columns) & (mass > 0)
        data.append(mass[inside])
        indices.append((column[inside] - 1).astype(np.int32))
        lengths.append(inside.sum(axis=1))
    pointers = np.concatenate(([0], np.cumsum(np.concatenate(lengths))))
    return csr_array((np.concatenate(data), np.concatenate(indices), pointers), shape=(rows, columns)), tail


def _generations(generations: ArrayLike) -> NDArray[np.int64]:
    given = np.asarray(generations)
    whole = [whole_generation("generations", exact("generations", value)) for value in given.ravel().tolist()]
    return np.array(whole, dtype=np.int64).reshape(given.shape)
