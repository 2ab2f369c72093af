"""The figure of six generators: ``python docs/figures/six_generators.py [FILE]``.

Points are what ``python -m studies.six_generators`` measured, with two standard errors; lines are derived.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from selfgen.style import CYCLE, STYLE, save

FILE = Path(__file__).parents[2] / "studies" / "six_generators.csv"
#: Of each panel its title, what its axis has, and its curves: case, workflow, name.
PANELS = (
    ("Gaussian mixtures", "ratio", (
        ("mixture, apart", "replace", "apart, replace"), ("mixture, apart", "accumulate", "apart, accumulate"),
        ("mixture, overlapping", "replace", "overlapping, replace"),
        ("mixture, overlapping", "accumulate", "overlapping, accumulate"))),
    ("Bayesian mixtures", "variance of components", (
        ("Bayesian mixture, variance", "replace", "replace"),
        ("Bayesian mixture, variance", "accumulate", "accumulate"))),
    ("Kernel densities, Scott's rule", "variance gained", (
        ("kernel density, scikit-learn", "replace", "scikit-learn"), ("kernel density, SciPy", "replace", "SciPy"),
        ("kernel density, scikit-learn, data times 10", "replace", "scikit-learn, data × 10"),
        ("kernel density, scikit-learn", "accumulate", "scikit-learn, accumulate"))),
    ("Copulas", "ratio", (
        ("copula, smooth margins", "replace", "replace"), ("copula, smooth margins", "accumulate", "accumulate"),
        ("copula, margins of the data", "replace", "margins of the data, replace"))),
    ("Hidden Markov", "ratio", (
        ("hidden Markov", "replace", "replace"), ("hidden Markov", "accumulate", "accumulate"),
        ("hidden Markov, hmmlearn's defaults", "replace", "defaults, replace"))),
    ("Trigrams, one more of each count", "squared error", (
        ("trigram, one more of each", "replace", "replace"),
        ("trigram, one more of each", "accumulate", "accumulate"))),
)  # fmt: skip


def read(path: Path = FILE) -> dict[tuple[str, str], list[dict[str, str]]]:
    """The rows of each run, by case and workflow."""
    runs = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            runs[row["case"], row["workflow"]].append(row)
    return dict(runs)


def draw(path: Path) -> None:
    """All panels."""
    runs = read()
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 6.6), layout="constrained")
        FigureCanvasAgg(figure)
        for axes, (title, what, curves) in zip(figure.subplots(2, 3).flat, PANELS, strict=True):
            for place, (case, workflow, name) in enumerate(curves):
                curve(axes, runs[case, workflow], name, place)
            axes.set(title=title, ylabel=what, xlabel="generation")
            axes.legend(frameon=False, fontsize="small", loc="upper left")
        save(figure, path)


def curve(axes: Axes, rows: list[dict[str, str]], name: str, place: int) -> None:
    """One run: the derived line, and measured points, beside one another where lines are the same."""
    colour = CYCLE[place]
    generations = [int(row["generation"]) for row in rows]
    derived, measured, error = ([float(row[key]) for row in rows] for key in ("theory", "measured", "stderr"))
    axes.plot(generations, derived, color=colour, label=name)
    beside = [generation + 0.08 * place for generation in generations]
    twice = [2 * each for each in error]
    axes.errorbar(beside, measured, twice, color=colour, fmt="o", markersize=4, linewidth=1)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"))
