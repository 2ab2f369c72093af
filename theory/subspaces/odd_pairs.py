r"""Odd numbers of pairs in three dimensions: the sphere is integrated out, and a double integral of roots is left.

:math:`W = \Delta^\top \Delta` has the shares :math:`p_1 > p_2 > p_3` of its trace as eigenvalues. Let h be the factor's
coordinates along its eigenvectors, uniform on the sphere before the factor bends their law. With the trace integrated
out their density is, up to a constant and ρ = l/(l + 1),

.. math:: \prod_i p_i^{(N-4)/2} \prod_{i<j} (p_i - p_j) \cdot \Bigl(\sum_i a_i h_i^2\Bigr)^{-3N/2}, \qquad
          a_i = 1 - \rho p_i.

The sphere: :math:`\int (h^\top A h)^{-3/2}\,dh = 4\pi/\sqrt{\det A}`. At A + s the k-th coefficient in s gives the
power −3/2 − k, and that is −3N/2 for :math:`k = 3(N-1)/2`, which is whole where N is odd; a derivative by
:math:`a_1` gives it with :math:`h_1^2`. So :math:`E \cos^2` is the ratio of the integrals over p of

.. math:: \tfrac12 [s^{k-1}]\, (a_1 - s)^{-3/2} (a_2 - s)^{-1/2} (a_3 - s)^{-1/2} \quad\text{and}\quad
          k\,[s^k] \prod_i (a_i - s)^{-1/2},

sums of positive terms. With :math:`p = (\cos^2\beta\cos^2\alpha, \cos^2\beta\sin^2\alpha, \sin^2\beta)` all of it is
smooth: :math:`\prod p_i^{(N-4)/2} dp = 4 \prod |x_i|^{N-3} \cos\beta\, d\alpha\, d\beta`, :math:`x_i^2 = p_i`.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise, product, takewhile
from typing import Any

import mpmath
from sympy import Dummy, Expr, Integer, Integral, Rational, RisingFactorial, Sum, atan, cos, factorial, pi, sin

from theory.errors import NotDerivedError
from theory.subspaces.factor_model import FactorModel

_HALF = Rational(1, 2)
#: More pairs are sums of hundreds of terms, as in :mod:`theory.subspaces.planes`.
MOST_PAIRS = 19
#: 3·2^(degree − 1) nodes.
_DEGREE = 4


def odd_pairs_error(model: FactorModel) -> Expr:
    """The error 2(1 − E cos²) of the first singular vector of an odd number N ≥ 3 of pairs in three dimensions.

    Raises
    ------
    NotDerivedError
        For more pairs than anybody would sum over.
    """
    (strength,), number = model.strengths, int(model.pairs)
    if number > MOST_PAIRS:
        raise NotDerivedError(
            f"the exact error of {number} pairs in three dimensions is a sum of hundreds of terms: ask "
            f"{MOST_PAIRS} pairs or fewer, or regime='leading'."
        )
    first, second = Dummy("alpha", positive=True), Dummy("beta", positive=True)
    squares = (cos(second) ** 2 * cos(first) ** 2, cos(second) ** 2 * sin(first) ** 2, sin(second) ** 2)
    order = Integer(3 * (number - 1) // 2)
    slopes = [1 - strength / (strength + 1) * square for square in squares]
    weight = _weight(squares, number, cos(second))
    found, whole = (
        Integral(weight * part, (second, 0, atan(sin(first))), (first, 0, pi / 4))
        for part in (_HALF * _coefficient(slopes, order - 1, 3 * _HALF), order * _coefficient(slopes, order, _HALF))
    )
    return 2 - 2 * found / whole


def odd_pairs_number(strength: float, number: int) -> float:
    """The same as a float, by quadrature; every term is positive."""
    missed, whole = integrals(strength, number)
    return 2 * missed / whole


def integrals(strength: float, number: int) -> tuple[float, float]:
    """The weight times the squared sine, and the weight, over all shares; the latter grows as (1 + l)^(N/2)."""
    order = 3 * (number - 1) // 2
    share = strength / (strength + 1)
    halves, ends = _series(0.5, order), _series(1.5, order)

    def both(first: float, place: float) -> complex:
        most = math.atan(math.sin(first))
        second = place * most
        squares = (
            (math.cos(second) * math.cos(first)) ** 2,
            (math.cos(second) * math.sin(first)) ** 2,
            math.sin(second) ** 2,
        )
        slopes = [1 - share * square for square in squares]
        weight = most * _weight(squares, number, math.cos(second))
        # The squared cosines with the other two vectors: of strong factors the first differs from 1 by rounding alone.
        pairs = [_product(_powers(halves, slopes[0], 0.5), _powers(halves, slopes[i], 0.5)) for i in (2, 1)]
        others = [_powers(ends, slopes[i], 1.5) for i in (1, 2)]
        parts = (
            0.5 * sum(_last(one[:order], other[:order]) for one, other in zip(pairs, others, strict=True)),
            order * _last(pairs[0], _powers(halves, slopes[1], 0.5)),
        )
        # One as the imaginary part.
        return complex(weight * parts[0], weight * parts[1])

    # Strong factors keep α within 1/√l of 0, but for tails of powers.
    width = 1 / math.sqrt(1 + strength)
    cuts = [0.0, *takewhile(lambda cut: cut < math.pi / 4, (width * 4**power for power in range(40))), math.pi / 4]
    total = 0j
    for begin, end in pairwise(cuts):
        for (first, share_of_first), (place, share_of_place) in product(_nodes(), _nodes()):
            scale = (end - begin) * share_of_first * share_of_place
            total += scale * both(begin + (end - begin) * first, place)
    return total.real, total.imag


@cache
def _nodes() -> list[tuple[float, float]]:
    """Places and weights of Gauss and Legendre on [0, 1], 24 of them: integrands are smooth between the cuts."""
    with mpmath.workprec(80):
        found = mpmath.calculus.quadrature.GaussLegendre(mpmath.mp).calc_nodes(_DEGREE, 80)
        return [(float(1 + place) / 2, float(weight) / 2) for place, weight in found]


def _weight(squares: Any, number: int, slope: Any) -> Any:
    """Of the shares, with the measure of the angles; N − 3 is even."""
    one, two, three = squares
    return (one * two * three) ** ((number - 3) // 2) * (one - two) * (one - three) * (two - three) * slope


def _coefficient(slopes: list[Expr], order: Expr, power: Expr) -> Expr:
    """The coefficient of s^order in (a₁ − s)^−power (a₂ − s)^−1/2 (a₃ − s)^−1/2."""
    i, j = Dummy("i", integer=True, nonnegative=True), Dummy("j", integer=True, nonnegative=True)
    term = Integer(1)
    for slope, at, index in zip(slopes, (power, _HALF, _HALF), (order - i - j, i, j), strict=True):
        term *= RisingFactorial(at, index) / factorial(index) / slope ** (index + at)
    return Sum(term, (j, 0, order - i), (i, 0, order))


def _series(power: float, order: int) -> list[float]:
    """Coefficients of (1 − s)^−power up to s^order."""
    found = [1.0]
    for index in range(order):
        found.append(found[-1] * (power + index) / (index + 1))
    return found


def _powers(series: list[float], slope: float, power: float) -> list[float]:
    """Coefficients of (a − s)^−power."""
    return [value * slope ** -(index + power) for index, value in enumerate(series)]


def _product(left: list[float], right: list[float]) -> list[float]:
    found = [0.0] * len(left)
    for (i, one), (j, other) in product(enumerate(left), enumerate(right)):
        if i + j < len(found):
            found[i + j] += one * other
    return found


def _last(left: list[float], right: list[float]) -> float:
    """The last coefficient of a product."""
    return sum(one * other for one, other in zip(left, reversed(right), strict=True))
