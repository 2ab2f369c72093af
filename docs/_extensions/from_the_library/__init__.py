"""Pages that are made from the library itself, so that they cannot fall behind it.

Written to ``docs/generated`` before Sphinx reads its sources: the reference from ``__all__``, the table of all pairs
from :mod:`selfgen.catalogue`, the command line from its parser, and the notebooks that lie in ``proofs_notebooks``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfgen.explorer.page import page as explorer

from . import command_line, notebooks, pairs, papers, reference, versions

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def all_pages(root: Path) -> dict[str, str]:
    """Every generated page, by its name below ``docs/generated``."""
    derived = root / "docs" / "generated" / "pairs.md"
    before = derived.read_text(encoding="utf-8") if derived.exists() else ""
    return {
        **reference.pages(),
        **notebooks.pages(root / "proofs_notebooks"),
        "command_line.md": command_line.page(),
        "pairs.md": pairs.page(before),
        "papers.md": papers.page(),
        "versions.md": versions.page(root),
    }


def write_pages(app: Sphinx, config: Config) -> None:
    """Write every page whose content is new, and remove what is no more."""
    folder = Path(app.srcdir) / "generated"
    pages = all_pages(Path(app.srcdir).parent)
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    # A stub is autosummary's page of one object.
    kept = {folder / name for name in pages} | {folder / "reference" / name for name in reference.stubs()}
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def write_explorer(app: Sphinx, config: Config) -> None:
    """The explorer beside the pages, whole: what an earlier build derived of the same library is not derived again."""
    path = Path(app.srcdir) / "_explorer" / "explorer.html"
    text = explorer(jobs=os.cpu_count() or 1)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("config-inited", write_explorer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
