r"""Curated data: samples are chosen by a reward, and the next model is fitted on what was chosen.

With many candidates a choice the curated law is :math:`p\,e^{r}` over its integral; with the reward
:math:`r(x) = -(x-c)^2/(2w)` it is Gaussian when p is.
"""

from __future__ import annotations

from sympy import Symbol, cancel, expand, solve

from theory.expected import expected_risk
from theory.expressions.symbols import G
from theory.models import GaussianMean
from theory.models.bent import BiasedSampler
from theory.papers.paper import Paper, Sides
from theory.papers.symbols import centre as c
from theory.papers.symbols import n, share, sigma
from theory.papers.symbols import width as w
from theory.workflows import FreshReal, Replace

PAPER = Paper(
    title="Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences",
    authors="Ferbach, Bertrand, Bose, Gidel",
    year=2024,
    reference="arXiv:2407.09499",
)


def _curated() -> BiasedSampler:
    return BiasedSampler.curated(GaussianMean(sigma2=sigma**2), c, w)


@PAPER.states("section 2, no number known", "one round multiplies the density by e^reward, and norms it again")
def one_round() -> Sides:
    """Mean and variance of what is kept of N(θ, σ²): from the model, and from the exponent by completing the square."""
    model = _curated()
    x, theta = Symbol("x", real=True), Symbol("theta", real=True)
    exponent = expand(-((x - theta) ** 2) / (2 * sigma**2) - (x - c) ** 2 / (2 * w))
    spread = -1 / (2 * exponent.coeff(x, 2))
    kept = (model.fidelity * theta + (1 - model.fidelity) * model.target, model.dispersion * sigma**2)
    return kept, (solve(exponent.diff(x), x)[0], cancel(spread))


@PAPER.states("abstract, no number known", "the expected reward is maximised: models end where the reward is largest")
def reward() -> Sides:
    """Bias with the truth at 0, at G and in the limit; and the variance about the centre, which vanishes as n grows."""
    risk = expected_risk(_curated(), Replace())
    kept = w / (w + sigma**2)
    by_hand = (c * (1 - kept ** (G - 1)), c, kept * sigma**2 / (n * (1 - kept**2)))
    return (risk.bias.closed_form, risk.bias.limit, risk.variance.limit), by_hand


@PAPER.states(
    "section 2, no number known", "with a share of real data in each round the loop is stable, short of the maximum"
)
def real_data() -> Sides:
    """Limit of the bias with a share of fresh real data."""
    kept = w / (w + sigma**2)
    bias = expected_risk(_curated(), FreshReal(share=share)).bias
    return bias.limit, (1 - share) * (1 - kept) * c / (1 - (1 - share) * kept)
