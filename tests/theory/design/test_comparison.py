"""Orders of workflows: crossings by hand, proofs against later generations, dominance."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import QQ, Piecewise, Poly, Rational, Symbol, factorial, log, oo, pi, sin

from theory import (
    Accumulate,
    AccumulateSubsample,
    Bernoulli,
    ContaminatedPool,
    DomainError,
    Exponential,
    FreshReal,
    GaussianFit,
    LinearRegression,
    NotDerivedError,
    Poisson,
    RealPlusLatest,
    Regular,
    Replace,
    SlidingWindow,
    Weighted,
    expected_risk,
    j,
)
from theory.design import compare
from theory.design.order_of_collapse import outgrows
from theory.design.settling import _memory, _steps
from theory.expressions.signs import sign_of_difference
from theory.testing import workflows


def test_real_plus_latest_overtakes_accumulate():
    """1 + q(1 − q^(G−1))/(1 − q), q = 9/25, falls below H_G^(2) for the first time at G = 12."""
    result = compare([Accumulate(), RealPlusLatest(share="2/5")])
    q = Rational(9, 25)
    mine = [1 + q * (1 - q ** (g - 1)) / (1 - q) for g in range(1, 30)]
    theirs = [sum(Rational(1, i * i) for i in range(1, g + 1)) for g in range(1, 30)]
    first = next(g for g in range(2, 30) if mine[g - 1] < theirs[g - 1])
    (crossing,) = result.crossings
    assert (crossing.generation, crossing.better, crossing.worse) == (first, RealPlusLatest(share="2/5"), Accumulate())
    assert first == 12
    assert result.proved
    assert result.dominates(0, 1) is result.dominates(1, 0) is False
    assert result.limits == (pi**2 / 6, Rational(25, 16))


def test_rankings():
    result = compare([Replace(), Accumulate(), RealPlusLatest(), SlidingWindow(2)])
    assert [(place.place, place.workflow.name) for place in result.at(2)] == [
        (1, "accumulate"), (1, "real-plus-latest"), (1, "sliding-window"), (4, "replace"),
    ]  # fmt: skip
    assert [place.workflow.name for place in result.at(9)] == [
        "real-plus-latest", "accumulate", "sliding-window", "replace",
    ]  # fmt: skip
    assert [(place.place, place.risk) for place in result.in_the_limit][:2] == [(1, Rational(4, 3)), (2, pi**2 / 6)]
    assert {place.place for place in result.in_the_limit[2:]} == {3}


SETTLED = [
    (Replace(), Accumulate(), None),
    (Replace(), SlidingWindow(2), None),
    (SlidingWindow(2), SlidingWindow(4), None),
    (Replace(sizes=j), Replace(), None),
    (Replace(sizes=j), Accumulate(sizes=j), None),
    (AccumulateSubsample(), AccumulateSubsample(budget=3), None),
    (AccumulateSubsample(), AccumulateSubsample(replacement=True), None),
    (AccumulateSubsample(), Replace(sizes=j), None),
    (Accumulate(), Replace(sizes=j**2), None),
    (Replace(), Accumulate(), Bernoulli("1/3", 50)),
    (Replace(), Accumulate(), Exponential(1, 3)),
    (Accumulate(), FreshReal(), Bernoulli("1/3", 50)),
    (Replace(), Accumulate(), Bernoulli()),
    (Replace(), Accumulate(), Poisson()),
    (Replace(), Accumulate(), LinearRegression(d=2, T=8)),
    # A risk that turns once falls for ever after its maximum.
    (ContaminatedPool("1/4"), FreshReal(share="1/2"), None),
    (ContaminatedPool("1/10"), Accumulate(), Bernoulli("1/3", 100)),
]


@pytest.mark.parametrize(("first", "second", "model"), SETTLED)
def test_what_is_proved_holds_far_beyond_what_was_looked_at(first, second, model):
    """Proofs from the first generations alone, against exact values further on."""
    looked = 12 if model is None or not model.free_symbols else 4
    result = compare([first, second], model, upto=max(looked, 40 if isinstance(second, SlidingWindow) else 0))
    (pair,) = result.pairs
    assert pair.settled is not None
    if model is None or not model.free_symbols:
        risks = [
            list(islice(expected_risk(model or Regular(1, 1), w).recurrence.values(), 150)) for w in (first, second)
        ]
        for g in range(pair.settled.since, 151):
            assert sign_of_difference(risks[0][g - 1], risks[1][g - 1], {}) == pair.settled.sign


@pytest.mark.parametrize(
    ("first", "second", "upto", "crossing"),
    [
        (Accumulate(), RealPlusLatest(share="2/5"), 11, 12),
        (SlidingWindow(3), AccumulateSubsample(), 7, 8),
        (AccumulateSubsample(), Replace(sizes=j), 6, 7),
        (AccumulateSubsample(replacement=True), Replace(sizes=j), 12, 13),
        (Replace(sizes=2 * j**3), Replace(sizes=5 * j**2 / 2), 5, 6),
        (FreshReal(share="1/20"), SlidingWindow(2), 18, None),
        (ContaminatedPool("1/4"), FreshReal(share="1/2"), 11, 12),
    ],
)
def test_no_proof_before_the_order_changes(first, second, upto, crossing):
    """Looking just short of a crossing, no argument may claim the order seen so far for ever."""
    assert crossing is None or [found.generation for found in compare([first, second], upto=40).crossings] == [crossing]
    (pair,) = compare([first, second], upto=upto).pairs
    values = [
        list(islice(expected_risk(Regular(1, 1), workflow).recurrence.values(), 120)) for workflow in (first, second)
    ]
    later = {sign_of_difference(left, right, {}) for left, right in list(zip(*values, strict=True))[upto - 1 :]}
    assert pair.settled is None or later == {pair.settled.sign}
    assert crossing is None or pair.settled is None


STEPS = [
    (SlidingWindow(5), SlidingWindow(6)),
    (SlidingWindow(7), SlidingWindow(2)),
    (Replace(), SlidingWindow(5)),
    (SlidingWindow(6), Accumulate()),
    (SlidingWindow(5), AccumulateSubsample()),
    (SlidingWindow(5), FreshReal()),
    (SlidingWindow(2), Replace(sizes=j)),
    (SlidingWindow(3), Replace(sizes=j)),
    (SlidingWindow(6), Replace(sizes=j)),
]


@pytest.mark.parametrize(("first", "second"), STEPS, ids=str)
def test_long_windows_are_proved_step_by_step(first, second):
    """From the first eighty generations for ever, against exact values as far again and further."""
    result = compare([first, second])
    (pair,) = result.pairs
    assert result.proved
    risks = [list(islice(risk.recurrence.values(), 170)) for risk in result.risks]
    signs = [sign_of_difference(left, right, {}) for left, right in zip(*risks, strict=True)]
    assert set(signs[pair.settled.since - 1 :]) == {pair.settled.sign}
    crossings = [found.generation for found in result.crossings]
    later = [g for g in range(2, 171) if 0 not in (signs[g - 1], signs[g - 2]) and signs[g - 1] != signs[g - 2]]
    assert crossings == later


@pytest.mark.parametrize("k", [2, 3, 5, 6])
def test_steps_stay_between_those_of_the_moments(k):
    risk = expected_risk(Regular(1, 1), SlidingWindow(k))
    values = list(islice(risk.recurrence.values(), 80))
    widths = []
    for since in (k, 2 * k, 4 * k):
        low, high = _steps(risk, since)
        later = [b - a for a, b in pairwise(values[since - 1 :])]
        assert all(low <= step <= high for step in later)
        # The rate 4/(k + 1)² that all steps tend to lies between as well.
        assert low <= Rational(4, (k + 1) ** 2) <= high
        widths.append(high - low)
    # The interval closes in on that rate.
    assert widths[0] > widths[1] > widths[2] >= 0
    assert widths[2] < widths[0] / 20


def test_steps_of_what_is_no_average_are_not_claimed():
    assert _steps(expected_risk(Regular(1, 1), FreshReal()), 5) is None
    assert _steps(expected_risk(Bernoulli("1/3", 20), SlidingWindow(3)), 9) is None
    assert _steps(expected_risk(Regular(1, 1), SlidingWindow(40)), 60) is None
    assert _steps(expected_risk(Regular(1, 1), SlidingWindow(6)), 4) is None


RHO = Symbol("rho", positive=True)


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        (FreshReal(real=1 + RHO), Accumulate(), 2),
        (FreshReal(real=2 * RHO), FreshReal(real=RHO), Rational(1, 3)),
        (FreshReal(real=RHO), Replace(), Rational(1, 7)),
    ],
    ids=str,
)
def test_whole_families_are_ordered(first, second, number):
    result = compare([first, second])
    assert result.dominates(0, 1) is True
    chosen = [
        list(islice(expected_risk(Regular(1, 1), workflow.subs(RHO, number)).recurrence.values(), 60))
        for workflow in (first, second)
    ]
    assert all(left <= right for left, right in zip(*chosen, strict=True))


def test_memory_bounds_what_grows_before_it_fades():
    """e_t = t·(99/100)^(t−1) grows for a hundred steps: its bound must have looked that far."""
    z = Symbol("z")
    fading = Poly((1 - Rational(99, 100) * z) ** 2, z, domain=QQ)
    memory = _memory(fading, Poly(z, z, domain=QQ))
    sequence = [t * 0.99 ** (t - 1) for t in range(3000)]
    assert memory is not None
    assert max(sequence[1 : 1 + memory]) >= max(sequence[1 + memory :])
    assert _memory(Poly(1 - 2 * z, z, domain=QQ), Poly(1, z, domain=QQ)) is None


@settings(max_examples=25)
@given(first=workflows(), second=workflows())
def test_no_proof_is_wrong(first, second):
    result = compare([first, second], upto=25)
    (pair,) = result.pairs
    if pair.settled is None:
        return
    values = [list(islice(risk.recurrence.values(), 60)) for risk in result.risks]
    signs = {sign_of_difference(left, right, {}) for left, right in zip(*values, strict=True)}
    from_then_on = list(zip(*values, strict=True))[pair.settled.since - 1 :]
    later = {sign_of_difference(left, right, {}) for left, right in from_then_on}
    assert later == {pair.settled.sign}
    if result.dominates(0, 1):
        assert 1 not in signs
    if result.dominates(1, 0):
        assert -1 not in signs


@settings(max_examples=15)
@given(workflow=workflows(), g=st.integers(1, 12))
def test_a_workflow_ties_with_itself(workflow, g):
    result = compare([workflow, workflow], upto=12)
    assert [place.place for place in result.at(g)] == [1, 1]
    assert result.crossings == ()
    assert result.dominates(0, 1) in (True, None)


def test_nothing_is_claimed_without_a_proof():
    """A workflow that follows accumulate for thirty generations and then forgets everything."""

    def weights(g: int):
        return [Rational(1, g)] * g if g <= 30 else [0] * (g - 1) + [1]

    short, long = (compare([Accumulate(), Weighted(weights)], upto=upto) for upto in (30, 33))
    assert short.dominates(0, 1) is None
    assert short.proved is False
    assert short.crossings == ()
    assert long.dominates(1, 0) is False
    assert long.reason(0, 1) is None


def test_parameters_may_decide():
    result = compare([FreshReal(share="s"), FreshReal()], upto=3)
    with pytest.raises(NotDerivedError, match="depends on parameters"):
        result.at(2)
    assert result.dominates(0, 1) is None


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: compare([Accumulate()]), "give a list of two workflows or more"),
        (lambda: compare(Accumulate()), "give a list of two workflows or more"),
        (lambda: compare([Accumulate(), 3]), "workflow = 3 is not a workflow"),
        (lambda: compare([Accumulate(), Replace()]).dominates(0, FreshReal()), "is not among the workflows compared"),
        (lambda: compare([Accumulate(), Replace()]).at(0), "g = 0 is not a generation"),
    ],
)
def test_what_is_refused(call, sentence):
    with pytest.raises(DomainError, match=sentence):
        call()


def test_limits_and_growth_refute_dominance_where_no_sign_does():
    """Whoever is larger from some generation on does not dominate, however late that is."""
    late = Replace(sizes=Piecewise((10**6, j <= 60), (j, True)))
    below = compare([late, Accumulate()], upto=40)
    assert below.pairs[0].signs[1:] == (-1,) * 39
    assert below.limits == (oo, pi**2 / 6)
    assert below.dominates(0, 1) is False
    slow, fast = Replace(sizes=j * log(j + 1)), SlidingWindow(9, sizes=j)
    growing = compare([fast, slow], upto=20)
    assert -1 in growing.pairs[0].signs
    assert 1 not in growing.pairs[0].signs
    # log G beyond log log G, if only at a generation with dozens of digits.
    assert growing.dominates(fast, slow) is False
    assert growing.dominates(slow, fast) is False


def test_outgrowing():
    def regular(workflow):
        return expected_risk(Regular(p=1, n=1), workflow)

    ladder = [
        Accumulate(), Replace(sizes=j), Replace(sizes=log(j + 1)), SlidingWindow(5), SlidingWindow(4), Replace(),
        Replace(sizes=Rational(1, 2) ** j), SlidingWindow(2, sizes=1 / factorial(j)), Replace(sizes=1 / factorial(j)),
    ]  # fmt: skip
    for low, high in pairwise(ladder):
        assert outgrows(regular(high), regular(low))
        assert not outgrows(regular(low), regular(high))
    # Between two multiples of G is not more than G.
    open_ = Replace(sizes=2 + sin(j))
    assert not outgrows(regular(open_), regular(Replace()))
    assert not outgrows(regular(Replace()), regular(open_))
    assert outgrows(regular(open_), regular(Replace(sizes=j)))
    assert not outgrows(regular(Replace()), regular(Replace()))
    # Bounded both, by limits that are not known.
    assert not outgrows(regular(SlidingWindow(5, sizes=2**j)), regular(SlidingWindow(6, sizes=2**j)))


def test_all_are_compared_to_one_order():
    """Under accumulate-subsample a Gaussian fit is known to leading order: compared are 0.3 at G = 1, not 0.2964."""
    mixed = compare([Accumulate(), AccumulateSubsample()], GaussianFit(d=3, n=50))
    assert mixed.exactness == "leading order"
    assert [risk.exactness for risk in mixed.risks] == ["exact", "leading order"]
    assert {risk.exactness for risk in mixed.compared} == {"leading order"}
    assert mixed.compared[0].at(1) == mixed.compared[1].at(1) == Rational(3, 10) != mixed.risks[0].at(1)
    assert [place.place for place in mixed.at(1)] == [1, 1]
    assert mixed.pairs[0].signs[0] == 0
    exact = compare([Accumulate(), Replace()], Bernoulli("1/3", 50))
    assert exact.exactness == "exact"
    assert exact.compared == exact.risks
