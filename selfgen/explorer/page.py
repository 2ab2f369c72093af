"""The explorer's one file: the page, its style, its program and its data, put together."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from importlib.resources import files
from typing import Any

from numerics.workers import workers
from selfgen import __version__
from selfgen.explorer.choices import choices, models
from selfgen.explorer.pairs import chosen, model_data
from selfgen.explorer.shapes import shape_data
from selfgen.kept import keep, kept

#: In the order in which they build on one another.
PROGRAM = ("special.js", "evaluate.js", "recurrence.js", "state.js", "figure.js", "measured.js", "main.js")


def page(names: list[str] | None = None, jobs: int = 1, tell: Callable[[str], None] = lambda line: None) -> str:
    """The HTML of the explorer, of the models of these names or of all.

    Parameters
    ----------
    names : models by their names; None for all
    jobs : processes that derive
    tell : called with a line for each model that is done

    Raises
    ------
    DomainError
        When a name is that of no model.
    AssertionError
        When a recurrence in double precision strays from its exact values.

    Notes
    -----
    Derived here: nothing in the page is typed in.
    """
    derived = list(_derived([key for key, _ in chosen(names)], jobs, tell))
    entries = [entry for model in derived for of in model["entries"].values() for entry in of.values()]
    data = {
        "version": __version__,
        "models": derived,
        "choices": [
            {"key": choice.key, "name": choice.name, "label": choice.label, "real_share": choice.real_share}
            for choice in choices()
        ],
        "shapes": shape_data(),
        "checked": len(entries),
        "deviation": max((entry["deviation"] for entry in entries), default=0.0),
    }
    return assembled(data)


def assembled(data: dict[str, Any]) -> str:
    """The page around its data: text that holds nothing but letters, digits, +, / and = cannot end its element."""
    static = files("selfgen.explorer") / "static"
    written = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    # Without a date, so that the same library writes the same file.
    packed = base64.b64encode(gzip.compress(written, mtime=0)).decode()
    program = "\n".join((static / name).read_text(encoding="utf-8") for name in PROGRAM)
    html = (static / "explorer.html").read_text(encoding="utf-8")
    parts = {
        "style": (static / "explorer.css").read_text(encoding="utf-8"),
        "data": packed,
        "script": f'"use strict";\n{program}',
    }
    for name, content in parts.items():
        html = html.replace(f"/*{name}*/", content)
    return html


def _derived(keys: list[str], jobs: int, tell: Callable[[str], None]) -> Iterable[dict[str, Any]]:
    """The data of each model, from the cache where the library has not changed, in the order of the keys."""
    found = {key: data for key in keys if (data := kept("explorer", key)) is not None}
    missing = [key for key in keys if key not in found]
    for key in found:
        tell(f"{key}: kept")
    if jobs == 1 or len(missing) < 2:
        for key in missing:
            found[key] = _of_model(key)
            tell(f"{key}: derived")
    else:
        with workers(jobs) as executor:
            running = {executor.submit(_of_model, key): key for key in missing}
            for done in as_completed(running):
                found[running[done]] = done.result()
                tell(f"{running[done]}: derived")
    return [found[key] for key in keys if found[key]["entries"]]


def _of_model(key: str) -> dict[str, Any]:
    data = model_data(key, dict(models())[key])
    keep("explorer", key, data)
    return data
