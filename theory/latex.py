"""LaTeX as an author pastes it: the theorem line of a risk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sympy import Basic, Expr, Matrix, Piecewise, S, Symbol, false, oo, sympify, true
from sympy.printing.latex import LatexPrinter

from theory.errors import DomainError
from theory.expressions.abbreviations import abbreviations
from theory.expressions.arguments import positive_number, truth_value
from theory.expressions.numerals import readable
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.risk import Risk
from theory.solver.tidy import orient
from theory.told import tells
from theory.typesetting.lines import lines_of
from theory.typesetting.names import is_plain, safe
from theory.typesetting.widths import typeset_width
from theory.workflows.dynamics import GENERATION


class _Printer(LatexPrinter):
    """SymPy's printer with the field's notation for harmonic numbers, digammas and sums over roots."""

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        """Any name that a user may have chosen can be set."""
        name = expr.name.lstrip("_")  # of a summation index
        return str(super()._print_Symbol(Symbol(name), style)) if is_plain(name) else safe(name)

    _print_Dummy = _print_Symbol  # noqa: N815 — SymPy's way to name what prints a class

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        """Positive terms first: 1 − x, not −x + 1."""
        terms = super()._as_ordered_terms(expr, order=order)
        return sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))

    def _print_harmonic(self, expression: Any, exp: str | None = None) -> str:
        index = self._print(expression.args[0])
        order = expression.args[1] if len(expression.args) > 1 else S.One
        name = f"H_{{{index}}}" if order == 1 else f"H_{{{index}}}^{{({self._print(order)})}}"
        return name if exp is None else rf"\left({name}\right)^{{{exp}}}"

    def _print_polygamma(self, expression: Any, exp: str | None = None) -> str:
        order, argument = expression.args
        raised = "" if order == 0 else rf"^{{({self._print(order)})}}"
        name = rf"\psi{raised}\!\left({self._print(argument)}\right)"
        return name if exp is None else rf"\left({name}\right)^{{{exp}}}"

    def _print_RootSum(self, expression: Any, exp: str | None = None) -> str:
        variable = self._print(expression.fun.variables[0])
        polynomial = self._print(expression.poly.as_expr(expression.fun.variables[0]))
        summand = self._print(expression.fun.expr)
        name = rf"\sum_{{{variable} \,:\, {polynomial} = 0}} {summand}"
        return name if exp is None else rf"\left({name}\right)^{{{exp}}}"

    def _print_GeometricSum(self, expression: Any) -> str:
        return self._print_Sum(expression)

    def _print_GeometricProduct(self, expression: Any) -> str:
        return self._print_Product(expression)


_PRINTER = _Printer({"fold_short_frac": False, "ln_notation": False})


def latex(expression: Basic) -> str:
    """LaTeX of an expression, conditions included."""
    return str(_PRINTER.doprint(readable(expression)))


@tells("inline")
def inline(risk: Risk) -> str:
    """The formula alone, for a notebook."""
    left = _symbol(risk)
    closed = risk.closed_form
    right = latex(closed) if closed is not None else r"\text{(no closed form)}"
    return rf"$\displaystyle {left} = {right}$"


@tells("theorem")
def theorem(risk: Risk) -> Callable[..., str]:
    """The function behind ``Risk.latex``."""
    return lambda width=None, amsfonts=True: _theorem(risk, width, amsfonts)


def _theorem(risk: Risk, width: object, amsfonts: object) -> str:
    r"""An ``aligned`` block of the risk, its limit, its bound and its condition, one statement a row; with a width a
    ``split`` of lines that fit.
    """
    room = None if width is None else _verified_width(width)
    statements = _lettered(list(_statements(risk, room)))
    # Whatever stands left of the signs is set in one column.
    if room is not None:
        room -= max(typeset_width(statement.left) for statement in statements)
    rows = [row for statement in statements for row in statement.rows(room)]
    name = "aligned" if room is None else "split"
    text = f"\\begin{{{name}}}\n" + " \\\\\n".join(rows) + f"\n\\end{{{name}}}"
    return text if truth_value("amsfonts", amsfonts) else re.sub(r"\\mathbb\b", r"\\mathbf", text)


def _lettered(statements: list[_Statement]) -> list[_Statement]:
    """With letters for functions that they repeat, and a row for each of these."""
    letters = abbreviations(statement.value for statement in statements if not isinstance(statement.value, str))
    if not letters:
        return statements
    short = [
        statement if isinstance(statement.value, str) else replace(statement, value=statement.value.xreplace(letters))
        for statement in statements
    ]
    return [*short, *(_Statement(rf"\text{{where }} {latex(letter)}", "=", part) for part, letter in letters.items())]


def _verified_width(width: object) -> float:
    number = positive_number("width", width)
    if number < NARROWEST:
        raise DomainError(f"width = {width} is not allowed: give the width of the text in em, {NARROWEST} or more.")
    return float(number)


@dataclass(frozen=True)
class _Statement:
    """A row: what stands left of the sign, the sign, a formula and words after it."""

    left: str
    relation: str
    value: Basic | str
    after: str = ""

    def rows(self, room: float | None) -> Iterator[str]:
        """The row, in lines that fit in the room right of the left column if one is given."""
        value = self.value if isinstance(self.value, str) else latex(self.value)
        sign = f"{self.relation} " if self.relation else ""
        head, right = f"{self.left} &{sign}" if sign else f"{self.left}&", f"{sign}{value}{self.after}"
        if room is None or isinstance(self.value, str) or typeset_width(right) <= room:
            yield f"{head}{value}{self.after}"
        elif isinstance(self.value, Piecewise):
            yield from self._cases(room)
        else:
            left = room - typeset_width(sign)
            first, *rest = lines_of(readable(self.value), left, left, _PRINTER)
            *lines, last = [f"{head}{first}", *(rf"&\quad {line}" for line in rest)]
            yield from lines
            # What is said of it goes below where it does not fit behind.
            if typeset_width(f"{last.partition('&')[2]}{self.after}") <= room:
                yield f"{last}{self.after}"
            else:
                yield from (last, f"&{self.after.removeprefix(',')}")

    def _cases(self, room: float) -> Iterator[str]:
        """The value in each case, and then in which."""
        for branch, condition in self.value.args:  # type: ignore[union-attr]
            told = r" \quad \text{otherwise}" if condition == true else rf" \quad \text{{if }} {latex(condition)}"
            yield from replace(self, value=branch, after=told).rows(room)


#: The least width of a text that formulas can be broken to, in em.
NARROWEST = 15


def _statements(risk: Risk, width: float | None) -> Iterator[_Statement]:
    """Risk, limit, growth, bound, where it is infinite, and under which conditions."""
    left = _symbol(risk)
    yield from _formula(risk, left, width)
    limit, growth, bound = risk.limit, risk.growth, risk.bound
    if limit is not None:
        yield _Statement(rf"\lim_{{G \to \infty}} {left}", "=", limit)
    if growth is not None and growth != oo and (limit in (None, oo, -oo) or isinstance(limit, Piecewise)):
        yield _Statement(left, r"\sim", growth, r", \quad G \to \infty")
    if bound is not None and bound != oo and not isinstance(bound, Piecewise):
        yield _Statement(left, r"\leq", bound, r" \quad \text{for all } G \geq 1")
    if risk.domain == false:
        yield _Statement(left, "=", _infinite(risk))
    elif risk.domain != true:
        yield _Statement("", "", rf"\text{{for }} {latex(risk.domain)}")
    if risk.exactness != "exact":
        yield _Statement("", "", rf"\text{{({risk.exactness} in }}{_small(risk)}\text{{)}}")


def first_infinite(risk: Risk) -> int | None:
    """The first generation whose expectation is infinite, looked for as far as it costs little; None beyond."""
    recurrence = risk.recurrence
    margin = S.One if recurrence.margin is None else recurrence.margin
    # With parameters in it a margin is rarely decided at any generation, and each takes its time.
    numbers = margin.free_symbols <= {getattr(recurrence, "symbol", GENERATION)}
    return recurrence.first_infinite(10_000 if numbers else 32)


def _infinite(risk: Risk) -> str:
    """From which generation on the expectation is infinite."""
    g = first_infinite(risk)
    if g is not None:
        return rf"\infty \quad \text{{for all }} G \geq {g}"
    return r"\infty \quad \text{eventually}"


def _small(risk: Risk) -> str:
    return "1/T" if "T" in risk.model.parameters else "1/n"


def _symbol(risk: Risk) -> str:
    symbol = _at(risk, "G")
    return f"{symbol} / {_at(risk, '1')}" if risk.relative else symbol


def _at(risk: Risk, generation: str) -> str:
    """The symbol of the risk, or of the part of it, at a generation."""
    symbols = {"bias": r"\mathrm{E}\,\delta_", "variance": r"\mathrm{Var}\,\theta_"}
    return symbols.get(risk.part, "R_") + generation


def _formula(risk: Risk, left: str, width: float | None) -> Iterator[_Statement]:
    relation = "=" if risk.exactness == "exact" else r"\simeq"
    closed = risk.closed_form
    recurrence = risk.recurrence
    if closed is not None:
        yield _Statement(left, relation, closed)
    elif isinstance(recurrence, MomentRecurrence):
        yield from _regimes(recurrence, orient(recurrence.scale, risk._ranges), risk, relation, width)
    else:
        yield _Statement(f"{left} ", "", rf"\text{{ has no closed form under {risk.workflow.name}}}")


def _regimes(
    recurrence: MomentRecurrence, scale: Expr, risk: Risk, relation: str, width: float | None
) -> Iterator[_Statement]:
    """The recurrence itself: first values, then readout and step of each regime with the generations it holds for."""
    offset, left = recurrence.offset, _symbol(risk)
    below = f" / {_at(risk, '1')}" if risk.relative else ""
    for g, value in enumerate(recurrence.early, start=1):
        yield _Statement(f"{_at(risk, f'{{{g}}}')}{below}", relation, offset + scale * value)
    start = sympify(recurrence.start)
    yield _Statement(f"m_{{{latex(start - 1)}}}", "=", _plain(recurrence.initial))
    regime: MomentRecurrence = recurrence
    while True:
        following = regime.continuation
        end = "" if following is None else f" < {latex(following[0])}"
        readout = (regime.readout * _moments(regime, "m_{G}"))[0] + regime.shift
        since = max(start - 1, S.One) if start.is_number and regime is recurrence else start
        value = (offset + scale * readout).subs(regime.symbol, G)
        yield _Statement(left, relation, value, f", \\quad {latex(since)} \\leq G{end}")
        if following is None or following[0] != start:
            yield from _steps(regime, f", \\quad {latex(start)} \\leq g{end}", width)
        if following is None:
            return
        start, regime = following


def _steps(recurrence: MomentRecurrence, when: str, width: float | None) -> Iterator[_Statement]:
    """One step: a line in matrices, or where that is too wide a line for each moment."""
    whole = _step(recurrence)
    if recurrence.matrix.shape == (1, 1):
        moved = recurrence.matrix[0] * Symbol("m_{g-1}") + recurrence.forcing[0]
        yield _Statement("m_{g}", "=", moved, when)
    elif width is None or typeset_width(rf"m_{{g}} = {whole}{when}") <= width:
        yield _Statement("m_{g}", "=", whole, when)
    else:
        before = _moments(recurrence, "m_{g-1}")
        moved = recurrence.matrix * before + recurrence.forcing
        for index, value in enumerate(moved):
            last = index == len(moved) - 1
            yield _Statement(f"m_{{g}}^{{[{index + 1}]}}", "=", value, when if last else ",")


def _step(recurrence: MomentRecurrence) -> str:
    return rf"{latex(recurrence.matrix)}\, m_{{g-1}} + {latex(recurrence.forcing)}"


def _plain(matrix: Any) -> Any:
    return matrix[0] if matrix.shape == (1, 1) else matrix


def _moments(recurrence: MomentRecurrence, name: str) -> Any:
    size = recurrence.matrix.shape[0]
    return Matrix([Symbol(f"{name}^{{[{index + 1}]}}" if size > 1 else name) for index in range(size)])
