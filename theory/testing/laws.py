"""Property-based tests for workflows and models: strategies, and the laws that every workflow keeps.

>>> from theory import Accumulate
>>> from theory.testing import check_workflow
>>> check_workflow(Accumulate())
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from sympy import Float, Integer, Rational, S

from theory.errors import DomainError
from theory.expected import expected_risk
from theory.expressions.arguments import generation
from theory.models import (
    Bernoulli,
    Binomial,
    Exponential,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    NegativeBinomial,
    Poisson,
    Regular,
)
from theory.moments.composition import compose
from theory.testing.enumeration import bernoulli_moments, smallest_sample
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    exact_weights,
)
from theory.workflows.dynamics import LinearDynamics
from theory.workflows.pathway import verify_dynamics

try:
    from hypothesis import strategies as st
except ImportError:  # pragma: no cover - exercised in a subprocess without Hypothesis
    st = None  # type: ignore[assignment]


class LawViolation(AssertionError):
    """A workflow breaks a law; the message is the smallest counterexample found."""


# -- laws ----------------------------------------------------------------------------------------------


def check_workflow(workflow: Workflow, generations: int = 6) -> None:
    r"""Check the laws that any workflow must keep, on its first generations.

    1. Weights are exact numbers, one for each block so far (causal), and sum to one with the weight of
       fresh real data.
    2. Unbiased: on a Bernoulli chain enumerated in full, :math:`E\theta_g = p`.
    3. Its dynamics, if it states any, have the pathway coefficients of its weights.
    4. The exact risk is that of the enumerated Bernoulli chain.
    5. Without fresh real data the risk never falls below that of the real data alone.

    Cases are tried from the smallest up, so that the first failure is the smallest counterexample.

    Parameters
    ----------
    workflow : Workflow
        Built in or your own, with numbers for parameters.
    generations : int, default 6
        Weights and dynamics are checked so far; enumeration stops earlier where it would grow large.

    Raises
    ------
    LawViolation
        Naming the law, the generation, what was expected and what was found.
    NotDerivedError
        When the workflow draws subsamples in a way that no derivation covers: there is nothing to check.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory import Weighted
    >>> check_workflow(Weighted(lambda g: [Rational(1, g + 1)] * g))
    Traceback (most recent call last):
        ...
    theory.testing.LawViolation: weights are exact, causal and sum to one: broken at g = 1. ...
    """
    upto = generation("generations", generations)
    if not isinstance(workflow, Workflow):
        raise DomainError(f"workflow = {workflow!r} is not a workflow: give an instance of a Workflow subclass.")
    if workflow.free_symbols:
        names = ", ".join(sorted(symbol.name for symbol in workflow.free_symbols))
        raise DomainError(f"workflow = {workflow} has symbols ({names}): laws are checked on numbers.")
    for g in range(1, upto + 1):
        _weights_law(workflow, g)
    _dynamics_law(workflow, upto)
    _enumeration_laws(workflow, upto)
    _floor_law(workflow, upto)


def _weights_law(workflow: Workflow, g: int) -> None:
    try:
        weights = exact_weights(workflow, g)
    except DomainError as error:
        raise LawViolation(f"weights are exact, causal and sum to one: broken at g = {g}. {error}") from error
    for index, weight in enumerate(weights, start=1):
        if not weight.is_number or weight.has(Float):
            raise LawViolation(
                f"weights are exact numbers: broken at g = {g}, where the weight of block {index} is {weight}."
            )


def _dynamics_law(workflow: Workflow, upto: int) -> None:
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics):
        return
    try:
        verify_dynamics(workflow, dynamics, upto)
    except DomainError as error:
        raise LawViolation(str(error)) from error


def _enumeration_laws(workflow: Workflow, upto: int) -> None:
    sizes = [workflow.size(g) for g in range(1, upto + 1)]
    if not all(size.is_Rational for size in sizes):
        return  # no Bernoulli chain has such blocks
    for g, n in _tiny_chains(workflow, upto):
        for p in (Rational(1, 2), Rational(1, 3)):
            mean, square = bernoulli_moments(workflow, p, n, g)[-1]
            case = f"g = {g}, n = {n}, p = {p}"
            if mean != p:
                raise LawViolation(f"unbiased: broken on a Bernoulli chain at {case}, where the mean is {mean}.")
            derived = next(islice(expected_risk(Bernoulli(p, n), workflow).recurrence.values(), g - 1, None))
            if derived != square:
                raise LawViolation(
                    f"exact value = brute force: broken on a Bernoulli chain at {case}, where enumeration gives "
                    f"{square} and the derived risk is {derived}."
                )


def _tiny_chains(workflow: Workflow, upto: int) -> list[tuple[int, int]]:
    """(generation, n) small enough to enumerate, smallest first."""
    cases = []
    for g in range(1, upto + 1):
        n = smallest_sample(workflow, g)
        for multiple in (1, 2):
            states = 1
            for index in range(1, g + 1):
                states *= int(multiple * n * workflow.size(index)) + 1
                states *= int(multiple * n * workflow.fresh_size(index)) + 1
            if states <= 1000:
                cases.append((g, multiple * n))
    return cases


def _floor_law(workflow: Workflow, upto: int) -> None:
    if any(workflow.fresh_weight(g) != 0 for g in range(2, upto + 1)):
        return
    recurrence = compose(workflow, noise=S.One, curvature=S.Zero, exactness="leading order")
    floor = 1 / workflow.size(1)
    for g, value in enumerate(islice(recurrence.values(), upto), start=1):
        if (value - floor).is_negative:
            raise LawViolation(
                f"without fresh real data the risk is never below the real-data-only risk: broken at g = {g}, where "
                f"the ratio is {value / floor}."
            )


# -- strategies ----------------------------------------------------------------------------------------


def _hypothesis() -> Any:
    if st is None:
        raise ImportError("theory.testing's strategies need Hypothesis: install it with  pip install 'selfgen[test]'.")
    return st


def generations(largest: int = 30) -> Any:
    """Whole generations 1 … ``largest``."""
    return _hypothesis().integers(min_value=1, max_value=largest)


def rationals(smallest: int = 0, largest: int = 1, denominator: int = 12) -> Any:
    """SymPy rationals strictly between two whole numbers."""
    s = _hypothesis()
    return s.integers(2, denominator).flatmap(
        lambda q: s.integers(smallest * q + 1, largest * q - 1).map(lambda numerator: Rational(numerator, q))
    )


def sizes() -> Any:
    """Size schedules: whole numbers of samples at every block."""
    from theory.expressions.symbols import j

    return _hypothesis().sampled_from([Integer(1), Integer(2), j, j**2, j + 1, Integer(2) ** j])


def weighted() -> Any:
    """Workflows with arbitrary positive rational weights."""
    s = _hypothesis()
    return s.lists(s.integers(0, 5), min_size=1, max_size=7).map(_table_workflow)


def _table_workflow(table: list[int]) -> Weighted:
    def weights(g: int) -> list[Rational]:
        raw = [table[(3 * g + 5 * index) % len(table)] for index in range(g)]
        raw[-1] += 1
        return [Rational(value, sum(raw)) for value in raw]

    return Weighted(weights)


def workflows(*, subsampled: bool = True, fresh: bool = True, schedules: bool = True) -> Any:
    """Every built-in workflow with rational parameters, and random weights."""
    s = _hypothesis()
    schedule = sizes() if schedules else s.just(Integer(1))
    choices: list[Any] = [
        schedule.map(Replace),
        schedule.map(Accumulate),
        s.builds(SlidingWindow, s.integers(1, 4), schedule),
        s.builds(RealPlusLatest, s.none() | rationals()),
        weighted(),
    ]
    if fresh:
        choices.append(s.builds(FreshReal, s.none() | rationals(), s.integers(1, 3)))
    if subsampled:
        choices.append(s.builds(AccumulateSubsample, s.integers(1, 3), s.booleans()))
    return s.one_of(choices)


def models() -> Any:
    """Every built-in model with rational parameters inside its domain."""
    s = _hypothesis()
    n, positive = s.integers(2, 40), rationals(0, 5)
    families: list[Callable[[], Any]] = [
        lambda: s.builds(Bernoulli, rationals(), n),
        lambda: s.builds(Binomial, s.integers(1, 6), rationals(), n),
        lambda: s.builds(Poisson, positive, n),
        lambda: s.builds(NegativeBinomial, positive, positive, n),
        lambda: s.builds(Exponential, positive, n),
        lambda: s.builds(Gamma, positive, positive, n),
        lambda: s.builds(GaussianMean, positive, n),
        lambda: s.builds(HyperbolicSecant, positive, positive, n),
        lambda: s.builds(Regular, s.integers(1, 9), n),
        lambda: s.integers(1, 6).flatmap(
            lambda d: s.builds(
                LinearRegression, s.just(d), s.integers(d + 4, d + 30), positive, s.sampled_from(["fresh", "shared"])
            )
        ),
    ]
    return s.one_of([family() for family in families])


__all__ = [
    "LawViolation",
    "check_workflow",
    "generations",
    "models",
    "rationals",
    "sizes",
    "weighted",
    "workflows",
]
