r"""Where a rational function of one variable is smallest, and up to where it is positive.

The variable runs over [0, U], U = 1 or ∞. When the numerator P of the derivative is linear, the signs of P at both ends
say everything, so parameters may be symbols and the answer comes by cases; when it is not, they must be numbers, and
the real roots of P are candidates, exact algebraic numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sympy import (
    And,
    Basic,
    Expr,
    Gt,
    Lt,
    Piecewise,
    Poly,
    S,
    Symbol,
    diff,
    factor,
    fraction,
    oo,
    sqrt,
)

from theory.errors import NotDerivedError
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import Ranges, sign, signed_factors


def minimiser(name: str, function: Expr, variable: Symbol, upper: Expr, ranges: Ranges) -> Expr:
    """The smallest point of [0, ``upper``] at which ``function`` takes its infimum; ``upper`` may be ``oo``.

    ``name`` is what an error calls the answer. Strict inequalities in parameters are decided up to the boundary of
    their ranges.
    """
    slope = _signed_numerator(name, diff(function, variable), variable, ranges)
    if slope.degree() <= 0 and slope.is_zero:
        return S.Zero
    start, end = function.subs(variable, 0), _value_at(function, variable, upper)
    if slope.degree() > 1:
        return _least_of_roots(name, function, slope, upper, start, end)
    tilt, level = slope.coeff_monomial(variable), slope.coeff_monomial(1)
    symbols = sorted(function.free_symbols - {variable}, key=lambda item: item.name)
    falls_first = positive(-level, ranges, symbols)
    rises_last = positive(tilt if upper == oo else level + tilt * upper, ranges, symbols)
    # Falling at 0 and rising at U: the only root. Else monotone, or first rising: one of the ends.
    lower_end = positive(in_lowest_terms(start - end), ranges, symbols) if end != oo else S.false
    if falls_first == S.true and _never_zero(level, ranges):
        lower_end = S.true
    return Piecewise(
        (_quotient(-level, tilt, ranges) if tilt != 0 else upper, And(falls_first, rises_last)),
        (upper, lower_end),
        (S.Zero, True),
    )


def first_stretch(name: str, function: Expr, variable: Symbol, ranges: Ranges) -> Expr:
    """The x such that ``function`` is positive on (0, x) and not beyond: 0 for never, ``oo`` for always.

    Raises
    ------
    NotDerivedError
        When it is positive elsewhere as well, or when parameters are symbols and its numerator is not linear.
    """
    height = _signed_numerator(name, function, variable, ranges)
    if height.degree() > 1:
        return _first_root(name, height)
    tilt, level = height.coeff_monomial(variable), height.coeff_monomial(1)
    symbols = sorted(function.free_symbols - {variable}, key=lambda item: item.name)
    rises = positive(tilt, ranges, symbols)
    if level == 0:
        return Piecewise((oo, rises), (S.Zero, True))
    begins = positive(level, ranges, symbols)
    if begins != S.true and rises != S.false:
        raise NotDerivedError(f"{name} does not exist: synthetic data may help beyond some amount of real data only.")
    end = _quotient(level, -tilt, ranges) if tilt != 0 else oo
    falls = positive(-tilt, ranges, symbols)
    return Piecewise((S.Zero, ~begins), (end, falls), (oo, True))


def positive(expression: Expr, ranges: Ranges, symbols: Sequence[Symbol]) -> Basic:
    """The condition that a rational function is positive, written for the first of ``symbols`` it can be solved for."""
    decided = sign(expression, ranges)
    if decided is not None:
        return S.true if decided == 1 else S.false
    rest: Expr = S.One
    for part, power, known in signed_factors(expression, ranges):
        # Beside those of known sign a factor counts by its parity.
        rest *= (known if known is not None else part) if power % 2 else S.One
    for symbol in symbols:
        polynomial = rest.as_poly(symbol)
        if polynomial is None or polynomial.degree() != 1:
            continue
        slope, constant = polynomial.all_coeffs()
        direction = sign(slope, ranges)
        if direction in (1, -1):
            boundary = factor(in_lowest_terms(-constant / slope))
            return Gt(symbol, boundary) if direction == 1 else Lt(symbol, boundary)
    return Gt(rest, 0)


def _never_zero(expression: Expr, ranges: Ranges) -> bool:
    """Whether an expression of one sign has that sign on the boundary of the ranges too."""
    lowest = {symbol: S.One for symbol in expression.free_symbols if symbol.is_integer and symbol.is_positive}
    for symbol, run in ranges.items():
        own = {part: S.Zero for part in run.free_symbols if part.is_nonnegative and part not in expression.free_symbols}
        lowest[symbol] = run.subs(own)
    # The sign comes from coefficients of one sign in variables from 0 on: then the value at 0 is the least.
    return bool(in_lowest_terms(expression.subs(lowest, simultaneous=True)).subs(lowest) != 0)


def _quotient(top: Expr, bottom: Expr, ranges: Ranges) -> Expr:
    """top/bottom in lowest terms, the denominator written with the sign of ``bottom``."""
    numerator, denominator = fraction(in_lowest_terms(top / bottom))
    if sign(in_lowest_terms(bottom / denominator), ranges) == -1:
        numerator, denominator = -numerator, -denominator
    # factored apart: in a quotient SymPy would turn the sign round again
    return factor(numerator) / factor(denominator)


def _signed_numerator(name: str, function: Expr, variable: Symbol, ranges: Ranges) -> Poly:
    """A polynomial in ``variable`` with the sign of ``function``."""
    numerator, denominator = fraction(in_lowest_terms(function))
    side = sign(denominator, ranges)
    if not numerator.is_polynomial(variable) or not side:
        raise NotDerivedError(f"{name} is not derived: the risk is no rational function of known sign in it.")
    return Poly(numerator * side, variable)


def _value_at(function: Expr, variable: Symbol, upper: Expr) -> Expr:
    if upper != oo:
        return function.subs(variable, upper)
    numerator, denominator = (Poly(part, variable) for part in fraction(in_lowest_terms(function)))
    if numerator.degree() > denominator.degree():
        return oo
    if numerator.degree() < denominator.degree():
        return S.Zero
    return in_lowest_terms(numerator.LC() / denominator.LC())


def _roots(name: str, polynomial: Poly) -> list[Expr]:
    """The real roots in order; every coefficient must be a number, and rational from degree 3 on."""
    symbols = polynomial.as_expr().free_symbols - set(polynomial.gens)
    if symbols:
        names = ", ".join(sorted(map(str, symbols)))
        raise NotDerivedError(
            f"{name} has no closed form in the symbol{'s' * (len(symbols) > 1)} {names}: give numbers."
        )
    if polynomial.domain.is_QQ or polynomial.domain.is_ZZ:
        return sorted(set(polynomial.real_roots()))
    if polynomial.degree() > 2:
        raise NotDerivedError(f"{name} is not derived: the risk has irrational coefficients.")
    square, middle, constant = polynomial.all_coeffs()
    discriminant = middle**2 - 4 * square * constant
    if sign(discriminant) == -1:
        return []
    return sorted((-middle + side * sqrt(discriminant)) / (2 * square) for side in (1, -1))


def _least_of_roots(name: str, function: Expr, slope: Poly, upper: Expr, start: Expr, end: Expr) -> Expr:
    (variable,) = slope.gens
    best, least = S.Zero, start
    for root in _roots(name, slope):
        if root > 0 and root < upper:
            value = function.subs(variable, root)
            if sign(value - least) == -1:
                best, least = root, value
    return upper if end != oo and sign(end - least) == -1 else best


def _first_root(name: str, height: Poly) -> Expr:
    ends = [S.Zero, *(root for root in _roots(name, height) if root > 0)]
    inside = [(low + high) / 2 for low, high in pairwise(ends)] + [ends[-1] + 1]
    helps = [sign(height.eval(point)) == 1 for point in inside]
    length = helps.index(False) if False in helps else len(helps)
    if any(helps[length:]):
        raise NotDerivedError(f"{name} does not exist: synthetic data help for more than one range of real data.")
    return oo if length == len(helps) else ends[length]
