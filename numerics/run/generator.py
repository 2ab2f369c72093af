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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import NDArray

from numerics.run.randomness import RANDOM, SEED_NAMES, number, offspring, renewed
from theory.errors import DomainError

Array = NDArray[np.float64]

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
    """

    columns: int
    flat: bool

    def give(self, rows: Array) -> Array:
        """A copy, so that a generator may do with it what it likes."""
        return rows[:, 0].copy() if self.flat else rows.copy()

    def take(self, returned: object, count: int, name: str) -> Array:
        """Verify what ``sample(count)`` returned, and hold it in columns."""
        if isinstance(returned, tuple) and returned:
            returned = returned[0]  # scikit-learn's mixtures return (rows, labels)
        rows = real_rows(f"{name}.sample({count})", returned)
        if rows.shape != (count, self.columns):
            raise DomainError(
                f"{name}.sample({count}) has shape {np.asarray(returned).shape}: it must be {self._shape(count)}, "
                f"{count} rows like those of the data."
            )
        return rows

    def _shape(self, count: int) -> str:
        return f"({count},) or ({count}, 1)" if self.columns == 1 else f"({count}, {self.columns})"


def real_rows(name: str, value: object) -> Array:
    """Verify rows of numbers, 1-D or 2-D; returned in columns, as float64, and copied: the user's may change."""
    try:
        given = np.asarray(value)
        masked = np.ma.getmaskarray(np.ma.asarray(value)) if has_masks(value) else None
    except (TypeError, ValueError) as error:
        why = "give rows of equal length" if "inhomogeneous" in str(error) else str(error).rstrip(".")
        raise DomainError(f"{name} is not an array: {why}.") from None
    if masked is not None and masked.any():
        row = int(np.argwhere(masked)[0][0]) if masked.ndim else 0
        raise DomainError(f"{name} is masked in row {row}: leave such rows out, or fill them.")
    if given.dtype.kind not in "iufb" or given.ndim not in (1, 2) or not given.size:
        raise DomainError(
            f"{name} has shape {given.shape} and type {given.dtype}: it must be a 1-D or 2-D array of real numbers."
        )
    rows = np.array(given.reshape(len(given), -1), dtype=np.float64, order="C", copy=True, subok=False)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise DomainError(f"{name} has {rows[bad[0]].tolist()} in row {bad[0]}: every number must be finite.")
    return rows


