r"""Exported recurrences run in double precision, every operation with a bound on its rounding.

The same operations in the same order as the explorer's JavaScript: a value :math:`\hat x` is carried with an e such
that :math:`|\hat x - x| \le e` to first order in the unit roundoff u = 2⁻⁵³ (running error analysis; Wilkinson).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from theory.errors import DomainError

UNIT = 2.0**-53
#: Elementary functions are good to this many units, special ones to that many.
ELEMENTARY, SPECIAL = 4.0, 64.0

CONSTANTS = {
    "pi": math.pi,
    "e": math.e,
    "euler": 0.5772156649015329,
    "catalan": 0.915965594177219,
    "golden": 1.618033988749895,
    "oo": math.inf,
    "-oo": -math.inf,
}


@dataclass(frozen=True)
class Rounded:
    """A double, and a bound on how far it is from the number it stands for."""

    value: float
    error: float = 0.0

    def __add__(self, other: Rounded) -> Rounded:
        total = self.value + other.value
        return Rounded(total, self.error + other.error + UNIT * abs(total))

    def __mul__(self, other: Rounded) -> Rounded:
        product = self.value * other.value
        spread = abs(self.value) * other.error + abs(other.value) * self.error + self.error * other.error
        return Rounded(product, spread + UNIT * abs(product))


def run_exported(
    data: Mapping[str, Any], parameters: Mapping[str, float], generations: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Risks at generations 1, …, ``generations`` of an exported recurrence, and bounds on their rounding errors.

    Parameters
    ----------
    data : what :func:`theory.export_recurrence` gives
    parameters : a number for each of ``data["parameters"]``
    generations : how many

    Returns
    -------
    values, errors : arrays of shape (generations,); a value is infinite where the expectation is

    Raises
    ------
    DomainError
        When a parameter has no number.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, expected_risk, export_recurrence
    >>> data = export_recurrence(expected_risk(Bernoulli(), Accumulate()).recurrence)
    >>> values, errors = run_exported(data, {"p": 0.5, "n": 50}, 3)
    >>> values.round(6), bool((errors < 1e-16 * values * 50).all())
    (array([0.005   , 0.006225, 0.006767]), True)
    """
    missing = [name for name in data["parameters"] if name not in parameters]
    if missing:
        raise DomainError(f"parameters have no number for {', '.join(missing)}: give one for each of the recurrence.")
    # A parameter is the decimal that it was written as: its double may be half a unit off.
    known = {name: _decimal(float(value)) for name, value in parameters.items()}
    values, errors = np.full(generations, math.inf), np.zeros(generations)
    for g, found in enumerate(_risks(data, known, generations), start=1):
        if found is None:
            break
        values[g - 1], errors[g - 1] = found.value, found.error
    return values, errors


def _decimal(value: float) -> Rounded:
    return Rounded(value, 0.0 if value.is_integer() else UNIT * abs(value))


def _risks(data: Mapping[str, Any], known: dict[str, Rounded], generations: int) -> list[Rounded | None]:
    """A risk each generation, None from the first that is infinite."""
    scale, offset = evaluate(data["scale"], known), evaluate(data["offset"], known)
    found: list[Rounded | None] = [offset + scale * evaluate(value, known) for value in data["early"]]
    active = data
    state = [Rounded(0.0)] * data["moments"]
    for row, value in data["initial"]:
        state[row] = evaluate(value, known)
    g = data["start"] - 1

    def risk() -> Rounded | None:
        at = known | {"g": Rounded(float(g))}
        if active["margin"] is not None and evaluate(active["margin"], at).value < 1:
            return None
        total = evaluate(active["shift"], at)
        for column, value in active["readout"]:
            total = total + evaluate(value, at) * state[column]
        return offset + scale * total

    if g >= 1:
        found.append(risk())
    while len(found) < generations and (not found or found[-1] is not None):
        g += 1
        follow = active["continuation"]
        if follow is not None and g > 1 and g >= follow["at"]:
            active = follow
        at = known | {"g": Rounded(float(g))}
        moved = [Rounded(0.0)] * active["moments"]
        for row, column, value in active["matrix"]:
            moved[row] = moved[row] + evaluate(value, at) * state[column]
        for row, value in active["forcing"]:
            moved[row] = moved[row] + evaluate(value, at)
        state = moved
        found.append(risk())
    return found[:generations]


