"""The sign of a constant, decided in balls (Arb) and not estimated."""

from __future__ import annotations

from sympy import Dummy, Expr

from theory.derivation.normal_form import NoNormalForm, vanishes
from theory.errors import DomainError
from theory.expressions.balls import BallProgram

#: Bits, doubled until the sign shows.
FIRST_BITS, MOST_BITS = 128, 8192


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
    try:
        program = BallProgram(value, Dummy("g"))
    except DomainError:
        return None
    bits = FIRST_BITS
    while bits <= MOST_BITS:
        ball = program.at_precision(bits)(1)
        if not ball.imag.contains(0):
            return None
        if ball.real > 0 or ball.real < 0:
            return 1 if ball.real > 0 else -1
        bits *= 2
    return None
