"""Verifying a study: it agrees, catches a wrong formula, and tells what too few replicates cannot decide."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sympy import Rational
from typer.testing import CliRunner

from selfgen import verification
from selfgen.cli import app
from theory import Accumulate, Bernoulli, GaussianMean, expected_risk

run = CliRunner()


def test_verify_agrees_and_writes(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "results"
    result = run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    assert "2 of 2 cases agree" in result.output
    names = {path.name for path in folder.iterdir()}
    stems = ("001-bernoulli-replace", "002-bernoulli-accumulate")
    figures = {f"{stem}.{suffix}" for stem in stems for suffix in ("png", "pdf")}
    assert (
        names == {"index.html", "certificates", "results.json", "results.csv", "theorems.tex", "cases.jsonl"} | figures
    )

    found = json.loads((folder / "results.json").read_text())
    assert found["passed"] is True
    rows = list(csv.DictReader((folder / "results.csv").open()))
    assert len(rows) == 2 * 4
    exact = [float(expected_risk(Bernoulli("1/3", 20), Accumulate()).at(g)) for g in range(1, 5)]
    np.testing.assert_allclose(found["cases"][1]["formula"], exact, rtol=1e-12)
    np.testing.assert_allclose([float(row["formula"]) for row in rows[4:]], exact, rtol=1e-12)
    assert (folder / "001-bernoulli-replace.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "001-bernoulli-replace.pdf").read_bytes().startswith(b"%PDF")


def test_verify_does_not_depend_on_the_number_of_processes(study: Path, tmp_path: Path, pool: None) -> None:
    found = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        assert run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", jobs]).exit_code == 0
        found.append((folder / "results.csv").read_text())
    assert found[0] == found[1]


def test_verify_catches_a_formula_that_is_wrong(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(model: Bernoulli, workflow: Accumulate, loss: str) -> object:
        right = expected_risk(model, workflow, loss=loss)
        return replace(right, recurrence=replace(right.recurrence, scale=right.recurrence.scale * Rational(27, 25)))

    monkeypatch.setattr(verification, "expected_risk", wrong)
    result = run.invoke(app, ["verify", str(study), "--jobs", "1"])
    assert result.exit_code == 1
    assert "0 of 2 cases agree" in result.output
    assert "0 of 2 cases agree, 2 disagree." in result.output


FEW = """
[[case]]
model = "gaussian-mean"
workflow = ["accumulate", "replace"]
parameters = { sigma2 = 1, n = 10 }
generations = 4
replicates = 400
[[case]]
model = "gaussian-mean"
workflow = "replace"
parameters = { sigma2 = 1, n = 10 }
generations = 4
replicates = 4000
"""


def test_verify_tells_inconclusive_from_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, folder = tmp_path / "few.toml", tmp_path / "found"
    path.write_text(FEW, encoding="utf-8")
    result = run.invoke(app, ["verify", str(path), "--jobs", "1", "--output", str(folder)])
    assert result.exit_code == 3
    assert result.output.count("inconclusive") >= 5  # twice in the table, twice with the reason, once in the summary
    assert "replicates would decide" in result.output
    assert "1 of 3 cases agree, 2 are inconclusive. In every case that agrees a formula wrong by" in result.output
    found = json.loads((folder / "results.json").read_text())
    assert found["passed"] is False
    assert found["verdicts"] == {"agrees": 1, "disagrees": 0, "inconclusive": 2}
    assert found["cases"][0]["replicates_needed"] > 1000
    rows = list(csv.DictReader((folder / "results.csv").open()))
    assert [row["verdict"] for row in rows[::4]] == ["inconclusive", "inconclusive", "agrees"]
    assert run.invoke(app, ["verify", str(path), "--jobs", "1", "--detectable", "0.6"]).exit_code == 0

    def wrong(model: GaussianMean, workflow: Accumulate, loss: str) -> object:
        right = expected_risk(model, workflow, loss=loss)
        factor = 2 if workflow.name == "accumulate" else 1
        return replace(right, recurrence=replace(right.recurrence, scale=right.recurrence.scale * factor))

    monkeypatch.setattr(verification, "expected_risk", wrong)
    result = run.invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 1
    assert "1 of 3 cases agree, 1 disagree and 1 are inconclusive." in result.output


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "a quarter"])
def test_what_verify_asks_is_a_positive_number(study: Path, given: str) -> None:
    result = run.invoke(app, ["verify", str(study), f"--detectable={given}"])
    assert result.exit_code == 2
    assert f"--detectable {given} is not allowed: give a positive relative error" in result.stderr
    assert result.stderr.count("\n") == 1


def test_verify_takes_a_seed(study: Path, tmp_path: Path) -> None:
    found = []
    for seed in ("1", "2"):
        run.invoke(app, ["verify", str(study), "--output", str(tmp_path / seed), "--jobs", "1", "--seed", seed])
        found.append(json.loads((tmp_path / seed / "results.json").read_text())["cases"][0]["mean"])
    assert found[0] != found[1]


def test_a_study_in_error_names_its_case(study: Path) -> None:
    study.write_text(study.read_text(encoding="utf-8").replace("1/3", "4/3"), encoding="utf-8")
    result = run.invoke(app, ["verify", str(study)])
    assert result.exit_code == 2
    assert "case 1 (bernoulli, replace): p = 4/3" in result.stderr


def test_a_case_without_a_derivation_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    path.write_text(
        '[[case]]\nmodel = "linear-regression"\nworkflow = "accumulate-subsample"\n'
        "parameters = { d = 50, T = 20, signal = 1 }\n",
        encoding="utf-8",
    )
    result = run.invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 2
    assert "case 1 (linear-regression, accumulate-subsample)" in result.stderr
    assert "no derived risk" in result.stderr

