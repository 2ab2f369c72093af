"""Studies of subspaces: what is read, what is refused, and that a wrong number is found."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.subspace_results import measured, remarks
from selfgen.subspace_study import load
from theory import DomainError

SMALL = """
kind = "subspaces"
title = "Small"

[defaults]
replicates = 40_000
detectable = 0.1

[[case]]
strengths = [3]
pairs = [3, 5]
dimension = 2

[[case]]
estimator = "mean-difference"
strengths = [3]
coherence = [1]
flips = ["1/10", "1/4"]
pairs = 4
dimension = 6

[[case]]
regime = "proportional"
workflow = "accumulate"
generations = 2
strengths = [6]
pairs = 60
dimension = 40
replicates = 100
allowance = "10/D"
detectable = 5.0

[[case]]
regime = "proportional"
edits = 1
strengths = [6]
pairs = 40
dimension = 60
replicates = 50
allowance = "20/D"
detectable = 5.0
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_a_study_is_verified_and_written(study, tmp_path):
    out = tmp_path / "out"
    found = CliRunner().invoke(app, ["verify", str(study), "--jobs", "1", "--output", str(out)])
    assert found.exit_code == 0, found.output
    assert "6 of 6 cases agree." in found.output
    assert "Of every exact value an error of" in found.output
    assert "Of every limit an error of" in found.output
    cases = json.loads((out / "results.json").read_text())["cases"]
    assert [case["derived"] for case in cases[:2]] == [0.4, 0.272]
    rows = list(csv.DictReader((out / "results.csv").open()))
    assert [row["verdict"] for row in rows] == ["agrees"] * 6
    assert "hat P" in (out / "theorems.tex").read_text()
    for name in ("agreement.png", "agreement.pdf", "cases.jsonl"):
        assert (out / name).stat().st_size > 0
    page = (out / "index.html").read_text()
    assert page.count('<details class="case agrees"') == 6
    assert "<math" in page
    assert 'src="agreement.png"' in page
    again = CliRunner().invoke(app, ["verify", str(study), "--jobs", "1", "--output", str(out), "--resume"])
    assert "6 of 6 cases were taken" in again.output


def test_the_power_asked_on_the_command_line_takes_the_place_of_the_study(study, tmp_path):
    asked = ["verify", str(study), "--jobs", "1", "--output", str(tmp_path / "out")]
    found = CliRunner().invoke(app, [*asked, "--detectable", "0.001"])
    assert found.exit_code == 3
    assert "0 of 6 cases agree." in found.output
    found = CliRunner().invoke(app, ["verify", "real_data", "--detectable", "0.1"])
    assert found.exit_code == 2
    assert "--detectable is not allowed for real_data" in found.output


def test_a_wrong_number_is_found_and_too_few_draws_are_inconclusive(study, monkeypatch):
    case = load(study).cases[0]
    right = measured(case)
    assert right.verdict == "agrees"
    few = measured(replace(case, replicates=200))
    assert few.verdict == "inconclusive"
    assert few.detectable > 0.1
    monkeypatch.setattr("theory.subspaces.error.exact_number", lambda *_: right.derived * (1 + right.detectable))
    wrong = measured(case)
    assert wrong.verdict == "disagrees"
    assert "0 of 1 cases" in remarks([wrong])[0]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("pairs = 4\n", "pair = 4\n", "unknown key"),
        ("pairs = 4\n", "pairs = 0\n", "greater than or equal to 1"),
        ('flips = ["1/10", "1/4"]', 'flips = ["3/4"]', "case 2: flips = 3/4 is not allowed"),
        ('estimator = "mean-difference"', 'estimator = "mean"', "estimator"),
        ("generations = 2\n", "", "workflow and generations go together"),
        ('"accumulate"', '"sliding-window:k=2"', "case 3: the proportional limit under sliding-window"),
        ("edits = 1\n", "edits = 1\nrank = 1\n", "rank = 1 goes without"),
        ('"10/D"', '"10/T"', "allowance = '10/T' is not allowed"),
        ('"10/D"', '"-1"', "allowance = '-1' is not allowed"),
        ("dimension = 2\n", "dimension = 4\n", "case 1: the exact error of svd is not derived"),
        ("strengths = [6]\npairs = 40", "strengths = [6, 3]\npairs = 40", "case 4: repeated editing"),
    ],
)
def test_bad_studies_are_refused_in_a_sentence(study, before, after, said):
    assert before in SMALL
    study.write_text(SMALL.replace(before, after))
    with pytest.raises(DomainError) as refused:
        load(study)
    assert said in str(refused.value)
    assert str(refused.value).count("\n") == 0
