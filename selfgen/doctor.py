"""What is installed, what extras unlock, and which tools are on this machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from re import match, search

from selfgen import __version__

#: What each extra is for.
EXTRAS = {
    "real": "studies of real data sets (selfgen verify STUDY with kind = real)",
    "neural": "language models, image and molecule generators (numerics.neural)",
    "notebooks": "running the notebooks of proofs",
    "test": "the tests",
    "docs": "the documentation",
    "dev": "ruff and mypy",
}
#: Programs that are used where they are there: what for, and how each tells its version.
TOOLS = {
    "coqc": ("compiling proofs (selfgen prove --coq)", "--version"),
    "pdflatex": ("compiling theorems.tex", "--version"),
    "gcc": ("compiling Risk.code('c') in the tests", "--version"),
    "chromium": ("the tests of the explorer", "--version"),
    "chromedriver": ("the tests of the explorer", "--version"),
    "nvidia-smi": ("a GPU for neural generators", "-L"),
}
_NAME, _EXTRA = r"[A-Za-z0-9._-]+", r"extra == ['\"]([\w-]+)['\"]"


def lines() -> Iterator[str]:
    """What there is, a line each."""
    yield f"selfgen {__version__}, Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield ""
    needed_by_all = packages(None)
    if not needed_by_all:
        yield "  This copy is not installed, so what it needs and its extras are not known here: pip install -e ."
    for name in needed_by_all:
        yield f"  {name:<16} {installed(name) or 'missing: pip install ' + name}"
    for extra, what in EXTRAS.items():
        needed = packages(extra)
        if not needed:
            continue
        missing = [name for name in needed if installed(name) is None]
        yield ""
        yield f"extra {extra}: {what}"
        yield f"  missing {', '.join(missing)}: pip install 'selfgen[{extra}]'" if missing else "  all there"
    yield ""
    for name, (what, asks) in TOOLS.items():
        yield f"  {name:<16} {told(name, asks) or 'not found'}; for {what}"
    yield f"  {'torch':<16} {_torch()}"


def packages(extra: str | None) -> list[str]:
    """The packages that selfgen itself needs, or one of its extras, by their names."""
    try:
        listed = requires("selfgen") or []
    except PackageNotFoundError:
        return []
    found = []
    for text in listed:
        of = search(_EXTRA, text)
        name = match(_NAME, text)
        if name and name[0] != "selfgen" and (of[1] if of else None) == extra:
            found.append(name[0])
    return found


def installed(name: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def told(name: str, asks: str) -> str | None:
    """What a program says of its version, in a line; None where there is no such program."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        said = subprocess.run([path, asks], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return f"{path}, which does not answer"
    return next(iter(said.strip().splitlines()), path)


def _torch() -> str:
    if find_spec("torch") is None:
        return "not installed; numerics.neural needs it"
    import torch

    return f"{torch.__version__}, {'with' if torch.cuda.is_available() else 'without'} a GPU"
