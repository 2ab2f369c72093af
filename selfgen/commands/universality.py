"""``selfgen universality``: regressions fitted generation after generation."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from selfgen.commands.options import whole, whole_numbers
from selfgen.commands.terminal import cores, show, waiting
from selfgen.regressions import regressions
from selfgen.style import verify_kind
from selfgen.universality import as_json as plain
from selfgen.universality import draw_universality, table
from selfgen.universality import universality as measured
from selfgen.verification import processes
from theory import DomainError
from theory.names import build


class Design(StrEnum):
    """On which rows later generations are labelled."""

    shared = "shared"
    fresh = "fresh"


def command(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="logistic, poisson, multinomial, or all.")] = "all",
    workflows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORKFLOW...]",
            help="If left out: replace, accumulate and accumulate-subsample.",
            show_default=False,
        ),
    ] = None,
    sizes: Annotated[
        str, typer.Option("--n", metavar="N,N,N,…", help="Labels in a block: three or more, multiples of 25.")
    ] = "400,600,1000,1600,2400",
    generations: Annotated[int, typer.Option(**whole("--generations", 2, 1000), help="How many.")] = 8,
    replicates: Annotated[int, typer.Option(**whole("--replicates", 100), help="Chains of fits at each n.")] = 3000,
    design: Annotated[
        Design, typer.Option(help="Labels on the same rows ever, or on rows drawn anew.")
    ] = Design.shared,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="The same seed gives the same numbers.")] = 0,
    plot: Annotated[
        Path | None, typer.Option("--plot", "--figure", metavar="FILE", help="Also draw it: .png, .pdf or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
    jobs: Annotated[
        int | None, typer.Option(**whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
) -> None:
    """Fit regressions generation after generation: does risk follow the universal ratio, and do the rest fall like 1/n?

    Logistic, Poisson and multinomial regression have no closed form; to leading order in 1/n their risk is the same
    multiple of that of generation 1. What is measured beyond it is fitted on powers of 1/n: nothing may be left as n
    grows, and the power must be −1. The exit code is 1 where one of them is not so. About a minute on two cores.
    """
    listed = whole_numbers("--n", sizes)
    if min(listed) < 1 or len(set(listed)) < 3:
        raise DomainError(f"--n {sizes} is not allowed: give three different whole numbers or more, none below 1.")
    if plot is not None:
        verify_kind(plot, "--plot ")
    named = workflows or ["replace", "accumulate", "accumulate-subsample"]
    built = [build("regular", name, {})[1] for name in named]
    models = regressions(model, design.value)
    found = {}
    with processes(cores() if jobs is None else jobs) as executor:
        for name, of in models.items():
            with waiting(f"fitting {name} regressions"):
                found[name] = measured(of, built, listed, generations, replicates, seed, executor)
    if plot is not None:
        draw_universality(found, plot)
    approaches = [approach for each in found.values() for approach in each]
    if as_json:
        typer.echo(json.dumps(plain(found), ensure_ascii=False, indent=1))
    else:
        show(table(found))
        for name, each in found.items():
            for approach in each:
                for n, run in zip(approach.sizes, approach.runs, strict=True):
                    if run.failures.total:
                        typer.echo(f"{name}, {approach.workflow.name}, n = {n:g}, not in the fit: {run.failures}.")
        worst = max(approach.detectable for approach in approaches)
        agreeing = sum(approach.passed for approach in approaches)
        typer.echo(
            f"{agreeing} of {len(approaches)} agree. In every case a universal ratio wrong by "
            f"{math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
        )
        if plot is not None:
            typer.echo(f"Written to {plot}.")
    if not all(approach.passed for approach in approaches):
        raise typer.Exit(1)
