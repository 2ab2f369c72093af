"""What the tests of forecasts share: simulated chains, and measured ones."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory import Accumulate, AccumulateSubsample, Replace

HERE = Path(__file__).parent
MEASURED = HERE.parents[1] / "expected" / "measured"
#: The workflows of the measured runs that every run has.
WORKFLOWS = {"replace": Replace(), "accumulate": Accumulate(), "subsample": AccumulateSubsample()}


@pytest.fixture(scope="session")
def truth() -> Any:
    """The class of settings with a known truth, in tests/helpers/chains.py."""
    spec = importlib.util.spec_from_file_location("chains", HERE.parents[1] / "helpers" / "chains.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chains"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.Truth


@pytest.fixture(scope="session")
def runs() -> dict[str, dict[str, Any]]:
    """Losses by run and the run's own name of the workflow, (seeds, generations)."""
    found = {}
    for path in sorted(MEASURED.glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = {name: np.array(table) for name, table in zip(run["workflows"], run["losses"], strict=True)}
    return found


@pytest.fixture(scope="session")
def measured(runs: dict[str, dict[str, Any]]) -> dict[str, dict[Any, Any]]:
    """Losses by run and workflow."""
    return {name: {workflow: run[own] for own, workflow in WORKFLOWS.items()} for name, run in runs.items()}
