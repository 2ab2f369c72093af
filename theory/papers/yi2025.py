"""Verified synthetic data: what a verifier improves at first, and where it leads in the end.

The paper's verifier keeps or drops a label in linear regression; here it weighs samples of a Gaussian mean by
:math:`e^{-(x-c)^2/(2w)}`, so that what is kept is Gaussian again and everything is exact.
"""

from __future__ import annotations

from sympy import Expr, Symbol, cancel, factor, sympify

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import GaussianMean
from theory.models.bent import BiasedSampler
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import centre as c
from theory.papers.symbols import n, sigma
from theory.papers.symbols import width as w
from theory.workflows import Accumulate, Replace

PAPER = Paper(
    title="Escaping Model Collapse via Synthetic Data Verification: Near-term Improvements and Long-term Convergence",
    authors="Yi, Liu, Cheng, Xu",
    year=2025,
    reference="arXiv:2510.16657",
)

#: The share of its distance to the centre that a mean keeps in one round.
_KEPT: Expr = w / (w + sigma**2)


def _verified(centre: Expr) -> BiasedSampler:
    return BiasedSampler.verified(GaussianMean(sigma2=sigma**2), centre, w)


@PAPER.states("section 4, no number known", "iterative retraining converges to the verifier's knowledge centre")
def knowledge_centre() -> Sides:
    """Limits of the bias with the truth at 0, under replace and, derived here, under accumulate."""
    biases = [expected_risk(_verified(c), workflow).bias for workflow in (Replace(), Accumulate())]
    return tuple(bias.limit for bias in biases), (c, c)


@PAPER.states("section 4, no number known", "each round contracts towards the centre, by a factor below 1")
def contraction() -> Sides:
    """Bias at G: the centre, less what is left of the distance to it."""
    return expected_risk(_verified(c), Replace()).bias.closed_form, c * (1 - _KEPT ** (G - 1))


@PAPER.states(
    "section 3, no number known", "near-term: one round trades variance for bias, and gains if the centre is near"
)
def near_term() -> Sides:
    """Risk of model 2 without a verifier less that with one, by hand."""
    plain, verified = (expected_risk(model, Replace()).at(2) for model in (GaussianMean(sigma2=sigma**2), _verified(c)))
    by_hand = 2 * sigma**2 / n - _KEPT * (1 + _KEPT) * sigma**2 / n - (1 - _KEPT) ** 2 * c**2
    return factor(plain - verified), by_hand


@PAPER.states("abstract", "the gains plateau, and reverse unless the verifier is reliable: the bias stays")
def plateau() -> Sides:
    """Limit of the risk: a reliable verifier, centred at the truth, and any other."""
    settled = _KEPT * sigma**2 / (n * (1 - _KEPT**2))
    reliable, other = (expected_risk(_verified(centre), Replace()).limit for centre in (0 * c, c))
    return (reliable, other), (settled, c**2 + settled)


@PAPER.states(
    "derived here", "with a verifier the variance is bounded whatever its width; without one it grows for ever"
)
def variance() -> Sides:
    """Growth without a verifier; with one the limit, which is about w/(2n) for a wide one."""
    wide: Symbol = Symbol("x", positive=True)
    settled = sympify(expected_risk(_verified(c), Replace()).variance.limit).subs(w, 1 / wide)
    return (
        expected_risk(GaussianMean(sigma2=sigma**2), Replace()).growth,
        cancel(settled * wide).subs(wide, 0),
    ), (sigma**2 * G / n, 1 / (2 * n))
