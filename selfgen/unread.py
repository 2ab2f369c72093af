"""Packages whose own file is read when somebody asks for a name in it, so that one module of theirs comes by itself.

The checker of certificates needs FLINT and five files of ``theory.proof``; ``import theory`` would bring all of SymPy.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType


class _Unread(ModuleType):
    """A package that is all there once a name is missing."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def leave_unread(*packages: str) -> None:
    """Let packages be, parents first, until a name of theirs is asked for; what is loaded stays as it is."""
    for package in packages:
        if package not in sys.modules:
            spec = find_spec(package)
            assert spec is not None
            module = module_from_spec(spec)
            module.__class__ = _Unread
            sys.modules[package] = module
