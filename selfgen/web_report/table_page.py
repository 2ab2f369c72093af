"""The page of a study of a kind of its own: what it says, a row a case with its verdict, and each case below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfgen import __version__
from selfgen.web_report.frame import MARKS, escaped, filter_bar, framed, write_index
from selfgen.web_report.page import theorem


@dataclass(frozen=True)
class Shown:
    """A case as a page shows it: ``cells`` stand under the columns; theorem, figure and remark where there are any."""

    name: str
    settings: str
    verdict: str
    cells: tuple[str, ...]
    theorem: str = ""
    figure: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Told:
    """What a study says of itself, and what was found, in sentences; ``figure`` is one of all its cases."""

    title: str
    source: str
    remarks: Sequence[str]
    figure: str = ""


def write_table_page(folder: Path, told: Told, columns: Sequence[str], cases: Sequence[Shown]) -> Path:
    """Write ``index.html`` beside the figures of a study.

    Raises
    ------
    DomainError
        When it cannot be written.
    """
    body = "\n".join((*_head(told, cases), *_table(columns, cases), *_figure(folder, told.figure, told.title), *_cases(
        folder, cases)))  # fmt: skip
    return write_index(folder, framed(told.title, body))


def _head(told: Told, cases: Sequence[Shown]) -> Iterator[str]:
    yield f"<header><h1>{escaped(told.title or 'Verified study')}</h1>"
    if told.source:
        yield f"<p>{escaped(told.source)}</p>"
    yield from (f'<p class="said">{escaped(sentence)}</p>' for sentence in told.remarks)
    yield '<ul class="counts">'
    for verdict, mark in MARKS.items():
        yield f'<li class="{verdict}"><b>{sum(case.verdict == verdict for case in cases)}</b> {mark} {verdict}</li>'
    yield f'</ul><p class="hint">selfgen {escaped(__version__)}.</p></header>'


def _table(columns: Sequence[str], cases: Sequence[Shown]) -> Iterator[str]:
    yield filter_bar(cases[0].name if cases else "")
    yield '<div class="scroll" tabindex="0" role="region" aria-label="All cases"><table id="cases"><thead><tr>'
    names = ("<span class=hidden>verdict</span>", "case", "settings", *map(escaped, columns))
    yield "".join(f'<th scope="col">{name}</th>' for name in names) + "</tr></thead><tbody>"
    for number, case in enumerate(cases, start=1):
        yield (
            f'<tr class="{case.verdict}"><td class="mark" title="{case.verdict}">{MARKS[case.verdict]}'
            f'<span class="hidden"> {case.verdict}</span></td>'
            f'<th scope="row"><a href="#case-{number}">{escaped(case.name)}</a></th>'
            f'<td class="settings">{escaped(case.settings)}</td>'
            + "".join(f"<td>{escaped(cell)}</td>" for cell in case.cells)
            + "</tr>"
        )
    yield "</tbody></table></div>"


def _figure(folder: Path, name: str, alt: str) -> Iterator[str]:
    if name and (folder / name).exists():
        yield f'<figure><img loading="lazy" src="{escaped(name)}" alt="{escaped(alt)}"></figure>'


def _cases(folder: Path, cases: Sequence[Shown]) -> Iterator[str]:
    yield "<h2>Cases</h2>"
    for number, case in enumerate(cases, start=1):
        yield f'<details class="case {case.verdict}" id="case-{number}"><summary><span class="mark">'
        yield f"{MARKS[case.verdict]}</span> {escaped(case.name)} <small>{escaped(case.settings)}</small></summary>"
        if case.remark:
            yield f"<p><b>{case.verdict}</b>: {escaped(case.remark)}</p>"
        if case.theorem:
            yield f'<h3>Theorem</h3><div class="math">{theorem(case.theorem)}</div>'
        yield from _figure(folder, case.figure, f"{case.name}, {case.settings}")
        yield "</details>"
