r"""Recurrences of one moment whose coefficients are rational functions of :math:`u = q^g`.

With partial fractions in u (derived here)

.. math:: \sum_{g=1}^{G} \frac{1}{(1 - c q^g)^k} = G + \Lambda_k(q, c) - \Lambda_k(q, c q^G), \qquad
          \prod_{g=1}^{G} (1 - c q^g) = \frac{(c q; q)_\infty}{(c q^{G+1}; q)_\infty},

where no pole lies in :math:`|c q| \ge 1`: sums are Lambert series, products q-Pochhammer symbols
(:mod:`theory.expressions.lambert`).
"""

from __future__ import annotations

from sympy import Dummy, Expr, Poly, Pow, S, Symbol, apart, fraction, powsimp, roots, simplify, together

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.lambert import lambert_sum, q_pochhammer


def rational_in_power(expression: Expr, index: Symbol) -> tuple[Expr, Dummy, Expr] | None:
    """The expression as a rational function R(u) of u = q^index, with q; None for any other.

    Examples
    --------
    >>> from sympy import Rational, Symbol
    >>> g = Symbol("g", integer=True, positive=True)
    >>> found = rational_in_power(1 / (1 - Rational(1, 2) ** g), g)
    >>> found[0].subs(found[1], Symbol("u")), found[2]
    (-1/(u - 1), 1/2)
    """
    powers = {power for power in expression.atoms(Pow) if power.exp.has(index)}
    bases: set[Expr] = set()
    u, replaced = Dummy("u"), {}
    for power in powers:
        line = power.exp.as_poly(index)
        if power.base.has(index) or line is None or line.degree() != 1:
            return None
        slope, constant = line.all_coeffs()
        if not slope.is_Integer or not constant.is_Integer:
            return None
        # One base, below 1 where it is a number: 2^g and 2^(−g) are u^(−1) and u.
        base, way = power.base, 1
        if base.is_number and base > 1:
            base, way = 1 / base, -1
        elif base.is_Pow and base.exp == -1:
            base, way = base.base, -1
        bases.add(base)
        replaced[power] = power.base**constant * u ** (way * slope)
    # Series in a power converge below 1 alone; of a symbol whoever asks knows the range.
    if len(bases) != 1 or any(base.is_number and not abs(base) < 1 for base in bases):
        return None
    found = in_lowest_terms(together(expression.xreplace(replaced)))
    return None if found.has(index) or not found.is_rational_function(u) else (found, u, bases.pop())


def sum_of_powers(term: Expr, index: Symbol, upper: Expr) -> Expr | None:
    """Σ of R(q^g) over 1 ≤ g ≤ upper; None where a pole is in the way."""
    found = rational_in_power(term, index)
    if found is None:
        return None
    function, u, q = found
    total: Expr = S.Zero
    for part in apart(function, u).as_ordered_terms() if function.has(u) else [function]:
        top, bottom = fraction(together(part))
        poly = Poly(bottom, u)
        if poly.degree() == 0:
            for (power,), coefficient in Poly(top / bottom, u).terms():
                # Σ q^(kg)
                total += coefficient * (upper if power == 0 else q**power * (1 - q ** (power * upper)) / (1 - q**power))
            continue
        ends = roots(poly)
        if len(ends) != 1 or Poly(top, u).degree() > 0:
            return None
        ((pole, order),) = ends.items()
        if pole == 0 or not _outside(pole, q):
            return None
        # A/(L (u − p)^k) = A/(L (−p)^k) · (1 − u/p)^(−k)
        weight = simplify(top / (poly.LC() * (-pole) ** order))
        left = lambert_sum(order, q, 1 / pole) - lambert_sum(order, q, powsimp(q**upper / pole))
        total += weight * (upper + left)
    return total


def product_of_powers(factor: Expr, index: Symbol, upper: Expr) -> Expr | None:
    """Π of R(q^g) over 1 ≤ g ≤ upper; None where a zero or pole is at 0 or in the way."""
    found = rational_in_power(factor, index)
    if found is None:
        return None
    function, u, q = found
    total: Expr = simplify(function.subs(u, 0)) ** upper
    for part, way in zip(fraction(function), (1, -1), strict=True):
        poly = Poly(part, u)
        # Roots of cubics and quartics fill pages, and read as complex numbers where they are real.
        ends = roots(poly, cubics=False, quartics=False)
        if sum(ends.values()) != poly.degree():
            return None
        for end, times in ends.items():
            if end == 0 or not (way == 1 or _outside(end, q)):
                return None
            c = 1 / end
            total *= (q_pochhammer(c * q, q) / q_pochhammer(c * q ** (upper + 1), q)) ** (way * times)
    return total


def _outside(pole: Expr, q: Expr) -> bool:
    """Whether |q/p| < 1, so that every term is finite and the series converges."""
    if pole == 1 and (q.is_Symbol or (q.is_number and abs(q) < 1)):
        return True
    size = abs(q / pole)
    return bool(size.is_number and size < 1)


def sum_from(term: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """The same over lower ≤ g ≤ upper, for a whole number ``lower`` that is 1 or more."""
    if not (lower.is_Integer and lower >= 1):
        return None
    total = sum_of_powers(term, index, upper)
    return None if total is None else total - sum((term.subs(index, g) for g in range(1, int(lower))), S.Zero)


def product_from(factor: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """The same over lower ≤ g ≤ upper, for a whole number ``lower`` that is 1 or more."""
    if not (lower.is_Integer and lower >= 1):
        return None
    total, early = product_of_powers(factor, index, upper), S.One
    for g in range(1, int(lower)):
        early *= factor.subs(index, g)
    return None if total is None or early == 0 else total / early
