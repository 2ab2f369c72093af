"""A study that is stopped, killed or out of room goes on, and gives the same files to the last bit."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from selfgen import figures, overview, style, verification
from selfgen.case_result import CaseResult
from selfgen.cli import app
from selfgen.finished_cases import FinishedCases
from selfgen.study import Case, load
from theory import DomainError

STUDY = """
[defaults]
generations = 2
replicates = 20_000

[[case]]
model = "bernoulli"
workflow = ["replace", "accumulate"]
parameters = { p = "1/3" }
grid = { n = [10, 20] }

[[case]]
model = "gaussian-mean"
workflow = "replace"
parameters = { sigma2 = 1, n = 5 }
replicates = 2_000_000
"""

run = CliRunner()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def whole(study: Path) -> dict[str, bytes]:
    folder = study.parent / "whole"
    assert run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1"]).exit_code == 0
    return files(folder)


class Drawn(Figure):
    """A figure that was drawn before: it is written as any other."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def savefig(self, fname: BinaryIO, **_: object) -> None:
        fname.write(self._content)


@pytest.fixture
def calls(whole: dict[str, bytes], study: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Cases that are verified, by number; their results and their figures are those of the whole, without work."""
    done: list[int] = []
    with FinishedCases(CaseResult, study.parent / "whole", resume=True) as finished:
        results = [finished.of(case) for case in load(study).cases]

    def known(case: Case, number: int, figures: Path | None, *settings: object) -> CaseResult:
        done.append(number)
        result = results[number]
        assert result is not None
        verification._draw(case, number, result, figures)
        return result

    def kept(_: Figure, stem: Path) -> None:
        for suffix in ("png", "pdf"):
            style.save(Drawn(whole[f"{stem.name}.{suffix}"]), stem.with_name(f"{stem.name}.{suffix}"))

    monkeypatch.setattr(verification, "verify_case", known)
    for module in (figures, overview):
        monkeypatch.setattr(module, "save_both", kept)
    return done


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def resumed(study: Path, folder: Path, *options: str) -> str:
    result = run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1", "--resume", *options])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def without_progress(error: str) -> str:
    """Standard error without the lines of cases that ended."""
    return "".join(line for line in error.splitlines(keepends=True) if not re.match(r" *\d+/\d+  ", line))


def test_results_are_read_back_as_they_were(study: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Infinite and missing numbers as well."""
    [*_, line] = whole["cases.jsonl"].splitlines()
    content = json.loads(line)["result"]
    result = CaseResult(**{**content, "detectable": float("inf"), "worst_z": float("nan"), "seconds": 3.0})
    with FinishedCases(CaseResult, tmp_path) as finished:
        finished.add({"seed": 1}, result)
    with FinishedCases(CaseResult, tmp_path, resume=True) as finished:
        back = finished.of({"seed": 1})
        assert back is not None
        # nan is no number's equal.
        expected = {name: repr(tuple(v) if isinstance(v, list) else v) for name, v in vars(result).items()}
        assert {name: repr(v) for name, v in vars(back).items()} == {**expected, "seconds": "0.0"}
        assert finished.of({"seed": 2}) is None


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(("sent", "jobs"), [(signal.SIGKILL, "1"), (signal.SIGINT, "2")])
def test_a_study_that_is_stopped_goes_on(
    study: Path, whole: dict[str, bytes], tmp_path: Path, sent: signal.Signals, jobs: str
) -> None:
    command = [
        sys.executable,
        "-m",
        "selfgen",
        "verify",
        str(study),
        "--output",
        str(tmp_path / "kept"),
        "--jobs",
        jobs,
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    record = tmp_path / "kept" / "cases.jsonl"
    while not (record.exists() and record.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None
        time.sleep(0.005)
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, sent)
    output, error = process.communicate(timeout=60)
    done = record.read_bytes().count(b"\n") - 1
    if process.returncode == 0:
        pytest.skip("done before it was stopped")
    assert output == ""
    # One that was being written when Ctrl-C came is not counted.
    assert 1 <= done <= 5
    if sent == signal.SIGINT:
        cases = "case is" if done == 1 else "cases are"
        told = f"{done} finished {cases} kept in {tmp_path / 'kept'}: --resume goes on."
        assert without_progress(error) == f"selfgen: Interrupted. {told}\n"
        assert process.returncode == 130
    assert f"{done} of 5 cases were taken from {tmp_path / 'kept'}" in resumed(study, tmp_path / "kept")
    assert files(tmp_path / "kept") == whole


def test_any_beginning_of_a_record_goes_on(
    study: Path, whole: dict[str, bytes], tmp_path: Path, calls: list[int]
) -> None:
    """Torn anywhere, in another order, with cases of other studies among them; what is there is not done again."""
    header, *cases = whole["cases.jsonl"].splitlines(keepends=True)
    other = cases[0].replace(b'"seed": ', b'"seed": 1')
    for kept, again in (
        ([header, cases[4], cases[2], other, cases[3][:300]], [0, 1, 3]),
        ([header, *cases[:4], b"\0" * 40 + b"\n"], [4]),
        ([header, *cases[:3], b'{"case": {}}\n', *cases[3:]], []),
        ([header[:20]], range(5)),
    ):
        folder = tmp_path / str(len(again))
        folder.mkdir()
        (folder / "cases.jsonl").write_bytes(b"".join(kept))
        calls.clear()
        resumed(study, folder)
        assert calls == list(again)
        assert files(folder) == whole
    # Without --resume all is done again, to the same files.
    calls.clear()
    assert run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1"]).exit_code == 0
    assert len(calls) == 5
    assert files(folder) == whole


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"thesis\n", "is not a record of finished cases: remove it, or give another folder."),
        (b"thesis", "is not a record of finished cases"),
        (
            b'{"format": "selfgen cases, 1", "versions": {"selfgen": "0.0.1"}}\n',
            "was written by selfgen 0.0.1, and this",
        ),
    ],
)
def test_what_is_no_record_is_left_alone(study: Path, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "cases.jsonl").write_bytes(content)
    result = run.invoke(app, ["verify", str(study), "--output", str(tmp_path), "--resume"])
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "cases.jsonl").read_bytes() == content
    assert run.invoke(app, ["verify", str(study), "--resume"]).stderr.startswith("selfgen: --resume goes on with what")


