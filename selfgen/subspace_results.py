"""Cases of a study of subspaces derived, simulated and compared; as a table, files and a figure."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table
from sympy import latex

from numerics.crosscheck import AGREES, DISAGREES, INCONCLUSIVE
from numerics.subspace_loops import simulate_editing, simulate_generations
from numerics.subspaces import SubspaceCheck, check_subspace_error, compared
from selfgen import __version__
from selfgen.finished_cases import FinishedCases, without_time
from selfgen.report import finite, write_texts
from selfgen.style import BLUE, GREY, VERMILION, save_both, styled
from selfgen.subspace_study import Derived, SubspaceCase, SubspaceStudy
from selfgen.verification import processes
from selfgen.web_report.table_page import Shown, Told, write_table_page
from theory.subspaces import IteratedEditing, SubspaceError
from theory.subspaces.error import number_of

#: What is written besides the record of finished cases.
FILES = "index.html, results.json, results.csv, theorems.tex, cases.jsonl and agreement.png"
_COLOURS = {AGREES: "green", DISAGREES: "red", INCONCLUSIVE: "yellow"}


@dataclass(frozen=True)
class SubspaceResult:
    """What one case found, in plain values.

    ``allowance`` is what the derived value may be off by because it is a limit; ``detectable`` the smallest relative
    error in it that would have been caught with probability 0.99.
    """

    name: str
    settings: str
    replicates: int
    seed: int
    theorem: str
    derived: float
    simulated: float
    standard_error: float
    allowance: float
    z: float
    detectable: float
    verdict: str
    seconds: float


def verify(
    study: SubspaceStudy,
    jobs: int = 1,
    figures: Path | None = None,
    begin: Callable[[SubspaceCase], None] = lambda case: None,
    finish: Callable[[SubspaceCase, SubspaceResult], None] = lambda case, result: None,
    finished: FinishedCases[SubspaceResult] | None = None,
) -> list[SubspaceResult]:
    """Derive and simulate every case; what is among ``finished`` is not done again."""
    kept = FinishedCases(SubspaceResult, None) if finished is None else finished
    left = [case for case in study.cases if kept.of(case) is None]
    results = []
    with processes(jobs) as executor:
        running = {} if executor is None else {case: executor.submit(measured, case) for case in left}
        for case in study.cases:
            begin(case)
            known = kept.of(case)
            if known is None:
                known = running[case].result() if case in running else measured(case)
                kept.add(case, known)
            results.append(known)
            finish(case, known)
    if figures is not None:
        draw(study.title, results, figures / "agreement")
    return results


def measured(case: SubspaceCase) -> SubspaceResult:
    """Derive, simulate and compare one case."""
    started = time.perf_counter()
    derived = case.derived()
    theorem, check = _check(case, derived)
    return SubspaceResult(
        name=case.name,
        settings=case.settings,
        replicates=case.replicates,
        seed=case.seed,
        theorem=theorem,
        derived=check.derived,
        simulated=check.simulation.error,
        standard_error=check.simulation.standard_error,
        allowance=check.allowance,
        z=check.z,
        detectable=check.detectable,
        verdict=check.verdict,
        seconds=time.perf_counter() - started,
    )


def _check(case: SubspaceCase, derived: Derived) -> tuple[str, SubspaceCheck]:
    """The theorem line, and the verdict."""
    if isinstance(derived, SubspaceError):
        check = check_subspace_error(derived, case.replicates, case.seed, case.allowance, case.detectable)
        return derived.latex(), check
    if isinstance(derived, IteratedEditing):
        found = simulate_editing(derived.model, case.steps, case.replicates, case.seed)
        left = derived.at(case.steps)
        return rf"l^{{({case.steps})}} \to {latex(left)}", compared(
            number_of(left), found, case.allowance, case.detectable
        )
    model, workflow = derived.first.model, derived.workflow
    found = simulate_generations(model, workflow, case.steps, case.replicates, case.seed)
    value = derived.number(case.steps)
    theorem = rf"E\|P_{{{case.steps}}} - P\|_F^2 \approx {value:.10g}"
    return theorem, compared(value, found, case.allowance, case.detectable)


def describe(case: SubspaceCase) -> str:
    """A case in one line."""
    return f"{case.name}: {case.settings}, {case.replicates} draws"


def remarks(results: list[SubspaceResult]) -> list[str]:
    """What agrees, and what error the study would have found: a sentence for exact values and one for limits."""
    said = [f"{sum(result.verdict == AGREES for result in results)} of {len(results)} cases agree."]
    for words, part in (
        ("exact value", [result for result in results if result.allowance == 0]),
        ("limit", [result for result in results if result.allowance > 0]),
    ):
        if part:
            # Rounded up: a claim of power must not be.
            worst = math.ceil(10_000 * max(result.detectable for result in part)) / 100
            said.append(f"Of every {words} an error of {worst:g} % is caught with probability 0.99.")
    return said


def table(title: str, results: list[SubspaceResult]) -> Table:
    """One row a case."""
    grid = Table(title=escape(title) or None, header_style="bold", pad_edge=False)
    for name in ("case", "model"):
        grid.add_column(name, overflow="fold")
    for name in ("derived", "simulated", "z", "allowed", "detect-\nable"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    for result in results:
        grid.add_row(
            escape(result.name),
            escape(result.settings),
            f"{result.derived:.6f}",
            f"{result.simulated:.6f}",
            f"{result.z:+.2f}",
            f"{result.allowance:.3g}" if result.allowance else "–",
            f"{result.detectable:.2%}",
            f"[{_COLOURS[result.verdict]}]{result.verdict}[/]",
        )
    return grid


def write(folder: Path, study: SubspaceStudy, results: list[SubspaceResult]) -> None:
    """Write results.json, results.csv, theorems.tex and the page of it all."""
    cases = [without_time(result) for result in results]
    found = {"selfgen": __version__, "title": study.title, "source": study.source, "cases": cases}
    text = json.dumps(finite(found), indent=2, ensure_ascii=False, allow_nan=False)
    lines = [f"% {result.name}; {result.settings}\n\\[ {result.theorem} \\]" for result in results]
    document = ["\\documentclass{article}", "\\usepackage{amsmath}", "\\begin{document}", *lines, "\\end{document}"]
    texts = {"results.json": text + "\n", "results.csv": _as_csv(results), "theorems.tex": "\n".join(document) + "\n"}
    write_texts(folder, texts)
    told = Told(study.title, study.source, remarks(results), "agreement.png")
    columns = ("derived", "simulated", "z", "allowed", "detectable", "draws")
    write_table_page(folder, told, columns, [_shown(result) for result in results])


def _shown(result: SubspaceResult) -> Shown:
    """A case on the page."""
    numbers = (f"{result.derived:.6f}", f"{result.simulated:.6f}", f"{result.z:+.2f}")
    allowed = f"{result.allowance:.3g}" if result.allowance else "–"
    cells = (*numbers, allowed, f"{result.detectable:.2%}", f"{result.replicates:,}")
    return Shown(result.name, result.settings, result.verdict, cells, result.theorem)


def _as_csv(results: list[SubspaceResult]) -> str:
    buffer = io.StringIO()
    rows = [{name: value for name, value in asdict(result).items() if name != "seconds"} for result in results]
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def draw(title: str, results: list[SubspaceResult], stem: Path) -> None:
    """Write ``stem``.png and .pdf: simulated over derived, a line a case, with 3 standard errors and the allowance."""
    with styled(6.8, 0.9 + 0.17 * len(results)) as figure:
        axes = figure.add_subplot()
        for place, result in enumerate(results):
            colour = BLUE if result.verdict == AGREES else VERMILION
            off = 100 * (result.simulated / result.derived - 1)
            scale = 100 / result.derived
            axes.barh(place, 2 * scale * result.allowance, left=-scale * result.allowance, height=0.7, color="#dddddd")
            axes.errorbar([off], [place], xerr=3 * scale * result.standard_error, fmt="o", markersize=3, color=colour,
                          elinewidth=0.9, capsize=1.5)  # fmt: skip
        axes.axvline(0, color=GREY, linewidth=0.6)
        axes.set_xscale("symlog", linthresh=0.1)
        axes.set_xticks([-10, -1, -0.1, 0, 0.1, 1, 10], ["−10", "−1", "−0.1", "0", "0.1", "1", "10"])
        names = [f"{result.name}; {result.settings}" for result in results]
        axes.set_yticks(np.arange(len(results)), names, fontsize=6)
        axes.invert_yaxis()
        axes.set_xlabel("simulated − derived, % (bars: 3 standard errors; grey: what a limit may be off by)")
        axes.set_title(title)
        save_both(figure, stem)
