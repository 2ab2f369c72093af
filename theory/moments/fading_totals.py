r"""Memories that fade at a constant rate, blocks of random size, no curvature: one integral a generation.

With :math:`M_g = q M_{g-1} + N_g` the model moves by :math:`N_g/M_g` of noise of variance :math:`1/N_g`, and
:math:`1/M^2 = \int_0^\infty u\,e^{-uM}\,du`. The sizes being independent, with generating function f,

.. math:: E\,\frac{N_g}{M_g^2} = \int_0^\infty u\,e^{-u} f'(e^{-u}) \prod_{k=1}^{g-1} f\bigl(e^{-u q^k}\bigr)\,du .

It falls as g grows, to the integral with the whole product: that is the growth of the risk a generation. Derived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
from sympy import Expr, Float, Integer, Integral, Product, S, Symbol, exp, lambdify, oo, sympify

from theory.expressions.expansion import Order
from theory.expressions.random_sizes import RandomSizes
from theory.expressions.symbols import G, t
from theory.moments.recurrence import Recurrence


class FadingGain(Expr):  # type: ignore[misc]
    """E[N/M²] of a newest block and so many before it, each faded by q more; evaluated to any precision.

    Examples
    --------
    >>> from sympy import Rational
    >>> FadingGain(RandomSizes.geometric("1/2"), Rational(1, 2), 0).n(12), FadingGain(
    ...     RandomSizes("t"), Rational(1, 2), oo).n(12)
    (0.693147180560, 0.250000000000)
    """

    is_commutative = True
    is_real = True
    is_positive = True
    is_finite = True
    knows_its_digits = True

    def __new__(cls, sizes: RandomSizes, rate: Expr, before: Expr | int) -> FadingGain:
        """Of arguments that are verified."""
        return Expr.__new__(cls, sizes, sympify(rate), sympify(before))  # type: ignore[no-any-return]

    def doit(self, **hints: Any) -> Expr:
        """The integral."""
        sizes, rate, before = self.args
        u, k, f = Symbol("u", positive=True), Symbol("k", integer=True), sizes.generating_function
        others = Product(f.subs(t, exp(-u * rate**k)), (k, 1, before)) if before != 0 else S.One
        return Integral(u * exp(-u) * f.diff(t).subs(t, exp(-u)) * others, (u, 0, oo))

    def _sympystr(self, printer: Any) -> str:
        return str(printer._print(self.doit()))

    def _pretty(self, printer: Any) -> Any:
        return printer._print(self.doit())

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        written = str(printer._print(self.doit()))
        return written if exp is None else rf"\left({written}\right)^{{{exp}}}"

    def _eval_evalf(self, prec: int) -> Expr | None:
        sizes, rate, before = self.args
        if sizes.free_symbols:
            return None
        with mpmath.workprec(prec + 20):
            law = sizes.generating_function
            f, slope = (lambdify(t, part, "mpmath") for part in (law, law.diff(t)))
            q, mean = mpmath.mpf(rate.p) / rate.q, mpmath.mpf(str(sizes.mean.evalf(30)))
            least = mpmath.mpf(2) ** (-prec - 20)

            def integrand(u: Any) -> Any:
                value, faded, k = u * mpmath.exp(-u) * slope(mpmath.exp(-u)), u * q, 1
                # 1 − f(e^(−x)) ≤ E N x, so that what is left of a product is 1 but for E N x/(1 − q).
                while value > 0 and (before is oo or k <= before) and faded * mean > least:
                    value, faded, k = value * f(mpmath.exp(-faded)), faded * q, k + 1
                return value

            total = mpmath.quad(integrand, [0, 1 / (4 * mean), 1 / mean, 1, 4, 16, 64, 256, mpmath.inf])
            return Float._new(total._mpf_, prec)


@dataclass(frozen=True)
class FadingTotals(Recurrence):
    """Σ E[N_g/M_g²]; ``known`` are the same values as fractions, where a law has a largest size.

    Examples
    --------
    >>> from theory import Forgetting, Regular, expected_risk
    >>> risk = expected_risk(Regular(p=1, n=1), Forgetting("1/2", sizes=RandomSizes.geometric("1/2")))
    >>> risk.at(3).n(10), risk.growth.subs(G, 1).n(10)
    (1.137581714, 0.1296789001)
    """

    sizes: RandomSizes
    rate: Expr
    known: Recurrence | None = None

    @property
    def rises(self) -> bool:
        """Every generation adds the variance of new noise."""
        return True

    def gain(self, before: Expr | int) -> Expr:
        """What a generation with so many before it adds."""
        return FadingGain(self.sizes, self.rate, before)

    def values(self) -> Iterator[Expr]:
        """Exact risks at generations 1, 2, …: fractions, or sums of integrals."""
        if self.known is not None:
            yield from self.known.values()
            return
        total, before = S.Zero, Integer(0)
        while True:
            total += self.gain(before)
            before += 1
            yield self.offset + self.scale * total

    def limit(self, order: Order) -> Expr | None:
        """It grows for ever."""
        return oo

    def growth(self, order: Order) -> Expr | None:
        """A generation adds what one with infinitely many before it does."""
        return self.gain(oo) * G
