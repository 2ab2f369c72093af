"""The one list of models and workflows: what stands here is exported, named, drawn by strategies, and listed.

A new one is a file of its own and three lines here: its import, its name in ``__all__``, itself in the list. A class is
loaded when it is looked up.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from theory.on_demand import Classes, on_demand

if TYPE_CHECKING:
    from theory.models.base import Model
    from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
    from theory.models.bent_regression import FlippedLabels
    from theory.models.bigram import Bigram
    from theory.models.categorical import Categorical
    from theory.models.exponential_family import (
        Bernoulli,
        Binomial,
        Exponential,
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
    from theory.models.location import Location
    from theory.models.regular import Regular
    from theory.models.ridge_regression import RidgeRegression
    from theory.models.uniform_maximum import UniformMaximum
    from theory.workflows.accumulate import Accumulate
    from theory.workflows.age_weighted import AgeWeighted
    from theory.workflows.anchored import RealPlusLatest
    from theory.workflows.base import Workflow
    from theory.workflows.capped_real import CappedReal
    from theory.workflows.contaminated_pool import ContaminatedPool
    from theory.workflows.ecosystem import Ecosystem as Ecosystem
    from theory.workflows.forgetting import Forgetting
    from theory.workflows.fresh_real import FreshReal
    from theory.workflows.labelled_pool import LabelledPool
    from theory.workflows.real_and_synthetic import RealAndSynthetic
    from theory.workflows.replace import Replace
    from theory.workflows.sampled_pool import SampledPool as SampledPool
    from theory.workflows.subsample import AccumulateSubsample
    from theory.workflows.weighted import Weighted as Weighted
    from theory.workflows.window import SlidingWindow
else:
    __getattr__, __dir__ = on_demand(__name__)

#: What ``theory`` exports from here.
__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "AgeWeighted",
    "Bernoulli",
    "BiasedSampler",
    "Bigram",
    "Binomial",
    "CappedReal",
    "Categorical",
    "ContaminatedPool",
    "Exponential",
    "FlippedLabels",
    "Forgetting",
    "FreshReal",
    "Gamma",
    "GaussianFit",
    "GaussianMean",
    "HyperbolicSecant",
    "KernelDensity",
    "LabelledPool",
    "LinearRegression",
    "Location",
    "NegativeBinomial",
    "Poisson",
    "PosteriorMean",
    "PosteriorSample",
    "QuadraticVariance",
    "RealAndSynthetic",
    "RealPlusLatest",
    "Regular",
    "Replace",
    "RidgeRegression",
    "SlidingWindow",
    "UniformMaximum",
]

#: Each by the name that users give it, which is its own.
WORKFLOWS: Classes[Workflow] = Classes(
    __name__,
    {
        "replace": "Replace",
        "accumulate": "Accumulate",
        "accumulate-subsample": "AccumulateSubsample",
        "sliding-window": "SlidingWindow",
        "real-plus-latest": "RealPlusLatest",
        "fresh-real": "FreshReal",
        "capped-real": "CappedReal",
        "real-and-synthetic": "RealAndSynthetic",
        "forgetting": "Forgetting",
        "age-weighted": "AgeWeighted",
        "contaminated-pool": "ContaminatedPool",
        "labelled-pool": "LabelledPool",
    },
)

#: Workflows that are tables, formulas or answers: they have a name, and no column of their own.
FURTHER_WORKFLOWS: Classes[Workflow] = Classes(
    __name__,
    {
        "weighted": "Weighted",
        "ecosystem": "Ecosystem",
        "sampled-pool": "SampledPool",
    },
)

#: Both, by name: those first that have a column.
EVERY_WORKFLOW: Mapping[str, type[Workflow]] = ChainMap(FURTHER_WORKFLOWS, WORKFLOWS)

WORKFLOW_ALIASES: dict[str, str] = {
    "discard": "replace",
    "augment": "accumulate",
    "contaminated": "contaminated-pool",
    "web": "contaminated-pool",
}

MODELS: Classes[Model] = Classes(
    __name__,
    {
        "bernoulli": "Bernoulli",
        "binomial": "Binomial",
        "poisson": "Poisson",
        "negative-binomial": "NegativeBinomial",
        "exponential": "Exponential",
        "gamma": "Gamma",
        "gaussian-mean": "GaussianMean",
        "hyperbolic-secant": "HyperbolicSecant",
        "quadratic-variance": "QuadraticVariance",
        "regular": "Regular",
        "linear-regression": "LinearRegression",
        "gaussian-fit": "GaussianFit",
        "kernel-density": "KernelDensity",
        "categorical": "Categorical",
        "bigram": "Bigram",
        "ridge-regression": "RidgeRegression",
        "uniform-maximum": "UniformMaximum",
        "location": "Location",
    },
)

#: Models around another, their parameter ``model``.
WRAPPERS: Classes[Model] = Classes(
    __name__,
    {
        "biased-sampler": "BiasedSampler",
        "posterior-mean": "PosteriorMean",
        "posterior-sample": "PosteriorSample",
        "flipped-labels": "FlippedLabels",
    },
)

#: Both, by name: those first that stand alone.
EVERY_MODEL: Mapping[str, type[Model]] = ChainMap(WRAPPERS, MODELS)

MODEL_ALIASES: dict[str, str] = {"ridge": "ridge-regression", "maximum": "uniform-maximum"}

#: The value of a parameter that must be given, in an example, by its role.
_EXAMPLE_VALUES = {"count": 2, "amount": 1, "schedule": 1}


def settings(built: type) -> tuple[Field[Any], ...]:
    """What the constructor of a model or a workflow takes; nothing for a class that is no dataclass."""
    return tuple(field for field in fields(built) if field.init) if is_dataclass(built) else ()


def is_required(setting: Field[Any]) -> bool:
    """Whether a setting has no value of its own."""
    return setting.default is MISSING and setting.default_factory is MISSING


def example(built: type[Workflow]) -> Workflow:
    """A workflow of this class: parameters that may be left out are, the others have a value of their role.

    Examples
    --------
    >>> from theory.workflows import SlidingWindow
    >>> example(SlidingWindow)
    SlidingWindow(k=2, sizes=1)
    """
    given: dict[str, Any] = {}
    for field in settings(built):
        if is_required(field):
            given[field.name] = _EXAMPLE_VALUES.get(built.roles.get(field.name, ""), "1/2")
    return built(**given)
