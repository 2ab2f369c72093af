"""The look that all figures share: colours, type, and how a figure reaches its file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from theory import DomainError
from theory.whole_file import reason_of, write_whole

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


@contextmanager
def styled(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of a size in inches, and the shared look while it is drawn on and saved."""
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def verify_kind(path: Path, option: str = "") -> None:
    """Refuse a name of another kind of file than figures are written to; ``option`` is what gave it."""
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise DomainError(f"{option}{path} is not a figure: its name must end in .{', .'.join(FORMATS)}.")


def plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """Just these ticks on a logarithmic axis, as plain numbers."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: f"{value:g}")


def save_both(figure: Figure, stem: Path) -> None:
    """Write ``stem``.png and .pdf."""
    # The second file takes over the layout of the first, which is most of the work.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for suffix in ("png", "pdf"):
        save(figure, stem.with_name(f"{stem.name}.{suffix}"))


def save(figure: Figure, path: Path, dots: int = 200) -> None:
    """Write a figure of so many dots an inch, whole or not at all; the same results give the same file.

    Raises
    ------
    DomainError
        When the file cannot be written.
    """
    # No date, for that.
    kind = path.suffix.lower().lstrip(".")
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind, {})
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=dots, metadata=metadata)
    try:
        write_whole(path, content.getvalue())
    except OSError as error:
        raise DomainError(f"{path} cannot be written: {reason_of(error)}.") from None
