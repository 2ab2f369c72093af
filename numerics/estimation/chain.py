"""Models fitted on what earlier models said: the measured risk of every generation, and its universal prediction."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray

from numerics.estimation.cholesky import Array
from numerics.estimation.m_estimator import MEstimator
from numerics.estimation.m_estimator_chain import MEstimatorChain
from numerics.estimation.newton import SEPARATED, SINGULAR, UNFINISHED
from numerics.estimation.regression import Regression
from numerics.estimation.regression_chain import Fitted, HeldOut, RegressionChain, loss_of
from numerics.samplers.combination import steps
from numerics.samplers.schedule import schedule
from numerics.seeds import Seed, seed_number
from numerics.threads import single_threaded_algebra
from numerics.workers import of_client
from theory.design.pathway import Pathway
from theory.errors import DomainError
from theory.expressions.arguments import generation, quoted, whole_number
from theory.workflows.base import Workflow

LOSSES = ("fisher", "excess")
# Losses of every replicate are kept: this many take a gigabyte.
MOST_LOSSES = 2**26


@dataclass(frozen=True, eq=False)
class Failures:
    """How many replicates failed at each generation, for the first time, by cause: arrays (G,).

    Attributes
    ----------
    separated : some direction fits the labels ever better, so that no estimate exists
    singular : the rows, or the steps towards the estimate, do not determine it in floating point
    unfinished : not converged within the most steps allowed

    Notes
    -----
    Counted here.

    Examples
    --------
    >>> import numpy as np
    >>> none, some = np.zeros(2, dtype=int), np.array([0, 3])
    >>> print(Failures(separated=some, singular=none, unfinished=none))
    3 replicates failed and are left out from there on (separated: 3 at generation 2)
    """

    separated: NDArray[np.int64]
    singular: NDArray[np.int64]
    unfinished: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Fits that failed, for whatever reason."""
        return int(self.separated.sum() + self.singular.sum() + self.unfinished.sum())

    def __str__(self) -> str:
        if not self.total:
            return "every fit converged"
        told = []
        for name, counts in vars(self).items():
            where = np.flatnonzero(counts)
            if len(where):
                listed = ", ".join(f"{counts[g]} at generation {g + 1}" for g in where)
                told.append(f"{name}: {listed}")
        return f"{self.total} replicates failed and are left out from there on ({'; '.join(told)})"


