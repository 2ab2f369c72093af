r"""Random states inside any object, found wherever they are held, and seeded for the time of one call.

Looked through are attributes (slots, and what a class itself holds, as well), dictionaries, lists, tuples, sets, arrays
of objects, what a method is bound to, what a function closes over or a partial call has stored: any number of levels
deep, each object once, so that circles end. A random generator is not replaced but set to the state that follows from
its seed, so that whatever else refers to it draws the same stream; afterwards it is put back, as seeds are, and an
object that the user shares with a generator is left as it was.
"""

from __future__ import annotations

import copy
import functools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np
from numpy.random import SeedSequence

#: Attributes, and keys of dictionaries, that hold a seed.
SEED_NAMES = ("random_state", "seed")
RANDOM = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
# Nothing is held inside these, and there may be millions.
_PLAIN = (int, float, complex, str, bytes, bytearray, range, type(None), np.generic, type, ModuleType, CodeType)

Restore = Callable[[], object]


def offspring(seed: SeedSequence) -> Iterator[SeedSequence]:
    """Children of a seed, always the same, unlike those of ``spawn``, which counts its calls."""
    index = 0
    while True:
        yield SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, index))
        index += 1


def number(seed: SeedSequence) -> int:
    """A seed of 32 bits, which is what scikit-learn takes."""
    return int(seed.generate_state(1, np.uint32)[0])


@contextmanager
def renewed(held: Any, children: Iterator[SeedSequence]) -> Iterator[None]:
    """Let every random state and seed inside ``held`` follow from ``children``; all are then put back."""
    restores: list[Restore] = []
    try:
        _renew(held, children, restores)
        yield
    finally:
        for restore in reversed(restores):
            restore()


def _renew(root: Any, children: Iterator[SeedSequence], restores: list[Restore]) -> None:
    """Renew what is inside an object, in an order that copies of it share; ``restores`` gets what puts it back."""
    # Kept alive, so that no other object gets the address of one that was seen.
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        held = waiting.pop()
        if isinstance(held, _PLAIN) or id(held) in seen:
            continue
        seen[id(held)] = held
        if isinstance(held, random.SystemRandom):
            continue
        if isinstance(held, RANDOM):
            restores.append(_seeded(held, next(children)))
            continue
        _renew_seeds(held, children, restores)
        # The last is looked at first: turned round, the order is that of the object.
        waiting.extend(reversed(tuple(_inside(held))))


def _inside(held: Any) -> Iterable[Any]:
    """What an object holds, one level deep; of containers what they hold, whatever they say when they are asked."""
    parts: list[Any] = []
    if isinstance(held, np.ndarray):
        return held.flat if held.dtype == object else ()
    if isinstance(held, dict):
        parts += [*dict.keys(held), *dict.values(held)]
    elif isinstance(held, (list, tuple, set, frozenset, deque)):
        kind: Any = next(kind for kind in (list, tuple, set, frozenset, deque) if isinstance(held, kind))
        parts += kind.__iter__(held)
    elif isinstance(held, MappingProxyType):
        parts += held.values()
    elif isinstance(held, functools.partial):
        parts += (held.func, held.args, held.keywords)
    elif isinstance(held, (MethodType, BuiltinFunctionType)):
        parts.append(held.__self__)
    elif isinstance(held, FunctionType):
        parts += (held.__closure__, held.__defaults__, held.__kwdefaults__)
    elif isinstance(held, CellType):
        try:
            parts.append(held.cell_contents)
        except ValueError:  # not bound yet
            return ()
    return [*parts, *_attributes(held).values()]


def _attributes(held: Any) -> dict[str, Any]:
    """Attributes by name: of the object, of its slots, and what is random in its class."""
    slots, random_names = _declared(type(held))  # type: ignore[arg-type]
    found = {name: getattr(type(held), name) for name in random_names}
    for name, slot in slots:
        try:
            found[name] = slot.__get__(held)
        except Exception:  # a slot that is empty
            continue
    try:
        own = object.__getattribute__(held, "__dict__")
    except AttributeError:
        own = {}
    return {**found, **own} if isinstance(own, dict) else found


@functools.lru_cache(maxsize=4096)
def _declared(kind: type) -> tuple[tuple[tuple[str, MemberDescriptorType], ...], tuple[str, ...]]:
    """The slots of a class, and the names under which it holds random generators and seeds."""
    slots: dict[str, MemberDescriptorType] = {}
    names: dict[str, None] = {}
    for owner in reversed(kind.__mro__):
        if owner.__module__ == "builtins":
            continue
        for name, value in vars(owner).items():
            if isinstance(value, MemberDescriptorType):
                slots[name] = value
            elif isinstance(value, (*RANDOM, SeedSequence)) or (name in SEED_NAMES and _is_seed(value)):
                names[name] = None
    return tuple(slots.items()), tuple(names)


def _renew_seeds(held: Any, children: Iterator[SeedSequence], restores: list[Restore]) -> None:
    """Other seeds in the place of whole numbers and None that are named as such, and of seed sequences."""
    if isinstance(held, dict):
        named: Iterable[tuple[Any, Any]] = list(dict.items(held))
    elif isinstance(held, list):
        named = enumerate(list(held))
    elif isinstance(held, (tuple, set, frozenset, np.ndarray, FunctionType, MethodType, BuiltinFunctionType, CellType)):
        return
    else:
        named = _attributes(held).items()
    for name, value in named:
        fresh: Any = None
        if isinstance(value, SeedSequence):
            fresh = next(children)
        elif isinstance(name, str) and name in SEED_NAMES and _is_seed(value):
            fresh = number(next(children))
        if fresh is not None:
            _put(held, name, fresh)
            restores.append(functools.partial(_put, held, name, value))


def _is_seed(value: object) -> bool:
    return value is None or (isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)))


def _put(held: Any, name: Any, value: Any) -> None:
    if isinstance(held, (dict, list)):
        held[name] = value
        return
    try:
        setattr(held, name, value)
    except Exception:
        try:
            object.__setattr__(held, name, value)  # a frozen dataclass
        except Exception:  # written in C: not an attribute that can be set
            return


def _seeded(state: Any, seed: SeedSequence) -> Restore:
    """Set a random generator to what follows from ``seed``; returns what puts it back."""
    if isinstance(state, random.Random):
        before = state.getstate()
        state.seed(number(seed))
        return lambda: state.setstate(before)
    if isinstance(state, np.random.RandomState):
        old = state.get_state(legacy=False)
        fresh = np.random.RandomState(number(seed)).get_state(legacy=False)
        if old["bit_generator"] != fresh["bit_generator"]:
            return _seeded(state._bit_generator, seed)
        state.set_state(fresh)
        return lambda: state.set_state(old)
    bits = state.bit_generator if isinstance(state, np.random.Generator) else state
    earlier = copy.deepcopy(bits.state)
    try:
        bits.state = type(bits)(seed).state
    except Exception:  # of a package with a way of its own
        return lambda: None

    def back() -> None:
        bits.state = earlier

    return back
