"""Mixing fresh real labels with a model's own, for interpolation beyond the number of rows."""

from __future__ import annotations

from sympy import Expr, Poly, diff, fraction, sqrt, together

from theory.design.shares import optimal_share
from theory.expected import expected_risk
from theory.models import LinearRegression
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import share
from theory.workflows import FreshReal

PAPER = Paper(
    title="Preventing Model Collapse Under Overparametrization: Optimal Mixing Ratios for Interpolation Learning and "
    "Ridge Regression",
    authors="Garg, Bhattacharya, Sur",
    year=2025,
    reference="arXiv:2509.22341",
)


@PAPER.states("abstract", "least norm: the best share of real labels is the reciprocal of the golden ratio")
def golden() -> Sides:
    """Where the limit of the risk has its minimum, for 20 features and 8 rows that are kept; and the general rule."""
    risk = expected_risk(LinearRegression(d=20, T=8, design="shared"), FreshReal(share=share))
    slope, _ = fraction(together(diff(risk.limit, share)))
    inside: list[Expr] = [root for root in Poly(slope, share).real_roots() if 0 < root < 1]
    return (*inside, optimal_share(1)), (2 / (1 + sqrt(5)), 2 / (1 + sqrt(5)))
