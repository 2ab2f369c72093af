"""The letters of a derivation: in LaTeX and for a terminal."""

from __future__ import annotations

from typing import Any

from sympy import Add, Function, Matrix, MatrixBase, Symbol

from theory.dynamics import GENERATION
from theory.positivity import Ranges
from theory.solver.tidy import orient

#: Names as LaTeX writes them, and as a terminal can.
PLAIN = {
    r"\bar{x}": "x̄",
    r"\bar{x}^{\,\mathrm{real}}": "x̄_real",
    r"\mathbb{E}\,\varepsilon_{g}^{2}": "E ε(g)²",
    r"\mathbb{E}\,\delta_{g-1}^{2}": "E δ(g - 1)²",
    r"V(\mu)": "V(mu)",
    "delta": "δ",
    "theta": "θ",
    "varepsilon": "ε",
    "varrho": "ϱ",
}

delta, theta, noise, fresh_noise = (Function(name) for name in ("delta", "theta", "varepsilon", "varrho"))
block_mean, real_mean = Function(r"\bar{x}"), Function(r"\bar{x}^{\,\mathrm{real}}")
state, moment, risk, size, coefficient = (Function(name) for name in ("z", "m", "R", "s", "C"))
#: E ε_g², the expected square of the noise of block g.
squared_noise = Symbol(r"\mathbb{E}\,\varepsilon_{g}^{2}")
#: E δ_{g−1}², the expected squared error of the model that block g is drawn from.
squared_error = Symbol(r"\mathbb{E}\,\delta_{g-1}^{2}")
#: LaTeX in reasons, for a terminal.
WORDS = {
    r"\bar{x}": "x̄",
    r"\mathbb{E}": "E",
    r"\text{past}": "past",
    r"\mid": "|",
    r"\theta": "θ",
    r"\delta": "δ",
    r"\varepsilon": "ε",
    r"\mu": "μ",
    r"\,": " ",
}
mean = Symbol("mu", real=True)


def generation_symbol(taken: set[Any]) -> Symbol:
    """g, unless a parameter is called so."""
    names = {symbol.name for symbol in taken}
    name = next(name for name in ("g", "k", "i", "t") if name not in names)
    return Symbol(name, integer=True, positive=True)


def indexed(function: Any, count: int, g: Any) -> Matrix:
    """A column of ``count`` sequences at g; one sequence has no index."""
    return Matrix([function(g)]) if count == 1 else Matrix([function(row, g) for row in range(1, count + 1)])


def oriented(value: Any, ranges: Ranges) -> Any:
    """Each term with its factors written as positive: p(1 − p), and not −p(p − 1)."""
    if isinstance(value, MatrixBase):
        return value.applyfunc(lambda entry: oriented(entry, ranges))
    return Add(*(orient(part, ranges) for part in Add.make_args(value)))


def shown(value: Any, g: Symbol) -> Any:
    """With the generation by its letter."""
    return value.subs(GENERATION, g) if hasattr(value, "subs") else value
