"""LaTeX as an author pastes it: the theorem line of a risk."""

from __future__ import annotations

from typing import Any

from sympy import Basic, Expr, Matrix, Piecewise, S, Symbol, false, oo, sympify, true
from sympy.printing.latex import LatexPrinter

from theory.expressions.numerals import printable
from theory.expressions.symbols import G
from theory.moments.recurrence import MomentRecurrence
from theory.risk import Risk, tells
from theory.solver.tidy import orient
from theory.workflows.dynamics import GENERATION


class _Printer(LatexPrinter):
    """SymPy's printer with the field's notation for harmonic numbers, digammas and sums over roots."""

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
    return _PRINTER.doprint(printable(expression)).replace(r"\_lambda", r"\lambda")


@tells("inline")
def inline(risk: Risk) -> str:
    """The formula alone, for a notebook."""
    left = _symbol(risk)
    closed = risk.closed_form
    right = latex(closed) if closed is not None else r"\text{(no closed form)}"
    return rf"$\displaystyle {left} = {right}$"


@tells("theorem")
def theorem(risk: Risk) -> str:
    r"""An ``aligned`` block of the risk, its limit, its bound and its condition, one statement a row."""
    left = _symbol(risk)
    rows = [_formula(risk, left)]
    limit, growth, bound = risk.limit, risk.growth, risk.bound
    if limit is not None:
        rows.append(rf"\lim_{{G \to \infty}} {left} &= {latex(limit)}")
    if growth is not None and growth != oo and (limit in (None, oo, -oo) or isinstance(limit, Piecewise)):
        rows.append(rf"{left} &\sim {latex(growth)}, \quad G \to \infty")
    if bound is not None and bound != oo and not isinstance(bound, Piecewise):
        rows.append(rf"{left} &\leq {latex(bound)} \quad \text{{for all }} G \geq 1")
    conditions = []
    if risk.domain == false:
        rows.append(_infinite(risk, left))
    elif risk.domain != true:
        conditions.append(rf"&\text{{for }} {latex(risk.domain)}")
    if risk.exactness != "exact":
        conditions.append(rf"&\text{{({risk.exactness} in }}{_small(risk)}\text{{)}}")
    rows += conditions
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def first_infinite(risk: Risk) -> int | None:
    """The first generation whose expectation is infinite, looked for as far as it costs little; None beyond."""
    recurrence = risk.recurrence
    margin = S.One if recurrence.margin is None else recurrence.margin
    # With parameters in it a margin is rarely decided at any generation, and each takes its time.
    numbers = margin.free_symbols <= {getattr(recurrence, "symbol", GENERATION)}
    return recurrence.first_infinite(10_000 if numbers else 32)


def _infinite(risk: Risk, left: str) -> str:
    """From which generation on the expectation is infinite."""
    g = first_infinite(risk)
    if g is not None:
        return rf"{left} &= \infty \quad \text{{for all }} G \geq {g}"
    return rf"{left} &= \infty \quad \text{{eventually}}"


def _small(risk: Risk) -> str:
    return "1/T" if "T" in risk.model.parameters else "1/n"


def _symbol(risk: Risk) -> str:
    symbol = _at(risk, "G")
    return f"{symbol} / {_at(risk, '1')}" if risk.relative else symbol


def _at(risk: Risk, generation: str) -> str:
    """The symbol of the risk, or of the part of it, at a generation."""
    symbols = {"bias": r"\mathrm{E}\,\delta_", "variance": r"\mathrm{Var}\,\theta_"}
    return symbols.get(risk.part, "R_") + generation


def _formula(risk: Risk, left: str) -> str:
    relation = "=" if risk.exactness == "exact" else r"\simeq"
    closed = risk.closed_form
    if closed is not None:
        return f"{left} &{relation} {latex(closed)}"
    recurrence = risk.recurrence
    if isinstance(recurrence, MomentRecurrence):
        return " \\\\\n".join(_regimes(recurrence, orient(recurrence.scale, risk._ranges), risk, relation))
    return rf"{left} &\text{{ has no closed form under {risk.workflow.name}}}"


def _regimes(recurrence: MomentRecurrence, scale: Expr, risk: Risk, relation: str) -> list[str]:
    """The recurrence itself: first values, then readout and step of each regime with the generations it holds for."""
    offset, left = recurrence.offset, _symbol(risk)
    below = f" / {_at(risk, '1')}" if risk.relative else ""
    rows = [
        f"{_at(risk, f'{{{g}}}')}{below} &{relation} {latex(offset + scale * value)}"
        for g, value in enumerate(recurrence.early, start=1)
    ]
    start = sympify(recurrence.start)
    rows.append(f"m_{{{latex(start - 1)}}} &= {latex(_plain(recurrence.initial))}")
    regime: MomentRecurrence = recurrence
    while True:
        following = regime.continuation
        end = "" if following is None else f" < {latex(following[0])}"
        readout = (regime.readout * _moments(regime, "m_{G}"))[0] + regime.shift
        since = max(start - 1, S.One) if start.is_number and regime is recurrence else start
        value = latex((offset + scale * readout).subs(regime.symbol, G))
        rows.append(f"{left} &{relation} {value}, \\quad {latex(since)} \\leq G{end}")
        if following is None or following[0] != start:
            rows.append(f"m_{{g}} &= {_step(regime)}, \\quad {latex(start)} \\leq g{end}")
        if following is None:
            return rows
        start, regime = following


def _step(recurrence: MomentRecurrence) -> str:
    if recurrence.matrix.shape == (1, 1):
        return latex(recurrence.matrix[0] * Symbol("m_{g-1}") + recurrence.forcing[0])
    return rf"{latex(recurrence.matrix)}\, m_{{g-1}} + {latex(recurrence.forcing)}"


def _plain(matrix: Any) -> Any:
    return matrix[0] if matrix.shape == (1, 1) else matrix


def _moments(recurrence: MomentRecurrence, name: str) -> Any:
    size = recurrence.matrix.shape[0]
    return Matrix([Symbol(f"{name}^{{[{index + 1}]}}" if size > 1 else name) for index in range(size)])
