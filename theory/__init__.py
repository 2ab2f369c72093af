"""selfgen's theory: what the test risk of self-consuming training is, and why.

>>> from theory import Accumulate, Bernoulli, expected_risk
>>> risk = expected_risk(Bernoulli(p="1/3", n=50), Accumulate())
>>> risk.at(2)
83/15000
"""

from typing import TYPE_CHECKING
from warnings import warn

from theory import registry
from theory.on_demand import on_demand
from theory.told import told_late

if TYPE_CHECKING:
    from theory.derivation import Derivation, Step, StepError
    from theory.design import (
        OptimalFreshReal,
        SampledPool,
        best_forgetting,
        compare,
        optimal_law,
        optimal_sampling,
        optimal_share,
        optimal_sizes,
        optimal_weights,
        required_budget,
        required_growth,
        required_share,
        share_phase,
    )
    from theory.design.boundedness import Boundedness, boundedness
    from theory.design.depth import Depth, depth
    from theory.design.pathway import Pathway
    from theory.design.value import ValueOfSynthetic, value_of_synthetic
    from theory.errors import DomainError, InputWarning, NotDerivedError
    from theory.expected import expected_risk
    from theory.expressions.random_sizes import RandomSizes
    from theory.expressions.symbols import G, j, l, t
    from theory.models.base import Model
    from theory.models.categories.extinction import BranchingExtinction, ExtinctionTime
    from theory.models.categories.first_extinction import FirstExtinction
    from theory.models.categories.vocabulary import VocabularyLaw
    from theory.models.kernels.mixtures import MixtureTruth
    from theory.models.kernels.permutations import convolutions
    from theory.models.probabilities import uniform, zipf
    from theory.moments.exported import export_recurrence
    from theory.registry import *  # noqa: F403 - models and workflows, listed there
    from theory.risk import Risk
    from theory.spread import StandardDeviation
    from theory.workflows.base import Workflow
    from theory.workflows.ecosystem import Ecosystem, SymmetricEcosystem
    from theory.workflows.subsampled import Subsampled
    from theory.workflows.weighted import Weighted
else:
    _get, __dir__ = on_demand(__name__)

    def __getattr__(name: str) -> object:
        """An export; also by the name that :class:`MixtureTruth` had while it hid scikit-learn's class."""
        if name != "GaussianMixture":
            return _get(name)
        warn("theory.GaussianMixture is now called theory.MixtureTruth.", DeprecationWarning, stacklevel=2)
        return _get("MixtureTruth")


for _what, _module in {
    "theorem": "theory.latex",
    "inline": "theory.latex",
    "derivation": "theory.derivation",
    "standard deviation": "theory.spread",
    "code": "theory.code",
    "cite": "theory.papers",
    "lambdify": "numerics",
}.items():
    told_late(_what, _module)

__all__ = [
    "Boundedness",
    "BranchingExtinction",
    "Depth",
    "Derivation",
    "DomainError",
    "Ecosystem",
    "ExtinctionTime",
    "FirstExtinction",
    "G",
    "InputWarning",
    "MixtureTruth",
    "Model",
    "NotDerivedError",
    "OptimalFreshReal",
    "Pathway",
    "RandomSizes",
    "Risk",
    "SampledPool",
    "StandardDeviation",
    "Step",
    "StepError",
    "Subsampled",
    "SymmetricEcosystem",
    "ValueOfSynthetic",
    "VocabularyLaw",
    "Weighted",
    "Workflow",
    "best_forgetting",
    "boundedness",
    "compare",
    "convolutions",
    "depth",
    "expected_risk",
    "export_recurrence",
    "j",
    "l",
    "optimal_law",
    "optimal_sampling",
    "optimal_share",
    "optimal_sizes",
    "optimal_weights",
    "required_budget",
    "required_growth",
    "required_share",
    "share_phase",
    "t",
    "uniform",
    "value_of_synthetic",
    "zipf",
]
__all__ += registry.__all__
__all__.sort()
