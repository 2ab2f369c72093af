"""The settings of ``--set``, dealt out to a generator and to the loop around it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin, get_type_hints

from theory import DomainError


@dataclass(frozen=True)
class Loop:
    """How the loop goes.

    Attributes
    ----------
    n : rows of a block; 0 for all that are not test rows, at most a thousand
    test : test rows; 0 for a fifth of all, at most a thousand
    initial : "scratch", "previous", or the file of a state
    same_first : whether all seeds share block 1 and the model of generation 1
    stacked : whether the models of all seeds are fitted at once, which is faster for small ones
    tokens : "characters" or "byte-pairs"
    vocabulary : tokens of byte pairs
    """

    n: int = 0
    test: int = 0
    initial: str = "scratch"
    same_first: bool = False
    stacked: bool = False
    tokens: str = "characters"
    vocabulary: int = 512

    def __post_init__(self) -> None:
        for name, least in (("n", 0), ("test", 0), ("vocabulary", 256)):
            if getattr(self, name) < least:
                raise DomainError(f"{name} = {getattr(self, name)} is not allowed: it must be {least} or more.")
        if self.tokens not in ("characters", "byte-pairs"):
            raise DomainError(f"tokens = {self.tokens!r} is not allowed: they are characters or byte-pairs.")


def dealt(given: Mapping[str, str], generator: Any, own: tuple[str, ...], takes: tuple[str, ...]) -> tuple[Loop, dict]:
    """The loop, and the arguments of a generator's class but those in ``own``; ``takes`` is what the loop needs."""
    hints = get_type_hints(generator.__init__)
    names = [name for name in inspect.signature(generator).parameters if name not in own]
    kinds = {name: hints[name] for name in names}
    loop = {each.name: get_type_hints(Loop)[each.name] for each in fields(Loop) if each.name in takes}
    arguments: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    for name, text in given.items():
        if name in loop:
            ours[name] = _value(name, text, loop[name])
        elif name in kinds:
            arguments[name] = _value(name, text, kinds[name])
        else:
            known = [*kinds, *loop]
            near = get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else f": there are {', '.join(known)}."
            raise DomainError(f"--set {name} is no setting here{hint}")
    return Loop(**ours), arguments


def _value(name: str, text: str, kind: Any) -> Any:
    """A text as a value of a type."""
    if get_origin(kind) in (Union, types.UnionType):
        if text.lower() == "none":
            return None
        kind = next(each for each in get_args(kind) if each is not type(None))
    if kind is bool:
        if text.lower() in ("true", "yes", "1", "false", "no", "0"):
            return text.lower() in ("true", "yes", "1")
        raise DomainError(f"--set {name}={text} is not allowed: give true or false.")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise DomainError(f"--set {name}={text} is not allowed: give {wanted}.") from None
    return text
