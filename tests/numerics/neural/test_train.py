"""Each setting from the command line: three generations, two seeds, all files; resumed, and in processes.

And killed at every step that it does on the disk, and refused by the disk at every one.
"""

import errno
import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner
from writes import as_killed, contents, failing, restore

from selfgen.cli import app

TEXT = "the cat sat on the mat. a dog ran to the cat; the mat was red. " * 60
SMALL = {
    "language": [
        "--data",
        "{text}",
        "--set",
        "width=16",
        "--set",
        "heads=2",
        "--set",
        "layers=1",
        "--set",
        "context=16",
    ],
    "image": ["--set", "width=16", "--set", "latent=2", "--set", "draws=4"],
    "molecule": [
        "--data",
        "{smiles}",
        "--set",
        "width=16",
        "--set",
        "heads=2",
        "--set",
        "layers=1",
        "--set",
        "context=12",
    ],
}


def train(tmp_path, kind, workflows, *more, expected=0):
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "some.smi").write_text(
        "\n".join("C" * a + "O" * b + "N" for a in range(1, 9) for b in range(2) for _ in "123")
    )
    files = {"text": tmp_path / "text.txt", "smiles": tmp_path / "some.smi"}
    words = [word.format(**files) for word in SMALL[kind]]
    command = ["train", kind, *workflows, *words, "--set", "steps=20", "--set", "batch=8", "--set", "n=30"]
    command += ["--set", "test=10", "--generations", "3", "--seeds", "2", *more]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == expected, found.output
    return found.output


def losses_of(folder):
    lines = [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]
    return {(line["replicate"], line["generation"]): line["loss"] for line in lines[1:]}


@pytest.mark.parametrize("kind", SMALL)
def test_three_generations_of_two_seeds(kind, tmp_path):
    if kind == "molecule":
        pytest.importorskip("rdkit")
    out = tmp_path / "run"
    printed = train(tmp_path, kind, ["replace", "accumulate"], "--output", str(out))
    assert "Written to" in printed
    both = {name: losses_of(out / name) for name in ("replace", "accumulate")}
    assert all(len(found) == 6 for found in both.values())
    # Generation 1 is one model for both workflows, and later ones are not.
    for seed in (1, 2):
        assert both["replace"][seed, 1] == both["accumulate"][seed, 1]
        assert both["replace"][seed, 2] != both["accumulate"][seed, 2]
    summary = json.loads((out / "summary.json").read_text())
    np.testing.assert_allclose(
        summary["workflows"]["replace"]["mean"][2], np.mean([both["replace"][s, 3] for s in (1, 2)])
    )
    assert summary["workflows"]["replace"]["observed"][0][0]["train_loss"] > 0
    if kind == "molecule":
        seen = summary["workflows"]["replace"]["observed"][0][0]
        assert all(0 <= seen[name] <= 1 for name in ("valid", "distinct", "new"))
    for name in ("losses", "depths", "samples"):
        assert (out / f"{name}.png").stat().st_size > 5000
        assert (out / f"{name}.pdf").exists()
    if kind == "image":
        refused = train(tmp_path, kind, ["replace", "accumulate"], "--output", str(out), expected=2)
        assert "--resume goes on with it" in refused
        # Two processes go on from a run that was cut short, to the same bits.
        record = out / "accumulate" / "losses.jsonl"
        record.write_text("\n".join(record.read_text().splitlines()[:3]) + "\n")
        train(tmp_path, kind, ["replace", "accumulate"], "--output", str(out), "--resume", "--jobs", "2")
        assert losses_of(out / "accumulate") == both["accumulate"]
        read = CliRunner().invoke(app, ["forecast", str(out), "--workflow", "accumulate", "--to", "10"])
        assert read.exit_code == 0, read.output
        assert "at generation 10 the loss will be about" in read.output


BRIEF = ["train", "image", "replace", *SMALL["image"], "--set", "steps=3", "--set", "batch=8", "--set", "n=30"]
BRIEF += ["--set", "test=10", "--generations", "3", "--seeds", "1"]


def brief(folder, *more):
    return CliRunner().invoke(app, [*BRIEF, "--output", str(folder), *more])


def test_a_run_goes_on_from_whatever_a_kill_left(tmp_path):
    """Before each step on the disk and in the middle of each write: every state is gone on with, to the same files."""
    folder = tmp_path / "run"
    folder.mkdir()
    states = []
    with as_killed(folder, states):
        assert brief(folder).exit_code == 0
    after = contents(folder)
    record = "replace/losses.jsonl"
    lines = after[record].splitlines()
    assert len(lines) == 4
    for state in states:
        for name, content in state.items():
            assert content == after.get(name, content) or (name == record and after[record].startswith(content)), name
    # The record tells what is finished: every length of it that a kill leaves, with all that lay beside it first.
    begun = {state.get(record): state for state in reversed(states)}
    assert len(begun) >= 8
    for state in begun.values():
        restore(folder, state)
        assert brief(folder, "--resume").exit_code == 0
        assert contents(folder) == after


def test_a_disk_that_refuses_a_run_is_told_in_a_sentence(tmp_path):
    """At every fifth step of the chain, and at each of those that write the summary and the figures."""
    folder = tmp_path / "run"
    with failing(10**6) as left:
        assert brief(folder).exit_code == 0
    after, steps = contents(folder), 10**6 - left[0]
    assert steps > 30
    figures = steps - 20
    for done in (*range(0, figures, 5), *range(figures, steps)):
        shutil.rmtree(folder, ignore_errors=True)
        with failing(done, (errno.ENOSPC, errno.EROFS)[done % 2]):
            found = brief(folder)
        # After a file is written its folder is settled, which may fail and lose nothing.
        if found.exit_code != 0:
            assert found.exit_code == 2, found.output
            said = found.stderr.splitlines()[-1]
            assert said.startswith("selfgen: ")
            assert "cannot be written" in said or "is not a folder that can be written" in said
        assert not list(folder.rglob("*.partial"))
    assert brief(folder, "--resume").exit_code == 0
    assert contents(folder) == after
