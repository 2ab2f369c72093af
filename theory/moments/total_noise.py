r"""Limits under accumulate with random block sizes, f their generating function (derived here).

1. *Without curvature* the risk is :math:`\sum_g E[1/S_g]/g`, in units of the noise of n samples, and tends to

   .. math:: \sum_{g \ge 1} \frac1g \int_0^1 \frac{f^g}{t}\,dt
             = \int_0^1 \frac{-\ln(1 - f(t))}{t}\,dt \le \frac{\pi^2}6,

   as f(t) ≤ t. For f = P/Q the integrand is a sum of :math:`\mp\ln(1 - t/\rho)/t` over the roots of Q − P and of Q,
   whose integrals are dilogarithms :math:`\pm\mathrm{Li}_2(1/\rho)`.

2. *With curvature* κ, 1 + κ r_g is :math:`E \prod_{i \le g} (1 + \kappa N_i/S_i^2)`. Its part :math:`u_g(s)` on
   :math:`S_g = s` has the generating function :math:`U_g = f\,U_{g-1} + \kappa\,\theta^{-2}[(\theta f)\,U_{g-1}]`,
   :math:`\theta = t\,d/dt`, so :math:`W = (1 - f) \sum_g U_g` obeys

   .. math:: \bigl(t\,W'\bigr)' = \kappa\,\frac{f'}{1 - f}\,W, \qquad W(0) = 1,

   and W(1) is the limit: :math:`\sum_g u_g(s)` is E of the product up to the passage of s, times the renewal density.
   For f = t it is :math:`\sinh(\pi\sqrt\kappa)/(\pi\sqrt\kappa)`.
"""

from __future__ import annotations

from sympy import Expr, Poly, S, degree, factor_list, fraction, log, pi, polylog, sqrt, together

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import t
from theory.expressions.unit_integral import UnitIntegral


def total_noise(sizes: RandomSizes) -> Expr:
    """What accumulate's risk tends to without curvature, in units of the noise of n samples.

    Examples
    --------
    >>> total_noise(RandomSizes.geometric("1/3"))
    -polylog(2, 2/3) + pi**2/6
    >>> total_noise(RandomSizes.uniform(2))
    polylog(2, -1/2) + pi**2/6
    """
    function = sizes.generating_function
    if not sizes.is_rational:
        # 1 − f vanishes at t = 1 as 1 − t does, whose part is π²/6.
        return UnitIntegral(-log(1 - function) / t, (t, 0, 1))
    top, bottom = fraction(in_lowest_terms(together(function)))
    found, others = S.Zero, S.One
    for polynomial, side in ((in_lowest_terms(bottom - top), 1), (bottom, -1)):
        if not polynomial.has(t):
            continue
        for part, power in factor_list(polynomial, t)[1]:
            roots = _inverse_roots(part)
            if roots is None:
                others *= in_lowest_terms(part / part.subs(t, 0)) ** (side * power)
            else:
                found += sum((side * power * _dilogarithm(root) for root in roots), S.Zero)
    return found if others == 1 else found + UnitIntegral(-log(others) / t, (t, 0, 1))


def _inverse_roots(part: Expr) -> list[Expr] | None:
    """1/ρ over the roots of a linear factor, or of a quadratic one whose roots are seen to be real."""
    if degree(part, t) == 1:
        slope, constant = Poly(part, t).all_coeffs()
        return [in_lowest_terms(-slope / constant)]
    if degree(part, t) == 2:
        a, b, c = Poly(part, t).all_coeffs()
        spread = in_lowest_terms(b**2 - 4 * a * c)
        if spread.is_nonnegative:
            return [in_lowest_terms((-b + sign * sqrt(spread)) / (2 * c)) for sign in (1, -1)]
    return None


def _dilogarithm(argument: Expr) -> Expr:
    value = polylog(2, argument)
    return pi**2 / 6 if argument == 1 else value
