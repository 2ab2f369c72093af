"""What was derived is kept while the library is the same: a folder of the user's cache.

``XDG_CACHE_HOME`` says where; a folder that cannot be written is done without. An entry is JSON with a digest of its
content, the key that it belongs to, and nothing that is run when it is read: what is damaged, of another key or of
another form is derived anew. Entries lie under a digest of every source of the library and of the versions of what it
stands on, so that none is taken for what another library would have derived.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selfgen.unread import leave_unread

#: What exact values, their digits and their order depend on.
PACKAGES = ("theory", "numerics", "selfgen")
DEPENDENCIES = ("sympy", "python-flint", "mpmath", "numpy", "scipy")


def folder(kind: str) -> Path:
    """Where the entries of a kind lie, as this library derives them."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "selfgen" / f"{kind}-{state()}"


def kept(kind: str, key: str) -> dict[str, Any] | None:
    """What an earlier run left under a key; None where there is nothing, or nothing whole."""
    try:
        found = json.loads(_path(kind, key).read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return None
    if not isinstance(found, dict) or not isinstance(content := found.get("content"), dict):
        return None
    return content if found.get("key") == key and found.get("digest") == _digest(content) else None


def keep(kind: str, key: str, content: dict[str, Any]) -> None:
    """Leave it for the next run, whole or not at all."""
    # What is written needs no SymPy.
    leave_unread("theory")
    from theory.whole_file import write_whole

    try:
        path = _path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"key": key, "digest": _digest(content), "content": content}
        write_whole(path, json.dumps(entry, ensure_ascii=False).encode())
    except (OSError, RuntimeError):
        return


def _path(kind: str, key: str) -> Path:
    return folder(kind) / f"{sha256(key.encode()).hexdigest()[:32]}.json"


def _digest(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def state() -> str:
    """A digest of all that is derived with."""
    digest = sha256(repr((sys.version, *((name, version(name)) for name in DEPENDENCIES))).encode())
    root = Path(__file__).resolve().parents[1]
    # Studies come with a checkout at its top, with a wheel inside the package: what is listed has their titles.
    sources = [(package, "*.py") for package in PACKAGES]
    for folder, kind in (*sources, ("studies", "*.toml"), ("selfgen/studies", "*.toml")):
        for path in sorted((root / folder).rglob(kind)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)} {len(content)} ".encode())
            digest.update(content)
    return digest.hexdigest()[:32]