def evaluate(tree: Any, known: Mapping[str, Rounded]) -> Rounded:
    """The value of a tree, with a bound on its rounding error; not a number where it has none."""
    if isinstance(tree, str):
        return known[tree]
    if isinstance(tree, int):
        return Rounded(float(tree))
    name, *arguments = tree
    if name == "cases":
        return next((evaluate(value, known) for value, where in arguments if holds(where, known)), Rounded(math.nan))
    if name in ("digits", "constant"):
        value = float(int(arguments[0])) if name == "digits" else CONSTANTS[arguments[0]]
        return Rounded(value, UNIT * abs(value) if math.isfinite(value) else 0.0)
    if name == "^":
        return _power(evaluate(arguments[0], known), arguments[1], known)
    given = [evaluate(argument, known) for argument in arguments]
    if name in ("+", "*"):
        total = given[0]
        for item in given[1:]:
            total = total + item if name == "+" else total * item
        return total
    if name == "/":
        return given[0] * _reciprocal(given[1])
    if name in ("Max", "Min"):
        chosen = max if name == "Max" else min
        return Rounded(chosen(item.value for item in given), max(item.error for item in given))
    if name == "polygamma":
        return _applied(lambda x: float(special.polygamma(int(given[0].value), x)), given[1], SPECIAL)
    if name == "multidigamma":
        return _applied(lambda x: float(special.digamma(x - np.arange(given[1].value) / 2).sum()), given[0], SPECIAL)
    function, units = FUNCTIONS[name]
    return _applied(function, given[0], units)


def holds(tree: Any, known: Mapping[str, Rounded]) -> bool:
    """Whether a condition is true of these numbers."""
    name, *arguments = tree
    if name in ("true", "false"):
        return bool(name == "true")
    if name in ("and", "or", "not"):
        truths = [holds(argument, known) for argument in arguments]
        return not truths[0] if name == "not" else all(truths) if name == "and" else any(truths)
    left, right = (evaluate(argument, known).value for argument in arguments)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "=": left == right}.get(
        name, left != right
    )


def _reciprocal(x: Rounded) -> Rounded:
    if x.value == 0:
        return Rounded(math.nan)
    value = 1 / x.value
    return Rounded(value, x.error * value * value + UNIT * abs(value))


def _power(base: Rounded, exponent: Any, known: Mapping[str, Rounded]) -> Rounded:
    if isinstance(exponent, int) and abs(exponent) <= 64:
        total = Rounded(1.0)
        for _ in range(abs(exponent)):
            total = total * base
        return _reciprocal(total) if exponent < 0 else total
    power = evaluate(exponent, known)
    value = _quietly(lambda x: x**power.value, base.value)
    if value == 0 or not math.isfinite(value) or base.value == 0:
        return Rounded(value, base.error if base.value == 0 else 0.0)
    relative = abs(power.value) * base.error / abs(base.value) + power.error * abs(math.log(abs(base.value)))
    return Rounded(value, abs(value) * (relative + ELEMENTARY * UNIT))


def _applied(function: Callable[[float], float], x: Rounded, units: float) -> Rounded:
    value = _quietly(function, x.value)
    if not math.isfinite(value):
        return Rounded(value)
    # The slope by a secant over the argument's own error, or over a few units of it.
    step = max(x.error, 1e-7 * abs(x.value), 1e-300)
    ends = [_quietly(function, x.value + sign * step) for sign in (-1.0, 1.0)]
    slope = max((abs(end - value) / step for end in ends if math.isfinite(end)), default=0.0)
    return Rounded(value, 2 * slope * x.error + units * UNIT * (abs(value) + (units > ELEMENTARY)))


def _quietly(function: Callable[[float], Any], x: float) -> float:
    try:
        value = function(x)
    except (ValueError, ZeroDivisionError):
        return math.nan
    except OverflowError:
        return math.inf
    return math.nan if isinstance(value, complex) else float(value)


FUNCTIONS: dict[str, tuple[Callable[[float], float], float]] = {
    "log": (math.log, ELEMENTARY),
    "exp": (math.exp, ELEMENTARY),
    "sin": (math.sin, ELEMENTARY),
    "cos": (math.cos, ELEMENTARY),
    "tan": (math.tan, ELEMENTARY),
    "cot": (lambda x: 1 / math.tan(x), 2 * ELEMENTARY),
    "sinh": (math.sinh, ELEMENTARY),
    "cosh": (math.cosh, ELEMENTARY),
    "tanh": (math.tanh, ELEMENTARY),
    "coth": (lambda x: 1 / math.tanh(x), 2 * ELEMENTARY),
    "gamma": (math.gamma, SPECIAL),
    "loggamma": (math.lgamma, SPECIAL),
    "Abs": (abs, 0.0),
    "sign": (lambda x: float(np.sign(x)), 0.0),
    "floor": (lambda x: float(math.floor(x)), 0.0),
    "ceiling": (lambda x: float(math.ceil(x)), 0.0),
}
