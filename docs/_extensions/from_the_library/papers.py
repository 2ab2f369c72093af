"""The table of published statements, derived while the documentation is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import MatrixBase

from theory.latex import latex
from theory.papers import PAPERS, Paper

HEAD = """\
# Papers

What published theorems state, and what selfgen derives for the same question; `selfgen papers` prints it, the tests
run it. A statement is a function of `theory.papers` that returns both sides, which are compared by algebra.
"""


def page(papers: Mapping[str, Paper] = PAPERS) -> str:
    """Markdown: a section a paper, a row a statement."""
    return HEAD + "".join(_section(paper) for paper in papers.values())


def _section(paper: Paper) -> str:
    about = f"{paper.authors} ({paper.year})" + (f", {paper.reference}" if paper.reference else "")
    head = "| where | statement | derived | stated | agree |\n|---|---|---|---|---|\n"
    rows = [f"\n## {paper.title}\n\n{about}\n\n{head}"]
    for statement in paper.statements.values():
        sides = (_written(side) for side in (statement.derived, statement.stated))
        rows.append(
            f"| {statement.where} | {statement.says} | {' | '.join(sides)} | {'yes' if statement.agrees else 'no'} |\n"
        )
    return "".join(rows)


def _written(side: Any) -> str:
    if isinstance(side, tuple):
        return ",<br>".join(_written(part) for part in side)
    formula = str(side) if isinstance(side, MatrixBase) else latex(side)
    return f"`{formula}`" if isinstance(side, MatrixBase) else f"${formula}$".replace("|", r"\vert ")
