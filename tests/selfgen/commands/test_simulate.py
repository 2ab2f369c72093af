"""Simulating: the same numbers in every format and on any number of processes."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

import numerics
from selfgen.cli import app

run = CliRunner()


def test_simulate_as_json_and_csv_agree() -> None:
    command = "simulate bernoulli accumulate --set p=1/3 --set n=20 --generations 3 --replicates 2000 --seed 5".split()
    as_json = run.invoke(app, [*command, "--json"])
    as_csv = run.invoke(app, [*command, "--csv"])
    assert as_json.exit_code == as_csv.exit_code == 0, as_json.output + as_csv.output
    found = json.loads(as_json.output)
    rows = list(csv.DictReader(io.StringIO(as_csv.output)))
    assert [float(row["mean"]) for row in rows] == found["mean"]
    assert [int(row["generation"]) for row in rows] == [1, 2, 3]
    exact = 2 / 9 / 20
    assert abs(found["mean"][0] - exact) < 5 * found["stderr"][0]
    assert "mean risk" in run.invoke(app, command).output


def test_simulate_draws_data_points_too() -> None:
    command = "simulate poisson replace --set rate=2 --set n=5 --generations 2 --replicates 500 --method raw --json"
    assert json.loads(run.invoke(app, command.split()).output)["method"] == "raw"


@pytest.mark.parametrize("method", ["exact-law", "raw"])
def test_simulation_does_not_depend_on_the_number_of_processes(method: str, pool: None) -> None:
    command = "simulate bernoulli accumulate --set p=1/3 --set n=20 --generations 3 --replicates 40000 --seed 5 --json"
    found = [run.invoke(app, [*command.split(), "--method", method, "--jobs", jobs]).output for jobs in ("1", "2")]
    assert found[0] == found[1]
    assert len(json.loads(found[0])["mean"]) == 3


def test_simulating_symbols_is_an_error() -> None:
    result = run.invoke(app, ["simulate", "bernoulli", "accumulate", "--set", "p=1/3"])
    assert result.exit_code == 2
    assert "n" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_command_mirrors_the_library() -> None:
    command = "simulate poisson replace --set rate=2 --set n=5 --generations 2 --replicates 300 --seed 3 --json"
    from theory import Poisson, Replace

    simulation = numerics.simulate(Poisson(2, 5), Replace(), generations=2, replicates=300, seed=3)
    assert json.loads(run.invoke(app, command.split()).output)["mean"] == list(simulation.mean)

