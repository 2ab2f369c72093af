"""Models: what is fitted at every generation."""

from theory.models.base import Model
from theory.models.exponential_family import (
    Bernoulli,
    Binomial,
    Exponential,
    ExponentialFamily,
    Gamma,
    GaussianMean,
    HyperbolicSecant,
    NegativeBinomial,
    Poisson,
    QuadraticVariance,
)
from theory.models.linear_regression import LinearRegression
from theory.models.morris import MorrisFamily, morris_family
from theory.models.regular import Regular

__all__ = [
    "Bernoulli",
    "Binomial",
    "Exponential",
    "ExponentialFamily",
    "Gamma",
    "GaussianMean",
    "HyperbolicSecant",
    "LinearRegression",
    "Model",
    "MorrisFamily",
    "NegativeBinomial",
    "Poisson",
    "QuadraticVariance",
    "Regular",
    "morris_family",
]
