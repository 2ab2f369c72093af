r"""Exponential families with quadratic variance function :math:`V(\mu) = v_0 + v_1\mu + v_2\mu^2`.

Morris (1982), *Natural exponential families with quadratic variance functions*, Ann. Statist. 10: up to
an affine map there are six. The maximum-likelihood estimate of the mean μ is the sample mean, unbiased,
with conditional variance V(θ)/n, and E V(θ_0 + δ) = V(θ_0) + v_2 E δ² whenever E δ = 0: the risk
recurrence closes, exactly, at every n.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, S, Symbol, oo, sqrt

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, is_positive, is_positive_integer, is_probability, parameter
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least
from theory.models.base import Model
from theory.models.fourth import compose_fourth, leading_fourth, second_moment_of
from theory.moments.bent import BIAS, Bend, compose_bent, nothing
from theory.moments.composition import compose
from theory.moments.higher_moments import QuadraticNoise
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class _Role:
    """What a parameter may be: the assumptions on a symbol in its place, in words, and as a test."""

    assumptions: dict[str, bool]
    allowed: str
    holds: Callable[[Expr], bool | None]


_ROLES = {
    "count": _Role({"integer": True, "positive": True}, "a whole number, 1 or more", is_positive_integer),
    "positive": _Role({"positive": True}, "positive", is_positive),
    "probability": _Role({"positive": True}, "between 0 and 1", is_probability),
    "real": _Role({"real": True}, "a real number", lambda value: value.is_real),
}

_MEAN = Symbol("mu", positive=True)


class ExponentialFamily(Model):
    r"""A natural exponential family with quadratic variance function, fitted by maximum likelihood.

    The risk is the squared error of the mean parameter μ. ``loss="fourth"`` is its square, :math:`E (\mu_G - \mu_0)^4`,
    exact at every n as well: it says how widely the squared error scatters, see ``Risk.standard_deviation``.
    ``loss="kl"`` is the Kullback–Leibler
    divergence from the truth to the fitted model, to leading order in 1/n: the expectation of its expansion, on
    the event that the fit lies inside the parameter space. Where a fit can reach the boundary (no success in n
    flips) that event has probability just below one, and the divergence itself no finite mean.

    A family declares its parameters by their ``roles``, the variance function and the truth; nothing else.

    Notes
    -----
    Morris (1982); the recurrences are derived here.

    Examples
    --------
    >>> from theory import Binomial
    >>> family = Binomial(m=2, p="1/2", n=10)
    >>> family.variance_coefficients, family.truth, family.variance, family.mean_range
    ((0, 1, -1/2), 1, 1/2, (0, 2))
    """

    losses: ClassVar[tuple[str, ...]] = ("squared", "kl", "fourth")
    of_biased_data: ClassVar[tuple[str, ...]] = ("squared",)
    #: What stands for a parameter that is left out, where that is not the symbol of its own name.
    symbols: ClassVar[dict[str, Expr]] = {}
    #: What a count counts, said when it is none.
    counted: ClassVar[dict[str, str]] = {"n": "samples"}
    n: Exact

    def __post_init__(self) -> None:
        for name, role in self.roles.items():
            kind = _ROLES[role]
            symbol = self.symbols.get(name, Symbol(name, **kind.assumptions))
            of = f"number of {self.counted[name]}," if name in self.counted else "number,"
            value = parameter(name, getattr(self, name), symbol, kind.allowed.replace("number,", of), kind.holds)
            object.__setattr__(self, name, value)

    @property
    def is_degenerate(self) -> bool:
        """Where the variance is 0."""
        return self.variance == 0

    @property
    @abstractmethod
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """(v0, v1, v2) of V(μ) = v0 + v1 μ + v2 μ²."""

    @property
    def truth(self) -> Expr:
        """μ of the real data: the parameter ``mean``, where a family does not say otherwise."""
        return self.mean  # type: ignore[attr-defined, no-any-return]

    @property
    def variance(self) -> Expr:
        """V at the truth: the variance of one real observation."""
        v0, v1, v2 = self.variance_coefficients
        return (v0 + v1 * self.truth + v2 * self.truth**2).factor()

    @property
    def draws_from_mixture(self) -> bool:  # type: ignore[override]
        """Unless every real number is a mean of the family, where V has no root: mixed means are means then."""
        return self.mean_range != (-oo, oo)

    @property
    def bend(self) -> Bend:
        """The variance function about the truth, and no bend."""
        _, v1, v2 = self.variance_coefficients
        return Bend(variance=self.variance, slope=v1 + 2 * v2 * self.truth, curvature=v2, points=self.n)

    def noise(self) -> QuadraticNoise:
        """V about the truth, V(θ_0) + V'(θ_0) δ + v_2 δ², as far as a family of this kind has it: to every order."""
        _, v1, v2 = self.variance_coefficients
        return QuadraticNoise(self.variance, v1 + 2 * v2 * self.truth, v2, self.n)

    def second_moment(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """E δ⁴ or E δ⁸ by the cumulants of the family; None for the divergence, and where that is not derived."""
        return None if loss == "kl" or workflow.biased_real else second_moment_of(workflow, self.bend, loss)

    @property
    def mean_range(self) -> tuple[Expr, Expr]:
        """The means of the family: the interval about the truth on which V is positive."""
        v0, v1, v2 = self.variance_coefficients
        if v2 == 0:
            if v1 == 0:
                return -oo, oo
            return (-v0 / v1, oo) if v1.is_negative is not True else (-oo, -v0 / v1)
        spread = v1**2 - 4 * v0 * v2
        if spread.is_negative:
            return -oo, oo
        ends = [in_lowest_terms((-v1 + side * sqrt(spread)) / (2 * v2)) for side in (-1, 1)]
        if v2.is_negative:
            return ends[1], ends[0]
        return (ends[1], oo) if (self.truth - ends[1]).is_negative is not True else (-oo, ends[0])

    @property
    def leeway(self) -> tuple[Expr, Expr]:
        """From the truth to both ends of the means."""
        low, high = self.mean_range
        return low - self.truth, high - self.truth

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """Unbiased under every workflow whose real data are: the bias is 0, the variance is the risk."""
        if loss != "squared":
            return super().part(workflow, loss, part)
        if workflow.biased_real:
            return compose_bent(workflow, self.bend, part)
        return nothing() if part == BIAS else self.recurrence(workflow, loss)

    def leading_part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The same to leading order; the bias is exact."""
        exact = self.part(workflow, loss, part)
        return exact if part == BIAS else self.leading_recurrence(workflow, loss)

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """By the noise of a block mean."""
        return ("squared", "kl")

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """r_g by the noise V(θ_0)/n and the curvature v_2/n: E V(θ_0 + δ) = V(θ_0) + v_2 E δ², exactly. KL: E
        δ²/(2V). Fourth: E δ⁴, exactly.
        """
        if loss == "fourth":
            return compose_fourth(workflow, self.bend)
        if loss == "kl":
            # KL(θ_0 ‖ θ_0 + δ) = δ²/(2V) + O(δ³), and V cancels from E δ²/V (a certain outcome has none).
            noise = S.Zero if self.variance == 0 else 1 / (2 * self.n)
            return compose(workflow, noise=noise, curvature=S.Zero, exactness="leading order")
        if workflow.biased_real:
            return compose_bent(workflow, self.bend)
        return compose(
            workflow,
            noise=self.variance / self.n,
            curvature=self.variance_coefficients[2] / self.n,
            points=self.n,
        )

    def leading_recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The same with the curvature, of higher order in 1/n, left out."""
        if loss == "kl":
            return self.recurrence(workflow, loss)
        if workflow.biased_real:
            raise NotDerivedError(f"workflow = {workflow.name} draws biased real data: one order in 1/n does not lead.")
        if loss == "fourth":
            return leading_fourth(workflow, self.bend)
        return compose(workflow, noise=self.variance / self.n, curvature=S.Zero, exactness="leading order")


@dataclass(frozen=True)
class QuadraticVariance(ExponentialFamily):
    """Any natural exponential family with V(μ) = v0 + v1 μ + v2 μ².

    Parameters
    ----------
    v0, v1, v2 : numbers or expressions
        Coefficients of the variance function.
    mean : number or expression
        True mean μ.
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), section 4.

    Examples
    --------
    >>> from theory import QuadraticVariance, Replace, expected_risk
    >>> expected_risk(QuadraticVariance(v0=0, v1=1, v2=0, mean=3, n=10), Replace()).closed_form
    3*G/10
    """

    v0: Exact = None
    v1: Exact = None
    v2: Exact = None
    mean: Exact = None
    n: Exact = None
    name: ClassVar[str] = "quadratic-variance"
    roles: ClassVar[dict[str, str]] = {"v0": "real", "v1": "real", "v2": "real", "mean": "real", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {
        name: Symbol(written, real=True)
        for name, written in (("v0", "v_0"), ("v1", "v_1"), ("v2", "v_2"), ("mean", "mu"))
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        v2: Expr = self.v2  # type: ignore[assignment]
        if v2.is_number and v2.is_negative and not (-1 / v2).is_Integer:
            raise DomainError(
                f"v2 = {v2} belongs to no exponential family: when negative, −1/v2 must be a whole number (of trials)."
            )
        variance = self.variance
        parameter(
            "V(mean)",
            variance,
            variance,
            "nonnegative: it is the variance of an observation",
            lambda value: value.is_nonnegative,
        )

    def ranges(self) -> dict[Symbol, Expr]:
        """n from 1 on; v2 from −1 on, as a negative v2 is −1/m for a whole number m of binomial trials (Morris)."""
        # Morris: a negative v2 is −1/m for a whole number m of binomial trials.
        lowest = {self.v2: at_least(S.NegativeOne)} if isinstance(self.v2, Symbol) else {}
        return {**super().ranges(), **lowest}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """(v0, v1, v2), as given."""
        return self.v0, self.v1, self.v2  # type: ignore[return-value]


@dataclass(frozen=True)
class GaussianMean(ExponentialFamily):
    """Mean of a Gaussian with known variance: V = σ².

    Parameters
    ----------
    sigma2 : positive number or expression
        Variance of one observation.
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Dey and Donoho (2024); exact at every n, derived here.

    Examples
    --------
    >>> from theory import GaussianMean, Accumulate, expected_risk
    >>> expected_risk(GaussianMean(sigma2=2, n=10), Accumulate()).closed_form
    harmonic(G, 2)/5
    """

    sigma2: Exact = None
    n: Exact = None
    name: ClassVar[str] = "gaussian-mean"
    roles: ClassVar[dict[str, str]] = {"sigma2": "positive", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"sigma2": Symbol("sigma", positive=True) ** 2}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = σ²."""
        return self.sigma2, S.Zero, S.Zero  # type: ignore[return-value]

    @property
    def truth(self) -> Expr:
        """0: the risk does not depend on it."""
        return S.Zero


@dataclass(frozen=True)
class Poisson(ExponentialFamily):
    """Poisson counts: V = μ.

    Parameters
    ----------
    rate : positive number or expression
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import Poisson, Replace, expected_risk
    >>> expected_risk(Poisson(rate=3, n=10), Replace()).closed_form
    3*G/10
    """

    rate: Exact = None
    n: Exact = None
    name: ClassVar[str] = "poisson"
    roles: ClassVar[dict[str, str]] = {"rate": "positive", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"rate": Symbol("lambda", positive=True)}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ."""
        return S.Zero, S.One, S.Zero

    @property
    def truth(self) -> Expr:
        """The rate."""
        return self.rate  # type: ignore[return-value]


@dataclass(frozen=True)
class Gamma(ExponentialFamily):
    """Gamma with known shape, fitted by its mean: V = μ²/shape.

    Parameters
    ----------
    shape, mean : positive numbers or expressions
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import Gamma, Replace, expected_risk
    >>> expected_risk(Gamma(shape=2, mean=4, n=10), Replace()).closed_form
    16*(21/20)**G - 16
    """

    shape: Exact = None
    mean: Exact = None
    n: Exact = None
    name: ClassVar[str] = "gamma"
    roles: ClassVar[dict[str, str]] = {"shape": "positive", "mean": "positive", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"shape": Symbol("alpha", positive=True), "mean": _MEAN}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ²/shape."""
        return S.Zero, S.Zero, 1 / self.shape  # type: ignore[operator]


@dataclass(frozen=True)
class Exponential(ExponentialFamily):
    """Exponential waiting times: V = μ².

    Parameters
    ----------
    mean : positive number or expression
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import Exponential, Replace, expected_risk
    >>> expected_risk(Exponential(mean=1, n=10), Replace()).closed_form
    (11/10)**G - 1
    """

    mean: Exact = None
    n: Exact = None
    name: ClassVar[str] = "exponential"
    roles: ClassVar[dict[str, str]] = {"mean": "positive", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"mean": _MEAN}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ²."""
        return S.Zero, S.Zero, S.One


@dataclass(frozen=True)
class Binomial(ExponentialFamily):
    """Binomial counts with known m, mean μ = m p: V = μ(1 − μ/m).

    Parameters
    ----------
    m : positive integer
        Trials in one observation.
    p : number or expression in [0, 1]
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import Binomial, Replace, expected_risk
    >>> expected_risk(Binomial(m=2, p="1/2", n=10), Replace()).closed_form
    1 - (19/20)**G
    """

    m: Exact = None
    p: Exact = None
    n: Exact = None
    name: ClassVar[str] = "binomial"
    roles: ClassVar[dict[str, str]] = {"m": "count", "p": "probability", "n": "count"}
    counted: ClassVar[dict[str, str]] = {"m": "trials", "n": "samples"}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ − μ²/m."""
        return S.Zero, S.One, -1 / self.m  # type: ignore[operator]

    @property
    def truth(self) -> Expr:
        """m p."""
        return self.m * self.p  # type: ignore[operator]


@dataclass(frozen=True)
class Bernoulli(ExponentialFamily):
    """Coin flips: V = p(1 − p).

    Parameters
    ----------
    p : number or expression in [0, 1]
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import Bernoulli, Replace, expected_risk
    >>> expected_risk(Bernoulli(p="1/2", n=10), Replace()).closed_form
    1/4 - (9/10)**G/4
    """

    p: Exact = None
    n: Exact = None
    name: ClassVar[str] = "bernoulli"
    roles: ClassVar[dict[str, str]] = {"p": "probability", "n": "count"}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ − μ²."""
        return S.Zero, S.One, S.NegativeOne

    @property
    def truth(self) -> Expr:
        """p."""
        return self.p  # type: ignore[return-value]


@dataclass(frozen=True)
class NegativeBinomial(ExponentialFamily):
    """Negative binomial counts with known r: V = μ + μ²/r.

    Parameters
    ----------
    r, mean : positive numbers or expressions
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import NegativeBinomial, Replace, expected_risk
    >>> expected_risk(NegativeBinomial(r=1, mean=1, n=10), Replace()).closed_form
    2*(11/10)**G - 2
    """

    r: Exact = None
    mean: Exact = None
    n: Exact = None
    name: ClassVar[str] = "negative-binomial"
    roles: ClassVar[dict[str, str]] = {"r": "positive", "mean": "positive", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"mean": _MEAN}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = μ + μ²/r."""
        return S.Zero, S.One, 1 / self.r  # type: ignore[operator]


@dataclass(frozen=True)
class HyperbolicSecant(ExponentialFamily):
    """Generalised hyperbolic secant with known r: V = r + μ²/r.

    Parameters
    ----------
    r : positive number or expression
    mean : number or expression
    n : positive integer
        Samples in a unit block.

    Notes
    -----
    Morris (1982), table 1; the risk is derived here.

    Examples
    --------
    >>> from theory import HyperbolicSecant, Replace, expected_risk
    >>> expected_risk(HyperbolicSecant(r=1, mean=0, n=10), Replace()).closed_form
    (11/10)**G - 1
    """

    r: Exact = None
    mean: Exact = None
    n: Exact = None
    name: ClassVar[str] = "hyperbolic-secant"
    roles: ClassVar[dict[str, str]] = {"r": "positive", "mean": "real", "n": "count"}
    symbols: ClassVar[dict[str, Expr]] = {"mean": Symbol("mu", real=True)}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        """V = r + μ²/r."""
        return self.r, S.Zero, 1 / self.r  # type: ignore[operator, return-value]
