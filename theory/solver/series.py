r"""Convergent sums and products over generations without a closed form: numbers to any precision.

With the term on the scale :math:`e^{\kappa_0 x} x^{\kappa_1} (\log x)^{\kappa_2}` there are two ways to a value:

* :math:`\kappa_0 < 0`: terms fall like a geometric series, or faster, and are added up until what is left is too small;
* :math:`\kappa_0 = 0`: by the Euler–Maclaurin formula,

  .. math:: \sum_{i \ge N} f(i) = \int_N^\infty f + \tfrac12 f(N) - \sum_{k \le K} \frac{B_{2k}}{(2k)!} f^{(2k-1)}(N),

  with :math:`x = N e^u` in the integral for :math:`\kappa_1 < -1`, and :math:`x = N e^{e^v - 1}` for
  :math:`\kappa_1 = -1 > \kappa_2`, so that the integrand falls exponentially. A value is given where the
  estimated errors of the quadrature and of the last correction are small enough.

Terms that oscillate with a period are added up over whole periods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from sympy import (
    Add,
    Dummy,
    Expr,
    Float,
    I,
    Integer,
    Integral,
    Piecewise,
    Poly,
    Product,
    S,
    Sum,
    Symbol,
    bernoulli,
    diff,
    expand,
    expand_log,
    factorial,
    integrate,
    lambdify,
    log,
    loggamma,
    oo,
    powsimp,
    simplify,
)

from theory.asymptotics.oscillation import Pieces, period_of, pieces, residue_class
from theory.asymptotics.scales import Powers
from theory.asymptotics.series import hypergeometric_series
from theory.errors import NotDerivedError
from theory.expressions.conjugates import in_real_terms
from theory.expressions.expansion import NoExpansion, Order, UnknownOrder, expand_at_infinity
from theory.expressions.numerals import to_sympy
from theory.expressions.sums import definite_sum
from theory.expressions.symbols import G
from theory.solver.rational_product import rational_product

#: Terms added up one by one at most.
_MOST_TERMS = 100_000
_MOST_POOLS = 2_000
#: Operations in a value by polygammas at most.
_LONGEST_VALUE = 80
#: Extra bits that the steps of a value may lose.
_GUARD = 30


def convergent_sum(term: Expr, index: Symbol, start: int) -> Expr | None:
    """The sum of a positive term over index ≥ ``start``, known to converge; None where no way to a value is known.

    In closed form where there is one, and otherwise as a :class:`ConvergentSum`.

    Examples
    --------
    >>> from sympy import Symbol
    >>> i = Symbol("i", integer=True, positive=True)
    >>> convergent_sum((2 + (-1) ** i) / i**2, i, 1)
    pi**2/4
    >>> convergent_sum(i**-i, i, 1).evalf(20)
    1.2912859970626635404
    """
    place = Symbol("i", integer=True, positive=True)
    term = term.subs(index, place)
    closed = hypergeometric_series(term, place, start)
    if closed is None:
        closed = _by_classes(term, place, start)
    return closed if closed is not None else _if_valued(ConvergentSum(term, (place, start, oo)))


def convergent_product(factor: Expr, index: Symbol, start: int) -> Expr | None:
    """The product of positive factors that tend to 1 summably, as a :class:`ConvergentProduct`; None as above."""
    place = Symbol("i", integer=True, positive=True)
    return _if_valued(ConvergentProduct(factor.subs(index, place), (place, start, oo)))


def _if_valued(series: Sum | Product) -> Expr | None:
    """The series where there is a way to its value, be it once its parameters are numbers."""
    (index, _, _), term = series.limits[0], series.function
    term = term - 1 if isinstance(series, Product) else term
    if series.free_symbols:
        return series
    try:
        powers, stride = _pace(term, index)
    except NotDerivedError:
        return series if _grows_fast(pooled_total(term, index)) else None
    if powers[0] != 0:
        return series
    return None if _smooth_forms(term, index, stride) is None or not _integrable(powers) else series


def _by_classes(term: Expr, index: Symbol, start: int) -> Expr | None:
    """Exactly, where the term is a rational function on each residue class of its period."""
    period = period_of(term, index)
    if period is None:
        return None
    total: Expr = -sum((term.subs(index, place).doit() for place in range(1, start)), S.Zero)
    partial: Expr = S.Zero
    step = Dummy("k", integer=True, positive=True)
    for r in range(period):
        summed = definite_sum(simplify(residue_class(term, index, period, r, step)), step, S.One, G)
        if summed is None:
            return None
        partial += summed
    try:
        limit = expand_at_infinity(partial, 1, Order({})).constant
    except (NoExpansion, UnknownOrder):
        return None
    value = in_real_terms(total + limit)
    # Longer than this a sum is easier to read than its value.
    return None if value.has(I) or value.count_ops() > _LONGEST_VALUE else value


class ConvergentSum(Sum):
    """An infinite sum that evaluates itself."""

    def _eval_evalf(self, prec: int) -> Expr:
        (index, start, _), term = self.limits[0], self.function
        return _number(self, term, index, int(start), prec, lambda value: value)

    def _eval_is_extended_real(self) -> bool:
        return True


class ConvergentProduct(Product):
    """An infinite product of positive factors that evaluates itself, through the sum of their logarithms."""

    def _eval_evalf(self, prec: int) -> Expr:
        (index, start, _), factor = self.limits[0], self.function
        found = rational_product(factor, index, int(start), prec)
        if found is not None:
            return Float(to_sympy(found.mid().fmpq()), precision=prec)
        return _number(self, factor - 1, index, int(start), prec, mpmath.exp, mpmath.log1p)

    def _sympystr(self, printer: Any) -> str:
        return f"Product({', '.join(printer._print(part) for part in (self.function, self.limits[0]))})"

    def _eval_is_extended_real(self) -> bool:
        return True


def _number(
    series: Expr,
    small: Expr,
    index: Symbol,
    start: int,
    prec: int,
    finish: Callable[[Any], Any],
    wrap: Callable[[Any], Any] | None = None,
) -> Expr:
    """finish(Σ wrap(small)), or the series itself where no value is found."""
    if small.free_symbols - {index}:
        return series
    try:
        powers, stride = _pace(small, index)
    except NotDerivedError:
        powers, stride = None, 1
    with mpmath.workprec(prec + _GUARD):
        plain = _function(small, index)
        function = plain if wrap is None else lambda x: wrap(plain(x))
        if powers is None:
            value = _added_up_pool(small, function, index, start, prec)
        elif powers[0] == 0:
            value = _euler_maclaurin(small, index, start, stride, powers, wrap, prec)
        else:
            value = _added_up(function, start, stride, powers[0], prec)
        if value is None:
            return series
        return Float._new(mpmath.mpf(finish(value))._mpf_, prec)


def _pace(term: Expr, index: Symbol) -> tuple[Powers, int]:
    """The powers of the largest of the pieces of a term, and its period."""
    if term.could_extract_minus_sign():
        term = -term
    found: Pieces = pieces(term, index)
    if found.between:
        raise NotDerivedError(f"{term} oscillates without a period.")
    largest = found.scales[0]
    for scale in found.scales[1:]:
        if scale.ahead_of(largest) == 1:
            largest = scale
    return largest.powers, found.stride


def _added_up(function: Callable[[Any], Any], start: int, stride: int, rate: Expr, prec: int) -> Any:
    """Until a geometric series bounds what is left: the slower of the ratio seen and the one in the limit."""
    limiting = mpmath.exp(mpmath.mpf(float(rate))) if rate.is_finite else mpmath.mpf(0)
    total, previous = mpmath.mpf(0), mpmath.mpf(0)
    for first in range(start, start + _MOST_TERMS, stride):
        term = sum((function(mpmath.mpf(place)) for place in range(first, first + stride)), mpmath.mpf(0))
        total += term
        size = abs(term)
        ratio = max(size / previous, limiting) if previous else mpmath.mpf(1)
        if ratio < 1 and size * ratio / (1 - ratio) <= abs(total) * mpmath.mpf(2) ** (-prec - 10):
            return total
        previous = size
    return None


def pooled_total(term: Expr, index: Symbol) -> Sum | None:
    r"""The total N of a term that is a multiple of s(i)/N(i)², N = s(1) + … + s(i); None for other terms.

    Such a series converges whatever the sizes:
    :math:`\sum_{i > M} s(i)/N(i)^2 \le \int_{N_M}^\infty dN/N^2 = 1/N(M)`.
    """
    for total in sorted(term.atoms(Sum), key=str):
        ((place, _, upper),) = total.limits
        if upper == index and not simplify(term * total**2 / total.function.subs(place, index)).has(index):
            return total
    return None


def _grows_fast(total: Sum | None) -> bool:
    """Whether a pool grows like an exponential, or faster, so that few terms are enough."""
    if total is None:
        return False
    try:
        return bool(_pace(total.function, total.limits[0][0])[0][0] > 0)
    except NotDerivedError:
        return False


def _added_up_pool(term: Expr, function: Callable[[Any], Any], index: Symbol, start: int, prec: int) -> Any:
    """A sum over pools of any sizes, until the integral bounds what is left."""
    total = pooled_total(term, index)
    if total is None:
        return None
    scale = abs(_function(term * total**2 / total.function.subs(total.limits[0][0], index), index)(mpmath.mpf(start)))
    pool, value = _function(total, index), mpmath.mpf(0)
    for place in range(start, start + _MOST_POOLS):
        value += function(mpmath.mpf(place))
        if scale / pool(mpmath.mpf(place)) <= abs(value) * mpmath.mpf(2) ** (-prec - 10):
            return value
    return None


def _euler_maclaurin(
    term: Expr, index: Symbol, start: int, stride: int, powers: Powers, wrap: Callable[[Any], Any] | None, prec: int
) -> Any:
    """The sum where two lengths of its head agree; None where they do not, or terms have no smooth extension."""
    found = _smooth_forms(term, index, stride)
    if found is None or not _integrable(powers):
        return None
    parts, step = found
    functions = [_function(part, step, smooth=True) for part in parts]
    exact = _function(term, index)
    if wrap is None:
        wrap = _same

    def one(x: Any) -> Any:
        return sum((wrap(function(x)) for function in functions), mpmath.mpf(0))

    first = -(-start // stride) + _beyond(prec)
    # Class r holds period·i − r: whole periods from i = first on leave the places up to period·(first − 1).
    head = sum((wrap(exact(mpmath.mpf(place))) for place in range(start, stride * (first - 1) + 1)), mpmath.mpf(0))
    tail, error = _tail(one, first, powers, prec)
    return head + tail if error <= abs(head + tail) * mpmath.mpf(2) ** (-prec) else None


def _same(value: Any) -> Any:
    return value


def _smooth_forms(term: Expr, index: Symbol, stride: int) -> tuple[list[Expr], Symbol] | None:
    """The term on each residue class as a smooth function of the place in it, named; None where one has none."""
    step = Dummy("k", integer=True, positive=True)
    forms = [term.subs(index, step)]
    if stride > 1:
        forms = [residue_class(term, index, stride, r, step) for r in range(stride)]
    # At any number, not at whole ones alone: of those log Γ is the logarithm of Γ, off the real line it is not.
    x = Dummy("x", positive=True)
    smooth = [_smooth(form.subs(step, x)) for form in forms]
    return None if any(form is None for form in smooth) else ([form for form in smooth if form is not None], x)


def _integrable(powers: Powers) -> bool:
    return bool(powers[1] < -1) or bool(powers[1] == -1 and powers[2] < -1)


def _tail(function: Callable[[Any], Any], first: int, powers: Powers, prec: int) -> tuple[Any, Any]:
    """Σ over x ≥ first, and an estimate of its error."""
    last = (prec + 20) * mpmath.log(2)
    if powers[1] == -oo:
        # Faster than every power: x = first·e^u all the same, up to where nothing is left.
        end = mpmath.mpf(1)
        while abs(function(first * mpmath.exp(end))) * first * mpmath.exp(end) > mpmath.mpf(2) ** (-2 * prec):
            end += 1
    else:
        end = last / -mpmath.mpf(float(powers[1] + 1 if powers[1] < -1 else powers[2] + 1))

    def inside(u: Any) -> Any:
        if powers[1] < -1:
            x = first * mpmath.exp(u)
            return function(x) * x
        x = first * mpmath.exp(mpmath.expm1(u))
        return function(x) * x * mpmath.exp(u)

    edges = [end * share for share in (0, 0.04, 0.12, 0.3, 0.6, 1)]
    integral, error = mpmath.quad(inside, edges, method="gauss-legendre", error=True)
    terms = 4 + prec // 12
    coefficients = _taylor(function, first, 2 * terms)
    corrections = [mpmath.bernoulli(2 * k) / (2 * k) * coefficients[2 * k - 1] for k in range(1, terms + 1)]
    return integral + coefficients[0] / 2 - sum(corrections), error + abs(corrections[-1])


def _taylor(function: Callable[[Any], Any], centre: int, count: int) -> list[Any]:
    """Coefficients by Cauchy's formula on a circle well inside the half-plane where the terms are analytic."""
    points, radius = 4 * count + mpmath.mp.prec // 2, mpmath.mpf(centre) / 3
    angles = [mpmath.expjpi(mpmath.mpf(2 * m) / points) for m in range(points)]
    values = [function(centre + radius * angle) for angle in angles]
    return [
        mpmath.re(sum(value * angles[-k * m % points] for m, value in enumerate(values))) / points / radius**k
        for k in range(count)
    ]