@dataclass(frozen=True, eq=False)
class Refits:
    r"""What a chain of fits measured at generations 1..G.

    Attributes
    ----------
    mean, stderr : mean loss of the replicates fitted so far, and its standard error, (G,)
    prediction : the universal prediction, exact mean of the loss's second-order form in the linear chain, (G,)
    risk : the mean loss again with that form as control variate: prediction + mean of (loss − second-order form)
    linear, linear_stderr : the mean of the quadratic of the linear chain, which is ``prediction`` above ``at_truth`` if
        its coefficients and variances are right, and its standard error, (G,); nan for an M-estimator
    at_truth, unit : loss at the truth; prediction of the risk of generation 1 above it
    covariance : covariance of ``risk`` between generations (standard errors squared on its diagonal), (G, G)
    replicates : at the start
    fitted : replicates that are left at each generation, (G,)
    failures : why the others are not
    workflow, loss, n, seed : how it was done

    Notes
    -----
    Where replicates failed, every mean is over those that did not: conditional on the fit's existing, which is not what
    the prediction is about. ``failures`` says how many.

    Derived here; Dey and Donoho (2024) for the universal ratio.

    Examples
    --------
    >>> from theory import Replace
    >>> from numerics.estimation import PoissonRegression, refit
    >>> run = refit(PoissonRegression([[1.0], [1.0]], [1.0], n=200), Replace(), generations=3, replicates=200)
    >>> run.ratio_prediction.round(6).tolist(), run.ratio.shape, run.failures.total
    ([1.0, 2.0, 3.0], (3,), 0)
    """

    workflow: Workflow
    loss: str
    n: int
    seed: int
    replicates: int
    mean: Array
    stderr: Array
    prediction: Array
    risk: Array
    linear: Array
    linear_stderr: Array
    at_truth: float
    unit: float
    covariance: Array
    fitted: NDArray[np.int64]
    failures: Failures

    @property
    def generations(self) -> int:
        """How many models were fitted in turn."""
        return len(self.mean)

    @property
    def risk_stderr(self) -> Array:
        """Standard error of ``risk``, (G,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def ratio(self) -> Array:
        """Measured risk over that of generation 1, (G,)."""
        return self.risk / self.risk[0]

    @property
    def ratio_prediction(self) -> Array:
        """The same of the prediction: the universal ratio, (G,)."""
        return self.prediction / self.prediction[0]

    @property
    def ratio_stderr(self) -> Array:
        """Standard error of ``ratio``, by the delta method, (G,)."""
        ratio, cov = self.ratio, self.covariance
        variance = np.diag(cov) - 2 * ratio * cov[0] + ratio**2 * cov[0, 0]
        return np.sqrt(np.maximum(variance, 0.0)) / self.risk[0]


def refit(
    model: Regression | MEstimator,
    workflow: Workflow,
    generations: int,
    replicates: int = 1000,
    seed: Seed = 0,
    loss: str = "fisher",
    executor: Executor | None = None,
) -> Refits:
    r"""Fit ``replicates`` chains of models, each generation on labels drawn from earlier ones, as ``workflow`` says.

    Model g minimises :math:`\sum_j w_{g,j}` times the mean negative log-likelihood of block j. To leading order in 1/n
    its risk in Fisher's metric is :math:`\frac pn \sum_j C_{g,j}^2/s(j)`, whatever the model.

    Parameters
    ----------
    model : LogisticRegression, PoissonRegression, MultinomialRegression, NormalRegression or MEstimator
    workflow : Workflow
        With nonnegative weights, or a subsample of the pool.
    generations, replicates : positive int, int of 2 or more
    seed : whole number, numpy.random.SeedSequence or numpy.random.Generator
        See :func:`numerics.seeds.seed_number`: a generator gives its next 128 bits, and the result's ``seed`` is the
        number with which the run can be made again.
    loss : {"fisher", "excess"}
        :math:`(\theta_g-\theta_0)^\top I(\theta_0)(\theta_g-\theta_0)`, or the excess expected test negative
        log-likelihood, half of it to leading order. An M-estimator has its squared error alone.
    executor : concurrent.futures.Executor, optional
        Fits blocks of replicates in parallel; results are the same with any.

    Examples
    --------
    >>> import numpy as np
    >>> from theory import Accumulate
    >>> from numerics.estimation import LogisticRegression, refit
    >>> rows = np.column_stack([np.ones(20), np.linspace(-1, 1, 20)])
    >>> run = refit(LogisticRegression(rows, [0.3, 1], n=2000), Accumulate(), generations=4, replicates=500, seed=1)
    >>> run.ratio_prediction.round(4).tolist(), str(run.failures)
    ([1.0, 1.25, 1.3611, 1.4236], 'every fit converged')
    >>> bool((np.abs(run.ratio - run.ratio_prediction) < 0.02).all())
    True
    """
    if isinstance(model, MEstimator):
        if loss != "fisher":
            raise DomainError(f"loss = {quoted(loss)} is not allowed: an M-estimator has the loss 'fisher' alone.")
    elif not isinstance(model, Regression):
        raise DomainError(f"model = {quoted(model)} is not a model to be fitted: give a regression or an MEstimator.")
    elif loss not in LOSSES:
        raise DomainError(f"loss = {quoted(loss)} is not a loss: use 'fisher' or 'excess'.")
    return measure(model, workflow, generations, replicates, seed, loss, None, executor)


def refit_real(
    model: Regression,
    labels: Array,
    held_out: HeldOut,
    workflow: Workflow,
    generations: int,
    replicates: int = 1000,
    seed: Seed = 0,
    executor: Executor | None = None,
) -> Refits:
    r"""The same from given labels: block 1 is real, and the loss is the mean log-loss on held-out real data.

    ``model.truth`` is the fit to the real labels, one a row: everything is conditional on them, so no assumption is
    made about the law that they came from. See :mod:`numerics.real_data` for the prediction.
    """
    if workflow.fresh_weight(2) != 0:
        raise DomainError(
            f"workflow = {workflow.name} draws real data afresh, and there are only these: use one that does not."
        )
    draw = workflow.draw(1)
    if draw is not None and (draw.replacement or draw.size < 1):
        raise DomainError(
            f"workflow = {quoted(workflow)} fits model 1 on a random part of the real data: it must be fitted on all "
            "of them."
        )
    return measure(model, workflow, generations, replicates, seed, held_out, np.asarray(labels, dtype=float), executor)


def measure(
    model: Regression | MEstimator,
    workflow: Workflow,
    generations: int,
    replicates: int,
    seed: Seed,
    loss: str | HeldOut,
    real: Array | None,
    executor: Executor | None,
) -> Refits:
    """What :func:`refit` and :func:`refit_real` share."""
    if not isinstance(workflow, Workflow):
        raise DomainError(f"workflow = {quoted(workflow)} is not a workflow: give an instance, such as Accumulate().")
    last = generation("generations", generations)
    count, root = whole_number("replicates", replicates, 2), seed_number(seed)
    if count * last > MOST_LOSSES:
        raise DomainError(
            f"replicates = {replicates} times generations = {generations} is too many: {MOST_LOSSES} fits are the most."
        )
    if workflow.free_symbols:
        names = ", ".join(sorted(map(str, workflow.free_symbols)))
        raise DomainError(f"workflow = {quoted(workflow)} has the symbols {names}: give numbers, a fit needs them.")
    table = schedule(workflow, last, int(model.n))
    if (table.weights < 0).any() or (table.fresh_weights < 0).any():
        raise DomainError(f"{type(workflow).__name__} has negative weights: an estimator needs weights of 0 or more.")
    coefficients, variances = _innovations(workflow, last)
    chain: RegressionChain | MEstimatorChain
    if isinstance(model, MEstimator):
        chain = MEstimatorChain(model, table)
        at_truth, unit = 0.0, model.parameters / model.n
        prediction = unit * (coefficients**2 @ variances)
    else:
        _verify_rows(model, workflow, table.points, table.fresh_points)
        plan = steps(table.weights, table.fresh_weights)
        chain = RegressionChain(model, table, plan, loss_of(model, loss), coefficients, real)
        bent = np.linalg.solve(model.information, chain.loss.hessian)
        at_truth, unit = chain.loss.at_truth, 0.5 * float(np.trace(bent)) / model.n
        prediction = _prediction(chain, coefficients, variances)
    results = list(_blocks(chain, count, root, executor))
    losses = np.concatenate([result.losses for result in results], axis=1)
    level = np.concatenate([result.level for result in results], axis=1)
    quadratic = np.concatenate([result.quadratic for result in results], axis=1)
    status = np.concatenate([result.status for result in results], axis=1)
    mean, plain = _moments(losses)
    risk, covariance = mean, plain
    linear = linear_stderr = np.full(last, np.nan)
    if len(quadratic):
        difference, covariance = _moments(losses - level - quadratic)
        risk = prediction + difference
        linear, spread = _moments(quadratic)
        linear_stderr = np.sqrt(np.diag(spread))
    return Refits(
        workflow=workflow,
        loss="held-out" if isinstance(loss, HeldOut) else loss,
        n=int(model.n),
        seed=root,
        replicates=count,
        mean=mean,
        stderr=np.sqrt(np.diag(plain)),
        prediction=prediction,
        risk=risk,
        linear=linear,
        linear_stderr=linear_stderr,
        at_truth=at_truth,
        unit=unit,
        covariance=covariance,
        fitted=np.isfinite(losses).sum(axis=1),
        failures=Failures(*((status == why).sum(axis=1) for why in (SEPARATED, SINGULAR, UNFINISHED))),
    )


def _innovations(workflow: Workflow, generations: int) -> tuple[Array, Array]:
    """Coefficients (G, 2G) and variances (2G,) of the limit process; for all blocks, then fresh data or draws."""
    found = Pathway(workflow).innovations(generations)
    coefficients = np.array([[float(value) for value in row] for row in found.rows])
    return coefficients, np.array([float(value) for value in found.variances])


def _prediction(chain: RegressionChain, coefficients: Array, variances: Array) -> Array:
    """Mean of the loss's second-order form: exact, since the innovations have constant covariances."""
    model, last = chain.regression, chain.schedule.generations
    inverse = np.linalg.inv(model.information)
    bent = inverse @ chain.loss.hessian @ inverse
    scatters = [model.information] * last
    scatters += [chain.pool_scatter(g) if chain.schedule.subsampled else model.information for g in range(last)]
    each = np.array([0.5 * np.sum(bent * scatter) for scatter in scatters]) * variances / model.n
    if chain.real is not None:
        each[0] = 0.0
    return chain.loss.at_truth + coefficients**2 @ each


