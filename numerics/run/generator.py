r"""Any generator: an object with ``fit(X)`` and ``sample(n)``, fresh at every generation and with a seed of its own.

Generation g needs noise that is independent of every other generation's, and a resumed run needs the same noise again.
So every call of a generator follows from a seed: NumPy's and Python's global generators are seeded for the time of the
call and put back; a parameter ``random_state``, ``seed`` or ``rng`` of the method is given; and random generators and
attributes ``random_state`` or ``seed`` that the object holds, or any object inside it, are renewed, see
:mod:`numerics.run.randomness`. A copy of an object that holds ``default_rng(0)`` would otherwise draw the same noise at
every generation.
"""

from __future__ import annotations

import copy
import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.random import SeedSequence

from numerics.run.pipeline import chosen, is_pipeline, returned_by, sampler, verify_steps
from numerics.run.randomness import RANDOM, SEED_NAMES, number, offspring, renewed
from numerics.run.rows import Array, Documents, Rows, constant, distinct, real_rows, same
from numerics.run.state import State, has_state, state_of
from theory.errors import DomainError

#: Told how far a fit is: steps done, and of how many.
Told = Callable[[int, int], object]

#: Rows drawn to see whether a generator heeds its seed; and, where they came out equal, which those of a discrete one
#: do by chance, more rows from more seeds.
PROBE = 8
MORE_ROWS = (128, 2048)
MORE_SEEDS = 16


@dataclass(frozen=True)
class Layout:
    """The shape in which a generator is handed data: 1-D where the user's data are, columns for scikit-learn.

    Attributes
    ----------
    columns : number of columns
    flat : whether rows are handed over as a 1-D array
    documents : whether rows are documents of unequal length
    """

    columns: int
    flat: bool
    documents: bool = False

    def give(self, rows: Rows, own: bool = False) -> Rows:
        """A copy, so that a generator may do with it what it likes; rows that nobody else has are given as they are."""
        given: Rows = rows.reshape(-1) if self.flat and not isinstance(rows, Documents) else rows
        return given if own else given.copy()

    def take(self, returned: object, count: int, name: str) -> Rows:
        """Verify what ``sample(count)`` returned, and hold it in columns."""
        called = f"{name}.sample({count})"
        if self.documents:
            return _documents(returned, count, called)
        if isinstance(returned, tuple) and returned:
            returned = returned[0]  # scikit-learn's mixtures return (rows, labels)
        rows = real_rows(called, returned)
        if isinstance(rows, Documents) or rows.shape != (count, self.columns):
            shape = "of documents" if isinstance(rows, Documents) else np.asarray(returned).shape
            raise DomainError(
                f"{called} has shape {shape}: it must be {self._shape(count)}, {count} rows like those of the data."
            )
        return rows

    def _shape(self, count: int) -> str:
        return f"({count},) or ({count}, 1)" if self.columns == 1 else f"({count}, {self.columns})"


def _documents(returned: object, count: int, called: str) -> Documents:
    if isinstance(returned, (list, tuple)):
        returned = Documents.of(returned)
    if not isinstance(returned, Documents) or len(returned) != count:
        shown = repr(returned) if isinstance(returned, Documents) else f"a {type(returned).__name__}"
        raise DomainError(f"{called} is {shown}: it must be {count} Documents, like the data, or a list of their rows.")
    return returned.copy()


@dataclass(frozen=True, eq=False)
class Asked:
    """A model to be fitted: on which rows (N, d), from which seed, and what is done with it before."""

    rows: Rows
    seed: SeedSequence
    begin: Callable[[Any], None] | None = None


