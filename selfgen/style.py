"""The look that all figures share: colours, type, and how a figure reaches its file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from numerics.run.lines import reason_of, write_whole
from theory import DomainError

#: Kinds of file that a figure can be written to.
FORMATS = ("pdf", "png", "svg")

# Okabe and Ito's colours, told apart by every reader and in grey.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#555555"
CYCLE = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

STYLE: dict[str, Any] = {
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "font.size": 9.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "selfgen",
}


def symbol(name: str) -> str:
    """The name of a parameter as mathematics."""
    return f"${name}$" if len(name) == 1 else name


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all; the same results give the same file.

    Raises
    ------
    DomainError
        When the file cannot be written.
    """
    # No date, for that.
    kind = path.suffix.lower().lstrip(".")
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind, {})
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=200, metadata=metadata)
    try:
        write_whole(path, content.getvalue())
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {reason_of(error)}.") from None
