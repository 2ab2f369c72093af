"""Each setting from the command line: three generations, two seeds, all files; resumed, and in processes."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

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
