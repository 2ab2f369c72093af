"""Simulating a chain of models: the mean loss at every generation, with its standard error."""

from __future__ import annotations

import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.blocks import Sampler, all_moments, correlation, is_paired
from numerics.importance import is_needed, tilted_chain
from numerics.paired import SHAPE, Covariance, Shape, Unpaired, Unshaped, shape, variance
from numerics.samplers.bent_chain import BentChain
from numerics.samplers.choose import sampler, verify_numbers
from numerics.samplers.in_turn import InTurn
from numerics.samplers.mean_chain import MeanChain
from numerics.samplers.random_sizes import random_sizes_sampler
from numerics.seeds import Seed, seed_number
from numerics.workers import executor_of
from theory.errors import DomainError
from theory.expressions.arguments import advise, generation, quoted, whole_number
from theory.expressions.told import Told
from theory.models.base import Model
from theory.models.real_data import verify_bias
from theory.models.units import slip_of_units
from theory.workflows.base import Workflow, verify_workflow

METHODS = ("auto", "exact-law", "raw", "importance")
# A hundred thousand generations of a few thousand chains take minutes; a billion chains hours, and leave an error of
# 0.005 %.
MOST_GENERATIONS = 100_000
MOST_REPLICATES = 10**9

Array = NDArray[np.float64]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Simulation(Told):
    """What a simulation measured at generations 1..G; under importance sampling a loss is a weighted one.

    Attributes
    ----------
    mean : mean loss over replicates, (G,)
    covariance : covariance of the loss of one replicate between generations, (G, G); of more than 64 generations it is
        measured when it is first read, on the same chains drawn again
    largest_share : at each generation, the share of the sum of squared deviations owed to one replicate, (G,)
    skewness, excess : of the loss of one replicate: third and fourth cumulants in units of its deviation, (G,); like
        ``largest_share`` they are measured when first read where more than 64 generations of a mean are drawn by their
        law
    model, workflow, loss, method, seed, replicates : how it was done

    Notes
    -----
    Measured here, by :func:`simulate`.

    Examples
    --------
    >>> from numerics import simulate
    >>> from theory import Poisson, Replace
    >>> run = simulate(Poisson(rate=3, n=10), Replace(), generations=4, replicates=1000)
    >>> run.mean.shape, run.covariance.shape, run.stderr.shape, run.method
    ((4,), (4, 4), (4,), 'exact-law')
    """

    model: Model
    workflow: Workflow
    loss: str
    method: str
    seed: int
    replicates: int
    mean: Array
    covariance: Array
    largest_share: Array
    skewness: Array | None = None
    excess: Array | None = None

    __repr__ = Told.__repr__
    _drawn = (("mean", "lower", "upper"),)

    def headline(self) -> str:
        """What was simulated, and how."""
        how = f"{self.replicates} chains by {self.method}, seed {self.seed}"
        return f"{self.model.name} under {self.workflow.name}, loss {self.loss}, {how}"

    def table(self) -> dict[str, list[float]]:
        """Mean, standard error, and mean ± 2 standard errors, by generation."""
        mean, error = self.mean, self.stderr
        ends = {"lower": mean - 2 * error, "upper": mean + 2 * error}
        columns = {"mean": mean, "stderr": error, **ends}
        return {"generation": list(range(1, len(mean) + 1)), **{name: c.tolist() for name, c in columns.items()}}

    @property
    def generations(self) -> int:
        """G."""
        return len(self.mean)

    @property
    def stderr(self) -> Array:
        """Standard error of ``mean``, (G,)."""
        return np.sqrt(self.variance / self.replicates)

    @property
    def variance(self) -> Array:
        """Variance of the loss of one replicate, (G,)."""
        return variance(self)

    @property
    def correlation(self) -> Array:
        """Correlation of the losses between generations; zero where a loss does not vary."""
        return correlation(self.covariance)


# What is not measured at once is measured when it is read.
Simulation.covariance = Covariance()  # type: ignore[assignment]
for _name in SHAPE:
    setattr(Simulation, _name, Shape(_name))


