"""Derivations as LaTeX and as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import wrap
from typing import Any, Protocol

from sympy import And, Basic, Eq, Function, MatrixBase, Ne, Sum, Symbol, oo, sstr
from sympy.core.function import AppliedUndef
from sympy.core.relational import GreaterThan, StrictLessThan

from theory.derivation.notation import PLAIN, WORDS
from theory.derivation.relation import ASYMPTOTIC, DEFINED, EQUAL, LIMIT, Relation
from theory.derivation.step import Evidence, Step
from theory.expressions.multidigamma import multidigamma
from theory.expressions.numerals import readable
from theory.latex import latex

_SIGNS = {"≤": r"\leq", "≥": r"\geq", "→": r"\longrightarrow", "~": r"\sim", ":=": ":=", "=": "=", "<": "<", ">": ">"}
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "ϱ": "varrho", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
    "Λ": "Lambda", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "Π": "Pi",
    "≤": "leq", "≥": "geq", "→": "to", "∞": "infty", "≠": "neq", "≈": "approx", "·": "cdot", "×": "times",
    "−": "-", "∈": "in", "√": "surd", "∑": "sum", "∏": "prod", "∫": "int", "⟨": "langle", "⟩": "rangle",
}  # fmt: skip
_RAISED = {"²": "^2", "³": "^3", "ᵀ": r"^{\top}", "⁻": "^{-}", "₀": "_0", "₁": "_1", "₂": "_2"}
_ESCAPED = {
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"$\sim$",
    "^": r"\^{}",
    "\\": r"\textbackslash{}",
}


class Told(Protocol):
    """What is written: steps, each with the evidence of its check."""

    @property
    def title(self) -> str:
        """What the derivation is of."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The displayed steps, in order."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """How each step was checked."""


def align(derivation: Told) -> str:
    r"""An ``align*`` environment; reasons stand between the lines, which ``\intertext`` breaks as a paragraph."""
    rows: list[str] = []
    for step, evidence in zip(derivation.steps, derivation.evidence, strict=True):
        if _is_notation(step.expression):
            continue
        reason = _sentence(step, evidence)
        line = _row(step.expression)
        if step.expression.continued and rows:
            rows[-1] += r" \\"
            rows.append(line + (rf" && \text{{({prose(_with_evidence(step.reason, evidence))})}}" if reason else ""))
            continue
        if reason:
            rows.append(rf"\intertext{{{prose(reason)}}}")
        elif rows:
            rows[-1] += r" \\"
        rows.append(line)
    return "\\begin{align*}\n" + "\n".join(rows) + "\n\\end{align*}"


def notebook(derivation: Told) -> str:
    """The same for MathJax, which has no text between lines: reasons are rows of their own."""
    rows = []
    for step, evidence in zip(derivation.steps, derivation.evidence, strict=True):
        if _is_notation(step.expression):
            continue
        reason = _sentence(step, evidence)
        if step.expression.continued:
            behind = rf" && \text{{({prose(_with_evidence(step.reason, evidence))})}}" if reason else ""
            rows.append(_row(step.expression) + behind)
            continue
        if reason:
            rows += [rf"& \text{{{prose(part)}}}" for part in _short(reason)]
        rows.append(_row(step.expression) + r"\\[4pt]")
    body = " \\\\\n".join(rows).replace("\\\\[4pt] \\\\\n", "\\\\[6pt]\n").removesuffix(r"\\[4pt]")
    return "$\\displaystyle\n\\begin{aligned}\n" + body + "\n\\end{aligned}$"