def _verify_rows(model: Regression, workflow: Workflow, points: NDArray, fresh: NDArray) -> None:
    rows = len(model.covariates)
    if model.design == "shared" and (points % rows).any() | (fresh % rows).any():
        raise DomainError(
            f"sizes = {workflow.sizes} of {type(workflow).__name__} label some rows of the shared design a fraction "
            f"of a time: relative sizes must be whole numbers."
        )


def _blocks(
    chain: RegressionChain | MEstimatorChain, replicates: int, seed: int, executor: Executor | None
) -> Iterator[Fitted]:
    size = chain.replicates_in_a_block
    counts = [min(size, replicates - start) for start in range(0, replicates, size)]
    seeds = SeedSequence(seed).spawn(len(counts))
    if executor is None:
        yield from (_block(chain, own, count) for own, count in zip(seeds, counts, strict=True))
    else:
        yield from of_client(executor).map(_block, [chain] * len(counts), seeds, counts)


def _block(chain: RegressionChain | MEstimatorChain, seed: SeedSequence, replicates: int) -> Fitted:
    with single_threaded_algebra():
        return chain.run(Generator(np.random.PCG64(seed)), replicates)


def _moments(values: Array) -> tuple[Array, Array]:
    """Means over the replicates that are left, and the covariance of these means: (G,), (G, G)."""
    left = np.isfinite(values)
    counts = left.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(left, values, 0.0).sum(axis=1) / counts
        centred = np.where(left, values - mean[:, None], 0.0)
        # A replicate is left at both of two generations if it is at the later one.
        both = np.minimum(counts[:, None], counts[None, :])
        covariance = centred @ centred.T / (both - 1) * both / np.outer(counts, counts)
    return mean, covariance
