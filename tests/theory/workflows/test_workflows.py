"""Workflows: weights, schedules, pathways, and what they refuse."""

from __future__ import annotations

import pickle
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Rational, Symbol, cancel, simplify, sqrt

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    DomainError,
    FreshReal,
    G,
    GaussianMean,
    NotDerivedError,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
    expected_risk,
    j,
)
from theory.expressions.parser import parse
from theory.testing import workflows
from theory.workflows import exact_weights
from theory.workflows.pathway import Pathways

HALF = Rational(1, 2)


@given(workflow=workflows(), g=st.integers(1, 9))
def test_weights_sum_to_one_with_fresh_data(workflow, g):
    weights = exact_weights(workflow, g)
    assert len(weights) == g
    assert sum(weights) + sum(workflow.fresh_weights(g)) == 1
    assert workflow.weights(1) == [1]


def test_weights_of_the_table():
    assert Replace(sizes=j).weights(3) == [0, 0, 1]
    assert Accumulate(sizes=j).weights(3) == [Rational(1, 6), Rational(1, 3), HALF]
    assert SlidingWindow(2, sizes=j).weights(4) == [0, 0, Rational(3, 7), Rational(4, 7)]
    assert RealPlusLatest().weights(3) == [HALF, 0, HALF]
    assert FreshReal(real=3).fresh_weight(2) == Rational(3, 4)
    assert FreshReal(share=0.1).fresh_weight(2) == Rational(1, 10)
    assert AccumulateSubsample(2).draw(1) is None
    assert AccumulateSubsample(2).draw(2).size == 2


def test_pathways_of_the_papers():
    replace = [block for block, _ in islice(Pathways(Replace()), 6)]
    accumulate = [block for block, _ in islice(Pathways(Accumulate()), 6)]
    assert replace[5] == [1] * 6
    assert accumulate[5] == [Rational(1, index) for index in range(1, 7)]


@given(workflow=workflows(subsampled=False, fresh=False), g=st.integers(1, 7))
def test_real_data_keep_their_whole_noise(workflow, g):
    """Without fresh real data every model still carries all of ε_1."""
    block, _ = next(islice(Pathways(workflow), g - 1, None))
    assert block[0] == 1


def test_a_users_workflow_needs_only_weights():
    class Latest3(Workflow):
        def weights(self, g):
            return SlidingWindow(3).weights(g)

    mine, built_in = (expected_risk(GaussianMean(1, 10), w) for w in (Latest3(), SlidingWindow(3)))
    assert mine.closed_form is None
    assert mine.limit is None
    assert [mine.at(g) for g in range(1, 9)] == [built_in.at(g) for g in range(1, 9)]


def test_weighted_may_be_symbolic():
    x = Symbol("x", positive=True)
    risk = expected_risk(GaussianMean(1, 1), Weighted(lambda g: [1] if g == 1 else [x, *[0] * (g - 2), 1 - x]))
    anchored = expected_risk(GaussianMean(1, 1), RealPlusLatest(x))
    assert cancel(risk.at(4) - anchored.at(4)) == 0


BAD = [
    (lambda: Replace(sizes="1 - j"), "sizes"),
    (lambda: Accumulate(sizes=0), "sizes"),
    (lambda: Accumulate(sizes="j -"), "sizes"),
    (lambda: Accumulate(sizes=True), "sizes"),
    (lambda: SlidingWindow(0), "k = 0"),
    (lambda: SlidingWindow(2.5), "k = 2.5"),
    (lambda: SlidingWindow(-1), "k = -1"),
    (lambda: RealPlusLatest(share=1.5), "share = 1.5"),
    (lambda: RealPlusLatest(share=-0.1), "share = -0.1"),
    (lambda: FreshReal(real=0), "real = 0"),
    (lambda: FreshReal(share=2), "share = 2"),
    (lambda: AccumulateSubsample(budget=0), "budget = 0"),
    (lambda: AccumulateSubsample(budget=-1), "budget = -1"),
    (lambda: AccumulateSubsample(replacement="yes"), "replacement"),
    (lambda: Weighted([1, 2]), "weights"),
    (lambda: FreshReal(real=float("nan")), "real"),
    (lambda: FreshReal(real=float("inf")), "real"),
]


