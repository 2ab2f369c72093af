"""The commands as a house: loaded when they run, named as the help names them, and completed by a shell."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from selfgen.cli import COMMANDS, app
from theory.papers import PAPERS
from theory.registry import EVERY_MODEL, EVERY_WORKFLOW

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


class TestList:
    def test_everything(self):
        result = run("list", "--json")
        assert result.exit_code == 0
        found = json.loads(result.output)
        assert set(found) == {"models", "workflows", "losses", "claims", "studies"}
        assert set(found["models"]) == set(EVERY_MODEL)
        assert set(found["workflows"]) == set(EVERY_WORKFLOW)
        assert "bernoulli" in found["losses"]["kl"]
        assert all(summary for summary in found["models"].values())

    @pytest.mark.parametrize("name", EVERY_WORKFLOW)
    def test_a_workflow_tells_its_parameters(self, name):
        found = json.loads(run("list", name, "--json").output)
        assert all(item["allowed"] or item["meaning"] for item in found["parameters"].values())

    def test_a_model_tells_its_losses_and_what_is_derived(self):
        found = json.loads(run("list", "models", "poisson", "--json").output)
        assert found["losses"] == ["squared", "kl", "fourth"]
        assert found["derived"]["squared"]["accumulate"] == "closed form ✓"
        assert found["parameters"]["rate"]["default"] == "a symbol"

    def test_an_alias(self):
        result = run("list", "augment")
        assert result.output.startswith("accumulate: ")
        assert "also called augment" in result.output

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (["bernouli"], "did you mean bernoulli"),
            (["models", "acumulate"], "none of the models"),
            (["x", "y"], "KIND"),
        ],
    )
    def test_what_is_not_there(self, arguments, hint):
        result = run("list", *arguments)
        assert result.exit_code == 2
        assert hint in result.output


class TestPapers:
    def test_the_table(self):
        result = run("papers", "gerstgrasser2024")
        assert result.exit_code == 0
        assert "4 of 4 statements agree." in result.output

    def test_as_data(self):
        rows = json.loads(run("papers", "dey2024", "--json").output)
        assert [row["statement"] for row in rows] == list(PAPERS["dey2024"].statements)
        assert all(row["agree"] for row in rows)

    def test_one_that_does_not_agree_ends_with_one(self, monkeypatch):
        statement = PAPERS["gerstgrasser2024"].statements["replace"]
        monkeypatch.setitem(vars(statement), "agrees", False)
        assert run("papers", "gerstgrasser2024").exit_code == 1

    def test_none_of_that_name(self):
        result = run("papers", "gerstgrasser")
        assert result.exit_code == 2
        assert "gerstgrasser2024" in result.output


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("selfgen derive berno", "bernoulli"),
        ("selfgen derive bernoulli accumulate-", "accumulate-subsample"),
        ("selfgen derive bernoulli sliding-window:k=2,si", "sliding-window:k=2,sizes="),
        ("selfgen derive gaussian-fit accumulate --loss wass", "wasserstein"),
        ("selfgen derive linear-regression accumulate --set sig", "sigma2="),
        ("selfgen compare poisson replace acc", "accumulate"),
    ],
)
def test_a_shell_completes(line, offered):
    words = line.split()
    environment = {
        "_SELFGEN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1),
    }  # fmt: skip
    result = CliRunner().invoke(app, [], env=environment, prog_name="selfgen")
    assert offered in result.output.split()
