r"""Models around an exponential family: samplers that lean, estimators that shrink, posteriors that are drawn from.

Each states how it bends (:class:`theory.moments.bent.Bend`); every workflow then follows by composition.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sympy import Expr, S, Symbol, oo

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import exact, is_positive
from theory.expressions.signs import range_of
from theory.models.base import Model
from theory.models.exponential_family import Bernoulli, ExponentialFamily, GaussianMean
from theory.moments.bent import Bend, compose_bent
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


class BentModel(Model):
    """An exponential family whose sampler or estimator bends; the risk is the squared error of the mean."""

    model: ExponentialFamily

    @property
    @abstractmethod
    def bend(self) -> Bend:
        """How sampler and estimator bend, about the truth."""

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The recurrence of (E δ, E δ²)."""
        return compose_bent(workflow, self.bend)

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the bias or of the variance."""
        return compose_bent(workflow, self.bend, part)

    @property
    def family(self) -> ExponentialFamily:
        """The family that points are drawn from."""
        return self.model

    @property
    def n(self) -> Expr:
        """Samples in a unit block."""
        return self.model.n

    def _verify(self, **reals: tuple[str, Any]) -> None:
        """The family, and the numbers that the constructor takes."""
        if not isinstance(self.model, ExponentialFamily):
            raise NotDerivedError(
                f"model = {self.model!r} is not an exponential family: {type(self).__name__} is derived for these."
            )
        for name, (allowed, holds) in reals.items():
            value = exact(name, getattr(self, name))
            if value.is_real is False or holds(value) is False:
                raise DomainError(f"{name} = {getattr(self, name)} is not allowed: {name} must be {allowed}.")
            object.__setattr__(self, name, value)

    def _verify_mean(self, name: str, value: Expr) -> None:
        low, high = self.model.mean_range
        if (value - low).is_negative or (high - value).is_negative:
            raise DomainError(f"{name} = {value} is no mean of {self.model.name}: give a number from {low} to {high}.")

    def _plain(self) -> dict[str, Expr]:
        """Variance function and sample size, as every bend has them."""
        _, v1, v2 = self.model.variance_coefficients
        truth = self.model.truth
        return {
            "variance": self.model.variance, "slope": v1 + 2 * v2 * truth, "curvature": v2, "points": self.model.n,
        }  # fmt: skip

    def ranges(self) -> dict[Symbol, Expr]:
        """Those of the family, and of the symbols that the bend adds."""
        own = {getattr(self, name): range_of(role) for name, role in self.roles.items()}
        return {**self.model.ranges(), **{symbol: run for symbol, run in own.items() if isinstance(symbol, Symbol)}}

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in the family's parameters and its own."""
        return super().free_symbols | self.model.free_symbols

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """With symbols replaced, in the family too."""
        own = {
            name: value.subs(*args, **kwargs)
            for name, value in self.parameters.items()
            if isinstance(value, (Expr, Model))
        }
        return type(self)(**{**self.parameters, **own})


def is_real(value: Expr) -> bool | None:
    """Whether the value is a real number."""
    return value.is_real


@dataclass(frozen=True)
class BiasedSampler(BentModel):
    r"""A sampler that leans towards a target: :math:`E[\text{block mean} \mid \theta] = \tau\theta + (1 - \tau)\,m`.

    Points follow the family at that mean. One pair (τ, m) covers temperature, curation by a reward, a verifier, and
    flipped labels; see the constructors. Under replace the bias tends to m − θ_0 and the risk to

    .. math:: b^2 + \frac{V(m)}{n - \tau^2 (n + v_2)}

    exactly when :math:`\tau^2 (1 + v_2/n) < 1`; under accumulate to b², slowly, as :math:`g^{-2(1-\tau)}`.

    Parameters
    ----------
    model : an exponential family
        What is fitted, by maximum likelihood.
    fidelity : number or expression
        τ: 1 for a faithful sampler. From 0 to 1 where the family's means are bounded on a side.
    target : number or expression
        m, a mean of the family.
    dispersion : positive number or expression, default 1
        Variance of a sampled point over that of the family at its mean; other than 1 for the Gaussian mean only.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Bernoulli, Replace, expected_risk
    >>> from theory.models.bent import BiasedSampler
    >>> risk = expected_risk(BiasedSampler(Bernoulli(p="1/3", n=4), fidelity="9/10", target="1/2"), Replace())
    >>> risk.limit, risk.bias.limit
    (1057/5652, 1/6)
    """

    model: ExponentialFamily
    fidelity: Expr
    target: Expr
    dispersion: Expr = S.One
    name: ClassVar[str] = "biased-sampler"
    roles: ClassVar[dict[str, str]] = {"fidelity": "probability", "dispersion": "positive"}

    def __post_init__(self) -> None:
        self._verify(
            fidelity=("a real number", is_real), target=("a real number", is_real), dispersion=("positive", is_positive)
        )
        self._verify_mean("target", self.target)
        low, high = self.model.mean_range
        if (low, high) != (-oo, oo) and (self.fidelity.is_negative or (1 - self.fidelity).is_negative):
            raise DomainError(
                f"fidelity = {self.fidelity} takes means out of the range of {self.model.name}: give a number from "
                "0 to 1."
            )
        if self.dispersion != 1 and not isinstance(self.model, GaussianMean):
            raise DomainError(
                f"dispersion = {self.dispersion} is not allowed: a sample of {self.model.name} has the variance of its "
                "mean, and only a Gaussian may have another."
            )

    @property
    def bend(self) -> Bend:
        """τ, and the target about the truth."""
        return Bend(
            **self._plain(), fidelity=self.fidelity, target=self.target - self.model.truth, dispersion=self.dispersion
        )

    def ranges(self) -> dict[Symbol, Expr]:
        """Fidelities above 1 are possible where any mean is."""
        found = super().ranges()
        if isinstance(self.fidelity, Symbol) and self.model.mean_range == (-oo, oo):
            found[self.fidelity] = range_of("positive")
        return found

    @classmethod
    def temperature(cls, model: ExponentialFamily, temperature: object) -> BiasedSampler:
        r"""Points drawn about the fitted mean with variance multiplied by the temperature: a Gaussian mean keeps its
        centre, so that the fidelity is 1 and the dispersion the temperature."""
        heat = exact("temperature", temperature)
        if heat.is_positive is False:
            raise DomainError(f"temperature = {temperature} is not allowed: it must be positive.")
        if not isinstance(model, GaussianMean):
            raise NotDerivedError(
                f"model = {model!r} under a temperature is not derived: only the Gaussian mean keeps its family."
            )
        return cls(model, S.One, model.truth, heat)

    @classmethod
    def verified(cls, model: GaussianMean, centre: object, width: object) -> BiasedSampler:
        r"""Samples kept with probability :math:`e^{-(x-c)^2/(2w)}` by a verifier of squared width w.

        What is kept of N(θ, σ²) is :math:`N(\tau\theta + (1-\tau)c,\; \tau\sigma^2)` with τ = w/(w + σ²).
        """
        if not isinstance(model, GaussianMean):
            raise NotDerivedError(f"model = {model!r} under a verifier is not derived: give a GaussianMean.")
        squared = exact("width", width)
        if squared.is_positive is False:
            raise DomainError(f"width = {width} is not allowed: it must be positive.")
        fidelity = squared / (squared + model.variance)
        return cls(model, fidelity, exact("centre", centre), fidelity)

    @classmethod
    def curated(cls, model: GaussianMean, reward_centre: object, reward_width: object) -> BiasedSampler:
        """Samples weighed by the exponential of a quadratic reward about its centre: the verifier's law."""
        return cls.verified(model, reward_centre, reward_width)

    @classmethod
    def label_flips(cls, model: Bernoulli, rate: object) -> BiasedSampler:
        """A coin whose every sampled outcome is flipped with this probability: τ = 1 − 2·rate, m = 1/2."""
        if not isinstance(model, Bernoulli):
            raise NotDerivedError(f"model = {model!r} with flipped labels is not derived: give a Bernoulli.")
        flips = exact("rate", rate)
        if flips.is_negative or (S.Half - flips).is_negative:
            raise DomainError(f"rate = {rate} is not allowed: flips must be from 0 to 1/2.")
        return cls(model, 1 - 2 * flips, S.Half)


