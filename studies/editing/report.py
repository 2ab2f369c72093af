"""The table and the figure of the study of SmolLM2, from what was measured: ``python -m studies.editing.report``.

It prints a row an edit, and draws docs/figures/editing.png.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

from selfgen.style import BLUE, CYCLE, GREY, VERMILION, plain_ticks, save, styled

HERE = Path(__file__).parent
FIGURE = HERE.parents[1] / "docs" / "figures" / "editing.png"
LABELS = {"svd": "singular vector", "mean": "mean difference", "dpo": "one step of DPO (0.2 %)"}
COLOURS = {"svd": BLUE, "mean": VERMILION, "dpo": CYCLE[2]}
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """Rows of a file of the study; none where it is not there."""
    path = HERE / name
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def curve(axes: Axes, runs: list[Row], part: str, over: Callable[[Row], float]) -> None:
    """The change of the mass, with two standard errors, a line a method."""
    for method, label in LABELS.items():
        found = sorted((row for row in runs if row["part"] == part and row["method"] == method), key=over)
        if not found:
            continue
        masses = [100 * float(row["mass_relative"]) for row in found]
        errors = [200 * float(row["mass_error"]) for row in found]
        axes.errorbar(list(map(over, found)), masses, yerr=errors, color=COLOURS[method], marker="o", markersize=3.5,
                      linewidth=1.1, elinewidth=0.8, capsize=2, label=label)  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.set_ylabel("change of concept mass, %")


def trades(axes: Axes, runs: list[Row]) -> None:
    """What is taken away against what it costs: ranks and blocks of the projection, blocks of one step of DPO."""
    kinds = (("ranks", "svd", BLUE, "rank, projection"), ("layers", "svd", VERMILION, "blocks, projection"),
             ("layers", "dpo", CYCLE[2], "blocks, DPO"))  # fmt: skip
    for part, method, colour, label in kinds:
        for row in (row for row in runs if (row["part"], row["method"]) == (part, method)):
            x, y = 100 * float(row["perplexity_relative"]), 100 * float(row["mass_relative"])
            axes.plot([x], [y], "o", color=colour, markersize=4)
            words = row["rank"] if part == "ranks" else f"{row['first_block']}-{int(row['last_block']) - 1}"
            axes.annotate(words, (x, y), (4, 3), textcoords="offset points", fontsize=6.5, color=colour)
        axes.plot([], [], "o", color=colour, markersize=4, label=label)
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks([0, 1, 2, 5, 10, 20, 40], ["0", "1", "2", "5", "10", "20", "40"])
    axes.minorticks_off()
    axes.set(xlabel="change of perplexity, %", ylabel="change of concept mass, %", title="Ranks and blocks")
    axes.margins(0.12)
    axes.legend(loc="upper right", fontsize=7)


def directions(axes: Axes) -> None:
    """How near the direction of N pairs is to that of others, and what was predicted."""
    for block, colour in zip(("15", "29"), (BLUE, VERMILION), strict=True):
        found = [row for row in rows("directions.csv") if row["block"] == block]
        sizes = [int(row["pairs"]) for row in found]
        axes.plot(
            sizes, [float(row["sine2"]) for row in found], "o", color=colour, markersize=4, label=f"block {block}"
        )
        axes.plot(sizes, [float(row["coloured"]) for row in found], color=colour, linewidth=1.1)
        axes.plot(sizes, [float(row["white"]) for row in found], color=colour, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.plot([], [], color=GREY, linewidth=1.1, label="predicted: spectrum")
    axes.plot([], [], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)), label="predicted: white noise")
    axes.set(xscale="log", yscale="log", xlabel="pairs $N$", ylabel="$1 - \\cos^2$ of the direction")
    plain_ticks(axes.xaxis, [4, 8, 16, 32, 64, 128])
    axes.legend(loc="lower left", fontsize=7.5)


def draw() -> None:
    """Write the figure."""
    runs = rows("runs.csv")
    with styled(7.4, 5.6) as figure:
        (pairs, flips), (trade, near) = figure.subplots(2, 2)
        curve(pairs, runs, "pairs", lambda row: float(row["pairs"]))
        pairs.set(xscale="log", xlabel="pairs $N$", title="Pairs")
        plain_ticks(pairs.xaxis, [4, 8, 16, 32, 64, 128, 256, 512])
        pairs.legend(loc="best", fontsize=7.5)
        curve(flips, runs, "flips", lambda row: float(row["flips"]))
        flips.set(xlabel="flipped labels", title=f"Flipped labels, {128} pairs")
        trades(trade, runs)
        directions(near)
        near.set_title("The direction itself")
        save(figure, FIGURE)


def main() -> None:
    for row in rows("runs.csv"):
        span = f"{row['first_block']}-{int(row['last_block']) - 1}"
        words = f"{row['part']:<9}{row['method']:<7}{row['pairs']:>4} pairs, flips {row['flips']}, rank {row['rank']}"
        mass, cost = float(row["mass_relative"]), float(row["perplexity_relative"])
        print(f"{words}, blocks {span}: mass {mass:+.1%} ± {float(row['mass_error']):.1%}, "
              f"perplexity {cost:+.1%} ± {float(row['perplexity_error']):.1%}, {row['tokens']} tokens")  # fmt: skip
    draw()


if __name__ == "__main__":
    main()
