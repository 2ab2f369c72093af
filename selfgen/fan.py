"""The fan chart: what was measured, where it goes, between which bounds, and where it settles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from numerics.forecasting import Forecast
from selfgen.style import BLUE, FORMATS, GREY, STYLE, VERMILION, save
from theory import DomainError

#: A plateau is drawn up to so many heights of the fan above it: farther off it would leave the fan no room.
FAR = 0.5


def draw_fan(found: Forecast, path: Path) -> None:
    """Write the fan chart of a forecast.

    Raises
    ------
    DomainError
        When the file is of no kind of figure, or cannot be written.
    """
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise DomainError(f"{path} is not a figure: its name must end in .{', .'.join(FORMATS)}.")
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.3), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        fan_on(axes, found)
        axes.set_title(f"{found.workflow.name}, to generation {found.horizon}")
        axes.legend(loc="best", handlelength=1.6)
        save(figure, path)


def fan_on(axes: Axes, found: Forecast) -> None:
    """Draw a fan chart, without title and legend."""
    places = np.arange(1, found.horizon + 1)
    percent = f"{100 * found.level:g} %"
    name = f"{percent} interval" if found.rejected is None else f"{percent} interval and bounds"
    axes.fill_between(places, found.lower, found.upper, color=BLUE, alpha=0.18, linewidth=0, label=name)
    axes.plot(places, found.median, color=BLUE, linewidth=1.3, label="median")
    for curve in found.measured:
        if curve.workflow == found.workflow:
            for losses in curve.losses if curve.seeds > 1 else []:
                axes.plot(curve.generations, losses, ".", color=GREY, markersize=2.5, alpha=0.6, zorder=2)
            axes.plot(curve.generations, curve.mean, "o", color=VERMILION, markersize=4, zorder=3, label="measured")
            axes.axvline(curve.last + 0.5, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    _draw_plateau(axes, found)
    axes.set_xlabel("generation $G$")
    axes.set_ylabel("test loss")
    axes.set_xlim(0.5, found.horizon + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def _draw_plateau(axes: Axes, found: Forecast) -> None:
    """Where the loss settles, and how surely: a line, a band; in words alone where it lies far beyond the fan."""
    plateau = found.plateau
    if plateau is None:
        return
    low, high = axes.get_ylim()
    label = "plateau" if np.isfinite(plateau.upper) else "plateau, if there is one"
    if plateau.median > high + FAR * (high - low):
        axes.plot([], [], color=GREY, linewidth=0.9, linestyle="--", label=f"{label}: {plateau.median:.4g}, above")
        return
    axes.axhline(plateau.median, color=GREY, linewidth=0.9, linestyle="--", label=label)
    reach = axes.get_ylim()
    axes.axhspan(plateau.lower, min(plateau.upper, reach[1]), color=GREY, alpha=0.1, linewidth=0, zorder=0)
    axes.set_ylim(reach)
