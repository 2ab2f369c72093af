"""``selfgen recommend``: what keeps a loop's loss within a tolerance."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from numerics.forecasting import Recommendation, recommend
from selfgen.commands.completion import workflows
from selfgen.commands.measured import given_by
from selfgen.commands.options import whole
from selfgen.commands.terminal import show


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or JSON with the columns generation and loss, or a run.")
    ],
    measured_under: Annotated[
        str | None,
        typer.Option(
            metavar="WORKFLOW", autocompletion=workflows, help="Of the losses; left out where the file says it."
        ),
    ] = None,
    tolerance: Annotated[str, typer.Option(metavar="PERCENT", help="How much the loss may rise: 5% or 0.05.")] = "5%",
    generations: Annotated[int, typer.Option(**whole("--generations", 2, 1000), help="Up to which one.")] = 10,
    probability: Annotated[float, typer.Option(metavar="NUMBER", help="With which probability.")] = 0.9,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAME=COLUMN,…", help="Columns by other names, such as generation=round,loss=nll."),
    ] = None,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Of the forecasts.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What keeps the loss within a tolerance: which workflow, how much real data, how many generations."""
    given, errors, measured, _ = given_by(file, measured_under, columns, "--measured-under")
    found = recommend(
        given,
        tolerance=tolerance,
        generations=generations,
        stderr=errors,
        generations_measured=measured,
        probability=probability,
        seed=seed,
    )
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=1))
        return
    show(_table(found))
    for caution in found.warnings:
        typer.echo(f"Caution: {caution}")
    typer.echo(found.sentence)
    for kind, width in found.narrowing.items():
        typer.echo(f"One more {kind} is expected to make the interval {100 * width:.0f} % as wide.")


def _table(found: Recommendation) -> Table:
    title = f"A loss of at most {found.allowed:.5g} up to generation {found.generations}"
    table = Table(title=title, box=None, title_justify="left")
    table.add_column("what to do")
    for name in ("probability", "loss then", "at most"):
        table.add_column(name, justify="right")
    for option in found.options:
        row = (f"{100 * option.probability:.0f} %", f"{option.median:.4g}", f"{option.upper:.4g}")
        table.add_row(option.words, *row)
    return table


def _plain(found: Recommendation) -> dict[str, object]:
    """As JSON holds it; what is infinite is null."""
    return {
        "allowed": found.allowed,
        "generations": found.generations,
        "probability": found.probability,
        "safe_generations": found.safe_generations,
        "options": [
            {
                "workflow": repr(option.workflow),
                "words": option.words,
                "probability": option.probability,
                "median": _finite(option.median),
                "upper": _finite(option.upper),
                "holds": option.probability >= found.probability,
            }
            for option in found.options
        ],
        "narrowing": dict(found.narrowing),
        "warnings": list(found.warnings),
        "sentence": found.sentence,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
