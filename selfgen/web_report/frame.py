"""The frame of a page: style and script inside, so that the file stands alone; and how it is written."""

from __future__ import annotations

import html
import re
from importlib.resources import files
from pathlib import Path

from numerics.crosscheck import AGREES, DISAGREES, INCONCLUSIVE
from theory.whole_file import write_text

INDEX = "index.html"
MARKS = {AGREES: "●", DISAGREES: "✕", INCONCLUSIVE: "○"}


def escaped(text: object) -> str:
    """A text as HTML."""
    return html.escape(str(text), quote=True)


def framed(title: str, body: str) -> str:
    """A whole page."""
    static = files("selfgen.web_report") / "static"
    parts = {
        "title": escaped(title or "Verified study"),
        "style": (static / "report.css").read_text(encoding="utf-8"),
        "script": (static / "report.js").read_text(encoding="utf-8"),
        "body": body,
    }
    frame = (static / "report.html").read_text(encoding="utf-8")
    # In one go: what one part holds is never read as the place of another.
    return re.sub(r"/\*(title|style|script|body)\*/", lambda found: parts[found[1]], frame)


def write_index(folder: Path, page: str) -> Path:
    """Write ``index.html``, whole or not at all.

    Raises
    ------
    DomainError
        When it cannot be written.
    """
    path = folder / INDEX
    write_text(path, page)
    return path


def filter_bar(example: str) -> str:
    """The field that the script filters the table ``cases`` by."""
    field = f'<label>Filter <input id="filter" type="search" placeholder="{escaped(example)}"></label>'
    return f'<div class="bar">{field}<span id="shown" role="status"></span></div>'
