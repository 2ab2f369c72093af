"""The sign of a constant, decided in balls (Arb) and not estimated."""

from __future__ import annotations

from sympy import Expr

from theory.derivation.normal_form import NoNormalForm, vanishes
from theory.expressions.signs import ball_sign

#: Bits of the last ball: what is zero has been proved to be before.
MOST_BITS = 8192


def number_sign(value: Expr) -> int | None:
    """Sign of a real number: 1, 0 (proved by algebra), −1; None when its functions are unknown or it stays open.

    Examples
    --------
    >>> from sympy import pi, Rational
    >>> number_sign(pi**2 / 6 - Rational(164493, 100000))
    1
    """
    if value.is_Rational:
        return int(value.p > 0) - int(value.p < 0)
    try:
        if vanishes(value):
            return 0
    except NoNormalForm:
        return None
    return ball_sign(value, MOST_BITS)
