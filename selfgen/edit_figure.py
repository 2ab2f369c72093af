"""The figure of an edit: spectra with the noise edge, and the concept's mass against the perplexity, rank by rank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from numerics.editing.models import Edit
from numerics.editing.trial import Trial
from selfgen.style import BLUE, CYCLE, GREY, VERMILION, save, styled, verify_kind

#: Blocks whose spectra are drawn: the first, the last, and some between.
_SHOWN = 4


def draw_edit(edits: dict[int, Edit], trial: Trial | None, path: Path) -> None:
    """Write the figure.

    Raises
    ------
    DomainError
        When the file is of no kind of figure, or cannot be written.
    """
    verify_kind(path, "--plot ")
    with styled(7.2 if trial else 3.8, 3.0) as figure:
        axes = figure.subplots(1, 2 if trial else 1, squeeze=False)[0]
        _spectra(axes[0], edits)
        if trial is not None:
            _trade(axes[1], trial)
        save(figure, path)


def _spectra(axes: Axes, edits: dict[int, Edit]) -> None:
    blocks = sorted(edits)
    places = np.unique(np.linspace(0, len(blocks) - 1, min(_SHOWN, len(blocks))).round().astype(int))
    for place, colour in zip(places, CYCLE, strict=False):
        found = edits[blocks[place]].subspace
        positive = found.eigenvalues[found.eigenvalues > 0]
        axes.plot(
            np.arange(1, len(positive) + 1), positive, color=colour, linewidth=1.1, label=f"block {blocks[place]}"
        )
        removed = slice(0, found.rank)
        axes.plot(np.arange(1, found.rank + 1), found.eigenvalues[removed], "o", color=colour, markersize=3)
    edge = edits[blocks[0]].subspace.edge
    axes.axhline(edge, color=GREY, linewidth=0.9, linestyle=(0, (5, 3)), label="edge of white noise")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("direction")
    axes.set_ylabel("eigenvalue / noise variance")
    axes.set_title("Spectra of the differences (dots: removed)")
    axes.legend(loc="lower left")


def _trade(axes: Axes, trial: Trial) -> None:
    ranks = sorted(trial.ranks)
    points = [(100 * trial.ranks[rank].perplexity.relative, 100 * trial.ranks[rank].mass.relative) for rank in ranks]
    axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=0.8, alpha=0.6)
    for rank, (x, y) in zip(ranks, points, strict=True):
        label = "by rank" if rank == ranks[0] else None
        axes.plot([x], [y], "o", color=BLUE, markersize=4.5, label=label)
        axes.annotate(f"{rank}", (x, y), (4, 4), textcoords="offset points", fontsize=8)
    for effect, colour, label in (
        (trial.effect, VERMILION, f"rank {trial.rank}, held out ± 2 s.e."),
        (trial.control, GREY, "random subspace ± 2 s.e."),
    ):
        axes.errorbar(
            [100 * effect.perplexity.relative], [100 * effect.mass.relative],
            xerr=[200 * effect.perplexity.standard_error], yerr=[200 * effect.mass.standard_error],
            fmt="s", color=colour, markersize=4, elinewidth=0.9, capsize=2, label=label,
        )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.axvline(0, color=GREY, linewidth=0.5)
    axes.margins(0.12)
    axes.set_xlabel("change of perplexity, %")
    axes.set_ylabel("change of concept mass, %")
    axes.set_title("What each rank does")
    axes.legend(loc="best")