# -- terms as functions of a real number -----------------------------------------------------------------


def _function(term: Expr, index: Symbol, smooth: bool = False) -> Callable[[Any], Any]:
    """A term with its totals as functions of a whole number, or of any number that is large enough."""
    totals = {total: Dummy(f"N{place}") for place, total in enumerate(sorted(term.atoms(Sum), key=str))}
    opened = term.xreplace(totals)
    outer = lambdify([index, *totals.values()], opened, [_FUNCTIONS, "mpmath"])
    if not totals:
        return outer  # type: ignore[no-any-return]
    running = [(_SmoothTotal if smooth else _Running)(total, index) for total in totals]
    return lambda x: outer(x, *(total(x) for total in running))


class _Running:
    """A total at whole numbers, added up as they come."""

    def __init__(self, total: Sum, index: Symbol) -> None:
        self._index, self._lower, upper = total.limits[0]
        self._shift = int(upper - index)
        self._term = lambdify(self._index, total.function, [_FUNCTIONS, "mpmath"])
        self._reached, self._value = int(self._lower) - 1, mpmath.mpf(0)

    def __call__(self, x: Any) -> Any:
        upper = int(x) + self._shift
        if upper < self._reached:
            self._reached, self._value = int(self._lower) - 1, mpmath.mpf(0)
        for place in range(self._reached + 1, upper + 1):
            self._value += self._term(mpmath.mpf(place))
        self._reached = upper
        return self._value


