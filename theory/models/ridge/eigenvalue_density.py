r"""The mean density of the eigenvalues of a real Wishart matrix, exactly, and its Stieltjes transform.

W = XᵀX with X of standard normal entries, T rows and d columns, has m = min(d, T) nonzero eigenvalues 2u_1, …, 2u_m of
joint density proportional to :math:`\prod_i w(u_i) \prod_{i<k} |u_i - u_k|`, where :math:`w(x) = x^a e^{-x}` and
:math:`a = (|T - d| - 1)/2`. By de Bruijn's formula :math:`E \prod_i (1 + t f(u_i))` is a quotient of Pfaffians, and its
derivative at t = 0 is :math:`E \sum_i f(u_i) = \tfrac12 \operatorname{tr} A^{-1} A'` (Mehta 2004, chapter 5). With the
polynomials :math:`q_0 = 1,\; q_j = x^j - (j + a)x^{j-1}`, for which :math:`\int_x^\infty q_j w = x^j w(x)`, the matrix
A is rational (derived here): for 1 ≤ i, j

.. math:: A_{ij} = (j - i) \int x^{i+j-1} w^2, \qquad A_{0j} = 2\int x^j w^2,

and for odd m a border with a single entry :math:`A_{0m} = \int w`. So the density is

.. math:: \rho(x) = P(x)\,e^{-2x} + Q(x)\,\tau(x)

with polynomials P, Q of rational coefficients, and :math:`\tau` one of three functions:

- ``EXPONENTIAL`` (T − d odd) :math:`e^{-x}`;
- ``ROOT`` (d and T odd) :math:`e^{-x}/\sqrt{\pi x}`;
- ``ARC`` (d and T even) :math:`\sqrt{\pi/x}\;e^{-x}\,(\tfrac12 - \operatorname{erf}\sqrt x)`.

Hence :math:`F(c) = E \sum_i 1/(u_i + c) = R(c) + P(-c)\,S_2(c) + Q(-c)\,S_\tau(c)` where :math:`S_2(c) = h(2c)`,
:math:`h(c) = e^c E_1(c)`, and the other transform is h(c), :math:`\sqrt{\pi/c}\;e^c \operatorname{erfc}\sqrt c`, or

.. math:: V(c) = 4e^c \int_1^\infty e^{-cq^2} \arctan\frac{q-1}{q+1}\,dq
          = \tfrac12\pi^{3/2} c^{-1/2} e^c \operatorname{erfc}\sqrt c - 2\int_0^1 h(c(1 + t^2))\,dt.

Each has a derivative among themselves and 1/c, so :math:`E\sum_i (u_i + c)^{-k}` are such forms for every k.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb, factorial

from flint import acb, arb, ctx, fmpq, fmpq_mat, fmpq_poly

from theory.models.ridge.arctangent_transform import arctangent_ball

EXPONENTIAL, ROOT, ARC = "exponential", "root", "arc"

#: Bits to begin with, beyond those wanted.
GUARD_BITS = 64


@dataclass(frozen=True)
class Laurent:
    """A polynomial in c over a power of c."""

    top: fmpq_poly
    power: int = 0

    def __add__(self, other: Laurent) -> Laurent:
        if self.power < other.power:
            return other + self
        return Laurent(self.top + other.top * _monomial(self.power - other.power), self.power)

    def __mul__(self, other: Laurent) -> Laurent:
        return Laurent(self.top * other.top, self.power + other.power)

    def times(self, number: fmpq) -> Laurent:
        """The same times a rational number."""
        return Laurent(self.top * number, self.power)

    def derivative(self) -> Laurent:
        """d/dc."""
        return Laurent(self.top.derivative() * _monomial(1) - self.top * self.power, self.power + 1)


@dataclass(frozen=True)
class Form:
    """one + two·S_2 + own·S_τ, a function of c."""

    kind: str
    one: Laurent
    two: Laurent
    own: Laurent

    def __add__(self, other: Form) -> Form:
        return Form(self.kind, self.one + other.one, self.two + other.two, self.own + other.own)

    def times(self, factor: Laurent) -> Form:
        """The product with a polynomial over a power of c."""
        return Form(self.kind, self.one * factor, self.two * factor, self.own * factor)

    def derivative(self) -> Form:
        r"""By :math:`S_2' = 2S_2 - 1/c` and :math:`S_\tau' = S_\tau\,(1 - [1/2c]) - (1/c\ \text{or}\ S_2/c)`."""
        inverse = Laurent(fmpq_poly([-1]), 1)
        rate = Laurent(fmpq_poly([1])) if self.kind == EXPONENTIAL else Laurent(fmpq_poly([fmpq(-1, 2), 1]), 1)
        one = self.one.derivative() + self.two * inverse
        two = self.two.derivative() + self.two.times(fmpq(2))
        own = self.own.derivative() + self.own * rate
        leak = self.own * inverse
        return Form(self.kind, one, two + leak, own) if self.kind == ARC else Form(self.kind, one + leak, two, own)


@dataclass(frozen=True)
class EigenvalueDensity:
    """The density P e^{−2x} + Q τ of u = (nonzero eigenvalue)/2, of total mass min(d, T)."""

    kind: str
    count: int
    twice: fmpq_poly
    own: fmpq_poly

    def stieltjes(self) -> Form:
        """F(c) = E Σ 1/(u + c)."""
        highest = max(self.twice.degree(), self.own.degree(), 0)
        rest = _divided(self.twice, [fmpq(factorial(k), 2 ** (k + 1)) for k in range(highest + 1)])
        rest += _divided(self.own, _moments(self.kind, highest))
        return Form(self.kind, Laurent(rest), Laurent(_reflected(self.twice)), Laurent(_reflected(self.own)))

    def at(self, x: acb) -> acb:
        """ρ(x), for a complex ball x off the negative axis."""
        value = _polynomial(self.twice, x) * (-2 * x).exp()
        root = x.sqrt()
        if self.kind == EXPONENTIAL:
            weight = (-x).exp()
        elif self.kind == ROOT:
            weight = (-x).exp() / (root * acb.pi().sqrt())
        else:
            weight = acb.pi().sqrt() / root * (-x).exp() * (acb(1) / 2 - root.erf())
        return value + _polynomial(self.own, x) * weight


@lru_cache(maxsize=256)
def eigenvalue_density(d: int, T: int) -> EigenvalueDensity:
    """The density for X of T rows and d columns; it is symmetric in the two."""
    m, twice_a = min(d, T), abs(T - d) - 1
    a = fmpq(twice_a, 2)
    inverse = _skew_products(m, twice_a, a).inv()

    def squares(power: int) -> fmpq_poly:
        """x^power · x^{2a}."""
        return _monomial(power + twice_a)

    twice, weighted = fmpq_poly([0]), fmpq_poly([0])
    sums = [fmpq(0)] * (2 * m)
    for i in range(1, m):
        for j in range(i + 1, m):
            sums[i + j - 1] -= 2 * (j - i) * inverse[i, j]
        sums[i] -= 2 * inverse[0, i]
    for power, coefficient in enumerate(sums):
        if coefficient:
            twice += squares(power) * coefficient
    integral = twice_a % 2 == 0
    if m % 2:
        for i in range(m):
            weighted -= _partner(i, a) * inverse[i, m]
        kind = EXPONENTIAL if integral else ROOT
        own = weighted * (_monomial(twice_a // 2) if integral else _monomial((twice_a + 1) // 2)) / _own_gamma(twice_a)
        return EigenvalueDensity(kind, m, twice, own)
    for j in range(1, m):
        weighted += 2 * _partner(j, a) * inverse[0, j]
    # w times the incomplete Gamma function less half the whole one.
    falling, upper = fmpq(1), fmpq_poly([0])
    for k in range((twice_a // 2 + 1) if integral else (twice_a + 1) // 2):
        upper += _monomial(twice_a - k) * falling
        falling *= a - k
    twice += weighted * upper
    gamma = _own_gamma(twice_a)
    if integral:
        return EigenvalueDensity(EXPONENTIAL, m, twice, weighted * _monomial(twice_a // 2) * (-gamma / 2))
    return EigenvalueDensity(ARC, m, twice, weighted * _monomial((twice_a + 1) // 2) * gamma)


def _skew_products(m: int, twice_a: int, a: fmpq) -> fmpq_mat:
    """A, bordered for odd m by entries in units of ∫w."""
    size = m + m % 2
    table = fmpq_mat(size, size)

    def square(power: int) -> fmpq:
        exponent = power + twice_a
        return fmpq(factorial(exponent), 2 ** (exponent + 1))

    for i in range(m):
        for j in range(i + 1, m):
            table[i, j] = 2 * square(j) if i == 0 else (j - i) * square(i + j - 1)
            table[j, i] = -table[i, j]
    if m % 2:
        table[0, m], table[m, 0] = fmpq(1), fmpq(-1)
    return table


def _partner(j: int, a: fmpq) -> fmpq_poly:
    """q_j."""
    return fmpq_poly([1]) if j == 0 else _monomial(j) - _monomial(j - 1) * (j + a)


def _own_gamma(twice_a: int) -> fmpq:
    """Γ(a + 1), over √π where a is half a whole number."""
    if twice_a % 2 == 0:
        return fmpq(factorial(twice_a // 2))
    value = fmpq(1)
    for odd in range(1, twice_a + 1, 2):
        value *= fmpq(odd, 2)
    return value


def _moments(kind: str, highest: int) -> list[fmpq]:
    """∫ x^k τ."""
    values = [fmpq(0) if kind == ARC else fmpq(1)]
    for k in range(highest):
        step = fmpq(k + 1) if kind == EXPONENTIAL else k + fmpq(1, 2)
        own = fmpq(factorial(k), 2 ** (k + 1)) if kind == ARC else fmpq(0)
        values.append(step * values[-1] - own)
    return values


def _divided(polynomial: fmpq_poly, moments: list[fmpq]) -> fmpq_poly:
    """∫ (P(x) − P(−c))/(x + c) τ(x) dx as a polynomial in c, given the moments of τ."""
    found = [fmpq(0)] * max(polynomial.degree(), 1)
    for k in range(1, polynomial.degree() + 1):
        coefficient = polynomial[k]
        if coefficient:
            for power in range(k):
                found[power] += coefficient * moments[k - 1 - power] * (-1) ** power
    return fmpq_poly(found)


def _reflected(polynomial: fmpq_poly) -> fmpq_poly:
    """P(−c)."""
    return fmpq_poly([value * (-1) ** power for power, value in enumerate(polynomial.coeffs())])


def _monomial(power: int) -> fmpq_poly:
    return fmpq_poly([0] * power + [1])


def _polynomial(polynomial: fmpq_poly, x: acb) -> acb:
    total = acb(0)
    for coefficient in reversed(polynomial.coeffs()):
        total = total * x + arb(coefficient)
    return total


@lru_cache(maxsize=1024)
def inverse_powers(k: int, d: int, T: int) -> Form:
    """E Σ (u + c)^{−k} for k ≥ 1."""
    if k == 1:
        return eigenvalue_density(d, T).stieltjes()
    return inverse_powers(k - 1, d, T).derivative().times(Laurent(fmpq_poly([fmpq(-1, k - 1)])))


@lru_cache(maxsize=1024)
def trace_form(i: int, k: int, d: int, T: int) -> Form:
    """E Σ s^i (s + λ)^{−k} over the nonzero eigenvalues s of W, as a form in c = λ/2, for 0 ≤ i ≤ k."""
    total = None
    for j in range(i + 1):
        factor = Laurent(_monomial(j) * (comb(i, j) * (-1) ** j * fmpq(1, 2 ** (k - i))))
        if k - i + j == 0:
            zero = Laurent(fmpq_poly([0]))
            part = Form(eigenvalue_density(d, T).kind, Laurent(fmpq_poly([min(d, T)])), zero, zero).times(factor)
        else:
            part = inverse_powers(k - i + j, d, T).times(factor)
        total = part if total is None else total + part
    assert total is not None
    return total


def exponential_transform(z: acb) -> acb:
    """h(z) = e^z E_1(z)."""
    return z.exp() * z.expint(1)


def own_transform(kind: str, c: arb) -> arb:
    """S_τ(c) for c > 0."""
    if kind == EXPONENTIAL:
        return exponential_transform(acb(c)).real
    if kind == ARC:
        return arctangent_ball(c)
    return c.exp() * acb(c).sqrt().erfc().real * (arb.pi() / c).sqrt()


def enclosure(i: int, k: int, d: int, T: int, penalty: arb) -> arb:
    """E Σ s^i (s + λ)^{−k} in a ball, at the working precision; its radius bounds every error made."""
    form, c = trace_form(i, k, d, T), penalty / 2
    total = _laurent(form.one, c)
    if form.two.top:
        total += _laurent(form.two, c) * exponential_transform(acb(2 * c)).real
    if form.own.top:
        total += _laurent(form.own, c) * own_transform(form.kind, c)
    return total


def _laurent(value: Laurent, c: arb) -> arb:
    return _polynomial(value.top, acb(c)).real / c**value.power


def tight_enclosure(i: int, k: int, d: int, T: int, penalty: fmpq, bits: int) -> arb:
    """The same with at least ``bits`` correct bits: the precision is doubled until the radius is small enough."""
    working = bits + GUARD_BITS
    while True:
        with ctx.workprec(working):
            ball = enclosure(i, k, d, T, arb(penalty))
        if ball.is_finite() and ball.rel_accuracy_bits() >= bits:
            return ball
        working *= 2
