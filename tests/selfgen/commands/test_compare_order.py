"""Workflows side by side as the command line tells them: places, order, crossings, dominance, and the figure."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.figure import Figure
from sympy import Rational, S
from typer.testing import CliRunner

from selfgen import figures
from selfgen.cli import app
from selfgen.comparison import plot_comparison, side_by_side
from theory import DomainError, expected_risk
from theory.design import comparison
from theory.names import build_all

ALL = ["replace", "accumulate", "accumulate-subsample", "sliding-window:k=3", "real-plus-latest", "fresh-real"]


def compared(model: str, names: list[str], generation: int = 100, loss: str = "squared"):
    built, workflows = build_all(model, names, {})
    return side_by_side(built, list(zip(names, workflows, strict=True)), loss, generation)


def places(*arguments):
    return [row.place for row in compared(*arguments).rows]


def test_places_at_a_generation():
    names = ["replace", "accumulate", "sliding-window:k=3", "fresh-real"]
    assert places("bernoulli:n=50,p=1/3", names, 2) == [4, 2, 2, 1]
    assert places("bernoulli:n=50,p=1/3", names, 30) == [4, 2, 3, 1]


@pytest.mark.parametrize("generation", [5, 150, 400])
def test_places_are_those_of_exact_values(generation):
    found = compared("bernoulli:n=50,p=1/3", ALL, generation)
    values = [row.risk.at(generation) for row in found.rows]
    assert [row.place for row in found.rows] == [1 + sum(bool(other < value) for other in values) for value in values]


def test_places_far_away_and_with_symbols():
    assert places("bernoulli:n=50,p=1/3", ["replace", "accumulate"], 10**9) == [2, 1]
    assert places("poisson", ["replace", "accumulate"], 100) == [2, 1]
    # Proved for ever, whatever n and p are.
    assert places("gaussian-mean", ["replace", "accumulate"], 10**9) == [2, 1]
    assert places("regular", ["fresh-real:share=s", "fresh-real"], 5) == [None, None]


def test_crossings_are_where_exact_values_change_order():
    """Every pair against values generation by generation, the whole table at once."""
    found = compared("bernoulli:n=50,p=1/3", ALL)
    upto = 60
    values = {row.name: [row.risk.at(g) for g in range(1, upto + 1)] for row in found.rows}
    expected = set()
    for first, second in combinations(ALL, 2):
        before = 0
        for g, (left, right) in enumerate(zip(values[first], values[second], strict=True), start=1):
            now = bool(left > right) - bool(left < right)
            if now and before not in (0, now):
                expected.add((g, *((second, first) if now == 1 else (first, second))))
            before = now or before
    assert {crossing for crossing in found.crossings if crossing[0] <= upto} == expected
    assert (8, "accumulate-subsample", "sliding-window:k=3") in expected
    for standing in found.standings:
        better, worse = values[standing.better], values[standing.worse]
        assert all(left < right for left, right in list(zip(better, worse, strict=True))[standing.since - 1 :])
        if standing.dominates:
            assert all(left <= right for left, right in zip(better, worse, strict=True))


def test_who_is_best():
    assert compared("poisson", ["replace", "accumulate"]).best == "Best at every G: accumulate."
    crossing = compared("regular", ["accumulate", "real-plus-latest:share=2/5", "replace"])
    assert crossing.best == "No workflow is best at every G."
    assert crossing.changes == [
        "Crossing at G = 12: from there real-plus-latest:share=2/5 is better than accumulate.",
        "No other crossings, at any G: proved.",
    ]
    undecided = compared("regular", ["fresh-real:share=s", "fresh-real"])
    assert undecided.best == "Which workflow is best at every G is not decided."


@pytest.fixture
def nothing_proved(monkeypatch):
    monkeypatch.setattr(comparison, "settle", lambda *arguments: None)


@pytest.mark.usefixtures("nothing_proved")
def test_who_is_best_as_far_as_is_known():
    open_ = compared("bernoulli:n=50,p=1/3", ["replace", "accumulate"])
    assert open_.best == "Best at every G up to 200, beyond not proved: accumulate."
    assert open_.changes == ["No crossings up to G = 200."]
    assert open_.standings[0].dominates is None
    # Far away the numbers tell, at this generation alone.
    assert places("bernoulli:n=50,p=1/3", ["replace", "accumulate"], 10**9) == [2, 1]
    # One crossing is enough for the answer no.
    assert compared("regular", ["accumulate", "real-plus-latest:share=2/5"]).best == "No workflow is best at every G."


def test_places_in_the_limit(monkeypatch):
    names = ["accumulate", "real-plus-latest:share=2/5", "replace", "sliding-window:k=2"]
    assert [row.final for row in compared("regular", names).rows] == [2, 1, 3, 3]
    monkeypatch.setattr(comparison.Comparison, "limits", (None, S.One))
    unknown = compared("bernoulli:n=50,p=1/3", ["accumulate", "replace"])
    assert [row.final for row in unknown.rows] == [None, None]
    (said,) = unknown.remarks
    assert said.startswith("Places in the limit are not derived: the limit under accumulate is not derived")


def test_of_a_gain_the_larger_is_the_better():
    """Words that are left: accumulate keeps more of them than replace."""
    names = ["replace", "accumulate"]
    found = compared("categorical:probabilities=zipf(20),n=10", names, 5, "support")
    values = [expected_risk(row.risk.model, row.risk.workflow, loss="support").at(5) for row in found.rows]
    assert values[1] > values[0]
    assert [row.place for row in found.rows] == [2, 1]
    (standing,) = found.standings
    assert (standing.better, standing.worse) == ("accumulate", "replace")


def test_what_is_exact_is_not_compared_with_what_is_not():
    """Under accumulate-subsample a Gaussian fit is known to leading order from G = 2 on: 0.2964 at G = 1 everywhere."""
    names = ["replace", "accumulate-subsample", "accumulate"]
    found = compared("gaussian-fit:d=3,n=50", names)
    own = [expected_risk(row.risk.model, row.risk.workflow) for row in found.rows]
    assert [float(risk.at(1)) for risk in own] == [0.2964, 0.2964, 0.2964]
    assert found.crossings == []
    assert {float(row.risk.at(1)) for row in found.rows} == {0.3}
    assert found.remarks[0] == (
        "Places and order are to leading order in 1/n, all that is known of accumulate-subsample."
    )
    assert found.rows[1].limit.startswith("≈ ")


def test_sentences():
    names = ["accumulate", "real-plus-latest:share=2/5", "replace"]
    first, second, third = (standing.sentence for standing in compared("regular", names).standings)
    assert first.startswith("accumulate is better than real-plus-latest:share=2/5 at first, ")
    assert "real-plus-latest:share=2/5 from G = 12, at every G" in first
    assert second.startswith("accumulate is nowhere worse than replace, at every G (")
    assert third.startswith("real-plus-latest:share=2/5 is nowhere worse than replace, at every G (")
    assert all("in units of p/n" in sentence for sentence in (first, second))


@pytest.mark.usefixtures("nothing_proved")
def test_sentences_claim_no_more_than_is_proved():
    (standing,) = compared("regular", ["replace", "sliding-window:k=2"]).standings
    assert standing.sentence == (
        "sliding-window:k=2 is nowhere worse than replace, up to G = 200; beyond, nothing is proved."
    )
    assert not standing.proved
    assert standing.known == "up to 200"
    (standing,) = compared("regular", ["replace", "accumulate"]).standings
    assert standing.known == "up to 200, and in the limit"


def test_sentences_of_equal_and_of_undecided_risks():
    (standing,) = compared("regular", ["accumulate", "accumulate"]).standings
    assert standing.sentence.startswith("accumulate (number 1) and accumulate (number 2) have the same risk, at every")
    assert standing.equal
    assert standing.dominates
    (standing,) = compared("regular", ["fresh-real:share=s", "fresh-real"]).standings
    assert standing.sentence.endswith("the order depends on parameters without a value.")
    assert standing.dominates is None


def test_ratios_need_only_the_parameters_they_depend_on():
    rows = compared("poisson", ["replace", "accumulate"], 10**6).rows
    # H_G^(2) = π²/6 − 1/G + …
    assert [float(row.ratio) for row in rows] == [10**6, pytest.approx(1.644933, abs=1e-5)]
    with pytest.raises(DomainError, match="with the symbol n: give numbers"):
        compared("bernoulli", ["replace", "accumulate"], 10**6)
    rows = compared("linear-regression:design=shared", ["replace", "accumulate"], 10**6).rows
    assert float(rows[0].ratio) == 10**6


def test_one_workflow_is_no_comparison():
    with pytest.raises(DomainError, match="workflows = accumulate leave nothing to compare: give two"):
        compared("poisson", ["accumulate"])


def drawn(monkeypatch, *arguments):
    found: list[Figure] = []
    monkeypatch.setattr(figures, "save", lambda figure, path: found.append(figure))
    side = compared(*arguments)
    from pathlib import Path

    plot_comparison("model", side, Path("figure.png"))
    return side, found[0]


def test_the_figure_marks_the_crossings(monkeypatch):
    names = ["accumulate", "real-plus-latest:share=2/5", "replace"]
    side, figure = drawn(monkeypatch, "regular", names, 30)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    mark = lines["$G$ = 12: real-plus-latest:share=2/5\nbetter than accumulate"]
    assert mark.get_xdata().tolist() == [12]
    assert mark.get_ydata().tolist() == [pytest.approx(float(side.rows[1].risk.ratio.at(12)))]
    assert [text.get_text() for text in figure.axes[0].texts] == ["12"]
    assert figure.axes[0].get_title(loc="left") == "model\nNo workflow is best at every G."
    # The curves pass each other between 11 and 12, where they are drawn.
    curves = [lines[label] for label in lines if label.startswith(("accumulate", "real-plus"))]
    for g, above in ((11, 1), (12, 0)):
        heights = {line.get_label()[:4]: line.get_ydata()[line.get_xdata().tolist().index(g)] for line in curves}
        assert (heights["real"] > heights["accu"]) == bool(above)


def test_crossings_beyond_the_axes_are_told(monkeypatch):
    _, figure = drawn(monkeypatch, "regular", ["accumulate", "real-plus-latest:share=2/5"], 5)
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told[-1] == "beyond, $G$ = 12: real-plus-latest:share=2/5\nbetter than accumulate"


def test_the_figure_is_of_risks_in_one_unit(monkeypatch):
    """Blocks of two sizes: generation 1 differs, and the order is that of the risks, not of each one's own ratio."""
    side, figure = drawn(monkeypatch, "poisson:rate=2,n=10", ["replace", "replace:sizes=2"], 4)
    curves = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[0].get_lines()}
    assert curves["replace"] == pytest.approx([1, 2, 3, 4])
    assert curves["replace:sizes=2"] == pytest.approx([0.5, 1, 1.5, 2])
    assert side.rows[1].risk.baseline == side.rows[0].risk.baseline * Rational(1, 2)
    assert figure.axes[0].get_ylabel() == "risk at $G$ / risk at 1, replace"


def test_the_command_shows_order_and_crossings_without_being_asked():
    result = CliRunner().invoke(app, ["compare", "regular", "accumulate", "real-plus-latest:share=2/5", "replace"])
    assert result.exit_code == 0, result.output
    for told in ("place in the limit", "dominates", "from G = 12 on", "Crossing at G = 12", "No workflow is best"):
        assert told in result.output


def test_limits_the_other_way_round_are_told_as_a_later_crossing():
    """A sampler that leans forgets slowly under accumulate: its risk tends to b², below that of fresh real data."""
    model = "biased-sampler:model=bernoulli,fidelity=9/10,target=1/2,p=1/3,n=4"
    found = compared(model, ["accumulate", "fresh-real"])
    (standing,) = found.standings
    assert (standing.better, standing.dominates, standing.turns_later) == ("fresh-real", False, True)
    assert found.rows[0].risk.limit < found.rows[1].risk.limit
    assert found.rows[0].risk.at(standing.checked) > found.rows[1].risk.at(standing.checked)
    assert found.changes[0].startswith("Crossing beyond G = 200: in the limit accumulate is better")
    assert found.best == "No workflow is best at every G."
    assert "the order changes later" in standing.sentence
