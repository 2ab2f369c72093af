"""A grid at a glance: one figure for every model and loss, in small multiples.

A row is a workflow, a column a value of the last parameter of the grid, a colour a value of the one before it; what
other parameters a grid has make rows of their own. Lines are formulas, points simulations. All panels share their
axes, so that they can be compared as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

from selfgen.case_result import CaseResult
from selfgen.figures import UNJUDGED, risk_label
from selfgen.style import GREY, STYLE, save_both, styled, symbol

Colour = tuple[float, ...]

# Inches; a page of a paper is some 7 wide, a slide 13.
_PANEL = (1.55, 1.45)
# From dark to light, told apart in grey as well.
_FIRST, _LAST = 0.0, 0.88
_POINT: dict[str, Any] = {"color": GREY, "linestyle": "none", "marker": "o", "markersize": 2.6}
#: Points on a line: more would hide it.
_POINTS = 9
# Values that one figure tells apart. A study of thousands of cases shows some of them, evenly, and says so.
_ROWS, _COLUMNS, _COLOURS = 16, 8, 12


@dataclass(frozen=True)
class Grid:
    """The cases of one model and loss, and the parameters that differ among them.

    Attributes
    ----------
    results : the cases, in the order of the study
    rows, colour, column : names of the parameters that make rows (beside the workflow), colours and columns; a grid of
        one parameter has colours alone
    """

    results: tuple[CaseResult, ...]
    rows: tuple[str, ...]
    colour: str
    column: str | None

    @property
    def name(self) -> str:
        """The model and the loss of its rows."""
        first = self.results[0]
        return f"{first.model}-{first.loss}"

    @property
    def common(self) -> dict[str, str]:
        """The parameters that all cases share."""
        varied = {*self.rows, self.colour, self.column}
        return {name: value for name, value in self.results[0].parameters.items() if name not in varied}

    def row(self, result: CaseResult) -> tuple[str, ...]:
        """The row of a case: its workflow, and its values of ``rows``."""
        return (result.workflow, *(result.parameters.get(name, "") for name in self.rows))


def grids(results: Sequence[CaseResult]) -> list[Grid]:
    """The grids among the cases of a study: cases of one model and loss, several [[case]] tables together.

    Examples
    --------
    >>> grids([])
    []
    """
    found = []
    for model, loss in dict.fromkeys((result.model, result.loss) for result in results if result.grid):
        members = tuple(result for result in results if (result.model, result.loss) == (model, loss) and result.grid)
        names = dict.fromkeys(name for result in members for name in (*result.grid, *result.parameters))
        varied = [name for name in names if len(_values(members, name)) > 1] or [members[0].grid[0]]
        column = varied.pop() if len(varied) > 1 else None
        found.append(Grid(results=members, rows=tuple(varied[:-1]), colour=varied[-1], column=column))
    return found


def write(folder: Path, results: Sequence[CaseResult]) -> int:
    """Draw ``overview-MODEL-LOSS``.png and .pdf for every grid, and say how many there were."""
    found = grids(results)
    for grid in found:
        draw(grid, folder / f"overview-{grid.name}")
    return len(found)


def draw(grid: Grid, stem: Path) -> None:
    """Write ``stem``.png and .pdf of one grid.

    Risks are on a logarithmic axis; where all are negative (the logarithm of a determinant) their size is, and where
    they have both signs the axis is linear.
    """
    everything, grid = grid, thinned(grid)
    rows = list(dict.fromkeys(grid.row(result) for result in grid.results))
    columns = _values(grid.results, grid.column)
    colours = _values(grid.results, grid.colour)
    sign, logarithmic = _scale(grid.results)
    # Room for the labels on the left, for the legend above.
    with styled(_PANEL[0] * max(len(columns), 2) + 0.9, _PANEL[1] * len(rows) + 1.0) as figure:
        panels = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
        shades = dict(zip(colours, _shades(len(colours)), strict=True))
        for result in grid.results:
            axes = panels[rows.index(grid.row(result))][columns.index(_value(result, grid.column))]
            _draw_case(axes, result, shades[_value(result, grid.colour)], sign)
        for (at_row, at_column), axes in np.ndenumerate(panels):
            _dress(axes, logarithmic, max(result.generations for result in grid.results))
            if at_row == 0 and grid.column is not None:
                axes.set_title(f"{symbol(grid.column)} = {columns[at_column]}", loc="center")
            if at_column == 0:
                axes.set_ylabel(_row_label(grid, rows[at_row]))
            if not axes.lines:
                axes.text(0.5, 0.5, "not in the study", transform=axes.transAxes, ha="center", color="0.6")
        figure.supxlabel("generation $G$", fontsize=STYLE["font.size"])
        label = risk_label(grid.results[0].loss)
        label = f"−({label})" if sign < 0 else label
        # One row is too low for a long line.
        figure.supylabel(label.replace(" (", "\n(") if len(rows) == 1 else label, fontsize=STYLE["font.size"])
        if logarithmic:
            # By what is measured: an error bar that reaches down to zero has no end on this axis.
            panels[0, 0].set_ylim(*_extent(grid.results, sign))
        _head(figure, grid, shades, len(everything.results))
        save_both(figure, stem)


def thinned(grid: Grid) -> Grid:
    """The cases of a grid that one figure can show: evenly along each of its axes, from the first value to the last.

    Values with cases that do not agree come first, up to half of what there is room for.
    """
    members = grid.results
    places: tuple[tuple[Callable[[CaseResult], Hashable], int], ...] = (
        (grid.row, _ROWS),
        (lambda result: _value(result, grid.column), _COLUMNS),
        (lambda result: _value(result, grid.colour), _COLOURS),
    )
    for place, most in places:
        values = list(dict.fromkeys(place(result) for result in members))
        wanted = {place(result) for result in members if not result.passed}
        kept = _some(values, most, wanted)
        members = tuple(result for result in members if place(result) in kept)
    return replace(grid, results=members)


def _some(values: Sequence[Hashable], most: int, wanted: Collection[Hashable]) -> set[Hashable]:
    """At most ``most`` values, evenly spread; of those that are wanted as many as half of these."""
    kept = set(_evenly([value for value in values if value in wanted], most // 2)) if len(values) > most else set()
    return kept.union(_evenly([value for value in values if value not in kept], most - len(kept)))


def _evenly(values: Sequence[Hashable], count: int) -> Sequence[Hashable]:
    """The first, the last and some between them."""
    return values if len(values) <= count else [values[round(at)] for at in np.linspace(0, len(values) - 1, count)]


def _draw_case(axes: Axes, result: CaseResult, colour: Colour, sign: int) -> None:
    generations = np.arange(1, result.generations + 1)
    axes.plot(generations, sign * np.asarray(result.formula), color=colour, linewidth=1.1, zorder=2)
    shown = _spread(result.generations)
    judged = [at for at in shown if at < result.checked]
    for places, strength in ((judged, 1.0), (shown[len(judged) :], UNJUDGED)):
        if not places:
            continue
        axes.errorbar(
            generations[places],
            sign * np.asarray(result.mean)[places],
            yerr=2 * np.asarray(result.stderr)[places],
            fmt="o",
            markersize=2.6,
            markerfacecolor="white" if result.passed else colour,
            markeredgecolor=colour,
            markeredgewidth=0.8,
            ecolor=colour,
            elinewidth=0.8,
            alpha=strength,
            zorder=3,
        )


def _dress(axes: Axes, logarithmic: bool, generations: int) -> None:
    axes.set_xscale("log" if generations > 20 else "linear")
    if generations > 20:
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)


def _head(figure: Figure, grid: Grid, shades: Mapping[str, Colour], count: int) -> None:
    """Title with how many of all cases are shown, and the legend of colours, of lines and of points."""
    first = grid.results[0]
    settings = ", ".join(f"{symbol(name)} = {value}" for name, value in grid.common.items())
    title = first.model.replace("-", " ") + (f", {settings}" if settings else "")
    if len(grid.results) < count:
        title += f": {len(grid.results)} of {count:,} cases"
    exact = "formula" if all(result.exactness == "exact" for result in grid.results) else "formula, leading order"
    keys = [Line2D([], [], color=colour, linewidth=2.2) for colour in shades.values()]
    names = [f"{symbol(grid.colour)} = {value}" for value in shades]
    keys += [
        Line2D([], [], color=GREY, linewidth=1.1),
        Line2D([], [], **_POINT, markerfacecolor="white"),
    ]
    names += [exact, "simulation ± 2 s.e."]
    if any(result.checked < result.generations for result in grid.results):
        keys.append(Line2D([], [], **_POINT, markerfacecolor="white", alpha=UNJUDGED))
        names.append("not judged")
    if not all(result.passed for result in grid.results):
        keys.append(Line2D([], [], **_POINT))
        names.append("does not agree")
    # As many in a row as there is room for.
    width = sum(0.42 + 0.075 * len(name) for name in names)
    rows = int(np.ceil(width / float(figure.get_size_inches()[0])))
    figure.legend(
        keys,
        names,
        loc="outside upper left",
        ncols=int(np.ceil(len(names) / rows)),
        handlelength=1.4,
        columnspacing=1.2,
        borderaxespad=0.1,
        title=title,
        title_fontsize=STYLE["font.size"] + 1,
        alignment="left",
    )


def _scale(results: Iterable[CaseResult]) -> tuple[int, bool]:
    """Whether risks are turned round, and whether their axis is logarithmic."""
    values = np.concatenate([np.asarray(result.formula) for result in results])
    if (values > 0).all():
        return 1, True
    return (-1, True) if (values < 0).all() else (1, False)


def _extent(results: Iterable[CaseResult], sign: int) -> tuple[float, float]:
    """The limits of a logarithmic axis that shows every formula and every positive mean."""
    values = sign * np.concatenate([np.concatenate([result.formula, result.mean]) for result in results])
    positive = values[(values > 0) & np.isfinite(values)]
    return float(positive.min()) / 1.5, float(positive.max()) * 1.5


def _spread(generations: int) -> list[int]:
    """Some places along a line, evenly apart on its axis."""
    even = np.geomspace if generations > 20 else np.linspace
    return sorted({round(float(at)) - 1 for at in even(1, generations, min(_POINTS, generations))})


def _row_label(grid: Grid, row: tuple[str, ...]) -> str:
    """The workflow and each of its settings, a line each: a row of panels is too low for one long line."""
    name, _, own = row[0].partition(":")
    settings = [f"{symbol(name)} = {value}" for name, value in zip(grid.rows, row[1:], strict=True)]
    return "\n".join([name, *(setting.strip() for setting in own.split(",") if setting), *settings])


def _shades(count: int) -> list[Colour]:
    """Colours for values in order."""
    viridis = colormaps["viridis"]
    return [tuple(viridis(at)) for at in np.linspace(_FIRST, _LAST, count)]


def _values(results: Iterable[CaseResult], name: str | None) -> list[str]:
    """The values of a parameter, in the order of the study."""
    return list(dict.fromkeys(_value(result, name) for result in results))


def _value(result: CaseResult, name: str | None) -> str:
    return "" if name is None else result.parameters.get(name, "–")
