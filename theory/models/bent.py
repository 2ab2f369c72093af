r"""Models around an exponential family: samplers that lean, estimators that shrink, posteriors that are drawn from.

Each states how it bends (:class:`theory.moments.bent.Bend`); every workflow then follows by composition.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Basic, Expr, S, Symbol, oo

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import Exact, exact, is_nonnegative, is_positive, shown
from theory.expressions.signs import run_of
from theory.models.around import ModelAround, require_model
from theory.models.base import Model
from theory.models.bent_regression import FlippedLabels, bounded, fits_as_means, flip_rate
from theory.models.exponential_family import Bernoulli, ExponentialFamily, GaussianMean
from theory.models.fourth import compose_fourth, enough_samples, second_moment_of
from theory.models.heated_regression import heated
from theory.models.linear_regression import LinearRegression
from theory.models.ridge_regression import RidgeRegression
from theory.moments.bent import Bend, compose_bent
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


class BentModel(ModelAround):
    """An exponential family whose sampler or estimator bends; the risk is the squared error of the mean."""

    losses: ClassVar[tuple[str, ...]] = ("squared", "fourth")
    model: ExponentialFamily
    of_biased_data: ClassVar[tuple[str, ...]] = ("squared",)

    @property
    @abstractmethod
    def bend(self) -> Bend:
        """How sampler and estimator bend, about the truth."""

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The recurrence of (E δ, E δ²), or up to E δ⁴; that of the family itself where nothing bends."""
        self._verify_power(loss)
        bend = self.bend
        if bend.straight:
            return self.model.recurrence(workflow, loss)
        return compose_fourth(workflow, bend) if loss == "fourth" else compose_bent(workflow, bend)

    def finite_variance(self, workflow: Workflow, loss: str) -> Basic:
        """A draw from a posterior has as many moments as that of its samples: four, or eight for the fourth power."""
        if not isinstance(self.model, ExponentialFamily):
            return super().finite_variance(workflow, loss)
        return enough_samples(workflow, self.bend, 8 if loss == "fourth" else 4)

    def second_moment(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """E δ⁴ or E δ⁸; None where that is not derived."""
        return second_moment_of(workflow, self.bend, loss) if isinstance(self.model, ExponentialFamily) else None

    @property
    def draws_from_mixture(self) -> bool:  # type: ignore[override]
        """Where the family does."""
        return self.model.draws_from_mixture

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the bias or of the variance."""
        if loss != "squared":
            return super().part(workflow, loss, part)
        bend = self.bend
        return self.model.part(workflow, loss, part) if bend.straight else compose_bent(workflow, bend, part)

    def _verify_power(self, loss: str) -> None:
        """A squared norm of several coordinates is not the square of one error."""
        if loss == "fourth" and not isinstance(self.model, ExponentialFamily):
            raise NotDerivedError(
                f"loss = 'fourth' of {self.model!r} is not derived: the fourth moment is that of a scalar family."
            )

    @property
    def family(self) -> ExponentialFamily:
        """The family that points are drawn from."""
        return self.model

    @property
    def n(self) -> Expr:
        """Samples in a unit block."""
        return self.model.n

    @property
    def _law(self) -> ExponentialFamily:
        """The family whose mean bends; least squares has one that its fits follow."""
        return fits_as_means(self.model) if isinstance(self.model, LinearRegression) else self.model

    @property
    def leeway(self) -> tuple[Expr, Expr]:
        """That of the family: real data do not bend."""
        return self._law.leeway

    def _verify(self, **reals: tuple[str, Any]) -> None:
        """The family, and the numbers that the constructor takes."""
        require_model(self.model)
        if not isinstance(self.model, ExponentialFamily):
            self._verify_other()
        for name, (allowed, holds) in reals.items():
            value = exact(name, getattr(self, name))
            if value.is_real is False or holds(value) is False:
                raise DomainError(f"{name} = {shown(getattr(self, name))} is not allowed: {name} must be {allowed}.")
            object.__setattr__(self, name, value)

    def _verify_other(self) -> None:
        """A model that is no exponential family: labels of a regression bend too."""
        if isinstance(self.model, LinearRegression):
            return
        raise NotDerivedError(
            f"model = {self.model!r} is neither an exponential family nor a LinearRegression: "
            f"{type(self).__name__} is derived for these."
        )

    def _verify_mean(self, name: str, value: Expr) -> None:
        low, high = self._law.mean_range
        if (value - low).is_negative or (high - value).is_negative:
            raise DomainError(
                f"{name} = {shown(value)} is no mean of {self.model.name}: give a number from {low} to {high}."
            )

    def _plain(self) -> dict[str, Expr]:
        """Variance function and sample size, as every bend has them."""
        law = self._law
        _, v1, v2 = law.variance_coefficients
        truth = law.truth
        return {
            "variance": law.variance, "slope": v1 + 2 * v2 * truth, "curvature": v2, "points": law.n,
        }  # fmt: skip


def _has_variance(model: object, coefficients: tuple[Expr, Expr, Expr]) -> bool:
    """Whether a model is an exponential family of this variance function, which tells the family (Morris)."""
    return isinstance(model, ExponentialFamily) and model.variance_coefficients == coefficients


def _is_gaussian(model: object) -> bool:
    """Whether a model is the mean of a Gaussian: a family of constant variance."""
    return isinstance(model, ExponentialFamily) and model.variance_coefficients[1:] == (S.Zero, S.Zero)


def is_real(value: Expr) -> bool | None:
    """Whether the value is a real number."""
    return value.is_real


def _mean_run(model: ExponentialFamily, mean: Expr) -> Expr | None:
    """Over what a parameter that is a mean of the family runs; None where it may be any number."""
    low, high = model.mean_range
    if high != oo and low != -oo:
        return low + (high - low) * run_of(mean, "probability")
    if low != -oo:
        return low + run_of(mean, "positive")
    return high - run_of(mean, "positive") if high != oo else None


@dataclass(frozen=True)
class BiasedSampler(BentModel):
    r"""A sampler that leans towards a target: :math:`E[\text{block mean} \mid \theta] = \tau\theta + (1 - \tau)\,m`.

    Points follow the family at that mean. One pair (τ, m) covers temperature, curation by a reward, a verifier, and
    flipped labels; see the constructors. Under replace, for −1 < τ < 1, the bias tends to m − θ_0 and the risk to

    .. math:: b^2 + \frac{V(m)}{n - \tau^2 (n + v_2)}

    exactly when :math:`\tau^2 (1 + v_2/n) < 1`; under accumulate to b², slowly, as :math:`g^{-2(1-\tau)}`.

    Parameters
    ----------
    model : an exponential family, or a LinearRegression
        What is fitted, by maximum likelihood. Labels of a regression lean too, towards those of a vector m: the bias is
        along m − w*, and ``target`` is the length of that. Exact for shared designs, and for fresh ones under replace;
        at fidelity 1, where only the noise of sampled labels is another, wherever least squares itself is derived.
    fidelity : number or expression
        τ: 1 for a faithful sampler. Every mean of the family must be taken to another: from 0 to 1 where means are
        bounded (a little beyond where the target leaves room, as in a coin that is turned over), any for a Gaussian. A
        symbol is taken to be so, and positive.
    target : number or expression
        m, a mean of the family.
    dispersion : positive number or expression, default 1
        Variance of a sampled point over that of the family at its mean; other than 1 for a Gaussian mean and for labels
        of a regression only.

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
    fidelity: Exact
    target: Exact
    dispersion: Exact = S.One
    name: ClassVar[str] = "biased-sampler"
    roles: ClassVar[dict[str, str]] = {"dispersion": "positive"}

    def __post_init__(self) -> None:
        self._verify(
            fidelity=("a real number", is_real), target=("a real number", is_real), dispersion=("positive", is_positive)
        )
        self._verify_mean("target", self.target)
        self._verify_reach()
        if self.dispersion != 1 and not _is_gaussian(self._law):
            raise DomainError(
                f"dispersion = {shown(self.dispersion)} is not allowed: a sample of {self.model.name} has the "
                "variance of its mean, and only a Gaussian may have another."
            )

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """As for every bent model; least squares says itself when its risk is finite."""
        if not isinstance(self.model, LinearRegression) or self.bend.straight:
            return super().recurrence(workflow, loss)
        self._verify_power(loss)
        if self.fidelity == 1:
            return heated(self.model, self.dispersion).recurrence(workflow, loss)
        return bounded(self.model, workflow, super().recurrence(workflow, loss))

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the bias or of the variance."""
        if isinstance(self.model, LinearRegression) and loss == "squared":
            if self.fidelity == 1:
                return heated(self.model, self.dispersion).part(workflow, loss, part)
            return bounded(self.model, workflow, compose_bent(workflow, self.bend, part))
        return super().part(workflow, loss, part)

    def _verify_reach(self) -> None:
        """A sampler takes every mean of the family to a mean of the family."""
        low, high = self._law.mean_range
        tau, lean = self.fidelity, (1 - self.fidelity) * self.target
        if low == -oo and high == oo:
            return
        if low == -oo or high == oo:
            # A half-line: scaled and pushed inwards.
            push = tau * low + lean - low if high == oo else high - tau * high - lean
            fits, allowed = not (tau.is_negative or push.is_negative), "from 0 to 1 (beyond 1 with the edge as target)"
        else:
            images = [tau * end + lean for end in (low, high)]
            fits = not any((image - low).is_negative or (high - image).is_negative for image in images)
            allowed = "from 0 to 1"
        if not fits:
            raise DomainError(
                f"fidelity = {shown(tau)} with target = {shown(self.target)} takes means out of the range of "
                f"{self.model.name}: give a number {allowed}."
            )

    def _runs(self) -> dict[str, Expr]:
        # Where means are bounded no sampler exaggerates; elsewhere τ > 1 is a case of its own.
        bounded = self._law.mean_range != (-oo, oo)
        target = _mean_run(self._law, self.target)
        fidelity = run_of(self.fidelity, "probability" if bounded else "positive")
        return {**super()._runs(), "fidelity": fidelity, **({} if target is None else {"target": target})}

    @classmethod
    def general(cls) -> dict[str, Model]:
        """Around a coin, a Gaussian mean and least squares."""
        tau, level, point = Symbol("tau", positive=True), Symbol("m", positive=True), Symbol("m", real=True)
        return {
            "a coin": cls(Bernoulli(), tau, level),
            "a Gaussian mean": cls(GaussianMean(), tau, point),
            "least squares, shared design": cls(LinearRegression(design="shared"), tau, point),  # type: ignore[arg-type]
            "least squares, fresh design": cls(LinearRegression(), tau, point),  # type: ignore[arg-type]
        }

    @property
    def bend(self) -> Bend:
        """τ, and the target about the truth."""
        return Bend(
            **self._plain(), fidelity=self.fidelity, target=self.target - self._law.truth, dispersion=self.dispersion
        )

    def ranges(self) -> dict[Symbol, Expr]:
        """Fidelities above 1 are possible where any mean is."""
        found = super().ranges()
        if isinstance(self.fidelity, Symbol) and self._law.mean_range == (-oo, oo):
            found[self.fidelity] = run_of(self.fidelity, "positive")
        return found

    @classmethod
    def temperature(cls, model: ExponentialFamily, temperature: object) -> BiasedSampler:
        r"""Points drawn about the fitted mean with variance multiplied by the temperature: a Gaussian mean keeps its
        centre, so that the fidelity is 1 and the dispersion the temperature."""
        heat = exact("temperature", temperature)
        if heat.is_positive is False or heat.is_real is False:
            raise DomainError(f"temperature = {shown(temperature)} is not allowed: temperature must be positive.")
        require_model(model)
        if isinstance(model, LinearRegression):
            return cls(model, S.One, S.Zero, heat)
        if not _is_gaussian(model):
            raise NotDerivedError(
                f"model = {model!r} under a temperature is not derived: only the Gaussian mean keeps its family."
            )
        return cls(model, S.One, model.truth, heat)

    @classmethod
    def verified(cls, model: GaussianMean, centre: object, width: object) -> BiasedSampler:
        r"""Samples kept with probability :math:`e^{-(x-c)^2/(2w)}` by a verifier of squared width w.

        What is kept of N(θ, σ²) is :math:`N(\tau\theta + (1-\tau)c,\; \tau\sigma^2)` with τ = w/(w + σ²).
        """
        require_model(model)
        if not _is_gaussian(model):
            raise NotDerivedError(f"model = {model!r} under a verifier is not derived: give a GaussianMean.")
        return cls._verified(model, "centre", centre, "width", width)

    @classmethod
    def _verified(cls, model: GaussianMean, centred: str, centre: object, wide: str, width: object) -> BiasedSampler:
        squared, target = exact(wide, width), exact(centred, centre)
        if squared.is_positive is False or squared.is_real is False:
            raise DomainError(f"{wide} = {shown(width)} is not allowed: {wide} must be positive.")
        if target.is_real is False:
            raise DomainError(f"{centred} = {shown(centre)} is not allowed: {centred} must be a real number.")
        fidelity = squared / (squared + model.variance)
        return cls(model, fidelity, target, fidelity)

    @classmethod
    def curated(cls, model: GaussianMean, reward_centre: object, reward_width: object) -> BiasedSampler:
        r"""Samples weighed by :math:`e^{\text{reward}}`, reward = −(x − c)²/(2w): the verifier's law."""
        require_model(model)
        if not _is_gaussian(model):
            raise NotDerivedError(f"model = {model!r} under a reward is not derived: give a GaussianMean.")
        return cls._verified(model, "reward_centre", reward_centre, "reward_width", reward_width)

    @classmethod
    def label_flips(cls, model: Bernoulli | LinearRegression, rate: object) -> BiasedSampler | FlippedLabels:
        """A coin whose every sampled outcome is flipped with this probability: τ = 1 − 2·rate, m = 1/2.

        Labels of a regression change their sign: see :class:`theory.models.bent_regression.FlippedLabels`.
        """
        require_model(model)
        if isinstance(model, LinearRegression):
            return FlippedLabels(model, rate)  # type: ignore[arg-type]
        if not _has_variance(model, (S.Zero, S.One, S.NegativeOne)):
            raise NotDerivedError(
                f"model = {model!r} with flipped labels is not derived: give a Bernoulli or a LinearRegression."
            )
        flips = flip_rate(rate)
        return cls(model, 1 - 2 * flips, S.Half)


class _Conjugate(BentModel):
    """A conjugate prior that counts as many samples, with this mean."""

    strength: Exact
    prior_mean: Exact

    @property
    def ridge(self) -> RidgeRegression | None:
        """For least squares with a prior N(m, σ²/κ): its posterior mean is a ridge fit about m, of penalty κ."""
        inside = self.model
        if not isinstance(inside, LinearRegression):
            return None
        return RidgeRegression(
            inside.d, inside.T, self.strength, inside.sigma2, self.prior_mean**2, inside.design, drawn=self.drawn
        )

    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """As for every bent model; as for ridge regression about the prior mean where the model inside is linear."""
        if self.ridge is None:
            return super().recurrence(workflow, loss)
        if loss != "squared":
            raise NotDerivedError(
                f"loss = {loss!r} of {self.model!r} is not derived: the fourth moment is that of a scalar family."
            )
        return self.ridge.recurrence(workflow, loss)

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the bias or of the variance."""
        return super().part(workflow, loss, part) if self.ridge is None else self.ridge.part(workflow, loss, part)

    def __post_init__(self) -> None:
        self._verify(strength=("0 or more", is_nonnegative), prior_mean=("a real number", is_real))
        self._verify_mean("prior_mean", self.prior_mean)

    @classmethod
    def general(cls) -> dict[str, Model]:
        """Around a coin, a Gaussian mean, and least squares on few rows."""
        kappa, level, point = Symbol("kappa", positive=True), Symbol("m", positive=True), Symbol("m", real=True)
        few = LinearRegression(d=2, T=5)  # type: ignore[arg-type]
        inside = {
            "a coin": (Bernoulli(), level),
            "a Gaussian mean": (GaussianMean(), point),
            "least squares, d = 2, T = 5": (few, S.One),
        }
        return {kind: cls(model, kappa, mean) for kind, (model, mean) in inside.items()}  # type: ignore[call-arg]

    @property
    def bend(self) -> Bend:
        """κ, and the prior mean about the truth."""
        return Bend(**self._plain(), strength=self.strength, prior=self.prior_mean - self.model.truth, drawn=self.drawn)

    def _runs(self) -> dict[str, Expr]:
        mean = _mean_run(self._law, self.prior_mean)
        return {**super()._runs(), **({} if mean is None else {"prior_mean": mean})}

    drawn: ClassVar[bool] = False


@dataclass(frozen=True)
class PosteriorMean(_Conjugate):
    r"""The posterior mean under a conjugate prior: :math:`(N\,\bar x + \kappa\,m)/(N + \kappa)` on N samples.

    Under replace the loop collapses to the prior; under accumulate the prior acts once, and the bias is κb/(n + κ) for
    ever.

    Parameters
    ----------
    model : an exponential family, or a LinearRegression with numbers d and T
        What is fitted.
    strength : nonnegative number or expression
        κ, the number of samples that the prior counts for; without any, at 0, the fit is by maximum likelihood.
    prior_mean : number or expression
        m; for a regression under the prior N(m, σ²/κ) the length of m − w*.

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
    strength: Exact
    prior_mean: Exact
    name: ClassVar[str] = "posterior-mean"
    roles: ClassVar[dict[str, str]] = {"strength": "positive"}


@dataclass(frozen=True)
class PosteriorSample(_Conjugate):
    r"""A draw from the posterior under a conjugate prior, which then generates the next block.

    Under accumulate, and with the real block and the latest one pooled, the law of the model given the real block
    is the posterior at every generation: the ratio is 1 for ever. Under replace it is a Gibbs sampler, whose law tends
    to the prior (laws 16 and 17 of docs/laws.md, for any Bayes model).

    Parameters
    ----------
    model : an exponential family, or a LinearRegression with numbers d and T
        What is fitted.
    strength : nonnegative number or expression
        κ, more than v2 − n, so that the posterior has a variance; at 0 the prior is flat in the mean.
    prior_mean : number or expression
        m; for a regression under the prior N(m, σ²/κ) the length of m − w*.

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
    strength: Exact
    prior_mean: Exact
    name: ClassVar[str] = "posterior-sample"
    roles: ClassVar[dict[str, str]] = {"strength": "positive"}
    drawn: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.model, LinearRegression):
            return
        curvature = self.model.variance_coefficients[2]
        if (self.model.n + self.strength - curvature).is_nonpositive:
            raise DomainError(
                f"strength = {shown(self.strength)} is too little: the posterior of {self.model.n} samples has a "
                f"variance only if strength > {curvature} - n."
            )
