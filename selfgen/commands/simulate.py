"""``selfgen simulate``: mean and standard error at every generation."""

from __future__ import annotations

import csv
import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from numerics import simulate as run
from selfgen.commands.options import Loss, ModelName, Set, Sizes, Symbols, WorkflowName, settings_of, whole
from selfgen.commands.terminal import show
from selfgen.verification import processes
from theory import DomainError
from theory.names import build


class Method(StrEnum):
    """How to simulate."""

    exact_law = "exact-law"
    raw = "raw"


def command(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generations: Annotated[int, typer.Option(**whole("--generations", 1), help="How many.")] = 20,
    replicates: Annotated[int, typer.Option(**whole("--replicates", 2), help="Independent chains.")] = 10_000,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="The same seed gives the same numbers.")] = 0,
    method: Annotated[Method, typer.Option(help="Draw estimators, or data points and refit.")] = Method.exact_law,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print generation,mean,stderr.")] = False,
    jobs: Annotated[
        int, typer.Option(**whole("--jobs", 1, 512), help="Processes; the numbers do not depend on it.")
    ] = 1,
) -> None:
    """Simulate the risk at generations 1, 2, …: mean and standard error."""
    if as_csv and as_json:
        raise DomainError("--csv and --json exclude each other: give one of them.")
    built_model, built_workflow = build(model, workflow, settings_of(set_, sizes), symbols or ())
    with processes(jobs) as executor:
        simulation = run(
            built_model,
            built_workflow,
            generations=generations,
            replicates=replicates,
            seed=seed,
            method=method.value,
            loss=loss,
            executor=executor,
            progress=True,
        )
    mean, stderr = ([float(value) for value in values] for values in (simulation.mean, simulation.stderr))
    rows = list(zip(range(1, generations + 1), mean, stderr, strict=True))
    if as_json:
        content = {
            "model": built_model.name, "workflow": built_workflow.name, "loss": loss, "method": method.value,
            "replicates": replicates, "seed": seed, "mean": mean, "stderr": stderr,
        }  # fmt: skip
        typer.echo(json.dumps(content, indent=1))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("generation", "mean", "stderr"))
        writer.writerows((generation, repr(value), repr(error)) for generation, value, error in rows)
    else:
        grid = Table(header_style="bold")
        for column in ("generation", "mean risk", "standard error"):
            grid.add_column(column, no_wrap=True)
        for generation, value, error in rows:
            grid.add_row(str(generation), f"{value:.6g}", f"{error:.2g}")
        show(grid)
