"""How long a derivation takes, from nothing cached; how long the import; and one value at G = 10¹²."""

from __future__ import annotations

import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

from sympy import Rational
from sympy.core.cache import clear_cache

from benchmarks.timing import seconds, timed
from numerics import evaluate
from theory import (
    Accumulate,
    Bernoulli,
    DomainError,
    LinearRegression,
    Workflow,
    expected_risk,
)
from theory.models.base import Model
from theory.registry import MODELS, WORKFLOWS, example


@dataclass(frozen=True)
class Derivation:
    """Seconds from model and workflow to closed form, limit and growth; None where nothing is derived."""

    model: str
    workflow: str
    seconds: float | None
    closed: bool


def built_in_models() -> list[tuple[str, Model]]:
    """Every model by its name with symbolic parameters; linear regression in its three regimes."""
    found = [(name, model()) for name, model in MODELS.items() if name != "linear-regression"]
    return [
        *found,
        ("linear-regression, fresh", LinearRegression(design="fresh")),
        ("linear-regression, shared", LinearRegression(design="shared")),
        ("linear-regression, wide", LinearRegression(design="fresh", signal=1)),
    ]


def built_in_workflows() -> list[tuple[str, Workflow]]:
    """Every workflow by its name; the window of two blocks, rates of one half."""
    return [(name, example(built)) for name, built in WORKFLOWS.items()]


def derive(model: Model, workflow: Workflow) -> bool:
    """Everything a Risk says about all G; whether there is a closed form."""
    risk = expected_risk(model, workflow)
    found = risk.closed_form is not None
    _ = risk.limit, risk.growth
    return found


def derivations() -> list[Derivation]:
    """Time every built-in pair, with SymPy's cache emptied before each."""
    found = []
    for model_name, model in built_in_models():
        for workflow_name, workflow in built_in_workflows():
            clear_cache()
            try:
                taken, closed = timed(partial(derive, model, workflow))
            except DomainError:
                found.append(Derivation(model_name, workflow_name, None, False))
            else:
                found.append(Derivation(model_name, workflow_name, taken, closed))
    return found


def import_seconds(package: str, repeats: int = 5) -> float:
    """Median time of ``import package`` in a fresh interpreter."""
    code = f"import time; s = time.process_time(); import {package}; print(time.process_time() - s)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(runs)


def evaluation_seconds(repeats: int = 20) -> dict[str, float]:
    """Median time of ``evaluate`` at G = 10¹², and of a thousand generations at once."""
    risk = expected_risk(Bernoulli(p=Rational(1, 3), n=50), Accumulate())
    evaluate(risk, 2)
    return {
        "one generation, G = 10^12": statistics.median(seconds(lambda: evaluate(risk, 10**12)) for _ in range(repeats)),
        "generations 1 to 1000": statistics.median(seconds(lambda: evaluate(risk, range(1, 1001))) for _ in range(5)),
    }
