"""What the functions in a result are: each is said once, after the first step in which it occurs, as a sum of its own.

A definition is nothing to prove; that the function which the library computes with is the one displayed is checked by
adding up the series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mpmath import inf, mp, mpf, nsum, workdps
from sympy import (
    Basic,
    EulerGamma,
    Expr,
    Integer,
    Lt,
    MatrixBase,
    Rational,
    Sum,
    Symbol,
    factorial,
    gamma,
    harmonic,
    lambdify,
    lerchphi,
    log,
    oo,
    polygamma,
    polylog,
    zeta,
)

from theory.derivation.checks import equal, equality, under
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.expressions.multidigamma import multidigamma

#: Digits to which a series has to give its function, and the dimensions in which a sum over dimensions is written out.
DIGITS, DIMENSIONS = 20, (1, 2, 5)

#: The reasons of steps that go on with the one before.
_GOING_ON = ("", "and", "and then", "starting from")

_x, _z = Symbol("x", positive=True), Symbol("z", positive=True)
_k, _i = Symbol("k", integer=True, nonnegative=True), Symbol("i", integer=True, positive=True)
_count, _d = Symbol("N", integer=True, positive=True), Symbol("d", integer=True, positive=True)


def explained(steps: Iterable[Step]) -> list[Step]:
    """The steps, each function said after the step that uses it first."""
    found: list[Step] = []
    known: set[Any] = set()
    pending: list[Any] = []
    for step in [*steps, None]:
        # What goes on is not interrupted.
        while pending and (step is None or step.reason not in _GOING_ON):
            key, build = pending.pop(0)
            if key in known:
                continue
            known.add(key)
            said = build()
            found.append(said)
            pending += _named(said.expression.right)
        if step is not None:
            found.append(step)
            pending += _named(step.expression.right)
    return found


def _named(value: Any) -> list[tuple[Any, Callable[[], Step]]]:
    """The functions and constants of an expression that are to be said, in an order of their own."""
    if not isinstance(value, (Basic, MatrixBase)):
        return []
    builders: dict[Any, Callable[[], Step]] = {}
    if value.has(multidigamma):
        builders["multidigamma"] = _multidigamma
    for part in value.atoms(polylog):
        builders["polylog", part.args[0]] = lambda s=part.args[0]: _polylog(s)  # type: ignore[misc]
    for part in value.atoms(lerchphi):
        builders["lerchphi", part.args[1]] = lambda s=part.args[1]: _lerchphi(s)  # type: ignore[misc]
    for part in value.atoms(polygamma):
        if part.args[0].is_Integer:
            builders["polygamma", part.args[0]] = lambda m=part.args[0]: _polygamma(m)  # type: ignore[misc]
    for part in value.atoms(harmonic):
        order = part.args[1] if len(part.args) > 1 else Integer(1)
        builders["harmonic", order] = lambda s=order: _harmonic(s)  # type: ignore[misc]
    for part in value.atoms(zeta):
        if len(part.args) == 1:
            builders["zeta", part.args[0]] = lambda s=part.args[0]: _zeta(s)  # type: ignore[misc]
    if value.has(gamma):
        builders["gamma"] = _gamma
    if value.has(EulerGamma):
        builders["EulerGamma"] = _euler
    return sorted(builders.items(), key=lambda item: str(item[0]))


def _multidigamma() -> Step:
    right = Sum(polygamma(0, _x + (1 - _i) / 2), (_i, 1, _d))
    reason = "here multidigamma is a sum of digamma functions"
    return Step(Relation(multidigamma(_x, _d), EQUAL, right), reason, OverDimensions())


def _polygamma(m: Expr) -> Step:
    if m == 0:
        right = Sum(1 / (_k + 1) - 1 / (_k + _x), (_k, 0, oo)) - EulerGamma
        return _series(polygamma(0, _x), right, "here the digamma function is")
    right = (-1) ** (m + 1) * factorial(m) * Sum((_k + _x) ** (-m - 1), (_k, 0, oo))
    name = "trigamma" if m == 1 else "polygamma"
    return _series(polygamma(m, _x), right, f"here the {name} function is")


def _harmonic(order: Expr) -> Step:
    right = Sum(_i ** (-order), (_i, 1, _count))
    return Step(Relation(harmonic(_count, order), EQUAL, right), "here the harmonic number is", equality)


def _polylog(s: Expr) -> Step:
    right = Sum(_z**_i / _i**s, (_i, 1, oo))
    return _series(polylog(s, _z), right, "here the polylogarithm is", where=Lt(_z, 1))


def _lerchphi(s: Expr) -> Step:
    right = Sum(_z**_k / (_k + _x) ** s, (_k, 0, oo))
    return _series(lerchphi(_z, s, _x), right, "here Lerch's function is", where=Lt(_z, 1))


def _zeta(s: Expr) -> Step:
    return _series(zeta(s, evaluate=False), Sum(_i ** (-s), (_i, 1, oo)), "here Riemann's zeta function is")


def _gamma() -> Step:
    reason = "here Γ is the Gamma function, the factorial for whole numbers"
    return Step(Relation(gamma(_x + 1), EQUAL, _x * gamma(_x)), reason, equality)


def _euler() -> Step:
    return _series(EulerGamma, Sum(1 / _i - log(1 + 1 / _i), (_i, 1, oo)), "here Euler's constant is")


def _series(left: Expr, right: Expr, reason: str, where: Basic | None = None) -> Step:
    return Step(Relation(left, EQUAL, right, where=where), reason, Series(where))


_POINTS: tuple[dict[Expr, Expr], ...] = (
    {_x: Rational(7, 3), _z: Rational(2, 5)},
    {_x: Rational(1, 4), _z: Rational(1, 3)},
)


@dataclass(frozen=True)
class Series:
    """The right side, an infinite series, added up is the function on the left."""

    where: Basic | None = None

    def __call__(self, relation: Relation) -> Evidence:
        left, right = relation.left, relation.right
        under(relation, self.where)
        if not right.has(Sum):
            raise NotShown(f"{right} is no series")
        for at in _POINTS:
            with workdps(DIGITS + 15):
                here = mpf(str(left.subs(at).evalf(DIGITS + 15)))
                total = _summed(right.subs(at))
                if abs(here - total) > mpf(10) ** -DIGITS * max(1, abs(here)):
                    raise NotShown(f"the series gives {mp.nstr(total, 12)} and not {mp.nstr(here, 12)}")
        return Evidence(f"definition; the series added up to {DIGITS} digits is the function")


def _summed(expression: Expr) -> mpf:
    """An expression with infinite series in it as a number at the working precision."""
    total = expression
    for part in expression.atoms(Sum):
        (index, lower, _) = part.limits[0]
        summand = lambdify(index, part.function, "mpmath")
        total = total.subs(part, Symbol("total"))
        value = nsum(summand, [int(lower), inf])
    return mpf(lambdify(Symbol("total"), total, "mpmath")(value))


@dataclass(frozen=True)
class OverDimensions:
    """The right side is the sum over the dimensions, for some numbers of them."""

    def __call__(self, relation: Relation) -> Evidence:
        for dimensions in DIMENSIONS:
            left, right = (side.subs(_d, dimensions) for side in (relation.left, relation.right))
            equal(left.expand(func=True), right.doit())
        return Evidence("definition, written out in some dimensions")
