r"""The law of a block's mean, and of the model fitted on it, as polynomials: what moments of any order close by.

A block of N points drawn at the mean D, about the truth, from a family with :math:`V(\mu) = v_0 + v_1\mu + v_2\mu^2`
has the cumulants :math:`\kappa_1 = D,\; \kappa_{r+1} = V \kappa_r' / N` (Morris 1982), so that
:math:`E[\bar x^r \mid D]` is a polynomial of degree r in D. A sampler that leans makes
:math:`D = \tau\theta + (1-\tau) b` of the model θ, an estimator that shrinks :math:`\theta = K y + (1-K)\pi` of the
weighted mean y of its data. A draw from the posterior of M samples, prior included, has about its mean m, by Stein's
identity :math:`E\,V(\theta) f'(\theta) = M\,E(\theta - m) f(\theta)` (Morris 1983), central moments with

.. math:: (M - r v_2)\, M_{r+1} = r\,\bigl(V(m)\, M_{r-1} + V'(m)\, M_r\bigr),

finite up to the order r for which :math:`M > (r-1)\, v_2`. All three maps take polynomials of degree r to such.

Coefficients are whatever adds and multiplies: SymPy's expressions, or elements of an exact field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import comb
from typing import Any

from sympy import Expr

from theory.moments.bent import Bend

Number = Any
"""An expression, or an element of an exact field."""

Polynomial = list[Number]
"""Coefficients of 1, y, y², …"""


class BlockLaw:
    """Moments of a block's mean given the model's weighted mean y, and of the model itself.

    Parameters
    ----------
    bend : Bend
        Variance function about the truth, and how sampler and estimator bend, if they do.
    convert : function, optional
        From expressions without the generation to the numbers that coefficients are made of.
    """

    def __init__(self, bend: Bend, convert: Callable[[Expr], Number] = lambda value: value) -> None:
        self.bend = bend
        self.points, self.strength = convert(bend.points), convert(bend.strength)
        self._variance = [convert(value) for value in (bend.variance, bend.slope, bend.curvature)]
        self._fidelity, self._lean = convert(bend.fidelity), convert((1 - bend.fidelity) * bend.target)
        self._dispersion, self._prior = convert(bend.dispersion), convert(bend.prior)
        self._zero = self.points - self.points
        self._one = self._zero + 1

    def real(self, size: Number, degree: int) -> list[Number]:
        """E x̄^r about the truth for r = 0 … ``degree``, of real data of this size in unit blocks."""
        return [moment[0] for moment in self.at_mean(self.points * size, degree, real=True)]

    def block(self, size: Number, rows: Number, degree: int) -> list[Polynomial]:
        """E[x̄^r | y] of a block drawn from the model whose data have the weighted mean y and as many rows."""
        drawn = self.sampled(self.fitted(rows, degree))
        return [_composed(moment, drawn) for moment in self.at_mean(self.points * size, degree)]

    def sampled(self, fitted: list[Polynomial]) -> list[Polynomial]:
        """E[D^r | y] from E[θ^r | y]."""
        if self.bend.fidelity == 1:
            return fitted
        return [_composed(power, fitted) for power in self._powers(self._lean, self._fidelity, len(fitted) - 1)]

    def at_mean(self, points: Number, degree: int, real: bool = False) -> list[Polynomial]:
        """E[x̄^r | D] as polynomials in D, of as many points, sampled or real."""
        spread = self._variance if real else [self._dispersion * value for value in self._variance]
        cumulants: list[Polynomial] = [[], [self._zero, self._one]]
        for _ in range(2, degree + 1):
            slope = [index * value for index, value in enumerate(cumulants[-1])][1:]
            cumulants.append([value / points for value in self._times(spread, slope)])
        moments: list[Polynomial] = [[self._one]]
        for r in range(1, degree + 1):
            terms = (
                [comb(r - 1, i - 1) * value for value in self._times(cumulants[i], moments[r - i])[: r + 1]]
                for i in range(1, r + 1)
            )
            moments.append(_total(terms, [self._zero] * (r + 1)))
        return moments

    def fitted(self, rows: Number, degree: int) -> list[Polynomial]:
        """E[θ^r | y] of the model fitted on as many rows (in units of n), as polynomials in y."""
        if not self.bend.counts_rows:
            return [[*[self._zero] * r, self._one] for r in range(degree + 1)]
        weight = self.points * rows + self.strength
        kept = self.points * rows / weight
        means = self._powers((1 - kept) * self._prior, kept, degree)
        if not self.bend.drawn:
            return means
        return [_composed(moment, means) for moment in self._posterior(weight, degree)]

    def _posterior(self, weight: Number, degree: int) -> list[Polynomial]:
        """E θ^r of a posterior that counts for ``weight`` samples, as polynomials in its mean."""
        _, second, third = self._variance
        slope = [second, 2 * third]
        central: list[Polynomial] = [[self._one], [self._zero]]
        for r in range(1, degree):
            terms = (self._times(self._variance, central[r - 1]), self._times(slope, central[r]))
            total = _total(terms, [self._zero] * (r + 2))
            central.append([r * value / (weight - r * third) for value in total])
        return [
            _total(
                ([*[self._zero] * (r - i), *(comb(r, i) * value for value in central[i])] for i in range(r + 1)),
                [self._zero] * (r + 1),
            )[: r + 1]
            for r in range(degree + 1)
        ]

    def _powers(self, constant: Number, slope: Number, degree: int) -> list[Polynomial]:
        """(constant + slope·y)^r for r = 0 … ``degree``."""
        found: list[Polynomial] = [[self._one]]
        for _ in range(degree):
            found.append(self._times(found[-1], [constant, slope]))
        return found

    def _times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        if not left or not right:
            return []
        total = [self._zero] * (len(left) + len(right) - 1)
        for i, a in enumerate(left):
            if a:
                for k, b in enumerate(right):
                    total[i + k] += a * b
        return total


def _composed(outer: Polynomial, moments: list[Polynomial]) -> Polynomial:
    """Σ outer_k · moments[k]."""
    terms = [[value * entry for entry in moments[k]] for k, value in enumerate(outer) if value]
    longest = max((len(term) for term in terms), default=1)
    zero = outer[0] - outer[0]
    return _total(terms, [zero] * longest)


def _total(terms: Iterable[Polynomial], zeros: Polynomial) -> Polynomial:
    total = list(zeros)
    for term in terms:
        for power, value in enumerate(term):
            if power == len(total):
                total.append(value)
            else:
                total[power] += value
    return total
