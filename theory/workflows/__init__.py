"""Workflows: one file each."""

from theory.workflows.accumulate import Accumulate
from theory.workflows.anchored import RealPlusLatest
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.fresh_real import FreshReal
from theory.workflows.replace import Replace
from theory.workflows.subsample import AccumulateSubsample, Draw
from theory.workflows.weighted import Weighted
from theory.workflows.window import SlidingWindow

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "Draw",
    "FreshReal",
    "RealPlusLatest",
    "Replace",
    "SlidingWindow",
    "Weighted",
    "Workflow",
    "exact_weights",
]
