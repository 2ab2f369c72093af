"""The order of workflows as the command line tells it."""

from __future__ import annotations

from selfgen.comparison import compare, order
from selfgen.names import build_all


def _built(model: str, names: list[str]):
    built, workflows = build_all(model, names, {})
    return built, list(zip(names, workflows, strict=True))


def test_places_at_a_generation():
    model, workflows = _built("bernoulli:n=50,p=1/3", ["replace", "accumulate", "sliding-window:k=3", "fresh-real"])
    assert [row.place for row in compare(model, workflows, "squared", 2)] == [4, 2, 2, 1]
    assert [row.place for row in compare(model, workflows, "squared", 30)] == [4, 2, 3, 1]


def test_places_far_away_and_with_symbols():
    model, workflows = _built("bernoulli:n=50,p=1/3", ["replace", "accumulate"])
    assert [row.place for row in compare(model, workflows, "squared", 10**9)] == [2, 1]
    model, workflows = _built("poisson", ["replace", "accumulate"])
    assert [row.place for row in compare(model, workflows, "squared", 100)] == [2, 1]
    model, workflows = _built("regular", ["fresh-real:share=s", "fresh-real"])
    assert [row.place for row in compare(model, workflows, "squared", 5)] == [None, None]


def test_sentences():
    names = ["accumulate", "real-plus-latest:share=2/5", "replace"]
    first, second, third = order(*_built("regular", names), "squared")
    assert first.startswith("accumulate is better than real-plus-latest:share=2/5 at first, ")
    assert "real-plus-latest:share=2/5 from G = 12, at every G" in first
    assert second.startswith("accumulate is nowhere worse than replace, at every G (")
    assert third.startswith("real-plus-latest:share=2/5 is nowhere worse than replace, at every G (")
    assert all("in units of p/n" in sentence for sentence in (first, second))


def test_sentences_claim_no_more_than_is_proved():
    (sentence,) = order(*_built("regular", ["sliding-window:k=2", "replace:sizes=j"]), "squared")
    assert sentence.endswith("up to G = 200; beyond, nothing is proved.")
    (sentence,) = order(*_built("regular", ["accumulate", "accumulate"]), "squared")
    assert sentence.startswith("accumulate (number 1) and accumulate (number 2) have the same risk, at every G")
    (sentence,) = order(*_built("regular", ["fresh-real:share=s", "fresh-real"]), "squared")
    assert sentence.endswith("the order depends on parameters without a value.")
