"""Broken formulas: put together again they are the formula, and each line fits where it can be broken at all."""

from __future__ import annotations

import re

import pytest
from sympy import Add, Function, Rational, Symbol, gamma, symbols, sympify
from sympy.printing.latex import LatexPrinter

from theory import Accumulate, Bernoulli, DomainError, GaussianFit, LinearRegression, Poisson, Replace, expected_risk
from theory.latex import latex
from theory.typesetting.lines import lines_of
from theory.typesetting.widths import typeset_width

a, b, c, n, G = symbols("a b c n G", positive=True)
FORMULAS = {
    "sum": a + b - c + a * b,
    "product": (a + b) * (c - a) * (n + 1) ** 3 / n,
    "fraction": (a + b * c - n) / ((c - a) * (n + b) ** 2),
    "minus": -((a - b) * (c + n * a - 2)) / (n - 1),
    "power": (a + b + c) ** (-n) * (a - 1),
    "functions": 1 - Rational(35, 156) * gamma(a + b) * gamma(a - b) * (a**n - b) / gamma(c) ** 2,
    "negative factor": (a**2 * b - 1) * gamma(a + n) * (1 - b) ** n,
    "nested": a * (1 - b * (c + n * (a - b))) + (1 - a) * (b - c),
}


class _Plain(LatexPrinter):
    """Arithmetic in the place of LaTeX: sums as they are, everything else in parentheses, a minus in front."""

    def doprint(self, expression):
        if isinstance(expression, Add):
            return str(expression)
        if expression.could_extract_minus_sign():
            return f"- ({-expression})"
        return f"({expression})"


def put_together(lines):
    text = " ".join(lines)
    for latex_word, word in ((r"\Bigl(", "("), (r"\Bigr)", ")"), (r"\left(", "("), (r"\right)", ")"), (r"\times", "*")):
        text = text.replace(latex_word, word)
    text = text.replace("^{", "**(").replace("}", ")")
    return sympify(
        re.sub(r"\)\s*\(", ")*(", re.sub(r"(gamma)\*?\(", r"\1(", text)), locals={str(s): s for s in (a, b, c, n, G)}
    )


@pytest.mark.parametrize("width", [4, 8, 14, 30])
@pytest.mark.parametrize("name", FORMULAS)
def test_lines_put_together_are_the_formula(name, width):
    lines = lines_of(FORMULAS[name], width, width, _Plain())
    assert (put_together(lines) - FORMULAS[name]).equals(0), lines


@pytest.mark.parametrize("width", [20, 28, 36])
def test_lines_fit(width):
    f = Function("f")
    long = sum((-1) ** k * Symbol(f"x_{k}") * f(Symbol(f"y_{k}")) for k in range(12)) * (a - b) / (n + 1)
    lines = lines_of(long, width, width, LatexPrinter())
    assert len(lines) > 1
    assert max(map(typeset_width, lines)) <= width


@pytest.mark.parametrize("width", [20, 25, 34])
@pytest.mark.parametrize(
    "risk",
    [
        expected_risk(LinearRegression(), Accumulate()),
        expected_risk(Bernoulli(), Accumulate()),
        expected_risk(GaussianFit(d=1), Accumulate(), "kl"),
    ],
    ids=lambda risk: risk.model.name,
)
def test_theorems_in_lines(risk, width):
    text = risk.latex(width=width)
    assert text.startswith("\\begin{split}\n")
    assert text.endswith("\n\\end{split}")
    rows = text.split("\n")[1:-1]
    columns = [row.removesuffix(r" \\").partition("&")[::2] for row in rows]
    assert max(typeset_width(left) for left, _ in columns) + max(typeset_width(right) for _, right in columns) <= width
    # The same symbols as in one line, none lost.
    plain = risk.latex()
    assert {*re.findall(r"\\[a-zA-Z]+", plain)} - {r"\begin", r"\end", r"\left", r"\right", r"\frac"} <= {
        *re.findall(r"\\[a-zA-Z]+", text)
    }


def test_widths_refused_and_wide_ones_change_nothing():
    risk = expected_risk(Bernoulli(), Replace())
    wide = risk.latex(width=500)
    assert wide.replace("split", "aligned") == risk.latex()
    with pytest.raises(DomainError, match="width = 3 is not allowed: give the width of the text in em, 15 or more"):
        risk.latex(width=3)
    with pytest.raises(DomainError, match="amsfonts = 'no'"):
        risk.latex(amsfonts="no")


@pytest.mark.parametrize(
    ("name", "set_as"),
    [
        ("lambda", r"\lambda"),
        ("v_0", "v_{0}"),
        ("w_*", "w_{*}"),
        (r"\delta_{G - 1}", r"\delta_{G - 1}"),
        (r"X^{\top}", r"X^{\top}"),
        (r"\hat{\theta}^2", r"\hat{\theta}^2"),
        (r"\delta_{\input{x}}", r"\text{\textbackslash{}delta\_\{\textbackslash{}input\{x\}\}}"),
        ("100 % real", r"\text{100 \% real}"),
        ("ϱ", r"\varrho"),
        ("x&y", r"\text{x\&y}"),
        (r"\input{x}", r"\text{\textbackslash{}input\{x\}}"),
        ("数", r"\text{u6570}"),
        ("a$b", r"\text{a\$b}"),
    ],
)
def test_any_name_can_be_set(name, set_as):
    assert latex(Symbol(name)) == set_as
    if name != "lambda":
        rate = Symbol(name, positive=True)
        assert set_as in expected_risk(Poisson(rate=rate, n=9), Replace()).latex()
