r"""Polygamma functions of conjugate arguments, written in real terms.

Partial fractions over complex roots leave :math:`\psi^{(m)}(c \pm iy)` in pairs. Where 2c is a whole number the
reflection formula and the recurrence,

.. math:: \psi^{(m)}(1-z) = (-1)^m \Bigl(\psi^{(m)}(z) + \frac{d^m}{dz^m}\, \pi \cot \pi z\Bigr), \qquad
   \psi^{(m)}(w + 1) = \psi^{(m)}(w) + \frac{(-1)^m\, m!}{w^{m+1}},

write one of each pair by the other: :math:`\sum 1/(j^2+1) = (\pi \coth \pi - 1)/2`.
"""

from __future__ import annotations

from sympy import Dummy, Expr, I, S, cot, diff, expand, factor_terms, factorial, im, pi, polygamma, re, simplify


def in_real_terms(expression: Expr) -> Expr:
    """A real constant without polygammas of complex arguments, where they cancel in pairs; else as it is.

    Examples
    --------
    >>> from sympy import I, polygamma
    >>> in_real_terms(I * polygamma(0, 1 - I) - I * polygamma(0, 1 + I))
    -1 + pi/tanh(pi)
    """
    pairs = {
        term: _reflected(term)
        for term in expression.atoms(polygamma)
        if term.args[1].is_number and im(term.args[1]).is_negative and (2 * re(term.args[1])).is_Integer
    }
    if not pairs:
        return expression
    rewritten = expand(expression.xreplace(pairs))
    if rewritten.has(polygamma):
        return expression
    plain = simplify(expand(rewritten, complex=True))
    return expression if plain.has(I) else factor_terms(plain)


def _reflected(term: Expr) -> Expr:
    """ψ^(m)(c − iy) by ψ^(m)(c + iy)."""
    order, lower = term.args
    upper, steps, z = 2 * re(lower) - lower, int(2 * re(lower)) - 1, Dummy("z")
    cotangent = diff(pi * cot(pi * z), z, order) if order else pi * cot(pi * z)
    sign = S.NegativeOne**order
    value = sign * (polygamma(order, upper) + cotangent.subs(z, upper))
    # c − iy is 1 − (c + iy), 2c − 1 steps further.
    start = 1 - upper
    rest = sum((1 / (start + step) ** (order + 1) for step in range(steps)), S.Zero)
    rest -= sum((1 / (start - step) ** (order + 1) for step in range(1, -steps + 1)), S.Zero)
    return value + sign * factorial(order) * rest
