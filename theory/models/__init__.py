"""Models: what is fitted at every generation."""

from typing import TYPE_CHECKING

from theory.on_demand import on_demand

if TYPE_CHECKING:
    from theory.models.base import Model
    from theory.models.categorical import Categorical
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
    from theory.models.gaussian_fit import GaussianFit
    from theory.models.kernel_density import KernelDensity
    from theory.models.linear_regression import LinearRegression
    from theory.models.morris import MorrisFamily, morris_family
    from theory.models.regular import Regular
else:
    __getattr__, __dir__ = on_demand(__name__)

__all__ = [
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Exponential",
    "ExponentialFamily",
    "Gamma",
    "GaussianFit",
    "GaussianMean",
    "HyperbolicSecant",
    "KernelDensity",
    "LinearRegression",
    "Model",
    "MorrisFamily",
    "NegativeBinomial",
    "Poisson",
    "QuadraticVariance",
    "Regular",
    "morris_family",
]
