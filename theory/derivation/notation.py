"""The letters of a derivation: in LaTeX and for a terminal."""

from __future__ import annotations

from typing import Any

from sympy import Add, Function, Matrix, MatrixBase, Symbol

from theory.expressions.signs import Ranges
from theory.solver.tidy import orient
from theory.typesetting.names import set_as_they_are
from theory.workflows.dynamics import GENERATION

#: Names as LaTeX writes them, and as a terminal can.
PLAIN = {
    r"\bar{x}": "x̄",
    r"\bar{x}^{\,\mathrm{real}}": "x̄_real",
    r"\mathbb{E}\,\varepsilon_{g}^{2}": "E ε(g)²",
    r"\mathbb{E}\,\delta_{g-1}^{2}": "E δ(g - 1)²",
    r"V(\mu)": "V(mu)",
    r"\mathbb{E}\left[\|w_g - w_{g-1}\|^2 \mid X\right]": "E[|w_g - w_g-1|² | X]",
    r"\mathbb{E}\left[\operatorname{tr} A_{g}^{-1} X_{g}^{\top} X_g A_{g}^{-1}\right]": "E[tr(A_g⁻¹ X_g' X_g A_g⁻¹)]",
    r"\mathbb{E}\left[\operatorname{tr} A_{g}^{-1}\right]": "E[tr(A_g⁻¹)]",
    r"X_{g}^{\top}": "X_g'",
    "w_{g-1}": "w_g-1",
    r"\mathbb{E}\,N_{g}^{-1}": "E[1/N(g)]",
    "psi": "ψ",
    r"\hat{\psi}": "ψ̂",
    r"|\varphi_{0}|^{2}": "|φ_0|²",
    r"\mathbb{E}\,|\hat{\psi}_g|^2": "E|ψ̂_g|²",
    r"\mathbb{E}\,|\varphi_g - \varphi_0|^2": "E|φ_g - φ_0|²",
    r"(2\pi)^{-d} \int \kappa^{a} |\varphi_0|^2 \, dt": "(2π)^-d ∫ κ^a |φ_0|² dt",
    r"(2\pi)^{-d} \int \kappa^{a} \, dt": "(2π)^-d ∫ κ^a dt",
    r"\mathbb{E}\left[\Sigma_g \mid \text{past}\right]": "E[Σ_g | past]",
    r"\Sigma_{g-1}": "Σ_g-1",
    r"\mathbb{E}\left[\operatorname{tr}\Sigma_{g}^{-1}\right]": "E[tr(Σ_g⁻¹)]",
    r"\mathbb{E}\left[\operatorname{tr}\Sigma_{g-1}^{-1}\right]": "E[tr(Σ_g-1⁻¹)]",
    r"\mathbb{E}\left[\mu_{g}^{\top}\Sigma_{g}^{-1}\mu_g\right]": "E[μ_g'Σ_g⁻¹μ_g]",
    r"\mathbb{E}\left[\mu_{g-1}^{\top}\Sigma_{g-1}^{-1}\mu_{g-1}\right]": "E[μ_g-1'Σ_g-1⁻¹μ_g-1]",
    r"\mathbb{E}\left[\log\det\Sigma_g\right]": "E[log det Σ_g]",
    r"\mathbb{E}\left[\log\det\Sigma_{g-1}\right]": "E[log det Σ_g-1]",
    r"\mathbb{E}\left[\sigma_g\right]": "E[σ_g]",
    r"\mathbb{E}\left[\sigma_{g-1}\right]": "E[σ_g-1]",
    r"\mathbb{E}\left[\sigma_{g}^{2}\right]": "E[σ_g²]",
    r"\mathbb{E}\left[\sigma_{g-1}^{2}\right]": "E[σ_g-1²]",
    r"\mathbb{E}\left[\mu_{g}^{2}\right]": "E[μ_g²]",
    r"\mathbb{E}\left[\mu_{g-1}^{2}\right]": "E[μ_g-1²]",
    r"\mathbb{E}\left[\mathrm{KL}(N_0 \,\|\, N_g)\right]": "E[KL(N_0|N_g)]",
    r"\mathbb{E}\left[W_2^2(N_0, N_g)\right]": "E[W2(N_0, N_g)²]",
    r"\tilde{x}": "x̃",
    r"\hat{\theta}": "θ̂",
    r"\mathbb{E}\,D_{g}": "E D(g)",
    r"\mathbb{E}\,D_{g}^{2}": "E D(g)²",
    r"\mathbb{E}\left[\bar{x}_{g} \mid \text{past}\right]": "E[x̄(g) | past]",
    r"\operatorname{Var}\left[\theta_{g} \mid \text{data}\right]": "Var[θ(g) | data]",
    "X_{g}^{+}": "pinv(X_g)",
    r"(X_g Q_{g-1})^{+}": "pinv(X_g Q_g-1)",
    r"\mathbb{E}\operatorname{tr} P_g": "E tr P_g",
    r"\mathbb{E}\,\|X_{g}^{+} E_g\|^2": "E|pinv(X_g) E_g|²",
    r"\mathbb{E}\,\|(X_g Q_{g-1})^{+} E_g\|^2": "E|pinv(X_g Q_g-1) E_g|²",
    "delta": "δ",
    "theta": "θ",
    "varepsilon": "ε",
    "varrho": "ϱ",
}

set_as_they_are(PLAIN)

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
    r"\chi": "χ",
    r"\Sigma": "Σ",
    r"\hat{\psi}": "ψ̂",
    r"\pi": "π",
    r"\kappa": "κ",
    r"\psi": "ψ",
    r"\varphi": "φ",
    r"\nu": "ν",
    r"\sigma": "σ",
    r"\operatorname{tr}": "tr ",
    r"^\top": "'",
    r"^{-1}": "⁻¹",
    r"^2": "²",
    r"\,": " ",
    r"^{\top}": "'",
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
