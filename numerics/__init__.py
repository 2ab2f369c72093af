"""Is it so? Derived risks as numbers, simulated chains of models, and whether the two agree."""

from numerics.crosscheck import Crosscheck, crosscheck
from numerics.evaluate import evaluate
from numerics.limit_process import LimitProcess, limit_process
from numerics.simulate import Simulation, simulate

__all__ = ["Crosscheck", "LimitProcess", "Simulation", "crosscheck", "evaluate", "limit_process", "simulate"]
