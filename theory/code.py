"""A risk as a function in another language: its closed form where that language has the functions, else its recurrence.

Written from the trees that :func:`theory.export_recurrence` exports, in double precision.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Rational, factorial, gamma

from theory.errors import DomainError, NotDerivedError
from theory.expressions.numerals import is_longer
from theory.expressions.symbols import G
from theory.expressions.trees import tree
from theory.moments.exported import export_recurrence
from theory.risk import Risk
from theory.told import tells


@dataclass(frozen=True)
class _Language:
    """How a language writes what a loop needs; ``{}`` stand for what goes in."""

    power: str
    choice: str
    functions: dict[str, str]
    constants: dict[str, str]
    opening: str
    parameter: str
    assign: str
    array: str
    entry: str
    copy: str
    loop: str
    condition: str
    leave: str
    end: str
    closing: str
    first: int = 0
    infinity: str = "INFINITY"
    words: dict[str, str] = field(default_factory=dict)


_PLAIN = {name: name for name in ("log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
_LANGUAGES = {
    "python": _Language(
        power="({})**({})", choice="({1} if {0} else {2})",
        functions={**{name: f"math.{name}" for name in _PLAIN}, "gamma": "math.gamma", "Abs": "abs"},
        constants={"pi": "math.pi", "e": "math.e", "euler": "0.5772156649015329"},
        opening="import math\n\n\ndef risk({}):", parameter="{}", assign="{} = {}", array="m = [{}]", entry="m[{}]",
        copy="m = [{}]", loop="for g in range({}, {} + 1):", condition="if {}:", leave="return {}", end="", closing="",
        infinity="math.inf", words={"and": "and", "or": "or", "not": "not ", "min": "min({}, {})"},
    ),
    "c": _Language(
        power="pow({}, {})", choice="({0} ? {1} : {2})",
        functions={**_PLAIN, "gamma": "tgamma", "loggamma": "lgamma", "Abs": "fabs"},
        constants={"pi": "3.141592653589793", "e": "2.718281828459045", "euler": "0.5772156649015329"},
        opening="#include <math.h>\n\ndouble risk({}) {{", parameter="double {}", assign="double {} = {};",
        array="double m[] = {{{}}};", entry="m[{}]", copy="", loop="for (long g = {}; g <= {}; g++) {{",
        condition="if ({}) {{", leave="return {};", end="}", closing="}",
        words={"and": "&&", "or": "||", "not": "!", "min": "({0} < {1} ? {0} : {1})"},
    ),
    "r": _Language(
        power="({})^({})", choice="(if ({0}) {1} else {2})",
        functions={**_PLAIN, "gamma": "gamma", "loggamma": "lgamma", "Abs": "abs"},
        constants={"pi": "pi", "e": "exp(1)", "euler": "0.5772156649015329"},
        opening="risk <- function({}) {{", parameter="{}", assign="{} <- {}", array="m <- c({})", entry="m[{}]",
        copy="m <- c({})", loop="g <- {}\nwhile (g <= {}) {{", condition="if ({}) {{", leave="return({})",
        end="}", closing="}", first=1, infinity="Inf",
        words={"and": "&&", "or": "||", "not": "!", "min": "min({}, {})", "next": "g <- g + 1"},
    ),
    "julia": _Language(
        power="({})^({})", choice="({0} ? {1} : {2})", functions={**_PLAIN, "Abs": "abs"},
        constants={"pi": "pi", "e": "exp(1.0)", "euler": "0.5772156649015329"},
        opening="function risk({})", parameter="{}", assign="{} = {}", array="m = [{}]", entry="m[{}]",
        copy="m = [{}]", loop="for g in {}:{}", condition="if {}", leave="return {}", end="end", closing="end",
        first=1, infinity="Inf", words={"and": "&&", "or": "||", "not": "!", "min": "min({}, {})"},
    ),
}  # fmt: skip
#: Bits of the longest number that is written as a double.
_LONGEST = 1_000
_RESERVED = {*keyword.kwlist, *"g m G double long int for if while function end risk c math".split()}


@tells("code")
def coder(risk: Risk) -> Callable[[str], str]:
    """The function behind ``Risk.code``."""
    return lambda language: code(risk, language)


def code(risk: Risk, language: str) -> str:
    """Text of a function ``risk(G, …)`` of the generation and the parameters that are symbols, by their names.

    Parameters
    ----------
    risk : Risk
    language : "python", "c", "r", "julia", or "latex" for the theorem

    Raises
    ------
    DomainError
        When the language is none of these.
    NotDerivedError
        When neither the closed form nor a recurrence of moments can be written in it.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Regular, Replace, expected_risk
    >>> print(expected_risk(Regular(), Replace()).code("c"))
    #include <math.h>
    <BLANKLINE>
    double risk(double G, double n, double p) {
        return G*pow(n, -1.0)*p;
    }
    """
    if language == "latex":
        return risk.latex()
    if language not in _LANGUAGES:
        raise DomainError(f"language = {language!r} is not one of python, c, r, julia, latex.")
    by = _LANGUAGES[language]
    names = sorted(symbol.name for symbol in risk.free_symbols)
    opening = by.opening.format(", ".join(by.parameter.format(name) for name in ("G", *map(safe_name, names))))
    body = _closed(risk, by)
    if body is None:
        if risk.recurrence.as_moments() is None:
            which = f"{risk.model.name} under {risk.workflow.name}"
            raise NotDerivedError(f"{which} has no recurrence of moments to write.")
        body = list(_loop(export_recurrence(risk.recurrence), by))
    return "\n".join([opening, *_indented(body), *([by.closing] if by.closing else [])])


def _closed(risk: Risk, by: _Language) -> list[str] | None:
    """The closed form; None where there is none, where it has other functions, or where it runs past an infinity or
    a double's range."""
    closed = risk.closed_form
    if closed is None or risk.recurrence.margin is not None or not closed.free_symbols <= {G, *risk.free_symbols}:
        return None
    if _overflows(closed) and risk.recurrence.as_moments() is not None:
        return None
    try:
        return [by.leave.format(_written(tree(closed), by))]
    except NotDerivedError:
        return None


