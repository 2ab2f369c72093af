"""The command line: a thin mirror of ``theory`` and ``numerics``.

Exit codes: 0, done (and every case agrees); 1, ``verify`` found a case that does not; 2, bad input, said in one
sentence on standard error.
"""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sympy import Expr, oo, true

from selfgen import __version__
from theory import DomainError

if TYPE_CHECKING:
    from theory import Risk


# What the parser of options raises, whichever package typer has it from.
_UsageError: Any = typer.BadParameter.__base__


class _NotAllowed(Exception):
    """An option with a value that is not allowed."""


class _Group(typer.core.TyperGroup):
    """Commands whose bad input ends in one sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        if sys.stdout is None:
            # Closed by whoever started us: what is printed goes nowhere, what is written to files still does.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except (DomainError, _NotAllowed) as error:
            sentence = str(error)
        except _UsageError as error:
            message = error.format_message().rstrip(".")
            sentence = f"{message}: see 'selfgen {ctx.invoked_subcommand or ''} --help'.".replace("  ", " ")
        except MemoryError:
            sentence = "this needs more memory than there is: ask for fewer generations, or for smaller blocks."
        except KeyboardInterrupt:
            raise typer.Abort from None
        except OSError as error:
            sentence = f"{error.filename or 'standard output'} cannot be written: {error.strerror}."
            # What is left in the buffer would fail again when the interpreter closes it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]
        else:
            return result
        typer.echo(f"selfgen: {sentence}", err=True)
        raise typer.Exit(2)


def _whole(name: str, least: int, most: int | None = None) -> Any:
    """A parser of whole numbers whose errors say what was given and what is allowed."""
    allowed = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise _NotAllowed(f"{name} {text} is not allowed: give {allowed}.")
        return value

    return {"parser": parse, "metavar": "INTEGER"}


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What becomes of a model trained on data that earlier models generated: its expected test risk at every "
    "generation, in closed form, checked by simulation.",
    epilog="Names are the papers': accumulate (augment), replace (discard), linear-regression, … A workflow's own "
    "settings may follow its name: sliding-window:k=3.",
)


class Method(StrEnum):
    """How to simulate."""

    exact_law = "exact-law"
    raw = "raw"


ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model, such as bernoulli or linear-regression.")]
WorkflowName = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="A workflow, such as accumulate or sliding-window:k=3.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model or the workflow; repeatable."),
]
Sizes = Annotated[str | None, typer.Option(help='Block sizes as arithmetic in j, such as "j**2".')]
Loss = Annotated[str, typer.Option(help="Which risk: squared, kl, …")]


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"selfgen {__version__}")
        raise typer.Exit


@app.command()
def verify(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY.toml]", help="A study file; without it, every built-in pair.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write JSON, CSV, LaTeX and one figure a case here.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(**_whole("--jobs", 1, 512), help="Processes; all cores if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(**_whole("--seed", 0), help="In place of the seed among the study's defaults.")
    ] = None,
) -> None:
    """Derive every case of a study, simulate it, and say whether the two agree."""
    from selfgen import report, verification
    from selfgen.study import load

    loaded = load(study, seed=seed)
    if output is not None:
        _make(output)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=_terminal(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    ) as progress:  # fmt: skip
        task = progress.add_task("verifying", total=len(loaded.cases))
        results = verification.verify(
            loaded,
            jobs=_cores() if jobs is None else jobs,
            figures=output,
            report=lambda result: progress.update(task, advance=1, description=result.name),
        )
    terminal = _terminal()
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
    if output is not None:
        report.write(output, loaded, results)
        typer.echo(f"Written to {output}: results.json, results.csv, theorems.tex and a figure a case.")
    if failures:
        raise typer.Exit(1)


@app.command()
def derive(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    loss: Loss = "squared",
    generation: Annotated[
        int | None, typer.Option(**_whole("--generation", 1), help="Also the value at this generation.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the theorem line, to paste into a paper.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Derive the expected risk: closed form, limit, growth, domain."""
    from selfgen.names import build
    from selfgen.values import text, value_at
    from theory import expected_risk

    if latex and as_json:
        raise DomainError("--latex and --json exclude each other: give one of them.")
    built_model, built_workflow = build(model, workflow, _settings(set_, sizes))
    risk = expected_risk(built_model, built_workflow, loss=loss)
    if latex:
        typer.echo(risk.latex())
    elif as_json:
        found = {
            "model": built_model.name,
            "workflow": built_workflow.name,
            "closed_form": risk.closed_form,
            "value": None if generation is None else value_at(risk, generation),
            "limit": risk.limit,
            "growth": risk.growth,
            "domain": risk.domain,
            "exactness": risk.exactness,
            "latex": risk.latex(),
        }
        texts = {name: None if value is None else text(value) for name, value in found.items()}
        typer.echo(json.dumps(texts, ensure_ascii=False, indent=1))
    else:
        _describe(risk, generation)


