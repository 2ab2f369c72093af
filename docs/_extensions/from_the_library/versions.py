"""The versions of everything that the pages were made with, beside the least that selfgen takes."""

from __future__ import annotations

import platform
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from selfgen import __version__

HEAD = """# Versions

These pages are of selfgen {version}, and their code was run with Python {python}. What an extra brings is installed by
`pip install 'selfgen[NAME]'`, all of it by `pip install 'selfgen[all]'`; `selfgen doctor` says what a machine has.

| package | extra | least | here |
|---|---|---|---|
"""


def page(root: Path) -> str:
    """A row a package, those that selfgen itself needs first."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {"": project["dependencies"], **project["optional-dependencies"]}
    rows = {}
    for extra, requirements in extras.items():
        for requirement in requirements:
            name, least = re.fullmatch(r"([\w.-]+)(?:\[.*\])?(?:>=(\S+))?", requirement).groups()
            if name != "selfgen":
                rows.setdefault((name, least or "any"), []).append(extra)
    cells = [(name, ", ".join(filter(None, of)) or "–", least, here(name)) for (name, least), of in rows.items()]
    head = HEAD.format(version=__version__, python=platform.python_version())
    return head + "".join(f"| {' | '.join(row)} |\n" for row in cells)


def here(name: str) -> str:
    """The version that is installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
