r"""Asymptotic expansions as G → ∞ of the functions that closed forms are made of.

Every closed form is a sum of products of powers of G, exponentials :math:`\lambda^G`, harmonic numbers,
polygammas and balanced ratios of Gamma functions. Each has a classical expansion (Euler–Maclaurin, Stirling),

.. math::
   H_G^{(s)} &\sim \zeta(s) + \frac{G^{1-s}}{1-s} + \frac{G^{-s}}{2}
       - \sum_{k\ge1} \frac{B_{2k}}{(2k)!} (s)_{2k-1} G^{1-s-2k}, \\
   \psi(G+a) &\sim \log G + \sum_{k\ge0} \frac{(-1)^k B_{k+1}(a)}{(k+1)\, G^{k+1}}, \\
   \log \Gamma(G+a) &\sim (G+a-\tfrac12)\log G - G + \tfrac12\log 2\pi
       + \sum_{k\ge1} \frac{(-1)^{k+1}B_{k+1}(a)}{k(k+1)\,G^k},

so an expansion is a finite sum of terms c·λ^G·G^e·(log G)^l, which are added and multiplied here. SymPy's
``limit`` takes seconds on the same expressions, or returns them unevaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key

from flint import fmpz_poly
from sympy import (
    Abs,
    Add,
    EulerGamma,
    Expr,
    Integer,
    Mul,
    Piecewise,
    Pow,
    Rational,
    RootSum,
    S,
    bernoulli,
    exp,
    expand,
    factorial,
    gamma,
    harmonic,
    log,
    polygamma,
    powsimp,
    rf,
    simplify,
    zeta,
)

from theory.expressions.fraction_field import in_lowest_terms, is_over_q
from theory.expressions.lambert import lambert_sum, q_pochhammer
from theory.expressions.shorter import simplified
from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import G

Key = tuple[Expr, Expr, int]
CONSTANT: Key = (S.One, S.Zero, 0)


class NoExpansion(ValueError):
    """The expression contains something without a known expansion."""


class UnknownOrder(ValueError):
    """Which of two terms grows faster depends on parameters: on whether ``left`` or ``right`` is larger."""

    def __init__(self, left: Expr, right: Expr) -> None:
        super().__init__(f"{left} against {right}")
        self.left = left
        self.right = right


@dataclass(frozen=True)
class Order:
    """Compares rates and exponents: by sign over the ranges of the parameters, or by an assumption."""

    ranges: Ranges
    assumed: tuple[tuple[Expr, Expr, int], ...] = ()

    def rates(self, left: Expr, right: Expr) -> int:
        """Compare |left| and |right|."""
        if left == right:
            return 0
        if left.is_number and right.is_number:
            return self._decide(Abs(left), Abs(right))
        left, right = self._size(left), self._size(right)
        quotient = left / right if right != 0 else left
        base, exponent = quotient.as_base_exp()
        if base.is_Symbol and exponent.is_number and exponent.is_real:
            # Powers of one symbol are compared by the symbol: t² against 1, and t against t², as t against 1.
            return self._decide(base, S.One) * (1 if exponent.is_positive else -1)
        return self._decide(left, right)

    def exponents(self, left: Expr, right: Expr) -> int:
        """Compare exponents of G: 1, 0 or −1. Raises UnknownOrder when the ranges leave it open."""
        return 0 if left == right else self._decide(left, right)

    def keys(self, left: Key, right: Key) -> int:
        """Compare growth keys."""
        logs = int(left[2] > right[2]) - int(left[2] < right[2])
        return self.rates(left[0], right[0]) or self.exponents(left[1], right[1]) or logs

    def assuming(self, left: Expr, right: Expr, answer: int) -> Order:
        """The same order, with ``answer`` for the comparison of left with right."""
        return Order(self.ranges, (*self.assumed, (left, right, answer)))

    def _size(self, rate: Expr) -> Expr:
        return rate if sign(rate, self.ranges) in (0, 1) else -rate if sign(rate, self.ranges) == -1 else Abs(rate)

    def _decide(self, left: Expr, right: Expr) -> int:
        for first, second, answer in self.assumed:
            if (first, second) == (left, right):
                return answer
            if (second, first) == (left, right):
                return -answer
        difference = sign(left - right, self.ranges)
        if difference is None:
            raise UnknownOrder(left, right)
        return difference


@dataclass(frozen=True)
class Expansion:
    """Terms c·λ^G·G^e·(log G)^l, in no particular order until one is asked for."""

    terms: dict[Key, Expr]
    order: Order

    @property
    def constant(self) -> Expr:
        """The coefficient of λ^G·G^e·(log G)^l with λ = 1, e = l = 0."""
        return self.terms.get(CONSTANT, S.Zero)

    @property
    def oscillates(self) -> bool:
        """Whether a term that changes sign for ever, such as (−1)^G, is as large as the largest."""
        first = self.leading()
        if first is None:
            return False
        return any(self._turns(key[0]) and self._is_level(key, first[1]) for key in self.terms)

    def _turns(self, rate: Expr) -> bool:
        return rate.is_real is False or sign(rate, self.order.ranges) == -1

    def _is_level(self, key: Key, other: Key) -> bool:
        try:
            return self.order.keys(key, other) == 0
        except UnknownOrder:
            return False

    def leading(self) -> tuple[Expr, Key] | None:
        """The largest term; None for the zero expansion."""
        heads: list[Key] = []
        for key in self.terms:
            # Exponents that differ by numbers are compared first: that needs no knowledge of parameters.
            for index, head in enumerate(heads):
                gap = key[1] - head[1]
                if key[0] == head[0] and gap.is_number:
                    heads[index] = key if (gap, key[2]) > (0, head[2]) else head
                    break
            else:
                heads.append(key)
        if not heads:
            return None
        best = max(heads, key=cmp_to_key(_compared_by(self.order)))
        return self.terms[best], best

    def sorted(self) -> list[tuple[Expr, Key]]:
        """All terms, the largest first."""
        keys = sorted(self.terms, key=cmp_to_key(_compared_by(self.order)), reverse=True)
        return [(self.terms[key], key) for key in keys]


def _compared_by(order: Order) -> Callable[[Key, Key], int]:
    return order.keys


def term(coefficient: Expr, key: Key) -> Expr:
    """c·λ^G·G^e·(log G)^l."""
    base, exponent, logs = key
    return coefficient * base**G * G**exponent * log(G) ** logs


def expand_at_infinity(expression: Expr, terms: int, order: Order, decaying: bool = False) -> Expansion:
    """The expansion of ``expression`` in G, to relative order ``G**-terms``.

    ``decaying`` says that sums over roots are known to tend to zero (a stable recurrence).

    Raises
    ------
    NoExpansion, UnknownOrder
    """
    if isinstance(expression, Piecewise):
        expression = expression.args[-1][0]
    collected = _Series(terms, order, decaying).of(expression)
    return Expansion({key: coefficient for key, coefficient in collected.items() if coefficient != 0}, order)


class _Series:
    def __init__(self, terms: int, comparison: Order, decaying: bool) -> None:
        self.order = terms
        self.compare = _compared_by(comparison)
        self.decaying = decaying

    def of(self, expression: Expr) -> dict[Key, Expr]:
        if not expression.has(G):
            return {CONSTANT: expression}
        if expression == G:
            return {(S.One, S.One, 0): S.One}
        if isinstance(expression, Add):
            total: dict[Key, Expr] = {}
            for part in expression.args:
                total = self.add(total, self.of(part))
            return self.clean(total)
        if isinstance(expression, Mul):
            return self.product(expression)
        if isinstance(expression, (Pow, exp)):
            return self.power(*expression.as_base_exp())
        if isinstance(expression, gamma):
            return self.product(Mul(expression, evaluate=False))
        if isinstance(expression, harmonic):
            return self.harmonic(expression)
        if isinstance(expression, polygamma):
            return self.polygamma(expression)
        if isinstance(expression, RootSum):
            return self.roots(expression)
        if isinstance(expression, lambert_sum | q_pochhammer):
            return _of_a_power(expression)
        raise NoExpansion(str(expression))

    # -- arithmetic of expansions --------------------------------------------------------------------

    @staticmethod
    def add(left: dict[Key, Expr], right: dict[Key, Expr]) -> dict[Key, Expr]:
        total = dict(left)
        for key, value in right.items():
            total[key] = total.get(key, S.Zero) + value
        return total

    def clean(self, series: dict[Key, Expr]) -> dict[Key, Expr]:
        return {key: value for key, raw in series.items() if (value := _coefficient(raw)) != 0}

    def multiply(self, left: dict[Key, Expr], right: dict[Key, Expr]) -> dict[Key, Expr]:
        total: dict[Key, Expr] = {}
        for (b1, e1, l1), c1 in left.items():
            for (b2, e2, l2), c2 in right.items():
                key = (b1 if b2 == 1 else b2 if b1 == 1 else in_lowest_terms(b1 * b2), expand(e1 + e2), l1 + l2)
                total[key] = total.get(key, S.Zero) + c1 * c2
        return self.truncate(total)

    def truncate(self, series: dict[Key, Expr]) -> dict[Key, Expr]:
        """Drop terms smaller than the largest of the same exponential by more than ``order`` powers of G."""
        kept: dict[Key, Expr] = {}
        for key, value in series.items():
            behind = [other[1] - key[1] for other in series if other[0] == key[0]]
            if not any(gap.is_number and gap > self.order for gap in behind):
                kept[key] = value
        return kept

    def inverse(self, series: dict[Key, Expr]) -> dict[Key, Expr]:
        series = self.clean(series)
        keys = sorted(series, key=cmp_to_key(self.compare), reverse=True)
        lead = keys[0]
        if lead[2] != 0:
            raise NoExpansion("1/log")
        unit = {(1 / lead[0], -lead[1], 0): 1 / series[lead]}
        rest = self.multiply(unit, {key: -series[key] for key in keys[1:]})
        total, factor = {CONSTANT: S.One}, {CONSTANT: S.One}
        if any(key[0] != 1 for key in rest):
            raise NoExpansion("quotient of exponentials")
        for _ in range(self.order if rest else 0):
            factor = self.multiply(factor, rest)
            total = self.add(total, factor)
        return self.multiply(unit, self.truncate(total))

    # -- the functions ---------------------------------------------------------------------------------

    def product(self, expression: Expr) -> dict[Key, Expr]:
        shifts: list[tuple[Expr, int]] = []
        total: dict[Key, Expr] = {CONSTANT: S.One}
        for factor in Mul.make_args(expression):
            base, exponent = factor.as_base_exp()
            if isinstance(base, gamma) and base.has(G) and exponent.is_Integer:
                shift = base.args[0] - G
                if (base.args[0] + G).is_Integer and exponent < 0:
                    return {}  # 1/Γ(c − G) is zero from G = c on
                if shift.has(G):
                    raise NoExpansion(str(base))
                shifts.append((shift, int(exponent)))
            else:
                total = self.multiply(total, self.of(factor))
        return self.multiply(total, self.gammas(shifts)) if shifts else total

    def gammas(self, shifts: list[tuple[Expr, int]]) -> dict[Key, Expr]:
        """Π Γ(G + a)^e with Σ e = 0, by Stirling's series."""
        if sum(power for _, power in shifts) != 0:
            raise NoExpansion("unbalanced Gamma functions")
        exponent = expand(sum((power * shift for shift, power in shifts), S.Zero))
        logarithm = {
            (S.One, Integer(-k), 0): _shortened(
                sum(
                    (power * (-1) ** (k + 1) * bernoulli(k + 1, shift) / (k * (k + 1)) for shift, power in shifts),
                    S.Zero,
                )
            )
            for k in range(1, self.order + 1)
        }
        return self.multiply({(S.One, exponent, 0): S.One}, self.exponential(logarithm))

    def exponential(self, small: dict[Key, Expr]) -> dict[Key, Expr]:
        total, factor = {CONSTANT: S.One}, {CONSTANT: S.One}
        for k in range(1, self.order + 1):
            factor = self.multiply(factor, {key: value / k for key, value in small.items()})
            total = self.add(total, factor)
        return self.truncate(total)

    def power(self, base: Expr, exponent: Expr) -> dict[Key, Expr]:
        if not base.has(G):
            polynomial = exponent.as_poly(G)
            if polynomial is None or polynomial.degree() != 1:
                raise NoExpansion(str(base**exponent))
            slope, constant = polynomial.all_coeffs()
            return {(base**slope, S.Zero, 0): base**constant}
        if base == G and not exponent.has(G):
            return {(S.One, exponent, 0): S.One}
        if isinstance(base, gamma):
            return self.product(Mul(base**exponent, evaluate=False))
        if not exponent.is_Integer:
            raise NoExpansion(str(base**exponent))
        series = self.of(base)
        if exponent < 0:
            series = self.inverse(series)
        total = {CONSTANT: S.One}
        for _ in range(abs(int(exponent))):
            total = self.multiply(total, series)
        return total

    def harmonic(self, expression: Expr) -> dict[Key, Expr]:
        if expression.args[0] != G:
            raise NoExpansion(str(expression))
        s = expression.args[1] if len(expression.args) > 1 else S.One
        if s == 1:
            series: dict[Key, Expr] = {(S.One, S.Zero, 1): S.One, CONSTANT: EulerGamma}
        else:
            series = {(S.One, expand(1 - s), 0): 1 / (1 - s)}
            series = self.add(series, {CONSTANT: zeta(s)})
        series = self.add(series, {(S.One, expand(-s), 0): Rational(1, 2)})
        for k in range(1, self.order // 2 + 1):
            tail = -bernoulli(2 * k) / factorial(2 * k) * rf(s, 2 * k - 1)
            series = self.add(series, {(S.One, expand(1 - s - 2 * k), 0): tail})
        return self.clean(series)

    def roots(self, expression: RootSum) -> dict[Key, Expr]:
        """Each root its own exponential; roots inside the unit circle are beyond all orders and left out."""
        polynomial, summand = expression.poly, expression.fun
        if self.decaying:
            return {}
        if polynomial.free_symbols_in_domain or (not polynomial.domain.is_QQ and not polynomial.domain.is_ZZ):
            raise NoExpansion(str(expression))
        whole = polynomial.clear_denoms(convert=True)[1]
        roots = fmpz_poly([int(c) for c in reversed(whole.all_coeffs())]).complex_roots()
        if all(abs(root) < 1 for root, _ in roots):
            return {}
        total: dict[Key, Expr] = {}
        for root in polynomial.all_roots():
            total = self.add(total, self.of(powsimp(summand(root))))
        return total

    def polygamma(self, expression: Expr) -> dict[Key, Expr]:
        derivative, argument = expression.args
        shift = argument - G
        if shift.has(G) or not derivative.is_Integer:
            raise NoExpansion(str(expression))
        m = int(derivative)
        series: dict[Key, Expr] = {}
        if m == 0:
            series[S.One, S.Zero, 1] = S.One
        else:
            series[S.One, Integer(-m), 0] = (-1) ** (m - 1) * factorial(m - 1)
        for k in range(self.order + 1):
            # d^m/dx^m of x^{-(k+1)}
            falling = (-1) ** m * rf(k + 1, m)
            series[S.One, Integer(-k - 1 - m), 0] = falling * (-1) ** k * bernoulli(k + 1, shift) / (k + 1)
        return self.clean(series)


def _of_a_power(expression: Expr) -> dict[Key, Expr]:
    """Λ_k(q, z q^G) and (a q^G; q)_∞, which tend to 0 and to 1, exponentially: beyond all orders."""
    argument, q = (expression.args[2], expression.args[1]) if len(expression.args) == 3 else expression.args
    (factor,) = [power for power in argument.atoms(Pow) if power.has(G)] or [S.One]
    line = factor.exp.as_poly(G) if isinstance(factor, Pow) and not factor.base.has(G) else None
    slope = S.Zero if line is None or line.degree() != 1 else line.LC()
    falls = (factor.base == q and slope.is_positive) or (factor.base == 1 / q and slope.is_negative)
    if not falls or q.has(G):
        raise NoExpansion(str(expression))
    return {} if len(expression.args) == 3 else {CONSTANT: S.One}


def _shortened(total: Expr) -> Expr:
    """A symmetric function of conjugate roots is rational: no search for shorter forms is needed."""
    expanded = expand(total)
    return in_lowest_terms(expanded) if is_over_q(expanded) else simplified(total)


def _coefficient(raw: Expr) -> Expr:
    """A coefficient, zero when it is identically zero."""
    if raw.is_Rational or raw.is_Symbol:
        return raw
    if is_over_q(raw):
        return in_lowest_terms(raw)
    symbols = sorted(raw.free_symbols, key=lambda item: item.name)
    if symbols and raw.is_rational_function(*symbols):
        return in_lowest_terms(raw)
    # Numbers at a point decide that it is not zero; only then is SymPy asked to prove that it is.
    point = {symbol: Rational(1009 + 211 * index, 967) for index, symbol in enumerate(symbols)}
    if raw.has(lambert_sum, q_pochhammer):
        point = {symbol: 1 / value for symbol, value in point.items()}  # these are series in a number below 1
    value = raw.subs(point).evalf(30, maxn=200)
    if value.is_number and abs(value) > Rational(1, 10**20):
        return raw
    return S.Zero if simplify(raw) == 0 else raw
