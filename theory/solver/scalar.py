r"""First-order scalar recurrences :math:`y_g = p_g\,y_{g-1} + f_g` with coefficients rational in g."""

from __future__ import annotations

from sympy import Expr, Rational, Symbol, gammasimp, prime

from theory.expressions.fraction_field import in_lowest_terms, is_over_q
from theory.expressions.shorter import simplified
from theory.expressions.sums import definite_sum
from theory.solver.powers import product_from, sum_from
from theory.solver.products import definite_product, grows_like_gammas


def solve_scalar(p: Expr, f: Expr, index: Symbol, start: Expr, initial: Expr, upper: Expr) -> Expr | None:
    """y at ``upper``, given y = ``initial`` just before ``start``; None when no closed form is found.

    Tried in turn: a plain sum (p = 1); a plain product (f = 0); a constant particular solution, which leaves a
    product; and variation of constants, when the product is itself rational.
    """
    powers = p, f  # as they came: cancelled, (2/3)^g is 2^g/3^g
    p, f = in_lowest_terms(p), in_lowest_terms(f) if f.is_rational_function(index) else f
    if p == 1:
        total = definite_sum(f, index, start, upper)
        total = sum_from(powers[1], index, start, upper) if total is None else total
        return None if total is None else initial + total
    product = definite_product(p, index, start, upper)
    product = product_from(powers[0], index, start, upper) if product is None else product
    if f == 0:
        return None if product is None else initial * product
    if not _moves(f / (1 - p), index):
        fixed = in_lowest_terms(f / (1 - p)) if is_over_q(f / (1 - p)) else simplified(f / (1 - p))
        fixed = simplified(powers[1] / (1 - powers[0])) if fixed.has(index) else fixed
        if not fixed.has(index):
            left = initial - fixed
            left = in_lowest_terms(left) if is_over_q(left) else left
            return None if product is None else fixed + left * product
    if product is None or grows_like_gammas(product, upper):
        return None
    running = gammasimp(product.subs(upper, index)) if upper != index else gammasimp(product)
    if not running.is_rational_function(index):
        return None
    total = definite_sum(in_lowest_terms(f / running), index, start, upper)
    return None if total is None else in_lowest_terms(running.subs(index, upper)) * (initial + total)


def _moves(expression: Expr, index: Symbol) -> bool:
    """Whether numbers show that the expression depends on the index; simplifying may take minutes to say so."""
    others = sorted(expression.free_symbols - {index}, key=lambda symbol: symbol.name)
    point = {symbol: Rational(prime(7 + k), prime(9 + k)) for k, symbol in enumerate(others)}
    if any(symbol.is_integer for symbol in others):
        point |= {symbol: prime(7 + k) for k, symbol in enumerate(others) if symbol.is_integer}
    try:
        first, second = (expression.subs(point).subs(index, at).evalf(30, maxn=100) for at in (6, 11))
    except (TypeError, ValueError, ZeroDivisionError):
        return False
    if not (first.is_Float or first.is_Rational) or not (second.is_Float or second.is_Rational):
        return False
    return bool(abs(first - second) > Rational(1, 10**12) * abs(first))
