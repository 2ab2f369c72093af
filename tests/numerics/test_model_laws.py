"""check_model passes every built-in model and a user's own, and names the law that a broken one breaks.

It lives beside the simulations, which the laws use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from sympy import Expr, Float, Rational, S, Symbol, sympify

from numerics import simulate
from theory import (
    Accumulate,
    Bernoulli,
    BiasedSampler,
    Bigram,
    Binomial,
    Categorical,
    DomainError,
    Exponential,
    FlippedLabels,
    Gamma,
    GaussianFit,
    GaussianMean,
    HyperbolicSecant,
    KernelDensity,
    LinearRegression,
    Location,
    Model,
    NegativeBinomial,
    Poisson,
    PosteriorMean,
    PosteriorSample,
    QuadraticVariance,
    Regular,
    Replace,
    RidgeRegression,
    UniformMaximum,
    Workflow,
    expected_risk,
)
from theory.expressions.symbols import G
from theory.moments.composition import compose
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.registry import EVERY_MODEL
from theory.testing import LawViolation, check_model

BUILT_IN = [
    Bernoulli("1/3", 4), Binomial(3, "1/4", 5), Poisson("5/2", 6), NegativeBinomial(2, "3/2", 30), Exponential(2, 20),
    Gamma("3/2", "4/3", 40), GaussianMean("1/2", 3), HyperbolicSecant(2, 1, 20),
    QuadraticVariance(0, 1, "1/2", 3, 25), Regular(3, 20), LinearRegression(2, 10),
    LinearRegression(2, 10, design="shared"), LinearRegression(9, 4, signal=1), GaussianFit(1, 12),
    GaussianFit(2, 14, unbiased=True), Categorical(["1/2", "1/3", "1/6"], 4),
    KernelDensity(d=1, n=8, bandwidth="1/2"), RidgeRegression(2, 6, 1),
    UniformMaximum(n=6), UniformMaximum(n=6, unbiased=True), Location.median("laplace", 3),
    BiasedSampler(Bernoulli("1/3", 4), "9/10", "1/2"), PosteriorMean(Poisson(2, 5), 1, 3),
    PosteriorSample(GaussianMean(1, 5), 1, 2), PosteriorMean(LinearRegression(2, 6), 1, 1),
    Bigram("3/4 1/4; 1/3 2/3", 20),
]  # fmt: skip


# The others take seconds to prove; they have tests of their own.
FEWER_LOSSES = {
    GaussianFit(1, 12): ("mean", "trace", "log-determinant", "wasserstein"),
    GaussianFit(2, 14, unbiased=True): ("mean", "trace"),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        yield executor


@pytest.mark.parametrize("model", BUILT_IN, ids=repr)
def test_built_in_models_keep_the_laws(model, pool):
    losses = FEWER_LOSSES.get(model)
    report = check_model(model, [Accumulate()], generations=3, replicates=5000, executor=pool, losses=losses)
    # The variance of a median follows from its numbers, none of which may be a symbol.
    symbols = set() if isinstance(model, Location) else {"symbols"}
    assert {"unknown loss", "own moment", "values", "copies", "process pools"} | symbols <= set(report.checked)
    # To leading order alone nothing is simulated: what is left out may be found.
    simulated = isinstance(model, Regular | Bigram) or (model.name == "linear-regression" and model.overparameterised)
    assert ("simulation" in report.checked) != simulated


def test_every_model_of_the_registry_is_among_them():
    assert {*EVERY_MODEL.values()} - {FlippedLabels} <= {type(model) for model in BUILT_IN}


def test_all_laws_are_looked_at_without_being_asked():
    report = check_model(Bernoulli("1/3", 4), generations=3)
    assert len(report.checked) == 9
    assert "loss kl" in report.skipped["simulation"]
    assert "process pools: holds" in str(report)


@dataclass(frozen=True)
class Uniform(Model):
    """The centre of a uniform law of known half width h, fitted by the mean: V = h²/3, whatever the centre."""

    h: Expr
    n: Expr
    name: ClassVar[str] = "uniform"
    roles: ClassVar[dict[str, str]] = {"h": "positive", "n": "count"}

    def __post_init__(self) -> None:
        for name in ("h", "n"):
            object.__setattr__(self, name, sympify(getattr(self, name)))

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return compose(workflow, noise=self.h**2 / (3 * self.n), curvature=S.Zero, points=self.n)


def uniform_chain(
    model: Any, workflow: Workflow, generations: int, replicates: int, loss: str, wrong: float = 1.0
) -> SimpleNamespace:
    """Every point drawn, blocks weighed, by nothing but NumPy."""
    rng = np.random.default_rng(5)
    h, n = float(model.h) * wrong, int(model.n)
    blocks, fitted, losses = [], np.zeros(replicates), []
    for g in range(1, generations + 1):
        blocks.append(fitted + rng.uniform(-h, h, (n, replicates)).mean(axis=0))
        fresh = float(workflow.fresh_weight(g)) if g > 1 else 0.0
        fitted = sum(float(weight) * block for weight, block in zip(workflow.weights(g), blocks, strict=True))
        if fresh:
            drawn = int(n * workflow.fresh_size(g))
            fitted = fitted + fresh * rng.uniform(-h, h, (drawn, replicates)).mean(axis=0)
        losses.append(fitted**2)
    table = np.array(losses)
    return SimpleNamespace(mean=table.mean(axis=1), stderr=table.std(axis=1) / np.sqrt(replicates))


def test_a_model_of_ones_own_keeps_the_laws(pool):
    report = check_model(Uniform(3, 4), simulate=uniform_chain, executor=pool)
    assert len(report.checked) == 8
    # It states no bias of its own.
    assert set(report.skipped) == {"split"}


def test_a_model_without_a_sampler_says_so(pool):
    report = check_model(Uniform(3, 4), [Accumulate()], generations=2, executor=pool)
    assert "has no sampler" in report.skipped["simulation"]


def test_a_simulation_five_per_cent_off_is_seen(pool):
    def wrong(*given: Any, **named: Any) -> SimpleNamespace:
        return uniform_chain(*given, **named, wrong=1.05)

    with pytest.raises(LawViolation, match="simulation: loss squared"):
        check_model(Uniform(3, 4), [Accumulate()], simulate=wrong, executor=pool)


def test_a_simulation_that_could_see_nothing_is_no_check(pool):
    report = check_model(Uniform(3, 4), [Accumulate()], simulate=uniform_chain, replicates=100, executor=pool)
    assert "could only have seen" in report.skipped["simulation"]
    assert "simulation" not in report.checked


# -- broken models ---------------------------------------------------------------------------------------


class AnyLoss(Bernoulli):
    def verify_loss(self, loss: str) -> None:
        pass


class OtherError(Bernoulli):
    def verify_loss(self, loss: str) -> None:
        if loss not in self.losses:
            raise KeyError(loss)


class NoLoss(Bernoulli):
    losses = ()


class FirstOff(Bernoulli):
    """One per cent more at every generation."""

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        found = super().recurrence(workflow, loss)
        return found.changed(scale=found.scale * Rational(101, 100)) if loss == "squared" else found


class OtherStart(Uniform):
    """The first fit depends on what comes later."""

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        found = super().recurrence(workflow, loss)
        return found.changed(scale=2 * found.scale) if workflow.name == "accumulate" else found


@dataclass(frozen=True)
class Overstated(PathwayRecurrence):
    """Its closed form is one per cent too large."""

    def closed_form(self) -> Expr | None:
        return G * Rational(101, 100)


class WrongFormula(Uniform):
    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return Overstated(workflow, curvature=S.Zero, scale=self.h**2 / (3 * self.n))


class Floating(Uniform):
    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return super().recurrence(workflow, loss).changed(scale=Float("0.1"))


class Negative(Uniform):
    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return super().recurrence(workflow, loss).changed(offset=-S.One)


class OtherForNumbers(Uniform):
    """n − 1 for a number, n for a symbol."""

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        points = self.n - 1 if self.n.is_number else self.n
        return compose(workflow, noise=self.h**2 / (3 * points), curvature=S.Zero)


class DeafToSubs(Uniform):
    def subs(self, *args: Any, **kwargs: Any) -> Any:
        return self


class SwappedBySubs(Uniform):
    """The right numbers in the wrong places."""

    def subs(self, *args: Any, **kwargs: Any) -> Any:
        found = super().subs(*args, **kwargs)
        return replace(found, h=found.n, n=found.h)


class MoreSymbols(Uniform):
    @property
    def free_symbols(self) -> set[Any]:
        found = super().free_symbols
        return found | {Symbol("more")} if found else found


class NoPickle(Uniform):
    def __reduce__(self) -> Any:
        raise TypeError("it holds an open file")


class OtherPickle(Uniform):
    def __reduce__(self) -> Any:
        return OtherPickle, (self.h, self.n + 1)


class OtherCopy(Uniform):
    def __copy__(self) -> Any:
        return OtherCopy(self.h, 2 * self.n)


class OtherDeepCopy(Uniform):
    def __deepcopy__(self, memo: Any) -> Any:
        return Uniform(self.h, self.n)


@dataclass(frozen=True)
class Counted(Uniform):
    """Whatever was fitted before is remembered, and is not equal."""

    told: list[int] = field(default_factory=list)


class OtherVariance(Poisson):
    """One per cent more than the variance that its coefficients say."""

    @property
    def variance(self) -> Expr:
        return self.rate * Rational(101, 100)


HOME = os.getpid()


class AtHome(Uniform):
    """Right in the process that loaded the module first, and wrong in others."""

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        found = super().recurrence(workflow, loss)
        return found if os.environ.get("SELFGEN_HOME") == str(os.getpid()) else found.changed(scale=2 * found.scale)


class OtherCurvature(Exponential):
    """Right at generation 1, and the curvature is left out of all later ones."""

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return compose(workflow, noise=self.variance / self.n, curvature=S.Zero, points=self.n)


class Mutable(Model):
    """No dataclass."""

    name = "mutable"

    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return compose(workflow, noise=S.One, curvature=S.Zero)


class Failing(Uniform):
    def recurrence(self, workflow: Workflow, loss: str) -> Any:
        return {}[workflow.name]


BROKEN = [
    (AnyLoss("1/3", 4), "unknown loss", "is answered"),
    (OtherError("1/3", 4), "unknown loss", "KeyError"),
    (NoLoss("1/3", 4), "unknown loss", "one or more"),
    (FirstOff("1/3", 4), "own moment", "V(μ)/n"),
    (OtherVariance(3, 4), "own moment", "V(μ)/n"),
    (OtherStart(3, 4), "own moment", "under"),
    (WrongFormula(3, 4), "values", "closed form"),
    (Floating(3, 4), "values", "no exact number"),
    (Negative(3, 4), "values", "below zero"),
    (Failing(3, 4), "values", "KeyError"),
    (OtherForNumbers(3, 4), "symbols", "numbers at once"),
    (DeafToSubs(3, 4), "symbols", "subs gives"),
    (SwappedBySubs(3, 4), "symbols", "subs"),
    (MoreSymbols(3, 4), "symbols", "more"),
    (NoPickle(3, 4), "copies", "open file"),
    (OtherPickle(3, 4), "copies", "n=5"),
    (OtherCopy(3, 4), "copies", "copy.copy"),
    (OtherDeepCopy(3, 4), "copies", "copy.deepcopy"),
    (Counted(3, 4), "copies", "hash"),
    (AtHome(3, 4), "process pools", "another process"),
    (OtherCurvature(1, 20), "simulation", "chains give"),
    (Mutable(), "parameters", "dataclass"),
]


@pytest.mark.parametrize(("model", "law", "what"), BROKEN, ids=lambda value: type(value).__name__)
def test_broken_models_break_a_law(model, law, what, pool, monkeypatch):
    monkeypatch.setenv("SELFGEN_HOME", str(os.getpid()))
    chain = simulate if isinstance(model, Bernoulli | Exponential) else uniform_chain
    with pytest.raises(LawViolation) as violation:
        check_model(model, [Replace(), Accumulate()], generations=3, simulate=chain, executor=pool)
    assert str(violation.value).startswith(law)
    assert what in str(violation.value)


def test_chains_that_are_all_alike_break_no_law(pool):
    # Two thousand chains of two times forty flips, none of which succeeds.
    report = check_model(
        Bernoulli(Rational(1, 10**9), 4), [Replace()], 2, simulate, 2000, executor=pool, losses=["squared"]
    )
    assert "all 2000 chains have the same loss" in report.skipped["simulation"]


def test_a_certificate_that_the_checker_refuses_is_reported(monkeypatch):
    monkeypatch.setattr("theory.testing.model_laws.check", lambda certificate: False)
    with pytest.raises(LawViolation, match="certificates: loss squared"):
        check_model(Uniform(3, 4), [Accumulate()], generations=2)


def test_arguments():
    with pytest.raises(DomainError, match="not a model"):
        check_model(Bernoulli)
    with pytest.raises(DomainError, match="has symbols"):
        check_model(Bernoulli())
    with pytest.raises(DomainError, match="generations"):
        check_model(Bernoulli("1/3", 4), generations=0)
    with pytest.raises(DomainError, match="nothing can be checked"):
        check_model(LinearRegression(4, 4), [])


def test_a_risk_from_another_process_can_be_proved(pool):
    """SymPy numbers dummies by chance in every process: the generation inside a recurrence is always the same one."""
    from theory.workflows.dynamics import GENERATION, LAG

    assert pool.submit(_same_symbols, GENERATION, LAG).result()
    risk = expected_risk(Bernoulli("1/3", 4), Accumulate())
    assert list(islice(pool.submit(_proved, risk).result(), 1)) == [True]


def _same_symbols(generation: Symbol, lag: Symbol) -> bool:
    from theory.workflows.dynamics import GENERATION, LAG

    return generation == GENERATION and lag == LAG


def _proved(risk: Any) -> list[bool]:
    from theory.proof import ClosedForm, check, prove

    return [check(prove(ClosedForm(risk)))]