def _describe(risk: Risk, generation: int | None) -> None:
    """What is known of a risk, a line each."""
    from selfgen.values import value_at
    from selfgen.verification import ratio_limit

    lines: dict[str, object] = {"model": risk.model.name, "workflow": risk.workflow.name, "loss": risk.loss}
    if risk.closed_form is not None:
        lines["closed form"] = risk.closed_form
    else:
        lines["closed form"] = "none; every value comes exactly from the recurrence"
        lines["first order in 1/n"] = _shown(risk.leading_order.closed_form)
    if generation is not None:
        lines[f"risk at {generation}"] = _shown(value_at(risk, generation))
    lines["limit"] = _shown(risk.limit)
    lines["growth"] = _shown(risk.growth)
    lines["limit of the ratio"] = _shown(ratio_limit(risk))
    lines["bound"] = "none" if risk.bound == oo else _shown(risk.bound)
    lines["domain"] = "all parameters" if risk.domain == true else risk.domain
    lines["exactness"] = risk.exactness
    for name, text in lines.items():
        typer.echo(f"{name:<20}{text}")


def _shown(value: Expr | None) -> str:
    """An expression, with its decimal value where it has one that does not show."""
    if value is None:
        return "unknown"
    from selfgen.values import is_long, text

    shown = text(value)
    if value.is_Float or is_long(value):
        return f"≈ {shown}"
    return f"{shown} ≈ {float(value):.10g}" if value.is_number and value.is_finite and not value.is_Integer else shown


@app.command()
def simulate(
    model: ModelName,
    workflow: WorkflowName,
    set_: Set = None,
    sizes: Sizes = None,
    loss: Loss = "squared",
    generations: Annotated[int, typer.Option(**_whole("--generations", 1), help="How many.")] = 20,
    replicates: Annotated[int, typer.Option(**_whole("--replicates", 2), help="Independent chains.")] = 10_000,
    seed: Annotated[int, typer.Option(**_whole("--seed", 0), help="The same seed gives the same numbers.")] = 0,
    method: Annotated[Method, typer.Option(help="Draw estimators, or data points and refit.")] = Method.exact_law,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print generation,mean,stderr.")] = False,
    jobs: Annotated[
        int, typer.Option(**_whole("--jobs", 1, 512), help="Processes; the numbers do not depend on it.")
    ] = 1,
) -> None:
    """Simulate the risk at generations 1, 2, …: mean and standard error."""
    from numerics import simulate as run
    from selfgen.names import build
    from selfgen.verification import processes

    if as_csv and as_json:
        raise DomainError("--csv and --json exclude each other: give one of them.")
    built_model, built_workflow = build(model, workflow, _settings(set_, sizes))
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
        grid = Table("generation", "mean risk", "standard error", header_style="bold")
        for generation, value, error in rows:
            grid.add_row(str(generation), f"{value:.6g}", f"{error:.2g}")
        _terminal().print(grid)


@app.command()
def compare(
    model: ModelName,
    workflows: Annotated[list[str], typer.Argument(metavar="WORKFLOW...", help="Two or more workflows.")],
    set_: Set = None,
    sizes: Sizes = None,
    loss: Loss = "squared",
    generation: Annotated[int, typer.Option(**_whole("--generation", 1), help="At which generation.")] = 100,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the ratios: .png, .pdf or .svg.")] = None,
) -> None:
    """Risk at G over risk at 1 under several workflows, side by side: which collapse, and which do not."""
    from selfgen.comparison import compare as compared
    from selfgen.comparison import plot_comparison
    from selfgen.names import build_all
    from selfgen.report import limit_text

    built_model, built = build_all(model, workflows, _settings(set_, sizes))
    rows = compared(built_model, list(zip(workflows, built, strict=True)), loss, generation)
    if plot is not None:
        plot_comparison(built_model.name, rows, generation, plot)
    grid = Table("workflow", f"ratio at {generation}", "limit", "growth", "collapses", header_style="bold")
    for row in rows:
        grid.add_row(row.name, row.ratio, limit_text(row.limit), row.growth or "unknown", row.verdict)
    _terminal().print(grid)
    if plot is not None:
        typer.echo(f"Written to {plot}.")


def _settings(pairs: list[str] | None, sizes: str | None) -> dict[str, str]:
    from selfgen.names import settings

    found = settings(pairs or [])
    if sizes is not None:
        if "sizes" in found:
            raise DomainError("sizes are given both by --sizes and by --set: give one of them.")
        found["sizes"] = sizes
    return found


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DomainError(f"--output {folder} is not a folder that can be written: {error.strerror}.") from None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Terminal(Console):
    """A console that reports a reader who left, as every other output does, where Rich would exit by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _terminal(stderr: bool = False) -> Console:
    """The terminal; in a file or a pipe, wide enough for formulas."""
    stream = sys.stderr if stderr else sys.stdout
    return _Terminal(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)
