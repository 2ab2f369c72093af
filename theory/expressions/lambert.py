r"""Sums over powers of one number, of Lambert's kind, and the products that go with them.

.. math:: \Lambda_k(q, z) = \sum_{g \ge 1} \bigl[(1 - z q^g)^{-k} - 1\bigr]
          = \sum_{m \ge 1} \binom{m + k - 1}{m} \frac{(z q)^m}{1 - q^m}, \qquad
          (a; q)_\infty = \prod_{g \ge 0} (1 - a q^g),

for :math:`|q| < 1` and :math:`|z q| < 1`. With z = 1 and k = 2 it is :math:`\sum_k (d(k) + \sigma(k))\,q^k`, d and σ the
number and the sum of the divisors, for :math:`\binom{m+1}{m} = m + 1`. Both end: :math:`\Lambda_k(q, z q^G)` is what is
left of the sum after G terms.
"""

from __future__ import annotations

from typing import Any

from flint import acb, arb, ctx
from mpmath import mp, mpf
from sympy import Expr, Function, Rational, S

from theory.expressions.balls import know

LONGEST_SERIES = 10**6
"""Terms that are added rather than refused."""


class lambert_sum(Function):  # noqa: N801 - SymPy's functions are lower case
    r"""Λ_k(q, z), as ``lambert_sum(k, q, z)``.

    Examples
    --------
    >>> from sympy import Rational
    >>> lambert_sum(2, Rational(1, 2), 1).evalf(20)
    4.3507290411747801243
    """

    nargs = 3
    @classmethod
    def eval(cls, k: Expr, q: Expr, z: Expr) -> Expr | None:
        """0 where nothing is summed."""
        return S.Zero if q == 0 or z == 0 else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(argument.is_extended_real for argument in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        _, q, z = self.args
        return True if q.is_number and z.is_number and abs(q) < 1 and abs(z * q) < 1 else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        if not all(argument.is_number and argument.is_real for argument in self.args):
            return None
        with ctx.workprec(prec + 30):
            k, q, z = (_ball(argument, prec + 30) for argument in self.args)
            ball = _lambert(k, q, z)
        if not ball.is_finite():
            return None
        with mp.workprec(prec + 20):
            return Expr._from_mpmath(mpf(ball.real.mid().str(int(prec * 0.302) + 12, radius=False)), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        k, q, z = (printer._print(argument) for argument in self.args)
        name = rf"\Lambda_{{{k}}}\!\left({q}, {z}\right)"
        return name if exp is None else rf"\left({name}\right)^{{{exp}}}"


class q_pochhammer(Function):  # noqa: N801
    r"""(a; q)_∞, as ``q_pochhammer(a, q)``.

    Examples
    --------
    >>> from sympy import Rational
    >>> q_pochhammer(Rational(1, 2), Rational(1, 2)).evalf(15)
    0.288788095086602
    """

    nargs = 2

    @classmethod
    def eval(cls, a: Expr, q: Expr) -> Expr | None:
        """1 − a at q = 0, and 1 at a = 0."""
        return S.One if a == 0 else 1 - a if q == 0 else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(argument.is_extended_real for argument in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        if not all(argument.is_number for argument in self.args):
            return None
        with mp.workprec(prec + 20):
            a, q = (argument._to_mpmath(prec + 20) for argument in self.args)
            if not abs(q) < 1:
                return None
            return Expr._from_mpmath(mp.qp(a, q), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, q = (printer._print(argument) for argument in self.args)
        name = rf"\left({a}; {q}\right)_\infty"
        return name if exp is None else f"{name}^{{{exp}}}"


def _ball(value: Expr, bits: int) -> acb:
    number = Rational(value.evalf(int(bits * 0.302) + 5)) if not value.is_Rational else value
    return acb(arb(int(number.p)) / int(number.q))


def _lambert(k: acb, q: acb, z: acb) -> acb:
    """The series in m, and a bound on what is left: successive terms fall by at most ρ < 1 from M on."""
    order = int(k.real.unique_fmpz())
    modulus = abs(z * q)
    if not (abs(q) < 1 and modulus < 1):
        return acb("nan")
    total, weight, power, step, m = acb(0), acb(1), acb(1), acb(1), 0
    floor = arb(2) ** (-ctx.prec - 10)
    while m < LONGEST_SERIES:
        m += 1
        weight = weight * (m + order - 1) / m
        power, step = power * z * q, step * q
        total += weight * power / (1 - step)
        ratio = modulus * (m + order) / (m + 1)
        if ratio < 1:
            left = abs(weight) * modulus**m * ratio / ((1 - ratio) * (1 - abs(q)))
            # Relative to what is summed: what is left after many generations is small as a whole.
            if left.upper() < floor * abs(total).lower() or left.upper() == 0:
                bound = left.upper()
                return total + acb(arb(0, bound), arb(0, bound) if not total.imag.is_zero() else arb(0))
    return acb("nan")


def _pochhammer(a: acb, q: acb) -> acb:
    """The product, and |log of what is left| ≤ |a q^K|/((1 − |q|)(1 − |a q^K|))."""
    if not abs(q) < 1:
        return acb("nan")
    total, power = acb(1), acb(a)
    floor = arb(2) ** (-ctx.prec - 10)
    for _ in range(LONGEST_SERIES):
        total *= 1 - power
        power *= q
        size = abs(power)
        if size < arb(1) / 2:
            left = size / ((1 - abs(q)) * (1 - size))
            if left.upper() < floor:
                bound = (left.exp() - 1).upper()
                return total * (1 + acb(arb(0, bound), arb(0, bound) if not total.imag.is_zero() else arb(0)))
    return acb("nan")


know(lambert_sum, _lambert)
know(q_pochhammer, _pochhammer)
