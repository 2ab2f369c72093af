r"""Any generator: an object with ``fit(X)`` and ``sample(n)``, fresh at every generation and with a seed of its own.

Generation g needs noise that is independent of every other generation's, and a resumed run needs the same noise again.
So every call of a generator follows from a seed: NumPy's and Python's global generators are seeded for the time of the
call and put back; a parameter ``random_state``, ``seed`` or ``rng`` of the method is given; and random generators and
attributes ``random_state`` or ``seed`` that the object holds, or an object inside it, are renewed. A copy of an object
that holds ``default_rng(0)`` would otherwise draw the same noise at every generation.
"""

from __future__ import annotations

import copy
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from numbers import Integral
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy.random import SeedSequence
from numpy.typing import NDArray

from theory.errors import DomainError

Array = NDArray[np.float64]

#: Attributes that hold a seed, next to those that hold a random generator.
SEED_NAMES = ("random_state", "seed")
#: How far inside an object random generators are looked for.
DEPTH = 4
#: Rows drawn to see whether a generator heeds its seed.
PROBE = 8


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
    """Verify rows of numbers, 1-D or 2-D; returned in columns, as float64."""
    try:
        given = np.asarray(value)
    except ValueError:
        raise DomainError(f"{name} is not an array: give rows of equal length.") from None
    if given.dtype.kind not in "iufb" or given.ndim not in (1, 2) or not given.size:
        raise DomainError(
            f"{name} has shape {given.shape} and type {given.dtype}: it must be a 1-D or 2-D array of real numbers."
        )
    rows = np.ascontiguousarray(given.reshape(len(given), -1), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise DomainError(f"{name} has {rows[bad[0]].tolist()} in row {bad[0]}: every number must be finite.")
    return rows


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

    def verify_noise(self, seed: SeedSequence, reproducible: bool) -> None:
        """Refuse noise that is the same at every generation or, where it must be reproducible, that cannot be."""
        children = offspring(seed)
        first, second = next(children), next(children)
        rows, other, again = (twin.sample(PROBE, own) for twin, own in self._twins(first, second, first))
        if (rows != rows[0]).any() and np.array_equal(rows, other):
            raise DomainError(
                f"{self.name}.sample draws the same rows at every generation: let it draw with its parameter "
                f"random_state, from a random generator that the object holds, or from numpy.random."
            )
        if reproducible and not np.array_equal(rows, again):
            raise DomainError(
                f"{self.name}.sample draws from a source that cannot be seeded, so that a run kept at path could not "
                f"be resumed: let it take random_state, or hold its random generator as an attribute."
            )

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
    try:
        prototype = generator() if made else generator
    except TypeError as error:
        raise DomainError(f"generator = {generator!r} cannot be called without arguments: {error}.") from None
    name = type(prototype).__name__
    for method in ("fit", "sample"):
        if not callable(getattr(prototype, method, None)):
            raise DomainError(f"generator = {name} has no {method}: give an object with fit(X) and sample(n).")
    # scikit-learn's contract is columns, even of one.
    estimator = hasattr(prototype, "get_params")
    layout = Layout(columns, flat and not estimator)
    build = generator if made else _copier(generator, estimator)
    return GeneratorSource(build, name, layout, "sample_weight" in _parameters(prototype.fit), _identity(prototype))


def _copier(generator: Any, estimator: bool) -> Callable[[], Any]:
    if estimator:
        try:
            from sklearn.base import clone
        except ImportError:
            pass
        else:
            return lambda: clone(generator)
    return lambda: copy.deepcopy(generator)


def _identity(prototype: Any) -> str:
    """Class and parameters that print the same in every process; seeds are the run's own."""
    values: Mapping[str, Any] = (
        prototype.get_params(deep=True) if hasattr(prototype, "get_params") else getattr(prototype, "__dict__", {})
    )
    told = [
        f"{name}={_told(value)}"
        for name, value in sorted(values.items())
        if name.rpartition("__")[2] not in SEED_NAMES and not isinstance(value, _RANDOM)
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


_RANDOM = (np.random.Generator, np.random.RandomState, random.Random)


def offspring(seed: SeedSequence) -> Iterator[SeedSequence]:
    """Children of a seed, always the same, unlike those of ``spawn``, which counts its calls."""
    index = 0
    while True:
        yield SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, index))
        index += 1


@contextmanager
def seeded(model: Any, method: str, seed: SeedSequence) -> Iterator[dict[str, Any]]:
    """Let one call of a generator follow from ``seed``; yields the arguments that pass a seed to the method."""
    children = offspring(seed)
    before, before_python = np.random.get_state(), random.getstate()  # noqa: NPY002  a generator may draw from it
    np.random.seed(_number(next(children)))  # noqa: NPY002
    random.seed(_number(next(children)))
    given: dict[str, Any] = {}
    accepted = _parameters(getattr(model, method)) if method else {}
    for name in SEED_NAMES:
        if name in accepted:
            given[name] = _number(next(children))
    if "rng" in accepted:
        given["rng"] = np.random.default_rng(next(children))
    _renew(model, children, set(), DEPTH)
    try:
        yield given
    finally:
        np.random.set_state(before)  # noqa: NPY002
        random.setstate(before_python)


def _renew(held: Any, children: Iterator[SeedSequence], seen: set[int], depth: int) -> None:
    """Renew the seeds and random generators that an object holds, and objects inside it."""
    if id(held) in seen or depth == 0:
        return
    seen.add(id(held))
    if isinstance(held, tuple):
        for item in held:
            _renew(item, children, seen, depth - 1)
        return
    if isinstance(held, (list, dict)):
        for key, item in list(enumerate(held) if isinstance(held, list) else held.items()):
            fresh = _renewed("", item, children)
            if fresh is not None:
                held[key] = fresh
            else:
                _renew(item, children, seen, depth - 1)
        return
    if isinstance(held, (type, ModuleType, FunctionType, MethodType)):
        return
    inside = dict(getattr(held, "__dict__", {}))
    for name in (slot for kind in type(held).__mro__ for slot in _slots(kind) if hasattr(held, slot)):
        inside[name] = getattr(held, name)
    for name, value in inside.items():
        fresh = _renewed(name, value, children)
        if fresh is not None:
            setattr(held, name, fresh)
        else:
            _renew(value, children, seen, depth - 1)


def _slots(kind: type) -> tuple[str, ...]:
    # Classes written in C list slots that cannot be set.
    slots = kind.__dict__.get("__slots__", ()) if kind.__module__ != "builtins" else ()
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _renewed(name: str, value: Any, children: Iterator[SeedSequence]) -> Any:
    """Another of the same kind, or None where the attribute holds no randomness."""
    if isinstance(value, np.random.Generator):
        return np.random.default_rng(next(children))
    if isinstance(value, np.random.RandomState):
        return np.random.RandomState(_number(next(children)))
    if isinstance(value, random.Random):
        return random.Random(_number(next(children)))
    if name in SEED_NAMES and (value is None or (isinstance(value, Integral) and not isinstance(value, bool))):
        return _number(next(children))
    return None


def _number(seed: SeedSequence) -> int:
    """A seed of 32 bits, which is what scikit-learn takes."""
    return int(seed.generate_state(1, np.uint32)[0])


def _parameters(method: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return inspect.signature(method).parameters
    except (TypeError, ValueError):
        return {}
