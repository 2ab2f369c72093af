"""selfgen's theory: what the test risk of self-consuming training is, and why.

>>> from theory import Accumulate, Bernoulli, expected_risk
>>> risk = expected_risk(Bernoulli(p="1/3", n=50), Accumulate())
>>> risk.at(2)
83/15000
"""

from theory.derivation import Derivation, Step, StepError
from theory.design import (
    OptimalFreshReal,
    compare,
    optimal_law,
    optimal_share,
    optimal_sizes,
    optimal_weights,
    required_budget,
    required_growth,
)
from theory.design.boundedness import Boundedness, boundedness
from theory.design.pathway import Pathway
from theory.design.value import ValueOfSynthetic, value_of_synthetic
from theory.errors import DomainError, InputWarning, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.symbols import G, j
from theory.models import (
    Bernoulli,
    Binomial,
    Categorical,
    Exponential,
    Gamma,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    KernelDensity,
    LinearRegression,
    Model,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    Regular,
)
from theory.models.categories.extinction import BranchingExtinction, ExtinctionTime
from theory.models.kernels.mixtures import GaussianMixture
from theory.models.kernels.permutations import convolutions
from theory.models.probabilities import uniform, zipf
from theory.risk import Risk
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    CappedReal,
    FreshReal,
    RealAndSynthetic,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    Weighted,
    Workflow,
)

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "Bernoulli",
    "Binomial",
    "Boundedness",
    "BranchingExtinction",
    "CappedReal",
    "Categorical",
    "Derivation",
    "DomainError",
    "Exponential",
    "ExtinctionTime",
    "FreshReal",
    "G",
    "Gamma",
    "GaussianFit",
    "GaussianMean",
    "GaussianMixture",
    "HyperbolicSecant",
    "InputWarning",
    "KernelDensity",
    "LinearRegression",
    "Model",
    "NegativeBinomial",
    "NotDerivedError",
    "OptimalFreshReal",
    "Pathway",
    "Poisson",
    "QuadraticVariance",
    "RealAndSynthetic",
    "RealPlusLatest",
    "Regular",
    "Replace",
    "Risk",
    "SlidingWindow",
    "Step",
    "StepError",
    "ValueOfSynthetic",
    "Weighted",
    "Workflow",
    "boundedness",
    "compare",
    "convolutions",
    "expected_risk",
    "j",
    "optimal_law",
    "optimal_share",
    "optimal_sizes",
    "optimal_weights",
    "required_budget",
    "required_growth",
    "uniform",
    "value_of_synthetic",
    "zipf",
]