def simulate(
    model: Model,
    workflow: Workflow,
    generations: int,
    replicates: int = 10_000,
    seed: Seed = 0,
    method: str = "auto",
    loss: str = "squared",
    executor: Executor | None = None,
    progress: bool = False,
    n_jobs: int | None = None,
) -> Simulation:
    r"""Simulate ``replicates`` chains of models and average their losses.

    :math:`\hat r_g = \frac1R \sum_i \ell(\theta_g^{(i)})` with standard error
    :math:`\sqrt{\widehat{\mathrm{Var}}\,\ell / R}`, at every generation g = 1..G of the same R chains.

    Parameters
    ----------
    model, workflow
        With numbers for every parameter, and whole numbers of points in every block.
    generations : positive int
    replicates : int, 2 or more
    seed : whole number, numpy.random.SeedSequence or numpy.random.Generator
        See :func:`numerics.seeds.seed_number`: a generator gives its next 128 bits, and the result's ``seed`` is the
        number with which the run can be made again.
    method : {"auto", "exact-law", "raw", "importance"}
        "raw" draws every data point and refits. "exact-law" draws each fit from its sampling law given the
        past where that law is known, at a cost that does not grow with the number of points. The two
        agree in law, except for ``Regular`` under subsampling, where "exact-law" is the Gaussian limit n → ∞.
        "importance" draws from laws under which the large errors are common, and multiplies each loss by a likelihood
        ratio with mean 1: the same expectation, and a small variance where that of the loss is huge. "auto" is
        "exact-law", except where derived moments say that so many such chains cannot judge a squared error, and
        importance sampling is at hand, see :mod:`numerics.importance`; the answer's ``method`` says which it was.
    loss : str
        One of ``model.losses``.
    executor : concurrent.futures.Executor, optional
        Computes blocks of replicates in parallel. Results are the same with any executor, to the last bit.
    progress : bool
        Show a progress bar after the first second, on a terminal or in a notebook.
    n_jobs : int, optional
        So many processes for the time of this call, -1 for one a core, in place of an ``executor``. They start clean:
        a script calls from below ``if __name__ == "__main__":``.

    Warns
    -----
    InputWarning
        When an amount of data that is in units of n looks like a number of samples.

    Raises
    ------
    DomainError
        When a parameter is a symbol, or a block would hold a fraction of a point.

    Notes
    -----
    The laws that are drawn from are derived here; each is at the head of its module in :mod:`numerics.samplers`.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli
    >>> from numerics import simulate
    >>> run = simulate(Bernoulli(p="1/3", n=50), Accumulate(), generations=3, replicates=100_000, seed=1)
    >>> bool(abs(run.mean[0] - 2 / 450) < 5 * run.stderr[0])
    True
    """
    if not isinstance(model, Model):
        raise DomainError(f"model = {quoted(model)} is not a model: give one of theory's models.")
    verify_workflow(workflow)
    if not (isinstance(method, str) and method in METHODS):
        raise DomainError(f"method = {quoted(method)} is not a method: use {', '.join(map(repr, METHODS))}.")
    last = generation("generations", generations)
    if last > MOST_GENERATIONS:
        raise DomainError(f"generations = {generations} is too many to simulate: give {MOST_GENERATIONS} or fewer.")
    count = whole_number("replicates", replicates, 2)
    if count > MOST_REPLICATES:
        raise DomainError(f"replicates = {replicates} is too many to simulate: give {MOST_REPLICATES} or fewer.")
    root = seed_number(seed)
    model.verify_loss(loss)
    verify_numbers(model, workflow)
    verify_bias(model, workflow)
    slip = slip_of_units(model, workflow)
    if slip is not None:
        advise(slip)
    if method == "auto":
        method = "importance" if is_needed(model, workflow, loss, last, count) else "exact-law"
    chain = (
        tilted_chain(model, workflow, last, loss)
        if method == "importance"
        else _plain(model, workflow, last, method == "raw", loss)
    )
    _LOG.info(
        "%d replicates of %s under %s to generation %d, loss %s, by %s",
        *(count, model.name, workflow.name, last, loss, method),
    )
    with executor_of(executor, n_jobs) as chosen:
        # The law of squared errors is derived: no verdict on many generations asks for what is left out.
        later = loss == "squared" and not is_paired(last, None) and _is_cheap(chain)
        moments = all_moments(chain, count, root, chosen, progress, whole=not later)
    found: dict[str, Any] = dict.fromkeys(SHAPE, Unshaped(chain, count, root)) if later else shape(moments)
    squares = moments.squares
    covariance: Any = moments.comoment / (count - 1)
    if not moments.comoment.size:
        covariance = Unpaired(squares / (count - 1), chain, count, root)
    return Simulation(
        model=model,
        workflow=workflow,
        loss=loss,
        method=method,
        seed=root,
        replicates=count,
        mean=moments.mean,
        covariance=covariance,
        **found,
    )


def _plain(model: Model, workflow: Workflow, last: int, raw: bool, loss: str) -> Sampler:
    """The sampler of a workflow; of one whose models take turns with others, that of the chain of all."""
    if workflow.random_sizes is not None:
        return random_sizes_sampler(model, workflow, last, raw, loss)
    if workflow.chain is workflow:
        return sampler(model, workflow, last, raw, loss)
    places = tuple(workflow.place(g) - 1 for g in range(1, last + 1))
    if places[-1] >= MOST_GENERATIONS:
        raise DomainError(
            f"generations = {last} of {workflow.name} are {places[-1] + 1} models in turns: give fewer generations, "
            f"{MOST_GENERATIONS} models can be simulated."
        )
    return InTurn(sampler(model, workflow.chain, places[-1] + 1, raw, loss), places)


def _is_cheap(chain: Sampler) -> bool:
    """Whether drawing again costs about as much as a close look: one draw a generation, from its own law."""
    return isinstance(chain, (MeanChain, BentChain)) and not chain.points_drawn
