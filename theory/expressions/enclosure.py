"""A constant between two rational numbers."""

from __future__ import annotations

from flint import arb, ctx
from sympy import Expr, Rational

from theory.errors import DomainError
from theory.expressions.balls import BallProgram
from theory.expressions.symbols import G

#: Bits beyond those asked for, at first, and how often they are doubled.
SPARE, DOUBLINGS = 32, 6


def enclosed(constant: Expr, digits: int) -> tuple[Rational, Rational]:
    r"""Rationals :math:`a \le c \le b` with :math:`b - a \le 10^{-\text{digits}}\,|c|`.

    Raises
    ------
    DomainError
        When the constant has parameters, or a precision this high is out of reach.

    Examples
    --------
    >>> from sympy import pi
    >>> low, high = enclosed(pi, 30)
    >>> bool(low < pi < high), bool(high - low < Rational(1, 10**29))
    (True, True)
    """
    program = BallProgram(constant, G)
    bits = int(digits * 3.33) + SPARE
    for _ in range(DOUBLINGS):
        ball = program.at_precision(bits)(1).real
        if ball.is_finite():
            # The ends of a ball are rounded to the precision of the moment.
            with ctx.workprec(bits):
                low, high = ends(ball)
            if high - low <= Rational(1, 10**digits) * min(abs(low), abs(high)) and low * high > 0:
                return low, high
        bits *= 2
    raise DomainError(f"digits = {digits} are out of reach for {constant}.")


def ends(ball: arb) -> tuple[Rational, Rational]:
    """The ends of a ball as rational numbers, rounded outwards to the precision of the moment."""
    return _rational(ball.lower()), _rational(ball.upper())


def _rational(end: object) -> Rational:
    mantissa, exponent = end.man_exp()  # type: ignore[attr-defined]
    return Rational(int(mantissa)) * Rational(2) ** int(exponent)
