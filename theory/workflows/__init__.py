"""Workflows: one file each."""

from typing import TYPE_CHECKING

from theory.on_demand import on_demand

if TYPE_CHECKING:
    from theory.workflows.accumulate import Accumulate
    from theory.workflows.age_weighted import AgeWeighted
    from theory.workflows.anchored import RealPlusLatest
    from theory.workflows.base import Workflow, exact_weights
    from theory.workflows.capped_real import CappedReal
    from theory.workflows.contaminated_pool import ContaminatedPool
    from theory.workflows.dynamics import Draw
    from theory.workflows.ecosystem import Ecosystem, SymmetricEcosystem
    from theory.workflows.forgetting import Forgetting
    from theory.workflows.fresh_real import FreshReal
    from theory.workflows.labelled_pool import LabelledPool
    from theory.workflows.real_and_synthetic import RealAndSynthetic
    from theory.workflows.replace import Replace
    from theory.workflows.subsample import AccumulateSubsample
    from theory.workflows.weighted import Weighted
    from theory.workflows.window import SlidingWindow
else:
    __getattr__, __dir__ = on_demand(__name__)

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "AgeWeighted",
    "CappedReal",
    "ContaminatedPool",
    "Draw",
    "Ecosystem",
    "Forgetting",
    "FreshReal",
    "LabelledPool",
    "RealAndSynthetic",
    "RealPlusLatest",
    "Replace",
    "SlidingWindow",
    "SymmetricEcosystem",
    "Weighted",
    "Workflow",
    "exact_weights",
]
