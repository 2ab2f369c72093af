"""Recommendations: what is said to hold holds on chains with a known truth, and bad input is named."""

from __future__ import annotations

import numpy as np
import pytest
from chains import Truth

from numerics.forecasting import forecast, recommend
from theory import AccumulateSubsample, DomainError, Replace

LOSSES = [2.0, 2.2, 2.34, 2.45]


def test_what_holds_is_what_the_forecast_says() -> None:
    found = recommend(LOSSES, Replace(), tolerance="20%", generations=8)
    assert found.allowed == pytest.approx(2.4)
    under = forecast(LOSSES, Replace(), horizon=8)
    within = 1 - under.probability_above(found.allowed)
    assert (within[: found.safe_generations] >= 0.9).all()
    assert within[found.safe_generations] < 0.9
    for option in found.options:
        of = under.of(option.workflow)
        assert option.probability == pytest.approx(1 - of.probability_above(found.allowed).max())
        assert option.median == of.median[-1]


def test_the_share_of_real_rows_is_the_least_percent_that_holds() -> None:
    found = recommend(LOSSES, Replace(), tolerance=0.1, generations=10)
    under = forecast(LOSSES, Replace(), horizon=10)
    for option in found.options[-2:]:
        assert option.probability >= 0.9
        share = option.workflow.real if hasattr(option.workflow, "real") else option.workflow.workflow.real
        less = option.workflow.subs({}) if share == 0 else None
        assert less is None
        build = type(option.workflow)
        step = share - type(share)(1) / 100
        if hasattr(option.workflow, "synthetic"):
            poorer = build(real=step, synthetic=1 - step)
        else:
            poorer = build(type(option.workflow.workflow)(real=step))
        assert 1 - under.of(poorer).probability_above(found.allowed).max() < 0.9


def test_no_real_rows_are_asked_for_where_none_are_needed() -> None:
    found = recommend([2.0, 2.01, 2.012, 2.013], Replace(), tolerance="50%", generations=6)
    assert [option.workflow for option in found.options[-2:]] == [AccumulateSubsample(), Replace()]
    assert all(option.words.count("0 %") == 1 and option.probability >= 0.9 for option in found.options[-2:])


def test_a_smaller_tolerance_asks_for_more() -> None:
    loose, tight = (recommend(LOSSES, Replace(), tolerance=part, generations=10) for part in (0.3, 0.08))
    assert tight.safe_generations <= loose.safe_generations
    assert all(
        small.probability <= large.probability + 1e-12
        for small, large in zip(
            sorted(tight.options[:4], key=lambda each: each.words),
            sorted(loose.options[:4], key=lambda each: each.words),
            strict=True,
        )
    )


def test_another_measurement_narrows_what_is_known() -> None:
    truth = Truth(AccumulateSubsample(), rate=0.8, share=0.7, noise=0.05, persistence=0.5)
    losses = truth.chain(5, np.random.default_rng(3))
    found = recommend(losses, AccumulateSubsample(), tolerance=0.5, generations=20)
    assert set(found.narrowing) == {"generation", "seed"}
    assert all(0.2 < width < 1.1 for width in found.narrowing.values())


def test_where_the_law_is_rejected_nothing_is_promised() -> None:
    waves = 2 + 0.2 * np.log(np.arange(1, 17)) + 0.06 * np.sin(np.arange(16) / 2)
    found = recommend(waves, AccumulateSubsample(), tolerance=0.2, generations=30)
    assert found.options == ()
    assert found.best is None
    assert "nothing is promised" in found.sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": 0}, "tolerance = 0"),
        ({"tolerance": "five"}, "tolerance = 'five'"),
        ({"tolerance": "-5%"}, "tolerance"),
        ({"tolerance": True}, "tolerance = True"),
        ({"generations": 1}, "generations = 1"),
        ({"probability": 1}, "probability = 1"),
        ({"probability": "high"}, "probability = 'high'"),
    ],
)
def test_bad_input_is_named(options, words) -> None:
    with pytest.raises(DomainError, match=words):
        recommend(LOSSES, Replace(), **options)
