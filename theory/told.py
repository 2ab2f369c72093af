"""How a risk is told by what is built on it (its theorem, its derivation, its code); each registers itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_TOLD: dict[str, Callable[[Any], Any]] = {}
#: The modules that are loaded once somebody asks.
_LATE: dict[str, str] = {}


def tells(what: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the function behind ``Risk.latex`` ("theorem"), ``_repr_latex_`` ("inline"), ``.derivation``,
    ``.standard_deviation`` ("standard deviation"), ``.code``, ``.lambdify`` or ``.cite``.
    """

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _TOLD[what] = function
        return function

    return register


def told_late(what: str, module: str) -> None:
    """Name the module that registers it, and is loaded only once somebody asks."""
    _LATE[what] = module


def told(what: str) -> Callable[[Any], Any]:
    """What is registered, its module loaded if need be."""
    if what not in _TOLD:
        import_module(_LATE[what])
    return _TOLD[what]
