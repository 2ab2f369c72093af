r"""The function V of the Wishart law with d and T even, in balls.

.. math:: V(c) = \int_0^\infty \frac{\nu(x)}{x + c}\,dx, \qquad
          \nu(x) = \sqrt{\pi/x}\;e^{-x}\,\bigl(\tfrac12 - \operatorname{erf}\sqrt x\bigr).

:math:`y = \sqrt c\,e^{-c}\,V` has :math:`y' = -e^c E_1(2c)/\sqrt c` and :math:`y(0) = \tfrac12\pi^{3/2}` so that y is
a power series in c, with :math:`E_1(2t) = -\gamma - \ln 2t + \mathrm{Ein}(2t)` and
:math:`e^t\,\mathrm{Ein}(2t) = \sum a_n t^n`, :math:`n a_n = a_{n-1} + (1 - (-1)^n)/n!`, :math:`0 \le a_n \le 3^n/n!`.
Where c is large, the expansion in 1/c: since :math:`|\nu| \le \tfrac12\sqrt{\pi/x}\,e^{-x}`, what is left after K terms
is at most :math:`\tfrac12\sqrt\pi\,\Gamma(K + \tfrac12)/c^{K+1}`. Derived here.
"""

from __future__ import annotations

from functools import lru_cache
from math import log2

from flint import arb, ctx

#: Bits to spare.
SPARE = 64


def arctangent_ball(c: arb) -> arb:
    r"""V(c) for c > 0: at the middle of the ball, and :math:`|V'| \le \tfrac\pi2/c^2` for its radius."""
    middle = c.mid()
    mantissa, exponent = middle.man_exp()
    value = _at(int(mantissa), int(exponent), ctx.prec)
    if c.is_exact():
        return value
    slope = arb.pi() / 2 / (arb(c.lower()) ** 2)
    return value + arb(0, (slope * c.rad()).upper())


@lru_cache(maxsize=4096)
def _at(mantissa: int, exponent: int, bits: int) -> arb:
    with ctx.workprec(max(bits, mantissa.bit_length() + 2)):
        c = arb(mantissa) * arb(2) ** exponent
    return _expansion(c) if c > bits else _series(c, bits)


def _expansion(c: arb) -> arb:
    """Σ (−1)^k ν_k/c^{k+1}, ν_{k+1} = (k + ½)ν_k − k!/2^{k+1}, until the bound of the rest is below the precision."""
    total, moment, power, factorial, k = arb(0), arb(0), 1 / c, arb(1), 0
    gamma = arb.pi().sqrt()
    while True:
        rest = arb.pi().sqrt() / 2 * gamma * abs(power)
        if rest < arb(2) ** (-ctx.prec) / c**2 or k > c:
            return total + arb(0, rest.upper())
        total += moment * power
        moment = (k + arb(1) / 2) * moment - factorial / arb(2) ** (k + 1)
        gamma *= k + arb(1) / 2
        k += 1
        factorial *= k
        power /= -c


def _series(c: arb, bits: int) -> arb:
    # y is as small as e^(−2c) beside the terms, which grow to e^(3c) at most.
    size = float(c)
    working = bits + SPARE + int(5 * size * log2(2.72)) + 2 * int(abs(log2(size)))
    with ctx.workprec(working):
        logarithm, root = c.log(), c.sqrt()
        head = -arb.const_euler() - arb(2).log()
        smallest = arb(2) ** (-working)
        total, power, coefficient, factorial, bound, n = arb(0), arb(1), arb(0), arb(1), arb(1), 0
        while True:
            half = n + arb(1) / 2
            total += power * (coefficient + (head - logarithm + 1 / half) / factorial) / half
            n += 1
            factorial *= n
            coefficient = (coefficient + (2 / factorial if n % 2 else 0)) / n
            power *= c
            bound *= 3 * c / n
            if n > 6 * size and bound * (3 + abs(logarithm)) < smallest:
                break
        # Later terms shrink at least by half each.
        total += arb(0, (4 * bound * (3 + abs(logarithm))).upper())
        y = arb.pi() ** (arb(3) / 2) / 2 - root * total
        return y * c.exp() / root
