r"""Generations of any generator: fitted on real rows, then on rows that its earlier selves drew.

Model 1 is fitted on block 1, n real rows; model g on what the workflow says of blocks 1..g; block g + 1 holds
:math:`n\,s(g+1)` rows sampled from model g. Every replicate does this anew, from another random subset of the real
rows, and a loss is measured at every generation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from numerics.blocks import _Bar
from numerics.run.generator import GeneratorSource, generator_source, real_rows
from numerics.run.interruption import interrupted
from numerics.run.losses import Loss, LossOnTest, loss_on_test
from numerics.run.ratio import RatioCheck, check_ratio, measured_ratio, standard_error
from numerics.run.storage import Storage, digest_of
from numerics.run.training import Training, training
from numerics.seeds import Seed, seed_number
from theory.errors import DomainError
from theory.expressions.arguments import generation, whole_number
from theory.risk import Risk
from theory.workflows.base import Workflow, exact_weights

Array = NDArray[np.float64]

# Losses of every replicate are kept: this many take half a gigabyte.
MOST_LOSSES = 2**26
MOST_GENERATIONS = 10_000

#: What a seed is for; each has its own stream.
_ROWS, _DRAW, _FIT, _LOSS, _SAMPLE, _PROBE = range(6)


@dataclass(frozen=True, eq=False)
class GenerationRun:
    """What a run measured.

    Attributes
    ----------
    losses : of every replicate at every generation, (R, G)
    workflow, loss, n, seed : how it was done
    pool : real rows of which block 1 is a subset

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
    data: ArrayLike,
    workflow: Workflow,
    generations: int,
    loss: Loss = "negative log-likelihood",
    test_data: ArrayLike | None = None,
    replicates: int = 1,
    seed: Seed = 0,
    path: str | os.PathLike[str] | None = None,
    n: int | None = None,
    progress: bool = False,
) -> GenerationRun:
    r"""Run a generator for ``generations`` generations under a workflow, and measure a loss at each.

    Parameters
    ----------
    generator : object with ``fit(X)`` and ``sample(n)``, not fitted; or a class or function that makes one
        scikit-learn's ``GaussianMixture`` and ``KernelDensity`` as they are, or your own. A fresh copy is fitted at
        every generation, and seeded before every call, see :mod:`numerics.run.generator`. ``fit`` may take
        ``sample_weight``; without it, rows are repeated where a workflow weighs them, see
        :mod:`numerics.run.training`. ``sample(n)`` returns n rows, or a tuple that begins with them.
    data : array (N,) or (N, d)
        The pool of real rows. 1-D data are handed over as such, but as a column to what has ``get_params``, which is
        scikit-learn's contract.
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
        Show a progress bar after the first second, if standard error is a terminal.

    Raises
    ------
    DomainError
        When arguments do not fit together, or a generator or loss returns something else than it should. What a
        generator raises itself is passed on, with a note of where it happened.

    Notes
    -----
    Linear algebra is held at one thread, since sums over threads differ in the last bits.

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
    if not isinstance(workflow, Workflow):
        raise DomainError(f"workflow = {workflow!r} is not a workflow: give one of theory's workflows, or your own.")
    last = generation("generations", generations)
    count = whole_number("replicates", replicates, 1)
    if last > MOST_GENERATIONS or last * count > MOST_LOSSES:
        raise DomainError(
            f"generations = {last} and replicates = {count} are too many: {MOST_GENERATIONS} generations and "
            f"{MOST_LOSSES} losses are the most."
        )
    pool = real_rows("data", data)
    test = pool if test_data is None else real_rows("test_data", test_data)
    if test.shape[1] != pool.shape[1]:
        raise DomainError(f"test_data has {test.shape[1]} columns and data {pool.shape[1]}: give the same.")
    unit = len(pool) if n is None else whole_number("n", n, 1)
    source = generator_source(generator, pool.shape[1], np.ndim(data) == 1)
    plan = training(workflow, last, unit, source.weighable)
    if plan.real_rows > len(pool):
        raise DomainError(
            f"data has {len(pool)} rows, but a replicate takes {plan.real_rows} real ones (n = {unit}"
            f"{' and what it draws afresh' if plan.fresh.any() else ''}): give a smaller n, or more data."
        )
    chain = _Chain(source, plan, pool, loss_on_test(loss, test, unit, source.build()), seed_number(seed))
    storage = Storage(path, _settings(source, workflow, chain, unit), _recipes(workflow, chain))
    try:
        with threadpool_limits(limits=1), storage, _Bar(last * count, progress) as bar:
            chain.verify_start(storage)
            for replicate in range(count):
                chain.run(replicate, storage, bar.advance)
            storage.keep(count, ())
            losses = np.array([storage.of(replicate)[:last] for replicate in range(count)])
    except KeyboardInterrupt:
        raise interrupted(f"Interrupted. {storage.kept}") from None
    return GenerationRun(losses, workflow, chain.loss.name, unit, len(pool), chain.seed)


@dataclass(frozen=True, eq=False)
class _Chain:
    """One replicate after the other."""

    source: GeneratorSource
    plan: Training
    pool: Array
    loss: LossOnTest
    seed: int

    @property
    def generations(self) -> int:
        return len(self.plan.recipes)

    def run(self, replicate: int, storage: Storage, advance: Callable[[], None]) -> None:
        """Do what is not yet recorded of a replicate."""
        recorded = storage.of(replicate)[: self.generations]
        done = len(recorded)
        for _ in recorded:
            advance()
        if done < self.generations:
            synthetic = self._stored(replicate, done, storage)
            if synthetic is None:
                # A block is lost: from the start, to the same losses.
                synthetic, done = {}, 0
            real = self._real(replicate)
            for g in range(done + 1, self.generations + 1):
                try:
                    value, block = self._generation(replicate, g, real, synthetic)
                except Exception as error:
                    error.add_note(f"This was at generation {g} of replicate {replicate + 1}.")
                    raise
                if block is not None:
                    synthetic[g + 1] = block
                if g <= len(recorded):
                    _verify_same_loss(storage, recorded[g - 1], value, replicate, g)
                else:
                    storage.record(replicate, value, block)
                    advance()
                needed = self.plan.needed(g)
                synthetic = {index: synthetic[index] for index in needed}
                if g >= len(recorded):
                    storage.keep(replicate, needed)

    def verify_start(self, storage: Storage) -> None:
        """See that noise is fresh and, on a disk, comes back; that a run found there is the one being asked for."""
        real = self._real(0)
        try:
            fitted = self._fitted(0, 1, real, {})
        except Exception as error:
            error.add_note("This was at generation 1 of replicate 1.")
            raise
        if self.generations > 1 and not storage.losses:
            fitted.verify_noise(
                self._seed(0, 1, _PROBE),
                reproducible=storage.folder is not None,
                again=lambda: self._fitted(0, 1, real, {}),
            )
        if storage.losses:
            _verify_same_loss(storage, storage.losses[0][0], self.loss(fitted, self._seed(0, 1, _LOSS)), 0, 1)

    def _generation(
        self, replicate: int, g: int, real: Array, synthetic: dict[int, Array]
    ) -> tuple[float, Array | None]:
        fitted = self._fitted(replicate, g, real, synthetic)
        value = self.loss(fitted, self._seed(replicate, g, _LOSS))
        if g == self.generations or not self.plan.last_use[g]:
            return value, None
        return value, fitted.sample(int(self.plan.points[g]), self._seed(replicate, g, _SAMPLE))

    def _fitted(self, replicate: int, g: int, real: Array, synthetic: dict[int, Array]) -> Any:
        held = {**self.plan.held(real, g), **synthetic}
        rng = np.random.default_rng(self._seed(replicate, g, _DRAW))
        rows, weights = self.plan.recipes[g - 1].assemble(held, rng)
        return self.source.fit(rows, weights, self._seed(replicate, g, _FIT))

    def _real(self, replicate: int) -> Array:
        """The real rows of a replicate: block 1, then those drawn afresh, generation by generation."""
        if self.plan.real_rows == len(self.pool) == self.plan.points[0]:
            return self.pool
        rng = np.random.default_rng(self._seed(replicate, 0, _ROWS))
        # The first rows of a permutation are the same however many are taken: a longer run begins like a shorter.
        return self.pool[rng.permutation(len(self.pool))[: self.plan.real_rows]]

    def _stored(self, replicate: int, done: int, storage: Storage) -> dict[int, Array] | None:
        """The synthetic blocks that generations after ``done`` are fitted on; None where one is missing."""
        blocks = {index: storage.block(replicate, index) for index in self.plan.needed(done)} if done else {}
        found = {index: block for index, block in blocks.items() if block is not None}
        return found if len(found) == len(blocks) else None

    def _seed(self, replicate: int, g: int, purpose: int) -> SeedSequence:
        return SeedSequence(self.seed, spawn_key=(replicate, g, purpose))


def _verify_same_loss(storage: Storage, recorded: float, computed: float, replicate: int, g: int) -> None:
    if recorded != computed:
        raise DomainError(
            f"path = {storage.folder} holds a run whose loss at generation {g} of replicate {replicate + 1} is "
            f"{recorded!r}, now {computed!r}: the generator, the loss or a library has changed, or one of them gives "
            f"other values whenever it is called."
        )


def _settings(source: GeneratorSource, workflow: Workflow, chain: _Chain, n: int) -> dict[str, Any]:
    """What tells one run from another, however long they are."""
    return {
        "generator": source.identity,
        "data": digest_of(chain.pool),
        "test_data": digest_of(chain.loss.rows),
        "layout": "1-D" if source.layout.flat else "columns",
        "workflow": workflow.name,
        "loss": chain.loss.name,
        "n": n,
        "seed": chain.seed,
    }


def _recipes(workflow: Workflow, chain: _Chain) -> list[str]:
    """A workflow is what it does at each generation, since a function prints as its address."""
    plan = chain.plan
    rows = [
        (*map(str, exact_weights(workflow, g)), *_fresh(workflow, g), recipe.drawn, recipe.replacement)
        for g, recipe in enumerate(plan.recipes, start=1)
    ]
    parts = zip(rows, plan.points.tolist(), plan.fresh.tolist(), strict=True)
    return [sha256(repr(part).encode()).hexdigest()[:16] for part in parts]


def _fresh(workflow: Workflow, g: int) -> list[str]:
    """Weights of real rows drawn afresh: the newest, or all where earlier ones are kept."""
    weights = workflow.fresh_weights(g) if workflow.keeps_fresh else [workflow.fresh_weight(g)]
    return [str(weight) for weight in weights]
