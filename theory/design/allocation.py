r"""A total budget of samples over G generations: which block sizes make the final risk smallest.

To leading order in 1/n and in units of one sample's risk, with :math:`N_j = s_1 + \dots + s_j`,

.. math:: \text{replace: } \sum_{j \le G} \frac1{s_j}, \qquad \text{accumulate: } \sum_{j \le G} \frac{s_j}{N_j^2}.

*Replace.* The sum is convex and symmetric: equal sizes are best, whole numbers as equal as they can be.

*Accumulate.* With :math:`\varphi(N) = 1/N^2`, convex and falling, the risk is :math:`\sum s_j\, \varphi(N_j)`.

1. *Larger blocks first.* Let blocks of p and then p + x samples follow N samples. Exchanging them changes the risk by
   :math:`(p+x)\,\varphi(N+p+x) - p\,\varphi(N+p) - x\,\varphi(N+2p+x) \le 0`, by Jensen's inequality: N + p + x is the
   mean of N + p and N + 2p + x with weights p and x.
2. *One large block.* Move t samples from a block to the one before it, with N samples ahead of the two and M with them.
   The risk changes at the rate :math:`\bigl(2N/(N_i+t) - 1\bigr)/(N_i + t)^2 - 1/M^2`, which times
   :math:`(N_i+t)^2` falls in t: the risk rises, then falls, and is smallest at an end, where one of the two is as small
   as allowed. In decreasing order (by 1) then all blocks but the first are.

So the least risk has every block as small as allowed but the first free one: block 1, real data, where it is in the
budget, and block 2 where it is given. A stationary point, as Lagrange's multipliers give it, is a *maximum* along the
moves of 2: the worst place.

Derived here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import fmpq
from sympy import Eq, Expr, Integer, Piecewise, S, limit, oo

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import exact, generation, quoted, truth_value
from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.symbols import G, j
from theory.workflows.accumulate import Accumulate
from theory.workflows.base import Workflow
from theory.workflows.replace import Replace


@dataclass(frozen=True)
class OptimalSizes:
    """The block sizes with the smallest final risk.

    Attributes
    ----------
    workflow : Replace or Accumulate
    sizes : number of samples in blocks 1, …, G
    risk : the final risk in units of that of one sample: p for a regular model of p parameters

    Notes
    -----
    Derived here; see :func:`optimal_sizes`.

    Examples
    --------
    >>> from theory import Replace, optimal_sizes
    >>> found = optimal_sizes(Replace, budget=12, generations=3)
    >>> found.sizes, found.risk
    ((4, 4, 4), 3/4)
    """

    workflow: type[Workflow]
    sizes: tuple[Expr, ...]
    risk: Expr

    @property
    def schedule(self) -> Expr:
        """The sizes as an expression in ``theory.j``, for a workflow with n = 1; the last one goes on beyond G."""
        *first, last = self.sizes
        return Piecewise(*((size, Eq(j, index)) for index, size in enumerate(first, start=1)), (last, True))


def optimal_sizes(
    workflow: type[Workflow],
    budget: object,
    generations: object,
    *,
    real: object = None,
    least: object = 1,
    whole: bool = False,
) -> OptimalSizes:
    r"""The block sizes that spend a budget of samples with the smallest risk at the last generation.

    Parameters
    ----------
    workflow : Replace or Accumulate
        The class.
    budget : positive rational
        Samples in all. With ``real`` it counts synthetic samples alone; without, block 1 is in it, and free to choose.
    generations : whole number G
    real : positive rational, optional
        Size of block 1, given and not in the budget.
    least : positive rational, default 1
        No block may be smaller. (Without it accumulate would do best to leave all blocks but one empty.)
    whole : bool, default False
        Whole numbers of samples only.

    Returns
    -------
    OptimalSizes

    Raises
    ------
    DomainError
        When the budget cannot give every block its least size.
    NotDerivedError
        For other workflows.

    Notes
    -----
    Proved at the head of this module. Leading order in 1/n; under replace equal sizes are best exactly, for every
    quadratic variance function, since :math:`\log(1 + v_2/s)` is convex in s for v_2 > 0 and concave for v_2 < 0.

    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Replace
    >>> from theory.design import optimal_sizes
    >>> optimal_sizes(Replace, budget=12, generations=3).sizes
    (4, 4, 4)
    >>> optimal_sizes(Accumulate, budget=12, generations=3).sizes
    (10, 1, 1)
    >>> optimal_sizes(Accumulate, budget=12, generations=3, real=5).sizes
    (5, 11, 1)
    """
    rule = _rule(workflow)
    whole = truth_value("whole", whole)
    last, total, floor = generation("generations", generations), _amount("budget", budget), _amount("least", least)
    given = None if real is None else _amount("real", real)
    if whole and not all(value is None or value.is_Integer for value in (total, given)):
        raise DomainError(f"budget = {budget} and real = {real} must be whole numbers of samples when whole is True.")
    if whole:
        floor = Integer(-(-floor.p // floor.q))
    blocks = last if given is None else last - 1
    if blocks == 0:
        raise DomainError(
            f"generations = {generations} leaves no block to choose: block 1 is given, so give 2 or more."
        )
    if total < blocks * floor:
        raise DomainError(
            f"budget = {budget} is too small: {blocks} blocks of at least {floor} take {blocks * floor} samples."
        )
    head = () if given is None else (given,)
    sizes = head + rule.divide(blocks, total, floor, whole)
    return OptimalSizes(workflow, sizes, final_risk(workflow, sizes))


def optimal_law(workflow: type[Workflow], average: object, *, real: object = None, least: object = 1) -> Expr:
    r"""The leading term, as G → ∞, of the smallest final risk with ``average`` samples a generation.

    The budget is average·G; with ``real`` it counts synthetic samples alone, and the term is that of the excess over
    1/real, the risk of the real data. Under accumulate, with least size m and β = average/m > 1,

    .. math:: \frac{1}{\text{budget}} \cdot \frac{\beta + 1}{\beta - 1},

    where 1/budget would be the risk of as many real samples: the generations that must be fed cost a factor. Sums over
    the small blocks lie between integrals with the same leading term (derived here).

    Examples
    --------
    >>> from theory import Accumulate, Replace
    >>> from theory.design import optimal_law
    >>> optimal_law(Replace, average=10), optimal_law(Accumulate, average=3)
    (G/10, 2/(3*G))
    """
    rule = _rule(workflow)
    mean, floor = _amount("average", average), _amount("least", least)
    given = None if real is None else _amount("real", real)
    if mean <= floor:
        raise DomainError(f"average = {average} is too small: it must be more than least = {least}.")
    if rule.equal:
        # Σ 1/s_j over equal blocks; a given block 1 adds a constant, which is beyond the leading term.
        return G / mean
    # One block of x = (average − m)·G samples and G blocks of m behind it, up to a constant number of blocks.
    x = (mean - floor) * G
    below, above = (
        1 / (x + shift) + floor * (_inverse(x + shift, floor) - _inverse(x + shift + floor * G, floor))
        for shift in ((2 * floor + (given or 0)), S.Zero)
    )  # fmt: skip
    leading = limit(G * below, G, oo)
    if leading != limit(G * above, G, oo):
        raise NotDerivedError("the two sides of the estimate differ to leading order: the law is not derived.")
    return leading / G


def final_risk(workflow: type[Workflow], sizes: tuple[Expr, ...]) -> Expr:
    """Risk of model G in units of one sample's, to leading order: Σ C_{G,j}²/s_j.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from sympy import Integer
    >>> from theory import Replace
    >>> final_risk(Replace, (Integer(4), Integer(4), Integer(4)))
    3/4
    """
    noise = _rule(workflow).noise
    terms, seen = [], fmpq(0)
    for size in sizes:
        amount = to_flint(size)
        seen += amount
        terms.append(noise(amount, seen))
    total = _sum(terms)
    return to_sympy(total)


def _sum(terms: list[fmpq]) -> fmpq:
    """In pairs, pairs of pairs, …: long denominators are then few."""
    while len(terms) > 1:
        terms = [sum(terms[place : place + 2], fmpq(0)) for place in range(0, len(terms), 2)]
    return terms[0] if terms else fmpq(0)


@dataclass(frozen=True)
class _Rule:
    """How to divide a budget among blocks (number, total, least size, whole numbers?), and what C²/s of a block is."""

    divide: Callable[[int, Expr, Expr, bool], tuple[Expr, ...]]
    noise: Callable[[fmpq, fmpq], fmpq]
    equal: bool


def _equal(blocks: int, total: Expr, floor: Expr, whole: bool) -> tuple[Expr, ...]:
    if not whole:
        return (total / blocks,) * blocks
    each, left = divmod(int(total), blocks)
    return (Integer(each + 1),) * left + (Integer(each),) * (blocks - left)


def _first_large(blocks: int, total: Expr, floor: Expr, whole: bool) -> tuple[Expr, ...]:
    return (total - (blocks - 1) * floor,) + (floor,) * (blocks - 1)


_RULES: dict[type[Workflow], _Rule] = {
    Replace: _Rule(_equal, lambda size, seen: 1 / size, equal=True),
    Accumulate: _Rule(_first_large, lambda size, seen: size / seen**2, equal=False),
}


def _rule(workflow: type[Workflow]) -> _Rule:
    if not (isinstance(workflow, type) and issubclass(workflow, Workflow)):
        raise DomainError(f"workflow = {quoted(workflow)} is not a class of workflows: give Replace or Accumulate.")
    if workflow not in _RULES:
        raise NotDerivedError(
            f"workflow = {workflow.__name__} is not derived: optimal sizes are for Replace and Accumulate."
        )
    return _RULES[workflow]


def _amount(name: str, value: object) -> Expr:
    number = exact(name, value)
    if not (number.is_Rational and number.is_positive):
        raise DomainError(f"{name} = {value} is not an amount of samples: {name} must be a positive fraction.")
    return number


def _inverse(value: Expr, floor: Expr) -> Expr:
    """The antiderivative of −m/x² in steps of m, per m."""
    return 1 / (value * floor)
