"""LaTeX as an author pastes it: the theorem line of a risk."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sympy import Basic, Expr, Piecewise, S, false, oo, true
from sympy.printing.latex import LatexPrinter

from theory.recurrence import MomentRecurrence

if TYPE_CHECKING:
    from theory.risk import Risk


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
    return _PRINTER.doprint(expression).replace(r"\_lambda", r"\lambda")


def inline(risk: Risk) -> str:
    """The formula alone, for a notebook."""
    left = _symbol(risk)
    closed = risk.closed_form
    right = latex(closed) if closed is not None else r"\text{(no closed form)}"
    return rf"$\displaystyle {left} = {right}$"


def theorem(risk: Risk) -> str:
    r"""An ``aligned`` block of the risk, its limit, its bound and its condition, one statement a row."""
    left = _symbol(risk)
    rows = [_formula(risk, left)]
    limit, growth, bound = risk.limit, risk.growth, risk.bound
    if limit is not None:
        rows.append(rf"\lim_{{G \to \infty}} {left} &= {latex(limit)}")
    if growth is not None and growth != oo and (limit is None or limit == oo or isinstance(limit, Piecewise)):
        rows.append(rf"{left} &\sim {latex(growth)}, \quad G \to \infty")
    if bound is not None and bound != oo and not isinstance(bound, Piecewise):
        rows.append(rf"{left} &\leq {latex(bound)} \quad \text{{for all }} G \ge 1")
    conditions = []
    if risk.domain == false:
        rows.append(_infinite(risk, left))
    elif risk.domain != true:
        conditions.append(rf"&\text{{for }} {latex(risk.domain)}")
    if risk.exactness != "exact":
        conditions.append(rf"&\text{{({risk.exactness} in }}{_small(risk)}\text{{)}}")
    rows += conditions
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _infinite(risk: Risk, left: str) -> str:
    """From which generation on the expectation is infinite."""
    for g, value in enumerate(islice(risk.recurrence.values(), 10_000), start=1):
        if value == oo:
            return rf"{left} &= \infty \quad \text{{for all }} G \geq {g}"
    return rf"{left} &= \infty \quad \text{{eventually}}"


def _small(risk: Risk) -> str:
    return "1/T" if "T" in risk.model.parameters else "1/n"


def _symbol(risk: Risk) -> str:
    return "R_G / R_1" if risk.relative else "R_G"


def _formula(risk: Risk, left: str) -> str:
    closed = risk.closed_form
    if closed is not None:
        relation = "=" if risk.exactness == "exact" else r"\simeq"
        return f"{left} &{relation} {latex(closed)}"
    recurrence = risk.recurrence
    if not isinstance(recurrence, MomentRecurrence):
        return rf"{left} &= \text{{computed from the weights of }}\text{{{risk.workflow.name}}}"
    readout = recurrence.offset + recurrence.scale * (recurrence.readout * _moment_vector(recurrence))[0]
    step = _equation("m_{g}", recurrence.matrix, "m_{g-1}", recurrence.forcing)
    start = latex(recurrence.initial) if recurrence.matrix.shape[0] > 1 else latex(recurrence.initial[0])
    return (
        f"{left} &= {latex(readout.subs(recurrence.symbol, _generation()))} \\\\\n"
        f"{step}, \\quad m_{{{int(recurrence.start) - 1}}} = {start}"
    )


def _generation() -> Expr:
    from theory.symbols import G

    return G


def _moment_vector(recurrence: MomentRecurrence) -> Any:
    from sympy import Matrix, Symbol

    size = recurrence.matrix.shape[0]
    return Matrix([Symbol(f"m_G^{{[{index + 1}]}}" if size > 1 else "m_G") for index in range(size)])


def _equation(left: str, matrix: Any, right: str, forcing: Any) -> str:
    if matrix.shape == (1, 1):
        matrix, forcing = matrix[0], forcing[0]
    return rf"{left} &= {latex(matrix)}\, {right} + {latex(forcing)}"
