r"""Limits under steps that shrink like 1/g, where no closed form is needed.

Let :math:`y_g = a_g y_{g-1} + f_g` with :math:`a_g = 1 - c/g + O(1/g^2)`, c > 0, and :math:`g f_g \to \varphi`. Then
:math:`y_g \to \varphi/c`: the difference :math:`d_g = y_g - \varphi/c` obeys :math:`d_g = a_g d_{g-1} + o(1/g)`, and
:math:`\prod_{i \le g} a_i \sim K g^{-c}`, so that

.. math:: d_g = O(g^{-c})\, d_{g_0} + \sum_{i \le g} o(1/i)\, (i/g)^c \to 0

as :math:`\sum_{i \le g} (1/i) (i/g)^c \to 1/c` (Cesàro; derived here). The same holds of several moments at once, with
:math:`P_g = 1 - M/g + o(1/g)` and :math:`g f_g \to \varphi`: where M is triangular in some order, with a positive
diagonal, a norm :math:`\max_i |y_i|/\omega_i` whose weights fall fast enough in that order has
:math:`\|P_g\| \le 1 - c/g` from some g on, and :math:`y_g \to M^{-1}\varphi`. Entries of order 1/g² may stand anywhere:
the mean of a pool and its variance feed one another so. A biased sampler meets it under accumulate: the bias tends to
that of the target.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Basic, Expr, Gt, Lt, Piecewise, Poly, S, Symbol, fraction, oo, together, true

from theory.expressions.expansion import Order
from theory.expressions.fraction_field import NotRational, in_lowest_terms
from theory.expressions.fraction_field import at_infinity as limit_over_q
from theory.expressions.signs import sign
from theory.moments.recurrence import MomentRecurrence
from theory.solver.graph import in_turn
from theory.solver.reduced import reduced


@dataclass(frozen=True)
class Shrinking:
    """The order in which the moments' limits follow from one another, those limits, and that of the readout.

    All of it holds under the condition, which is ``true`` where the ranges of the parameters decide it.
    """

    order: tuple[int, ...]
    limits: tuple[Expr, ...]
    limit: Expr
    condition: Basic = true


def shrinking_limit(recurrence: MomentRecurrence, order: Order) -> Expr | None:
    """Limit of the moment as G → ∞; None where a component's steps are of another kind.

    Where a parameter decides whether the steps shrink towards anything, the limit is stated under that condition alone.
    """
    found = shrinking(recurrence, order)
    if found is None:
        return None
    return found.limit if found.condition is true else Piecewise((found.limit, found.condition))


def shrinking(recurrence: MomentRecurrence, order: Order) -> Shrinking | None:
    """The limit, and those of the moments that the readout depends on; None where steps are of another kind."""
    recurrence = reduced(recurrence.regimes[-1])
    g, size = recurrence.symbol, recurrence.matrix.shape[0]
    pulls = {
        (row, col): at_infinity(g * (int(row == col) - recurrence.matrix[row, col]), g)
        for row in range(size)
        for col in range(size)
    }
    pushes = [at_infinity(g * entry, g) for entry in recurrence.forcing]
    total = at_infinity(recurrence.shift, g)
    weights = [at_infinity(entry, g) for entry in recurrence.readout]
    if any(value is None for value in (*pulls.values(), *pushes, total, *weights)):
        return None
    sources = {row: {col for col in range(size) if col != row and pulls[row, col] != 0} for row in range(size)}
    ordered = in_turn(sources)
    if ordered is None:
        return None
    limits: dict[int, Expr] = {}
    undecided: set[Expr] = set()
    for row in ordered:
        pull = pulls[row, row]
        assert pull is not None
        known = sign(pull, order.ranges)
        if known in (0, -1):
            return None
        if known is None:
            undecided.add(pull.as_content_primitive()[1])
        fed = sum((pulls[row, col] * limits[col] for col in sources[row]), S.Zero)
        limits[row] = in_lowest_terms((pushes[row] - fed) / pull)
    if len(undecided) > 1:
        return None
    total += sum((weight * limits[col] for col, weight in enumerate(weights)), S.Zero)
    condition = _positive(*undecided) if undecided else true
    return Shrinking(tuple(ordered), tuple(limits[row] for row in ordered), in_lowest_terms(total), condition)


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
    try:
        return limit_over_q(expression, variable)
    except NotRational:
        pass
    if not expression.is_rational_function(variable):
        return None
    top, bottom = (Poly(part, variable) for part in fraction(in_lowest_terms(together(expression))))
    if top.degree() > bottom.degree():
        return None
    limit = S.Zero if top.degree() < bottom.degree() else in_lowest_terms(top.LC() / bottom.LC())
    return None if limit in (oo, -oo) else limit
