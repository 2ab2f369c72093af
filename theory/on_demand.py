"""Packages that load a module only when a name of it is asked for, and hooks that are filled as late.

A package says what it exports in imports for type checkers, and hands the rest to :func:`on_demand`::

    if TYPE_CHECKING:
        from theory.models.regular import Regular
    else:
        __getattr__, __dir__ = on_demand(__name__)

So one model is derived without reading the files of all others, and ``import theory`` costs next to nothing. A name
that a module inside the package has too must not be exported so: importing the module would put it in its place.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import getsource
from typing import Any, Generic, TypeVar

Kind = TypeVar("Kind")


def on_demand(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose exports are its imports for type checkers."""

    def get(name: str) -> Any:
        # Private names are asked for by the machinery of imports, and stand in no list.
        named, starred = ({}, ()) if name.startswith("_") else _exports(package)
        module, original = named.get(name) or (_first_with(name, starred), name)
        if module is not None:
            found = getattr(import_module(module), original)
            setattr(sys.modules[package], name, found)
            return found
        here = vars(sys.modules[package])
        if "__path__" in here and not name.startswith("_") and find_spec(f"{package}.{name}") is not None:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted({*vars(sys.modules[package]), *sys.modules[package].__all__})


def _first_with(name: str, modules: tuple[str, ...]) -> str | None:
    """The module that exports a name; None where none does."""
    return next((module for module in modules if name in import_module(module).__all__), None)


@cache
def _exports(package: str) -> tuple[dict[str, tuple[str, str]], tuple[str, ...]]:
    """Module and name there of every export, and the modules all of whose names are exported."""
    try:
        source = getsource(sys.modules[package])
    except OSError:
        raise ImportError(f"{package} is read from its source, which is not there.") from None
    named: dict[str, tuple[str, str]] = {}
    starred: list[str] = []
    for block in ast.parse(source).body:
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            for node in block.body:
                assert isinstance(node, ast.ImportFrom)
                assert node.module is not None
                if node.names[0].name == "*":
                    starred.append(node.module)
                else:
                    named |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    return named, tuple(starred)


class Classes(MutableMapping[str, type[Kind]], Generic[Kind]):
    """Classes by the names that users give them, each loaded when it is looked up.

    Parameters
    ----------
    package : where the classes are exported
    named : the class's own name, by that of the user
    """

    def __init__(self, package: str, named: dict[str, str]) -> None:
        self._package = package
        self._found: dict[str, str | type[Kind]] = dict(named)

    def __getitem__(self, name: str) -> type[Kind]:
        found = self._found[name]
        if isinstance(found, str):
            found = self._found[name] = getattr(sys.modules[self._package], found)
        return found

    def __setitem__(self, name: str, value: type[Kind]) -> None:
        self._found[name] = value

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __or__(self, others: Mapping[str, type[Kind]]) -> dict[str, type[Kind]]:
        return {**self, **others}

    def lists(self, built: object) -> bool:
        """Whether this class is one of them, told by its own name."""
        name = getattr(built, "name", None)
        return isinstance(name, str) and name in self and self[name] is built