@pytest.mark.parametrize(("make", "named"), BAD)
def test_bad_arguments_are_named(make, named):
    with pytest.raises(DomainError, match=r"^[^\n]*$") as error:
        make()
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        (lambda g: [Rational(1, g)] * (g + 1), "entries"),
        (lambda g: [Rational(1, g + 1)] * g, "sum to 1"),
        (lambda g: [1.0 / g] * g, "float"),
        (lambda g: ["a/b"] * g, "sums to"),
        (lambda g: [None] * g, "not a number"),
    ],
)
def test_bad_weights_are_reported(weights, complaint):
    with pytest.raises(DomainError, match=complaint):
        expected_risk(GaussianMean(1, 5), Weighted(weights)).at(3)


def test_workflows_are_values():
    assert Accumulate() == Accumulate(sizes=1)
    assert hash(FreshReal(HALF)) == hash(FreshReal("1/2"))
    assert pickle.loads(pickle.dumps(SlidingWindow(3, sizes=j))) == SlidingWindow(3, sizes=j)
    with pytest.raises(AttributeError):
        Accumulate().sizes = 2


def test_irrational_sizes_stay_exact():
    value = expected_risk(GaussianMean(1, 1), Replace(sizes="sqrt(j)")).at(2)
    assert simplify(value - 1 - sqrt(2) / 2) == 0


def test_subclasses_that_override_weights_do_not_inherit_dynamics():
    class Mine(Accumulate):
        def weights(self, g):
            return Replace().weights(g)

    with pytest.raises(DomainError, match="dynamics agree with weights"):
        expected_risk(GaussianMean(1, 5), Mine())


def test_subsampling_needs_pool_dynamics():
    class Draws(Workflow):
        def weights(self, g):
            return Accumulate().weights(g)

        def draw(self, g):
            return AccumulateSubsample().draw(g)

    with pytest.raises(NotDerivedError, match="subsample"):
        expected_risk(GaussianMean(1, 5), Draws())


def test_fresh_data_need_a_size():
    class Sizeless(Workflow):
        def weights(self, g):
            return [1] if g == 1 else [0] * (g - 1) + [HALF]

        def fresh_weight(self, g):
            return HALF

    with pytest.raises(DomainError, match="fresh_size"):
        expected_risk(GaussianMean(1, 5), Sizeless()).at(2)


def test_sizes_of_a_subclass_may_be_text():
    class Growing(Workflow):
        sizes = "j"

        def weights(self, g):
            return Accumulate(sizes=j).weights(g)

    assert expected_risk(GaussianMean(1, 1), Growing()).at(2) == Rational(11, 9)


@pytest.mark.parametrize("sizes", ["(j - 9/2)**2 - 1", "(j - 5)**2", "101 - j", "(j - 300)/(j - 301)"])
def test_schedules_are_positive_at_every_block(sizes):
    with pytest.raises(DomainError, match="every size must be positive"):
        Replace(sizes=sizes)


def test_budgets_are_whole_numbers_of_samples():
    with pytest.raises(DomainError, match="budget = 1/100"):
        expected_risk(Bernoulli("1/3", 10), AccumulateSubsample("1/100"))


@pytest.mark.parametrize("make", [lambda: FreshReal(share="1/(1 + G)"), lambda: RealPlusLatest(share=1 / G)])
def test_reserved_symbols_are_refused(make):
    with pytest.raises(DomainError, match="reserved"):
        make()


def test_a_parameter_may_be_called_g():
    g = Symbol("g", integer=True, positive=True)
    value = expected_risk(GaussianMean(1, g), Accumulate()).at(2)
    assert value == Rational(5, 4) / g


def test_long_windows_run_on_their_weights():
    risk = expected_risk(GaussianMean(1, 1), SlidingWindow(20))
    assert risk.at(20) == sum(Rational(1, i * i) for i in range(1, 21))
    assert risk.growth == Rational(4, 441) * G


@pytest.mark.parametrize("sizes", ["log(j) + 1", "sqrt(j)", "j**s"])
def test_schedules_that_are_not_rational(sizes):
    s = Symbol("s", positive=True)
    risk = expected_risk(GaussianMean(1, 1), Accumulate(sizes=parse(sizes)))
    size = [parse(sizes, "sizes").subs(s, 3).subs(j, i).evalf(30) for i in range(1, 7)]
    expected = sum(size[i] / sum(size[: i + 1]) ** 2 for i in range(6))
    value = risk.at(6)
    value = value.subs(dict.fromkeys(value.free_symbols, 3))
    assert abs(value.evalf(25) - expected) < Rational(1, 10**20)
