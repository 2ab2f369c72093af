r"""The forms that the depth law may take, on a grid: variance, bias at one rate, at two or at many, and rows saved.

A form is a mixture of curves, each scaled to mean 1 over what is measured: the ratio, φ(λ) for every rate λ of the
grid and for every spectrum of them, and the rows saved, which count downwards. Learners keep many features, each at a
rate of its own. Losses of few generations do not tell two rates from many, and yet they go on differently: a few rates
settle, one by one, and leave all that follows to variance, while of a spectrum there are always rates that have not
settled yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, pairwise, product
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logsumexp

from numerics.forecasting.shapes import Shapes, Spectrum

Array = NDArray[np.float64]

#: λ; the share of bias in the rise, with one rate and with two, in sixths; what growing data save, in multiples of it.
RATES = np.array([0.0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0])
SHARES = np.linspace(0.0, 1.0, 11)
SIXTHS = [(low / 6, high / 6) for low in range(1, 6) for high in range(1, 7 - low)]
SAVINGS = np.array([0.0, 0.15, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 5.0])
#: Beta laws of λ: rates spread evenly, most of them small, most of them large. Under replace a generation then adds in
#: proportion to g^{−b}: with b = 1 the rise is one in log g.
SPECTRA = tuple(Spectrum(a, b) for a, b in product((0.5, 1.0, 2.0), (0.5, 1.0, 1.5, 2.0)))
#: The prior of λ is proportional to LEAN + λ: little-trained learners, as most are that are measured, keep much of what
#: they are shown.
LEAN = 0.3
#: Shares of variance below this are none: what is left of 1 by sixths and tenths.
ROUNDING = 1e-12
#: Families of forms, and how likely each is before any loss is seen: bias alone and bias with variance are alike, at
#: one rate, at two and at many.
VARIANCE, BIAS, BOTH, ROWS = "variance", "bias", "variance and bias", "variance, bias and rows"
TWO, MANY = "two rates", "many rates"
PRIORS = {VARIANCE: 2.0, BIAS: 1.0, BOTH: 1.0, ROWS: 1.0, TWO: 2.0, MANY: 2.0}
#: λ of every curve of bias; of a spectrum its mean.
KEPT = np.concatenate((RATES, [spectrum.mean for spectrum in SPECTRA]))


@dataclass(frozen=True, eq=False)
class Points:
    """Places at which losses are, or will be, measured: an index of the workflow and a generation each."""

    index: NDArray[np.int64]
    generation: NDArray[np.int64]

    @classmethod
    def of(cls, generations: Sequence[NDArray[np.int64]]) -> Points:
        """All the generations of workflow 0, then those of workflow 1, …"""
        index = np.concatenate([np.full(len(each), place) for place, each in enumerate(generations)])
        return cls(index, np.concatenate([np.asarray(each) for each in generations]))

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Form:
    """A cell of the grid: rates and their shares of bias, what is saved, and its prior within its family."""

    family: str
    bias: tuple[tuple[int, float], ...]
    saving: float
    prior: float


@dataclass(frozen=True, eq=False)
class Design:
    """Curves of several workflows at common scales, and the covariances of their noise.

    Attributes
    ----------
    shapes : of every workflow, those measured first
    measured : Points
    shared : whether generation 1 is one and the same model under all of them
    growing : whether compute grows, so that what is saved is 1 − 1/g whatever the workflow
    """

    shapes: Sequence[Shapes]
    measured: Points
    shared: bool
    growing: bool = False

    def _at(self, points: Points, of: str) -> Array:
        table = np.stack([getattr(each, of) for each in self.shapes])
        return table[points.index, points.generation - 1]

    def variance(self, points: Points) -> Array:
        """ratio − 1."""
        return self._at(points, "ratio") - 1.0

    def bias(self, points: Points) -> Array:
        """φ for every rate and every spectrum, (len(KEPT), points)."""
        table = np.stack([np.vstack((each.rise(RATES), each.spread_rise(SPECTRA))) for each in self.shapes])
        return table[points.index, :, points.generation - 1].T

    def saved(self, points: Points) -> Array:
        """1 − rows_1/rows_g."""
        return 1.0 - 1.0 / points.generation if self.growing else self._at(points, "saved")

    @cached_property
    def scales(self) -> Array:
        """What the curves are divided by: their means over what is measured, 1 where they are 0."""
        later = self.measured.generation > 1
        rising = np.vstack((self.variance(self.measured), self.bias(self.measured), self.saved(self.measured)))
        means = np.abs(rising[:, later].mean(axis=1))
        return np.where(means > 0, means, 1.0)

    def basis(self, points: Points) -> Array:
        """The curves ratio, φ for each rate and spectrum, and rows saved: (1 + len(KEPT) + 1, points)."""
        curves = np.vstack((self.variance(points), self.bias(points), self.saved(points)))
        return curves / self.scales[:, None]

    @cached_property
    def _grid(self) -> tuple[bool, int]:
        # Where all rows of a generation have the same depth, as under replace, variance is bias with λ = 1.
        single_depth = np.allclose(self.variance(self.measured), self.bias(self.measured)[len(RATES) - 1])
        return bool(self.saved(self.measured).any()), len(RATES) - int(single_depth)

    @cached_property
    def _forms(self) -> tuple[Form, ...]:
        return forms(*self._grid)

    @property
    def mixtures(self) -> Array:
        """What each curve of the basis weighs in every form, (forms, curves)."""
        return mixtures(*self._grid)

    def squares(self, grams: Array) -> Array:
        """The curve of every form with itself, for every table of products of the curves of the basis.

        Shape (tables, forms), of tables (tables, curves, curves).
        """
        found: Array = (_pairs(*self._grid) @ grams.reshape(len(grams), -1).T).T
        return found

    @cached_property
    def kept(self) -> Array:
        """λ of every form; of two rates, or many, their mean by what they add in a generation."""
        added = self.mixtures[:, 1:-1] / self.scales[1:-1]
        total = added.sum(axis=1)
        # Where all is variance λ is what it was before.
        alone = np.array([KEPT[form.bias[0][0]] for form in self._forms])
        return np.where(total > 0, added @ KEPT / np.where(total > 0, total, 1.0), alone)

    @cached_property
    def families(self) -> dict[str, NDArray[np.bool_]]:
        """Which forms are of each family, for those families that the grid holds."""
        found = {name: np.array([form.family == name for form in self._forms]) for name in PRIORS}
        return {name: which for name, which in found.items() if which.any()}

    @cached_property
    def prior(self) -> Array:
        """Logarithm of the prior of every form.

        A model fitted to the end rises by variance alone, exactly, and one that is trained short all but by bias: a
        prior that is spread over the shares of bias would hold that against them. So bias at one rate, at two and at
        many is as likely without variance as with it.
        """
        found = np.log([form.prior for form in self._forms])
        alone = self.mixtures[:, 0] < ROUNDING
        for name, family in self.families.items():
            parts = [part for part in (family & alone, family & ~alone) if part.any()]
            for part in parts:
                found[part] += np.log(PRIORS[name] / len(parts)) - logsumexp(found[part])
        return found - logsumexp(found)

    # -- noise -------------------------------------------------------------------------------------------

    def persistent(self, left: Points, right: Points) -> Array:
        """Covariance of the losses of chains; of two workflows, by the real data that they have in common."""
        found = np.zeros((len(left), len(right)))
        for a, first in enumerate(self.shapes):
            rows = np.flatnonzero(left.index == a)
            for b, second in enumerate(self.shapes):
                columns = np.flatnonzero(right.index == b)
                at, by = left.generation[rows] - 1, right.generation[columns] - 1
                if a == b:
                    found[np.ix_(rows, columns)] = first.covariance[np.ix_(at, by)]
                elif self.shared:
                    found[np.ix_(rows, columns)] = np.outer(first.opening[at], second.opening[by])
        return found

    def discrepancy(self, left: Points, right: Points) -> Array:
        """Brownian motion in log g, one for each workflow."""
        least = np.log(np.minimum(left.generation[:, None], right.generation))
        return np.where(left.index[:, None] == right.index, least, 0.0)


@lru_cache(maxsize=4)
def forms(growing: bool, rates: int) -> tuple[Form, ...]:
    """All forms of the law, two rates among the first ``rates``: λ leaning, shares uniform, savings exponential.

    Where no data grow nothing is saved.
    """
    savings = SAVINGS if growing else SAVINGS[:1]
    width = [float(gap) for gap in np.gradient(RATES) * (LEAN + RATES)]
    found = []
    for rate, share, saving in product(range(len(RATES)), SHARES, savings):
        kind = VARIANCE if share == 0.0 else BIAS if share == 1.0 else BOTH
        found.append(Form(ROWS if saving > 0 else kind, ((rate, share),), saving, width[rate] * exp(-saving)))
    for (low, high), (m, n), saving in product(combinations(range(rates), 2), SIXTHS, savings[::3]):
        found.append(Form(TWO, ((low, m), (high, n)), saving, width[low] * width[high] * exp(-saving)))
    for spectrum, share, saving in product(range(len(RATES), len(KEPT)), SHARES[1:], savings):
        found.append(Form(MANY, ((spectrum, share),), saving, exp(-saving)))
    return tuple(found)


@lru_cache(maxsize=4)
def mixtures(growing: bool, rates: int) -> Array:
    """What each curve of the basis weighs in every form, (forms, curves)."""
    every = forms(growing, rates)
    weights = np.zeros((len(every), len(KEPT) + 2))
    for row, form in zip(weights, every, strict=True):
        for rate, share in form.bias:
            row[1 + rate] += share
        row[0] = 1.0 - sum(share for _, share in form.bias)
        row[-1] = -form.saving
    return weights


@lru_cache(maxsize=4)
def _pairs(growing: bool, rates: int) -> csr_array:
    """What each product of two curves weighs in the square of every form, (forms, curves²): few are not 0."""
    weights = csr_array(mixtures(growing, rates))
    count, curves = weights.shape
    parts, places = [], []
    for start, end in pairwise(weights.indptr):
        mine, values = weights.indices[start:end], weights.data[start:end]
        parts.append(np.outer(values, values).ravel())
        places.append((mine[:, None] * curves + mine).ravel())
    ends = np.cumsum([0, *map(len, parts)])
    return csr_array((np.concatenate(parts), np.concatenate(places), ends), shape=(count, curves**2))
