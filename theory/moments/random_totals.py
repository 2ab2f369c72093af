r"""E[1/S_g] of g independent sizes by a recurrence in g, where their generating function f = P/Q is rational.

:math:`E[1/S_g] = \int_0^1 f^g\,dt/t`. Let D be the product of the different irreducible factors of PQ, of degree r, and

.. math:: V_k(g) = \int_0^1 f(t)^g\,\frac{t^k}{D(t)}\,dt, \qquad k = 0, \dots, r - 1 .

With :math:`L = D f'/f`, a polynomial, :math:`(f^g h)' = f^g (h' + g L h/D)`, whose integral is h(1), for f(0) = 0 and
f(1) = 1. Subtracting such derivatives brings :math:`f \cdot t^k/D` back to the span of the :math:`t^l/D`:

1. h = u/B^j, B the product of the factors of Q, lowers the order of the poles at the roots of Q; the congruence for u
   is solvable for every g > 0, as L is −(multiplicity)·D' at such a root;
2. h = t^a lowers a numerator's degree a + r − 1 ≥ r, its leading coefficient being a + g(deg P − deg Q) > 0 there.

So V(g + 1) = M(g) V(g) + b(g), with entries rational in g: creative telescoping (Almkvist and Zeilberger 1990) with
Hermite's reduction, the boundary terms kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import (
    QQ,
    Expr,
    ImmutableMatrix,
    Matrix,
    Poly,
    S,
    apart,
    degree,
    factor_list,
    fraction,
    integrate,
    together,
    zeros,
)

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.random_sizes import RandomSizes, integrated
from theory.expressions.symbols import t
from theory.workflows.dynamics import GENERATION

#: Different factors of PQ, by degree, beyond which the system is larger than the sums that it saves.
LARGEST_DEGREE = 12


@dataclass(frozen=True)
class Totals:
    """V(g) = matrix·V(g − 1) + forcing from g = 2 on, V(1) = initial, E[1/S_g] = readout·V(g)."""

    matrix: Matrix
    forcing: Matrix
    readout: Matrix
    initial: Matrix


def totals(sizes: RandomSizes) -> Totals | None:
    """The recurrence of E[1/S_g]; None where f is not rational, or of too high a degree.

    Examples
    --------
    >>> found = totals(RandomSizes("t"))
    >>> found.matrix, found.forcing, found.initial
    (Matrix([[0]]), Matrix([[1/_g]]), Matrix([[1]]))
    """
    if not sizes.is_rational:
        return None
    top, bottom = fraction(in_lowest_terms(together(sizes.generating_function)))
    zeros_of, poles_of = ([degree(part, t) for part in _parts(polynomial)] for polynomial in (top, bottom))
    # The first integrals are logarithms where every pole is a root of a linear factor.
    if sum(zeros_of + poles_of) > LARGEST_DEGREE or any(power > 1 for power in poles_of):
        return None
    return _Reduction(Poly(top, t), Poly(bottom, t)).totals()


def _parts(polynomial: Expr) -> list[Expr]:
    return [part for part, _ in factor_list(polynomial, t)[1]] if polynomial.has(t) else []


class _Reduction:
    """One rational f; polynomials in t over the field of rational functions of g and the parameters."""

    def __init__(self, top: Poly, bottom: Poly) -> None:
        self.g = GENERATION
        names = sorted((top.as_expr() / bottom.as_expr()).free_symbols - {t}, key=str)
        self.field = QQ.frac_field(self.g, *names)
        self.top, self.bottom = self._poly(top.as_expr()), self._poly(bottom.as_expr())
        self.zeros, self.poles = (self._product(part.as_expr()) for part in (top, bottom))
        self.whole = self.zeros * self.poles
        slope = self.top.diff(t) * self.bottom - self.top * self.bottom.diff(t)
        # L = D f'/f is a polynomial: what P and Q have beyond their different factors divides it.
        self.slope = (slope * self.whole).quo(self.top * self.bottom)
        self.size = self.whole.degree()
        self.generation = self._poly(self.g)

    def _poly(self, value: Any) -> Poly:
        return Poly(value, t, domain=self.field)

    def _product(self, polynomial: Expr) -> Poly:
        found = self._poly(1)
        for part in _parts(polynomial):
            found = found * self._poly(part)
        return found

    def totals(self) -> Totals:
        """All of it."""
        matrix, forcing, initial = zeros(self.size, self.size), zeros(self.size, 1), zeros(self.size, 1)
        for row in range(self.size):
            coefficients, known = self.reduced(self._poly(t**row) * self.top)
            matrix[row, :] = Matrix([coefficients])
            forcing[row] = known
            density = self.top.as_expr() / self.bottom.as_expr() / self.whole.as_expr()
            initial[row] = _integral(in_lowest_terms(density * t**row))
        before = {self.g: self.g - 1}
        # 1/t = (D/t)/D.
        readout = Matrix([self._coefficients(self.whole.quo(self._poly(t)))])
        matrix, forcing = (part.applyfunc(lambda e: in_lowest_terms(e.subs(before))) for part in (matrix, forcing))
        parts = [ImmutableMatrix(part) for part in (matrix, forcing, readout, initial)]
        return Totals(parts[0], parts[1], parts[2], parts[3])

    def reduced(self, numerator: Poly) -> tuple[list[Expr], Expr]:
        """∫ f^g numerator/(D Q) as a combination of the V_k(g), and what is added to it."""
        known = self._poly(0)
        order, power = 0, self._poly(1)  # numerator/(D·B^order)
        while not power.rem(self.bottom).is_zero:
            power, order = power * self.poles, order + 1
        numerator = numerator * power.quo(self.bottom)
        for at in range(order, 0, -1):
            step = self.generation * self.slope - self._poly(at) * self.poles.diff(t) * self.zeros
            u = (numerator * step.invert(self.poles)).rem(self.poles) if self.poles.degree() > 0 else self._poly(0)
            numerator = (numerator - step * u - u.diff(t) * self.whole).quo(self.poles)
            known = known + self._at_one(u, at)
        while numerator.degree() >= self.size:
            a = numerator.degree() - self.size + 1
            h = self._poly(t**a)
            change = h.diff(t) * self.whole + self.generation * self.slope * h
            ratio = self._poly(numerator.LC() / change.LC())
            numerator = numerator - change * ratio
            known = known + ratio
        return self._coefficients(numerator), in_lowest_terms(known.as_expr())

    def _at_one(self, u: Poly, order: int) -> Poly:
        return self._poly(in_lowest_terms(u.as_expr().subs(t, 1) / self.poles.as_expr().subs(t, 1) ** order))

    def _coefficients(self, numerator: Poly) -> list[Expr]:
        listed = [S.Zero] * self.size
        for (power,), value in numerator.terms():
            listed[power] = value
        return listed


def _integral(ratio: Expr) -> Expr:
    """∫_0^1 of a rational function without poles there."""
    if not fraction(together(ratio))[1].has(t):
        return integrate(ratio, (t, 0, 1))
    return sum((integrated(part) for part in apart(ratio, t).as_ordered_terms()), S.Zero)
