r"""Gaussian fits on the newest block alone: from the Wishart law of the covariance to the recurrence of a loss.

The expected inverse, logarithm of the determinant and, in one dimension, root of a Wishart matrix are moments of χ²
(:mod:`theory.derivation.arguments.matrices`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from sympy import Expr, Matrix, Rational, S, Symbol, expand_func, eye, log, ones

from theory.derivation.arguments.matrices import (
    chi_square_moment,
    log_chi_square,
    rational_matrix,
    same,
    verify_residuals,
)
from theory.derivation.checks import equal
from theory.derivation.notation import shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Check, Evidence, Step
from theory.models.effective_size import newest_block_only
from theory.models.gaussian.inverse_wishart import WishartChain
from theory.models.gaussian_fit import GaussianFit
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LinearDynamics

#: Dimensions in which a formula for any dimension is put to the test.
DIMENSIONS = (1, 2, 3)


def _expected(inside: str) -> Symbol:
    return Symbol(rf"\mathbb{{E}}\left[{inside}\right]")


_covariance = (Symbol(r"\mathbb{E}\left[\Sigma_g \mid \text{past}\right]"), Symbol(r"\Sigma_{g-1}"))
_trace = _expected(r"\operatorname{tr}\Sigma_{g}^{-1}"), _expected(r"\operatorname{tr}\Sigma_{g-1}^{-1}")
_form = _expected(r"\mu_{g}^{\top}\Sigma_{g}^{-1}\mu_g"), _expected(r"\mu_{g-1}^{\top}\Sigma_{g-1}^{-1}\mu_{g-1}")
_volume = _expected(r"\log\det\Sigma_g"), _expected(r"\log\det\Sigma_{g-1}")
_root = _expected(r"\sigma_g"), _expected(r"\sigma_{g-1}")
_variance = _expected(r"\sigma_{g}^{2}"), _expected(r"\sigma_{g-1}^{2}")
_mean = _expected(r"\mu_{g}^{2}"), _expected(r"\mu_{g-1}^{2}")
_divergence = _expected(r"\mathrm{KL}(N_0 \,\|\, N_g)")
_distance = _expected(r"W_2^2(N_0, N_g)")


def steps(
    model: GaussianFit, workflow: Workflow, loss: str, recurrence: Any, g: Symbol
) -> tuple[list[Step], str | None]:
    """From the law of the fit to the recurrence, and what its moments are; nothing for other fits and losses."""
    dynamics = workflow.dynamics()
    newest = isinstance(dynamics, LinearDynamics) and newest_block_only(dynamics)
    if not newest or loss not in _LOSSES or recurrence.exactness != "exact":
        return [], None
    n, d = model.parameters["n"], model.parameters["d"]
    points = shown(n * workflow.size(recurrence.as_moments().symbol), g)
    chain = WishartChain(d, points, points - 1 if model.unbiased else points)
    build, what = _LOSSES[loss]
    law = Step(
        Relation(_covariance[0], EQUAL, chain.freedom / chain.divisor * _covariance[1]),
        f"under {workflow.name} model $g$ is fitted on block $g$ alone: given the past its mean is Gaussian around "
        "$\\mu_{g-1}$, and independent of its covariance, a Wishart matrix around $\\Sigma_{g-1}$ over its divisor",
        Law(chain),
    )
    built = build(chain)
    # What is displayed of one generation, applied from the truth on, gives the risks of the recurrence.
    rules = tuple((step.expression.left, step.expression.right) for step in built)
    last = built[-1]
    return [law, *built[:-1], replace(last, check=Applied(last.check, rules, d, recurrence, g))], what


def _kullback_leibler(chain: WishartChain) -> list[Step]:
    d, q = chain.dimension, chain.inflation
    return [
        Step(
            Relation(_divergence, EQUAL, (_trace[0] - d + _form[0] + _volume[0]) / 2),
            "the loss is the expected logarithm of the ratio of the densities",
            DensityRatio(d),
        ),
        Step(
            Relation(_trace[0], EQUAL, q * _trace[1]),
            "each diagonal entry of the inverse of a Wishart matrix is one over $\\chi^2$, with as many degrees of "
            "freedom as the matrix less $d - 1$",
            Inverse(chain, S.Zero),
        ),
        Step(
            Relation(_form[0], EQUAL, q * (_form[1] + d / chain.points)),
            "likewise, the mean being independent of the covariance",
            Inverse(chain, d / chain.points),
        ),
        *_log_determinant(chain),
    ]


def _log_determinant(chain: WishartChain) -> list[Step]:
    return [
        Step(
            Relation(_volume[0], EQUAL, _volume[1] + chain.log_determinant),
            "the determinant of a Wishart matrix is a product of independent $\\chi^2$, each with one degree of "
            "freedom less than the one before",
            LogDeterminant(chain),
        )
    ]


def _wasserstein(chain: WishartChain) -> list[Step]:
    shrink = chain.freedom / chain.divisor
    return [
        Step(
            Relation(_distance, EQUAL, _mean[0] + _variance[0] - 2 * _root[0] + 1),
            "the best transport between Gaussians is linear, and costs $\\mu_g^2 + (\\sigma_g - 1)^2$",
            Transport(),
        ),
        Step(
            Relation(_mean[0], EQUAL, _mean[1] + _variance[1] / chain.points),
            "the mean moves by the noise of a block mean",
            Moved(chain),
        ),
        Step(Relation(_variance[0], EQUAL, shrink * _variance[1]), "the variance is $\\chi^2$", Chi(chain, S.One)),
        Step(Relation(_root[0], EQUAL, chain.deviation * _root[1]), "and its root is $\\chi$", Chi(chain, S.Half)),
    ]


_LOSSES: dict[str, tuple[Callable[[WishartChain], list[Step]], str]] = {
    "kl": (
        _kullback_leibler,
        "so the moments $m_1 = \\mathbb{E}\\,\\operatorname{tr}\\Sigma_g^{-1}$ and "
        "$m_2 = \\mathbb{E}\\,\\mu_g^\\top\\Sigma_g^{-1}\\mu_g$ obey",
    ),
    "log-determinant": (_log_determinant, "so the expected logarithm of the determinant obeys"),
    "wasserstein": (
        _wasserstein,
        "so the moments $m_1 = \\mathbb{E}\\,\\mu_g^2$, $m_2 = \\mathbb{E}\\,\\sigma_g^2$ and "
        "$m_3 = \\mathbb{E}\\,\\sigma_g$ obey",
    ),
}


# -- checks ----------------------------------------------------------------------------------------------------------


def corners(dimension: int) -> Iterator[Matrix]:
    """The points ±1 in every coordinate: their average of a quadratic function is that of a standard Gaussian."""
    for signs in product((1, -1), repeat=dimension):
        yield Matrix(signs)


def _covariance_of(dimension: int) -> tuple[Matrix, Matrix]:
    """A root L and LLᵀ, in rational numbers."""
    root = rational_matrix(dimension, dimension, seed=30 + dimension) + 7 * eye(dimension)
    return root, root * root.T


@dataclass(frozen=True)
class Applied:
    """A check of the last rule, and that all of them applied from the truth on give the risks of the recurrence."""

    check: Check
    rules: tuple[tuple[Expr, Expr], ...]
    dimension: Expr
    recurrence: Any
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        evidence = self.check(relation)
        rules = dict(self.rules)
        rules[relation.left] = relation.right
        pairs = (_trace, _form, _volume, _root, _variance, _mean)
        values = dict(zip([before for _, before in pairs], [self.dimension, 0, 0, 1, 1, 0], strict=True))
        loss = next((rules[name] for name in (_divergence, _distance) if name in rules), _volume[0])
        for generation in (1, 2):
            reached = {now: rules[now].subs(values).subs(self.g, generation) for now, _ in pairs if now in rules}
            equal(loss.subs(reached), self.recurrence.at(generation))
            values |= {before: reached[now] for now, before in pairs if now in reached}
        return evidence


@dataclass(frozen=True)
class Law:
    """The mean of a Wishart matrix over its divisor: the degrees of freedom are the trace of centring."""

    chain: WishartChain

    def __call__(self, relation: Relation) -> Evidence:
        for count in (2, 3, 5):
            centring = eye(count) - ones(count, count) / count
            same(centring * centring, centring, "centring twice")
            same(centring.trace(), count - 1, "the degrees of freedom")
        equal(relation.right, (self.chain.points - 1) / self.chain.divisor * _covariance[1])
        return Evidence("the trace of centring, in rational numbers")


@dataclass(frozen=True)
class DensityRatio:
    """The right side is the mean of log N_0 − log N_g under N_0, a quadratic function averaged exactly."""

    dimension: Expr

    def __call__(self, relation: Relation) -> Evidence:
        for d in DIMENSIONS:
            _, sigma = _covariance_of(d)
            mu, inverse = rational_matrix(d, 1, seed=40 + d), sigma.inv()
            forms = [((x - mu).T * inverse * (x - mu) - x.T * x)[0] for x in corners(d)]
            at = {_trace[0]: inverse.trace(), _form[0]: (mu.T * inverse * mu)[0]}
            offset = relation.right.subs(at) - (_volume[0] + sum(forms, S.Zero) / len(forms)) / 2
            equal(offset + (self.dimension - d) / 2, S.Zero)
        return Evidence("exact averages over Gaussians of rational parameters, in 1 to 3 dimensions")


@dataclass(frozen=True)
class Inverse:
    """The right side multiplies what was there, and what a block mean adds to it, by the divisor times E 1/χ²."""

    chain: WishartChain
    added: Expr

    def __call__(self, relation: Relation) -> Evidence:
        verify_residuals()
        for d in DIMENSIONS:
            root, sigma = _covariance_of(d)
            mu, inverse = rational_matrix(d, 1, seed=40 + d), sigma.inv()
            forms = [((mu + root * x / 2).T * inverse * (mu + root * x / 2))[0] for x in corners(d)]
            same(sum(forms, S.Zero) / len(forms), (mu.T * inverse * mu)[0] + Rational(d, 4), "a quadratic form")
        chain = self.chain
        moment = chi_square_moment(S.NegativeOne, chain.freedom - chain.dimension + 1)
        before = _form[1] if relation.left == _form[0] else _trace[1]
        equal(relation.right, chain.divisor * moment * (before + self.added))
        return Evidence("χ² residuals and quadratic forms in rational numbers, E 1/χ² by its integral, and algebra")


@dataclass(frozen=True)
class LogDeterminant:
    """The right side adds E log χ² of falling degrees of freedom, in some dimensions."""

    chain: WishartChain

    def __call__(self, relation: Relation) -> Evidence:
        verify_residuals()
        d, chain = self.chain.dimension, self.chain
        for dimension in DIMENSIONS if d.is_Symbol else (int(d),):
            total = sum((log_chi_square(chain.freedom - index) for index in range(dimension)), S.Zero)
            added = expand_func(
                (relation.right - _volume[1]).subs(d, dimension) if d.is_Symbol else relation.right - _volume[1]
            )
            equal(added, total - dimension * log(chain.divisor))
        return Evidence("χ² residuals in rational numbers, and E log χ² by its integral")


@dataclass(frozen=True)
class Transport:
    """The right side is the mean cost of the linear map, a quadratic function averaged exactly."""

    def __call__(self, relation: Relation) -> Evidence:
        mu, sigma = Rational(3, 7), Rational(5, 4)
        costs = [(z - mu - sigma * z) ** 2 for z in (1, -1)]
        at = {_mean[0]: mu**2, _variance[0]: sigma**2, _root[0]: sigma}
        equal(relation.right.subs(at), sum(costs, S.Zero) / 2)
        return Evidence("an exact average over a Gaussian of rational parameters")


@dataclass(frozen=True)
class Moved:
    """The right side is the mean square of a mean moved by independent noise."""

    chain: WishartChain

    def __call__(self, relation: Relation) -> Evidence:
        mu, sigma = Rational(3, 7), Rational(5, 4)
        # Noise of standard deviation σ/2: four points in a block.
        squares = [(mu + sigma * z / 2) ** 2 for z in (1, -1)]
        same(sum(squares, S.Zero) / 2, mu**2 + sigma**2 / 4, "the mean square")
        equal(relation.right, _mean[1] + _variance[1] / self.chain.points)
        return Evidence("an exact average over a Gaussian of rational parameters, and algebra")


@dataclass(frozen=True)
class Chi:
    """The right side is multiplied by E (χ²/c)^power."""

    chain: WishartChain
    power: Expr

    def __call__(self, relation: Relation) -> Evidence:
        before = _variance[1] if self.power == 1 else _root[1]
        moment = chi_square_moment(self.power, self.chain.freedom) / self.chain.divisor**self.power
        equal(relation.right, moment * before)
        return Evidence("a moment of χ² by its integral, and algebra")
