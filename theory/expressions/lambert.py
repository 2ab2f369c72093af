r"""Sums over powers of one number, of Lambert's kind, and the products that go with them.

.. math:: \Lambda_k(q, z) = \sum_{g \ge 1} \bigl[(1 - z q^g)^{-k} - 1\bigr]
          = \sum_{m \ge 1} \binom{m + k - 1}{m} \frac{(z q)^m}{1 - q^m}, \qquad
          (a; q)_\infty = \prod_{g \ge 0} (1 - a q^g),

for :math:`|q| < 1` and :math:`|z q| < 1`. At z = 1, k = 2 it is :math:`\sum_k (d(k) + \sigma(k))\,q^k`, d and σ the
number and the sum of the divisors, for :math:`\binom{m+1}{m} = m + 1`. What is left of the sum after G terms is
:math:`\Lambda_k(q, z q^G)`, of the product after G factors :math:`(a q^G; q)_\infty`.
"""

from __future__ import annotations

from typing import Any

from flint import acb, arb, ctx
from mpmath import mp, mpf
from sympy import Expr, Function, Pow, Rational, S, cancel, log, powsimp

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

    def _eval_expand_func(self, **hints: Any) -> Expr:
        """With no whole number added to the exponent: Λ_k(q, z) = Λ_k(q, z q) + (1 − z q)^(−k) − 1."""
        _, q, z = self.args
        return self.moved(*_shifted(z, q))

    def moved(self, base: Expr, shift: int) -> Expr:
        """Itself, of z = base·q^shift, by the function of the base."""
        k, q, _ = self.args
        total: Expr = lambert_sum(k, q, base)
        for step in range(1, abs(shift) + 1):
            at = base * q ** (step if shift > 0 else 1 - step)
            total -= (1 if shift > 0 else -1) * ((1 - at) ** (-k) - 1)
        return total

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

    def _eval_expand_func(self, **hints: Any) -> Expr:
        """With no whole number added to the exponent: (a; q)_∞ = (1 − a) (a q; q)_∞."""
        a, q = self.args
        return self.moved(*_shifted(a, q))

    def moved(self, base: Expr, shift: int) -> Expr:
        """Itself, of a = base·q^shift, by the function of the base."""
        q = self.args[1]
        total: Expr = q_pochhammer(base, q)
        for step in range(abs(shift)):
            total = total / (1 - base * q**step) if shift > 0 else total * (1 - base * q ** (-step - 1))
        return total

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


def _shifted(value: Expr, q: Expr) -> tuple[Expr, int]:
    """c·q^(x + s) as c·q^x and the whole number s; s = 0 where the value is no such power, or s is large."""
    for power in value.atoms(Pow):
        whole = power.exp.as_coeff_Add()[0]
        direction = 1 if power.base == q else -1 if power.base * q == 1 else 0
        if power.exp.free_symbols and direction and whole.is_Integer and 0 < abs(whole) < 100:
            shift = int(whole) * direction
            return powsimp(value / q**shift), shift
    return value, 0


def steps_apart(value: Expr, base: Expr, q: Expr) -> int | None:
    """The whole number s with value = base·q^s; None where none is seen, or s is large."""
    quotient = cancel(powsimp(value / base)) if base != 0 else S.Zero
    if quotient == 1:
        return 0
    root, power = quotient.as_base_exp()
    if root == q and power.is_Integer:
        return int(power)
    if not (quotient.is_Rational and q.is_Rational and quotient > 0):
        return None
    near = round(float(log(quotient) / log(q)))
    return near if abs(near) < 100 and q**near == quotient else None


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
