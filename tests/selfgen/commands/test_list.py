"""`selfgen list`: every name there is, and what each one takes and answers."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.kinds import WRITTEN
from selfgen.listed import all_entries
from theory.registry import EVERY_MODEL, EVERY_WORKFLOW


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_everything():
    result = run("list", "--json")
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert set(found) == {"models", "workflows", "losses", "claims", "studies"}
    assert set(found["models"]) == set(EVERY_MODEL)
    assert set(found["workflows"]) == set(EVERY_WORKFLOW)
    assert "bernoulli" in found["losses"]["kl"]
    assert all(summary for summary in found["models"].values())


def test_what_is_written_down_is_what_there_is():
    """After a change of what is listed: python -m selfgen.listed."""
    assert json.loads(WRITTEN.read_text(encoding="utf-8")) == all_entries()


@pytest.mark.parametrize("name", EVERY_WORKFLOW)
def test_a_workflow_tells_its_parameters(name):
    found = json.loads(run("list", name, "--json").output)
    assert all(item["allowed"] or item["meaning"] for item in found["parameters"].values())


def test_a_model_tells_its_losses_and_what_is_derived():
    found = json.loads(run("list", "models", "poisson", "--json").output)
    assert found["losses"] == ["squared", "kl", "fourth"]
    assert found["derived"]["squared"]["accumulate"] == "closed form ✓"
    assert found["parameters"]["rate"]["default"] == "a symbol"


def test_an_alias():
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
def test_what_is_not_there(arguments, hint):
    result = run("list", *arguments)
    assert result.exit_code == 2
    assert hint in result.output
