"""The design of workflows: which to choose, how much real data to mix in, how much to sample, and when."""

from typing import TYPE_CHECKING

from theory.on_demand import on_demand

if TYPE_CHECKING:
    from theory.design.allocation import OptimalSizes, final_risk, optimal_law, optimal_sizes
    from theory.design.budgets import RequiredBudget, required_budget
    from theory.design.comparison import Comparison, Crossing, Pair, Place, compare
    from theory.design.growth import RequiredGrowth, required_growth
    from theory.design.real_shares import Phase, RequiredShare, required_share, share_phase
    from theory.design.sampling import BestForgetting, OptimalSampling, best_forgetting, optimal_sampling
    from theory.design.settling import Settled
    from theory.design.shares import OptimalFreshReal, optimal_share, optimal_weights
    from theory.workflows.sampled_pool import SampledPool
else:
    __getattr__, __dir__ = on_demand(__name__)

__all__ = [
    "BestForgetting",
    "Comparison",
    "Crossing",
    "OptimalFreshReal",
    "OptimalSampling",
    "OptimalSizes",
    "Pair",
    "Phase",
    "Place",
    "RequiredBudget",
    "RequiredGrowth",
    "RequiredShare",
    "SampledPool",
    "Settled",
    "best_forgetting",
    "compare",
    "final_risk",
    "optimal_law",
    "optimal_sampling",
    "optimal_share",
    "optimal_sizes",
    "optimal_weights",
    "required_budget",
    "required_growth",
    "required_share",
    "share_phase",
]
