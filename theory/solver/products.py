r"""Definite products of factors rational in the index: ratios of Gamma functions.

.. math:: \prod_{i=L}^{U} (i - \alpha) = \frac{\Gamma(U+1-\alpha)}{\Gamma(L-\alpha)},

with the constants of conjugate roots folded by the reflection formula
:math:`\Gamma(1+z)\,\Gamma(1-z) = \pi z/\sin \pi z`, so that limits can be read off.
"""

from __future__ import annotations

from sympy import Expr, Mul, Rational, RisingFactorial, S, Symbol, floor, gamma, nan, pi, prime, sin, sinh, zoo

from theory.expressions.fraction_field import in_lowest_terms, is_over_q
from theory.expressions.roots import irreducible_factors, radical_roots, rational_parts
from theory.expressions.signs import sign

#: Numbers beyond which Γ of them is taken in quotients, and beyond which it is not written out at all.
LARGE, HUGE = 1000, 10_000
#: Beyond this from a whole number a difference known to 20 digits is none.
_NEAR = Rational(1, 10**9)


def definite_product(factor: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """Product of ``factor`` over lower ≤ index ≤ upper; None when a root is not expressible."""
    parts = rational_parts(factor, index)
    if parts is None:
        return None
    product: Expr = S.One
    large: dict[Rational, int] = {}
    for part, power in zip(parts, (1, -1), strict=True):
        constant, factors = irreducible_factors(part, index)
        product *= constant ** (power * (upper - lower + 1))
        for polynomial, multiplicity in factors:
            roots = radical_roots(polynomial)
            if roots is None:
                return None
            leading = polynomial.LC()
            if leading != 1:
                product *= leading ** (power * multiplicity * (upper - lower + 1))
            near = []
            for root in roots:
                first = lower - root
                if first.is_Rational and first > LARGE:
                    large[first] = large.get(first, 0) + power * multiplicity
                else:
                    near.append(root)
            product *= _gammas(near, lower, upper) ** (power * multiplicity)
    apart = _large_gammas(large, lower, upper)
    return None if apart is None else product * apart


def grows_like_gammas(product: Expr, upper: Expr) -> bool:
    r"""Whether a product :math:`c^U \prod_i \Gamma(U + c_i)^{k_i}` is seen to be no rational function of U.

    It has infinitely many zeros or poles unless the powers of those :math:`c_i` that differ by whole numbers add up to
    0.
    """
    classes: list[tuple[Expr, int]] = []
    for part in Mul.make_args(product):
        base, power = part.as_base_exp()
        if not (part.has(upper) and base.has(upper)):
            continue  # c^U has neither zeros nor poles
        shift = base.args[0] - upper if isinstance(base, gamma) else upper
        if not power.is_Integer or shift.has(upper):
            return False
        for place, (other, total) in enumerate(classes):
            apart = _differ_by_whole(shift, other)
            if apart is None:
                return False
            if apart:
                classes[place] = other, total + int(power)
                break
        else:
            classes.append((shift, int(power)))
    return any(total for _, total in classes)


def _differ_by_whole(one: Expr, other: Expr) -> bool | None:
    """Whether two shifts differ by a whole number for all parameters; None where numbers leave that open."""
    difference = one - other
    if is_over_q(difference):
        return bool(in_lowest_terms(difference).is_Integer)
    names = sorted(difference.free_symbols, key=lambda symbol: symbol.name)
    at = difference.subs({symbol: prime(7 + place) for place, symbol in enumerate(names)}).evalf(20)
    if not at.is_number or at.has(nan, zoo):
        return None
    real, imaginary = at.as_real_imag()
    return None if abs(real - round(real)) < _NEAR and abs(imaginary) < _NEAR else False


def _large_gammas(large: dict[Rational, int], lower: Expr, upper: Expr) -> Expr | None:
    r"""Product of :math:`(\Gamma(U + 1 - L + x)/\Gamma(x))^k` for large numbers x.

    Below the bar are factorials with more digits than a machine holds, but where they come with a whole number between
    them their quotients are not. None where they do not, and are too large to be written out.
    """
    found: Expr = S.One
    by_part: dict[Rational, list[Rational]] = {}
    for first in sorted(large):
        found *= gamma(upper + 1 - lower + first) ** large[first]
        by_part.setdefault(first - floor(first), []).append(first)
    for alike in by_part.values():
        power, below = 0, alike[0]
        for first in alike:
            # Γ(first) = Γ(below) times the numbers between, in all powers of Γ(below) so far.
            found *= RisingFactorial(below, first - below) ** -power
            power, below = power - large[first], first
        if power and below > HUGE:
            return None
        found *= gamma(below) ** power if power else 1
    return found


def _gammas(roots: list[Expr], lower: Expr, upper: Expr) -> Expr:
    if lower == 1 and any(root == 1 for root in roots):
        return S.Zero  # at every G ≥ 1; from a later factor on, the product of none of them is 1
    value: Expr = S.One
    if len(roots) == 2 and roots[0] == -roots[1] and lower == 1 and not (roots[0].is_Integer and abs(roots[0]) > 1):
        for root in roots:
            value *= gamma(upper + 1 - root)
        return value * _reflected(roots[0])
    for root in roots:
        if sign(root - lower) in (0, 1):
            # A whole root would be a pole of both Gammas; counted from above it is the zero that it is.
            value *= S.NegativeOne ** (upper - lower + 1) * gamma(root - lower + 1) / gamma(root - upper)
        else:
            value *= gamma(upper + 1 - root) / gamma(lower - root)
    return value


def _reflected(z: Expr) -> Expr:
    """1/(Γ(1+z)Γ(1−z)) = sin(πz)/(πz)."""
    imaginary = (z / S.ImaginaryUnit).expand()
    if z.is_imaginary or imaginary.is_positive or imaginary.is_real:
        return sinh(pi * imaginary) / (pi * imaginary)
    return sin(pi * z) / (pi * z)
