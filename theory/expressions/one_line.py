"""Expressions of our own in one line, wherever SymPy would set them in two dimensions."""

from __future__ import annotations

from typing import Any

from sympy.printing.pretty.stringpict import prettyForm
from sympy.printing.str import StrPrinter


def one_line(expression: Any, binding: int = prettyForm.ATOM) -> prettyForm:
    """The text of an expression for SymPy's pretty printer; ``binding`` decides where it stands in parentheses."""
    return prettyForm(expression._sympystr(StrPrinter()), binding=binding)
