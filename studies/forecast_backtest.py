"""How far are forecasts off on published curves? Fitted on the first 4 and 6 generations, judged by the others.

Run from the root of the repository, outside CI (seconds):

    python -m studies.forecast_backtest --published PATH

The file is JSON: a list of objects with ``workflow`` ("replace", "accumulate" or "subsample"), ``losses`` from
generation 1 on, and ``model``. It is read where it lies: such curves belong to who published them. For each number of
generations shown and each workflow, and for all of them, the root mean square error at the last generation, the
median of the error over the rise, and the share of later losses inside 90 % intervals, beside the baselines; then the
curves one by one. With

    python -m studies.forecast_backtest --own tests/expected/measured

the share of later losses inside their intervals for every single chain of own runs, by run and workflow (minutes).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from numerics.forecasting import backtest, forecast
from theory import Accumulate, AccumulateSubsample, DomainError, Replace
from theory.names import workflow_named
from theory.workflows.base import Workflow

WORKFLOWS: dict[str, Workflow] = {
    "replace": Replace(),
    "accumulate": Accumulate(),
    "subsample": AccumulateSubsample(),
}
SHOWN = (4, 6)
#: What own runs call their other workflows: n rows drawn of each.
OTHERS = {
    "real-latest": "subsampled-real-plus-latest",
    "mixed25": "subsampled-contaminated-pool:real=1/4",
}


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


def inside(chain: np.ndarray, workflow: Workflow, shown: int) -> float | None:
    """The share of a chain's later losses inside their intervals; None where it is refused."""
    try:
        found = forecast(chain[:shown], workflow, horizon=len(chain))
    except DomainError:
        return None
    later = chain[shown:]
    return float(((found.lower[shown:] <= later) & (later <= found.upper[shown:])).mean())


def own(folder: Path, shown: int) -> str:
    """A line for each run and workflow, and for all chains."""
    lines, every = [f"every chain, from {shown} generations"], []
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text())
        for name, table in zip(run["workflows"], run["losses"], strict=True):
            workflow = WORKFLOWS[name] if name in WORKFLOWS else workflow_named(OTHERS[name])
            tried = [inside(np.array(chain), workflow, shown) for chain in table]
            covered = [share for share in tried if share is not None]
            every.extend(covered)
            lines.append(f"  {path.stem}, {name}: {len(covered)} chains, {100 * np.mean(covered):.1f} % inside")
    return "\n".join((*lines, f"  all {len(every)}: {100 * np.mean(every):.1f} %"))


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(prog="python -m studies.forecast_backtest", description=__doc__)
    source = arguments.add_mutually_exclusive_group(required=True)
    source.add_argument("--published", type=Path, help="JSON file of curves")
    source.add_argument("--own", type=Path, help="folder of own runs, JSON files")
    given = arguments.parse_args()
    for shown in SHOWN:
        print(own(given.own, shown) if given.own else report(published(given.published), shown), end="\n\n")


if __name__ == "__main__":
    main()
