r"""Limits under steps that shrink like 1/g, where no closed form is needed.

Let :math:`y_g = a_g y_{g-1} + f_g` with :math:`a_g = 1 - c/g + O(1/g^2)`, c > 0, and :math:`g f_g \to \varphi`. Then
:math:`y_g \to \varphi/c`: the difference :math:`d_g = y_g - \varphi/c` obeys :math:`d_g = a_g d_{g-1} + o(1/g)`, and
:math:`\prod_{i \le g} a_i \sim K g^{-c}`, so that

.. math:: d_g = O(g^{-c})\, d_{g_0} + \sum_{i \le g} o(1/i)\, (i/g)^c \to 0

as :math:`\sum_{i \le g} (1/i) (i/g)^c \to 1/c` (Cesàro; derived here). Component by component this is the limit of
every triangular system. A biased sampler meets it under accumulate: the bias tends to that of the target.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from sympy import Basic, Expr, Gt, Lt, Piecewise, Poly, S, Symbol, cancel, fraction, oo, together

from theory.expressions.expansion import Order
from theory.expressions.signs import sign
from theory.moments.recurrence import MomentRecurrence


def shrinking_limit(recurrence: MomentRecurrence, order: Order) -> Expr | None:
    """Limit of the moment as G → ∞; None where a component's steps are of another kind.

    Where a parameter decides whether the steps shrink towards anything, the limit is stated under that condition alone.
    """
    while recurrence.continuation is not None:
        recurrence = recurrence.continuation[1]
    g, size = recurrence.symbol, recurrence.matrix.shape[0]
    sources = {
        row: {col for col in range(size) if col != row and recurrence.matrix[row, col] != 0} for row in range(size)
    }
    try:
        ordered = list(TopologicalSorter(sources).static_order())
    except CycleError:
        return None
    limits: dict[int, Expr] = {}
    undecided: set[Expr] = set()
    for row in ordered:
        pull = at_infinity(g * (1 - recurrence.matrix[row, row]), g)
        if pull is None or sign(pull, order.ranges) in (0, -1) or any(col not in limits for col in sources[row]):
            continue
        if sign(pull, order.ranges) is None:
            undecided.add(pull.as_content_primitive()[1])
        push = at_infinity(g * recurrence.forcing[row], g)
        parts = [(at_infinity(g * recurrence.matrix[row, col], g), limits[col]) for col in sources[row]]
        if push is None or any(weight is None for weight, _ in parts):
            continue
        limits[row] = cancel((push + sum((weight * limit for weight, limit in parts), S.Zero)) / pull)
    total = at_infinity(recurrence.shift, g)
    for col, entry in enumerate(recurrence.readout):
        weight = at_infinity(entry, g)
        if weight is None or (entry != 0 and col not in limits) or total is None:
            return None
        total += weight * limits.get(col, S.Zero)
    if total is None or len(undecided) > 1:
        return None
    return Piecewise((cancel(total), _positive(*undecided))) if undecided else cancel(total)


def _positive(pull: Expr) -> Basic:
    """The condition pull > 0, as a bound on its symbol where there is one."""
    symbols = list(pull.free_symbols)
    line = pull.as_poly(*symbols) if len(symbols) == 1 else None
    if line is None or line.degree() != 1:
        return Gt(pull, 0)
    slope, constant = line.all_coeffs()
    return Gt(symbols[0], -constant / slope) if slope.is_positive else Lt(symbols[0], -constant / slope)


def at_infinity(expression: Expr, variable: Symbol) -> Expr | None:
    """The finite limit of a rational function; None where it has none, or is no rational function."""
    if not expression.has(variable):
        return expression
    if not expression.is_rational_function(variable):
        return None
    top, bottom = (Poly(part, variable) for part in fraction(cancel(together(expression))))
    if top.degree() > bottom.degree():
        return None
    limit = S.Zero if top.degree() < bottom.degree() else cancel(top.LC() / bottom.LC())
    return None if limit in (oo, -oo) else limit
