r"""Means over a random size: :math:`E\,h(N)` for functions h of it.

With a largest size these are finite sums. For other laws h must be a rational function, and of its partial fractions

.. math:: E\,\frac1{(N+e)^k} = \int_0^1 \frac{(-\ln t)^{k-1}}{(k-1)!}\,t^{e-1} f(t)\,dt ,

finite for e above minus the least size.
"""

from __future__ import annotations

from functools import lru_cache

from sympy import Expr, Integer, Integral, Piecewise, Poly, S, Symbol, apart, degree, factorial, fraction, log
from sympy.core.relational import Relational

from theory.errors import NotDerivedError
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.random_sizes import RandomSizes, integrated, linear_factors
from theory.expressions.symbols import t


@lru_cache(maxsize=4096)
def mean_over(sizes: RandomSizes, function: Expr, size: Symbol) -> Expr:
    """E h(N), ``size`` standing for N.

    Raises
    ------
    NotDerivedError
        For a law without a largest size, where h is not rational, or its mean is no integral that is known.

    Examples
    --------
    >>> N = Symbol("N", positive=True, integer=True)
    >>> mean_over(RandomSizes.uniform(2), N / (N + 1), N)
    7/12
    >>> mean_over(RandomSizes("t/(2 - t)"), 1 / (N + 1), N)
    -1 + 2*log(2)
    """
    if not function.has(size):
        return function
    table = sizes.support
    if table is not None:
        return sum((chance * function.subs(size, Integer(value)) for value, chance in table.items()), S.Zero)
    function = _from(function, size, sizes.least)
    if not function.is_rational_function(size):
        raise NotDerivedError(
            f"sizes = {sizes} have no largest one: the mean over all sizes is derived for rational functions of the "
            f"size, and this one is none."
        )
    parts = apart(in_lowest_terms(function), size).as_ordered_terms()
    return sum((_mean_of_part(sizes, part, size) for part in parts), S.Zero)


def _from(function: Expr, size: Symbol, least: int) -> Expr:
    """The same where conditions that hold from the least size on are told to hold."""

    def settled(branch: Piecewise) -> Expr:
        for value, condition in branch.args:
            known = condition
            for relation in condition.atoms(Relational):
                edge = relation.rhs
                if relation.lhs != size or not edge.is_Rational or edge > least or relation.rel_op not in (">=", ">"):
                    return branch
                known = known.subs(relation, True) if relation.subs(size, least) == S.true else known
            if known == S.true:
                return value
        return branch

    return function.replace(lambda part: isinstance(part, Piecewise), settled)


def _mean_of_part(sizes: RandomSizes, part: Expr, size: Symbol) -> Expr:
    if not part.has(size):
        return part
    factor, added, power = fraction_of_one_root(part, size)
    return factor * inverse_moment(sizes, added, power)


def fraction_of_one_root(part: Expr, size: Symbol) -> tuple[Expr, Expr, int]:
    """c, e and k of c/(N + e)^k.

    Raises
    ------
    NotDerivedError
        For another function, whose mean is no integral that is known.

    Examples
    --------
    >>> N = Symbol("N")
    >>> fraction_of_one_root(3 / (2 * N + 1) ** 2, N)
    (3/4, 1/2, 2)
    """
    top, bottom = fraction(in_lowest_terms(part))
    power = degree(bottom, size) if bottom.has(size) else 0
    if power > 0 and not top.has(size):
        found = Poly(bottom, size)
        slope = found.LC()
        added = in_lowest_terms(found.coeff_monomial(size ** (power - 1)) / (slope * power))
        if in_lowest_terms(bottom - slope * (size + added) ** power) == 0:
            return top / slope, added, power
    raise NotDerivedError(
        f"sizes without a largest one: the mean of {part.subs(size, Symbol('N'))} over all sizes N is not derived."
    )


def inverse_moment(sizes: RandomSizes, added: Expr, power: int = 1) -> Expr:
    """E (N + e)^(−k), in closed form where one is known, else as the integral.

    Raises
    ------
    NotDerivedError
        Where a size makes it infinite.

    Examples
    --------
    >>> inverse_moment(RandomSizes("t/(2 - t)"), Integer(1))
    -1 + 2*log(2)
    """
    if (added + sizes.least).is_positive is False:
        raise NotDerivedError(f"sizes = {sizes}: the mean of 1/(N + {added})^{power} is infinite at the least size.")
    if added == 0 and power == 1:
        return sizes.mean_inverse
    function = sizes.generating_function
    integrand = t ** (added - 1) * function
    if power == 1 and added.is_Integer and sizes.is_rational:
        ratio = in_lowest_terms(integrand)
        if all(degree(part, t) <= 1 for part in linear_factors(fraction(ratio)[1])):
            return sum((integrated(part) for part in apart(ratio, t).as_ordered_terms()), S.Zero)
    logarithm = (-log(t)) ** (power - 1) / factorial(power - 1) if power > 1 else S.One
    return Integral(integrand * logarithm, (t, 0, 1))
