"""What is told while cases run."""

from __future__ import annotations

import errno
import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from selfgen.case_result import CaseResult
from selfgen.cli import app
from selfgen.progress import Progress, describe
from selfgen.study import Case, Study, load
from selfgen.verification import verify

STUDY = """
output = "deep/results"
[defaults]
generations = 3
replicates = 4000
[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
grid = { p = ["1/2"], n = [10, 20] }
[[case]]
model = "poisson"
workflow = "replace"
parameters = { rate = 3, n = 10 }
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture
def study(path: Path) -> Study:
    return load(path)


def test_a_case_in_one_line(study: Study) -> None:
    assert describe(study.cases[1]) == "bernoulli, replace, squared: p = 1/2, n = 20, 4 000 chains"


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_case_begins_and_finishes_once_and_no_more_run_than_processes(study: Study, jobs: int) -> None:
    running: list[Case] = []
    seen: list[tuple[str, str]] = []
    most = 0

    def begin(case: Case) -> None:
        nonlocal most
        running.append(case)
        most = max(most, len(running))

    def finish(case: Case, result: CaseResult) -> None:
        running.remove(case)
        seen.append((case.label, result.parameters.get("n", "")))

    results = verify(study, jobs=jobs, begin=begin, finish=finish)
    assert sorted(seen) == sorted(
        (case.label, result.parameters["n"]) for case, result in zip(study.cases, results, strict=True)
    )
    assert not running
    assert most == jobs


def test_the_lines_name_what_runs(study: Study) -> None:
    stream = io.StringIO()
    first, second = study.cases[:2]
    (result,) = verify(study.model_copy(update={"cases": (first,)}))
    # In the environment of a test there may be a terminal that cannot move its cursor.
    terminal = Console(file=stream, force_terminal=True, width=80, _environ={"TERM": "xterm"})
    with Progress(2, terminal, shown=True) as progress:
        progress.begin(first)
        progress.begin(second)
        progress.finish(first, result)
        progress._live.refresh()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    shown = [line for line in text.split("verifying")[-1].splitlines() if line.strip()]
    assert "1/2" in shown[0]
    assert "elapsed, left about" in shown[0]
    assert len([line for line in shown if "chains" in line]) == 1
    assert describe(second) in text.split("verifying")[-1]


def test_where_there_is_no_terminal_each_case_is_a_line_as_it_ends(path: Path, tmp_path: Path) -> None:
    """On standard error, so that what is piped stays what it was; and of what was done before it is said."""
    command = ["verify", str(path), "--jobs", "1", "--output", str(tmp_path / "kept")]
    first, again = (CliRunner().invoke(app, [*command, *more]) for more in ([], ["--resume"]))
    assert first.exit_code == again.exit_code == 0, first.output
    cases = [describe(case) for case in load(path).cases]
    lines = [re.fullmatch(r"(\d)/5  agrees  (.*) \(\d+\.\d s\)", line) for line in first.stderr.splitlines()]
    assert [line and line.groups() for line in lines] == [(str(k), case) for k, case in enumerate(cases, 1)]
    assert again.stderr.splitlines() == [f"{k}/5  agrees  {case} (done before)" for k, case in enumerate(cases, 1)]
    assert "chains" not in first.stdout


def test_lines_come_as_cases_end_and_stop_nothing_where_nobody_reads(study: Study) -> None:
    (result,) = verify(study.model_copy(update={"cases": study.cases[:1]}))
    stream = io.StringIO()
    with Progress(11, Console(file=stream), shown=False) as progress:
        progress.begin(study.cases[0])
        assert stream.getvalue() == ""
        progress.finish(study.cases[0], result)
        assert stream.getvalue().startswith(f" 1/11  agrees  {describe(study.cases[0])} (")

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Progress(1, Console(file=Full()), shown=False) as progress:
        progress.begin(study.cases[0])
        progress.finish(study.cases[0], result)


def test_a_study_says_where_it_is_written(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    written = "index.html, results.json, results.csv, theorems.tex, cases.jsonl and 1 overview of grids,"
    assert f"Written to deep/results: {written}" in told
    stems = ("overview-bernoulli-squared", "005-poisson-replace")
    figures = {f"{stem}.{end}" for stem in stems for end in ("png", "pdf")}
    written = {item.name for item in (tmp_path / "deep" / "results").iterdir()}
    assert (
        written
        == {"index.html", "certificates", "results.json", "results.csv", "theorems.tex", "cases.jsonl"} | figures
    )


def test_the_command_line_overrides_where(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["verify", str(path), "--jobs", "1", "--output", "elsewhere"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "elsewhere" / "results.json").exists()
    assert not (tmp_path / "deep").exists()


def test_a_folder_that_cannot_be_made(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").write_text("a file")
    result = CliRunner().invoke(app, ["verify", str(path), "--jobs", "1"])
    assert result.exit_code == 2
    assert "output = 'deep/results' of the study is not a folder that can be written" in result.stderr
