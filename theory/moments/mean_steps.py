"""Recurrences with constant steps that hold integrals: their values and their limit, and no closed form.

A closed form would be written in the roots of a characteristic polynomial whose coefficients are integrals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mpmath import eig, matrix, mpf, workdps
from sympy import Dummy, Expr, Integral, N, eye

from theory.expressions.expansion import Order
from theory.moments.recurrence import MomentRecurrence, Recurrence

#: Digits in which the sizes of eigenvalues are found, and the distance from 1 within which nothing is said.
_DIGITS, _NEAR = 30, 1e-12


@dataclass(frozen=True)
class MeanSteps(Recurrence):
    """The values of ``moments``, whose steps do not change.

    Examples
    --------
    >>> from theory import Bernoulli, PosteriorMean, RandomSizes, Replace, expected_risk
    >>> model = PosteriorMean(Bernoulli("1/3", n=4), strength=1, prior_mean="1/2")
    >>> risk = expected_risk(model, Replace(sizes=RandomSizes.geometric("1/2")))
    >>> N(risk.limit, 8)
    0.10585159
    """

    moments: MomentRecurrence

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …"""
        for value in self.moments.values():
            yield self.offset + self.scale * value

    def limit(self, order: Order) -> Expr | None:
        """h (1 − A)⁻¹ f + c where every eigenvalue of A is inside the unit circle; None elsewhere, and for symbols."""
        found = self.moments
        if found.matrix.free_symbols or not self._contracts():
            return None
        names: dict[Expr, Dummy] = {}

        def named(entry: Expr) -> Expr:
            for integral in entry.atoms(Integral):
                names.setdefault(integral, Dummy())
            return entry.xreplace({integral: names[integral] for integral in entry.atoms(Integral)})

        step, forcing = found.matrix.applyfunc(named), found.forcing.applyfunc(named)
        settled = (found.readout * (eye(step.shape[0]) - step).LUsolve(forcing))[0]
        back = {name: integral for integral, name in names.items()}
        return found.offset + found.scale * (settled.xreplace(back) + found.shift)

    def _contracts(self) -> bool:
        with workdps(_DIGITS):
            numbers = [[mpf(str(N(entry, _DIGITS))) for entry in row] for row in self.moments.matrix.tolist()]
            found, _ = eig(matrix(numbers))
            return all(abs(value) < 1 - _NEAR for value in found)
