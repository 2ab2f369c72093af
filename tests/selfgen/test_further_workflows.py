"""Ecosystems, weights by formula and sampled pools: named, listed, completed, and taken by every command."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from selfgen.cli import app
from selfgen.commands import completion
from theory import Ecosystem, Regular, SampledPool, Weighted, expected_risk
from theory.registry import EVERY_WORKFLOW, FURTHER_WORKFLOWS, WORKFLOWS
from theory.testing import check_workflow, ecosystems

PAIR = "ecosystem:weights=3/4 1/4; 1/4 3/4"
NUMBERS = ("--set", "sigma2=1", "--set", "n=20")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_registry() -> None:
    assert {"weighted": Weighted, "ecosystem": Ecosystem, "sampled-pool": SampledPool} == FURTHER_WORKFLOWS
    assert dict(EVERY_WORKFLOW) == WORKFLOWS | FURTHER_WORKFLOWS


def test_listed() -> None:
    assert set(json.loads(run("list", "workflows", "--json"))["workflows"]) == set(EVERY_WORKFLOW)
    facts = json.loads(run("list", "ecosystem", "--json"))
    assert set(facts["parameters"]) == {"weights", "fresh", "sizes", "observed", "real", "same_start"}
    assert facts["parameters"]["weights"]["default"] == "required"
    assert all(fact["meaning"] for fact in facts["parameters"].values())
    assert json.loads(run("list", "weighted", "--json"))["parameters"]["weight"]["meaning"]


def test_completed() -> None:
    assert "ecosystem" in completion.workflows("eco")
    assert completion.workflows("ecosystem:obs") == ["ecosystem:observed="]
    assert completion.workflows("sampled-pool:new") == ["sampled-pool:newest="]


def test_derived_and_compared() -> None:
    found = json.loads(run("derive", "gaussian-mean", PAIR, *NUMBERS, "--generation", "10", "--json"))
    assert found["growth"] == "G/40"
    assert "ecosystem" in run("compare", "gaussian-mean", "replace", PAIR, *NUMBERS)
    assert json.loads(run("derive", "regular", "sampled-pool:real=1/4", "--json"))["limit"] == "0"


def test_simulated_and_proved() -> None:
    out = run("simulate", "gaussian-mean", PAIR, *NUMBERS, "--generations", "3", "--replicates", "2000")
    assert "generation" in out
    assert "checked" in run("prove", "gaussian-mean", PAIR, *NUMBERS).lower()


@settings(max_examples=12, deadline=None)
@given(ecosystems())
def test_random_ecosystems_keep_every_law(ecosystem: Ecosystem) -> None:
    check_workflow(ecosystem, generations=4)
    assert expected_risk(Regular(), ecosystem).at(3) >= 0


@pytest.mark.parametrize(
    "text", ["sampled-pool:real=2", "sampled-pool:real=1/2,newest=j", "ecosystem:weights=1 1; 1 1"]
)
def test_slips(text: str) -> None:
    found = CliRunner().invoke(app, ["derive", "regular", text])
    assert found.exit_code == 2
    assert "Traceback" not in found.output
