"""``selfgen compare``: workflows side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from selfgen.commands import completion
from selfgen.commands.options import Loss, ModelName, Set, Sizes, Symbols, settings_of, whole
from selfgen.commands.terminal import show
from selfgen.comparison import plot_comparison, side_by_side
from selfgen.report import limit_text
from theory.names import build_all


def command(
    model: ModelName,
    workflows: Annotated[
        list[str],
        typer.Argument(metavar="WORKFLOW...", autocompletion=completion.workflows, help="Two or more workflows."),
    ],
    than_model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            autocompletion=completion.models,
            help="Another model, under which each workflow is compared too, such as the one that bends less.",
        ),
    ] = None,
    set_: Set = None,
    sizes: Sizes = None,
    symbols: Symbols = None,
    loss: Loss = "squared",
    generation: Annotated[int, typer.Option(**whole("--generation", 1), help="At which generation.")] = 100,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the ratios: .png, .pdf or .svg.")] = None,
    in_order: Annotated[
        bool, typer.Option("--order", help="Also say of every two which is better, from where on, and why.")
    ] = False,
) -> None:
    """Workflows side by side: risk at G over risk at 1, limit, which collapse; who is better, from where, for how long.

    The order is that of the risks themselves, by exact values at the first generations and, where it can be proved,
    for ever; a crossing is a generation from which the order of two workflows is another than before.
    With --than-model every workflow is compared under both models, by the risks themselves.
    """
    built_model, built = build_all(model, workflows, settings_of(set_, sizes), symbols or ())
    others = None
    if than_model is not None:
        others = (
            build_all(than_model, workflows, settings_of(set_, sizes), symbols or ())[0],
            *_names(model, than_model),
        )
    compared = side_by_side(built_model, list(zip(workflows, built, strict=True)), loss, generation, others)
    if plot is not None:
        plot_comparison(built_model.name, compared, plot)
    ranked = any(row.final is not None for row in compared.rows)
    grid = Table(header_style="bold")
    grid.add_column("workflow", no_wrap=True)
    for column in (f"{'ratio' if others is None else 'risk'} at {generation}", f"place at {generation}", "limit"):
        grid.add_column(column)
    for column in (*(["place in the limit"] if ranked else []), "growth", "collapses"):
        grid.add_column(column)
    for row in compared.rows:
        place, final = ("?" if found is None else str(found) for found in (row.place, row.final))
        last = (*([final] if ranked else []), row.growth or "unknown", row.verdict)
        grid.add_row(*map(escape, (row.name, row.ratio, place, limit_text(row.limit), *last)))
    show(grid)
    pairs = Table(header_style="bold")
    for column in ("better", "than"):
        pairs.add_column(column, no_wrap=True)
    for column in ("where", "dominates", "known"):
        pairs.add_column(column)
    for standing in compared.standings:
        dominates = {True: "yes", False: "no", None: "unknown"}[standing.dominates]
        pairs.add_row(*map(escape, (standing.better, standing.worse, standing.where, dominates, standing.known)))
    if compared.standings:
        show(pairs)
    for sentence in (*compared.changes, compared.best, *compared.remarks):
        typer.echo(sentence)
    if in_order:
        for standing in compared.standings:
            typer.echo(standing.sentence)
    if plot is not None:
        typer.echo(f"Written to {plot}.")


def _names(model: str, other: str) -> tuple[str, str]:
    """What two models are called side by side: their names, with the settings that differ where these are the same."""
    (name, _, own), (second, _, others) = model.partition(":"), other.partition(":")
    if name != second:
        return name, second
    mine, theirs = own.split(","), others.split(",")
    left = [",".join(item for item in one if item not in two) for one, two in ((mine, theirs), (theirs, mine))]
    first, then = (f"{name}:{rest}" if rest else name for rest in left)
    return first, then