def test_a_full_disk_keeps_what_is_finished(
    study: Path, whole: dict[str, bytes], tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the k-th write of a file: one sentence, and the rest with --resume."""
    write, told = os.write, []
    # Header, 4 cases after their certificates, a certificate, 2 figures, a case, 3 files, 2 overviews, the page, the
    # record once more.
    for k in (0, 3, 4, 10, 12, 13, 17, 18, 19):
        left = iter(range(k))

        def full(file: int, content: bytes, left: Iterator[int] = left) -> int:
            if next(left, None) is None:
                write(file, bytes(content)[:5])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(file, content)

        folder = tmp_path / str(k)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            result = run.invoke(app, ["verify", str(study), "--output", str(folder), "--jobs", "1"])
        assert result.exit_code == 2
        told.append(without_progress(result.stderr).replace(str(folder), "DIR"))
        assert not list(folder.glob("*.partial"))
        calls.clear()
        resumed(study, folder)
        assert len(calls) == 5 - sum(k > line for line in (2, 4, 6, 8, 12))
        assert files(folder) == whole
    kept = "{} finished cases are kept in DIR: --resume goes on."
    one = "1 finished case is kept in DIR: --resume goes on."
    full_disk = "cannot be written: No space left on device."
    assert told == [
        f"selfgen: --output DIR {full_disk}\n",
        f"selfgen: DIR/certificates/002-bernoulli-replace.json {full_disk} {one}\n",
        f"selfgen: --output DIR {full_disk} {one}\n",
        f"selfgen: DIR/005-gaussian-mean-replace.png {full_disk} {kept.format(4)}\n",
        f"selfgen: --output DIR {full_disk} {kept.format(4)}\n",
        f"selfgen: DIR/results.json {full_disk} {kept.format(5)}\n",
        f"selfgen: DIR/overview-bernoulli-squared.pdf {full_disk} {kept.format(5)}\n",
        f"selfgen: DIR/index.html {full_disk} {kept.format(5)}\n",
        f"selfgen: --output DIR {full_disk} {kept.format(5)}\n",
    ]


def test_two_processes_do_not_write_one_folder(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with FinishedCases(CaseResult, tmp_path, named="--output"):
        result = run.invoke(app, ["verify", str(study), "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"selfgen: --output {tmp_path} is being written by another process: wait for it, or give another folder.\n"
    )


def test_links_lead_nowhere_else(tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A study from elsewhere, and a folder that came with it, overwrite nothing outside of the current folder."""
    (here := tmp_path / "here").mkdir()
    (out := tmp_path / "out").mkdir()
    (here / "inside").mkdir()
    monkeypatch.chdir(here)
    (here / "link").symlink_to(out)
    (here / "deep").symlink_to("link")
    (here / "round").symlink_to("round")
    (here / "fine").symlink_to("inside")
    for folder, allowed in (
        ("link", False),
        ("link/new", False),
        ("deep/a/b", False),
        ("round", False),
        ("fine/a", True),
    ):
        (here / "study.toml").write_text(f'output = "{folder}"\n{STUDY}')
        result = run.invoke(app, ["verify", "study.toml", "--jobs", "1"])
        assert result.exit_code == (0 if allowed else 2), folder
        assert ("is not allowed: " in result.stderr) is not allowed
        assert list(out.iterdir()) == []
    # Files of our names that are links are replaced, or refused, but never followed.
    (out / "mine").write_text("mine")
    for name in ("results.json", "overview-bernoulli-squared.png"):
        (here / "inside" / "a" / name).unlink()
        (here / "inside" / "a" / name).symlink_to(out / "mine")
    assert run.invoke(app, ["verify", "study.toml", "--jobs", "1"]).exit_code == 0
    (here / "inside" / "a" / "cases.jsonl").unlink()
    (here / "inside" / "a" / "cases.jsonl").symlink_to(out / "mine")
    result = run.invoke(app, ["verify", "study.toml", "--jobs", "1"])
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert (out / "mine").read_text() == "mine"


HUGE = {
    "100 bytes too many": "# " + "x" * 2000,
    "deep": "a = " + "[" * 1500 + "]" * 1500,
    "deep over lines": "a = " + "[\n" * 50_000 + "]" * 1500,
    "deep tables": "a = " + "{a = " * 700,
    "deep keys": ".".join("a" * 1900) + " = 1",
    "deep dotted keys": ".".join("a" * 500_000) + " = 1",
    "deep quoted keys": "x = {" + ".".join(["'a'"] * 300_000) + " = 1}",
    "deep mixed keys": "[" + ".".join(["'a'", "a"] * 150_000) + "]",
    "digits": f"a = {'9' * 1_000_000}",
    "hexadecimal digits": f"[[case]]\nmodel = 0x{'f' * 1_000_000}\nworkflow = 'replace'",
    "name": "[[case]]\nmodel = '" + "bernoulli" * 100 + "'\nworkflow = 'replace'",
    "workflow": "[[case]]\nmodel = 'bernoulli'\nworkflow = ['" + "replace" * 100 + "']",
    "kind": "kind = '" + "x" * 3000 + "'",
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("kind", ["", 'kind = "real-data"\n'])
def test_a_study_has_limits(name: str, kind: str, tmp_path: Path) -> None:
    """Soon, in one short sentence that says which."""
    path = tmp_path / "study.toml"
    path.write_text(kind + (HUGE[name] + "\n") * (1100 if name == "100 bytes too many" else 1))
    started = time.monotonic()
    result = run.invoke(app, ["verify", str(path)])
    assert time.monotonic() - started < 5
    assert result.exit_code == 2
    assert result.stderr.startswith("selfgen: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 600
    assert "recursion" not in result.stderr
    if name.startswith("deep ") or name == "deep":
        assert "more than 10 levels in one another" in result.stderr


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless file")
def test_an_endless_study_is_refused() -> None:
    result = run.invoke(app, ["verify", "/dev/zero"])
    assert result.stderr == "selfgen: /dev/zero is too large for a study: a file may have 2097152 bytes.\n"


def test_what_was_judged_otherwise_is_not_taken(tmp_path):
    """A verdict depends on the error that must be detectable: cases judged by another are not mixed in."""
    folder = tmp_path / "out"
    folder.mkdir()
    with FinishedCases(CaseResult, folder, options={"--detectable": 0.25}):
        pass
    with FinishedCases(CaseResult, folder, resume=True, options={"--detectable": 0.25}):
        pass
    with (
        pytest.raises(DomainError, match=r"written with --detectable 0\.25"),
        FinishedCases(CaseResult, folder, resume=True, options={"--detectable": 0.1}),
    ):
        pass
