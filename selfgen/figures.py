"""Figures: risk against generation, as an author would print it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from selfgen.case_result import CaseResult
from selfgen.style import BLUE, CYCLE, GREY, VERMILION, save, save_both, styled, symbol, verify_kind

#: Risks that differ by more than this factor stand on a logarithmic axis.
LOGARITHMIC = 12.0
#: How strong points are that do not count in the verdict.
UNJUDGED = 0.35
# A column of a two-column page, in inches.
_SIZE = (3.6, 2.7)


def file_name(number: int, result: CaseResult) -> str:
    """A file name that sorts in the order of the study."""
    words = result.name
    safe = "".join(character if character.isalnum() or character == "-" else "-" for character in words)
    return f"{number + 1:03d}-{safe}".replace("--", "-")


def risk_label(loss: str) -> str:
    """What stands on an axis of risks."""
    return "expected risk" if loss == "squared" else f"expected risk ({loss})"


def draw_case(result: CaseResult, stem: Path) -> None:
    """Write ``stem``.png and .pdf: formula as a line, simulation as points with error bars, bound dashed."""
    generations = np.arange(1, result.generations + 1)
    with styled(*_SIZE) as figure:
        axes = figure.add_subplot()
        formula, mean = np.asarray(result.formula), np.asarray(result.mean)
        label = "formula" if result.exactness == "exact" else "leading order"
        axes.plot(generations, formula, color=BLUE, linewidth=1.3, label=label, zorder=2)
        judged = generations <= result.checked
        for part, label, strength in ((judged, "simulation ± 2 s.e.", 1.0), (~judged, "not judged", UNJUDGED)):
            if part.any():
                axes.errorbar(
                    generations[part],
                    mean[part],
                    # Two standard errors, some 95 %; they are often smaller than the point.
                    yerr=2 * np.asarray(result.stderr)[part],
                    fmt="o",
                    markersize=3.2,
                    markerfacecolor="white",
                    markeredgecolor=VERMILION,
                    markeredgewidth=0.9,
                    ecolor=VERMILION,
                    elinewidth=0.9,
                    capsize=1.6,
                    alpha=strength,
                    label=label,
                    zorder=3,
                )
        both = np.concatenate([formula, mean])
        top, bottom = float(np.nanmax(both)), float(np.nanmin(both))
        logarithmic = bottom > 0 and top / bottom > 1000
        # Risks that are not negative start from zero, so that heights compare as risks do.
        floor = min(bottom, 0.0)
        if result.bound is not None:
            style: dict[str, Any] = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (5, 3))}
            if logarithmic or result.bound < top + 3 * (top - floor):
                axes.axhline(result.bound, **style, label="bound", zorder=1)
                top = max(top, result.bound)
            else:
                # On the axes it would flatten the curve; the legend says where it is.
                axes.plot([], [], **style, label=f"bound {result.bound:.3g}, above")
        if logarithmic:
            axes.set_yscale("log")
        elif np.isfinite(top) and top > floor:
            margin = 0.1 * (top - floor)
            axes.set_ylim(floor - (margin if floor < 0 else 0), top + (margin if top > 0 else 0))
        axes.set_xlim(0.4, result.generations + 0.6)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        if not logarithmic:
            axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4), useMathText=True)
        axes.set_xlabel("generation $G$")
        axes.set_ylabel(risk_label(result.loss))
        axes.set_title(_heading(result))
        axes.legend(loc=_free_corner(both.reshape(2, -1), floor, top, logarithmic))
        save_both(figure, stem)


@dataclass(frozen=True)
class Crossed:
    """From ``generation`` on ``better`` is better, ``worse`` before; ``height`` is None where the axes end before."""

    generation: int
    height: float | None
    better: str
    worse: str


def draw_comparison(
    title: str,
    generations: Sequence[int],
    ratios: Mapping[str, Sequence[float]],
    limits: Mapping[str, float | None],
    path: Path,
    crossings: Sequence[Crossed] = (),
    remark: str = "",
    unit: str = "",
) -> None:
    """Write the risks of several workflows over the same one at generation 1, and where their order changes.

    Limits are dashed; the legend is in the order of the curves at the last generation, the highest first.
    """
    verify_kind(path, "--plot ")
    with styled(6.8, 3.4) as figure:
        axes = figure.add_subplot()
        ordered = sorted(ratios, key=lambda name: -ratios[name][-1])
        top, bottom = max(map(max, ratios.values())), min(map(min, ratios.values()))
        logarithmic = bottom > 0 and top / bottom > LOGARITHMIC
        for name in ordered:
            colour = CYCLE[list(ratios).index(name) % len(CYCLE)]
            limit = limits[name]
            label = name if limit is None else f"{name} → {limit:.4g}"
            axes.plot(generations, ratios[name], color=colour, linewidth=1.4, label=label)
            if limit is not None and (limit < 10 * top if logarithmic else limit < 2 * top):
                axes.axhline(limit, color=colour, linewidth=0.8, linestyle=(0, (5, 3)))
        for crossed in crossings:
            text = f"$G$ = {crossed.generation}: {crossed.better}\nbetter than {crossed.worse}"
            if crossed.height is None:
                axes.plot([], [], " ", label=f"beyond, {text}")
                continue
            mark: dict[str, Any] = {
                "marker": "o",
                "markersize": 5.5,
                "markerfacecolor": "none",
                "markeredgecolor": "black",
            }
            axes.plot([crossed.generation], [crossed.height], linestyle="none", label=text, zorder=4, **mark)
            axes.annotate(
                f"{crossed.generation}", (crossed.generation, crossed.height), (0, -7), textcoords="offset points",
                ha="center", va="top", fontsize=8,
            )  # fmt: skip
        axes.set_xscale("log")
        if logarithmic:
            axes.set_yscale("log")
        axes.xaxis.set_major_formatter(_power_of_ten)
        axes.set_xlabel("generation $G$")
        axes.set_ylabel(f"risk at $G$ / risk at 1{unit}")
        axes.set_title(f"{title}\n{remark}" if remark else title)
        figure.legend(loc="outside right upper")
        save(figure, path)


def _power_of_ten(value: float, _: object) -> str:
    return f"{value:g}" if value < 1e4 else f"$10^{{{np.log10(value):g}}}$"


def _free_corner(curves: np.ndarray, floor: float, top: float, logarithmic: bool) -> str:
    """Where the curves leave room for a legend."""
    count = curves.shape[1]
    left, right = curves[:, : max(1, round(0.6 * count))], curves[:, int(0.4 * count) :]
    low = floor + 0.65 * (top - floor)
    if logarithmic:
        return "upper left" if curves[0, -1] >= curves[0, 0] else "upper right"
    if np.nanmax(left) < low:
        return "upper left"
    return "upper right" if np.nanmax(right) < low else "lower right" if np.nanmin(right) > low else "lower left"


def _heading(result: CaseResult) -> str:
    settings = ", ".join(f"{symbol(name)} = {value}" for name, value in result.parameters.items())
    heading = f"{result.model.replace('-', ' ')}, {result.workflow.replace(':', ', ')}"
    return f"{heading}\n{settings}" if settings else heading