@dataclass(frozen=True)
class GeneratorSource:
    """Where unfitted generators come from: copies of one, or a factory.

    Attributes
    ----------
    build : makes a fresh one
    name : of its class
    layout : how it is handed data
    weighable : whether its ``fit`` takes ``sample_weight``
    identity : its class and plain parameters, to tell one run from another
    device : on which it is, None where nothing was said
    tolerance : how far, relatively, a loss computed again may be from the one before: 0 for the same bits
    """

    build: Callable[[], Any]
    name: str
    layout: Layout
    weighable: bool
    identity: str
    device: str | None = None
    tolerance: float = 0.0

    def fit(
        self,
        rows: Rows,
        weights: Array | None,
        seed: SeedSequence,
        begin: Callable[[Any], None] | None = None,
        told: Told | None = None,
    ) -> Fitted:
        """A fresh generator, fitted on rows that are its own (N, d), weighed where ``weights`` are given.

        ``begin`` says where it starts from, ``told`` is told how far it is, where its ``fit`` takes ``progress``.
        """
        model = self.build()
        if begin is not None:
            begin(model)
        extra: dict[str, Any] = {} if weights is None else {"sample_weight": weights}
        if told is not None and "progress" in _parameters(model.fit):
            extra["progress"] = told
        with seeded(model, "fit", seed) as given:
            # Some return a fitted object, some nothing: what was asked to fit is what is fitted.
            model.fit(self.layout.give(rows, own=True), **extra, **given)
        return Fitted(model, self.name, self.layout)

    def fit_together(self, asked: Sequence[Asked], told: Told | None = None) -> list[Fitted]:
        """Fresh generators, fitted all at once, each from the seed that a fit of its own would have."""
        models, numbers = [], []
        for each in asked:
            model = self.build()
            if each.begin is not None:
                each.begin(model)
            with seeded(model, "fit", each.seed) as given:
                numbers.append(given["seed"])
            models.append(model)
        fit = models[0].fit_together
        extra = {"progress": told} if told is not None and "progress" in _parameters(fit) else {}
        fit(models, [self.layout.give(each.rows, own=True) for each in asked], numbers, **extra)
        return [Fitted(model, self.name, self.layout) for model in models]

    def verify_together(self) -> None:
        """Refuse a generator whose models cannot be fitted at once."""
        model = self.build()
        if not callable(getattr(model, "fit_together", None)) or "seed" not in _parameters(model.fit):
            raise DomainError(
                f"stacked = True needs fit_together(models, X, seeds) and fit(X, seed), which {self.name} does not "
                f"have: leave it out."
            )

    def revived(self, state: State) -> Fitted:
        """A generator as it was, from its state."""
        model = self.build()
        model.load(state)
        return Fitted(model, self.name, self.layout)


@dataclass(frozen=True)
class Fitted:
    """A fitted generator."""

    model: Any
    name: str
    layout: Layout

    @property
    def state(self) -> State | None:
        """What it knows, as arrays; None where it does not say."""
        return state_of(self.model) if has_state(self.model) else None

    def sample(self, count: int, seed: SeedSequence) -> Rows:
        """Draw ``count`` rows, (count, d)."""
        with seeded(self.model, "sample", seed) as given:
            drawing = sampler(self.model)
            assert drawing is not None
            returned = returned_by(self.model, drawing(count, **given))
        return self.layout.take(returned, count, self.name)

    def verify_noise(self, seed: SeedSequence, reproducible: bool, again: Callable[[], Fitted]) -> bool:
        """Refuse noise that is the same at every generation or, where it must be reproducible, that cannot be.

        ``again`` fits once more, on the same rows and from the same seed: what that model draws is what is seen.
        Returns whether only copies drew.
        """
        if reproducible:
            self._verify_reproducible(seed)
        children = offspring(seed)
        rows, other = self._drawn(PROBE, [next(children), next(children)])
        if same(rows, other) and self._repeats(children, again):
            raise DomainError(
                f"{self.name}.sample draws the same rows at every generation: let it draw with its parameter "
                f"random_state, from a random generator that the object holds, or from numpy.random."
            )
        return self._can_be_copied()

    def _verify_reproducible(self, seed: SeedSequence) -> None:
        children = offspring(seed)
        for count in (PROBE, MORE_ROWS[0]):
            own = next(children)
            rows, again = self._drawn(count, [own, own])
            if not same(rows, again):
                raise DomainError(
                    f"{self.name}.sample({count}), called twice with the same seed, draws other rows, so that a run "
                    f"kept at path could not be resumed: its random numbers come from a source that is not found, and "
                    f"cannot be seeded. Let it take random_state, or hold its random generator as an attribute."
                )
            if distinct(rows) == len(rows):
                # No chance that such rows agree; few values may.
                return

    def _repeats(self, children: Iterator[SeedSequence], again: Callable[[], Fitted]) -> bool:
        """Whether rows that vary are drawn again from every seed, by another model as well."""
        for count in MORE_ROWS:
            try:
                first, *others = self._drawn(count, [next(children) for _ in range(MORE_SEEDS)])
                if not all(same(first, rows) for rows in others):
                    return False
                if not constant(first):
                    return same(first, again().sample(count, next(children)))
            except Exception:
                # One that cannot draw so many has not been seen to repeat itself.
                return False
        return False

    def _drawn(self, count: int, seeds: list[SeedSequence]) -> list[Rows]:
        return [twin.sample(count, own) for twin, own in self._twins(*seeds)]

    def _can_be_copied(self) -> bool:
        try:
            copy.deepcopy(self.model)
        except Exception:
            return False
        return True

    def _twins(self, *seeds: SeedSequence) -> list[tuple[Fitted, SeedSequence]]:
        """Copies, as the models of two generations are: a hidden random generator would be copied with its state."""
        try:
            copies = [copy.deepcopy(self.model) for _ in seeds]
        except Exception:
            # Not everything can be copied; called one after the other it still shows a seed of its own.
            copies = [self.model for _ in seeds]
        return [(replace(self, model=model), own) for model, own in zip(copies, seeds, strict=True)]


