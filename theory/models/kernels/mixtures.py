r"""Gaussian mixtures: truths whose every overlap with a Gaussian is a Gaussian integral.

For the mixture :math:`p_0 = \sum_a w_a N(\mu_a, v_a I_d)`

.. math:: |\varphi_0(t)|^2 = \sum_{a,b} w_a w_b\, e^{-(v_a+v_b)|t|^2/2} \cos\bigl(t\cdot(\mu_a-\mu_b)\bigr),
   \qquad (2\pi)^{-d}\int e^{-s|t|^2/2}\cos(t\cdot\Delta)\,dt = (2\pi s)^{-d/2} e^{-|\Delta|^2/(2s)},

so that :math:`|\varphi_0|^2` is all that an integrated squared error ever needs of the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sympy import Basic, Expr, Integer, S, Tuple, exp, pi, simplify

from theory.errors import DomainError
from theory.expressions.arguments import exact, is_positive, listed, parameter


@dataclass(frozen=True)
class Overlap:
    """One term weight · exp(−variance·|t|²/2) · cos(t·Δ) of |φ_0(t)|², |Δ|² = ``distance``."""

    weight: Expr
    variance: Expr
    distance: Expr


def gaussian_density(variance: Expr, distance: Expr, d: Expr) -> Expr:
    r"""Density of :math:`N(0, \text{variance}\cdot I_d)` at a point of squared norm ``distance``."""
    height = (2 * pi * variance) ** (-d / S(2))
    return height if distance == 0 else height * exp(-distance / (2 * variance))


@dataclass(frozen=True)
class MixtureTruth:
    r"""The mixture :math:`\sum_a w_a N(\mu_a, v_a I_d)`, shifted so that its mean is zero.

    Parameters
    ----------
    weights : sequence of positive numbers that sum to 1
    means : sequence of numbers (d = 1) or of d-vectors
    variances : sequence of positive numbers
        Variance per coordinate of each component.

    Raises
    ------
    DomainError
        When lengths differ, a weight or variance is not positive, or the weights do not sum to 1.

    Notes
    -----
    Derived here: its moments are sums over components, its overlaps Gaussian integrals.

    Examples
    --------
    >>> mixture = MixtureTruth(weights=["1/2", "1/2"], means=[-3, 1], variances=[1, 1])
    >>> mixture.means, mixture.variance, mixture.dimension
    (((-2,), (2,)), 5, 1)
    """

    weights: tuple[Expr, ...]
    means: tuple[tuple[Expr, ...], ...]
    variances: tuple[Expr, ...]

    def __post_init__(self) -> None:
        weights = _numbers("weights", self.weights, positive=True)
        variances = _numbers("variances", self.variances, positive=True)
        means = tuple(_vector(index, mean) for index, mean in enumerate(_listed("means", self.means)))
        if not len(weights) == len(means) == len(variances) >= 1:
            raise DomainError(
                f"weights, means and variances have {len(weights)}, {len(means)} and {len(variances)} entries: "
                "give one of each for every component."
            )
        if len({len(mean) for mean in means}) != 1:
            raise DomainError(f"means = {self.means} have different dimensions: give vectors of one length.")
        excess = sum(weights, S.Zero) - 1
        if excess != 0 and simplify(excess) != 0:
            raise DomainError(f"weights = {self.weights} sum to {excess + 1}: the weights must sum to 1.")
        centre = [
            sum((w * x for w, x in zip(weights, column, strict=True)), S.Zero) for column in zip(*means, strict=True)
        ]
        centred = tuple(tuple(x - c for x, c in zip(mean, centre, strict=True)) for mean in means)
        for name, value in (("weights", weights), ("means", centred), ("variances", variances)):
            object.__setattr__(self, name, value)

    @classmethod
    def gaussian(cls, variance: Expr) -> MixtureTruth:
        """One component at the origin, of whatever dimension."""
        return cls((Integer(1),), (Integer(0),), (variance,))  # type: ignore[arg-type]

    @property
    def dimension(self) -> int:
        """Length of the mean vectors."""
        return len(self.means[0])

    @property
    def variance(self) -> Expr:
        """Mean squared distance from the mean, per coordinate."""
        total = S.Zero
        for weight, mean, variance in zip(self.weights, self.means, self.variances, strict=True):
            total += weight * (variance + sum((x**2 for x in mean), S.Zero) / self.dimension)
        return total

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """The terms of |φ_0|², equal ones collected."""
        collected: dict[tuple[Expr, Expr], Expr] = {}
        components = list(zip(self.weights, self.means, self.variances, strict=True))
        for weight, mean, variance in components:
            for other_weight, other_mean, other_variance in components:
                distance = sum(((x - y) ** 2 for x, y in zip(mean, other_mean, strict=True)), S.Zero)
                key = (variance + other_variance, distance)
                collected[key] = collected.get(key, S.Zero) + weight * other_weight
        return tuple(Overlap(weight, variance, distance) for (variance, distance), weight in collected.items())

    def overlap(self, variance: Expr, d: Expr) -> Expr:
        r""":math:`(2\pi)^{-d}\int e^{-\text{variance}\,|t|^2/2}\,|\varphi_0(t)|^2\,dt`, exactly."""
        return sum(
            (term.weight * gaussian_density(variance + term.variance, term.distance, d) for term in self.overlaps),
            S.Zero,
        )

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in weights, means and variances."""
        return {symbol for value in self._entries for symbol in value.free_symbols}

    def subs(self, *args: Any, **kwargs: Any) -> MixtureTruth:
        """The mixture with symbols replaced, as in SymPy."""
        changed = [Tuple(*values).subs(*args, **kwargs) for values in (self.weights, self.variances)]
        means = tuple(tuple(Tuple(*mean).subs(*args, **kwargs)) for mean in self.means)
        return MixtureTruth(tuple(changed[0]), means, tuple(changed[1]))

    @property
    def _entries(self) -> list[Basic]:
        return [*self.weights, *self.variances, *(x for mean in self.means for x in mean)]


def _listed(name: str, values: object) -> list[Any]:
    return listed(name, values, "one entry for each component")


def _numbers(name: str, values: object, positive: bool) -> tuple[Expr, ...]:
    found = []
    for index, value in enumerate(_listed(name, values)):
        entry = exact(f"{name}[{index}]", value)
        if positive:
            parameter(f"{name}[{index}]", entry, entry, "positive", is_positive)
        found.append(entry)
    return tuple(found)


def _vector(index: int, mean: object) -> tuple[Expr, ...]:
    if isinstance(mean, Iterable) and not isinstance(mean, str) and getattr(mean, "shape", None) != ():
        entries = listed(f"means[{index}]", mean, "a number or a vector")
        if not entries:
            raise DomainError(f"means[{index}] is empty: give a number or a vector.")
        return tuple(exact(f"means[{index}][{place}]", entry) for place, entry in enumerate(entries))
    return (exact(f"means[{index}]", mean),)
