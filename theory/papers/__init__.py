"""Published theorems, each a function that returns what selfgen derives and what the paper states."""

from theory.papers import (
    alemohammad2024,
    dey2024,
    dohmatob2024,
    ferbach2024,
    garg2025,
    gerstgrasser2024,
    jangjoo2025,
    kazdan2024,
    morris1982,
    selfgen,
    shumailov2023,
    uppaal2024,
    yi2025,
)
from theory.papers.citation import citations
from theory.papers.paper import Paper, Statement, agree
from theory.risk import Risk
from theory.told import tells

#: Every paper by its short name: first author and year.
PAPERS: dict[str, Paper] = {
    module.__name__.rpartition(".")[2]: module.PAPER
    for module in (
        gerstgrasser2024,
        dey2024,
        kazdan2024,
        uppaal2024,
        morris1982,
        selfgen,
        shumailov2023,
        alemohammad2024,
        dohmatob2024,
        ferbach2024,
        jangjoo2025,
        yi2025,
        garg2025,
    )
}


@tells("cite")
def cite(risk: Risk) -> str:
    """The text behind ``Risk.cite``."""
    return citations(risk, PAPERS)


__all__ = ["PAPERS", "Paper", "Statement", "agree"]
