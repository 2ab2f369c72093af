"""The laws that every generator keeps, scikit-learn's or the user's: :func:`check_generator`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import ArrayLike

from numerics.run.generator import PROBE, Fitted, GeneratorSource, generator_source
from numerics.run.losses import Loss, LossOnTest, loss_on_test
from numerics.run.pipeline import is_pipeline, sampler
from numerics.run.randomness import offspring
from numerics.run.rows import Documents, Rows, digest_of, real_rows, same
from numerics.seeds import Seed, seed_number
from theory.errors import DomainError, LawViolation, on_one_line

_SEEDED = (
    "its random numbers come from a source that cannot be seeded: let it take random_state, or hold its random "
    "generator as an attribute."
)


def check_generator(
    generator: object, X: ArrayLike | Documents, loss: Loss | None = None, seed: Seed = 0
) -> tuple[str, ...]:
    r"""Check the laws that a generator must keep to be run through generations.

    1. *Fit*: ``fit(X)`` fits the object itself, whatever it returns, and leaves it able to sample.
    2. *Data*: neither ``fit`` nor ``sample`` changes the training data.
    3. *Rows*: ``sample(n)`` returns n finite rows shaped like those of X, of one type for every n.
    4. *Seed*: from the same seed a fit and a sample are the same, also when asked again; from another they are not.
    5. *Independence*: a fit changes no other model.
    6. *Weights*: where ``fit`` takes ``sample_weight``, it fits with weights of 1.
    7. *Generations*: it can be fitted on what it drew.
    8. *Losses*: of generations 1 and 2 they are finite.
    9. *Pickle*: unfitted and fitted, it comes back from a pickle and samples the same, as worker processes need.

    Parameters
    ----------
    generator : as in :func:`numerics.run_generations`
    X : array (N,) or (N, d), or Documents
        Real rows; a hundred are enough.
    loss : callable or str, optional
        As in :func:`numerics.run_generations`; without it the negative log-likelihood of X where the generator has a
        density and is no pipeline, else the squared error of its mean; none of documents without a density.
    seed : whole number, numpy.random.SeedSequence or numpy.random.Generator

    Returns
    -------
    tuple of str
        The laws that were checked, all of which hold.

    Raises
    ------
    LawViolation
        Naming the first law that is broken, and how.
    DomainError
        Where X is no data, or ``generator`` has no ``fit`` and ``sample``.

    Notes
    -----
    Written here, in the manner of scikit-learn's ``check_estimator``. ``run_generations`` asks for less: it hands over
    copies of the data, and needs pickles for worker processes alone.

    Examples
    --------
    >>> import numpy as np
    >>> class Forgetful:
    ...     def fit(self, X):
    ...         X -= X.mean()
    ...         self.deviation = X.std()
    ...     def sample(self, n):
    ...         return np.random.normal(0, self.deviation, n)
    >>> check_generator(Forgetful(), np.arange(50.0))
    Traceback (most recent call last):
        ...
    theory.errors.LawViolation: data: Forgetful.fit changes its training data: let it work on a copy.
    """
    rows = real_rows("X", X)
    columns = 1 if isinstance(rows, Documents) else rows.shape[1]
    flat = not isinstance(X, Documents) and np.ndim(X) == 1
    source = generator_source(generator, columns, flat, isinstance(rows, Documents))
    return _Laws(source, rows, _loss(loss, rows, source), SeedSequence(seed_number(seed))).checked()


def _loss(loss: Loss | None, rows: Rows, source: GeneratorSource) -> LossOnTest | None:
    model = source.build()
    if loss is None:
        # Whether a pipeline has a density is not known before it is fitted.
        dense = not is_pipeline(model) and (hasattr(model, "score_samples") or hasattr(model, "score"))
        if not dense and isinstance(rows, Documents):
            return None
        loss = "negative log-likelihood" if dense else "mean"
    return loss_on_test(loss, rows, max(2, len(rows)), model)


@dataclass(frozen=True)
class _Laws:
    source: GeneratorSource
    rows: Rows
    loss: LossOnTest | None
    seed: SeedSequence

    def checked(self) -> tuple[str, ...]:
        """Look at every law, and name those that there were to look at."""
        children = offspring(self.seed)
        fit, draw, other = next(children), next(children), next(children)
        fitted = self._fitted_on_own_data(fit, draw)
        first = self._shapes(fitted, draw)
        self._reproducible(fitted, first, fit, draw, other)
        self._independent(fitted, first, draw, other)
        laws = ["fit", "data", "rows", "seed", "independence"]
        if self.source.weighable:
            self._weighed(fit)
            laws.append("weights")
        second = self._second(first, fit, draw)
        laws.append("generations")
        if self.loss is not None:
            self._losses(self.loss, (fitted, second), draw)
            laws.append("losses")
        self._pickled(fitted, first, fit, draw)
        return (*laws, "pickle")

    @property
    def name(self) -> str:
        """The generator's class."""
        return self.source.name

    def _fitted_on_own_data(self, fit: SeedSequence, draw: SeedSequence) -> Fitted:
        own = self.rows.copy()
        before = digest_of(own)
        with _law("fit", f"{self.name}.fit"):
            fitted = self.source.fit(own, None, fit)
        if digest_of(own) != before:
            raise LawViolation(f"data: {self.name}.fit changes its training data: let it work on a copy.")
        if sampler(fitted.model) is None:
            raise LawViolation(f"fit: {self.name} has no sample once it is fitted: leave the method where it is.")
        with _law("fit", f"after fit, whatever that returns, {self.name}.sample({PROBE})", refused="rows"):
            fitted.sample(PROBE, draw)
        if digest_of(own) != before:
            raise LawViolation(f"data: {self.name}.sample changes the training data: let it work on a copy.")
        return fitted

    def _shapes(self, fitted: Fitted, draw: SeedSequence) -> Rows:
        """As many rows as X has."""
        types = {}
        for count in (1, 2, PROBE, len(self.rows)):
            with _law("rows", f"{self.name}.sample({count})"):
                drawn = fitted.sample(count, draw)
            types[drawn.dtype] = count
        if len(types) > 1:
            told = " and ".join(f"{kind} of {count} rows" for kind, count in types.items())
            raise LawViolation(f"rows: {self.name}.sample returns {told}: let the type be the same for every n.")
        return drawn

    def _reproducible(
        self, fitted: Fitted, first: Rows, fit: SeedSequence, draw: SeedSequence, other: SeedSequence
    ) -> None:
        if not same(fitted.sample(len(first), draw), first):
            raise LawViolation(f"seed: {self.name}.sample, asked again from the same seed, draws other rows; {_SEEDED}")
        again = self.source.fit(self.rows.copy(), None, fit)
        if not same(again.sample(len(first), draw), first):
            raise LawViolation(f"seed: {self.name}.fit, from the same seed and rows, fits another model; {_SEEDED}")
        with _law("seed", f"{self.name}.sample"):
            fitted.verify_noise(other, reproducible=False, again=lambda: again)

    def _independent(self, fitted: Fitted, first: Rows, draw: SeedSequence, other: SeedSequence) -> None:
        half = self.rows[: (len(self.rows) + 1) // 2]
        with _law("independence", f"{self.name}.fit on half of X"):
            self.source.fit(half.copy(), None, other)
        if not same(fitted.sample(len(first), draw), first):
            raise LawViolation(
                f"independence: after another {self.name} is fitted this one draws other rows: keep what is fitted in "
                f"the object, not in its class or a module."
            )

    def _weighed(self, fit: SeedSequence) -> None:
        with _law("weights", f"{self.name}.fit with sample_weight = 1 for every row"):
            self.source.fit(self.rows.copy(), np.ones(len(self.rows)), fit).sample(PROBE, fit)

    def _second(self, first: Rows, fit: SeedSequence, draw: SeedSequence) -> Fitted:
        with _law("generations", f"{self.name}, fitted on what it drew,"):
            second = self.source.fit(first.copy(), None, fit)
            second.sample(PROBE, draw)
        return second

    def _losses(self, loss: LossOnTest, models: tuple[Fitted, ...], draw: SeedSequence) -> None:
        for generation, fitted in enumerate(models, start=1):
            with _law("losses", f"loss = {loss.name} at generation {generation}"):
                value = loss(fitted, draw)
            if not np.isfinite(value):
                raise LawViolation(
                    f"losses: loss = {loss.name} is {value} at generation {generation}, and so is every mean of "
                    f"it: give a loss that is finite whatever the model is fitted on."
                )

    def _pickled(self, fitted: Fitted, first: Rows, fit: SeedSequence, draw: SeedSequence) -> None:
        with _law("pickle", f"a pickle of {self.name}, not fitted,"):
            revived = pickle.loads(pickle.dumps(self.source)).fit(self.rows.copy(), None, fit)
        with _law("pickle", f"a pickle of {self.name}, fitted,"):
            loaded = pickle.loads(pickle.dumps(fitted))
        for model, when in ((revived, "before it is fitted"), (loaded, "once it is fitted")):
            with _law("pickle", f"{self.name}, back from a pickle {when},"):
                drawn = model.sample(len(first), draw)
            if not same(drawn, first):
                raise LawViolation(
                    f"pickle: {self.name}, pickled {when}, draws other rows than before from the same seed: let its "
                    f"state hold all that it needs."
                )


@contextmanager
def _law(law: str, what: str, refused: str | None = None) -> Iterator[None]:
    """What goes wrong breaks the law: in the words of the refusal, or in the generator's own."""
    try:
        yield
    except DomainError as error:
        raise LawViolation(f"{refused or law}: {error}") from error
    except Exception as error:
        said = f": {on_one_line(str(error))}" if str(error) else ""
        raise LawViolation(f"{law}: {what} raises {type(error).__name__}{said}".rstrip(".") + ".") from error
