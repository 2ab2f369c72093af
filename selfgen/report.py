"""Results as a table on the terminal, and as JSON, CSV and LaTeX files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.box import HEAVY_HEAD, SIMPLE
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from numerics.crosscheck import AGREES, DISAGREES, INCONCLUSIVE
from selfgen import __version__
from selfgen.case_result import CaseResult
from selfgen.finished_cases import without_time
from selfgen.study import Study
from selfgen.tables import fitted, stacked
from selfgen.web_report.results_file import SCHEMA
from theory.whole_file import write_text

#: Narrower terminals get model, settings, workflow and closed form under one another in a single column.
WIDE = 140
#: Narrower terminals do without the risk at the last generation where cases have one line each.
MEDIUM = 96
#: More cases than this have one line each: the closed forms are in the files.
MANY = 100


def table(title: str, results: Sequence[CaseResult], width: int = WIDE) -> RenderableType:
    """What was derived, and what the simulation said of it: one row a case, and one line where they are many."""
    if len(results) > MANY or any(result.grid for result in results):
        return _sections(title, results, width)
    wide = width >= WIDE
    losses = len({result.loss for result in results}) > 1
    grid = Table(title=escape(title) or None, header_style="bold", pad_edge=False, box=HEAVY_HEAD if wide else SIMPLE)
    if wide:
        grid.add_column("model", no_wrap=True)
        grid.add_column("settings", max_width=22)
        grid.add_column("workflow", no_wrap=True)
        if losses:
            grid.add_column("loss", no_wrap=True)
        grid.add_column("closed form", max_width=48, overflow="fold")
    else:
        grid.add_column("case", overflow="fold")
    for name in _VERDICT_COLUMNS[:-1]:
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column(_VERDICT_COLUMNS[-1], no_wrap=True)
    for result in results:
        formula = _clipped(formula_text(result))
        if wide:
            case = [result.model, settings_text(result), result.workflow, *([result.loss] if losses else []), formula]
            cells = [escape(cell) for cell in case]
        else:
            name = ", ".join([result.model, result.workflow, *([result.loss] if losses else [])])
            cells = [f"[bold]{escape(name)}[/bold]\n{escape(settings_text(result))}\n{escape(formula)}\n"]
        grid.add_row(*cells, *_verdict_cells(result))
    return fitted(grid, width)


def _sections(title: str, results: Sequence[CaseResult], width: int) -> Group:
    """One line a case, under headings of model, workflow, loss and what else the cases share."""
    partly = any(result.checked < result.generations for result in results)
    headings: list[Text] = []
    sections: list[list[list[str]]] = []
    for _, section in groupby(results, lambda result: (result.model, result.workflow, result.loss)):
        members = list(section)
        common = _common(members)
        headings.append(_heading(members, common))
        sections.append(
            [
                [
                    escape(settings),
                    *([_risk_text(result)] if width >= MEDIUM else []),
                    *([str(result.checked)] if partly else []),
                    *_verdict_cells(result),
                ]
                for settings, result in zip(_aligned(members, common), members, strict=True)
            ]
        )
    titles = [
        "",
        *(["risk at\nlast G"] if width >= MEDIUM else []),
        *(["judged\nup to G"] if partly else []),
        *_VERDICT_COLUMNS,
    ]
    columns = [[*title.split("\n"), *(row[at] for rows in sections for row in rows)] for at, title in enumerate(titles)]
    # The same widths under every heading, so that numbers stand under one another throughout.
    widths = [max(len(Text.from_markup(cell).plain) for cell in cells) for cells in columns]
    parts: list[RenderableType] = [Text(title + "\n", style="italic")] if title else []
    if sum(widths[1:]) + min(widths[0], 30) + 2 * len(widths) > width:
        told = [name.replace("\n", " ") for name in titles]
        for heading, rows in zip(headings, sections, strict=True):
            parts += [heading, *(stacked(told, [Text.from_markup(cell) for cell in row]) for row in rows)]
        return Group(*parts)
    parts.append(_grid(titles, widths, header=True))
    for heading, rows in zip(headings, sections, strict=True):
        grid = _grid(titles, widths, header=False)
        for row in rows:
            grid.add_row(*row)
        parts += [heading, grid]
    return Group(*parts)


def _grid(titles: Sequence[str], widths: Sequence[int], header: bool) -> Table:
    grid = Table(box=None, show_header=header, header_style="bold", padding=(0, 0, 0, 2), pad_edge=True)
    for at, (title, width) in enumerate(zip(titles, widths, strict=True)):
        if at == 0:
            # What a narrow terminal lacks is taken from here.
            grid.add_column(title, min_width=width if width < 30 else 30, max_width=width, overflow="fold")
        else:
            last = at == len(titles) - 1
            grid.add_column(title, justify="left" if last else "right", width=width, no_wrap=True)
    return grid


def _heading(results: Sequence[CaseResult], common: dict[str, str]) -> Text:
    """Model, workflow, loss and common settings, with the closed form that the cases share."""
    first = results[0]
    heading = Text("\n")
    heading.append(f"{first.model}, {first.workflow}, loss {first.loss}", style="bold")
    settings = ", ".join(f"{name} = {value}" for name, value in common.items())
    heading.append(f"  {settings}" if settings else "")
    formulas = {result.symbolic_form for result in results}
    formula = formulas.pop()
    if formula is not None and not formulas:
        heading.append(f"\n{_mark(first)}{_clipped(formula)}")
    return heading


def _common(results: Sequence[CaseResult]) -> dict[str, str]:
    """The parameters that are the same in several results, and that no grid varied."""
    if len(results) == 1:
        return {}
    varied = {name for result in results for name in result.grid}
    return {
        name: value
        for name, value in results[0].parameters.items()
        if name not in varied and all(result.parameters.get(name) == value for result in results)
    }


def _aligned(results: Sequence[CaseResult], common: Iterable[str]) -> list[str]:
    """The settings of each result that are its own, numbers under one another."""
    own = [{name: value for name, value in result.parameters.items() if name not in common} for result in results]
    width = {name: max(len(each.get(name, "")) for each in own) for name in {name for each in own for name in each}}
    return [", ".join(f"{name} = {value:>{width[name]}}" for name, value in each.items()) for each in own]


def _risk_text(result: CaseResult) -> str:
    return f"{result.formula[-1]:.4g}"


_VERDICT_COLUMNS = ("limit\nof ratio", "bound\nof ratio", "worst\n|z|", "p", "detect-\nable", "proof", "verdict")


def _verdict_cells(result: CaseResult) -> list[str]:
    return [
        ratio_limit_text(result),
        ratio_bound_text(result),
        "–" if math.isnan(result.worst_z) else f"{result.worst_z:.2f}",
        "–" if math.isnan(result.p_value) else f"{result.p_value:.3f}",
        f"{100 * result.detectable:.2f} %" if math.isfinite(result.detectable) else "none",
        {True: "✓", False: "none", None: "–"}[result.certified],
        _VERDICTS[result.verdict],
    ]


#: Each verdict as it stands in a table.
_VERDICTS = {
    AGREES: "[green]agrees[/green]",
    DISAGREES: "[bold red]disagrees[/bold red]",
    INCONCLUSIVE: "[yellow]inconclusive[/yellow]",
}


def summary(results: Sequence[CaseResult]) -> str:
    """How many cases agree, disagree and are inconclusive, and what those that agree would have shown."""
    count = {verdict: sum(result.verdict == verdict for result in results) for verdict in _VERDICTS}
    others = [
        f"{count[verdict]} {verb}" for verdict, verb in ((DISAGREES, "disagree"), (INCONCLUSIVE, "are inconclusive"))
        if count[verdict]
    ]  # fmt: skip
    said = f"{count[AGREES]} of {len(results)} cases agree"
    said += f", {' and '.join(others)}." if others else "."
    worst = max((result.detectable for result in results if result.passed), default=math.inf)
    if math.isfinite(worst):
        # Rounded up: a claim of power must not be.
        which = "every case" if count[AGREES] == len(results) else "every case that agrees"
        said += f" In {which} a formula wrong by {math.ceil(1000 * worst) / 10:g} % is caught with probability 0.99."
    elif count[AGREES]:
        said += " Where the risk is 0 at every generation no error is relative to it."
    return said


def exit_code(verdicts: Iterable[str]) -> int:
    """1 if a case disagrees, 3 if none does but some are inconclusive, else 0."""
    verdicts = set(verdicts)
    return 1 if DISAGREES in verdicts else 3 if INCONCLUSIVE in verdicts else 0


def settings_text(result: CaseResult) -> str:
    """The parameters as a study gives them."""
    return ", ".join(f"{name} = {value}" for name, value in result.parameters.items())


def _clipped(text: str, longest: int = 120) -> str:
    """Short enough for a cell; files hold the whole."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def formula_text(result: CaseResult) -> str:
    """The closed form, else its leading order, marked as such; else a word."""
    if result.general_form is None:
        return "none: recurrence"
    return f"{_mark(result)}{result.general_form}"


