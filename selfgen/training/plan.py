"""A study of real generators as a file: what is trained on what, how long, and with which settings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from theory import DomainError

#: What can be trained.
KINDS = ("language", "finetune", "image", "molecule")


@dataclass(frozen=True)
class Plan:
    """What a file asks for.

    Attributes
    ----------
    title : of the study
    kind, workflows, data, generations, seeds : as on the command line
    settings : those of ``--set``
    """

    kind: str
    workflows: tuple[str, ...]
    data: str | None
    generations: int
    seeds: int
    settings: dict[str, str]
    title: str = ""


#: Keys of a file, and what they hold.
_KEYS: dict[str, type] = {
    "title": str, "kind": str, "workflows": list, "data": str, "generations": int, "seeds": int, "set": dict
}  # fmt: skip


def read_plan(path: Traversable) -> Plan:
    """Read a TOML file: ``kind``, ``workflows``; if need be ``title``, ``data``, ``generations``, ``seeds``, ``[set]``.

    Raises
    ------
    DomainError
        When the file cannot be read, or holds something else.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DomainError(f"{path} cannot be read as a study: {reason}.") from None
    for name, value in content.items():
        if name not in _KEYS:
            raise DomainError(f"{path}: {name} is no key of such a study: there are {', '.join(_KEYS)}.")
        if not isinstance(value, _KEYS[name]) or isinstance(value, bool):
            raise DomainError(f"{path}: {name} = {value!r} is not allowed: give a {_KEYS[name].__name__}.")
    for name in ("kind", "workflows"):
        if name not in content:
            raise DomainError(f"{path} has no {name}: every study of generators names it.")
    if not all(isinstance(each, str) for each in content["workflows"]):
        raise DomainError(f"{path}: workflows = {content['workflows']!r} is not allowed: give names.")
    for name in ("generations", "seeds"):
        if content.get(name, 1) < 1:
            raise DomainError(f"{path}: {name} = {content[name]} is not allowed: it must be 1 or more.")
    return Plan(
        content["kind"],
        tuple(content["workflows"]),
        content.get("data"),
        content.get("generations", 8),
        content.get("seeds", 3),
        {name: _text(path, name, value) for name, value in content.get("set", {}).items()},
        content.get("title", ""),
    )


def _text(path: Traversable, name: str, value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise DomainError(f"{path}: {name} = {value!r} is not allowed among [set]: give a number, text, true or false.")
    return str(value)
