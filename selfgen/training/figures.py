"""The figures of a study: losses, rises on the depth law, and what each generation draws."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from numerics.evaluate import evaluate
from selfgen.style import CYCLE, GREY, save_both, styled
from selfgen.training.study import Measured
from theory import NotDerivedError, depth

#: Characters of a generation's texts; of a line of a text in the place of a picture, and lines of it.
CHARACTERS, BROKEN, LINES = 80, 15, 6


def draw(measured: Measured, folder: Path) -> list[str]:
    """Write all figures; returns their names."""
    draw_losses(measured, folder / "losses")
    names = ["losses"]
    if draw_depths(measured, folder / "depths"):
        names.append("depths")
    draw_strip(measured, folder / "samples")
    return [*names, "samples"]


def draw_losses(measured: Measured, stem: Path) -> None:
    """Loss against generation, mean over seeds with two standard errors; forecasts as lines with their intervals."""
    with styled(5.2, 3.4) as figure:
        axes = figure.subplots()
        for index, (name, run) in enumerate(measured.runs.items()):
            colour, places = CYCLE[index % len(CYCLE)], np.arange(1, run.generations + 1)
            forecast = measured.of(name)
            if forecast is not None:
                further = np.arange(1, forecast.horizon + 1)
                axes.fill_between(further, forecast.lower, forecast.upper, color=colour, alpha=0.12, linewidth=0)
                axes.plot(further, forecast.median, color=colour, linewidth=0.9, linestyle="--")
            error = 2 * np.nan_to_num(run.stderr)
            axes.errorbar(places, run.mean, yerr=error, fmt="o", color=colour, markersize=3.5, capsize=1.6, label=name)
        axes.axhline(measured.setting.baseline, color=GREY, linewidth=0.8, linestyle=":", label="trivial model")
        axes.set_xlabel("generation $G$")
        axes.set_ylabel(f"test loss, {measured.setting.unit}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        # Lines across the whole figure are not kept clear of: the legend lies above them.
        axes.legend(loc="best", handlelength=1.6, frameon=True, facecolor="white", edgecolor="none", framealpha=0.9)
        save_both(figure, stem)


def draw_depths(measured: Measured, stem: Path) -> bool:
    """Rises over generation 1 against the mean number of models behind a training row: did workflows fall together?"""
    found = {}
    for name, run in measured.runs.items():
        try:
            found[name] = evaluate(depth(run.workflow).mean, np.arange(1, run.generations + 1))
        except NotDerivedError:
            continue
    if not found:
        return False
    with styled(4.6, 3.4) as figure:
        axes = figure.subplots()
        for index, (name, depths) in enumerate(found.items()):
            run = measured.runs[name]
            rises = run.losses - run.losses[:, :1]
            count = len(rises)
            error = 2 * rises.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else None
            axes.errorbar(
                depths, rises.mean(axis=0), yerr=error, fmt="o-", color=CYCLE[index % len(CYCLE)], markersize=3.5,
                linewidth=0.8, capsize=1.6, label=name,
            )  # fmt: skip
        axes.set_xlabel("mean number of models behind a training row")
        axes.set_ylabel(f"rise of the loss, {measured.setting.unit}")
        axes.legend(loc="best", handlelength=1.6)
        save_both(figure, stem)
    return True


def draw_strip(measured: Measured, stem: Path) -> None:
    """What the models of the first seed draw: a line a generation, a column a workflow."""
    generations = max(run.generations for run in measured.runs.values())
    picture = measured.setting.picture
    width, height = (picture.inches * picture.shown, picture.inches + 0.04) if picture else (4.2, 0.3)
    with styled(width * len(measured.runs) + 0.5, height * generations + 0.5) as figure:
        grid = figure.subplots(generations, len(measured.runs), squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for column, (name, run) in enumerate(measured.runs.items()):
            grid[0, column].set_title(name, fontsize=8)
            for line, seen in enumerate(run.observed[0]):
                axes = grid[line, column]
                if column == 0:
                    axes.text(-0.02, 0.5, str(line + 1), transform=axes.transAxes, ha="right", va="center", fontsize=7)
                if picture:
                    _pictures(axes, seen["examples"], picture)
                else:
                    shown = _line(seen["examples"])
                    axes.text(0, 0.5, shown, transform=axes.transAxes, va="center", fontsize=6, family="monospace")
        save_both(figure, stem)


def _pictures(axes: Any, examples: list[Any], picture: Any) -> None:
    """Pictures side by side; what cannot be drawn stands as its text, in grey."""
    axes.set(xlim=(0, picture.shown), ylim=(0, 1), aspect="equal")
    for place, example in enumerate(examples[: picture.shown]):
        pixels = picture(example)
        if pixels is None:
            text = "\n".join(wrap(example, BROKEN)[:LINES]).replace("$", r"\$")
            axes.text(place + 0.5, 0.5, text, ha="center", va="center", fontsize=4, family="monospace", color=GREY)
            continue
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=(place, place + 0.96, 0.02, 0.98), aspect="equal")


def _line(texts: list[str]) -> str:
    """As many texts as there is room for, at least the first; a dollar sign would begin mathematics."""
    line, *others = (" ".join(text.split()) for text in texts)
    for other in others:
        if len(line) + len(other) + 3 > CHARACTERS:
            break
        line += f" · {other}"
    return line[:CHARACTERS].replace("$", r"\$")