@dataclass(frozen=True)
class _Placed:
    """Makes generators on a device."""

    build: Callable[[], Any]
    device: str

    def __call__(self) -> Any:
        model = self.build()
        model.to(self.device)
        return model


def generator_source(
    generator: Any, columns: int, flat: bool, documents: bool = False, device: str | None = None
) -> GeneratorSource:
    """Verify a generator: an object with ``fit`` and ``sample``, its class, or a function that makes one."""
    made = isinstance(generator, type) or (callable(generator) and not hasattr(generator, "fit"))
    if made:
        _verify_callable(generator)
    prototype = generator() if made else generator
    name = type(prototype).__name__
    for method, found in (("fit", getattr(prototype, "fit", None)), ("sample", sampler(prototype))):
        if not callable(found):
            last = ", and its last step has none" if method == "sample" and is_pipeline(prototype) else ""
            raise DomainError(f"generator = {name} has no {method}{last}: give an object with fit(X) and sample(n).")
    if chosen(prototype) is not prototype and getattr(prototype, "refit", True) is False:
        raise DomainError(f"generator = {name} has refit = False, and so fits nothing that samples: leave it out.")
    if is_pipeline(prototype):
        verify_steps(prototype)
    # scikit-learn's contract is columns, even of one.
    estimator = hasattr(prototype, "get_params")
    layout = Layout(columns, flat and not estimator, documents)
    build: Callable[[], Any] = generator if made else _Copies(generator, estimator)
    if device is not None:
        if not callable(getattr(prototype, "to", None)):
            raise DomainError(f"device = {device!r} is given, but {name} has no to(device): leave it out.")
        build = _Placed(build, device)
    weighable = "sample_weight" in _parameters(prototype.fit)
    tolerance = float(getattr(build() if device is not None else prototype, "tolerance", 0.0))
    return GeneratorSource(build, name, layout, weighable, _identity(prototype), device, tolerance)


def _verify_callable(factory: Callable[..., Any]) -> None:
    """Whether it can be called without arguments; what it raises when it is called is its own."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return
    try:
        signature.bind()
    except TypeError as error:
        raise DomainError(f"generator = {factory!r} cannot be called without arguments: {error}.") from None


@dataclass(frozen=True)
class _Copies:
    """Makes copies of a generator that is not fitted."""

    generator: Any
    estimator: bool

    def __call__(self) -> Any:
        copied: Callable[[Any], Any] = copy.deepcopy
        if self.estimator:
            with suppress(ImportError):
                from sklearn.base import clone

                copied = clone
        try:
            return copied(self.generator)
        except Exception as error:
            name = type(self.generator).__name__
            raise DomainError(
                f"generator = {name} cannot be copied ({error}): give its class, or a function that makes one."
            ) from None


def _identity(prototype: Any) -> str:
    """Class and parameters that print the same in every process; seeds are the run's own."""
    values: Mapping[str, Any] = (
        prototype.get_params(deep=True) if hasattr(prototype, "get_params") else getattr(prototype, "__dict__", {})
    )
    told = [
        f"{name}={_told(value)}"
        for name, value in sorted(values.items())
        if name.rpartition("__")[2] not in SEED_NAMES and not isinstance(value, RANDOM)
    ]
    return f"{type(prototype).__qualname__}({', '.join(told)})"


def _told(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, float, complex, str, np.generic)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_told, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_told(item)}' for key, item in value.items())}}}"
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"array {value.shape} {sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]}"
    return getattr(value, "__qualname__", type(value).__qualname__)


@contextmanager
def seeded(model: Any, method: str, seed: SeedSequence) -> Iterator[dict[str, Any]]:
    """Let one call of a generator follow from ``seed``; yields the arguments that pass a seed to the method."""
    children = offspring(seed)
    before, before_python = np.random.get_state(), random.getstate()  # noqa: NPY002  a generator may draw from it
    np.random.seed(number(next(children)))  # noqa: NPY002
    random.seed(number(next(children)))
    given: dict[str, Any] = {}
    called = sampler(model) if method == "sample" else getattr(model, method, None)
    accepted = {} if called is None else _parameters(called)
    for name in SEED_NAMES:
        if name in accepted:
            given[name] = number(next(children))
    if "rng" in accepted:
        given["rng"] = np.random.default_rng(next(children))
    try:
        with renewed(model, children):
            yield given
    finally:
        np.random.set_state(before)  # noqa: NPY002
        random.setstate(before_python)


def _parameters(method: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return inspect.signature(method).parameters
    except (TypeError, ValueError):
        return {}
