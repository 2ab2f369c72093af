"""How far are forecasts off on published curves? Fitted on the first 4 and 6 generations, judged by the others.

Run from the root of the repository, outside CI (seconds):

    python -m studies.forecast_backtest --published PATH

The file is JSON: a list of objects with ``workflow`` ("replace", "accumulate" or "subsample"), ``losses`` from
generation 1 on, and ``model``. It is read where it lies: such curves belong to who published them. For each number of
generations shown and each workflow, and for all of them, the root mean square error at the last generation, the
median of the error over the rise, and the share of later losses inside 90 % intervals, beside the baselines; then the
curves one by one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from numerics.forecasting import backtest
from theory import Accumulate, AccumulateSubsample, Replace
from theory.workflows.base import Workflow

WORKFLOWS: dict[str, Workflow] = {
    "replace": Replace(),
    "accumulate": Accumulate(),
    "subsample": AccumulateSubsample(),
}
SHOWN = (4, 6)


def published(path: Path) -> list[tuple[str, str, list[float]]]:
    """Model, workflow and losses of every curve."""
    return [(curve["model"], curve["workflow"], curve["losses"]) for curve in json.loads(path.read_text())]


def report(curves: list[tuple[str, str, list[float]]], shown: int) -> str:
    """A table for each workflow, and a line for each curve."""
    parts = []
    for name, workflow in WORKFLOWS.items():
        own = [(model, losses) for model, other, losses in curves if other == name and len(losses) > shown]
        if not own:
            continue
        tried = backtest([(losses, workflow) for _, losses in own], shown=shown)
        parts.append(f"{name}, from {shown} generations: {tried.curves} curves\n{tried}")
        parts.extend(f"refused: {sentence}" for sentence in tried.refused)
        parts.append("\n".join(line(model, losses, workflow, shown) for model, losses in own))
    return "\n\n".join(parts)


def line(model: str, losses: list[float], workflow: Workflow, shown: int) -> str:
    """Error at the last generation of one curve, and how much of it is inside its interval."""
    try:
        (law, *_) = backtest([(losses, workflow)], shown=shown).trials
    except ValueError:
        return f"  {model}: refused"
    return f"  {model}, {len(losses)} generations: error {law.rms:.4f}, {100 * (law.coverage or 0):.0f} % inside"


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(prog="python -m studies.forecast_backtest", description=__doc__)
    arguments.add_argument("--published", type=Path, required=True, help="JSON file of curves")
    curves = published(arguments.parse_args().published)
    for shown in SHOWN:
        print(report(curves, shown), end="\n\n")


if __name__ == "__main__":
    main()
