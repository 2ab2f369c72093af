"""Loops that bend beside the unbiased loop: derivation, one exact value late in accumulate, simulation.

Everything is a ratio to the unbiased family of the same parameters in the same run, warm: what SymPy has cached from
the first round stays. *Recurrence* is ``expected_risk`` alone; *derivation* asks for closed form, limit and growth too.

What limits two of the targets. *Derivation in symbols*: whatever shortens the bent one shortens the unbiased one too.
Triangular systems by substitution, and signs and common factors over FLINT, took it from 88, 80, 105 ms (biased, mean,
sample) to 31, 22, 21 ms under replace and from 131, 196, 28 ms to 48, 80, 28 ms under accumulate, and the unbiased one
from 17 to 7.5 ms and from 69 to 19 ms (processor time, 2026-11-30): the answer is three functions of G, coefficients in
five symbols, beside one in two. *Simulation of posterior draws*: one draw more a generation. In one run of
2^16 chains posterior samples of a Gaussian took 1.85 and 1.82 times the whole unbiased chain (replace, accumulate), of
which the second normals alone are 0.69 and 0.68; of a coin 3.6 and 2.1 times, the Betas alone 1.24 and 0.99: the
unbiased coin's counts come from tables for its few parameters, where a drawn parameter has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sympy import Symbol

from benchmarks.derivation import derive
from benchmarks.timing import take_turns
from numerics import simulate
from theory import Accumulate, Bernoulli, GaussianMean, Replace, expected_risk
from theory.models.base import Model
from theory.models.bent import BiasedSampler, PosteriorMean, PosteriorSample
from theory.models.exponential_family import ExponentialFamily
from theory.workflows.base import Workflow

LATE = 1000
"""Generation of the exact value."""

GENERATIONS, REPLICATES = 100, 2**14
"""Of a simulation, which is timed per replicate."""

REPEATS = 10
"""Recurrences composed in one timing."""

DERIVED, AT, SIMULATED = 1.5, 3.0, 1.3
"""Targets: bent over unbiased."""

#: Ratios before recurrences were composed, and late values found, by FLINT (one run, 2026-11-30). Between that and
#: common factors and residues by FLINT, derivations in symbols (biased, mean, sample; least of three by processor time)
#: took 9.8, 8.1, 8.9 times the unbiased one under replace and then 4.9, 4.8, 6.8; under accumulate 1.1, 4.4, 0.7 and
#: then 1.3, 4.1, 0.5.
BEFORE: dict[tuple[str, str, str], float] = {
    ("recurrence, numbers", "biased-sampler", "replace"): 2.5,
    ("recurrence, numbers", "posterior-mean", "replace"): 4.0,
    ("recurrence, numbers", "posterior-sample", "replace"): 4.4,
    ("recurrence, numbers", "biased-sampler", "accumulate"): 4.7,
    ("recurrence, numbers", "posterior-mean", "accumulate"): 18.7,
    ("recurrence, numbers", "posterior-sample", "accumulate"): 36.9,
    ("recurrence, symbols", "biased-sampler", "replace"): 12.3,
    ("recurrence, symbols", "posterior-mean", "replace"): 31.5,
    ("recurrence, symbols", "posterior-sample", "replace"): 72.8,
    ("recurrence, symbols", "biased-sampler", "accumulate"): 11.2,
    ("recurrence, symbols", "posterior-mean", "accumulate"): 34.3,
    ("recurrence, symbols", "posterior-sample", "accumulate"): 98.6,
    ("derivation, numbers", "biased-sampler", "replace"): 1.9,
    ("derivation, numbers", "posterior-mean", "replace"): 2.3,
    ("derivation, numbers", "posterior-sample", "replace"): 2.5,
    ("derivation, numbers", "biased-sampler", "accumulate"): 2.9,
    ("derivation, numbers", "posterior-mean", "accumulate"): 4.9,
    ("derivation, numbers", "posterior-sample", "accumulate"): 7.6,
    ("derivation, symbols", "biased-sampler", "replace"): 27.4,
    ("derivation, symbols", "posterior-mean", "replace"): 20.8,
    ("derivation, symbols", "posterior-sample", "replace"): 20.3,
    ("derivation, symbols", "biased-sampler", "accumulate"): 3.0,
    ("derivation, symbols", "posterior-mean", "accumulate"): 8.4,
    ("derivation, symbols", "posterior-sample", "accumulate"): 6.9,
    (f"at({LATE})", "biased-sampler", "accumulate"): 4.7,
}


@dataclass(frozen=True)
class BentSpeed:
    """Seconds of a question asked of the unbiased model and of a bent one."""

    question: str
    model: str
    workflow: str
    target: float
    unbiased: float
    bent: float

    @property
    def ratio(self) -> float:
        return self.bent / self.unbiased

    @property
    def before(self) -> float | None:
        """The ratio before, where it was measured."""
        return BEFORE.get((self.question, self.model, self.workflow))

    @property
    def meets_target(self) -> bool:
        return self.ratio <= self.target


def bent_models(family: ExponentialFamily, numbers: bool) -> list[Model]:
    """The family itself, then the three ways to bend it."""
    fidelity, strength, target = (
        ("9/10", 2, "1/2")
        if numbers
        else (Symbol("tau", positive=True), Symbol("kappa", positive=True), Symbol("m", positive=True))
    )
    return [
        family,
        BiasedSampler(family, fidelity, target),
        PosteriorMean(family, strength, target),
        PosteriorSample(family, strength, target),
    ]


def compared(
    question: str,
    models: list[Model],
    workflow: Workflow,
    target: float,
    ask: Callable[[Model], object],
    rounds: int,
    times_asked: int = 1,
) -> list[BentSpeed]:
    """One question asked of each in turns, so many times a round; the first is unbiased."""
    taken_all = take_turns({model.name: partial(ask, model) for model in models}, rounds)
    times = [taken / times_asked for taken in taken_all.values()]
    return [
        BentSpeed(question, model.name, workflow.name, target, times[0], taken)
        for model, taken in zip(models[1:], times[1:], strict=True)
    ]


def bent_speeds(rounds: int, seed: int = 2024) -> list[BentSpeed]:
    """Every question under replace and accumulate."""
    found: list[BentSpeed] = []
    coin = Bernoulli(p="1/3", n=4)
    for workflow in (Replace(), Accumulate()):
        for kind, models in (("numbers", bent_models(coin, True)), ("symbols", bent_models(Bernoulli(), False))):

            def composed(model: Model, workflow: Workflow = workflow) -> None:
                for _ in range(REPEATS):
                    expected_risk(model, workflow)

            def derived(model: Model, workflow: Workflow = workflow) -> None:
                derive(model, workflow)

            found += compared(f"recurrence, {kind}", models, workflow, DERIVED, composed, rounds, REPEATS)
            found += compared(f"derivation, {kind}", models, workflow, DERIVED, derived, rounds)
    risks = {model.name: expected_risk(model, Accumulate()) for model in bent_models(coin, True)}
    models = bent_models(coin, True)
    found += compared(f"at({LATE})", models, Accumulate(), AT, lambda model: risks[model.name].at(LATE), rounds)
    for workflow in (Replace(), Accumulate()):
        for family in (GaussianMean(sigma2=1, n=100), Bernoulli(p="1/2", n=100)):

            def simulated(model: Model, workflow: Workflow = workflow) -> None:
                simulate(model, workflow, GENERATIONS, REPLICATES, seed=seed, method="exact-law")

            question = f"simulation, {family.name}"
            found += compared(question, bent_models(family, True), workflow, SIMULATED, simulated, rounds, REPLICATES)
    return found
