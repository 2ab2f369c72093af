"""Names the papers use, and what they stand for: one line a workflow, one line a model."""

from __future__ import annotations

from theory import models as m
from theory import workflows as w
from theory.models.base import Model
from theory.workflows.base import Workflow

WORKFLOWS: dict[str, type[Workflow]] = {
    "replace": w.Replace,
    "accumulate": w.Accumulate,
    "accumulate-subsample": w.AccumulateSubsample,
    "sliding-window": w.SlidingWindow,
    "real-plus-latest": w.RealPlusLatest,
    "fresh-real": w.FreshReal,
    "capped-real": w.CappedReal,
    "real-and-synthetic": w.RealAndSynthetic,
}

WORKFLOW_ALIASES: dict[str, str] = {"discard": "replace", "augment": "accumulate"}

MODELS: dict[str, type[Model]] = {
    "bernoulli": m.Bernoulli,
    "binomial": m.Binomial,
    "poisson": m.Poisson,
    "negative-binomial": m.NegativeBinomial,
    "exponential": m.Exponential,
    "gamma": m.Gamma,
    "gaussian-mean": m.GaussianMean,
    "hyperbolic-secant": m.HyperbolicSecant,
    "quadratic-variance": m.QuadraticVariance,
    "regular": m.Regular,
    "linear-regression": m.LinearRegression,
    "gaussian-fit": m.GaussianFit,
    "kernel-density": m.KernelDensity,
    "categorical": m.Categorical,
}
