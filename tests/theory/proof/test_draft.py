"""A draft goes on from the steps accepted so far, and ends where a checker that starts anew does."""

from __future__ import annotations

import json

import pytest

from theory import Accumulate, NotDerivedError, QuadraticVariance, RealPlusLatest, Regular, SlidingWindow, expected_risk
from theory.proof import LeastBound, NeverWorse, check, prove
from theory.proof.check import Checker
from theory.proof.draft import Draft
from theory.proof.values import limit, value


def _state(checker: Checker) -> tuple[object, ...]:
    return checker.labels, checker.witnesses, checker.used, checker.moving, set(checker.known), set(checker.facts)


def test_a_step_that_is_refused_leaves_no_trace() -> None:
    draft = Draft((expected_risk(QuadraticVariance(), Accumulate()),))
    value(draft, 0)
    before = json.dumps([sorted(map(str, part)) for part in _state(draft._reached)])
    with pytest.raises(NotDerivedError, match="2 candidates"):
        draft.attempt({"rule": "limit", "sequence": 0, "limit": text} for text in ("gamma(1 + n)", "unheard/(1 - n)"))
    assert json.dumps([sorted(map(str, part)) for part in _state(draft._reached)]) == before
    assert [step["rule"] for step in draft.data["steps"]] == ["solution"]


def test_steps_taken_one_by_one_rest_on_the_same_signs_as_all_at_once() -> None:
    draft = Draft((expected_risk(Regular(), RealPlusLatest()).ratio,))
    value(draft, 0)
    limit(draft, 0)
    claim = {"statement": "limit", "sequences": [0]}
    anew = Checker({**draft.data, "claim": claim})
    anew.run(complete=False)
    claimed = draft.claimed(claim)
    assert _state(claimed) == _state(anew)
    assert all(item.read.__self__ is claimed for item in claimed.sequences)
    assert check(draft.finished(claim))


def test_claims_of_many_steps_are_proved_as_before() -> None:
    window = expected_risk(Regular(), SlidingWindow(2)).ratio
    assert check(prove(NeverWorse(expected_risk(Regular(), Accumulate()).ratio, window)))
    assert check(prove(LeastBound(expected_risk(Regular(), Accumulate()).ratio)))
