"""A study as a table: the loss of each generation, the measured and the derived ratio, the forecast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from numerics.evaluate import evaluate
from numerics.generations import GenerationRun
from selfgen.training.study import FURTHER, Measured
from theory import NotDerivedError, Regular, expected_risk
from theory.workflows.base import Workflow

Array = NDArray[np.float64]


def table(measured: Measured) -> Table:
    """A row for each workflow and generation.

    The measured ratio is :math:`1 + (L_g - L_1)/A`, A being half the generalisation gap of generation 1, the derived
    one that of the variance law; they differ by what each generation leaves unlearnt.
    """
    found = Table(title=f"losses in {measured.setting.unit}", box=None, title_justify="left")
    found.add_column("workflow")
    for name in ("generation", "loss", "± s.e.", "ratio", "variance law", "forecast"):
        found.add_column(name, justify="right")
    for name, run in measured.runs.items():
        for row in rows_of(measured, name, run):
            found.add_row(*row)
    return found


def rows_of(measured: Measured, name: str, run: GenerationRun) -> list[tuple[str, ...]]:
    """The cells of a workflow: all measured generations, and the last of the forecast."""
    derived = variance_law(run.workflow, run.generations, run.n)
    half, forecast = measured.gap / 2, measured.of(name)
    cells: list[tuple[str, ...]] = []
    for place in range(run.generations):
        ratio = 1 + (run.mean[place] - run.mean[0]) / half if half > 0 else np.nan
        cells.append(
            (
                name if place == 0 else "",
                str(place + 1),
                f"{run.mean[place]:.5g}",
                "" if np.isnan(run.stderr[place]) else f"{run.stderr[place]:.2g}",
                "" if np.isnan(ratio) else f"{ratio:.3g}",
                "" if derived is None else f"{derived[place]:.3g}",
                "" if forecast is None else f"{forecast.median[place]:.5g}",
            )
        )
    if forecast is not None:
        last = FURTHER * max(each.generations for each in measured.runs.values())
        ends = f"{forecast.median[-1]:.5g} ({forecast.lower[-1]:.5g} to {forecast.upper[-1]:.5g})"
        cells.append(("", str(last), "", "", "", "", ends))
    return cells


def variance_law(workflow: Workflow, generations: int, n: int) -> Array | None:
    """The ratio of every regular model to leading order; None where it is not derived."""
    try:
        return np.asarray(evaluate(expected_risk(Regular(p=1, n=n), workflow).ratio, np.arange(1, generations + 1)))
    except NotDerivedError:
        return None
