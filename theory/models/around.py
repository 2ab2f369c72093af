"""A model around another, its parameter ``model``: the parameters of both count as its own."""

from __future__ import annotations

from typing import Any, Self

from sympy import Expr, Symbol

from theory.errors import DomainError
from theory.expressions.arguments import quoted, replacements
from theory.expressions.signs import run_of
from theory.models.base import Model


class ModelAround(Model):
    """What a model is to answer when it holds another: symbols, ranges and settings are those of both."""

    model: Any

    @property
    def is_degenerate(self) -> bool:
        """Where the model inside is."""
        return bool(self.model.is_degenerate)

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the parameters of the model inside and its own."""
        return super().free_symbols | self.model.free_symbols

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the model inside, and its own."""
        return {**self.model.settings, **self.parameters}

    def ranges(self) -> dict[Symbol, Expr]:
        """Those of the model inside, and of the symbols that are its own."""
        own = {getattr(self, name): run for name, run in self._runs().items()}
        return {**{symbol: run for symbol, run in own.items() if isinstance(symbol, Symbol)}, **self.model.ranges()}

    def _runs(self) -> dict[str, Expr]:
        """Over what each parameter of its own runs, where it is a symbol."""
        return {name: run_of(getattr(self, name), role) for name, role in self.roles.items()}

    def changed(self, name: str, value: object) -> Self:
        """With another value for a parameter of its own or of the model inside."""
        if name in self.parameters:
            return super().changed(name, value)
        return super().changed("model", self.model.changed(name, value))

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """With symbols replaced, in the model inside too."""
        pairs = replacements(self.free_symbols, args, kwargs)
        own = {name: value.subs(pairs) for name, value in self.parameters.items() if isinstance(value, (Expr, Model))}
        return type(self)(**{**self.parameters, **own})


def require_model(model: object) -> None:
    """Refuse what is no model.

    Raises
    ------
    DomainError
        Saying what was given.
    """
    if not isinstance(model, Model):
        raise DomainError(f"model = {quoted(model)} is not a model: give an instance, such as Bernoulli(p, n).")
