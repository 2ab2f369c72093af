"""``selfgen forecast``: where measured losses go."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from numerics.forecasting import Forecast, Interval
from numerics.forecasting import forecast as forecast_of
from selfgen.commands.completion import workflows
from selfgen.commands.measured import given_by
from selfgen.commands.options import whole
from selfgen.commands.terminal import show
from selfgen.fan import draw_fan

#: More measured generations than this are shown by their first and last.
LONGEST_LIST = 12


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or JSON with the columns generation and loss, or a run.")
    ],
    workflow: Annotated[
        str | None,
        typer.Option(
            metavar="WORKFLOW",
            autocompletion=workflows,
            help="Under which the losses were measured; where the file says so, the one to forecast, measured or not.",
        ),
    ] = None,
    to: Annotated[int, typer.Option(**whole("--to", 1, 1000), help="Last generation of the forecast.")] = 50,
    level: Annotated[float, typer.Option(metavar="NUMBER", help="Probability of the intervals.")] = 0.9,
    baseline: Annotated[
        float | None, typer.Option(metavar="LOSS", help="Loss of a trivial model: is generation 1 better than that?")
    ] = None,
    warm_start: Annotated[
        bool, typer.Option("--warm-start", help="Training goes on from the model before, or on ever more tokens.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAME=COLUMN,…", help="Columns by other names, such as generation=round,loss=nll."),
    ] = None,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Of the draws from the posterior.")] = 0,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the fan: .png, .pdf or .svg.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Where measured test losses go: median, interval, plateau, or the reason why nothing is promised."""
    given, errors, measured, asked = given_by(file, workflow, columns, "--workflow")
    found = forecast_of(
        given,
        stderr=errors,
        generations=measured,
        horizon=to,
        level=level,
        baseline=baseline,
        warm_start=warm_start,
        seed=seed,
    )
    found = found if asked == found.workflow else found.of(asked)
    if plot is not None:
        draw_fan(found, plot)
    if as_json:
        typer.echo(json.dumps(as_plain(found), ensure_ascii=False, indent=1))
        return
    show(_table(found))
    for caution in found.warnings:
        typer.echo(f"Caution: {caution}")
    typer.echo(found.sentence)
    if plot is not None:
        typer.echo(f"Written to {plot}.")


def as_plain(found: Forecast) -> dict[str, Any]:
    """A forecast as JSON holds it; what is infinite is null."""
    return {
        "workflow": found.workflow.name,
        "measured": [curve.workflow.name for curve in found.measured],
        "level": found.level,
        "generations": list(range(1, found.horizon + 1)),
        "median": found.median.tolist(),
        "lower": found.lower.tolist(),
        "upper": found.upper.tolist(),
        "plateau": None if found.plateau is None else _interval(found.plateau),
        "parameters": {name: _interval(value) for name, value in found.parameters.items()},
        "share_of_bias": _interval(found.share_of_bias),
        "families": found.families,
        "warnings": list(found.warnings),
        "rejected": found.rejected,
        "sentence": found.sentence,
    }


def _interval(value: Interval) -> dict[str, float | None]:
    ends = {"median": value.median, "lower": value.lower, "upper": value.upper}
    return {name: number if math.isfinite(number) else None for name, number in ends.items()}


def _table(found: Forecast) -> Table:
    percent = f"{100 * found.level:g} %"
    table = Table(title=f"{found.workflow.name}: losses and where they go", box=None, title_justify="left")
    for name in ("generation", "measured", "median", f"{percent} from", "to"):
        table.add_column(name, justify="right")
    means = {
        int(g): loss
        for curve in found.measured
        if curve.workflow == found.workflow
        for g, loss in zip(curve.generations, curve.mean, strict=True)
    }
    for g in _shown(found.horizon, max(means, default=0)):
        row = (found.median[g - 1], found.lower[g - 1], found.upper[g - 1])
        table.add_row(str(g), f"{means[g]:.5g}" if g in means else "", *(f"{value:.5g}" for value in row))
    return table


def _shown(horizon: int, measured: int) -> list[int]:
    """Generations of the table: the measured ones, then ever fewer."""
    early = range(1, min(horizon, max(measured, 3)) + 1)
    later = [g for scale in (1, 10, 100) for g in (10 * scale, 20 * scale, 50 * scale)]
    first = early if len(early) <= LONGEST_LIST else [*early[:3], *early[-3:]]
    return sorted({*first, *(g for g in later if g < horizon), horizon})
