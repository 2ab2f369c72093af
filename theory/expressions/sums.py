r"""Definite sums of terms rational in the index, of powers, and of polynomials times geometric terms.

Partial fractions turn a rational term into harmonic numbers (integer poles) and polygammas (all others):

.. math:: \sum_{i=L}^{U} \frac{1}{i+a} = \psi(U+1+a) - \psi(L+a), \qquad
   \sum_{i=L}^{U} \frac{1}{(i+a)^k} = \frac{(-1)^k}{(k-1)!}\bigl(\psi^{(k-1)}(L+a) - \psi^{(k-1)}(U+1+a)\bigr).
"""

from __future__ import annotations

from sympy import (
    Add,
    Expr,
    Integer,
    Poly,
    Pow,
    Rational,
    S,
    Symbol,
    degree,
    diff,
    expand,
    expand_log,
    factorial,
    harmonic,
    polygamma,
    powsimp,
    quo,
    rem,
    solve,
    summation,
    symbols,
    sympify,
)

from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.roots import irreducible_factors, radical_roots, rational_parts
from theory.expressions.symbols import j

#: Whole numbers beyond which a harmonic number has too many digits to be written out.
_FARTHEST = 10_000


def definite_sum(term: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """Sum of ``term`` over lower ≤ index ≤ upper in closed form; None when the term is of no known kind."""
    term = sympify(term)
    if term == 0:
        return S.Zero
    parts = rational_parts(term, index)
    if parts is not None:
        return _rational_sum(*parts, index, lower, upper)
    total: Expr = S.Zero
    for piece in Add.make_args(expand(powsimp(expand(_by_parity(term, index))))):
        if piece.is_polynomial(index):
            total += summation(piece, (index, lower, upper))
            continue
        summed = _power_sum(piece, index, lower, upper)
        if summed is None:
            summed = _geometric_sum(piece, index, lower, upper)
        if summed is None:
            return None
        total += summed
    return total


def _by_parity(term: Expr, index: Symbol) -> Expr:
    """The term as a(i) + (−1)^i b(i), where (−1)^i is all that keeps it from being a rational function."""
    alternating = {power for power in term.atoms(Pow) if power.base == -1 and power.exp.has(index)}
    parity = {power: _parity(power.exp - index) for power in alternating}
    if not parity or None in parity.values():
        return term
    sides = [term.xreplace({power: side * flip for power, flip in parity.items()}) for side in (S.One, S.NegativeOne)]
    if any(not side.is_rational_function(index) for side in sides):
        return term
    even, difference = (in_lowest_terms((sides[0] + s * sides[1]) / 2) for s in (1, -1))
    return even + S.NegativeOne**index * difference


def _parity(exponent: Expr) -> Expr | None:
    """(−1)^exponent where it is a constant; None elsewhere."""
    return S.One if exponent.is_even else S.NegativeOne if exponent.is_odd else None


def schedule_total(sizes: Expr, upper: Expr) -> Expr:
    """N = s(1) + … + s(upper) for a size schedule in ``theory.j``; an unevaluated Sum where no closed form is known."""
    from sympy import Sum, factor

    total = definite_sum(sizes, j, Integer(1), upper)
    return Sum(sizes, (j, 1, upper)) if total is None else factor(total)


def _rational_sum(numerator: Expr, denominator: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    polynomial = quo(numerator, denominator, index)
    remainder = rem(numerator, denominator, index)
    total: Expr = S.Zero
    if polynomial != 0:
        total += summation(expand(polynomial), (index, lower, upper))
    if remainder == 0:
        return total
    fractions = _partial_fractions(remainder, denominator, index)
    if fractions is None:
        return None
    if any((lower - pole).is_Integer and abs(lower - pole) > _FARTHEST for pole, _, _ in fractions):
        return None
    for pole, order, coefficient in fractions:
        total += coefficient * _pole_sum(-pole, order, lower, upper)
    return total


def _partial_fractions(numerator: Expr, denominator: Expr, index: Symbol) -> list[tuple[Expr, int, Expr]] | None:
    """Terms coefficient/(index − pole)^order of a proper fraction; None when a pole is not expressible."""
    constant, factors = irreducible_factors(denominator, index)
    poles: list[tuple[Expr, int, Expr]] = []
    for factor, multiplicity in factors:
        roots = radical_roots(factor)
        if roots is None:
            return None
        others = constant
        for other, power in factors:
            if other != factor:
                others *= other.as_expr() ** power
        for pole in roots:
            conjugates: Expr = factor.LC()
            for root in roots:
                if root != pole:
                    conjugates *= index - root
            regular = numerator / (others * conjugates**multiplicity)
            for order in range(multiplicity, 0, -1):
                times = multiplicity - order
                coefficient = diff(regular, index, times).subs(index, pole) / factorial(times)
                coefficient = in_lowest_terms(coefficient) if len(roots) == 1 else coefficient.simplify()
                if coefficient != 0:
                    poles.append((pole, order, coefficient))
    return poles


def _pole_sum(a: Expr, order: int, lower: Expr, upper: Expr) -> Expr:
    """Σ 1/(i + a)^order."""
    if a.is_Integer and lower.is_Integer and lower + a <= 0:
        # The pole lies ahead, at c = −a: Σ 1/(i − c)^order = (−1)^order Σ 1/(c − i)^order, counted down to it.
        ahead = harmonic(-a - lower, order) - harmonic(-a - upper - 1, order)
        return S.NegativeOne**order * ahead
    if a.is_Integer and abs(a) <= 20:
        return _harmonic(upper, a, order) - _harmonic(lower - 1, a, order)
    if order == 1:
        # Gauss's theorem gives the lower end as logarithms of sines: log(√3) is written log(3)/2.
        return polygamma(0, upper + 1 + a) - expand_log(polygamma(0, lower + a))
    sign = S.NegativeOne**order / factorial(order - 1)
    edge = polygamma(order - 1, lower + a)
    start = lower + a
    if (2 * start).is_Integer and not start.is_Integer and start > 0:
        # Half-integers: powers of π, by counting down to ψ^(k)(1/2).
        steps = range(int(start - Rational(1, 2)))
        passed = sum((1 / (step + Rational(1, 2)) ** order for step in steps), S.Zero)
        edge = polygamma(order - 1, Rational(1, 2)) - S.NegativeOne**order * factorial(order - 1) * passed
    return sign * (edge - polygamma(order - 1, upper + 1 + a))


def _harmonic(upper: Expr, a: Expr, order: int) -> Expr:
    """H_{upper + a} of the given order, written with H_upper where upper is a symbol."""
    if upper.is_Integer:
        return harmonic(upper + a, order)
    value: Expr = harmonic(upper) if order == 1 else harmonic(upper, order)
    for step in range(1, int(a) + 1):
        value += 1 / (upper + step) ** order
    for step in range(int(-a)):
        value -= 1 / (upper - step) ** order
    return value


def _power_sum(piece: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """Σ c·i^(−s) for an exponent free of the index: generalised harmonic numbers."""
    coefficient, rest = piece.as_independent(index, as_Add=False)
    base, exponent = rest.as_base_exp()
    if base != index or exponent.has(index):
        return None
    order = -exponent
    return coefficient * (harmonic(upper, order) - harmonic(lower - 1, order))


def _geometric_sum(piece: Expr, index: Symbol, lower: Expr, upper: Expr) -> Expr | None:
    """Σ P(i)·c^i by the ansatz Q(i)·c^i for the antidifference."""
    coefficient, rest = piece.as_independent(index, as_Add=False)
    polynomial, ratio = S.One, S.One
    for factor in rest.as_ordered_factors():
        if factor.is_polynomial(index):
            polynomial *= factor
            continue
        base, exponent = factor.as_base_exp()
        linear = exponent.as_poly(index)
        if base.has(index) or linear is None or linear.degree() != 1:
            return None
        slope, constant = linear.all_coeffs()
        ratio *= base**slope
        coefficient *= base**constant
    if ratio == 1:
        return None
    size = int(degree(polynomial, index)) if polynomial.has(index) else 0
    unknowns = symbols(f"q0:{size + 1}", cls=Symbol)
    ansatz = sum((q * index**power for power, q in enumerate(unknowns)), S.Zero)
    equation = Poly(expand(ratio * ansatz.subs(index, index + 1) - ansatz - polynomial), index)
    found = solve(equation.all_coeffs(), unknowns, dict=True)
    if not found:
        return None
    solved = ansatz.subs(found[0])
    edge = solved.subs(index, upper + 1) * ratio ** (upper + 1) - solved.subs(index, lower) * ratio**lower
    return coefficient * edge
