"""``selfgen verify``: derive, simulate, and say whether the two agree."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from selfgen.commands.options import whole
from selfgen.commands.terminal import cores, make_folder, terminal

from selfgen import overview, real_study, report, verification
from selfgen.progress import Progress
from selfgen.study import load
from selfgen import real_study


def verify(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY.toml]", help="A study file; without it, every built-in pair.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write JSON, CSV, LaTeX and figures here, not where the study says, if it does.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(**whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(**whole("--seed", 0), help="In place of the seed among the study's defaults.")
    ] = None,
) -> None:
    """Derive every case of a study, simulate it, and say whether the two agree."""
    if study is not None and real_study.is_real(study):
        _verify_real(study, output, cores() if jobs is None else jobs, seed)
        return
    loaded = load(study, seed=seed)
    folder = loaded.output if output is None else output
    if folder is not None:
        make_folder(folder, f"--output {folder}" if output is not None else f"output = {str(folder)!r} of the study")
    with Progress(len(loaded.cases), terminal(stderr=True), shown=sys.stderr.isatty()) as progress:
        results = verification.verify(
            loaded,
            jobs=cores() if jobs is None else jobs,
            figures=folder,
            begin=progress.begin,
            finish=progress.finish,
        )
    terminal = terminal()
    terminal.print(report.table(loaded.title, results, terminal.width))
    failures = [result for result in results if not result.passed]
    for result in failures:
        reason = result.reason or "the simulation contradicts the formula"
        typer.echo(f"{result.name} ({report.settings_text(result)}): {reason}")
    worst = max(result.detectable for result in results)
    if math.isfinite(worst):
        # Rounded up: a claim of power must not be.
        power = f"In every case a formula wrong by {math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
    else:
        power = "Some case has no power: its simulation cannot judge the formula."
    typer.echo(f"{len(results) - len(failures)} of {len(results)} cases agree. {power}")
    closed = [result for result in results if result.certified is not None]
    if closed:
        proved = sum(result.certified is True for result in closed)
        typer.echo(f"{len(closed)} of the risks have a closed form; {proved} of these have a certificate, checked.")
    partly = sum(result.checked < result.generations for result in results)
    if partly:
        typer.echo(f"As the study asks, the later generations of {partly} of them were simulated but not judged.")
    if folder is not None:
        report.write(folder, loaded, results)
        drawn = overview.write(folder, results)
        what = "a figure a case" if drawn == 0 else f"{drawn} overview{'s' if drawn > 1 else ''} of grids"
        if drawn > 0 and not all(result.grid for result in results):
            what += ", and a figure of every other case"
        typer.echo(f"Written to {folder}: results.json, results.csv, theorems.tex and {what}.")
    if failures:
        raise typer.Exit(1)


def _verify_real(study: str, output: Path | None, jobs: int, seed: int | None) -> None:
    """The same for a study of real data, whose later generations are labelled by fitted models."""
    loaded = real_study.load(study, seed=seed)
    folder = loaded.output if output is None else output
    if folder is not None:
        make_folder(folder, f"--output {folder}" if output is not None else f"output = {str(folder)!r} of the study")
    results = real_study.verify(loaded, jobs=jobs, figures=folder)
    terminal().print(real_study.table(loaded.title, results))
    for result in results:
        if result.failure_report:
            typer.echo(f"{result.name}: {result.failure_report}")
        if not result.passed:
            typer.echo(f"{result.name}: {result.reason}")
    failures = [result for result in results if not result.passed]
    for sentence in real_study.columns(results):
        typer.echo(sentence)
    typer.echo(f"{len(results) - len(failures)} of {len(results)} cases agree. {real_study.power(results)}")
    if folder is not None:
        real_study.write(folder, loaded, results)
        typer.echo(f"Written to {folder}: results.json, results.csv and a figure a case.")
    if failures:
        raise typer.Exit(1)
