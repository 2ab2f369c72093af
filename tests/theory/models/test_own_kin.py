"""A user's own model or workflow is asked what it is, and treated like the built-in one that it equals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from sympy import Eq, Expr, Piecewise, S, false, oo, true

from theory import (
    Bernoulli,
    BiasedSampler,
    GaussianMean,
    LinearRegression,
    NotDerivedError,
    Poisson,
    Replace,
    expected_risk,
    j,
)
from theory.models.exponential_family import ExponentialFamily
from theory.workflows.base import Workflow

SIZES = Piecewise((S.One, Eq(j, 1)), (S.One / 4, True))


@dataclass(frozen=True)
class Voltmeter(ExponentialFamily):
    """A Gaussian mean by another name."""

    noise2: Expr | None = None
    n: Expr | None = None  # type: ignore[assignment]
    name: ClassVar[str] = "voltmeter"
    roles: ClassVar[dict[str, str]] = {"noise2": "positive", "n": "count"}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        return self.noise2, S.Zero, S.Zero  # type: ignore[return-value]

    @property
    def truth(self) -> Expr:
        return S.Zero


@dataclass(frozen=True)
class Coin(ExponentialFamily):
    """A Bernoulli by another name."""

    p: Expr | None = None
    n: Expr | None = None  # type: ignore[assignment]
    name: ClassVar[str] = "coin"
    roles: ClassVar[dict[str, str]] = {"p": "probability", "n": "count"}

    @property
    def variance_coefficients(self) -> tuple[Expr, Expr, Expr]:
        return S.Zero, S.One, S.NegativeOne

    @property
    def truth(self) -> Expr:
        return self.p  # type: ignore[return-value]


@dataclass(frozen=True)
class Leaning(Workflow):
    """Two blocks of unequal weight, of which all but the first are small: sizes from a table, and no dynamics."""

    sizes: Expr = SIZES
    name: ClassVar[str] = "leaning"

    def weights(self, g: int) -> list[Expr]:
        return [S.One] if g == 1 else [S.Zero] * (g - 2) + [S.One / 3, 2 * S.One / 3]


@pytest.mark.parametrize("make", [
    lambda model: BiasedSampler.temperature(model, 2),
    lambda model: BiasedSampler.verified(model, 1, 3),
    lambda model: BiasedSampler.curated(model, 1, 3),
    lambda model: BiasedSampler(model, "1/2", 1, dispersion=2),
])  # fmt: skip
def test_what_a_gaussian_mean_may_do_any_family_of_constant_variance_may(make) -> None:
    own, known = (expected_risk(make(model), Replace()) for model in (Voltmeter(2, 5), GaussianMean(2, 5)))
    assert [own.at(g) for g in (1, 2, 5)] == [known.at(g) for g in (1, 2, 5)]
    assert own.limit == known.limit


def test_labels_are_flipped_of_any_coin() -> None:
    assert BiasedSampler.label_flips(Coin("1/3", 4), "1/10").bend == (
        BiasedSampler.label_flips(Bernoulli("1/3", 4), "1/10").bend
    )
    with pytest.raises(NotDerivedError, match="flipped labels"):
        BiasedSampler.label_flips(Poisson(2, 4), "1/10")


def test_sizes_of_a_table_settle_whoever_wrote_them() -> None:
    """Fits from the third on have 2·12/4 = 6 rows, too few for 6 features; fewer features are no matter."""
    short = expected_risk(LinearRegression(d=6, T=12), Leaning())
    assert short.at(1).is_finite
    assert short.at(4) == oo
    assert short.domain == false
    assert expected_risk(LinearRegression(d=2, T=12), Leaning()).domain == true
