"""Figures for a talk: theory as a line with its name beside it, simulation as points with error bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import ArrayLike

from selfgen.style import CYCLE, STYLE, save

_TALK: dict[str, Any] = {
    **STYLE,
    "font.size": 12,
    "axes.titlesize": 12.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "axes.labelsize": 12,
    "axes.linewidth": 0.8,
}
_DOTS_PER_INCH = 110
_DASHED = (0, (5, 3))


def _styled(method: Callable[..., Any]) -> Callable[..., Any]:
    # Fonts are looked up both when a text is made and when it is drawn.
    @wraps(method)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with rc_context(_TALK):
            return method(*args, **kwargs)

    return inside


class TalkFigure:
    """One picture: ``curve``, ``points`` and ``level`` draw on it, ``axes`` is Matplotlib's for anything else.

    A notebook cell that ends in it shows it; ``save`` writes a file.

    Parameters
    ----------
    title, xlabel, ylabel : str
    size : (width, height) in inches

    Examples
    --------
    >>> figure = TalkFigure("Accumulate", "generation $G$", "risk ratio")
    >>> figure.curve([1, 2, 3], [1, 1.25, 1.36], "theory")
    >>> figure.points([1, 2, 3], [1.01, 1.24, 1.37], [0.01, 0.01, 0.01])
    >>> figure
    Accumulate
    """

    @_styled
    def __init__(self, title: str, xlabel: str, ylabel: str, size: tuple[float, float] = (7.2, 4.2)) -> None:
        self.title = title
        self.figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_subplot()
        self.axes.set_title(title)
        self.axes.set_xlabel(xlabel)
        self.axes.set_ylabel(ylabel)
        self._explained = False

    @_styled
    def panels(self, titles: Sequence[str], xlabel: str, ylabel: str) -> list[Axes]:
        """Panels side by side in place of the one, on the same scales; :meth:`on` chooses what is drawn on.

        Examples
        --------
        >>> figure = TalkFigure("Two workflows", "", "")
        >>> left, right = figure.panels(["replace", "accumulate"], "generation $G$", "risk ratio")
        >>> figure.on(right)
        >>> figure.curve([1, 2, 3], [1, 1.25, 1.36])
        >>> len(left.lines), len(right.lines)
        (0, 1)
        """
        self.figure.suptitle(self.title, x=0.01, ha="left", fontsize=_TALK["axes.titlesize"])
        self.axes.remove()
        found = list(self.figure.subplots(1, len(titles), sharex=True, sharey=True))
        for axes, title in zip(found, titles, strict=True):
            axes.set_title(title)
            axes.set_xlabel(xlabel)
        found[0].set_ylabel(ylabel)
        self.on(found[0])
        return found

    def on(self, axes: Axes) -> None:
        """Draw on this panel from now on."""
        self.axes = axes

    @staticmethod
    def colour(index: int) -> str:
        """Colours that every reader tells apart."""
        return CYCLE[index % len(CYCLE)]

    @_styled
    def curve(self, x: ArrayLike, y: ArrayLike, label: str = "", colour: int = 0, **style: Any) -> None:
        """A line, its label behind its last point."""
        across, up = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        self.axes.plot(across, up, **{"color": self.colour(colour), "linewidth": 1.8, "zorder": 2, **style})
        if label:
            self.label(float(across[-1]), float(up[-1]), label, colour)

    @_styled
    def points(self, x: ArrayLike, y: ArrayLike, stderr: ArrayLike, colour: int = 0) -> None:
        """Simulated means with bars of two standard errors, some 95 %; a line below the picture says so."""
        if not self._explained:
            self._explained = True
            words = "lines: theory;  points: simulation ± 2 standard errors"
            self.figure.supxlabel(words, fontsize=9, color="#555555", x=0.99, ha="right")
        self.axes.errorbar(
            np.asarray(x), np.asarray(y), yerr=2 * np.asarray(stderr), fmt="o", color=self.colour(colour),
            markersize=4.6, markerfacecolor="white", markeredgewidth=1.2, elinewidth=1.2, capsize=2.4, zorder=3,
        )  # fmt: skip

    @_styled
    def level(self, height: float, label: str = "", at: float = 0.01) -> None:
        """A dashed line across, its label on it at the share ``at`` of the width."""
        self.axes.axhline(height, color="#555555", linewidth=1.0, linestyle=_DASHED, zorder=1)
        if label:
            place = self.axes.get_yaxis_transform()
            self.axes.annotate(
                label, (at, height), (0, 3), xycoords=place, textcoords="offset points", color="#555555", va="bottom"
            )

    @_styled
    def label(
        self, x: float, y: float, words: str, colour: int = 0, shift: tuple[float, float] = (7, 0), ha: str = "left"
    ) -> None:
        """Words in the colour of what they name, ``shift`` points from (x, y)."""
        self.axes.annotate(
            words, (x, y), shift, textcoords="offset points", color=self.colour(colour), va="center", ha=ha,
            annotation_clip=False,
        )  # fmt: skip

    @_styled
    def logarithmic(self, axis: str = "x", numbers: bool = True) -> None:
        """Powers of ten on an axis; with ``numbers`` written out below 10 000."""
        for name in axis:
            getattr(self.axes, f"set_{name}scale")("log")
            one = getattr(self.axes, f"{name}axis")
            if numbers:
                one.set_major_formatter(FuncFormatter(_number))
                one.set_minor_formatter(NullFormatter())

    @_styled
    def save(self, path: str | Path) -> None:
        """A file; the suffix says which kind (.pdf, .svg, .png)."""
        save(self.figure, Path(path), dots=300)

    @_styled
    def _repr_png_(self) -> bytes:
        made = BytesIO()
        self.figure.savefig(made, format="png", dpi=_DOTS_PER_INCH)
        return made.getvalue()

    def __repr__(self) -> str:
        return self.title


def _number(value: float, _: object) -> str:
    return f"{value:g}" if 1e-3 <= value < 1e4 else f"$10^{{{np.log10(value):g}}}$"
