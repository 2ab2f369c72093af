"""Is it so? Derived risks as numbers, simulated chains of models, and whether the two agree."""

from numerics import entropy, extinction, spectral  # each registers how its kind of recurrence is computed
from numerics.crosscheck import Crosscheck, crosscheck
from numerics.evaluate import evaluate
from numerics.forecasting import Forecast, backtest, forecast, recommend, transfer
from numerics.generations import GenerationRun, run_generations
from numerics.limit_process import LimitProcess, limit_process
from numerics.risk_function import RiskFunction
from numerics.run.laws import check_generator
from numerics.run.ratio import RatioCheck
from numerics.several_workflows import run_workflows
from numerics.simulate import Simulation, simulate
from theory.testing.simulators import register_simulator

register_simulator(simulate)

__all__ = [
    "Crosscheck",
    "Forecast",
    "GenerationRun",
    "LimitProcess",
    "RatioCheck",
    "RiskFunction",
    "Simulation",
    "backtest",
    "check_generator",
    "crosscheck",
    "entropy",
    "evaluate",
    "extinction",
    "forecast",
    "limit_process",
    "recommend",
    "run_generations",
    "run_workflows",
    "simulate",
    "spectral",
    "transfer",
]
