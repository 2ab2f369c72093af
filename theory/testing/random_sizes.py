"""Laws of workflows with blocks of random size: by every history of sizes, each of which is a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from sympy import Eq, Expr, Integer, N, Piecewise, Rational, S

from theory.errors import LawViolation, NotDerivedError
from theory.expressions.symbols import j
from theory.models.exponential_family import Bernoulli, GaussianMean
from theory.models.real_data import derived_recurrence
from theory.moments.composition import compose
from theory.testing.enumeration import bernoulli_moments
from theory.workflows.base import Workflow

#: Sizes of a law without a largest one that are looked at; the others are bounded.
_MOST_SIZES = 10
#: Histories of sizes, and data sets of each, that are enumerated.
_MOST_HISTORIES, _MOST_DATA = 300, 400


def check_random_sizes(workflow: Workflow, generations: int) -> None:
    """The mean and the risk of a Bernoulli chain over every history of sizes and every data set; and without a largest
    size the risk without curvature, to what the sizes left out can add.

    Raises
    ------
    LawViolation
        Naming the generation, and what was expected and found.
    NotDerivedError
        Where no risk is derived under this workflow.
    """
    sizes = workflow.random_sizes
    assert sizes is not None
    table = sizes.support
    if table is None or not all(chance.is_Rational for chance in table.values()):
        _bounded_law(workflow)
        return
    p, n = Rational(1, 3), 1
    while not _whole(workflow, n) and n < 12:
        n += 1
    derived = derived_recurrence(Bernoulli(p, n), workflow, "squared").values()  # type: ignore[arg-type]
    for g, value in enumerate(islice(derived, generations), start=1):
        if len(table) ** g > _MOST_HISTORIES or (n * max(table) + 1) ** g > _MOST_DATA:
            return
        mean, square = S.Zero, S.Zero
        for history, chance in _histories(table, g):
            given = bernoulli_moments(at_sizes(workflow, history), p, n, g)[-1]
            mean, square = mean + chance * given[0], square + chance * given[1]
        if mean != p:
            raise LawViolation(f"unbiased: broken on a Bernoulli chain at g = {g}, where the mean is {mean}.")
        if square != value:
            raise LawViolation(
                f"exact value = brute force: broken on a Bernoulli chain at g = {g}, where every history of sizes and "
                f"every data set give {square} and the derived risk is {value}."
            )


def at_sizes(workflow: Workflow, history: tuple[int, ...]) -> Workflow:
    """The same workflow, its first sizes known.

    Examples
    --------
    >>> from theory import Accumulate
    >>> at_sizes(Accumulate(sizes="random(t/(2 - t))"), (1, 2)).weights(2)
    [1/3, 2/3]
    """
    known: Any = Piecewise(
        *((Integer(size), Eq(j, index)) for index, size in enumerate(history, start=1)), (Integer(history[-1]), True)
    )
    return workflow.with_sizes(known)


def _histories(table: dict[int, Expr], g: int) -> Iterator[tuple[tuple[int, ...], Expr]]:
    for history in product(sorted(table), repeat=g):
        chance = S.One
        for size in history:
            chance *= table[size]
        yield history, chance


def _whole(workflow: Workflow, n: int) -> bool:
    """Whether the real rows of the smallest block are whole."""
    real = getattr(workflow, "real", S.One)
    return all((real.subs(j, g) * n).is_Integer for g in range(2, 6))


def _bounded_law(workflow: Workflow) -> None:
    assert workflow.random_sizes is not None
    chances = workflow.random_sizes.chances(_MOST_SIZES)
    table = {size: Rational(str(chance.str(30, radius=False))) for size, chance in enumerate(chances, start=1)}
    plain = GaussianMean(n=1, sigma2=1)  # noise of 1, and no curvature
    derived = derived_recurrence(plain, workflow, "squared").values()  # type: ignore[arg-type]
    try:
        found = [next(derived), next(derived)]
    except NotDerivedError:
        found = []
    for g, value in enumerate(found, start=1):
        partial = sum(
            (
                chance * compose(at_sizes(workflow, history), noise=S.One, curvature=S.Zero).at(g)
                for history, chance in _histories(table, g)
            ),
            S.Zero,
        )
        # No risk exceeds that of g blocks of one unit each.
        left = g * (1 - sum(table.values(), S.Zero) ** g)
        if not -Rational(1, 10**12) <= N(value - partial, 20) <= left + Rational(1, 10**12):
            raise LawViolation(
                f"exact value = brute force: broken at g = {g}, where sizes up to {_MOST_SIZES} give "
                f"{N(partial, 12)}, others {N(left, 3)} at most, and the derived risk is {N(value, 12)}."
            )
