"""Make docs/figures/forecast.png: ``python docs/figures/forecast.py`` from the root of the repository.

Three fans on own runs: one that settles, one that does not, one whose law is rejected; what came later is hollow.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from numerics.forecasting import forecast
from selfgen.fan import fan_on
from selfgen.style import STYLE, VERMILION, save
from theory import Accumulate, Replace

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 4
#: A far under-trained generator under replace: slow, then fast, then at its worst.
SIGMOID = 2.0 + 3.0 / (1.0 + np.exp(-(np.arange(1, 21) - 10.0) / 1.5))


def measured(run: str, workflow: str) -> np.ndarray:
    """Losses of an own run, (seeds, generations)."""
    content = json.loads((ROOT / "tests" / "expected" / "measured" / f"{run}.json").read_text())
    return np.array(content["losses"][content["workflows"].index(workflow)])


def main() -> None:
    """Draw and save."""
    gram, images = measured("ngram-200", "accumulate"), measured("vae-600", "replace")
    panels = (
        ("n-gram network, accumulate", gram, Accumulate(), SHOWN),
        ("image VAE, replace", images, Replace(), SHOWN),
        ("a sigmoid, replace: rejected", SIGMOID[None, :], Replace(), 12),
    )
    with rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.0), layout="constrained")
        FigureCanvasAgg(figure)
        for axes, (title, table, workflow, shown) in zip(figure.subplots(1, 3), panels, strict=True):
            found = forecast(table[:, :shown], workflow, horizon=20)
            fan_on(axes, found)
            later = np.arange(shown + 1, table.shape[1] + 1)
            axes.plot(later, table.mean(axis=0)[shown:], "o", mfc="white", mec=VERMILION, ms=4, label="measured later")
            axes.set_title(title)
            axes.legend(loc="best", handlelength=1.4, fontsize="x-small")
        save(figure, ROOT / "docs" / "figures" / "forecast.png")


if __name__ == "__main__":
    main()
