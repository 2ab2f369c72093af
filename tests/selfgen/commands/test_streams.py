"""The command as a process: what it prints where, to a full disk, and to a reader who left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from launcher import UNREAD, Launcher
from typer.testing import CliRunner

from selfgen import __version__
from selfgen.cli import app

run = CliRunner()


def test_version() -> None:
    assert run.invoke(app, ["--version"]).output == f"selfgen {__version__}\n"


def test_output_on_a_full_disk(launcher: Launcher, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    errors = tmp_path / "errors"
    for command in ("derive bernoulli accumulate", "--help"):
        assert launcher.run(command.split(), "/dev/full", errors) == 2
        assert errors.read_text() == "selfgen: standard output cannot be written: No space left on device.\n"


@pytest.mark.parametrize(
    "command",
    [
        "--help", "--version", "derive bernoulli accumulate", "derive --help", "derive bernoulli accumulate --json",
        "compare poisson replace accumulate", "value bernoulli",
        "simulate bernoulli accumulate --set p=1/3 --set n=9 --replicates 9 --csv",
    ],
)  # fmt: skip
def test_a_reader_who_left_is_no_error(command: str, launcher: Launcher, tmp_path: Path) -> None:
    assert launcher.run(command.split(), UNREAD, tmp_path / "errors") == 141
    assert (tmp_path / "errors").read_text() == ""


def test_a_real_process() -> None:
    good = subprocess.run(
        [sys.executable, *"-m selfgen derive poisson replace --set n=5 --generation 4 --json".split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["value"] == "4*lambda/5"

