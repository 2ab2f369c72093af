"""Results as a table on the terminal, and as JSON, CSV and LaTeX files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import HEAVY_HEAD, SIMPLE
from rich.markup import escape
from rich.table import Table

from selfgen import __version__
from selfgen.study import Study
from selfgen.verification import CaseResult
from theory import DomainError

_CSV_COLUMNS = (
    "model", "workflow", "loss", "generation", "formula", "mean", "stderr", "z", "p_value", "detectable", "passed",
)  # fmt: skip


#: Narrower terminals get model, settings, workflow and closed form under one another in a single column.
WIDE = 140


def table(title: str, results: Sequence[CaseResult], width: int = WIDE) -> Table:
    """One row a case: what was derived, and what the simulation said of it."""
    wide = width >= WIDE
    grid = Table(title=escape(title) or None, header_style="bold", pad_edge=False, box=HEAVY_HEAD if wide else SIMPLE)
    if wide:
        grid.add_column("model", no_wrap=True)
        grid.add_column("settings", max_width=22)
        grid.add_column("workflow", no_wrap=True)
        grid.add_column("closed form", max_width=48, overflow="fold")
    else:
        grid.add_column("case", overflow="fold")
    for name in ("limit\nof ratio", "bound\nof ratio", "worst\n|z|", "p", "detect-\nable"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    for result in results:
        case = [result.model, settings_text(result), result.workflow, _clipped(formula_text(result))]
        cells = [escape(cell) for cell in case]
        if not wide:
            model, settings, workflow, formula = cells
            cells = [f"[bold]{model}, {workflow}[/bold]\n{settings}\n{formula}\n"]
        grid.add_row(
            *cells,
            ratio_limit_text(result),
            ratio_bound_text(result),
            "–" if math.isnan(result.worst_z) else f"{result.worst_z:.2f}",
            f"{result.p_value:.3f}",
            f"{100 * result.detectable:.2f} %" if math.isfinite(result.detectable) else "none",
            "[green]agrees[/green]" if result.passed else "[bold red]FAILS[/bold red]",
        )
    return grid


def settings_text(result: CaseResult) -> str:
    return ", ".join(f"{name} = {value}" for name, value in result.parameters.items())


def _clipped(text: str, longest: int = 120) -> str:
    """Short enough for a cell; files hold the whole."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def formula_text(result: CaseResult) -> str:
    """The closed form, else its leading order, marked as such; else a word."""
    if result.general_form is None:
        return "none: recurrence"
    exact = result.closed_form is not None and result.exactness == "exact"
    return result.general_form if exact else f"≈ {result.general_form}"


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
    return {"oo": "∞", None: "unknown"}.get(limit, str(limit))


def write(folder: Path, study: Study, results: Sequence[CaseResult]) -> None:
    """Write results.json, results.csv and theorems.tex into ``folder``."""
    texts = {
        "results.json": as_json(study, results),
        "results.csv": as_csv(results),
        "theorems.tex": as_latex(study, results),
    }
    for name, text in texts.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise DomainError(f"{folder / name} cannot be written: {error.strerror}.") from None


def as_json(study: Study, results: Sequence[CaseResult]) -> str:
    """Everything, one object a case; a number that is not finite is null."""
    content = {
        "selfgen": __version__,
        "title": study.title,
        "source": study.source,
        "passed": all(result.passed for result in results),
        "cases": [asdict(result) for result in results],
    }
    return json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(results: Sequence[CaseResult]) -> str:
    """One row a case and generation, for a plotting program."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for result in results:
        rows = zip(result.formula, result.mean, result.stderr, strict=True)
        for generation, (formula, mean, stderr) in enumerate(rows, start=1):
            z = (mean - formula) / stderr if stderr > 0 else math.nan
            verdict = (repr(result.p_value), repr(result.detectable), str(result.passed).lower())
            numbers = (repr(formula), repr(mean), repr(stderr), repr(z))
            writer.writerow((result.model, result.workflow, result.loss, generation, *numbers, *verdict))
    return buffer.getvalue()


def as_latex(study: Study, results: Sequence[CaseResult]) -> str:
    """A document that compiles, holding every theorem line."""
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
    for result in results:
        settings = settings_text(result)
        heading = result.name.replace(":", ", ") + (f" ({settings})" if settings else "")
        lines += [rf"\paragraph{{{_plain(heading)}}}", r"\[", result.theorem, r"\]", ""]
    lines.append(r"\end{document}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    special = {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        **{character: "\\" + character for character in "&%$#_{}"},
    }  # fmt: skip
    return "".join(special.get(character, character) for character in text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
