"""Several workflows of one generator: run, kept, and what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.forecasting import Forecast
from numerics.forecasting import forecast as forecast_of
from numerics.generations import GenerationRun
from numerics.several_workflows import run_workflows
from selfgen.training.kinds import Setting
from theory import DomainError
from theory.whole_file import write_text
from theory.workflows.base import Workflow

#: A law with three unknowns is not to be had from fewer generations.
FEWEST = 3
#: How much further than measured the forecast goes.
FURTHER = 2


@dataclass(frozen=True, eq=False)
class Measured:
    """What a study measured.

    Attributes
    ----------
    setting : what was trained on what
    runs : by the name that the user gave each workflow
    forecast : of all workflows together, None where there is none
    reason : why there is none
    """

    setting: Setting
    runs: Mapping[str, GenerationRun]
    forecast: Forecast | None
    reason: str | None

    @property
    def gap(self) -> float:
        """The generalisation gap of generation 1: test loss less training loss, over all runs."""
        gaps = [
            loss - seen["train_loss"]
            for run in self.runs.values()
            for loss, (seen, *_) in zip(run.losses[:, 0], run.observed, strict=True)
        ]
        return float(np.mean(gaps))

    def of(self, name: str) -> Forecast | None:
        """The forecast of a workflow."""
        return None if self.forecast is None else self.forecast.of(self.runs[name].workflow)


def study(
    setting: Setting,
    workflows: Mapping[str, Workflow],
    generations: int,
    seeds: int,
    seed: int,
    folder: Path,
    executor: Executor | None,
    device: str | None,
    progress: bool,
) -> Measured:
    """Run all workflows, each in a folder of its own; model 1 of a seed is fitted once for all of them."""
    runs = run_workflows(
        setting.generator,
        setting.pool,
        workflows,
        generations,
        test_data=setting.test,
        replicates=seeds,
        seed=seed,
        path=folder,
        n=setting.n,
        progress=progress,
        initial=setting.loop.initial,
        executor=executor,
        same_first=setting.loop.same_first,
        stacked=setting.loop.stacked,
        observe=setting.observer,
        device=device,
    )
    found, reason = forecast_of_runs(runs, setting.baseline, setting.loop.initial == "previous")
    return Measured(setting, runs, found, reason)


def forecast_of_runs(
    runs: Mapping[str, GenerationRun], baseline: float, warm: bool
) -> tuple[Forecast | None, str | None]:
    """Where the losses go, or why that is not said."""
    losses: dict[Workflow, Any] = {run.workflow: run.losses for run in runs.values()}
    last = max(run.generations for run in runs.values())
    if last < FEWEST:
        return None, f"a forecast needs {FEWEST} generations or more"
    try:
        return forecast_of(losses, horizon=FURTHER * last, baseline=baseline, warm_start=warm), None
    except DomainError as error:
        return None, str(error)


def write_summary(measured: Measured, folder: Path, command: str) -> None:
    """What was measured, as one JSON object with the command that made it."""
    setting = measured.setting
    content: dict[str, Any] = {
        "command": command,
        "data": setting.source,
        "licence": setting.licence,
        "unit": setting.unit,
        "rows": {"block": setting.n, "pool": len(setting.pool), "test": len(setting.test)},
        "weights": getattr(setting.generator, "parameters", None),
        "baseline": setting.baseline,
        "gap": measured.gap,
        "forecast": None if measured.forecast is None else measured.forecast.sentence,
        "no forecast": measured.reason,
        "workflows": {name: _plain(run) for name, run in measured.runs.items()},
    }
    write_text(folder / "summary.json", json.dumps(content, indent=1, ensure_ascii=False))


def _plain(run: GenerationRun) -> dict[str, Any]:
    kept = [[{k: v for k, v in seen.items() if k != "examples"} for seen in chain] for chain in run.observed]
    stderr: NDArray[np.float64] = run.stderr
    return {
        "losses": run.losses.tolist(),
        "mean": run.mean.tolist(),
        "stderr": [None if np.isnan(each) else float(each) for each in stderr],
        "observed": kept,
    }