def _mark(result: CaseResult) -> str:
    """What stands before a formula to leading order."""
    return "" if result.closed_form is not None and result.exactness == "exact" else "≈ "


def ratio_limit_text(result: CaseResult) -> str:
    """The limit of the ratio, in decimals."""
    mark = "" if result.ratio_limit_exactness == "exact" else "≈ "
    if result.ratio_limit_value is not None:
        return f"{mark}{result.ratio_limit_value:.5g}"
    return mark + limit_text(result.ratio_limit) if result.ratio_limit else "–"


def ratio_bound_text(result: CaseResult) -> str:
    """The least upper bound of the ratio, in decimals; a dash where it is not derived."""
    if result.ratio_bound is None:
        return "–"
    mark = "" if result.exactness == "exact" else "≈ "
    decimal = None if result.ratio_bound_value is None else f"{result.ratio_bound_value:.5g}"
    return mark + (decimal or limit_text(result.ratio_bound))


def limit_text(limit: str | None) -> str:
    """A limit as it is printed: ∞ for oo, unknown where there is none."""
    return {"oo": "∞", "-oo": "−∞", None: "unknown"}.get(limit, str(limit))


def write(folder: Path, study: Study, results: Sequence[CaseResult]) -> None:
    """Write results.json, results.csv and theorems.tex into ``folder``."""
    texts = {
        "results.json": as_json(study, results),
        "results.csv": as_csv(results),
        "theorems.tex": as_latex(study, results),
    }
    write_texts(folder, texts)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files by their names, each whole or not at all."""
    for name, text in texts.items():
        write_text(folder / name, text)


def as_json(study: Study, results: Sequence[CaseResult]) -> str:
    """Everything, one object a case; a number that is not finite is null."""
    content = {
        "schema": SCHEMA,
        "selfgen": __version__,
        "title": study.title,
        "source": study.source,
        "passed": all(result.passed for result in results),
        "verdicts": {verdict: sum(result.verdict == verdict for result in results) for verdict in _VERDICTS},
        "cases": [without_time(result) for result in results],
    }
    return json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(results: Sequence[CaseResult]) -> str:
    """One row a case and generation, for a plotting program; a parameter that a case does not have is empty."""
    # Models have parameters of the same names as other columns, such as the mean.
    parameters = list(dict.fromkeys(name for result in results for name in result.parameters))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        [
            *("model", "workflow", "loss", *(f"parameter_{name}" for name in parameters), "replicates", "generation"),
            *("formula", "mean", "stderr", "z", "p_value", "detectable", "passed", "verdict"),
        ]
    )
    for result in results:
        case = [result.model, result.workflow, result.loss]
        case += [*(result.parameters.get(name, "") for name in parameters), str(result.replicates)]
        rows = zip(result.formula, result.mean, result.stderr, strict=True)
        for generation, (formula, mean, stderr) in enumerate(rows, start=1):
            z = (mean - formula) / stderr if stderr > 0 else math.nan
            verdict = (repr(result.p_value), repr(result.detectable), str(result.passed).lower(), result.verdict)
            numbers = (repr(formula), repr(mean), repr(stderr), repr(z))
            writer.writerow((*case, generation, *numbers, *verdict))
    return buffer.getvalue()


def as_latex(study: Study, results: Sequence[CaseResult]) -> str:
    """A document that compiles, holding every theorem line; cases that share a theorem share the line."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath,amssymb}",
        # Gamma ratios are wide.
        r"\usepackage[a4paper,landscape,margin=15mm]{geometry}",
        r"\begin{document}",
        rf"\section*{{{_plain(study.title or 'Theorems')}}}",
    ]
    if study.source:
        lines.append(_plain(study.source) + "\n")
    for (name, theorem), shared in groupby(results, lambda result: (result.name, result.theorem)):
        settings = _settings_of_all(list(shared))
        heading = _plain(name.replace(":", ", ")) + (f" ({settings})" if settings else "")
        lines += [rf"\paragraph{{{heading}}}", r"\[", theorem, r"\]", ""]
    lines.append(r"\end{document}")
    return "\n".join(lines) + "\n"


def _settings_of_all(results: Sequence[CaseResult]) -> str:
    """The settings of results that share a theorem, in LaTeX: the values of each parameter."""
    settings = []
    for name in results[0].parameters:
        values = list(dict.fromkeys(result.parameters.get(name, "") for result in results))
        listed = _plain(", ".join(values))
        settings.append(f"{_plain(name)} = {listed}" if len(values) == 1 else rf"{_plain(name)} $\in$ \{{{listed}\}}")
    return ", ".join(settings)


def _plain(text: str) -> str:
    special = {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        **{character: "\\" + character for character in "&%$#_{}"},
    }  # fmt: skip
    return "".join(special.get(character, character) for character in text)


def finite(value: Any) -> Any:
    """What JSON can hold, which knows no infinity and no missing number: null in their place."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