def text(derivation: Told, width: int) -> str:
    """Numbered steps for a terminal of ``width`` columns."""
    lines = [derivation.title, ""] if derivation.title else []
    pad = len(str(len(derivation.steps))) + 2
    for number, (step, evidence) in enumerate(zip(derivation.steps, derivation.evidence, strict=True), start=1):
        head = f"{number}.".ljust(pad)
        reason = _plain(_sentence(step, evidence))
        lines += wrap(reason, width, initial_indent=head, subsequent_indent=" " * pad)
        lines += wrap(
            written(step.expression),
            width,
            initial_indent=" " * (pad + 2) if reason else head + "  ",
            subsequent_indent=" " * (pad + 6),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _is_notation(relation: Relation) -> bool:
    """Whether an equality says no more than how LaTeX writes its left side."""
    return relation.sign == EQUAL and isinstance(relation.left, multidigamma) and relation.right.has(Sum)


def written(relation: Relation) -> str:
    """A relation in plain characters."""
    left, right = _string(relation.left), _string(relation.right)
    if relation.sign == DEFINED and isinstance(relation.where, Eq):
        return f"{left} = {right},  {_string(relation.where.lhs)} = {_string(relation.where.rhs)}"
    line = f"{left} {relation.sign} {right}"
    if relation.sign in (LIMIT, ASYMPTOTIC):
        line += f"  as {relation.variable} → {'∞' if relation.to == oo else relation.to}"
    notes = []
    if relation.where is not None:
        notes.append(_condition(relation.where, _string, "≤"))
    if relation.for_all:
        notes.append("for all " + ", ".join(_bounds(symbol, bounds) for symbol, bounds in relation.for_all))
    return ",  ".join([line, *notes])


def prose(reason: str) -> str:
    r"""A reason as LaTeX text: Greek letters and signs become mathematics, what stands in ``$…$`` is left alone."""
    parts = reason.split("$")
    return "".join(f"${part}$" if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _escaped(part: str) -> str:
    out = []
    for character in part:
        if character in _GREEK:
            name = _GREEK[character]
            out.append(f"${name}$" if name == "-" else rf"$\{name}$")
        elif character in _RAISED:
            out.append(f"${_RAISED[character]}$")
        else:
            out.append(_ESCAPED.get(character, character))
    return "".join(out).replace("$$", " ")


def _sentence(step: Step, evidence: Evidence) -> str:
    reason = _with_evidence(step.reason, evidence)
    if not reason:
        return ""
    # Only a lower-case word is raised: G and n are symbols.
    first = reason.split()[0].rstrip(",;")
    word = first.isalpha() and first.islower() and (len(first) > 1 or first == "a")
    capital = reason[0].upper() + reason[1:] if word else reason
    return capital if capital.endswith((".", ":", ",")) else capital + ":"


def _with_evidence(reason: str, evidence: Evidence) -> str:
    if evidence.proved:
        return reason
    return f"{reason} ({evidence.how})" if reason else evidence.how


def _short(reason: str, width: int = 110) -> list[str]:
    return wrap(reason, width) if "$" not in reason else [reason]


def _row(relation: Relation) -> str:
    left, right = _latex(relation.left), _latex(relation.right)
    sign = _SIGNS[relation.sign]
    if relation.sign == DEFINED and isinstance(relation.where, Eq):
        return rf"{left} &= {right}, \qquad {_latex(relation.where.lhs)} = {_latex(relation.where.rhs)}"
    if relation.sign == LIMIT:
        to = _latex(relation.to)
        line = rf"\lim_{{{_latex(relation.variable)} \to {to}}} {_fenced(relation.left, left)} &= {right}"
        where = "" if relation.where is None else _condition(relation.where, _latex, r"\leq")
        return rf"{line}, \qquad {where}" if where else line
    line = rf"{'' if relation.continued else left} &{sign} {right}"
    if relation.sign == ASYMPTOTIC:
        line += rf", \qquad {_latex(relation.variable)} \to {_latex(relation.to)}"
    if relation.where is not None:
        words = isinstance(relation.where, str)
        line += r", \qquad " + (
            rf"\text{{{prose(relation.where)}}}" if words else _condition(relation.where, _latex, r"\leq")
        )
    if relation.for_all:
        bounds = ",\\ ".join(_latex_bounds(symbol, bounds) for symbol, bounds in relation.for_all)
        line += rf" \qquad \text{{for all }} {bounds}"
    return line


def _condition(where: Any, write: Callable[[Any], str], at_most: str) -> str:
    """A condition; two bounds of one number as one chain, others one after another."""
    unequal = [part for part in where.args if isinstance(part, Ne)] if isinstance(where, And) else []
    if unequal:
        rest = [part for part in where.args if not isinstance(part, Ne)]
        bounded = [_condition(And(*rest, evaluate=False) if len(rest) > 1 else rest[0], write, at_most)] if rest else []
        return ", ".join([*bounded, *(_condition(part, write, at_most) for part in unequal)])
    if isinstance(where, (Eq, Ne)):
        equals = "=" if isinstance(where, Eq) else "≠" if at_most == "≤" else r"\neq"
        return f"{write(where.lhs)} {equals} {write(where.rhs)}"
    bounds = sorted(where.args, key=lambda part: isinstance(part, StrictLessThan)) if isinstance(where, And) else []
    if len(bounds) == 2 and isinstance(bounds[0], GreaterThan) and isinstance(bounds[1], StrictLessThan):
        low, high = bounds
        if low.lhs == high.lhs:
            return f"{write(low.rhs)} {at_most} {write(low.lhs)} < {write(high.rhs)}"
    return write(where)


def _fenced(value: Any, written: str) -> str:
    return rf"\left({written}\right)" if getattr(value, "is_Add", False) else written


def _bounds(symbol: Any, bounds: Any) -> str:
    if isinstance(bounds, tuple):
        return f"{bounds[0]} ≤ {symbol} < {bounds[1]}"
    return f"{symbol} ≥ {bounds}"


def _latex_bounds(symbol: Any, bounds: Any) -> str:
    if isinstance(bounds, tuple):
        return rf"{_latex(bounds[0])} \leq {_latex(symbol)} < {_latex(bounds[1])}"
    return rf"{_latex(symbol)} \geq {_latex(bounds)}"


def _latex(value: Any) -> str:
    if isinstance(value, MatrixBase):
        return _matrix(value)
    if not isinstance(value, Basic):
        return str(value)
    return latex(_indexed(value))


class _Written(Symbol):
    """A symbol whose name is LaTeX."""

    def _latex(self, printer: Any) -> str:
        return str(self.name)


def _indexed(value: Any) -> Any:
    """Sequences with their index below: r_{G−1} instead of r(G − 1)."""
    named = {
        part: _Written(rf"{latex(Symbol(part.func.__name__))}_{{{', '.join(latex(index) for index in part.args)}}}")
        for part in value.atoms(AppliedUndef)
        if all(index.is_integer for index in part.args)
    }
    return value.xreplace(named)


def _matrix(matrix: Any) -> str:
    tall = any(entry.is_Add or not entry.is_polynomial() for entry in matrix)
    between, style = (r" \\[6pt] ", r"\displaystyle ") if tall else (r" \\ ", "")
    rows = between.join(
        " & ".join(style + latex(_indexed(entry)) for entry in matrix[row, :]) for row in range(matrix.shape[0])
    )
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def _string(value: Any) -> str:
    if isinstance(value, MatrixBase):
        rows = value.tolist()
        if value.shape[1] == 1:
            return "(" + ", ".join(_string(row[0]) for row in rows) + ")"
        return "[" + ", ".join("[" + ", ".join(_string(entry) for entry in row) + "]" for row in rows) + "]"
    if isinstance(value, Basic):
        return "∞" if value == oo else sstr(readable(_spelled(value))).replace(">=", "≥").replace("<=", "≤")
    return str(value)


def _spelled(value: Any) -> Any:
    """Names that only LaTeX can write, by letters of a terminal."""
    names = {
        part: Function(PLAIN[part.func.__name__]) for part in value.atoms(AppliedUndef) if part.func.__name__ in PLAIN
    }
    for part, function in names.items():
        value = value.replace(part.func, function)
    named = {part: PLAIN[part.name] for part in value.atoms(Symbol) if part.name in PLAIN}
    return value.xreplace({part: Symbol(plain, commutative=part.is_commutative) for part, plain in named.items()})


def _plain(reason: str) -> str:
    """LaTeX between dollars, for a terminal."""

    def words(match: re.Match[str]) -> str:
        found = match.group(1)
        for name, letter in WORDS.items():
            found = found.replace(name, letter)
        return found.replace("\\", "")

    return re.sub(r"\$([^$]*)\$", words, reason)
