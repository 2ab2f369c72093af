r"""Infinite hypergeometric series in closed form: :math:`\sum 1/j! = e - 1`.

SymPy knows their values as hypergeometric functions; each is verified here against its own partial sum. With
:math:`t_{j+1}/t_j = R(j)` rational and :math:`|R(j)| \le 1/2` from N on, what is left out after N terms is at most
the last of them.
"""

from __future__ import annotations

from flint import fmpq
from sympy import Expr, Integer, Rational, S, Sum, Symbol, fraction, hyper, hypersimp, lambdify, summation

from theory.expressions.numerals import to_flint, to_sympy
from theory.expressions.signs import at_least, sign

#: Terms within which a series must have settled to many digits, and those digits.
_TERMS, _DIGITS = 200, 30


def hypergeometric_series(term: Expr, index: Symbol, lower: int = 1) -> Expr | None:
    """The sum of ``term`` over index ≥ lower; None for other terms, slow series, or where no closed form is known.

    Examples
    --------
    >>> from sympy import factorial
    >>> from theory import j
    >>> hypergeometric_series(1 / factorial(j), j)
    -1 + E
    >>> hypergeometric_series(1 / j**2, j) is None
    True
    """
    ratio = hypersimp(term, index)
    if ratio is None or term.free_symbols - {index} or not term.subs(index, lower).is_Rational:
        return None
    beyond = {index: at_least(Integer(lower + _TERMS))}
    if sign(S.Half - ratio, beyond) not in (0, 1) or sign(S.Half + ratio, beyond) not in (0, 1):
        return None
    value = summation(term, (index, lower, S.Infinity))
    if value.has(Sum, hyper) or not value.is_number:
        return None
    return value if _agrees(value, term.subs(index, lower), ratio, index, lower) else None


def _agrees(value: Expr, first: Rational, ratio: Expr, index: Symbol, lower: int) -> bool:
    """Whether the value is that of the partial sum, exact, to within the rest of a geometric series."""
    numerator, denominator = (lambdify(index, part) for part in fraction(ratio))
    term = total = to_flint(first)
    for place in range(lower, lower + _TERMS):
        term *= fmpq(int(numerator(place)), int(denominator(place)))
        total += term
    left_out = abs(to_sympy(term))
    gap = abs((value - to_sympy(total)).evalf(_DIGITS, maxn=500, chop=True))
    return bool(gap <= left_out + Rational(1, 10 ** (_DIGITS - 5)) * abs(first))
