r"""Generations of any generator: fitted on real rows, then on rows that its earlier selves drew.

Model 1 is fitted on block 1, n real rows; model g on what the workflow says of blocks 1..g; block g + 1 holds
:math:`n\,s(g+1)` rows sampled from model g. Every replicate does this anew, from another random subset of the real
rows, and a loss is measured at every generation.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.progress import Bar
from numerics.run.chain import Observe
from numerics.run.drive import in_turn, over_workers
from numerics.run.first import FirstModels
from numerics.run.interruption import interrupted
from numerics.run.losses import Loss
from numerics.run.planned import Planned, planned, verify_start
from numerics.run.ratio import RatioCheck, check_ratio, measured_ratio, standard_error
from numerics.run.rows import Documents
from numerics.run.together import together
from numerics.run.training import training
from numerics.seeds import Seed, seed_number
from numerics.threads import controller
from numerics.workers import executor_of
from theory.errors import DomainError
from theory.expressions.told import Told as Result
from theory.risk import Risk
from theory.workflows.base import Workflow

Array = NDArray[np.float64]

@dataclass(frozen=True, eq=False)
class GenerationRun(Result):
    """What a run measured.

    Attributes
    ----------
    losses : of every replicate at every generation, (R, G)
    workflow, loss, n, seed : how it was done
    pool : real rows of which block 1 is a subset
    observed : what ``observe`` gave, by replicate and generation

    Notes
    -----
    Measured here, by :func:`run_generations`.

    Examples
    --------
    >>> import numpy as np
    >>> from theory import Replace
    >>> class Mean:
    ...     random_state = None
    ...     def fit(self, X):
    ...         self.mean = X.mean()
    ...     def sample(self, n):
    ...         return np.random.default_rng(self.random_state).normal(self.mean, 1, n)
    >>> run = run_generations(Mean, np.arange(50.0), Replace(), 3, "mean", replicates=4, n=10)
    >>> run.replicates, run.generations, run.mean.shape, run.stderr.shape
    (4, 3, (3,), (3,))
    """

    losses: Array
    workflow: Workflow
    loss: str
    n: int
    pool: int
    seed: int
    observed: tuple[tuple[Any, ...], ...] = ()

    __repr__ = Result.__repr__
    _drawn = (("mean", "lower", "upper"),)

    def headline(self) -> str:
        """What was run, and how."""
        how = f"{self.replicates} replicates from {self.n} of {self.pool} rows, seed {self.seed}"
        return f"{self.generations} generations under {self.workflow.name}, loss {self.loss}, {how}"

    def table(self) -> dict[str, list[float]]:
        """Mean, standard error, and mean ± 2 standard errors, by generation; nan for one replicate."""
        mean, error = self.mean, self.stderr
        columns = {"mean": mean, "stderr": error, "lower": mean - 2 * error, "upper": mean + 2 * error}
        return {"generation": list(range(1, len(mean) + 1)), **{name: c.tolist() for name, c in columns.items()}}

    @property
    def replicates(self) -> int:
        """Chains trained."""
        return self.losses.shape[0]

    @property
    def generations(self) -> int:
        """Models of each chain."""
        return self.losses.shape[1]

    @property
    def mean(self) -> Array:
        """Mean loss over replicates, (G,)."""
        return self.losses.mean(axis=0)

    @property
    def stderr(self) -> Array:
        """Standard error of ``mean``, given the pool of real rows; nan for one replicate, (G,)."""
        return standard_error(self.losses)

    def ratio(self, best: float | None = None, unit: float | None = None) -> tuple[Array, Array]:
        """Excess loss over that of generation 1, and its standard error, (G,) each; see :mod:`numerics.run.ratio`.

        Parameters
        ----------
        best : float
            The least loss there is: the excess is over it. 0 for a squared error, the truth's entropy for a negative
            log-likelihood.
        unit : float
            Where that is not known: the excess of generation 1, to which increases of the loss are compared.
        """
        if (best is None) == (unit is None):
            raise DomainError(
                "A ratio needs best, the least loss there is, or unit, the risk of generation 1: give one."
            )
        return measured_ratio(self.losses, best, unit)

    def compare(
        self, risk: Risk, best: float | None = None, unit: float | None = None, level: float = 0.001
    ) -> RatioCheck:
        r"""Test a derived risk, or its ratio, against this run: one test over all generations.

        Parameters
        ----------
        risk : Risk
            Of the workflow that was run, with numbers for its parameters. Without ``best`` and ``unit`` its value at
            generation 1 is the unit: it must then be in the units of the loss.
        best, unit : float
            See :meth:`ratio`. A negative log-likelihood of p parameters has :math:`r_1 \approx p/(2n)`.
        level : float in (0, 1)
            Probability of failing a correct ratio.

        Notes
        -----
        ``best`` is the least loss of any model on *the pool*, up to which the prediction takes the finite pool into
        account: model 1 is worth a share f of the pool, by what the workflow fits it on, and the measured ratio is
        predicted as :math:`(\rho_g - f)/(1 - f)`. :mod:`numerics.run.ratio` says when that is exact, and that it is to
        leading order in 1/n otherwise. A Risk to leading order may be refused for the 1/n that it leaves out:
        ``detectable`` says how small an error the run would have seen.

        Examples
        --------
        >>> import numpy as np
        >>> from theory import GaussianMean, Replace, expected_risk
        >>> class Mean:
        ...     random_state = None
        ...     def fit(self, X):
        ...         self.mean = X.mean()
        ...     def sample(self, n):
        ...         return np.random.default_rng(self.random_state).normal(self.mean, 1, n)
        >>> real = np.random.default_rng(1).normal(size=5000)
        >>> square = lambda model, test: (model.mean - real.mean()) ** 2
        >>> run = run_generations(Mean(), real, Replace(), 4, square, replicates=300, n=20)
        >>> check = run.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0)
        >>> check.passed, check.prediction.round(2).tolist()
        (True, [1.0, 2.0, 3.01, 4.01])
        """
        share = float(training(self.workflow, 1, self.n, weighable=True).first_rows / self.pool)
        return check_ratio(self.losses, risk, self.workflow, self.n, share, best, unit, level)


def run_generations(
    generator: Any,
    data: ArrayLike | Documents,
    workflow: Workflow,
    generations: int,
    loss: Loss = "negative log-likelihood",
    test_data: ArrayLike | Documents | None = None,
    replicates: int = 1,
    seed: Seed = 0,
    path: str | os.PathLike[str] | None = None,
    n: int | None = None,
    progress: bool = False,
    initial: str | os.PathLike[str] = "scratch",
    executor: Executor | None = None,
    first: FirstModels | None = None,
    same_first: bool = False,
    observe: Observe | None = None,
    device: str | None = None,
    label: str | None = None,
    stacked: bool = False,
    n_jobs: int | None = None,
) -> GenerationRun:
    r"""Run a generator for ``generations`` generations under a workflow, and measure a loss at each.

    Parameters
    ----------
    generator : object with ``fit(X)`` and ``sample(n)``, not fitted; or a class or function that makes one
        scikit-learn's ``GaussianMixture`` and ``KernelDensity`` as they are, its pipelines whose last step samples and
        whose earlier ones have ``inverse_transform``, or your own. A fresh copy is fitted at
        every generation, and seeded before every call, see :mod:`numerics.run.generator`. ``fit`` may take
        ``sample_weight``; without it, rows are repeated where a workflow weighs them, see
        :mod:`numerics.run.training`. ``sample(n)`` returns n rows, or a tuple that begins with them.
    data : array (N,) or (N, d), or Documents
        The pool of real rows, which keep their type: whole numbers stay whole. Rows of unequal length are
        :class:`numerics.run.rows.Documents`. 1-D data are handed over as such, but as a column to what has
        ``get_params``, which is scikit-learn's contract.
    workflow : Workflow
        With numbers for its parameters, and whole numbers of rows in every block. Real rows drawn afresh are others
        than those the replicate had before; a pool that keeps them is fitted on those of every generation. Of an
        ecosystem run its ``chain``, in which the models take turns.
    generations : positive int
    loss : callable or str
        ``loss(model, test_data)`` of a fitted generator; or ``"negative log-likelihood"``, ``"mean"`` or
        ``"variance"``, see :mod:`numerics.run.losses`.
    test_data : array like ``data``, optional
        Without it, ``data``: the pool is then the truth of the run.
    replicates : positive int
        Chains, each from another subset of n rows.
    seed : whole number, numpy.random.SeedSequence or numpy.random.Generator
        See :func:`numerics.seeds.seed_number`: a generator gives its next 128 bits, and the result's ``seed`` is the
        number with which the run can be made again.
        Everything follows from it, for generators whose noise can be seeded.
    path : folder, optional
        Every finished generation is put on the disk there, and a run that was killed goes on from there, with the
        same result to the last bit; see :mod:`numerics.run.storage`. A finished run is read without being done again,
        except for its very first fit, which shows that nothing has changed. More ``replicates`` or ``generations``
        than are there extend it, to what one long run would have given, to the last bit. Replicates are added at no
        further cost; for more generations the earlier ones are fitted again, and must give the losses on record,
        since the blocks of finished replicates are not kept. One process at a time: another that is given the same
        folder meanwhile is refused. After Ctrl-C, or where the disk is full, one sentence says what is kept; the same
        call goes on.
    n : positive int, optional
        Rows of a unit block; all of the data if omitted.
    progress : bool
        Show a progress bar after the first second, on a terminal or in a notebook. A generator whose ``fit`` takes
        ``progress`` may call it with the steps that are done, and of how many.
    initial : {"scratch", "previous"} or file
        Where a model begins: fresh; from the model of the generation before, by ``warm_start(previous)`` or else by
        ``load(previous.state())``; or, every one of them, from a state that :func:`numerics.run.state.save_state`
        wrote. With ``path`` a state lies there as a checkpoint until the next generation is done.
    executor : concurrent.futures.Executor, optional
        Does generations of several replicates at a time: a ``ProcessPoolExecutor``, or the ``Client`` of a Dask
        cluster; of a worker with several threads one computes at a time. The result is the same to the last bit. A
        worker that dies loses the generation it was at, which is done again.
    first : FirstModels, optional
        Models of generation 1, fitted once for all runs that are given the same object.
    same_first : bool
        Whether all replicates begin with the block 1 and the model of the first, and differ from there on.
    observe : callable, optional
        ``observe(model, rows)`` of a fitted generator and what it was fitted on: what else is measured, as JSON holds
        it, kept with the losses; the result's ``observed``.
    device : str, optional
        Handed to the generator's ``to(device)``.
    label : str, optional
        What the workflow is called in every line of the record, as ``selfgen forecast`` reads it.
    stacked : bool
        Whether the models of a generation, one a replicate, are fitted all at once, by the generator's
        ``fit_together(models, X, seeds)``: X and seeds are those that ``fit(X, seed)`` of each would be given. The
        generators of :mod:`numerics.neural` have it, and small networks take a fraction of the time; a run is the same
        to the last bit however many replicates it has, and differs from one that is not stacked by rounding.
    n_jobs : int, optional
        So many processes for the time of this call, -1 for one a core, in place of an ``executor``. They start clean:
        what is run stands at the top of a module, and a script calls from below ``if __name__ == "__main__":``.

    Raises
    ------
    DomainError
        When arguments do not fit together, or a generator or loss returns something else than it should. What a
        generator raises itself is passed on, with a note of where it happened.

    Notes
    -----
    Linear algebra is held at one thread, since sums over threads differ in the last bits.

    The logger ``numerics.run`` is told of every finished generation, at the level INFO.

    Built here; the convention of weights is that of :class:`theory.Workflow`.

    Examples
    --------
    >>> import numpy as np
    >>> from theory import Accumulate
    >>> class Normal:
    ...     def fit(self, X):
    ...         self.mean, self.deviation = X.mean(), X.std()
    ...     def sample(self, n):
    ...         return np.random.normal(self.mean, self.deviation, n)
    >>> real = np.random.default_rng(1).normal(size=100)
    >>> run = run_generations(Normal, real, Accumulate(), 3, loss="mean", replicates=5, n=20)
    >>> run.losses.shape, bool(np.isfinite(run.stderr).all())
    ((5, 3), True)
    """
    run = planned(
        generator, data, workflow, generations, loss, test_data, replicates, seed_number(seed), path, n, initial,
        executor if n_jobs is None else n_jobs, same_first, observe, device, label, stacked,
    )  # fmt: skip
    chain, storage, count = run.chain, run.storage, run.count
    models = FirstModels() if first is None else first
    try:
        with (
            controller().limit(limits=1),
            storage,
            Bar(run.generations * count, progress) as bar,
            executor_of(executor, n_jobs) as chosen,
        ):
            verify_start(run, models, first is None, bar.within)
            if chain.stacked:
                together([run], models, bar)
            elif chosen is None:
                in_turn(chain, count, storage, models, bar)
            else:
                over_workers(chain, count, storage, models, bar, chosen)
            return measured_by(run)
    except KeyboardInterrupt:
        raise interrupted(f"Interrupted. {storage.kept}") from None


def measured_by(run: Planned) -> GenerationRun:
    """What a run measured, all of which is done."""
    chain, storage, last = run.chain, run.storage, run.generations
    storage.clear()
    losses = np.array([storage.of(replicate)[:last] for replicate in range(run.count)])
    observed = tuple(tuple(storage.observed[replicate][:last]) for replicate in range(run.count))
    kept = observed if chain.observe else ()
    return GenerationRun(losses, run.workflow, chain.loss.name, run.n, len(chain.pool), chain.seed, kept)
