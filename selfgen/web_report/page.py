"""The page of a verified study: summary, table, and all about each case."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from latex2mathml.converter import convert

from selfgen import report
from selfgen.case_result import CaseResult
from selfgen.figures import file_name
from selfgen.web_report.frame import MARKS, filter_bar, framed, write_index
from selfgen.web_report.frame import escaped as _text
from selfgen.web_report.results_file import Results

CERTIFICATES = "certificates"
#: LaTeX beyond this is no formula that anybody reads on a page.
LONGEST = 4000


def write_page(folder: Path, results: Results) -> Path:
    """Write ``index.html`` beside the figures and certificates of a study, whole or not at all.

    Raises
    ------
    DomainError
        When it cannot be written.
    """
    return write_index(folder, page(folder, results))


def page(folder: Path, results: Results) -> str:
    """The HTML; figures and certificates are linked where they are in the folder."""
    body = "\n".join(
        (*_head(results), *_table(results.cases), *_overviews(folder), "<h2>Cases</h2>", *_cases(folder, results.cases))
    )
    return framed(results.title, body)


def _head(results: Results) -> Iterator[str]:
    cases = results.cases
    yield f"<header><h1>{_text(results.title or 'Verified study')}</h1>"
    if results.source:
        yield f"<p>{_text(results.source)}</p>"
    yield f'<p class="said">{_text(report.summary(cases))}</p><ul class="counts">'
    for verdict, mark in MARKS.items():
        count = sum(result.verdict == verdict for result in cases)
        yield f'<li class="{verdict}"><b>{count}</b> {mark} {verdict}</li>'
    closed = [result for result in cases if result.certified is not None]
    proved = sum(result.certified is True for result in closed)
    yield f"<li><b>{len(closed)}</b> in closed form</li><li><b>{proved}</b> of these with a certificate, checked</li>"
    yield f'</ul><p class="hint">selfgen {_text(results.version)}. Every formula was derived, then judged by a '
    yield "simulation that knows nothing of it. <i>Detectable</i> is the relative error in the formula that the run "
    yield "would have caught with probability 0.99. ≈ marks what is to leading order in 1/n.</p></header>"


_COLUMNS = ("", "case", "settings", "limit of ratio", "bound of ratio", "worst |z|", "p", "detectable", "proof")


def _table(cases: Sequence[CaseResult]) -> Iterator[str]:
    yield filter_bar("accumulate n = 100")
    yield '<div class="scroll" tabindex="0" role="region" aria-label="All cases"><table id="cases"><thead><tr>'
    yield "".join(f'<th scope="col">{name or "<span class=hidden>verdict</span>"}</th>' for name in _COLUMNS)
    yield "</tr></thead><tbody>"
    for number, result in enumerate(cases, start=1):
        z = "–" if math.isnan(result.worst_z) else f"{result.worst_z:.2f}"
        p = "–" if math.isnan(result.p_value) else f"{result.p_value:.3f}"
        power = f"{100 * result.detectable:.2f} %" if math.isfinite(result.detectable) else "none"
        proof = {True: "✓", False: "none", None: "–"}[result.certified]
        cells = (report.ratio_limit_text(result), report.ratio_bound_text(result), z, p, power, proof)
        yield (
            f'<tr class="{result.verdict}"><td class="mark" title="{result.verdict}">{MARKS[result.verdict]}'
            f'<span class="hidden"> {result.verdict}</span></td>'
            f'<th scope="row"><a href="#case-{number}">{_text(result.name)}</a></th>'
            f'<td class="settings">{_text(report.settings_text(result))}</td>'
            + "".join(f"<td>{_text(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    yield "</tbody></table></div>"


def _overviews(folder: Path) -> Iterator[str]:
    found = sorted(folder.glob("overview-*.png"))
    if found:
        yield "<h2>Grids at a glance</h2>"
    for path in found:
        name = _text(path.stem.removeprefix("overview-"))
        yield f'<figure><img loading="lazy" src="{_text(path.name)}" alt="Overview of the grid of {name}"></figure>'


def _cases(folder: Path, cases: Sequence[CaseResult]) -> Iterator[str]:
    for number, result in enumerate(cases, start=1):
        settings = report.settings_text(result)
        heading = f"{_text(result.name)} <small>{_text(settings)}</small>"
        yield f'<details class="case {result.verdict}" id="case-{number}"><summary><span class="mark">'
        yield f"{MARKS[result.verdict]}</span> {heading}</summary>"
        if result.reason:
            yield f"<p><b>{result.verdict}</b>: {_text(result.reason)}</p>"
        yield f'<h3>Theorem</h3><div class="math">{theorem(result.theorem)}</div>'
        stem = file_name(number - 1, result)
        if (folder / f"{stem}.png").exists():
            alt = f"Risk of {result.name} ({settings}) by generation: formula as a line, simulation as points"
            yield f'<figure><img loading="lazy" src="{_text(stem)}.png" alt="{_text(alt)}"></figure>'
        yield from _numbers(result)
        if result.derivation:
            yield "<details><summary>Derivation, every step checked</summary>"
            yield f"<pre>{_text(result.derivation)}</pre></details>"
        certificate = f"{CERTIFICATES}/{stem}.json"
        if (folder / certificate).exists():
            yield f'<p>Certificate of the closed form: <a href="{_text(certificate)}">{_text(certificate)}</a>; '
            yield f"<code>selfgen check {_text(shlex.quote(certificate))}</code> checks it, trusting nothing else.</p>"
        yield f"<h3>Once more</h3><pre>{_text(commands(result))}</pre></details>"


def _numbers(result: CaseResult) -> Iterator[str]:
    yield '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">G</th><th scope="col">formula</th>'
    yield '<th scope="col">simulated</th><th scope="col">standard error</th><th scope="col">z</th></tr></thead><tbody>'
    rows = list(zip(result.formula, result.mean, result.stderr, strict=True))
    for generation in _spread(len(rows)):
        formula, mean, error = rows[generation - 1]
        z = (mean - formula) / error if error > 0 else math.nan
        judged = "" if generation <= result.checked else ' class="unjudged" title="simulated, not judged"'
        numbers = (f"{formula:.6g}", f"{mean:.6g}", f"{error:.2g}", "–" if math.isnan(z) else f"{z:.2f}")
        yield f"<tr{judged}><th scope=row>{generation}</th>{''.join(f'<td>{number}</td>' for number in numbers)}</tr>"
    chains = f"{result.replicates} chains by {_text(result.method)}, seed {result.seed}."
    yield f"</tbody></table></div><p class=hint>{chains} Every generation is in results.csv.</p>"


def _spread(count: int, most: int = 8) -> list[int]:
    """Generations from the first to the last, a few of them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({round(1 + (count - 1) * step / (most - 1)) for step in range(most)})


