r"""A study of real data: the cases to measure, written as TOML with ``kind = "real-data"``.

.. code-block:: toml

    kind = "real-data"
    title = "Wine"
    output = "wine"                 # a folder, from the current one

    [defaults]
    generations = 10
    replicates = 1_000
    copies = [1, 2, 4, 8]           # labels a row: the test is at copies → ∞

    [[case]]
    data = ["wine", "digits"]                      # one case each
    workflow = ["replace", "sliding-window:k=2"]   # one case each
    design = "fresh"                # labels on bootstrap rows; "shared", the default, keeps the training rows

What is measured, and the prediction, are in :mod:`numerics.real_data`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator
from pydantic import Field, StrictInt, ValidationError
from rich.markup import escape
from rich.table import Table

from numerics.real_data import SOURCES, RealCheck, check_real, real_data
from selfgen.finished_cases import FinishedCases, without_time
from selfgen.report import finite, write_texts
from selfgen.study import (
    Headed,
    Seed,
    Strict,
    Texts,
    chosen_of,
    clipped,
    kind_of,
    listed,
    locate,
    output_folder,
    read,
    seed_of,
    verify_short,
)
from selfgen.style import CYCLE, GREY, plain_ticks, save, styled
from selfgen.verification import processes
from selfgen.web_report.table_page import Shown, Told, write_table_page
from theory import DomainError
from theory.names import build
from theory.workflows.base import Workflow

KIND = "real-data"
#: What is written besides the record of finished cases.
FILES = "index.html, results.json, results.csv, cases.jsonl and a figure a case"

Copies = Annotated[list[Annotated[StrictInt, Field(ge=1, le=1000)]], Field(min_length=3, max_length=20)]
Generations = Annotated[StrictInt, Field(ge=2, le=200)]
Replicates = Annotated[StrictInt, Field(ge=100, le=10**6)]
Design = Literal["shared", "fresh"]


class Defaults(Strict):
    """What a case has unless it says otherwise."""

    generations: Generations = 10
    replicates: Replicates = 1000
    seed: Seed = 1
    copies: Copies = Field(default=[1, 2, 4, 8, 16])
    design: Design = "shared"


class CaseEntry(Strict):
    """A ``[[case]]`` table as written: several sets and workflows stand for a case each."""

    data: Texts
    workflow: Texts
    generations: Generations | None = None
    replicates: Replicates | None = None
    copies: Copies | None = None
    design: Design | None = None


class RealStudyFile(Headed):
    """A whole file as written."""

    kind: Literal["real-data"]
    defaults: Defaults = Field(default_factory=Defaults)
    case: Annotated[list[CaseEntry], Field(min_length=1)]


@dataclass(frozen=True)
class RealCase:
    """One data set under one workflow."""

    data: str
    workflow: str
    generations: int
    replicates: int
    copies: tuple[int, ...]
    design: Design
    seed: int

    @property
    def name(self) -> str:
        """The case in a few words."""
        return ", ".join([self.data, self.workflow, *([] if self.design == "shared" else [f"{self.design} rows"])])

    def build(self) -> Workflow:
        """The workflow; errors name the case."""
        try:
            # A workflow has no model of its own here: any model without parameters in common will do.
            return build("regular", self.workflow, {})[1]
        except DomainError as error:
            raise type(error)(f"case {self.name}: {error}") from None


@dataclass(frozen=True)
class RealStudy:
    """A validated study; ``output`` is the folder it asks to be written to, if any."""

    title: str
    source: str
    output: Path | None
    cases: tuple[RealCase, ...]


@dataclass(frozen=True)
class RealResult:
    """What one case found, in plain values.

    ``ratio`` is one plus the increase of held-out loss over model 1 in units of ``unit``, the predicted risk of
    generation 1, a row for each of ``copies``; ``detectable`` is the smallest relative error in ``prediction`` − 1 that
    would have been caught with probability 0.99.
    """

    data: str
    workflow: str
    design: str
    generations: int
    replicates: int
    seed: int
    rows: int
    parameters: int
    held_out: int
    columns: str
    loss_of_model_1: float
    unit: float
    copies: tuple[int, ...]
    ratio: tuple[tuple[float, ...], ...]
    stderr: tuple[tuple[float, ...], ...]
    prediction: tuple[float, ...]
    failures: tuple[int, ...]
    failure_report: str
    worst_z: float
    p_value: float
    detectable: float
    passed: bool
    reason: str
    seconds: float

    @property
    def name(self) -> str:
        """The case in a few words, as the study names it."""
        return ", ".join([self.data, self.workflow, *([] if self.design == "shared" else [f"{self.design} rows"])])

    @property
    def verdict(self) -> str:
        """Whether the measured ratios agree with the predicted ones, in a word."""
        return "agrees" if self.passed else "disagrees"


def is_real(name: str | Path | None) -> bool:
    """Whether a study file, or a shipped study of this name, is of this kind; false for anything unreadable."""
    return kind_of(name) == KIND


def load(name: str | Path, seed: int | None = None) -> RealStudy:
    """Read a study; every workflow is built once, so that errors come before work.

    ``seed`` takes the place of the file's.
    """
    try:
        written = RealStudyFile.model_validate(read(locate(name), str(name)))
    except ValidationError as error:
        raise DomainError(_sentence(str(name), error)) from None
    root = written.defaults.seed if seed is None else seed
    cases: list[RealCase] = []
    for entry in written.case:
        chosen = chosen_of(entry, written.defaults, "generations", "replicates", "copies", "design")
        verify_short(str(name), *listed(entry.workflow))
        for data, workflow in product(listed(entry.data), listed(entry.workflow)):
            if data not in SOURCES:
                raise DomainError(f"{name}: data = {clipped(data)} is not known: use {', '.join(SOURCES)}.")
            case = RealCase(
                data, workflow, seed=seed_of(root, len(cases)), **{**chosen, "copies": tuple(chosen["copies"])}
            )
            case.build()
            cases.append(case)
    return RealStudy(written.title, written.source, output_folder(str(name), written.output), tuple(cases))


def _sentence(file: str, error: ValidationError) -> str:
    """The first thing wrong, as one sentence."""
    first = error.errors(include_url=False)[0]
    where = [part for part in first["loc"] if not (isinstance(part, str) and ("[" in part or part == "str"))]
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    if first["type"] == "extra_forbidden":
        return f"{file}: unknown key {place}."
    if first["type"] == "missing":
        return f"{file}: key {place} is missing: it is required."
    return f"{file}: {place} = {clipped(first['input'])} is not allowed: {first['msg'][0].lower()}{first['msg'][1:]}."


def verify(
    study: RealStudy,
    jobs: int = 1,
    figures: Path | None = None,
    begin: Callable[[RealCase], None] = lambda case: None,
    finish: Callable[[RealCase, RealResult], None] = lambda case, result: None,
    finished: FinishedCases[RealResult] | None = None,
) -> list[RealResult]:
    """Measure every case in turn; its blocks of replicates are shared out among the processes.

    What is among ``finished`` is not measured again, and what is measured goes there, after its figure.
    """
    kept = FinishedCases(RealResult, None) if finished is None else finished
    results = []
    with processes(jobs) as executor:
        for number, case in enumerate(study.cases):
            begin(case)
            known = kept.of(case)
            if known is not None:
                results.append(known)
                _draw(number, known, figures, anew=False)
                finish(case, known)
                continue
            started = time.perf_counter()
            try:
                check = check_real(
                    real_data(case.data),
                    case.build(),
                    case.generations,
                    case.replicates,
                    case.copies,
                    case.seed,
                    case.design,
                    executor=executor,
                )
            except DomainError as error:
                raise type(error)(f"case {case.name}: {error}") from None
            results.append(_result(case, check, time.perf_counter() - started))
            _draw(number, results[-1], figures)
            kept.add(case, results[-1])
            finish(case, results[-1])
    return results


def _draw(number: int, result: RealResult, figures: Path | None, anew: bool = True) -> None:
    """The figure of a case; only where it is missing, unless ``anew``."""
    if figures is None:
        return
    path = figures / _figure_name(number, result)
    if anew or not path.exists():
        draw_real(result, path)


def _figure_name(number: int, result: RealResult) -> str:
    words = "".join(letter if letter.isalnum() or letter == "-" else "-" for letter in result.name)
    return f"{number + 1:03d}-{words.replace('--', '-')}.png"


def _result(case: RealCase, check: RealCheck, seconds: float) -> RealResult:
    first = check.runs[0]
    told = [f"{_labels(count)}: {run.failures}" for count, run in zip(check.copies, check.runs, strict=True)]
    failed = [run.failures.total for run in check.runs]
    return RealResult(
        data=case.data,
        workflow=case.workflow,
        design=case.design,
        generations=case.generations,
        replicates=case.replicates,
        seed=case.seed,
        rows=len(check.data.labels),
        parameters=check.data.fitted().parameters,
        held_out=len(check.data.held_out.labels),
        columns=check.data.source.about,
        loss_of_model_1=first.at_truth,
        unit=first.unit * check.copies[0],
        copies=check.copies,
        ratio=tuple(tuple(row) for row in check.ratio.tolist()),
        stderr=tuple(tuple(row) for row in check.ratio_stderr.tolist()),
        prediction=tuple(check.prediction.tolist()),
        failures=tuple(failed),
        failure_report="; ".join(text for text, count in zip(told, failed, strict=True) if count),
        worst_z=check.worst_z,
        p_value=check.p_value,
        detectable=check.detectable,
        passed=check.passed,
        reason=check.reason,
        seconds=seconds,
    )


def _labels(copies: int) -> str:
    return f"{copies} label{'s' if copies > 1 else ''} a row"


def power(results: list[RealResult]) -> str:
    """What error the study would have found, as a sentence."""
    worst = max(result.detectable for result in results)
    if not math.isfinite(worst):
        return "Some case has no power: too many of its fits failed for the prediction to be judged."
    # Rounded up: a claim of power must not be.
    return (
        f"In every case a prediction whose increase over model 1 is wrong by {math.ceil(1000 * worst) / 10:g} % at all "
        f"generations is caught with probability 0.99, as labels a row grow without bound."
    )


def describe(case: RealCase) -> str:
    """A case in one line."""
    return f"{case.name}: {case.replicates} replicates"


def remarks(results: list[RealResult]) -> list[str]:
    """What failed and why, which columns were used, and how many cases agree, a sentence each."""
    said = []
    for result in results:
        said += [f"{result.name}: {result.failure_report}"] if result.failure_report else []
        said += [] if result.passed else [f"{result.name}: {result.reason}"]
    agree = sum(result.passed for result in results)
    return [*said, *columns(results), f"{agree} of {len(results)} cases agree. {power(results)}"]


def columns(results: list[RealResult]) -> list[str]:
    """Which columns of each set are used, and why, a sentence each."""
    return [f"{data}: {about}." for data, about in {result.data: result.columns for result in results}.items()]


def table(title: str, results: list[RealResult]) -> Table:
    """One row a case: the ratio at the last generation, predicted, at the fewest and at the most labels a row."""
    grid = Table(title=escape(title) or None, header_style="bold", pad_edge=False)
    for name in ("data", "workflow", "rows"):
        grid.add_column(name, no_wrap=True)
    for name in ("predicted\nratio", "measured,\nfewest labels", "measured,\nmost labels", "failed\nfits",
                 "worst\n|z|", "p", "detect-\nable"):  # fmt: skip
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    for result in results:
        grid.add_row(
            result.data,
            escape(result.workflow),
            result.design,
            f"{result.prediction[-1]:.3f}",
            *(f"{result.ratio[at][-1]:.3f} ± {result.stderr[at][-1]:.3f}" for at in (0, -1)),
            str(sum(result.failures)) if sum(result.failures) else "–",
            f"{result.worst_z:.2f}",
            f"{result.p_value:.3f}",
            f"{result.detectable:.1%}" if math.isfinite(result.detectable) else "–",
            "[green]agrees[/]" if result.passed else "[red]disagrees[/]",
        )
    return grid


def write(folder: Path, study: RealStudy, results: list[RealResult]) -> None:
    """Write results.json, results.csv and the page of it all."""
    found = {"title": study.title, "source": study.source, "cases": [without_time(result) for result in results]}
    text = json.dumps(finite(found), indent=2, allow_nan=False)
    write_texts(folder, {"results.json": text + "\n", "results.csv": _as_csv(results)})
    columns = ("generations", "predicted", "measured", "worst |z|", "p", "detectable")
    shown = [_shown(number, result) for number, result in enumerate(results)]
    write_table_page(folder, Told(study.title, study.source, remarks(results)), columns, shown)


def _shown(number: int, result: RealResult) -> Shown:
    """A case on the page; of its ratios those of the last generation, at the most labels a row."""
    power = f"{result.detectable:.1%}" if math.isfinite(result.detectable) else "–"
    last = (f"{result.prediction[-1]:.3f}", f"{result.ratio[-1][-1]:.3f} ± {result.stderr[-1][-1]:.3f}")
    cells = (str(result.generations), *last, f"{result.worst_z:.2f}", f"{result.p_value:.3f}", power)
    settings = f"{result.rows} rows, {result.parameters} parameters, {result.replicates} replicates"
    return Shown(
        result.name, settings, result.verdict, cells, figure=_figure_name(number, result), remark=result.reason
    )


def _as_csv(results: list[RealResult]) -> str:
    """One row a case, number of copies and generation."""
    buffer = io.StringIO()
    rows = csv.writer(buffer)
    columns = ("data", "workflow", "design", "copies", "generation", "prediction", "ratio", "stderr", "failed")
    rows.writerow(columns)
    for result in results:
        named = (result.data, result.workflow, result.design)
        for at, copies in enumerate(result.copies):
            for g, predicted in enumerate(result.prediction):
                measured = (result.ratio[at][g], result.stderr[at][g], result.failures[at])
                rows.writerow([*named, copies, g + 1, predicted, *measured])
    return buffer.getvalue()


def draw_real(result: RealResult, path: Path) -> None:
    """Write a figure: the ratio predicted as a line, measured at the fewest and at the most labels a row as points."""
    generations = np.arange(1, result.generations + 1)
    with styled(3.6, 2.7) as figure:
        axes = figure.add_subplot()
        axes.plot(generations, result.prediction, color=GREY, linewidth=1.2, label="prediction")
        for at, colour, fill in ((0, CYCLE[1], "white"), (-1, CYCLE[0], CYCLE[0])):
            copies = result.copies[at]
            axes.errorbar(
                generations,
                result.ratio[at],
                yerr=2 * np.asarray(result.stderr[at]),
                fmt="o",
                markersize=3.4,
                markerfacecolor=fill,
                markeredgecolor=colour,
                ecolor=colour,
                elinewidth=0.8,
                label=_labels(copies)
                + (f", {result.failures[at]} of {result.replicates} failed" if result.failures[at] else ""),
            )
        values = np.array([result.ratio[0], result.ratio[-1], result.prediction])
        if (values > 0).all() and values.max() > 3:
            axes.set_yscale("log")
            ticks = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)
            plain_ticks(axes.yaxis, [tick for tick in ticks if tick < 1.15 * values.max()])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.set_xlabel("generation $G$")
        axes.set_ylabel("1 + increase of held-out loss / unit")
        axes.set_title(f"{result.name}\nunit = {result.unit:.3g} a label a row, $N$ = {result.rows}")
        axes.legend(loc="upper left" if values[:, -1].max() > 3 else "lower right")
        save(figure, path)
