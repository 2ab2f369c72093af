"""What was derived for the explorer is kept while the library is the same: a folder of the user's cache.

``XDG_CACHE_HOME`` says where; a folder that cannot be written is done without.
"""

from __future__ import annotations

import json
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import sympy

import theory
from numerics.run.lines import write_whole


def folder() -> Path:
    """Where the data of this library lie."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "selfgen" / f"explorer-{_state()}"


def kept(key: str) -> dict[str, Any] | None:
    """The data of a model as an earlier run left them; None where there are none."""
    try:
        found = json.loads(_path(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "entries" in found else None


def keep(key: str, data: dict[str, Any]) -> None:
    """Leave the data of a model for the next run, whole or not at all."""
    try:
        _path(key).parent.mkdir(parents=True, exist_ok=True)
        write_whole(_path(key), json.dumps(data, ensure_ascii=False).encode())
    except OSError:
        return


def _path(key: str) -> Path:
    return folder() / f"{sha256(key.encode()).hexdigest()[:16]}.json"


@cache
def _state() -> str:
    """A digest of all that the data are made from."""
    root = Path(theory.__file__).parent.parent
    sources = [*sorted((root / "theory").rglob("*.py")), *sorted(Path(__file__).parent.glob("*.py"))]
    sources += [root / "selfgen" / "catalogue.py", root / "numerics" / "exported.py"]
    digest = sha256(sympy.__version__.encode())
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:24]
