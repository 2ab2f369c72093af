"""Weights as the command line takes them: formulas in g and j, laws of ages in l, rates in j; never evaluated."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from selfgen.cli import app


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == code, result.output
    return result.output


def closed(workflow: str) -> str:
    return str(json.loads(run("derive", "gaussian-mean", workflow, "--json"))["closed_form"])


def test_a_formula_is_the_workflow_that_it_writes() -> None:
    assert closed("weighted:weight=1/g") == closed("weighted:1/g") == closed("accumulate")


def test_a_formula_is_proved_like_any_workflow() -> None:
    assert "tends to the limit" in run("prove", "gaussian-mean", "weighted:2*j/(g*(g+1))", "--claim", "limit")


def test_age_laws_and_rates() -> None:
    ages = json.loads(
        run("derive", "regular", "age-weighted:weight=1/(l*(l+1))", "--set", "p=1", "--set", "n=1", "--json")
    )
    assert ages["growth"] == "G/log(G)**2"
    rates = json.loads(run("derive", "regular", "forgetting:rate=1-1/j", "--set", "p=1", "--set", "n=1", "--json"))
    assert rates["limit"] == "-4 + 2*pi**2/3"


def test_they_are_compared_and_simulated() -> None:
    told = run("compare", "gaussian-mean", "accumulate", "forgetting:rate=1/2", "weighted:2*j/(g*(g+1))")
    assert "forgetting" in told
    simulated = ("simulate", "bernoulli", "weighted:1/g", "--set", "p=1/3", "--set", "n=5", "--generations", "3")
    run(*simulated, "--replicates", "200")


@pytest.mark.parametrize(
    "workflow",
    [
        "weighted",
        "weighted:1/j",
        "weighted:x/g",
        "weighted:__import__('os')",
        "age-weighted:weight=1/l",
        "age-weighted:weight=g/l",
        "forgetting:rate=2",
        "forgetting:rate=1+1/j",
    ],
)
def test_what_is_not_allowed_is_one_sentence(workflow: str) -> None:
    told = run("derive", "gaussian-mean", workflow, code=2)
    assert told.startswith("selfgen: ")
    assert "Traceback" not in told