def _overflows(closed: Expr) -> bool:
    """Whether a part leaves the range of a double where the whole does not: Γ(171) does, and so do long numbers."""
    runs = any(part.has(G) for part in closed.atoms(gamma, factorial))
    return runs or any(is_longer(value, _LONGEST) for value in closed.atoms(Rational))


def _loop(data: dict[str, Any], by: _Language) -> Iterator[str]:
    """Statements: early values, then a loop for each regime."""
    scale, offset = _written(data["scale"], by), _written(data["offset"], by)
    for generation, value in enumerate(data["early"], start=1):
        early = f"{offset} + {scale}*({_written(value, by)})"
        yield from _guarded(f"G == {generation}", early, by)
    initial = dict(data["initial"])
    count = data["moments"]
    yield by.array.format(", ".join(_written(initial.get(row, 0), by) for row in range(count)))
    active, begin = data, data["start"]
    while active is not None:
        follow = active["continuation"]
        last = "G" if follow is None else by.words["min"].format("G", f"{follow['at'] - 1}")
        margin = None if active["margin"] is None else f"{_written(active['margin'], by)} < 1.0"
        if margin is not None and begin > 1:
            yield from _guarded(f"({_at(margin, begin - 1, by)})", by.infinity, by)
        yield from by.loop.format(begin, last).split("\n")
        # Before the step: what is infinite may divide by zero.
        inner = [*(_guarded(margin, by.infinity, by) if margin is not None else ()), *_step(active, by)]
        yield from _indented([*inner, *([by.words["next"]] if "next" in by.words else [])])
        if by.end:
            yield by.end
        terms = [_written(active["shift"], by)]
        terms += [f"{_written(value, by)}*{by.entry.format(column + by.first)}" for column, value in active["readout"]]
        told = _at(f"{offset} + {scale}*({' + '.join(terms)})", "G", by)
        if follow is None:
            yield by.leave.format(told)
        else:
            yield from _guarded(f"G < {follow['at']}", told, by)
            begin = follow["at"]
        active = follow


def _step(active: dict[str, Any], by: _Language) -> Iterator[str]:
    """The moments of one generation from those of the one before."""
    rows: list[list[str]] = [[] for _ in range(active["moments"])]
    for row, column, value in active["matrix"]:
        rows[row].append(f"{_written(value, by)}*{by.entry.format(column + by.first)}")
    for row, value in active["forcing"]:
        rows[row].append(_written(value, by))
    sums = [" + ".join(row) or "0.0" for row in rows]
    if by.copy:
        yield by.copy.format(", ".join(sums))
        return
    for index, total in enumerate(sums):
        yield by.assign.format(f"m{index}", total)
    for index in range(len(sums)):
        yield f"{by.entry.format(index)} = m{index};"


def _guarded(condition: str, value: str, by: _Language) -> Iterator[str]:
    yield by.condition.format(condition)
    yield from _indented([by.leave.format(value)])
    if by.end:
        yield by.end


def _at(text: str, generation: object, by: _Language) -> str:
    """The text with a value in the place of g."""
    return re.sub(r"\bg\b", f"{generation}" if generation == "G" else f"{generation}.0", text)


def _written(node: Any, by: _Language) -> str:
    """A tree in the language."""
    if isinstance(node, str):
        return node if node in ("g", "G") else safe_name(node)
    if isinstance(node, int):
        return f"{node}.0" if node >= 0 else f"({node}.0)"
    name, *given = node
    if name == "digits":
        return f"{float(int(given[0]))!r}"
    if name == "constant" and given[0] in by.constants:
        return by.constants[given[0]]
    if name == "cases":
        *branches, (last, where) = given
        text = _written(last, by)
        if where != ["true"]:
            text = by.choice.format(_truth(where, by), text, "0.0/0.0")
        for value, condition in reversed(branches):
            text = by.choice.format(_truth(condition, by), _written(value, by), text)
        return text
    parts = [_written(part, by) for part in given]
    if name in ("+", "*"):
        return f"({' + '.join(parts)})" if name == "+" else "*".join(parts)
    if name == "/":
        return f"({parts[0]}/{parts[1]})"
    if name == "^":
        exponent = parts[1][1:-1] if isinstance(given[1], int) and given[1] < 0 else parts[1]
        return by.power.format(parts[0], exponent)
    if name in by.functions:
        return f"{by.functions[name]}({', '.join(parts)})"
    raise NotDerivedError(f"{name} is no function of this language.")


def _truth(node: Any, by: _Language) -> str:
    name, *given = node
    if name in ("and", "or"):
        return f" {by.words[name]} ".join(f"({_truth(part, by)})" for part in given)
    if name == "not":
        return f"{by.words['not']}({_truth(given[0], by)})"
    left, right = (_written(part, by) for part in given)
    return f"{left} {'==' if name == '=' else name} {right}"


def safe_name(name: str) -> str:
    """A parameter's name as these languages allow it: ``lambda_`` for ``lambda``."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if plain in _RESERVED else plain


def _indented(lines: Any) -> list[str]:
    return [f"    {line}" for line in lines]
