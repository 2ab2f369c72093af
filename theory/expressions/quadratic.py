"""Numbers u + v√D with u, v, D rational functions of parameters, in lowest terms at every step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sympy import Expr, Poly, S, fraction

from theory.expressions.fraction_field import NotRational, in_lowest_terms
from theory.expressions.rational_functions import RationalFunction, RationalFunctions, common_factor, factored


@dataclass(frozen=True)
class Root:
    """u + va, where a is a root of z² + pz + q, and its other root −p − a.

    Attributes
    ----------
    u, v, p, q : rational functions over Q
    """

    u: RationalFunction
    v: RationalFunction
    p: RationalFunction
    q: RationalFunction

    def _of(self, u: RationalFunction, v: RationalFunction) -> Root:
        return Root(u, v, self.p, self.q)

    def __add__(self, other: Root) -> Root:
        return self._of(self.u + other.u, self.v + other.v)

    def __mul__(self, other: Root) -> Root:
        square = self.v * other.v
        return self._of(self.u * other.u - square * self.q, self.u * other.v + self.v * other.u - square * self.p)

    def inverse(self) -> Root:
        """1 over it: its conjugate u − pv − va over their product."""
        norm = self.u * self.u - self.u * self.v * self.p + self.v * self.v * self.q
        return self._of((self.u - self.v * self.p) / norm, -self.v / norm)

    def __pow__(self, power: int) -> Root:
        base, result = (self if power >= 0 else self.inverse()), self._of(self.u * 0 + 1, self.v * 0)
        for digit in f"{abs(power):b}":
            result = result * result
            if digit == "1":
                result = result * base
        return result


class QuadraticField:
    r"""Q(parameters)(a), where a is a root of an irreducible polynomial of degree 2.

    Parameters
    ----------
    factor : Poly
        The polynomial.
    symbols : set of Symbol
        Parameters beside those in it.

    Raises
    ------
    NotRational
        When its coefficients are no rational functions over Q.

    Examples
    --------
    >>> from sympy import Symbol, sqrt
    >>> z, c = Symbol("z"), Symbol("c", positive=True)
    >>> field = QuadraticField(Poly(z**2 - z - c, z))
    >>> field.expression(field(1 / z), S.Half, sqrt(1 + 4 * c) / 2)
    (sqrt(4*c + 1) - 1)/(2*c)
    """

    def __init__(self, factor: Poly, symbols: Iterable[Expr] = ()) -> None:
        self.root = factor.gen
        self._rationals = RationalFunctions({*factor.free_symbols_in_domain, *symbols} - {self.root})
        leading, *others = (self._rationals(value) for value in factor.all_coeffs())
        self._p, self._q = (value / leading for value in others)

    def __call__(self, expression: Expr) -> Root:
        """The element that an expression in the root and the parameters is.

        Raises
        ------
        NotRational
            When it is no rational function of them over Q.
        ZeroDivisionError
            When it is not defined there.
        """
        if expression == self.root:
            return self._element(S.Zero, S.One)
        if not expression.has(self.root):
            return self._element(expression, S.Zero)
        if expression.is_Pow and expression.args[1].is_Integer:
            return self(expression.args[0]) ** int(expression.args[1])
        if expression.is_Add or expression.is_Mul:
            first, *others = map(self, expression.args)
            for other in others:
                first = first + other if expression.is_Add else first * other
            return first
        raise NotRational(f"{expression} is no rational function of {self.root}")

    def _element(self, u: Expr, v: Expr) -> Root:
        return Root(self._rationals(u), self._rationals(v), self._p, self._q)

    def expression(self, element: Root, centre: Expr, spread: Expr) -> Expr:
        """u + va for the root a = centre + spread, what its parts share in front."""
        # √(n/d) = √(nd)/d: the root of a polynomial, and numbers before it among the rational parts.
        scale = fraction(in_lowest_terms(spread**2))[1]
        number, radical = (scale * spread).as_coeff_Mul()
        u = element.u + element.v * self._rationals(centre)
        parts = [self._rationals.expression(part) for part in (u, element.v * self._rationals(number / scale))]
        if not element.v:
            return factored(parts[0])
        top, bottom = common_factor(part for part in parts if part != 0)
        apart, before = (in_lowest_terms(part * bottom / top) for part in parts)
        inner, front = apart + before * radical, factored(top / bottom)
        return -front * -inner if inner.could_extract_minus_sign() else front * inner
