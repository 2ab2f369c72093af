"""Closed forms as a paper would print them.

One coefficient for each function of G, common factors in front, and every factor written so that it is
positive: p(1 − p) and not −p(p − 1), T − d − 1 and not −(−T + d + 1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from sympy import (
    Add,
    Expr,
    Mul,
    Piecewise,
    Pow,
    RootSum,
    S,
    exp,
    expand,
    factor_terms,
    gcd,
    lcm,
    sift,
    simplify,
    together,
)

from theory.expressions.fraction_field import MOST_KEPT, NotRational, in_lowest_terms, is_over_q
from theory.expressions.numerals import is_long
from theory.expressions.rational_functions import common_factor, factored
from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import G


@lru_cache(maxsize=MOST_KEPT)
def operations(form: Expr) -> int:
    """How long a form is to read."""
    return int(form.count_ops())


def tidy(expression: Expr, scale: Expr, offset: Expr, ranges: Ranges) -> Expr:
    """offset + scale·expression, for a closed form in G."""
    return _branches(expression, lambda branch: _with_offset(branch, scale, offset, ranges, _assemble))


def tidy_constant(expression: Expr, scale: Expr, offset: Expr, ranges: Ranges) -> Expr:
    """offset + scale·expression, for a limit or a coefficient."""
    return _branches(expression, lambda branch: _with_offset(branch, scale, offset, ranges, _constant))


def _with_offset(
    moment: Expr, scale: Expr, offset: Expr, ranges: Ranges, write: Callable[[Expr, Expr, Ranges], Expr]
) -> Expr:
    """offset + scale·moment, the offset apart or taken into the moment, whichever is shorter."""
    apart = offset + write(moment, scale, ranges)
    if offset == 0 or scale == 0 or is_long(offset) or is_long(scale):
        return apart
    within = write(moment + in_lowest_terms(offset / scale), scale, ranges) if _is_rational(offset / scale) else apart
    return min(apart, within, key=operations)


def _constant(moment: Expr, scale: Expr, ranges: Ranges) -> Expr:
    return _product(scale, moment, ranges)


def tidy_function(function: Expr, ranges: Ranges) -> Expr:
    """A function of G with its exponentials written as in a closed form."""
    parts = []
    for part in Mul.make_args(function):
        base, exponent = part.as_base_exp()
        parts.append(part if base.has(G) or not exponent.has(G) else Pow(_base(base, ranges), exponent))
    return Mul(*parts)


def _branches(expression: Expr, write: Callable[[Expr], Expr]) -> Expr:
    if isinstance(expression, Piecewise):
        return Piecewise(*((write(value), condition) for value, condition in expression.args))
    return write(expression)


def _assemble(expression: Expr, scale: Expr, ranges: Ranges) -> Expr:
    grouped: dict[Expr, Expr] = {}
    for term in Add.make_args(_expanded(expression)):
        coefficient, function = _separate(term, ranges)
        grouped[function] = grouped.get(function, S.Zero) + coefficient
    parts: list[tuple[Expr, Expr]] = []
    for function, coefficient in grouped.items():
        neat = _neat(coefficient)
        if neat != 0:
            parts.append(_shifted(neat, function))
    common = _common(parts)
    terms = [(orient(_neat(coefficient / common), ranges) * function, function) for coefficient, function in parts]
    return _product(scale * common, _fewest_fractions(terms), ranges)


def _fewest_fractions(terms: list[tuple[Expr, Expr]]) -> Expr:
    """The sum of terms, each with its function of G; those rational in G as one fraction where that is shorter."""
    fractions = [term for term, function in terms if function.is_rational_function(G) and _is_rational(term)]
    apart = Add(*fractions)
    if len(fractions) < 2 or all(function.is_polynomial(G) for _, function in terms):
        return Add(*(term for term, _ in terms))
    joined = factored(apart)
    others = (term for term, _ in terms if term not in fractions)
    return Add(joined if operations(joined) < operations(apart) else apart, *others)


def _product(scale: Expr, inner: Expr, ranges: Ranges) -> Expr:
    """scale·inner with the sign of the scale moved inside."""
    scale = factored(scale) if scale.is_rational_function(*scale.free_symbols) else scale
    oriented = orient(scale, ranges)
    if not inner.has(G) and _is_rational(inner) and _is_rational(oriented):
        return orient(factored(oriented * inner), ranges)
    if not _is_rational(inner):
        # Powers of the parameters that all terms share belong in front.
        shared, inner = _shared(inner)
        oriented = orient(oriented * shared, ranges)
    if oriented.as_coeff_Mul()[0].is_negative:
        oriented, inner = orient(-oriented, ranges), Add(*(-part for part in Add.make_args(inner)))
    return oriented * inner


def _shared(inner: Expr) -> tuple[Expr, Expr]:
    """Split a sum into the powers and rational functions of parameters that all its terms share, and the rest."""
    parts = Add.make_args(inner)
    rational = _common([(part.as_independent(G, as_Add=False)[0], part) for part in parts])
    parts = tuple(part / rational for part in parts)
    powers = [part.as_powers_dict() for part in parts]
    front: Expr = S.One
    for symbol in sorted(inner.free_symbols - {G}, key=lambda item: item.name):
        exponents = [power.get(symbol, S.Zero) for power in powers]
        if all(exponent.is_Rational and exponent > 0 for exponent in exponents):
            front *= symbol ** min(exponents)
        elif all(exponent.is_Rational and exponent < 0 for exponent in exponents):
            front *= symbol ** max(exponents)
    return rational * front, Add(*(part / front for part in parts))


def orient(expression: Expr, ranges: Ranges) -> Expr:
    """Write each factor of a product with the sign it has."""
    parts, negative = [], False
    for part in Mul.make_args(expression):
        base, exponent = part.as_base_exp()
        if isinstance(base, Add) and exponent.is_Integer and not base.has(G) and sign(base, ranges) == -1:
            part = Pow(Add(*(-summand for summand in base.args)), exponent)
            negative ^= bool(exponent.is_odd)
        parts.append(part)
    product = Mul(*parts)
    return -product if negative else product


def _expanded(expression: Expr) -> Expr:
    """Products multiplied out; arguments of functions and powers left alone."""
    if isinstance(expression, Mul):
        sums = [part for part in expression.args if isinstance(part, Add) and part.has(G)]
        if sums:
            rest = Mul(*(part for part in expression.args if part is not sums[0]))
            return Add(*(_expanded(rest * part) for part in sums[0].args))
    if isinstance(expression, Add):
        return Add(*(_expanded(part) for part in expression.args))
    return expression


def _separate(term: Expr, ranges: Ranges) -> tuple[Expr, Expr]:
    """Coefficient free of G, and a canonical function of G; λ^(G + c) gives λ^c to the coefficient."""
    coefficient, rest = term.as_independent(G, as_Add=False)
    function: Expr = S.One
    for part in Mul.make_args(rest):
        base, exponent = part.as_base_exp()
        linear = exponent.as_poly(G) if exponent.has(G) and not base.has(G) else None
        if linear is not None and linear.degree() == 1:
            slope, constant = linear.all_coeffs()
            base = _base(base, ranges)
            if slope.is_even and sign(base, ranges) == -1:
                base = -base
            coefficient *= base**constant
            function *= Pow(base**slope, G) if base.is_number else Pow(base, slope * G)
        else:
            function *= part
    return coefficient, function


def _base(base: Expr, ranges: Ranges) -> Expr:
    """The base of an exponential: 1 ± x expanded, anything else factored, each factor positive."""
    if base.is_number:
        return simplify(base)
    expanded = expand(in_lowest_terms(base))
    if isinstance(expanded, Add) and len(expanded.args) == 2 and expanded.as_coeff_Add()[0] == 1:
        return expanded
    return orient(factored(base), ranges)


def _neat(coefficient: Expr) -> Expr:
    if coefficient.is_number:
        return coefficient if coefficient.is_Rational else factor_terms(coefficient)
    if is_over_q(coefficient) or coefficient.is_rational_function(*coefficient.free_symbols):
        return factored(coefficient)
    if not isinstance(coefficient, Mul):
        return factor_terms(simplify(coefficient))
    rational, functions = sift(coefficient.args, _is_function, binary=True)[::-1]
    rest = Mul(*rational)
    return factored(rest) * Mul(*functions) if is_over_q(rest) else factor_terms(coefficient)


def _is_function(part: Expr) -> bool:
    """Whether it is a whole power of a function, such as Γ(κ/n)², out of which nothing comes."""
    base, exponent = part.as_base_exp()
    return bool(base.is_Function and exponent.is_Integer and not isinstance(base, exp))


def _shifted(coefficient: Expr, function: Expr) -> tuple[Expr, Expr]:
    """λ^(G−1) or λ^(G+1) instead of λ^G where that shortens the coefficient."""
    powers = [part for part in Mul.make_args(function) if part.is_Pow and part.exp.has(G) and not part.base.has(G)]
    if len(powers) != 1 or function.has(RootSum):
        return coefficient, function
    power = powers[0]
    if not _meet(coefficient, power.base):
        return coefficient, function
    slope = power.exp.coeff(G)
    for step in (1, -1):
        shifted = _neat(coefficient * power.base ** (slope * step))
        if operations(shifted) < operations(coefficient):
            return shifted, function / power * Pow(power.base, slope * (G - step), evaluate=False)
    return coefficient, function


def _meet(coefficient: Expr, base: Expr) -> bool:
    """Whether factors of a base, or numbers in it, may cancel with a coefficient that is written in factors."""
    if not (is_over_q(coefficient) and is_over_q(base)) or base.is_number:
        return True
    number, factors = factored(base).as_coeff_Mul()
    known = coefficient.as_powers_dict()
    return abs(number) != 1 or any(part in known or -part in known for part in factors.as_powers_dict())


def _rational_part(coefficient: Expr) -> Expr:
    """The factors of a coefficient that are rational in the parameters."""
    # Roots of numbers are constants to SymPy, which calls what holds them rational.
    if is_over_q(coefficient):
        return coefficient
    if _is_rational(coefficient) and all(power.exp.is_Integer for power in coefficient.atoms(Pow)):
        return coefficient
    factors: list[Expr] = []
    for part in Mul.make_args(coefficient):
        # Of what is rational all is kept, however it is written; nothing comes out of a function.
        factors += [part] if is_over_q(part) or _is_function(part) else Mul.make_args(factor_terms(part))
    return Mul(*(part for part in factors if part.is_Rational or (not part.is_number and _is_rational(part))))


def _is_rational(part: Expr) -> bool:
    return is_over_q(part) or (
        bool(part.is_rational_function(*part.free_symbols))
        and all(number.is_Rational for number in part.atoms() if number.is_number)
    )


def _common(parts: list[tuple[Expr, Expr]]) -> Expr:
    """The rational functions of the parameters that all coefficients have in common."""
    if len(parts) < 2:
        return S.One
    rational = [_rational_part(coefficient) for coefficient, _ in parts]
    try:
        top, bottom = common_factor(rational)
    except (NotRational, ZeroDivisionError):
        fractions = [together(part).as_numer_denom() for part in rational]
        top, bottom = fractions[0]
        for other_top, other_bottom in fractions[1:]:
            top, bottom = gcd(top, other_top), lcm(bottom, other_bottom)
    return factored(top) / factored(bottom)
