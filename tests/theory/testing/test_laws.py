"""check_workflow passes what keeps the laws and names the law that is broken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from sympy import Rational

from theory import (
    Accumulate,
    AccumulateSubsample,
    DomainError,
    FreshReal,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.testing import LawViolation, check_workflow, models, workflows

BUILT_IN = [
    Replace(), Replace(sizes=j), Accumulate(), Accumulate(sizes=2**j), SlidingWindow(1), SlidingWindow(2),
    SlidingWindow(3), SlidingWindow(3, sizes=j), RealPlusLatest(), RealPlusLatest("1/3"), FreshReal(),
    FreshReal("2/3", 2), AccumulateSubsample(), AccumulateSubsample(2), AccumulateSubsample("1/2", True),
    Weighted(lambda g: [Rational(2, g + 1), *[Rational(1, g + 1)] * (g - 1)]),
]  # fmt: skip


@pytest.mark.parametrize("workflow", BUILT_IN)
def test_built_in_workflows_keep_the_laws(workflow):
    check_workflow(workflow, generations=4)


class Short(Workflow):
    def weights(self, g):
        return [Rational(1, g)] * (g - (g == 4))


class Leaky(Workflow):
    def weights(self, g):
        return [Rational(1, g + (g == 3))] * g


class Floating(Workflow):
    def weights(self, g):
        return [1.0] if g == 1 else [0.5] * 2 + [0.0] * (g - 2)


class Misstated(Workflow):
    """Dynamics of replace under the weights of accumulate."""

    def weights(self, g):
        return Accumulate().weights(g)

    def dynamics(self):
        return Replace().dynamics()


class WrongDraw(Accumulate):
    """Says that it draws a subsample, and derives as if it did not."""

    def draw(self, g):
        return AccumulateSubsample(1).draw(g)


class HiddenReal(Workflow):
    """Uses fresh real data without saying how much."""

    def weights(self, g):
        return [Rational(1)] if g == 1 else [0] * (g - 1) + [Rational(1, 2)]

    def fresh_weight(self, g):
        return Rational(1, 3) if g > 1 else Rational(0)


@pytest.mark.parametrize(
    ("workflow", "law", "where"),
    [
        (Short(), "one weight for each", "g = 4"),
        (Leaky(), "sum to", "g = 3"),
        (Floating(), "float", "g = 1"),
        (Misstated(), "dynamics agree", "g = 2"),
        (HiddenReal(), "sum to", "g = 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_workflows_are_reported_with_the_smallest_case(workflow, law, where):
    with pytest.raises(LawViolation) as violation:
        check_workflow(workflow)
    assert law in str(violation.value)
    assert where in str(violation.value)


def test_risk_below_the_real_data_is_reported(monkeypatch):
    """No unbiased workflow can get there; a broken pathway would."""
    from theory import pathway_recurrence

    class Half(pathway_recurrence.Pathways):
        def __iter__(self):
            for block, fresh in super().__iter__():
                yield [coefficient / 2 for coefficient in block], fresh

    workflow = Weighted(Accumulate().weights)
    monkeypatch.setattr(pathway_recurrence, "Pathways", Half)
    with pytest.raises(LawViolation):
        check_workflow(workflow)


def test_draws_that_no_derivation_covers_are_refused():
    with pytest.raises(NotDerivedError, match="subsample"):
        check_workflow(WrongDraw())


def test_symbols_are_refused():
    from sympy import Symbol

    with pytest.raises(DomainError, match="lambda"):
        check_workflow(RealPlusLatest(Symbol("lambda", positive=True)))
    with pytest.raises(DomainError, match="workflow"):
        check_workflow(Accumulate)


@given(model=models(), workflow=workflows())
@settings(max_examples=40)
def test_strategies_stay_inside_every_domain(model, workflow):
    risk = expected_risk(model, workflow)
    assert risk.at(1) > 0
    assert risk.at(3).is_finite


@given(workflow=workflows())
@settings(max_examples=12)
def test_random_workflows_keep_the_laws(workflow):
    check_workflow(workflow, generations=3)
