"""Pools, labels, forgetting, ecosystems, weights by formula beside one another: orders, dominance, crossings."""

from __future__ import annotations

from itertools import islice

import pytest
from sympy import S, hyper, log

from theory import (
    Accumulate,
    ContaminatedPool,
    Ecosystem,
    Forgetting,
    G,
    LabelledPool,
    Regular,
    SampledPool,
    Weighted,
    compare,
    expected_risk,
    j,
)
from theory.design.order_of_collapse import order_of_collapse, outgrows

WORKFLOWS = {
    "quarter": ContaminatedPool("1/4"),
    "half": ContaminatedPool("1/2"),
    "most": ContaminatedPool("3/4"),
    "sampled": SampledPool("1/4"),
    "labelled": LabelledPool("1/3", share=1),
    "all": Accumulate(),
    "forgetting": Forgetting("1/2"),
    "exchange": Ecosystem("3/4 1/4; 1/4 3/4"),
    "anchored": Ecosystem("1/2 1/4; 1/2 1/2"),
    "formula": Weighted("2*j/(g*(g+1))"),
}


@pytest.fixture(scope="module")
def compared():
    return compare(list(WORKFLOWS.values()), upto=16)


def test_what_is_settled_for_ever_holds_at_later_generations(compared):
    """Exact values at 17 … 80 keep every order that is claimed to be proved: most pairs are."""
    values = [list(islice(risk.recurrence.values(), 80)) for risk in compared.compared]
    proved = [pair for pair in compared.pairs if pair.settled is not None]
    assert len(proved) >= len(compared.pairs) - 6
    for pair in proved:
        for g in range(max(pair.settled.since, 16), 81):
            difference = values[pair.first][g - 1] - values[pair.second][g - 1]
            assert int(bool(difference > 0)) - int(bool(difference < 0)) == pair.settled.sign


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("sampled", "quarter"),
        ("anchored", "exchange"),
        ("all", "formula"),
        ("half", "all"),
        ("most", "quarter"),
        ("sampled", "forgetting"),
    ],
)
def test_dominance(compared, better, worse):
    """Never worse at any generation, proved; and not the other way round."""
    assert compared.dominates(WORKFLOWS[better], WORKFLOWS[worse])
    assert compared.dominates(WORKFLOWS[worse], WORKFLOWS[better]) is False


def test_crossings(compared):
    """Of each pair the generations at which its order changes, by exact values."""
    values = [list(islice(risk.recurrence.values(), 16)) for risk in compared.compared]
    place = {id(workflow): index for index, workflow in enumerate(compared.workflows)}
    assert compared.crossings
    for crossing in compared.crossings:
        better, worse = (values[place[id(one)]] for one in (crossing.better, crossing.worse))
        g = crossing.generation
        assert better[g - 1] < worse[g - 1]
        assert better[g - 2] >= worse[g - 2]


@pytest.mark.parametrize(
    ("name", "decay"),
    [
        ("quarter", S(16) * hyper((1, 1, 1), (S(7) / 4, S(7) / 4), 1) / 9),
        ("half", log(G) / G),
        ("most", 2 / G),
        ("sampled", 16 / G),
        ("labelled", 3 / G),
    ],
)
def test_rates_of_decay(name, decay):
    """What a risk that tends to 0 is near to: by the law of the pool, and the values at 300."""
    risk = expected_risk(Regular(), WORKFLOWS[name]).ratio
    order = order_of_collapse(risk)
    assert (order.kind, order.constant) == ("bounded", 0)
    if name != "quarter":
        assert order.decay == decay
    found = float(risk.at(300) / order.decay.subs(G, 300).evalf())
    assert abs(found - 1) < {"quarter": 0.08, "half": 0.2, "most": 0.15}.get(name, 0.06)


def test_which_vanishes_slower():
    """By leading terms, where both limits are 0; an unknown rate says nothing."""
    risk = {name: expected_risk(Regular(p=1, n=1), workflow) for name, workflow in WORKFLOWS.items()}
    assert outgrows(risk["quarter"], risk["half"])
    assert outgrows(risk["half"], risk["most"])
    assert outgrows(risk["sampled"], risk["labelled"])
    assert not outgrows(risk["labelled"], risk["sampled"])
    unknown = expected_risk(Regular(p=1, n=1), LabelledPool("1/3", share="1/3", sizes="j"))
    assert unknown.limit == 0
    assert unknown.growth is None
    assert order_of_collapse(unknown).decay is None
    assert not outgrows(unknown, risk["most"])
    assert not outgrows(risk["quarter"], unknown)


def test_memory_that_lengthens_beside_pools():
    """Bounded at 2π²/3 − 4, above a pool whose share of real data falls as 1/j."""
    found = compare([ContaminatedPool(1 / j), Forgetting(1 - 1 / j)], upto=12)
    assert [place.workflow.name for place in found.in_the_limit] == ["contaminated-pool", "forgetting"]