def _smooth(term: Expr) -> Expr | None:
    """The term with its running totals as functions; None where one has no smooth extension."""
    closed = {total: _total(total) for total in term.atoms(Sum)}
    if any(value is None and _antiderivative(total) is None for total, value in closed.items()):
        return None
    return term.xreplace({total: value for total, value in closed.items() if value is not None})


def _antiderivative(total: Sum) -> Expr | None:
    """Of the summand, by the rules of a textbook, which find it at once or not at all."""
    x = Dummy("x", positive=True)
    found = integrate(total.function.subs(total.limits[0][0], x), x, manual=True)
    return None if found.has(Integral, Piecewise) else found.subs(x, total.limits[0][0])


class _SmoothTotal:
    """A total at any number beyond some place, by the Euler–Maclaurin formula with an antiderivative."""

    def __init__(self, total: Sum, index: Symbol) -> None:
        place, _, upper = total.limits[0]
        self._shift, self._first = int(upper - index), _beyond(mpmath.mp.prec) // 2
        x = Dummy("x", positive=True)
        term = total.function.subs(place, x)
        antiderivative = _antiderivative(total)
        assert antiderivative is not None
        value = antiderivative.subs(place, x) + term / 2
        for k in range(1, 5 + mpmath.mp.prec // 14):
            term = diff(term, x, 1 if k == 1 else 2)
            value += bernoulli(2 * k) / factorial(2 * k) * term
        self._value = lambdify(x, value, [_FUNCTIONS, "mpmath"], cse=True)
        counted = _Running(total, index)(mpmath.mpf(self._first - self._shift))
        self._constant = counted - self._value(mpmath.mpf(self._first))

    def __call__(self, x: Any) -> Any:
        return self._constant + self._value(x + self._shift)


def _beyond(prec: int) -> int:
    """From where on the expansions of Euler and Maclaurin are as good as exact."""
    return 16 + prec // 4


def _total(total: Sum) -> Expr | None:
    r"""A total with logarithms: :math:`\sum_{i=L}^{U} \log(ai + b) = (U-L+1) \log a + \log\Gamma(U+1+b/a) - \cdots`."""
    index, lower, upper = total.limits[0]
    value: Expr = S.Zero
    for piece in Add.make_args(expand(expand_log(powsimp(total.function), force=True))):
        coefficient, part = piece.as_independent(index, as_Add=False)
        linear = part.args[0].as_poly(index) if isinstance(part, log) else None
        if isinstance(linear, Poly) and linear.degree() == 1:
            a, b = linear.all_coeffs()
            summed = (upper - lower + 1) * log(a) + loggamma(upper + 1 + b / a) - loggamma(lower + b / a)
            value += coefficient * summed
            continue
        closed = definite_sum(piece, index, Integer(lower), upper)
        if closed is None or closed.has(Sum):
            return None
        value += closed
    return value


def _harmonic(x: Any, order: Any = 1) -> Any:
    r"""H_x of an order, for x > 0: counted up to where its expansion in 1/x (Euler–Maclaurin) is as good as exact."""
    if order == 1:
        return mpmath.harmonic(x)
    s, counted, needed = mpmath.mpf(order), mpmath.mpf(0), mpmath.mp.prec // 3
    while mpmath.re(x) < needed:
        x += 1
        counted += x**-s
    value = mpmath.zeta(s) + x ** (1 - s) / (1 - s) + x**-s / 2
    for k in range(1, mpmath.mp.prec // 6):
        term = mpmath.bernoulli(2 * k) / mpmath.factorial(2 * k) * mpmath.rf(s, 2 * k - 1) * x ** (1 - s - 2 * k)
        value -= term
        if abs(term) < abs(value) * mpmath.eps / 16:
            break
    return value - counted


_FUNCTIONS: dict[str, Any] = {"harmonic": _harmonic, "loggamma": mpmath.loggamma}
