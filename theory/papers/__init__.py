"""Published theorems, each a function that returns what selfgen derives and what the paper states."""

from theory.papers import dey2024, gerstgrasser2024, kazdan2024, morris1982, selfgen, uppaal2024
from theory.papers.paper import Paper, Statement, agree

#: Every paper by its short name: first author and year.
PAPERS: dict[str, Paper] = {
    module.__name__.rpartition(".")[2]: module.PAPER
    for module in (gerstgrasser2024, dey2024, kazdan2024, uppaal2024, morris1982, selfgen)
}

__all__ = ["PAPERS", "Paper", "Statement", "agree"]
