"""The proofs: a page for each notebook of ``proofs_notebooks``, and their contents."""

from __future__ import annotations

import json
from pathlib import Path

INTRODUCTION = """\
# Proofs

One theorem a notebook. Every displayed equality is a step that was checked when the notebook ran, and the test suite
runs all of them again: an edit that breaks the mathematics breaks the notebook.
"""


def pages(folder: Path) -> dict[str, str]:
    """File names under ``generated`` and their contents."""
    found = sorted(folder.glob("[!.]*.ipynb")) if folder.is_dir() else []
    contents = {f"proofs/{path.name}": path.read_text(encoding="utf-8") for path in found}
    listed = "\n".join(f"proofs/{path.stem}" for path in found)
    toctree = f"\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n" if found else "\nThere is none in this checkout.\n"
    return {"proofs.md": INTRODUCTION + toctree, **{name: _readable(text) for name, text in contents.items()}}


def _readable(text: str) -> str:
    """The notebook with a lexer that Pygments has in any installation."""
    notebook = json.loads(text)
    notebook["metadata"].setdefault("language_info", {"name": "python"})["pygments_lexer"] = "python3"
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
