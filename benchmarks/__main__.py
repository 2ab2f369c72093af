"""``python -m benchmarks``: measure everything in one run and print it."""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import sympy
from rich.console import Console, Group
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.bent import BentSpeed, bent_speeds
from benchmarks.beside import beside
from benchmarks.density import density_growth
from benchmarks.derivation import Derivation, derivations, evaluation_seconds, import_seconds
from benchmarks.editing import EditSpeed, edit_speeds
from benchmarks.exact_values import SPEEDUP as VALUE_SPEEDUP
from benchmarks.exact_values import ValueSpeed, late_seconds, value_speeds
from benchmarks.forecast import forecast_seconds
from benchmarks.generative import GENERATIVE_SETTINGS, GenerativeSpeed, measure_generative
from benchmarks.many_generations import Against, many_generations
from benchmarks.peers import Answer, answers
from benchmarks.regressions import GENERATIONS as FITS
from benchmarks.regressions import SPEEDUP as FITS_SPEEDUP
from benchmarks.regressions import RegressionSpeed, regression_speeds
from benchmarks.simulation import (
    EXACT_OVERHEAD,
    GENERATIONS,
    RAW_OVERHEAD,
    SETTINGS,
    SPEEDUP,
    Speed,
    measure,
    setup_seconds,
)
from benchmarks.workflow_values import workflow_speeds

DERIVATION_TARGET = IMPORT_TARGET = 1.0
WIDTH = 150


