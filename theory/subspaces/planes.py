r"""One centred Gaussian factor, exactly: two pairs in any dimension, and even numbers of pairs in three.

Both are the problem of two dimensions (:mod:`theory.subspaces.exact`) once a direction or a plane is given. In a plane
that meets the factor with squared cosine y, a 2 × 2 matrix C with the density :math:`\det(C)^{(n-3)/2}
e^{-\operatorname{tr} C/2 + \rho y\, e^\top C e/2}`, ρ = l/(l + 1), has a first eigenvector e′ with

.. math:: E \cos 2\angle(e', e) = \tau\,\frac{\sqrt\pi}{2}\,\frac{\Gamma((n+1)/2)}{\Gamma(n/2)}\,
          {}_2F_1\!\left(\tfrac{3-n}{2}, \tfrac12; 2; \tau^2\right), \qquad \tau = \frac{\rho y}{2 - \rho y},

and the total weight :math:`(1 - \rho y)^{-n/2}` up to a constant; the squared cosine with the factor is
:math:`y (1 + \cos 2\angle)/2`.

**Two pairs.** They span a uniform plane before the factor bends its law: y has the density
:math:`(1-y)^{D/2-2}`. The singular values of two rows enter by :math:`(s_1 s_2)^{D-2}(s_1^2 - s_2^2)`, which is n = D.

**Three dimensions.** Let μ be the smallest eigenvalue; the plane is orthogonal to its vector, y has the density
:math:`(1-y)^{-1/2}`, and the other two are μ plus the eigenvalues of C. The Vandermonde determinant gives det C, and
:math:`\prod\lambda^{(N-4)/2}` gives :math:`(\mu \det(C + \mu))^{(N-4)/2}`, a polynomial for even N ≥ 4: its terms
:math:`\mu^{k+j+2m} \det(C)^{1+i} (\operatorname{tr} C)^j`, k = (N − 4)/2 = i + j + m, against
:math:`e^{-\mu (3-\rho)/2}`. N = 4 is n = 5.

With :math:`y = (1-w^2)/(1-\rho w^2)` all weights are rational in w ∈ (0, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, factorial
from typing import Any

import mpmath
from sympy import Dummy, Expr, Integer, Integral, gamma, hyper, log, pi, sqrt

from theory.errors import NotDerivedError
from theory.subspaces.factor_model import FactorModel

#: More pairs in three dimensions are a sum of hundreds of integrals.
_MOST_PAIRS = 20


@dataclass(frozen=True)
class _Functions:
    """What the integrands are made of, in symbols or in numbers."""

    number: Callable[[Any], Any]
    root: Callable[[Any], Any]
    gamma: Callable[[Any], Any]
    series: Callable[[list[Any], list[Any], Any], Any]
    pi: Any


_SYMBOLS = _Functions(Integer, sqrt, gamma, hyper, pi)
_NUMBERS = _Functions(mpmath.mpf, mpmath.sqrt, mpmath.gamma, mpmath.hyper, mpmath.pi)


def has_plane(model: FactorModel) -> bool:
    """Whether it is two pairs, or an even number of them in three dimensions."""
    number, width = model.pairs, model.dimension
    return bool(number == 2 or (width == 3 and number.is_Integer and number.is_even))


def plane_error(model: FactorModel) -> Expr:
    """The error 2(1 − E cos²) of the first singular vector: elementary for N = 2, D = 3, else with integrals over w.

    Raises
    ------
    NotDerivedError
        For more pairs in three dimensions than anybody would sum over.
    """
    (strength,), number, width = model.strengths, model.pairs, model.dimension
    if number == 2 and width == 3:
        # w is integrated out by hand: the logarithm is 2 artanh √(l/(l + 2)).
        side = sqrt(strength * (strength + 2))
        return 2 - 2 * (strength + 1) / strength * (1 - log(1 + strength + side) / side)
    _verify_few(number)
    place = Dummy("w", positive=True)
    weighted, weight = _integrands(strength, number, width, place, _SYMBOLS)
    over: Callable[[Expr], Expr] = lambda integrand: Integral(integrand, (place, 0, 1))  # noqa: E731
    # A product: of a sum that holds an integral of numbers, SymPy works the integral out before it prints it.
    return 2 * over(weight - weighted) / (1 if number == 2 else over(weight))


def plane_number(strength: Any, number: int, width: int) -> Any:
    """The same as a number of mpmath, by quadrature; every term is positive."""
    start = mpmath.mpf(strength)
    # Weak factors spread over all w, strong ones turn within 1/l of w = 1.
    cuts = [0, start / (1 + start), 1]

    def both(w: Any) -> Any:
        # One as the imaginary part.
        return mpmath.mpc(*_integrands(start, number, width, w, _NUMBERS))

    sums = mpmath.quad(both, cuts, method="gauss-legendre")
    return 2 - 2 * sums.real / sums.imag


def _verify_few(number: Expr) -> None:
    if (number - _MOST_PAIRS).is_positive:
        raise NotDerivedError(
            f"the exact error of {number} pairs in three dimensions is a sum of hundreds of integrals: ask "
            f"{_MOST_PAIRS} pairs or fewer, or regime='leading'."
        )


def _integrands(strength: Any, number: Any, width: Any, w: Any, of: _Functions) -> tuple[Any, Any]:
    """Weight times the squared cosine, and weight, at w."""
    left = 1 + strength - strength * w**2
    square = (1 + strength) * (1 - w**2) / left
    tilt = strength * (1 - w**2) / (left + 1)
    if number == 2:
        weight = (width - 2) * w ** (width - 3)
        return weight * square * (1 + _cosine(width, tilt, of)) / 2, weight
    if number == 4:
        return left * square * (1 + _cosine(5, tilt, of)) / 2, left
    even = odd = of.number(0)
    for i, j, m in _terms((int(number) - 4) // 2):
        share = _share(i, j, m, strength, left, of)
        even, odd = even + share * _even(i, j, tilt, of), odd + share * _odd(i, j, tilt, of)
    return square * (even + odd) / 2, even


def _cosine(degree: Any, tilt: Any, of: _Functions) -> Any:
    """E cos 2∠ in the plane of n pairs."""
    half = of.number(1) / 2
    gammas = of.gamma((degree + 1) * half) / of.gamma(degree * half)
    return tilt * of.root(of.pi) / 2 * gammas * of.series([(3 - degree) * half, half], [of.number(2)], tilt**2)


def _terms(power: int) -> list[tuple[int, int, int]]:
    """Exponents of det C, μ tr C and μ² in (det C + μ tr C + μ²)^k."""
    return [(i, j, power - i - j) for i in range(power + 1) for j in range(power + 1 - i)]


def _share(i: int, j: int, m: int, strength: Any, left: Any, of: _Functions) -> Any:
    """The coefficient of a term, with μ and the trace integrated out, and the weight of the plane."""
    power, degree = i + j + m, 5 + 2 * i + j
    many = comb(power, i) * comb(power - i, j) * factorial(power + j + 2 * m) * factorial(degree - 1)
    # 3 − ρ = (2l + 3)/(l + 1); 1 − ρy/2 = (left + 1)/(2 left); the weight of y has left^(−3/2) in w.
    lowest = (2 * (strength + 1) / (2 * strength + 3)) ** (power + j + 2 * m + 1)
    trace = (2 * left / (left + 1)) ** degree / of.root(left) ** 3
    return of.number(many) * of.number(2) ** degree / of.number(4) ** (1 + i) * lowest * trace


def _even(i: int, j: int, tilt: Any, of: _Functions) -> Any:
    r""":math:`\int s (1-s^2)^{1+i} (1 - \tau s\cos\varphi)^{-5-2i-j}` over contrast and angle, a polynomial (Euler)."""
    half, slope = of.number(1) / 2, 1 - tilt**2
    ended = of.series([(1 - j) * half, -j * half], [of.number(3 + i)], tilt**2)
    return of.pi / (2 + i) * ended / of.root(slope) ** (5 + 2 * i + 2 * j)


def _odd(i: int, j: int, tilt: Any, of: _Functions) -> Any:
    r"""The same with cos φ: :math:`{}_3F_2((M+1)/2, (M+2)/2, 3/2; 2, i + 7/2; \tau^2)`, M = 5 + 2i + j, a finite sum.

    One of the first two exceeds i + 7/2 by a whole number r, and :math:`(a+r)_q/(a)_q = \sum_s \binom{r}{s}
    q(q-1)\cdots(q-s+1)/(a)_s`; of what is left Euler's transformation is a polynomial, for the other is whole.
    """
    half, degree, square = of.number(1) / 2, 5 + 2 * i + j, tilt**2
    lower, excess, whole = i + 7 * half, j // 2, (degree + 2 - degree % 2) // 2
    total, factor = of.number(0), of.number(1)
    for s in range(excess + 1):
        ended = of.series([of.number(2 - whole), half], [of.number(2 + s)], square)
        total += comb(excess, s) * factor * square**s * ended / (1 - square) ** (whole + s - half)
        factor *= (whole + s) * (3 * half + s) / ((2 + s) * (lower + s))
    beta = of.gamma(3 * half) * of.gamma(of.number(2 + i)) / of.gamma(lower)
    return of.pi * half * degree * beta * tilt * total
