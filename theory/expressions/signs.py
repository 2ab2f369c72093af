r"""Signs: of numbers by balls (Arb), of rational functions by shifted coefficients. The one decider of the library.

A parameter with a known range is written in a variable that runs over [0, ∞): n = 1 + t for a whole
number, p = t/(1+t) for a probability, T = d + 2 + t for the rows of a regression. If all coefficients of
the numerator and denominator then have one sign, so has the function on the whole range. The test never
errs; it may answer None. What knows more (:mod:`theory.derivation.signs`: roots, Gammas, polygammas) stands on it;
the checker of certificates alone decides for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from flint import fmpq_mpoly, fmpq_poly, fmpz_poly
from sympy import Dummy, Expr, Mul, Poly, S, Symbol, factor, fraction, oo, together

from theory.errors import DomainError
from theory.expressions.balls import BallProgram
from theory.expressions.fraction_field import MOST_KEPT, NotRational, Quotient, Rationals

Ranges = Mapping[Symbol, Expr]

#: Bits of a ball around a number, doubled until its sign shows. A zero that algebra does not see costs them all.
_FIRST_BITS, _MOST_BITS = 64, 512
#: Terms of a sum whose coefficients are looked at first.
_MANY_TERMS = 8


def unit_interval() -> Expr:
    """An expression that runs over [0, 1)."""
    t = Dummy("t", nonnegative=True)
    return t / (1 + t)


def at_least(bound: Expr) -> Expr:
    """An expression that runs over [bound, ∞)."""
    return bound + Dummy("t", nonnegative=True)


def range_of(role: str) -> Expr:
    """An expression that runs over the values of a "count", a "positive" number, an "amount" or a "probability"."""
    if role == "probability":
        return unit_interval()
    return at_least({"count": S.One, "positive": S.Zero, "amount": S.Zero}[role])


def ranges_of(roles: Mapping[str, str], values: Mapping[str, object]) -> dict[Symbol, Expr]:
    """Where those values run that are symbols, by their roles; a "real" number and a "schedule" have no such range."""
    bounded = ((values[name], role) for name, role in roles.items() if role not in ("real", "schedule"))
    return {value: run_of(value, role) for value, role in bounded if isinstance(value, Symbol)}


@lru_cache(maxsize=MOST_KEPT)
def run_of(symbol: Expr, role: str) -> Expr:
    """Over what a parameter of this role runs: always the same, so that a sign that was decided is found again."""
    return range_of(role)


def sign(expression: Expr, ranges: Ranges | None = None) -> int | None:
    """1, 0 or −1 when the sign is that on the whole range (up to zeros on its boundary); None if undecided."""
    if expression.is_number:
        return _numeric_sign(expression)
    cover = covering(expression, ranges or {})
    return _sign_over(expression, tuple(cover.items()))


@lru_cache(maxsize=MOST_KEPT)
def _sign_over(expression: Expr, covered: tuple[tuple[Symbol, Expr], ...]) -> int | None:
    """The sign where symbols are in variables over [0, ∞)."""
    cover = dict(covered)
    over_q = _sign_over_q(expression, cover)
    if over_q is not None:
        return over_q or None
    substituted = expression.subs(cover, simultaneous=True)
    numerator, denominator = fraction(together(substituted))
    top, bottom = _polynomial_sign(numerator), _polynomial_sign(denominator)
    return None if top is None or not bottom else top * bottom


def sign_by_factors(expression: Expr, ranges: Ranges | None = None) -> int | None:
    """The same of a rational function by those of its factors in lowest terms: much smaller polynomials than the whole.

    It may know more, where the whole has many terms, or less, as of (t + 1)(t² − t + 1) = t³ + 1.

    Examples
    --------
    >>> from sympy import symbols
    >>> n = symbols("n", integer=True, positive=True)
    >>> sign((n**2 - 4) / (n - 2)), sign_by_factors((n**2 - 4) / (n - 2))
    (1, 1)
    """
    symbols = expression.free_symbols
    if not symbols or not expression.is_rational_function(*symbols):
        return sign(expression, ranges)
    found = 1
    for _, power, own in signed_factors(expression, ranges):
        if not own:
            return own
        found *= own ** abs(power)
    return found


def signed_factors(expression: Expr, ranges: Ranges | None = None) -> Iterator[tuple[Expr, int, int | None]]:
    """The factors of a rational function over Q, each with its power and its sign, None where it is not decided."""
    for part in Mul.make_args(factor(expression)):
        base, power = part.as_base_exp()
        if not power.is_Integer:
            base, power = part, S.One
        yield base, int(power), sign(base, ranges)


def sign_of_difference(first: Expr, second: Expr, ranges: Ranges | None = None) -> int | None:
    """Sign of first − second, of which either may be infinite; two infinite values of one sign are equal."""
    if first == second:
        return 0
    if first in (oo, -oo) or second in (oo, -oo):
        return 1 if first == oo or second == -oo else -1
    return sign_by_factors(first - second, ranges)


def ball_sign(value: Expr, most_bits: int = _MOST_BITS) -> int | None:
    """1 or −1 for a real number that a ball keeps away from 0; None when it is 0, unknown to balls, or not real.

    Examples
    --------
    >>> from sympy import Rational, pi
    >>> ball_sign(pi**2 / 6 - Rational(164493, 100000)), ball_sign(S.Zero)
    (1, None)
    """
    try:
        program = BallProgram(value, Dummy("g"))
    except DomainError:
        return None
    bits = _FIRST_BITS
    while bits <= most_bits:
        ball = program.at_precision(bits)(1)
        if not ball.imag.contains(0):
            return None
        if ball.real > 0 or ball.real < 0:
            return 1 if ball.real > 0 else -1
        bits *= 2
    return None


def covering(expression: Expr, ranges: Ranges) -> dict[Symbol, Expr]:
    """Symbols of an expression whose range is known, each in variables over [0, ∞)."""
    cover: dict[Symbol, Expr] = {}
    pending = set(expression.free_symbols)
    while pending:
        symbol = pending.pop()
        if symbol in cover:
            continue
        if symbol in ranges:
            value = ranges[symbol]
        elif symbol.is_integer and symbol.is_positive:
            value = run_of(symbol, "count")
        else:
            continue
        cover[symbol] = value
        pending |= value.free_symbols - set(cover)
    # A range may mention other parameters (T = d + 2 + t): resolve them too.
    for _ in cover:
        if not any(value.free_symbols & cover.keys() for value in cover.values()):
            break
        cover = {symbol: value.subs(cover) for symbol, value in cover.items()}
    return cover


def _sign_over_q(expression: Expr, cover: Ranges) -> int | None:
    """1 or −1 for a rational function over Q whose factors have coefficients of one sign each; 0 where no argument
    would show one: values have both signs, or there are several variables, with terms of both signs in lowest terms
    as well. None where this is not told, or it is no such function.
    """
    inner = {symbol for value in cover.values() for symbol in value.free_symbols}
    symbols = (expression.free_symbols - set(cover)) | inner
    if not symbols or not all(map(_takes_whole_numbers, symbols)):
        return None
    try:
        field = Rationals(symbols)
        element = field.at(expression, {symbol: field(value) for symbol, value in cover.items()})
    except NotRational:
        return None
    below = tuple(not symbol.is_nonnegative for symbol in field.symbols)
    if element.top != 0 and (found := _sign_by_coefficients(element, below)):
        return found
    if {element.sign_at(point) for point in _points(below)} >= {-1, 1}:
        return 0
    lowest = field.lowest(element)
    if found := _sign_by_coefficients(lowest, below):
        return found
    polynomials = [lowest.top, *(part for part, _ in lowest.factors())]
    places = {place for part in polynomials for place, degree in enumerate(part.degrees()) if degree > 0}
    if len(places) == 1:
        (place,) = places
        return _sign_between_roots(lowest, [_of_one(part, place) for part in polynomials], below[place])
    # Of one variable SymPy may know more; of several it looks at the signs of the terms too.
    return 0 if sum(degree > 0 for degree in lowest.top.degrees()) > 1 else None


def _of_one(polynomial: fmpq_mpoly, place: int) -> fmpz_poly:
    """A positive multiple with whole coefficients of a polynomial in one of the variables."""
    terms = {int(powers[place]): coefficient for powers, coefficient in polynomial.to_dict().items()}
    return fmpq_poly([terms.get(power, 0) for power in range(max(terms) + 1)]).numer()


def _sign_between_roots(function: Quotient, polynomials: list[fmpz_poly], below: bool) -> int | None:
    """The sign of a function of one variable in lowest terms, by the real roots above and below the bar.

    0 where it changes within the range; None where it has a double root there, or a root that may lie there.
    """
    touches = False
    for polynomial in polynomials:
        for root, times in polynomial.complex_roots():
            # Real roots have no imaginary part, by FLINT's isolation; those on the boundary are allowed.
            if root.imag != 0 or (not below and (root.real < 0 or root.real == 0)):
                continue
            if times % 2 and (below or root.real > 0):
                return 0
            touches = True
    return None if touches else function.sign_at((1,) * len(function.top.degrees()))


def _sign_by_coefficients(element: Quotient, below: tuple[bool, ...]) -> int:
    """1 or −1 where all terms above the bar have one sign, and so have those of each factor below it; else 0."""
    # Below, the leading coefficients are 1.
    return _shared_sign(element.top, below) if all(_shared_sign(part, below) for part, _ in element.factors()) else 0


def _takes_whole_numbers(symbol: Symbol) -> bool:
    """Whether all that is assumed of a symbol is true of every whole number from 1 on, or of every one at all."""
    plain = symbol.is_even is None and symbol.is_odd is None and symbol.is_prime is None
    # Of a symbol that may be complex even a square has no sign.
    free = symbol.is_nonnegative or (symbol.is_real and symbol.is_nonnegative is None and symbol.is_negative is None)
    fits = symbol.is_integer is not False and symbol.is_rational is not False and symbol.is_real is not False
    return plain and fits and bool(free) and (symbol.is_nonnegative or symbol.is_zero is not False)


def _shared_sign(polynomial: fmpq_mpoly, below: tuple[bool, ...]) -> int:
    """The sign of all terms, in odd powers of nothing that goes ``below`` 0; 0 where they have both."""
    signs = {1 if coefficient > 0 else -1 for coefficient in polynomial.coeffs()}
    if len(signs) != 1:
        return 0
    odd = (free and power % 2 for powers in polynomial.monoms() for free, power in zip(below, powers, strict=True))
    if any(below) and any(odd):
        return 0
    return signs.pop()


@cache
def _points(below: tuple[bool, ...]) -> list[tuple[int, ...]]:
    """Whole numbers from 1 on, near and far, one and all but one of them far, with both signs where they go below 0."""
    size = len(below)
    found = [(1,) * size, (2,) * size, (10**4,) * size]
    for near, far in ((1, 10**4), (10**4, 1)):
        found += [tuple(near if place == index else far for index in range(size)) for place in range(size)]
    mirrored = [tuple(-x if free else x for x, free in zip(point, below, strict=True)) for point in found]
    return found + mirrored if any(below) else found


def _numeric_sign(value: Expr) -> int | None:
    if value.is_zero:
        return 0
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    return ball_sign(value)


def _polynomial_sign(expression: Expr) -> int | None:
    expression = expression.expand()
    if expression == 0:
        return 0
    if len(expression.args) > _MANY_TERMS and (alike := _sign_of_coefficients(expression)) is not None:
        return alike  # SymPy's assumptions take seconds on long sums
    if expression.is_positive:
        return 1
    if expression.is_negative:
        return -1
    if expression.is_extended_nonnegative or expression.is_extended_nonpositive:
        return 1 if expression.is_extended_nonnegative else -1
    return _sign_of_coefficients(expression)


def _sign_of_coefficients(expression: Expr) -> int | None:
    """The sign that all coefficients of a polynomial in nonnegative symbols share."""
    symbols = sorted(expression.free_symbols, key=lambda item: item.name)
    if not symbols or not expression.is_polynomial(*symbols):
        return None
    if any(not symbol.is_nonnegative for symbol in symbols):
        return None
    signs = {_numeric_sign(coefficient) for coefficient in Poly(expression, *symbols).coeffs()}
    return signs.pop() if len(signs) == 1 else None