def commands(result: CaseResult) -> str:
    """Lines for a shell that derive, and simulate, one case again."""
    settings = [f"--set {shlex.quote(f'{name}={value}')}" for name, value in result.parameters.items()]
    loss = [] if result.loss == "squared" else [f"--loss {shlex.quote(result.loss)}"]
    case = " ".join([shlex.quote(result.model), shlex.quote(result.workflow), *settings, *loss])
    lines = [f"selfgen derive {case} --steps"]
    if result.method in ("exact-law", "raw"):
        how = f"--generations {result.generations} --replicates {result.replicates} --seed {result.seed}"
        method = "" if result.method == "exact-law" else " --method raw"
        lines.append(f"selfgen simulate {case} {how}{method}")
    return "\n".join(lines)


@lru_cache(maxsize=4096)
def theorem(latex: str) -> str:
    """MathML of a theorem line by line, or its LaTeX where that is too long to be read as a formula."""
    if len(latex) > LONGEST:
        return f"<pre>{_text(latex)}</pre>"
    inner = latex.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", "")
    lines = [line.strip().replace("&", "").replace(r"\!", "") for line in _rows(inner)]
    return "".join(f"<div>{convert(line, display='block')}</div>" for line in lines if line)


def _rows(latex: str) -> list[str]:
    """The lines of an aligned block: at breaks outside of inner environments."""
    rows, depth = [""], 0
    for part in re.split(r"(\\begin\{\w+\}|\\end\{\w+\}|\\\\(?:\[[^\]]*\])?)", latex):
        depth += part.startswith(r"\begin") - part.startswith(r"\end")
        if part.startswith("\\\\") and depth == 0:
            rows.append("")
        else:
            rows[-1] += part if depth or not part.startswith("\\\\") else ""
    return rows
