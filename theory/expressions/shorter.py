"""Simplified, where something may come of it."""

from __future__ import annotations

from itertools import islice

from sympy import Expr, S, log, preorder_traversal, simplify

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
    return simplify(value)
