r"""The second moment of the squared error of least squares: scalar weights, or fits on the newest block alone.

On a shared design of T ≥ d rows the error is Gaussian given X, of covariance :math:`c_g\sigma^2 W^{-1}` with one
:math:`W \sim W_d(T)` and the ratio c of the workflow, and for a standard normal z
:math:`z^\top W^{-1} z = \chi^2_d/\chi^2_{T-d+1}` in law (Muirhead 1982, theorem 3.2.12), so that (derived here)

.. math:: E\,\ell_g^2 = \frac{(d+2)(T-d-1)}{d\,(T-d-3)}\,(E\,\ell_g)^2, \qquad T \ge d + 4.

With d > T the same holds of the part inside the row space, d and T exchanged, and what is lost outside it is
independent of it, :math:`|w^*|^2\,\mathrm{Beta}(\tfrac{d-T}2, \tfrac T2)`. With a new design for every fit the error is
:math:`\sigma z \sqrt{S_g}`, :math:`S_g = \sum_{i \le g} 1/\chi^2_{T-d+1}` of independent terms, and
:math:`E\,\ell_g^2 = \sigma^4 d(d+2)\,E\,S_g^2`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Matrix, Piecewise, S, oo

from theory.expressions.expansion import Order
from theory.models.answers import answer
from theory.moments.recurrence import MomentRecurrence, Recurrence
from theory.workflows.dynamics import GENERATION


@dataclass(frozen=True)
class Quadratic(Recurrence):
    """square·v² + linear·v + constant, v by a recurrence."""

    inner: Recurrence
    square: Expr
    linear: Expr = S.Zero
    constant: Expr = S.Zero

    def _of(self, value: Expr) -> Expr:
        return oo if value == oo else self.square * value**2 + self.linear * value + self.constant

    def at(self, generation: int) -> Expr:
        """Exact value at one generation."""
        return self.offset + self.scale * self._of(self.inner.at(generation))

    def values(self) -> Iterator[Expr]:
        """Exact values at generations 1, 2, …"""
        for value in self.inner.values():
            yield self.offset + self.scale * self._of(value)

    def closed_form(self) -> Expr | None:
        """By that of v."""
        value = answer(self.inner, "closed_form", None)
        return None if value is None or value.has(Piecewise) else self._of(value)

    def limit(self, order: Order) -> Expr | None:
        """By that of v."""
        value = answer(self.inner, "limit", order)
        return None if value is None or isinstance(value, Piecewise) else self._of(value)

    def growth(self, order: Order) -> Expr | None:
        """The square of that of v where v grows beyond all bounds; the limit where that is finite."""
        limit = self.limit(order)
        if limit != oo:
            return limit
        value = answer(self.inner, "growth", order)
        return None if value is None or isinstance(value, Piecewise) else self.square * value**2


def of_shared_design(risk: Recurrence, small: Expr, large: Expr) -> Quadratic:
    """E ℓ² by E ℓ inside the row space: ``small`` of d and T, and ``large``."""
    return Quadratic(risk, _ratio(small, large), domain=risk.domain, margin=risk.margin)


def of_shared_wide_design(inside: Recurrence, d: Expr, T: Expr, signal: Expr) -> Quadratic:
    """The same with what is lost outside the row space."""
    lost, square = signal * (1 - T / d), signal**2 * (d - T) * (d - T + 2) / (d * (d + 2))
    plain = inside.changed(offset=S.Zero)
    return Quadratic(plain, _ratio(T, d), 2 * lost, square, domain=inside.domain, margin=inside.margin)


def _ratio(small: Expr, large: Expr) -> Expr:
    """E ℓ²/(E ℓ)²; any number where the former is infinite."""
    spare = large - small - 3
    return S.One if spare.is_nonpositive else (small + 2) * (large - small - 1) / (small * spare)


def of_new_designs(d: Expr, T: Expr, sigma2: Expr) -> MomentRecurrence:
    """E ℓ² where every fit is on the T rows of its newest block."""
    freedom = T - d + 1
    infinite = (freedom - 4).is_nonpositive
    mean = S.One if infinite else 1 / (freedom - 2)
    square = S.One if infinite else mean / (freedom - 4)
    return MomentRecurrence(
        start=1,
        matrix=Matrix([[1]]),
        forcing=Matrix([square + 2 * mean**2 * (GENERATION - 1)]),
        readout=Matrix([[1]]),
        initial=Matrix([0]),
        scale=sigma2**2 * d * (d + 2),
    )
