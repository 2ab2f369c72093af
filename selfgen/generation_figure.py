"""The figure of a run of generations: measured ratios over the derived ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from numerics.run.ratio import RatioCheck
from selfgen.style import CYCLE, GREY, save, styled, verify_kind
from theory import DomainError

#: Beyond this ratio a linear axis would hide the workflows that stay bounded.
LOGARITHMIC = 20.0
#: How far workflows stand apart, in generations, so that their error bars do not cover each other.
_APART = 0.12


def draw_generations(title: str, checks: Mapping[str, RatioCheck], path: Path) -> None:
    """Write measured ratios, points with two standard errors, over the derived ones, lines; below, their quotient.

    Parameters
    ----------
    title : str
    checks : what :meth:`numerics.generations.GenerationRun.compare` found, by the label of each workflow
    path : file that ends in .pdf, .png or .svg

    Raises
    ------
    DomainError
        When there is nothing to draw, or the file cannot be written.
    """
    verify_kind(path)
    if not checks:
        raise DomainError("checks = {} is empty: give one workflow or more.")
    with styled(4.6, 4.2) as figure:
        ratios, quotients = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
        for index, (label, check) in enumerate(checks.items()):
            shift = _APART * (index - (len(checks) - 1) / 2)
            _draw_check(ratios, quotients, label, check, CYCLE[index % len(CYCLE)], shift)
        ratios.plot([], [], color=GREY, linewidth=1.2, label="derived")
        ratios.errorbar([], [], yerr=[], **_marks(GREY), label="measured ± 2 s.e.")
        _scale(ratios, list(checks.values()))
        ratios.set_ylabel("excess loss at $G$ / at 1")
        ratios.set_title(title)
        ratios.legend(loc="upper left", handlelength=1.6)
        quotients.axhline(1.0, color=GREY, linewidth=0.9)
        quotients.set_ylabel("measured / derived")
        quotients.set_xlabel("generation $G$")
        quotients.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        quotients.set_xlim(0.5, max(len(check.ratio) for check in checks.values()) + 0.5)
        save(figure, path)


def _draw_check(ratios: Axes, quotients: Axes, label: str, check: RatioCheck, colour: str, shift: float) -> None:
    generations = np.arange(1, len(check.ratio) + 1)
    ratios.plot(generations, check.prediction, color=colour, linewidth=1.2, label=label, zorder=2)
    # At generation 1 the ratio is one by definition.
    places, ratio, error, scale = generations[1:] + shift, check.ratio[1:], 2 * check.stderr[1:], check.prediction[1:]
    ratios.errorbar(places, ratio, yerr=error, zorder=3, **_marks(colour))
    quotients.errorbar(places, ratio / scale, yerr=error / np.abs(scale), **_marks(colour))


def _marks(colour: str) -> dict[str, Any]:
    return {
        "fmt": "o",
        "markersize": 3.2,
        "markerfacecolor": "white",
        "markeredgecolor": colour,
        "markeredgewidth": 0.9,
        "ecolor": colour,
        "elinewidth": 0.9,
        "capsize": 1.6,
    }


def _scale(axes: Axes, checks: list[RatioCheck]) -> None:
    """From 1 up, with room for the legend; logarithmic where workflows differ much and all ratios are positive."""
    top = max(float(np.max(np.maximum(check.ratio + 2 * check.stderr, check.prediction))) for check in checks)
    bottom = min(float(np.min(np.minimum(check.ratio - 2 * check.stderr, check.prediction))) for check in checks)
    if top > LOGARITHMIC and bottom > 0:
        axes.set_yscale("log")
        axes.set_ylim(0.9 * min(bottom, 1.0), top**1.35)
        axes.yaxis.set_major_locator(
            FixedLocator([tick for tick in (1, 2, 5, 10, 20, 50, 100, 1000, 10000) if tick < top])
        )
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.set_ylim(min(bottom, 1.0) - 0.06 * (top - min(bottom, 1.0)), top + 0.3 * (top - min(bottom, 1.0)))
