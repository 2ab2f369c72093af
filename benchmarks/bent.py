"""Loops that bend beside the unbiased loop: derivation, one exact value late in accumulate, simulation.

Everything is a ratio to the unbiased family of the same parameters in the same run, warm: what SymPy has cached from
the first round stays. *Recurrence* is ``expected_risk`` alone; *derivation* asks for closed form, limit and growth too.

What limits two of the targets. *Derivation in symbols*: whatever shortens the bent one shortens the unbiased one too.
Triangular systems by substitution, signs, common factors and fixed points over FLINT, Gamma functions that are told
not to cancel before SymPy is asked, and no limit sought twice took it (biased, mean, sample; processor time,
2026-12-01, a machine with other work) from 17.0, 13.8, 15.0 ms to 10.9, 9.9, 9.8 ms under replace, where the unbiased
one takes 4.0, and from 18.9, 30.2, 12.0 ms to 15.7, 14.8, 12.8 ms under accumulate, where that takes 7.8; in numbers
the slowest, biased under accumulate, from 2.4 to 1.4 times. What is left is writing the answer: three functions of G,
coefficients in five symbols, beside one in two. *Simulation of posterior draws*: one draw more a generation. For 100
generations of 2^14 chains (processor time, median of three, one run of 2026-12-01) samples of a Gaussian took 42.3
and 45.5 ms (replace, accumulate), the unbiased chain 25.4 and 27.6: 1.67 and 1.65 times. The two normals a generation
alone take 33.0, the one of the unbiased chain 16.6; so two bare normals are 1.30 and 1.20 times that whole chain.
Samples of a coin took 144.2 and 139.0 ms, the unbiased one 50.9 and 60.7: 2.8 and 2.3 times. The Betas alone are
68.5, 1.35 and 1.13 times, and NumPy's binomials at as many different parameters 149.9: the unbiased coin's counts
come from tables for its few parameters, where a drawn parameter has none.
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

#: Ratios before recurrences were composed, and late values found, by FLINT (one run, 2026-11-30); those of derivations
#: before fixed points were found by FLINT too (one run, 2026-12-01, least of seven by processor time).
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
    ("derivation, numbers", "biased-sampler", "replace"): 1.4,
    ("derivation, numbers", "posterior-mean", "replace"): 1.5,
    ("derivation, numbers", "posterior-sample", "replace"): 1.5,
    ("derivation, numbers", "biased-sampler", "accumulate"): 2.4,
    ("derivation, numbers", "posterior-mean", "accumulate"): 1.2,
    ("derivation, numbers", "posterior-sample", "accumulate"): 1.0,
    ("derivation, symbols", "biased-sampler", "replace"): 4.0,
    ("derivation, symbols", "posterior-mean", "replace"): 3.2,
    ("derivation, symbols", "posterior-sample", "replace"): 3.5,
    ("derivation, symbols", "biased-sampler", "accumulate"): 2.4,
    ("derivation, symbols", "posterior-mean", "accumulate"): 3.8,
    ("derivation, symbols", "posterior-sample", "accumulate"): 1.5,
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
