"""Simplified, where something may come of it."""

from __future__ import annotations

from itertools import islice

from sympy import Expr, S, log, preorder_traversal, simplify

from theory.expressions.fraction_field import in_lowest_terms

#: Parts of a number that is still simplified.
LONGEST_NUMBER = 40


def parts(value: Expr, most: int) -> int:
    """How many parts an expression has, counted to one more than ``most``."""
    return sum(1 for _ in islice(preorder_traversal(value), most + 1))


def shorter(value: Expr) -> Expr:
    """Simplified; a sum of logarithms of numbers, or of many roots, stays as it is, for nothing comes of looking.

    SymPy gathers 943 log 2 − 177 log 3 in the logarithm of one fraction, of hundreds of digits and more.
    """
    if value.is_number and parts(value, LONGEST_NUMBER) > LONGEST_NUMBER:
        return value
    if value.is_number and len(value.atoms(log)) > 1:
        return S.Zero if value.expand() == 0 else value
    return simplified(value)


def simplified(value: Expr) -> Expr:
    """As SymPy's ``simplify``, and by it where the result is no single term c·x^a·y^b of whole powers.

    That is told by multiplying out, a hundred times as fast; the first call of ``simplify`` loads physical units too.

    Examples
    --------
    >>> from sympy import symbols
    >>> n = symbols("n", positive=True)
    >>> simplified(1 / (1 - (n - 1) / n)), simplified((1 - n**-S.Half) ** 2 + 2 * n**-S.Half - 1)
    (n, 1/n)
    """
    if value.is_number or not value.is_algebraic_expr():
        return simplify(value)
    found = in_lowest_terms(value) if value.is_rational_function() else value.expand()
    return found if _is_term(found) else simplify(value)


def _is_term(value: Expr) -> bool:
    """Whether it is a rational number times whole powers of symbols."""
    coefficient, factors = value.as_coeff_mul()
    powers = (factor.as_base_exp() for factor in factors)
    return coefficient.is_Rational and all(base.is_Symbol and power.is_Integer for base, power in powers)
