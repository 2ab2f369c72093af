"""Formulas that a browser draws by itself: MathML from the library's LaTeX."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from sympy import Basic, Expr, oo, true

from theory.latex import latex

#: LaTeX beyond this is no formula that anybody reads on a page.
LONGEST = 1500


def mathml(text: str) -> str:
    r"""Presentation MathML of a line of LaTeX.

    >>> mathml(r"\frac{p}{n}")
    '<math displaystyle="true"><mrow><mfrac><mrow><mi>p</mi></mrow><mrow><mi>n</mi></mrow></mfrac></mrow></math>'
    """
    plain = text.replace(r"\!", "").replace(r"\displaystyle", "")
    written = convert(plain)
    return re.sub(r'<math xmlns="[^"]*" display="inline">', '<math displaystyle="true">', written)


def formula(expression: Basic | None) -> dict[str, str] | None:
    """LaTeX and MathML of an expression; None where it is not known, LaTeX alone where it is too long to be read."""
    if expression is None:
        return None
    written = latex(expression)
    if len(written) > LONGEST:
        return {"latex": written}
    return {"latex": written, "mathml": mathml(written)}


def condition(domain: Basic) -> dict[str, str] | None:
    """The condition under which every generation has a finite risk; None where it always has."""
    return None if domain == true else formula(domain)


def is_infinite(expression: Expr | None) -> bool:
    """Whether a limit or a bound is no number to draw a line at."""
    return expression in (oo, -oo)