def main() -> None:
    """Run the benchmarks."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--output", type=Path, help="write the measurements as JSON to this file")
    arguments.add_argument("--rounds", type=int, default=5, help="rounds of each timing; the median counts (default 5)")
    options = arguments.parse_args()
    if options.rounds < 1:
        arguments.error(f"--rounds = {options.rounds} is not allowed: give a whole number, 1 or more.")
    console = Console()
    # A table cut to 80 columns says nothing: files and pipes get all of it.
    console = console if console.is_terminal else Console(width=max(console.width, WIDTH))
    start = time.perf_counter()
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True),
        transient=True, disable=not Console(stderr=True).is_terminal,
    )  # fmt: skip
    with progress:
        task = progress.add_task("import")
        imported = import_seconds("theory")
        progress.update(task, description="derivations")
        derived = derivations()
        progress.update(task, description="evaluation")
        other = evaluation_seconds()
        other = {f"evaluate, Bernoulli under accumulate: {name}": taken for name, taken in other.items()}
        other["simulate, set up: 100 generations of accumulate"] = setup_seconds()
        progress.update(task, description="forecasts")
        other |= forecast_seconds(options.rounds)
        speeds = []
        for setting in SETTINGS:
            for accumulate in (False, True):
                progress.update(task, description=f"simulation: {setting.name}")
                speeds.append(measure(setting, accumulate, options.rounds))
        fitted = []
        for generative in GENERATIVE_SETTINGS:
            progress.update(task, description=f"Gaussian fits: d = {generative.d}, {generative.workflow.name}")
            fitted.append(measure_generative(generative, options.rounds))
        progress.update(task, description="logistic regressions")
        regressed = regression_speeds(options.rounds)
        progress.update(task, description="loops that bend")
        bent = bent_speeds(options.rounds)
        progress.update(task, description="many generations")
        many = many_generations(options.rounds)
        progress.update(task, description="loops beside")
        loops = beside(options.rounds)
        progress.update(task, description="peers")
        asked = answers()
        progress.update(task, description="workflows")
        other |= {
            f"evaluate, 10,000 generations, {speed.workflow}: {speed.slowdown:.2f} × accumulate's": speed.seconds
            for speed in workflow_speeds(options.rounds)
        }
        progress.update(task, description="late exact values")
        values = value_speeds()
        other |= late_seconds()
        progress.update(task, description="kernel densities")
        growth = density_growth(min(options.rounds, 3))
        progress.update(task, description="editing")
        edited = edit_speeds(min(options.rounds, 3))
    tables = (
        speed_table(speeds),
        generative_table(fitted),
        regression_table(regressed),
        bent_table(bent),
        many_table(many),
        beside_table(loops),
        against_table(growth, "Growth of processor time", "1 is linear; of n log n it is 1.1 here, of all pairs 2."),
        peer_table(asked),
        value_table(values),
        edit_table(edited),
        derivation_table(derived),
        other_table(imported, other),
    )
    console.print(Group(*tables))
    console.print(
        f"{time.perf_counter() - start:.0f} s in all, on {platform.machine()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, SymPy {sympy.__version__}."
    )
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        many += loops + growth
        content = as_json(speeds, fitted, regressed, bent, many, asked, values, edited, derived, imported, other)
        options.output.write_text(json.dumps(content, indent=2) + "\n")


def speed_table(speeds: list[Speed]) -> Table:
    """One row a setting and workflow."""
    table = Table(
        title=f"Processor time per replicate of {GENERATIONS} generations, one core",
        caption=(
            f"Targets: (a)/(c) ≥ {SPEEDUP:g} everywhere; to draws ≤ {RAW_OVERHEAD:g} of (b), "
            f"{EXACT_OVERHEAD:g} of (c) for scalar families. The draws of (c) "
            "for Bernoulli are NumPy's binomials; the sampler reads tables, so its ratio can be below 1."
        ),
    )
    for name in ("setting", "workflow"):
        table.add_column(name)
    for name in ("(a) plain\nloop", "(b) raw", "(c) exact\nlaw", "draws\nof (b)", "draws\nof (c)", "(a)/(c)",
                 "(b)/draws", "(c)/draws", "targets"):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    for speed in speeds:
        table.add_row(
            speed.setting,
            speed.workflow,
            *map(duration, (speed.plain, speed.raw, speed.exact, speed.raw_draws, speed.exact_draws)),
            judged(f"{speed.speedup:.0f}", speed.speedup >= SPEEDUP),
            judged(f"{speed.raw_overhead:.2f}", speed.raw_overhead <= RAW_OVERHEAD, speed.scalar),
            judged(f"{speed.exact_overhead:.2f}", speed.exact_overhead <= EXACT_OVERHEAD, speed.scalar),
            "[green]met[/]" if speed.meets_targets else "[red]missed[/]",
        )
    return table


def generative_table(fitted: list[GenerativeSpeed]) -> Table:
    """One row a Gaussian fit and workflow."""
    table = Table(
        title=f"Gaussian fits: processor time per replicate of {GENERATIONS} generations, one core",
        caption="Targets at d = 7: the exact law 100 times faster than the plain loop; raw subsampling 10 times. At "
        "d = 31 drawing the normals alone is most of the time that is left.",
    )
    for name in ("setting", "workflow"):
        table.add_column(name)
    for name in ("(a) plain\nloop", "(b) raw", "(c) exact\nlaw", "(a)/(b)", "(a)/(c)", "target"):
        table.add_column(name, justify="right", no_wrap=True)
    for speed in fitted:
        table.add_row(
            f"Gaussian fit, d = {speed.d}, n = {speed.n}",
            speed.workflow,
            *map(duration, (speed.plain, speed.raw, speed.exact)),
            judged(f"{speed.raw_speedup:.3g}", speed.meets_target, speed.subsampled and speed.target is not None),
            judged(f"{speed.exact_speedup:.3g}", speed.meets_target, not speed.subsampled and speed.target is not None),
            "–" if speed.target is None else f"{speed.target:g}",
        )
    return table


def regression_table(regressed: list[RegressionSpeed]) -> Table:
    """One row a workflow."""
    table = Table(
        title=f"Logistic regression, d = 5, n = 500: processor time per replicate of {FITS} generations",
        caption=f"Target: the faster of the loops over scikit-learn's fits, {FITS_SPEEDUP:g} times the batched one.",
    )
    table.add_column("workflow")
    for name in ("lbfgs loop", "newton-cholesky loop", "batched", "ratio"):
        table.add_column(name, justify="right")
    for speed in regressed:
        times = map(duration, (*speed.looped.values(), speed.batched))
        table.add_row(speed.workflow, *times, judged(f"{speed.speedup:.0f}", speed.meets_target))
    return table


def bent_table(bent: list[BentSpeed]) -> Table:
    """One row a question, model and workflow."""
    table = Table(
        title="Loops that bend: processor time over that of the unbiased model, in the same run, warm",
        caption="Recurrence: expected_risk alone. Derivation: closed form, limit and growth too. A posterior sample is "
        "a second random number a generation, which no implementation can save.",
    )
    for name in ("question", "model", "workflow"):
        table.add_column(name)
    for name in ("unbiased", "bent", "target", "before", "now"):
        table.add_column(name, justify="right", no_wrap=True)
    for speed in bent:
        table.add_row(
            speed.question,
            speed.model,
            speed.workflow,
            *map(duration, (speed.unbiased, speed.bent)),
            f"{speed.target:g}",
            "–" if speed.before is None else f"{speed.before:g}",
            judged(f"{speed.ratio:.2f}", speed.meets_target),
        )
    return table


def many_table(many: list[Against]) -> Table:
    """One row a time."""
    title = "Many generations: processor time over that of the normals of R = 2000, G = 3000, in the same run"
    return against_table(
        many, title, "The last row is over the first time. Largest memory: make bench-compare BASE=COMMIT."
    )


def beside_table(loops: list[Against]) -> Table:
    """One row a loop that a user would write."""
    caption = "Numba's rows where it is installed."
    return against_table(loops, "Processor time over that of a loop by hand, in the same run", caption)


def against_table(rows: list[Against], title: str, caption: str) -> Table:
    """One row a time in units of another."""
    table = Table(title=title, caption=caption)
    table.add_column("what")
    for name in ("target", "before", "now"):
        table.add_column(name, justify="right", no_wrap=True)
    for against in rows:
        now = judged(f"{against.now:.3g}", against.meets_target)
        table.add_row(against.what, f"{against.target:g}", f"{against.before:g}", now)
    return table


def peer_table(asked: list[Answer]) -> Table:
    """One row a question, one column a peer: right or wrong, and the time of the whole process."""
    peers = list(dict.fromkeys(answer.peer for answer in asked))
    caption = "No number: a formula was given back as it was asked, or none. selfgen derives what the others are given."
    table = Table(title="One question, several systems: the answer, and processor time of the process", caption=caption)
    table.add_column("question")
    for peer in peers:
        table.add_column(peer)
    for question in dict.fromkeys(answer.question for answer in asked):
        cells = {answer.peer: answer for answer in asked if answer.question == question}
        table.add_row(question, *(peer_cell(cells[peer]) for peer in peers))
    return table


def peer_cell(answer: Answer) -> str:
    """Green where the answer is right."""
    taken = "" if answer.seconds is None else f", {duration(answer.seconds)}"
    return judged(answer.verdict + taken, answer.verdict == "right", answer.seconds is not None)


def value_table(values: list[ValueSpeed]) -> Table:
    """One row a recurrence and generation."""
    table = Table(
        title="One late exact value over Q",
        caption=f"Target at the last generation: {VALUE_SPEEDUP:g} times faster than one step after another.",
    )
    for name in ("model", "workflow"):
        table.add_column(name)
    for name in ("generation", "stepwise", "tree", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for speed in values:
        times = map(duration, (speed.stepwise, speed.tree))
        ratio = judged(f"{speed.speedup:.0f}", speed.meets_target)
        table.add_row(speed.model, speed.workflow, str(speed.generation), *times, ratio)
    return table


def edit_table(edited: list[EditSpeed]) -> Table:
    """One row a shape."""
    table = Table(
        title="Projection editing of a whole model: processor time",
        caption="Published: centred and decomposed in every layer, for every MLP weight, in float32, with a dense "
        "projector for every edited one; here the edited layers alone, their subspace in float64. One layer: had the "
        "published algorithm left the others alone, and decomposed it once.",
    )
    table.add_column("model")
    for name in ("published", "here", "ratio", "target", "one layer", "subspaces\ndiffer by", "memory,\nmatrices"):
        table.add_column(name, justify="right", no_wrap=True)
    for speed in edited:
        table.add_row(
            speed.name,
            *map(duration, (speed.published, speed.ours)),
            judged(f"{speed.speedup:.3g}", speed.meets_target),
            f"{speed.target:g}",
            f"{speed.layer_speedup:.3g}",
            f"{speed.gap:.1e}",
            f"{speed.memory:.2f}",
        )
    return table


def derivation_table(derived: list[Derivation]) -> Table:
    """Models down, workflows across."""
    workflows = list(dict.fromkeys(item.workflow for item in derived))
    table = Table(
        title="Derivation: closed form, limit and growth, nothing cached",
        caption=f"Target: under {DERIVATION_TARGET:g} s. * no closed form, values by recurrence; – not derived.",
    )
    table.add_column("model")
    for workflow in workflows:
        table.add_column(workflow, justify="right")
    for model in dict.fromkeys(item.model for item in derived):
        cells = {item.workflow: item for item in derived if item.model == model}
        table.add_row(model, *(derivation_cell(cells[workflow]) for workflow in workflows))
    return table


def derivation_cell(item: Derivation) -> str:
    """The time, starred where there is no closed form."""
    if item.seconds is None:
        return "–"
    return judged(duration(item.seconds) + ("" if item.closed else " *"), item.seconds < DERIVATION_TARGET)


def other_table(imported: float, other: dict[str, float]) -> Table:
    """Import, evaluation and the set-up of a simulation."""
    table = Table(title="Import, evaluation, set-up")
    table.add_column("what")
    table.add_column("time", justify="right")
    table.add_row("import theory (target: under 1 s)", judged(duration(imported), imported < IMPORT_TARGET))
    for name, taken in other.items():
        table.add_row(name, duration(taken))
    return table


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def judged(text: str, met: bool, counts: bool = True) -> str:
    """Green when the target is met, red when it is missed, plain when there is none."""
    if not counts:
        return text
    return f"[green]{text}[/]" if met else f"[red]{text}[/]"


def as_json(
    speeds: list[Speed],
    fitted: list[GenerativeSpeed],
    regressed: list[RegressionSpeed],
    bent: list[BentSpeed],
    many: list[Against],
    asked: list[Answer],
    values: list[ValueSpeed],
    edited: list[EditSpeed],
    derived: list[Derivation],
    imported: float,
    other: dict[str, float],
) -> dict[str, object]:
    """The measurements, in seconds."""
    return {
        "generations": GENERATIONS,
        "simulation": [
            {
                **vars(speed),
                "plain/exact": speed.speedup,
                "raw/draws": speed.raw_overhead,
                "exact/draws": speed.exact_overhead,
                "met": speed.meets_targets,
            }
            for speed in speeds
        ],
        "Gaussian fits": [
            {
                **vars(speed),
                "plain/raw": speed.raw_speedup,
                "plain/exact": speed.exact_speedup,
                "met": speed.meets_target,
            }
            for speed in fitted
        ],
        "logistic regression": [vars(speed) | {"speedup": speed.speedup} for speed in regressed],
        "loops that bend": [
            {**vars(speed), "ratio": speed.ratio, "before": speed.before, "met": speed.meets_target} for speed in bent
        ],
        "many generations": [vars(against) | {"met": against.meets_target} for against in many],
        "peers": [vars(answer) for answer in asked],
        "late exact values": [vars(speed) | {"speedup": speed.speedup} for speed in values],
        "editing": [vars(speed) | {"speedup": speed.speedup, "met": speed.meets_target} for speed in edited],
        "derivation": [vars(item) for item in derived],
        "import theory": imported,
        "other": other,
    }


if __name__ == "__main__":
    main()
