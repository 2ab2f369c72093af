"""A displayed relation: what a step of a derivation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Basic, Expr, MatrixBase, S

from theory.expressions.signs import Ranges, at_least
from theory.expressions.symbols import G

EQUAL, DEFINED, LIMIT, ASYMPTOTIC = "=", ":=", "→", "~"
AT_MOST, LESS, AT_LEAST, GREATER = "≤", "<", "≥", ">"
SIGNS = (EQUAL, DEFINED, AT_MOST, LESS, AT_LEAST, GREATER, LIMIT, ASYMPTOTIC)

#: Where a symbol runs: from a number on, or between two.
Domain = Mapping[Expr, Any]


@dataclass(frozen=True)
class Relation:
    """left, sign, right.

    Attributes
    ----------
    left, right : expressions, matrices or conditions
    sign : "=", ":=", "≤", "<", "≥", ">", "→" or "~"
    for_all : symbols and the least value of each (or a pair: the ends of an interval), as pairs
    variable, to : what moves in a limit, and where to
    where : a condition printed behind the relation
    continued : whether the left side is the right side of the step before, and not printed again
    """

    left: Any
    sign: str
    right: Any
    for_all: tuple[tuple[Expr, Any], ...] = ()
    variable: Expr = G
    to: Expr = S.Infinity
    where: Basic | str | None = None
    continued: bool = False

    def subs(self, known: Mapping[Expr, Expr]) -> Relation:
        """The relation with symbols replaced by what they stand for."""
        return Relation(
            _replaced(self.left, known),
            self.sign,
            _replaced(self.right, known),
            self.for_all,
            self.variable,
            self.to,
            self.where,
            self.continued,
        )

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True)
class Definitions:
    """What has been defined so far: symbols, and functions of symbols."""

    symbols: Mapping[Expr, Any] = field(default_factory=dict)
    functions: Mapping[Any, tuple[tuple[Expr, ...], Any]] = field(default_factory=dict)

    def adding(self, left: Any, right: Any) -> Definitions:
        """With one more."""
        if getattr(left, "is_Function", False):
            return Definitions(self.symbols, {**self.functions, left.func: (tuple(left.args), right)})
        return Definitions({**self.symbols, left: right}, self.functions)

    def has(self, left: Any) -> bool:
        """Whether the symbol, or the function, is defined already."""
        return left in self.symbols or getattr(left, "func", None) in self.functions

    def resolved(self, value: Any) -> Any:
        """The expression with every definition put in, however deep."""
        if not isinstance(value, (Basic, MatrixBase)):
            return value
        for _ in range(1 + len(self.symbols) + len(self.functions)):
            before = value
            # SymPy looks through the whole expression for each symbol, met or not.
            met = {left: right for left, right in self.symbols.items() if value.has(left)}
            if met:
                value = value.subs(met, simultaneous=True)
            for function, (arguments, right) in self.functions.items():
                if value.has(function):
                    value = value.replace(function, lambda *args, a=arguments, r=right: _called(a, r, args))
            if value is before or value == before:
                return value
        return value


def _called(arguments: tuple[Expr, ...], right: Any, values: tuple[Any, ...]) -> Any:
    return right.subs(dict(zip(arguments, values, strict=True)), simultaneous=True)


def _replaced(value: Any, known: Mapping[Expr, Expr]) -> Any:
    return value.subs(known, simultaneous=True) if known and isinstance(value, (Basic, MatrixBase)) else value


def covering(for_all: tuple[tuple[Expr, Any], ...]) -> Ranges:
    """Where symbols run, written in variables over [0, ∞)."""
    ranges = {}
    for symbol, bounds in for_all:
        if isinstance(bounds, tuple):
            low, high = (S(bound) for bound in bounds)
            t = at_least(S.Zero)
            ranges[symbol] = low + (high - low) * t / (1 + t)
        elif (
            isinstance(bounds, Basic)
            and bounds.free_symbols
            and not bounds.is_Symbol
            and symbol not in bounds.free_symbols
        ):
            ranges[symbol] = bounds
        else:
            ranges[symbol] = at_least(S(bounds))
    return ranges
