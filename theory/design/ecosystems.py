r"""Questions asked of ecosystems: who is bounded, how many models they are worth, and who pays for whom.

A *class* is a set of models that read one another through any number of steps; it is closed when it reads nobody else.
For a model without curvature, to leading order for any regular one (derived here):

1. *Bounded.* The risk of model i is bounded if and only if every closed class that it reads, through any number of
   steps, has fresh real data. For then all that i reads loses weight to real data, :math:`W^t \to 0` on it; and a
   closed class without has a stationary law :math:`\pi W = \pi`, by which the mean of its models is a random walk,
   :math:`\sum_k \pi_k \delta^k_g = \sum_k \pi_k (\delta^k_{g-1} + \varepsilon^k_g)`.
2. *Growth.* Inside a closed class without fresh data the risk grows as :math:`d\,G \sum_k \pi_k^2/s_k`, d its period: 1
   unless models only read each other by turns. So m models are worth :math:`1/(d\sum \pi_k^2)` of them, m at most.
3. *Who pays for whom.* Every source of noise adds its own square to the risk of model i; what the blocks of model k
   add, :math:`\frac{1}{s_k}\sum_t (W^t)_{ik}^2`, is divided by c when k generates c times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from sympy import Expr, Matrix, Rational, S, Symbol, eye, ones, oo, zeros

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.arguments import quoted
from theory.expressions.symbols import G
from theory.models.regular import Regular
from theory.solver.coupled import limit_and_growth
from theory.workflows.ecosystem import Ecosystem


@dataclass(frozen=True)
class ModelClass:
    """Models that read one another through any number of steps.

    Attributes
    ----------
    models : their numbers, from 0
    closed : whether they read nobody else
    real : whether one of them has fresh real data
    period : the greatest common divisor of the lengths of all circles of reading; 0 for one model that is not its own
        reader
    """

    models: tuple[int, ...]
    closed: bool
    real: bool
    period: int


def classes(ecosystem: Ecosystem) -> tuple[ModelClass, ...]:
    """The classes of an ecosystem with numbers for weights.

    Examples
    --------
    >>> from theory import Ecosystem
    >>> [found.models for found in classes(Ecosystem("1/2 1/2 0; 0 0 1; 0 1 0")) if found.closed]
    [(1, 2)]
    """
    _verified(ecosystem)
    m = ecosystem.models
    reads = [{k for k in range(m) if ecosystem.table[i, k] != 0} for i in range(m)]
    reached = [_reached(i, reads) for i in range(m)]
    found: list[ModelClass] = []
    seen: set[int] = set()
    for i in range(m):
        if i in seen:
            continue
        together = {i} | {k for k in reached[i] if i in reached[k]}
        seen |= together
        closed = all(reads[k] <= together for k in together)
        real = any(ecosystem.shares[k] != 0 for k in together)
        found.append(ModelClass(tuple(sorted(together)), closed, real, _period(sorted(together), reads)))
    return tuple(found)


def _reached(start: int, reads: list[set[int]]) -> set[int]:
    found, pending = set(reads[start]), list(reads[start])
    while pending:
        more = reads[pending.pop()] - found
        found |= more
        pending += more
    return found


def _period(models: list[int], reads: list[set[int]]) -> int:
    """By the distances from one of them: every edge closes circles whose lengths differ by that much."""
    distance, pending, period = {models[0]: 0}, [models[0]], 0
    while pending:
        at = pending.pop(0)
        for k in reads[at] & set(models):
            if k in distance:
                period = gcd(period, distance[at] + 1 - distance[k])
            else:
                distance[k] = distance[at] + 1
                pending.append(k)
    return abs(period)


def is_bounded(ecosystem: Ecosystem) -> bool:
    """Whether the risk of the observed model stays bounded, for a model without curvature.

    Examples
    --------
    >>> from theory import Ecosystem
    >>> is_bounded(Ecosystem("1/2 1/4; 1/2 1/2")), is_bounded(Ecosystem("1/2 1/4; 0 1"))
    (True, False)
    """
    me = ecosystem.observed
    reads = [{k for k in range(ecosystem.models) if ecosystem.table[i, k] != 0} for i in range(ecosystem.models)]
    mine = _reached(me, reads) | {me}
    return all(found.real for found in classes(ecosystem) if found.closed and set(found.models) <= mine)


def stationary_law(ecosystem: Ecosystem) -> tuple[Expr, ...]:
    r"""π with :math:`\pi W = \pi`, of an ecosystem without fresh real data that has one closed class.

    Raises
    ------
    DomainError
        Where there are fresh real data, or several closed classes, each of which has a law of its own.

    Examples
    --------
    >>> from theory import Ecosystem
    >>> stationary_law(Ecosystem("1/2 1/2; 1/4 3/4"))
    (1/3, 2/3)
    """
    closed = [found for found in classes(ecosystem) if found.closed]
    if len(closed) != 1 or closed[0].real:
        why = f"{len(closed)} closed classes" if len(closed) != 1 else "fresh real data"
        raise DomainError(
            f"ecosystem = {quoted(ecosystem)} has {why}: a stationary law is of one closed class without."
        )
    m = ecosystem.models
    system = (eye(m) - Matrix(ecosystem.table).T).col_join(ones(1, m))
    found = (system.T * system).LUsolve(system.T * zeros(m, 1).col_join(Matrix([1])))
    return tuple(found)


def effective_models(ecosystem: Ecosystem) -> Expr:
    r"""How many models an ecosystem is worth: G over its growing risk, which is 1 for one model that reads itself.

    For one closed class of period 1 and blocks of n, :math:`1/\sum_k \pi_k^2`, between 1 and m; ``oo`` where the risk
    is bounded.

    Examples
    --------
    >>> from theory import Ecosystem
    >>> effective_models(Ecosystem("3/4 1/4; 1/4 3/4")), effective_models(Ecosystem("0 1; 1 0"))
    (2, 1)
    """
    _verified(ecosystem)
    if is_bounded(ecosystem):
        return oo
    growth = expected_risk(Regular(p=1, n=1), ecosystem).growth
    assert growth is not None
    return G / growth


@dataclass(frozen=True)
class Payment:
    """What the data of each model add to the risk of one of them, in units of a unit block's noise.

    Attributes
    ----------
    start : of the real data of generation 1, by model whose they are
    blocks : of the blocks that each model generates
    real : of the fresh real data of each model
    """

    start: tuple[Expr, ...]
    blocks: tuple[Expr, ...]
    real: tuple[Expr, ...]

    @property
    def total(self) -> Expr:
        """The risk."""
        return sum((*self.start, *self.blocks, *self.real), S.Zero)


def who_pays(ecosystem: Ecosystem, generation: object = None) -> Payment:
    r"""How the risk of the observed model divides among the data of all, at a generation or, without one, in the limit.

    Every source adds its own square: blocks of model k :math:`\frac{1}{s_k} \sum_{t \ge 1} (W^t)_{ik}^2`, fresh data of
    k :math:`\frac{\lambda_k^2}{\rho_k} \sum_{t \ge 0} (W^t)_{ik}^2`, the sums over the generations so far.
    A model that generates c times as much divides its entry by c; the derivative of the risk by log s_k is minus the
    entry of k. Exact without curvature; to leading order for every regular model.

    Raises
    ------
    DomainError
        In the limit, where the risk is unbounded.

    Examples
    --------
    >>> from theory import Ecosystem
    >>> shares = who_pays(Ecosystem("1/2 1/4; 1/2 1/2"))
    >>> shares.total, shares.real
    (138/119, (13/119, 0))
    """
    _verified(ecosystem)
    m, me = ecosystem.models, ecosystem.observed
    if generation is None:
        return _in_the_limit(ecosystem)
    last = whole_generation("generation", generation)
    row = zeros(1, m)
    row[me] = 1
    blocks, real = [S.Zero] * m, [S.Zero] * m
    for _ in range(1, last):
        for k in range(m):
            real[k] += (row[k] * ecosystem.shares[k]) ** 2 / ecosystem.real[k]
        row = row * ecosystem.table
        for k in range(m):
            blocks[k] += row[k] ** 2 / ecosystem.block_sizes[k]
    if ecosystem.same_start:
        start = [sum(row) ** 2 * Rational(1, m)] * m
    else:
        start = [row[k] ** 2 / ecosystem.block_sizes[k] for k in range(m)]
    return Payment(tuple(start), tuple(blocks), tuple(real))


def _in_the_limit(ecosystem: Ecosystem) -> Payment:
    """The same by the squares of all powers of W, read off the risks of ecosystems with one source of noise."""
    if not is_bounded(ecosystem):
        raise DomainError(
            f"ecosystem = {quoted(ecosystem)} is unbounded for model {ecosystem.observed}: give a generation."
        )
    m, me = ecosystem.models, ecosystem.observed
    # Σ_t (W^t)_{ik}² is the limit of the moment of i when model k alone gets a noise of 1 at every generation.
    pairs = [(row, col) for row in range(m) for col in range(row + 1)]
    risk = expected_risk(Regular(p=1, n=1), ecosystem).recurrence.as_moments()
    assert risk is not None
    powers = []
    for k in range(m):
        alone = Matrix([int(pair == (k, k)) for pair in pairs])
        found = limit_and_growth(risk.changed(forcing=alone))[0]  # type: ignore[arg-type]
        if found is None:
            raise NotDerivedError(f"ecosystem = {quoted(ecosystem)}: its limit is not derived.")
        powers.append(found)
    blocks = tuple((powers[k] - int(k == me)) / ecosystem.block_sizes[k] for k in range(m))
    real = tuple(powers[k] * ecosystem.shares[k] ** 2 / ecosystem.real[k] for k in range(m))
    return Payment((S.Zero,) * m, blocks, real)


def _verified(ecosystem: object) -> None:
    if not isinstance(ecosystem, Ecosystem):
        raise DomainError(f"ecosystem = {quoted(ecosystem)} is not an ecosystem: give an Ecosystem.")
    symbols: set[Symbol] = ecosystem.free_symbols
    if symbols:
        names = ", ".join(sorted(symbol.name for symbol in symbols))
        raise DomainError(f"ecosystem = {quoted(ecosystem)} has symbols ({names}): give numbers.")
