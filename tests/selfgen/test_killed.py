"""Every command that writes, killed at every step that it does on the disk, and refused by the disk at every one.

What a killed process leaves is seen in one run: before each step, and in the middle of each write, the folder is what
it would have left. Every file there is whole, as the command writes it or as it was before; the record of a study,
which grows by lines, is the beginning of the whole one, and --resume goes on from it.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner
from writes import as_killed, contents, failing, restore

from selfgen.cli import app
from selfgen.explorer import page as explorer
from theory import Accumulate, Regular, expected_risk
from theory.proof import Certificate, LeastBound, check, prove

RUN = CliRunner()
RECORD = "cases.jsonl"
STUDY = """
[defaults]
generations = 4
replicates = 4000
seed = 3

[[case]]
model = "gaussian-mean"
workflow = ["replace", "accumulate"]
parameters = { n = 5, sigma2 = 1 }
"""
LOSSES = "generation,loss\n" + "".join(f"{g},{2.3 + 0.02 * g + 0.003 * (-1) ** g}\n" for g in range(1, 9))


@dataclass(frozen=True)
class Writes:
    """A command that writes into the folder ``out``, which lies beside its input."""

    words: str
    prepare: Callable[[Path], None] = lambda place: None

    def run(self, place: Path, words: str | None = None):
        return RUN.invoke(app, [word.replace("@", str(place)) for word in (words or self.words).split()])


def study(place: Path) -> None:
    (place / "study.toml").write_text(STUDY, encoding="utf-8")


def losses(place: Path) -> None:
    (place / "losses.csv").write_text(LOSSES, encoding="utf-8")


COMMANDS = {
    "verify": Writes("verify @/study.toml --output @/out --jobs 1", study),
    "explore": Writes("explore --output @/out/explorer.html --jobs 1"),
    "forecast": Writes("forecast @/losses.csv --workflow replace --plot @/out/fan.svg", losses),
    "prove": Writes("prove regular accumulate --claim bound --json @/out/bound.json"),
    "coq": Writes("prove regular accumulate --claim bound --coq @/out/bound.v"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty ``out``; the explorer is a page of any content, and proofs are not compiled."""
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(explorer, "page", lambda *arguments: "<!doctype html>" + "x" * 1000)
    monkeypatch.setattr("theory.proof.coq.export.coqc_path", lambda: None)
    return tmp_path


def done(command: Writes, place: Path) -> tuple[dict[str, bytes], dict[str, bytes], list[dict[str, bytes]]]:
    """What was there before, what is there when the command has ended, and all that a kill would have left."""
    command.prepare(place)
    before = contents(place / "out")
    states: list[dict[str, bytes]] = []
    with as_killed(place / "out", states):
        result = command.run(place)
    assert result.exit_code == 0, result.output
    return before, contents(place / "out"), states


def begins(name: str, part: bytes, whole: bytes) -> bool:
    """Whether a record holds lines of the whole one, and after them a beginning of one."""
    *lines, rest = part.split(b"\n")
    known = whole.split(b"\n")
    return name == RECORD and set(lines) <= set(known) and any(line.startswith(rest) for line in known)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "verify"])
def test_nothing_half_written_is_left_by_a_kill(name: str, place: Path) -> None:
    before, after, states = done(COMMANDS[name], place)
    assert after != before
    assert len(states) >= 2
    whole(before, after, states)


def whole(before: dict[str, bytes], after: dict[str, bytes], states: list[dict[str, bytes]]) -> None:
    """Each file of each state is as it was, or as it becomes."""
    for state in states:
        for file, content in state.items():
            assert content in (before.get(file), after.get(file)) or begins(file, content, after.get(file, b"")), file


def test_a_study_and_its_report_go_on_from_whatever_a_kill_left(place: Path) -> None:
    command = COMMANDS["verify"]
    before, after, states = done(command, place)
    whole(before, after, states)
    assert len(states) > 10
    # The record tells what is finished: states with the same record go on alike.
    records = {state.get(RECORD): state for state in states}
    assert len(records) > 5
    for state in list(records.values())[::2]:
        restore(place / "out", state)
        assert command.run(place, f"{command.words} --resume").exit_code == 0
        assert contents(place / "out") == after
    # The page of another version of selfgen is replaced whole.
    (place / "out" / "index.html").write_text("old", encoding="utf-8")
    written: list[dict[str, bytes]] = []
    with as_killed(place / "out", written):
        assert command.run(place, "report @/out").exit_code == 0
    assert [state["index.html"] == after["index.html"] for state in written] == [False, True]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("explore", errno.ENOSPC), ("forecast", errno.ENOSPC), ("prove", errno.EROFS), ("coq", errno.ENOSPC)],
)
def test_a_disk_that_refuses_is_told_in_a_sentence(name: str, reason: int, place: Path) -> None:
    """At every step; studies are in test_resume. The folder is as it was, and the command may be given again."""
    command = COMMANDS[name]
    before, after, _ = done(command, place)
    restore(place / "out", before)
    for steps in range(100):
        with failing(steps, reason) as left:
            result = command.run(place)
        if left[0] >= 0:
            break
        # After the last write the folder alone is settled, which may fail and lose nothing.
        if result.exit_code != 0:
            assert result.exit_code == 2
            assert result.stderr.splitlines()[-1].startswith("selfgen: ")
            assert "cannot be written" in result.stderr
            assert contents(place / "out") in (before, after)
            assert not list((place / "out").rglob("*.partial"))
    assert steps >= 3
    assert result.exit_code == 0
    assert contents(place / "out") == after


def test_a_certificate_that_is_there_is_whole(place: Path) -> None:
    """What stood there before a kill is still checked."""
    path = place / "out" / "bound.json"
    certificate = prove(LeastBound(expected_risk(Regular(), Accumulate()).ratio))
    certificate.save(path)
    other = Certificate({**certificate.data, "note": "x" * 10_000})
    states: list[dict[str, bytes]] = []
    with as_killed(place / "out", states):
        other.save(path)
    assert len(states) == 2
    assert [json.loads(state["bound.json"]).get("note") is None for state in states] == [True, False]
    assert check(Certificate(json.loads(states[0]["bound.json"])))
