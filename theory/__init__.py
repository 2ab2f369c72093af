"""selfgen's theory: what the test risk of self-consuming training is, and why.

>>> from theory import Accumulate, Bernoulli, expected_risk
>>> risk = expected_risk(Bernoulli(p="1/3", n=50), Accumulate())
>>> risk.at(2)
83/15000
"""

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.models import (
    Bernoulli,
    Binomial,
    Exponential,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    LinearRegression,
    Model,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
    Regular,
)
from theory.process import Pathway
from theory.risk import Risk
from theory.symbols import G, j
from theory.workflows import (
    Accumulate,
    AccumulateSubsample,
    FreshReal,
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
    "DomainError",
    "Exponential",
    "FreshReal",
    "G",
    "Gamma",
    "GaussianMean",
    "HyperbolicSecant",
    "LinearRegression",
    "Model",
    "NegativeBinomial",
    "NotDerivedError",
    "Pathway",
    "Poisson",
    "QuadraticVariance",
    "RealPlusLatest",
    "Regular",
    "Replace",
    "Risk",
    "SlidingWindow",
    "Weighted",
    "Workflow",
    "expected_risk",
    "j",
]
