r"""Functions of conjugate arguments, written in real terms.

*Gamma functions.* Products over conjugate roots leave :math:`\Gamma(x + \sqrt s)\,\Gamma(x - \sqrt s)`, which is real
for real x and s of either sign, and :math:`|\Gamma(x + i\sqrt{-s})|^2` for s < 0. As a product of two complex numbers
it has, in decimals, an imaginary part of rounding errors; as one function, :class:`GammaPair`, it has none. Where x is
whole and s a number, it is a sine by the reflection formula.

*Polygammas.* Partial fractions over complex roots leave :math:`\psi^{(m)}(c \pm iy)` in pairs. Where 2c is a whole
number the reflection formula and the recurrence,

.. math:: \psi^{(m)}(1-z) = (-1)^m \Bigl(\psi^{(m)}(z) + \frac{d^m}{dz^m}\, \pi \cot \pi z\Bigr), \qquad
   \psi^{(m)}(w + 1) = \psi^{(m)}(w) + \frac{(-1)^m\, m!}{w^{m+1}},

write one of each pair by the other: :math:`\sum 1/(j^2+1) = (\pi \coth \pi - 1)/2`. Elsewhere
:math:`a\,\psi(z) + \bar a\,\psi(\bar z) = 2 \operatorname{Re} a \operatorname{Re} \psi(z)
- 2 \operatorname{Im} a \operatorname{Im} \psi(z)`.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import mpmath
from sympy import (
    Abs,
    Basic,
    Dummy,
    Expr,
    Float,
    Function,
    I,
    Mul,
    Pow,
    S,
    conjugate,
    cot,
    diff,
    expand,
    factor_terms,
    factorial,
    gamma,
    im,
    pi,
    polygamma,
    re,
    simplify,
    sin,
    sinh,
    sqrt,
)

#: The largest whole x of which Γ(x + z) Γ(x − z) is written out.
_WRITTEN_OUT = 20


class GammaPair(Function):
    r"""The real function :math:`\Gamma(x + \sqrt s)\,\Gamma(x - \sqrt s)` of real x and s.

    Printed as :math:`|\Gamma(x + i\sqrt{-s})|^2` where s is known to be negative, and otherwise as a product.

    Examples
    --------
    >>> from sympy import Integer, Rational
    >>> pair = GammaPair(Integer(3), Rational(-1, 7))
    >>> pair, float(pair)
    (Abs(gamma(3 + sqrt(7)*I/7))**2, 3.7813301322413...)
    """

    nargs = 2

    @classmethod
    def eval(cls, x: Expr, s: Expr) -> Expr | None:
        """The product itself where its factors are real."""
        return gamma(x + sqrt(s)) * gamma(x - sqrt(s)) if s.is_nonnegative else None

    @property
    def product(self) -> Expr:
        """As a product of two Gamma functions."""
        x, s = self.args
        root = I * sqrt(-s) if s.is_negative or s.could_extract_minus_sign() else sqrt(s)
        return Mul(gamma(x - root), gamma(x + root))

    @property
    def _written(self) -> Expr:
        x, s = self.args
        if not s.is_negative:
            return self.product
        # Left alone: SymPy would write the square of this modulus as the product again.
        return Pow(Abs(gamma(x + I * sqrt(-s)), evaluate=False), 2, evaluate=False)

    def fdiff(self, argindex: int = 1) -> Expr:
        """The derivative in x, or in s."""
        x, s = self.args
        above, below = polygamma(0, x + sqrt(s)), polygamma(0, x - sqrt(s))
        return self * (above + below) if argindex == 1 else self * (above - below) / (2 * sqrt(s))

    def _eval_rewrite_as_gamma(self, x: Expr, s: Expr, **hints: Any) -> Expr:
        return self.product

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_real and self.args[1].is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real and self.args[1].is_negative else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        x, s = (argument.evalf(int((prec + 30) * 0.30103) + 1) for argument in self.args)
        if not (x.is_Float or x.is_Integer) or not (s.is_Float or s.is_Integer):
            return None
        with mpmath.workprec(prec + 20):
            root = mpmath.sqrt(mpmath.mpf(s._to_mpmath(prec + 20)))
            centre = mpmath.mpf(x._to_mpmath(prec + 20))
            value = mpmath.re(mpmath.gamma(centre + root) * mpmath.gamma(centre - root))
            return Float._new(value._mpf_, prec)

    def _sympystr(self, printer: Any) -> str:
        return printer._print(self._written)

    def _pretty(self, printer: Any) -> Any:
        return printer._print(self._written)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return printer._print(self._written if exp is None else Pow(self._written, int(exp), evaluate=False))

    def _code(self, printer: Any) -> str:
        return printer._print(re(self.product, evaluate=False))

    _numpycode = _mpmathcode = _code


def without_pairs(expression: Basic) -> Any:
    """With every :class:`GammaPair` written as a product, as the solver made it."""
    return expression.replace(lambda part: isinstance(part, GammaPair), lambda part: part.product)


def with_real_pairs(expression: Expr) -> Expr:
    """Pairs of Gamma functions, and of polygammas, of conjugate arguments as real functions.

    Examples
    --------
    >>> from sympy import I
    >>> from theory import G
    >>> with_real_pairs(gamma(G + 1 + I) * gamma(G + 1 - I))
    Abs(gamma(G + 1 + I))**2
    >>> with_real_pairs(1 / (gamma(2 + I) * gamma(2 - I)))
    sinh(pi)/(2*pi)
    >>> with_real_pairs((1 - I) * polygamma(0, G + I / 3) + (1 + I) * polygamma(0, G - I / 3))
    2*re(polygamma(0, G + I/3)) + 2*im(polygamma(0, G + I/3))
    """
    if not expression.has(I):
        return expression
    joined = expression.replace(lambda part: isinstance(part, Mul), lambda part: _joined_gammas(part))
    return _joined_polygammas(joined)


def _joined_gammas(product: Expr) -> Expr:
    powers = {part.args[0]: exponent for part, exponent in _factors(product) if isinstance(part, gamma)}
    for one, other in combinations([argument for argument in powers if not argument.is_Rational], 2):
        exponent, x, s = powers[one], expand((one + other) / 2), expand(((one - other) / 2) ** 2)
        if exponent != powers[other] or not x.is_real or not s.is_real:
            continue
        known = _by_reflection(x, s)
        if known is not None or one.has(I):
            rest = product / (gamma(one) * gamma(other)) ** exponent
            return _joined_gammas(rest) * (GammaPair(x, s) if known is None else known) ** exponent
    return product


def _by_reflection(x: Expr, s: Expr) -> Expr | None:
    r"""Γ(x + √s) Γ(x − √s) for a whole number x and a number s ≠ 0 that is the square of no whole number.

    .. math:: \Gamma(1 + z)\,\Gamma(1 - z) = \frac{\pi z}{\sin \pi z}, \qquad
              \Gamma(x + z)\,\Gamma(x - z) = \prod_{k=1}^{x-1} (k^2 - z^2)\;\Gamma(1 + z)\,\Gamma(1 - z)
    """
    if not (x.is_Integer and 1 <= x <= _WRITTEN_OUT and s.is_number) or sqrt(s).is_integer:
        return None
    z = sqrt(-s) if s.is_negative else sqrt(s)
    wave = sinh(pi * z) if s.is_negative else sin(pi * z)
    return Mul(*(k**2 - s for k in range(1, int(x))), pi * z) / wave


def _factors(product: Expr) -> list[tuple[Expr, Expr]]:
    return [part.as_base_exp() for part in Mul.make_args(product)]


def _joined_polygammas(expression: Expr) -> Expr:
    for upper in sorted(expression.atoms(polygamma), key=str):
        order, argument = upper.args
        lower = polygamma(order, conjugate(argument))
        if not im(argument).is_positive or not expression.has(lower):
            continue
        above, below = Dummy("above"), Dummy("below")
        opened = expression.xreplace({upper: above, lower: below})
        first, second = (diff(opened, variable) for variable in (above, below))
        if first.has(above, below) or second.has(above, below) or simplify(second - conjugate(first)) != 0:
            continue
        real = 2 * (re(first) * re(upper, evaluate=False) - im(first) * im(upper, evaluate=False))
        expression = opened.subs({above: 0, below: 0}) + real
    return expression


def in_real_terms(expression: Expr) -> Expr:
    """A real constant without polygammas of complex arguments, where they cancel in pairs; else as it is.

    Examples
    --------
    >>> from sympy import I, polygamma
    >>> in_real_terms(I * polygamma(0, 1 - I) - I * polygamma(0, 1 + I))
    -1 + pi/tanh(pi)
    """
    if not expression.has(I):
        return expression
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
