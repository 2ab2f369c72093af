"""The commands as a house: loaded when they run, and named as the help names them."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from selfgen.cli import COMMANDS, app

HEAVY = ("sympy", "numpy", "scipy", "flint", "matplotlib", "theory", "numerics")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(arguments):
    code = (
        "import sys\nfrom selfgen.cli import app\n"
        f"try:\n    app({arguments!r}, prog_name='selfgen')\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"
    assert "selfgen" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_all_says_what_a_command_says_itself(name):
    command = import_module(f"selfgen.commands.{name}").command
    assert " ".join(inspect.getdoc(command).partition("\n\n")[0].split()) == COMMANDS[name]
    assert run(name, "--help").exit_code == 0


def test_a_command_that_is_none():
    result = run("derve")
    assert result.exit_code == 2
    assert "derve" in result.output
