r"""First-order scalar recurrences :math:`y_g = p_g\,y_{g-1} + f_g` with coefficients rational in g."""

from __future__ import annotations

from sympy import Expr, Symbol, cancel, gammasimp, simplify

from theory.expressions.sums import definite_sum
from theory.solver.products import definite_product


def solve_scalar(p: Expr, f: Expr, index: Symbol, start: Expr, initial: Expr, upper: Expr) -> Expr | None:
    """y at ``upper``, given y = ``initial`` just before ``start``; None when no closed form is found.

    Tried in turn: a plain sum (p = 1); a plain product (f = 0); a constant particular solution, which leaves a
    product; and variation of constants, when the product is itself rational.
    """
    p, f = cancel(p), cancel(f) if f.is_rational_function(index) else f
    if p == 1:
        total = definite_sum(f, index, start, upper)
        return None if total is None else initial + total
    product = definite_product(p, index, start, upper)
    if f == 0:
        return None if product is None else initial * product
    fixed = simplify(f / (1 - p))
    if not fixed.has(index):
        return None if product is None else fixed + (initial - fixed) * product
    if product is None:
        return None
    running = gammasimp(product.subs(upper, index)) if upper != index else gammasimp(product)
    if not running.is_rational_function(index):
        return None
    total = definite_sum(cancel(f / running), index, start, upper)
    return None if total is None else cancel(running.subs(index, upper)) * (initial + total)