class _Conjugate(BentModel):
    """A conjugate prior that counts as many samples, with this mean."""

    strength: Expr
    prior_mean: Expr

    def __post_init__(self) -> None:
        self._verify(strength=("positive", is_positive), prior_mean=("a real number", is_real))
        self._verify_mean("prior_mean", self.prior_mean)

    @property
    def bend(self) -> Bend:
        """κ, and the prior mean about the truth."""
        return Bend(**self._plain(), strength=self.strength, prior=self.prior_mean - self.model.truth, drawn=self.drawn)

    drawn: ClassVar[bool] = False


@dataclass(frozen=True)
class PosteriorMean(_Conjugate):
    r"""The posterior mean under a conjugate prior: :math:`(N\,\bar x + \kappa\,m)/(N + \kappa)` on N samples.

    Under replace the loop collapses to the prior; under accumulate the prior acts once, and the bias is κb/(n + κ) for
    ever.

    Parameters
    ----------
    model : an exponential family
    strength : positive number or expression
        κ, the number of samples that the prior counts for.
    prior_mean : number or expression
        m.

    Notes
    -----
    Diaconis and Ylvisaker (1979) for conjugate priors; the risk is derived here.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, Replace, expected_risk
    >>> from theory.models.bent import PosteriorMean
    >>> coin = PosteriorMean(Bernoulli(p="1/3", n=4), strength=2, prior_mean="3/4")
    >>> expected_risk(coin, Replace()).limit, expected_risk(coin, Accumulate()).at(5)
    (59/288, 118511/1920996)
    """

    model: ExponentialFamily
    strength: Expr
    prior_mean: Expr
    name: ClassVar[str] = "posterior-mean"
    roles: ClassVar[dict[str, str]] = {"strength": "positive"}


@dataclass(frozen=True)
class PosteriorSample(_Conjugate):
    r"""A draw from the posterior under a conjugate prior, which then generates the next block.

    Under accumulate the law of the model given the real block is the posterior at every generation: the ratio is 1 for
    ever. Under replace it is a Gibbs sampler, whose law tends to the prior.

    Parameters
    ----------
    model : an exponential family
    strength : positive number or expression
        κ, more than v2 − n, so that the posterior has a variance.
    prior_mean : number or expression
        m.

    Notes
    -----
    Derived here.

    Examples
    --------
    >>> from theory import Accumulate, Bernoulli, expected_risk
    >>> from theory.models.bent import PosteriorSample
    >>> risk = expected_risk(PosteriorSample(Bernoulli(p="1/3", n=4), strength=2, prior_mean="3/4"), Accumulate())
    >>> risk.at(1), risk.at(30)
    (115/1512, 115/1512)
    """

    model: ExponentialFamily
    strength: Expr
    prior_mean: Expr
    name: ClassVar[str] = "posterior-sample"
    roles: ClassVar[dict[str, str]] = {"strength": "positive"}
    drawn: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        curvature = self.model.variance_coefficients[2]
        if (self.model.n + self.strength - curvature).is_nonpositive:
            raise DomainError(
                f"strength = {self.strength} is too little: the posterior of {self.model.n} samples has a variance "
                f"only if strength > {curvature} - n."
            )
