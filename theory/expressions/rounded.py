"""Numbers to as many digits as are asked for, from balls that are made smaller until they are small enough."""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, ctx
from sympy import Float

from theory.errors import DomainError
from theory.expressions.balls import real_bits

#: Bits to begin with beyond those that are asked for, and how often they are doubled.
SPARE, DOUBLINGS = 64, 9


def rounded(ball_at: Callable[[int], acb], digits: int) -> Float:
    """The number in the balls, to a relative error below 10^(1 − digits).

    Parameters
    ----------
    ball_at : callable
        A ball around the number, computed with so many bits.
    digits : positive int

    Raises
    ------
    DomainError
        When no precision in reach tells so many digits, as of a number that is 0.

    Examples
    --------
    >>> from sympy import pi, Symbol
    >>> from theory.expressions.balls import BallProgram
    >>> rounded(lambda bits: BallProgram(pi, Symbol("g")).at_precision(bits)(1), 30)
    3.14159265358979323846264338328
    """
    enough = int(digits * 3.33) + 8
    bits = enough + SPARE
    for _ in range(DOUBLINGS):
        with ctx.workprec(bits):
            ball = ball_at(bits)
            if real_bits(ball) >= enough and ball.imag.contains(0):
                return Float(ball.real.mid().str(digits + 3, radius=False), digits)
        bits *= 2
    raise DomainError(f"digits = {digits} of this value are not told apart with {bits // 2} bits.")