def has_masks(value: object) -> bool:
    """Whether an array, or a list with arrays in it, may have masked entries, which a plain array would show."""
    if isinstance(value, (list, tuple)):
        return any(has_masks(item) for item in value if isinstance(item, (list, tuple, np.ma.MaskedArray)))
    return isinstance(value, np.ma.MaskedArray)


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
    """

    build: Callable[[], Any]
    name: str
    layout: Layout
    weighable: bool
    identity: str

    def fit(self, rows: Array, weights: Array | None, seed: SeedSequence) -> Fitted:
        """A fresh generator, fitted on rows (N, d), weighed where ``weights`` are given."""
        model = self.build()
        extra = {} if weights is None else {"sample_weight": weights}
        with seeded(model, "fit", seed) as given:
            # Some return a fitted object, some nothing: what was asked to fit is what is fitted.
            model.fit(self.layout.give(rows), **extra, **given)
        return Fitted(model, self.name, self.layout)


@dataclass(frozen=True)
class Fitted:
    """A fitted generator."""

    model: Any
    name: str
    layout: Layout

    def sample(self, count: int, seed: SeedSequence) -> Array:
        """Draw ``count`` rows, (count, d)."""
        with seeded(self.model, "sample", seed) as given:
            returned = self.model.sample(count, **given)
        return self.layout.take(returned, count, self.name)

    def verify_noise(self, seed: SeedSequence, reproducible: bool, again: Callable[[], Fitted]) -> None:
        """Refuse noise that is the same at every generation or, where it must be reproducible, that cannot be.

        ``again`` fits once more, on the same rows and from the same seed: what that model draws is what is seen.
        """
        if reproducible:
            self._verify_reproducible(seed)
        children = offspring(seed)
        rows, other = self._drawn(PROBE, [next(children), next(children)])
        if np.array_equal(rows, other) and self._repeats(children, again):
            raise DomainError(
                f"{self.name}.sample draws the same rows at every generation: let it draw with its parameter "
                f"random_state, from a random generator that the object holds, or from numpy.random."
            )

    def _verify_reproducible(self, seed: SeedSequence) -> None:
        children = offspring(seed)
        for count in (PROBE, MORE_ROWS[0]):
            own = next(children)
            rows, same = self._drawn(count, [own, own])
            if not np.array_equal(rows, same):
                raise DomainError(
                    f"{self.name}.sample({count}), called twice with the same seed, draws other rows, so that a run "
                    f"kept at path could not be resumed: its random numbers come from a source that is not found, and "
                    f"cannot be seeded. Let it take random_state, or hold its random generator as an attribute."
                )
            if len(np.unique(rows, axis=0)) == len(rows):
                # No chance that such rows agree; few values may.
                return

    def _repeats(self, children: Iterator[SeedSequence], again: Callable[[], Fitted]) -> bool:
        """Whether rows that vary are drawn again from every seed, by another model as well."""
        for count in MORE_ROWS:
            try:
                first, *others = self._drawn(count, [next(children) for _ in range(MORE_SEEDS)])
                if not all(np.array_equal(first, rows) for rows in others):
                    return False
                if (first != first[0]).any():
                    return np.array_equal(first, again().sample(count, next(children)))
            except Exception:
                # One that cannot draw so many has not been seen to repeat itself.
                return False
        return False

    def _drawn(self, count: int, seeds: list[SeedSequence]) -> list[Array]:
        return [twin.sample(count, own) for twin, own in self._twins(*seeds)]

    def _twins(self, *seeds: SeedSequence) -> list[tuple[Fitted, SeedSequence]]:
        """Copies, as the models of two generations are: a hidden random generator would be copied with its state."""
        try:
            copies = [copy.deepcopy(self.model) for _ in seeds]
        except Exception:
            # Not everything can be copied; called one after the other it still shows a seed of its own.
            copies = [self.model for _ in seeds]
        return [(replace(self, model=model), own) for model, own in zip(copies, seeds, strict=True)]


def generator_source(generator: Any, columns: int, flat: bool) -> GeneratorSource:
    """Verify a generator: an object with ``fit`` and ``sample``, its class, or a function that makes one."""
    made = isinstance(generator, type) or (callable(generator) and not hasattr(generator, "fit"))
    if made:
        _verify_callable(generator)
    prototype = generator() if made else generator
    name = type(prototype).__name__
    for method in ("fit", "sample"):
        if not callable(getattr(prototype, method, None)):
            raise DomainError(f"generator = {name} has no {method}: give an object with fit(X) and sample(n).")
    # scikit-learn's contract is columns, even of one.
    estimator = hasattr(prototype, "get_params")
    layout = Layout(columns, flat and not estimator)
    build = generator if made else _copier(generator, estimator)
    return GeneratorSource(build, name, layout, "sample_weight" in _parameters(prototype.fit), _identity(prototype))


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


def _copier(generator: Any, estimator: bool) -> Callable[[], Any]:
    copied: Callable[[Any], Any] = copy.deepcopy
    if estimator:
        with suppress(ImportError):
            from sklearn.base import clone

            copied = clone

    def build() -> Any:
        try:
            return copied(generator)
        except Exception as error:
            name = type(generator).__name__
            raise DomainError(
                f"generator = {name} cannot be copied ({error}): give its class, or a function that makes one."
            ) from None

    return build


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
    accepted = _parameters(getattr(model, method)) if method else {}
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
